from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import pyarrow as pa
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.interfaces.workbook.bulk import ABREAST, BulkSheet, _cells

SAYABLE = st.text(st.sampled_from("柳a1 \u3000\xa0\n\t&<>\"'_x0041_=+-\ufffe"), min_size=1, max_size=12)
CELL = st.none() | SAYABLE | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9)


def read_back(rows: Sequence[tuple[int, float, Sequence[Any]]], columns: int) -> Any:
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file, {"constant_memory": True})
    formats = [[workbook.add_format({"bold": style == n}) for n in range(columns)] for style in range(2)]
    sheet: BulkSheet = workbook.add_worksheet("s", worksheet_class=BulkSheet)
    assert sheet.write_bulk(0, formats, rows) == len(rows)
    workbook.close()
    return openpyxl.load_workbook(file)["s"]


def expected(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell.replace("\ufffe", "\ufffd")
    return cell if cell is None else float(f"{cell:.16G}")


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 1), CELL, CELL, SAYABLE), min_size=1, max_size=12))
def test_cells_come_back_as_they_were_written_whatever_stands_beside_them(rows: list[tuple[Any, ...]]) -> None:
    sheet = read_back([(style, 15.0 + style, cells) for style, *cells in rows], 3)
    for number, (style, *cells) in enumerate(rows, 1):
        assert [sheet.cell(number, n).value for n in (1, 2, 3)] == [expected(cell) for cell in cells]
        assert [sheet.cell(number, n).font.bold for n in (1, 2, 3)] == [style == n for n in range(3)]
        assert sheet.row_dimensions[number].height == 15.0 + style


def test_rows_beyond_one_stretch_go_on_below_it() -> None:
    count = 2 * ABREAST + 3
    sheet = read_back([(0, 15.0, [n, f"第{n}"]) for n in range(count)], 2)
    assert sheet.max_row == count
    assert [sheet.cell(n + 1, 2).value for n in (0, ABREAST, count - 1)] == ["第0", f"第{ABREAST}", f"第{count - 1}"]


def test_half_of_a_letter_becomes_the_sign_for_what_cannot_be_shown() -> None:
    sheet = read_back([(0, 15.0, ["\ud840村"]), (0, 15.0, ["村"]), (0, 15.0, [""])], 1)
    assert [sheet.cell(n, 1).value for n in (1, 2, 3)] == ["\ufffd村", "村", None]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.none() | st.text(st.sampled_from("柳a1 \u3000\x01\n&<_x0041_\ufffe"), max_size=12), min_size=1))
def test_a_column_of_arrow_texts_is_written_like_the_same_texts_as_objects(texts: list[str | None]) -> None:
    assert _cells(pa.array(texts, pa.string()), '" s="1"').equals(_cells(texts, pa.array(['" s="1"'] * len(texts))))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1))
def test_a_column_of_arrow_numbers_is_written_like_the_same_numbers_as_objects(numbers: list[float | None]) -> None:
    worn = pa.array(['" s="1"'] * len(numbers))
    assert _cells(pa.array(numbers, pa.float64()), worn).equals(_cells(numbers, worn))
