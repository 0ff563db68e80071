"""Workbooks of all formats, as offices send them."""

from __future__ import annotations

import hashlib
import io
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter
import xlwt
from hypothesis import given
from hypothesis import strategies as st

from lianfang.engine.intake.files import open_file
from lianfang.engine.intake.files.contract import column_index, column_letters
from lianfang.engine.intake.files.worksheet_xml import FastScan, measure

AS_OF = datetime(2022, 8, 30, 3, 10)


def _book(fill) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        fill(book)
    return buffer.getvalue()


def _roster(book) -> None:
    sheet = book.add_worksheet("名单")
    sheet.merge_range(2, 1, 2, 3, "某社区名单")
    sheet.write_row(3, 1, ["姓名", "房号", "登记日"])
    sheet.write_row(4, 1, ["王小明", 301])
    sheet.write_datetime(4, 3, datetime(2022, 8, 29), book.add_format({"num_format": "yyyy-mm-dd"}))
    sheet.write_row(6, 1, ["李雷", "", True])


def test_a_sheet_keeps_its_place_its_merged_cells_and_its_types(opened):
    file = opened("名单.xlsx", _book(_roster))
    (sheet,) = file.sheets
    assert (file.file, file.format, file.encoding, file.problems) == ("名单.xlsx", "xlsx", None, ())
    assert (sheet.name, sheet.first_row, sheet.first_column) == ("名单", 3, 1)
    assert sheet.merged == ((2, 1, 2, 3),)
    assert sheet.rows == [
        ["某社区名单", None, None],
        ["姓名", "房号", "登记日"],
        ["王小明", 301.0, date(2022, 8, 29)],
        [None, None, None],
        ["李雷", None, True],
    ]


def test_the_checksum_and_size_are_those_of_the_file(opened):
    file = opened("a.csv", b"a,b\n1,2\n")
    assert (file.size, file.sha256) == (8, hashlib.sha256(b"a,b\n1,2\n").hexdigest())


@pytest.mark.parametrize("name", ["名单.csv", "名单.xls", "名单.ods", "名单.xlsb", "名单", "名单.dat"])
def test_a_wrong_name_is_told_and_the_content_is_read(opened, codes, name):
    file = opened(name, _book(_roster))
    assert file.format == "xlsx"
    assert len(file.sheets[0].rows) == 5
    assert codes(file) == [("warning", "wrong_extension")]


def _old_book() -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("名单")
    sheet.write(1, 1, "姓名")
    sheet.write(1, 2, 5)
    sheet.write_merge(2, 3, 1, 2, "合并")
    sheet.write(4, 1, xlwt.Formula("1/0"))
    hidden = book.add_sheet("旧表")
    hidden.write(0, 0, "x")
    hidden.visibility = 1
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "form", "warned"),
    [("a.xls", "xls", False), ("a.et", "et", False), ("a.xlsx", "xls", True), ("a.csv", "xls", True)],
)
def test_the_old_container_is_read_under_any_name(opened, name, form, warned):
    file = opened(name, _old_book())
    sheet, hidden = file.sheets
    assert file.format == form
    assert (sheet.first_row, sheet.first_column) == (2, 1)
    assert sheet.rows[0] == ["姓名", 5]
    assert sheet.merged == ((2, 1, 3, 2),)
    assert sheet.formulas == 1
    assert (hidden.name, hidden.hidden) == ("旧表", True)
    assert ("wrong_extension" in {problem.code for problem in file.problems}) is warned


def test_a_new_workbook_named_et_is_read(opened):
    assert opened("名单.et", _book(_roster)).format == "xlsx"


def test_hidden_sheets_are_read_and_flagged_and_empty_ones_left_out(opened, codes):
    def fill(book):
        book.add_worksheet("空表")
        book.add_worksheet("名单").write(0, 0, "x")
        for name, hide in (("隐藏", "hide"), ("深藏", "very_hidden")):
            sheet = book.add_worksheet(name)
            sheet.write(0, 0, "y")
            getattr(sheet, hide)()

    file = opened("a.xlsx", _book(fill))
    assert [(sheet.name, sheet.hidden) for sheet in file.sheets] == [("名单", False), ("隐藏", True), ("深藏", True)]
    assert codes(file) == [("warning", "hidden_sheet")] * 2


def test_a_workbook_of_empty_sheets_is_refused(opened, codes):
    assert codes(opened("a.xlsx", _book(lambda book: book.add_worksheet("a")))) == [("refused", "no_cells")]


def test_error_cells_become_empty_and_are_named(opened):
    def fill(book):
        sheet = book.add_worksheet("名单")
        sheet.write_row(0, 0, ["姓名", "楼"])
        sheet.write_formula(1, 1, "=NA()", None, "#N/A")
        sheet.write_formula(2, 0, "=A9", None, "王小明")
        sheet.write_formula(3, 1, "=#REF!", None, "#REF!")

    file = opened("a.xlsx", _book(fill))
    (problem,) = file.problems
    assert (problem.code, problem.severity, problem.row, problem.column) == ("error_cells", "error", 2, "B")
    assert dict(problem.params) == {"count": 2, "cells": "B2 #N/A, B4 #REF!"}
    assert file.sheets[0].rows[1:] == [[None, None], ["王小明", None], [None, None]]
    assert file.sheets[0].formulas == 3


def test_formulas_saved_without_a_result_are_named(opened, xlsx):
    sheet = (
        '<row r="1"><c r="A1" t="str"><v>x</v></c><c r="B1"><f>A1+1</f></c></row>'
        '<row r="2"><c r="A2"><f t="shared" si="0"/><v></v></c><c r="B2"><f>1+1</f><v>2</v></c></row>'
    )
    file = opened("a.xlsx", xlsx(sheet))
    (problem,) = file.problems
    assert (problem.code, problem.params["cells"]) == ("formulas_without_value", "B1, A2")
    assert (file.sheets[0].formulas, file.sheets[0].formulas_without_value) == (3, 2)


def test_formulas_that_were_never_calculated_are_suspected(opened, codes):
    def fill(book):
        sheet = book.add_worksheet("名单")
        sheet.write(0, 0, "x")
        sheet.write_formula(1, 0, "=1+1")

    assert codes(opened("a.xlsx", _book(fill))) == [("warning", "formulas_all_zero")]


def test_macros_and_links_to_other_workbooks_are_told(opened, codes, xlsx):
    row = '<row r="1"><c r="A1"><v>1</v></c></row>'
    content = xlsx(row, **{"xl/vbaProject.bin": b"\xd0\xcf", "xl/externalLinks/externalLink1.xml": "<a/>"})
    file = opened("a.xlsm", content)
    assert file.format == "xlsm"
    assert codes(file) == [("warning", "macros_not_run"), ("warning", "external_links")]


def test_a_damaged_sheet_costs_only_itself(opened, xlsx):
    row = '<row r="1"><c r="A1"><v>1</v></c></row>'
    file = opened("a.xlsx", xlsx('<row r="1"><c r="A1"><v>1</v></q></row>', row))
    assert [sheet.name for sheet in file.sheets] == ["s2"]
    (problem,) = file.problems
    assert (problem.code, problem.sheet) == ("sheet_damaged", "s1")


@given(st.integers(0, 20_000))
def test_column_letters_and_numbers_are_inverse(index):
    assert column_index(column_letters(index)) == index


@given(
    st.lists(st.tuples(st.integers(1, 1_048_576), st.integers(0, 16_383), st.booleans()), max_size=30),
    st.integers(1, 200),
)
def test_the_fast_bound_never_cuts_off_a_filled_cell(cells, size):
    body = "".join(
        f'<c r="{column_letters(column)}{row}"><v>1</v></c>' if filled else f'<c r="{column_letters(column)}{row}"/>'
        for row, column, filled in cells
    )
    xml = f"<worksheet><cols><col/></cols><sheetData><row>{body}</row></sheetData></worksheet>".encode()
    pieces = [xml[place : place + size] for place in range(0, len(xml), size)]
    fast = FastScan()
    for piece in pieces:
        fast.feed(piece)
    fast.finish()
    exact = measure(pieces)
    assert not fast.irregular
    assert fast.scan.last_row >= exact.last_row
    assert fast.scan.last_column >= exact.last_column
    filled_columns = [column for _, column, filled in cells if filled]
    assert fast.scan.last_column == max(filled_columns, default=0)
    assert fast.scan.last_row < max(9, 2 * max((row for row, _, filled in cells if filled), default=0) + 9)


@pytest.mark.parametrize("prefix", ["", "x:"])
def test_the_fast_scan_knows_the_prefix_of_the_sheet(prefix):
    p = prefix
    xml = (
        f'<{p}worksheet xmlns:x="m"><{p}sheetData><{p}row r="1"><{p}c r="A1" t="s"><{p}v>0</{p}v></{p}c>'
        f'<{p}c r="D1"><{p}f>1+1</{p}f></{p}c><{p}c r="E1" t="e"><{p}f>NA()</{p}f><{p}v>#N/A</{p}v></{p}c>'
        f'<{p}c r="G1" s="1"/></{p}row></{p}sheetData></{p}worksheet>'
    ).encode()
    fast = FastScan()
    fast.feed(xml)
    fast.finish()
    exact = measure([xml])
    assert not fast.irregular
    assert fast.scan.last_column == exact.last_column == 4
    assert fast.scan.formulas == exact.formulas == 2
    assert fast.scan.uncalculated == exact.uncalculated
    assert fast.scan.errors == exact.errors
    for other in (b"<c r=", b"<y:c r="):
        mixed = FastScan()
        mixed.feed(
            xml.replace(
                f'<{p}c r="G1" s="1"/>'.encode(), other.replace(b"<c", b"<y:c" if not p else b"<c") + b'"ZZ1"/>'
            )
        )
        mixed.finish()
        assert mixed.irregular


def test_the_shared_workbooks_open_without_a_word(request):
    folder = Path(request.config.rootpath).parent / "shared" / "data" / "rosters_xlsx"
    if not folder.is_dir():
        pytest.skip("the shared workbooks are not here")
    for path in sorted(folder.glob("*.xlsx")):
        file = open_file(path)
        assert file.problems == ()
        assert sum(len(sheet.rows) for sheet in file.sheets) > 1
