from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
from django.test import Client

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Level, Role
from lianfang.foundation.web import exports
from lianfang.foundation.web.exports import ExportColumn, export_rows

CLERK = Actor(name="林晓岚", role=Role.COMMUNITY, level=Level.COMMUNITY, place_label="柳溪社区")
COLUMNS = [ExportColumn("姓名"), ExportColumn("值")]
DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://127.0.0.1","x")', "=cmd|' /C calc'!A0"]


def made(rows: Any, form: Any = "xlsx", **given: Any) -> bytes:
    answer = export_rows(rows, COLUMNS, title="漏采名单", actor=CLERK, purpose="上门补采", form=form, **given)
    return b"".join(answer.streaming_content)  # type: ignore[arg-type]


def sheets(content: bytes) -> list[list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [list(sheet.iter_rows(values_only=True)) for sheet in book]


def test_a_sheet_says_who_exported_it_when_and_what_for() -> None:
    (rows,) = sheets(made([("林建国", 1)]))
    assert rows[0][0] == "漏采名单"
    assert rows[1][0] == "林晓岚（柳溪社区） 于 2022-08-30 11:10 导出"
    assert rows[2][0] == "用途：上门补采"
    assert "含个人信息" in rows[3][0]
    assert rows[4][:2] == ("姓名", "值")
    assert rows[5][:2] == ("林建国", 1)


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_looks_like_a_formula_stays_text_in_a_workbook(text: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(made([(text, text)])))
    cell = book.worksheets[0].cell(6, 1)
    assert cell.data_type == "s"
    assert cell.hyperlink is None
    # openpyxl leaves the escape of a carriage return (_x000D_) as it stands in the file.
    assert str(cell.value).removeprefix("_x000D_").strip() == text.strip()


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_looks_like_a_formula_stands_behind_an_apostrophe_in_csv(text: str) -> None:
    rows = list(csv.reader(io.StringIO(made([(text, 1)], "csv").decode("utf-8-sig"), newline="")))
    assert rows[1][0] == "'" + text


def test_headings_and_provenance_are_neutralised_too() -> None:
    answer = export_rows([], [ExportColumn("=1+1")], title="=1+1", actor=CLERK, purpose="x", form="csv")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))  # type: ignore[arg-type]
    assert rows[0] == ["'=1+1"] and rows[2] == ["'=1+1"]


def test_a_negative_number_stays_a_number() -> None:
    (rows,) = sheets(made([("x", -3)]))
    assert rows[5][1] == -3
    assert "x,-3" in made([("x", -3)], "csv").decode("utf-8-sig")


def test_a_csv_file_opens_in_chinese_in_excel() -> None:
    assert made([("林建国", 1)], "csv").startswith(b"\xef\xbb\xbf")


def test_numbers_dates_and_times_arrive_as_such_and_unknown_stays_blank() -> None:
    at = datetime(2022, 8, 29, 20, 12, tzinfo=UTC)
    (rows,) = sheets(made([(at, date(2022, 8, 30)), (None, 2.5), ("", True)]))
    assert rows[5][:2] == (datetime(2022, 8, 30, 4, 12), datetime(2022, 8, 30))
    assert rows[6][:2] == (None, 2.5)
    assert rows[7][:2] == (None, "True")


def test_a_number_that_a_spreadsheet_would_round_is_written_as_text() -> None:
    (rows,) = sheets(made([("x", 990123197001011234), ("y", float("nan"))]))
    assert rows[5][1] == "990123197001011234"
    assert rows[6][1] == "nan"


def test_rows_beyond_the_end_of_a_sheet_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "LAST_ROW", 10)
    found = sheets(made((str(place), place) for place in range(12)))
    assert len(found) == 3
    assert [row[1] for rows in found for row in rows[5:]] == list(range(12))
    assert all(rows[4][:2] == ("姓名", "值") for rows in found)


def test_the_heading_stays_in_sight_can_be_filtered_and_repeats_in_print() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(made([("林建国", 1), ("王秀英", 2)]))).worksheets[0]
    assert sheet.freeze_panes == "A6"
    assert sheet.auto_filter.ref == "A5:B7"
    assert sheet.print_title_rows == "$5:$5"
    assert sheet.column_dimensions["A"].width >= 8


def test_memory_does_not_grow_with_the_rows() -> None:
    def rows(count: int) -> Iterator[tuple[object, ...]]:
        return ((f"林建国{place}", place) for place in range(count))

    made(rows(10))
    peaks = []
    for count in (1_000, 20_000):
        tracemalloc.start()
        exports.write_xlsx(rows(count), COLUMNS, exports.Provenance("x", CLERK, "x", datetime.now(UTC))).close()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 3_000_000


def test_a_download_carries_its_chinese_name_and_no_path(client: Client) -> None:
    answer = client.get("/design/export/")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''%E6%BC%8F%E9%87%87")
    assert exports._file_name('../a\\b:"c"\n') == "_a_b__c__"


def test_somebody_without_the_right_to_export_gets_nothing(client: Client) -> None:
    client.cookies["role"] = "sampler"
    assert client.get("/design/export/").status_code == 403
