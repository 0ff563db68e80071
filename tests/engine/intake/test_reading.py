"""Whole files, as ``lianfang intake`` shows them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.engine.intake.contract import FileReading, Role
from lianfang.engine.intake.describe import describe
from lianfang.engine.intake.files import RawSheet
from lianfang.engine.intake.reading import read_file, understand_sheet
from lianfang.engine.intake.roles import looks_like

AS_OF = datetime(2022, 9, 1, 3)
ROSTERS = Path(__file__).resolve().parents[4] / "shared" / "data" / "rosters_xlsx"


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = xlsxwriter.Workbook(str(path))
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    return path


def shared(name: str) -> FileReading:
    if not ROSTERS.exists():
        pytest.skip(f"{ROSTERS} is not there: the shared data was not checked out")
    return read_file(ROSTERS / name, as_of=AS_OF)


def fields(reading: FileReading) -> list[tuple[str, ...]]:
    return [column.fields for column in reading.sheets[0].columns]


def test_a_real_roster_with_a_junk_row_is_read() -> None:
    reading = shared("社区信息表 .xlsx")
    assert fields(reading) == [
        ("name",), ("unit",), ("building",), ("room",), ("result",), ("phone",), (), ("status_code",),
    ]  # fmt: skip
    rows = reading.sheets[0].rows
    assert rows.num_rows == 825
    assert rows.slice(1, 1).to_pylist()[0] | {"phone": None} == rows.slice(1, 1).to_pylist()[0] | {
        "row": 3, "unit": "1", "building": "1", "room": "101", "result": "negative", "phone": None,
    }  # fmt: skip
    assert rows["phone"][0].as_py() is None  # admin


def test_a_real_list_of_contacts_with_an_empty_header_cell_is_read() -> None:
    reading = shared("密接名单.xlsx")
    assert fields(reading) == [("name",), ("unit",), ("building",), ("room",), ("result",), ("phone",)]
    assert set(reading.sheets[0].rows["result"].to_pylist()) == {"negative", "positive"}


def test_a_real_list_of_supplies_is_no_roster() -> None:
    reading = shared("社区物资表 .xlsx")
    assert fields(reading)[3:] == [("quantity",), ("unit_of_measure",)]
    assert dict(reading.sheets[0].looks_like)["roster"] < 0.2


def test_every_sheet_of_a_workbook_is_read(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "two.xlsx",
        {
            "1号楼": [["房号", "姓名"], ["101", "赵明远"]],
            "2号楼": [["室", "姓名", "电话"], ["201", "钱小雨", "13900000001"]],
        },
    )
    reading = read_file(path, as_of=AS_OF)
    assert [sheet.sheet for sheet in reading.sheets] == ["1号楼", "2号楼"]
    assert [sheet.rows["building"].to_pylist() for sheet in reading.sheets] == [["1"], ["2"]]


def test_progress_is_told_from_opening_to_the_last_sheet(tmp_path: Path) -> None:
    path = workbook(tmp_path / "one.xlsx", {"a": [["姓名", "电话"], ["赵明远", "13900000001"]]})
    told: list[tuple[str, int, int]] = []
    read_file(path, as_of=AS_OF, on_progress=lambda *one: told.append(one))
    assert told == [("opening", 0, 1), ("opening", 1, 1), ("understanding", 0, 1), ("understanding", 1, 1)]


def test_the_json_answer_has_the_form_that_is_promised(tmp_path: Path) -> None:
    rows: list[list[object]] = [["登记表"], ["姓名/电话", "门禁卡号", "楼栋"], ["赵明远 13900000001", "7", "3栋"]]
    rows.append(["钱小雨 13900000002", "8", "4栋"])
    answer = describe(read_file(workbook(tmp_path / "form.xlsx", {"表": rows}), as_of=AS_OF))
    assert json.loads(json.dumps(answer, ensure_ascii=False)) == answer
    sheet = answer["sheets"][0]
    assert (sheet["sheet"], sheet["header_rows"], sheet["rows"]) == ("表", [2], 2)
    assert [(one["column"], one["label"], one["field"], one["fields"]) for one in sheet["columns"]] == [
        ("A", "姓名/电话", ["name", "phone"], ["name", "phone"]),
        ("B", "门禁卡号", None, []),
        ("C", "楼栋", "building", ["building"]),
    ]
    assert all(0 <= one["confidence"] <= 1 for one in sheet["columns"])
    building = sheet["columns"][2]["cells"]
    assert (building["changed"], building["warning"], building["error"]) == (2, 0, 0)
    assert building["notes"][0]["examples"][0] == {"row": 3, "original": "3栋", "value": "3"}


def test_a_file_that_is_no_spreadsheet_is_refused_and_described(tmp_path: Path) -> None:
    path = tmp_path / "notes.xlsx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    reading = read_file(path, as_of=AS_OF, role="roster")
    assert reading.refused
    assert describe(reading)["sheets"] == []


@pytest.mark.parametrize(
    ("role", "labels", "code", "missing"),
    [
        ("samples", ["姓名", "身份证号", "楼栋", "房号", "与户主关系"], "looks_like_roster", "tube_code|sampled_at"),
        ("results", ["采样管编号", "姓名", "采样时间", "采样点"], "looks_like_samples", "result"),
        ("roster", ["物资名称", "数量", "单位"], "essential_fields_missing", "name|id_number"),
    ],
)
def test_a_sheet_in_the_wrong_role_is_named_with_what_it_lacks(
    tmp_path: Path, role: Role, labels: list[object], code: str, missing: str
) -> None:
    path = workbook(tmp_path / "wrong.xlsx", {"表": [labels, ["x"] * len(labels)]})
    problems = read_file(path, as_of=AS_OF, role=role).problems
    assert [problem.code for problem in problems] == [code]
    assert missing in str(problems[0].params["missing"])
    assert problems[0].sheet == "表"


def test_the_right_role_raises_no_problem(tmp_path: Path) -> None:
    path = workbook(tmp_path / "right.xlsx", {"表": [["姓名", "楼栋", "房号"], ["赵明远", "3", "101"]]})
    assert read_file(path, as_of=AS_OF, role="roster").problems == ()


@pytest.mark.parametrize(
    ("fields_", "best"),
    [
        ({"name", "id_number", "building", "room", "phone"}, "roster"),
        ({"name", "id_number", "tube_code", "sampled_at"}, "samples"),
        ({"tube_code", "result", "tested_at", "laboratory"}, "results"),
        ({"name", "id_number", "result", "sampled_at", "tested_at"}, "results"),
        ({"name", "id_number", "reason"}, "exempt"),
    ],
)
def test_a_sheet_looks_like_what_its_fields_are_for(fields_: set[str], best: str) -> None:
    assert looks_like(fields_)[0][0] == best


_CELLS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.integers(-5, 10**12),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)),
    st.sampled_from(
        ["姓名", "身份证号", "电话", "楼栋", "合计", "阴性", "3号楼", "13900000001", "姓名\n电话", "采样时间"]
    ),
)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    st.integers(1, 6).flatmap(lambda width: st.lists(st.lists(_CELLS, min_size=width, max_size=width), max_size=12)),
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 4), st.integers(0, 3), st.integers(0, 3)), max_size=3),
)
def test_no_sheet_breaks_the_reader_and_every_row_is_accounted_for(
    rows: list[list[object]], spans: list[tuple[int, int, int, int]]
) -> None:
    merged = tuple((top, left, top + height, left + width) for top, left, height, width in spans)
    readings = understand_sheet(RawSheet("Sheet1", rows, merged=merged), as_of=AS_OF)  # type: ignore[arg-type]
    for reading in readings:
        told = set(reading.rows["row"].to_pylist())
        skipped = {one.row for one in reading.skipped}
        assert not told & skipped
        assert all(1 <= row <= len(rows) for row in told | skipped)
        json.dumps(describe(FileReading("f", "csv", "", 0, (reading,))))
