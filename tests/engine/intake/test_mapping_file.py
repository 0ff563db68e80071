"""The mapping file: what is remembered, what wins, what is wrong with a line."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from lianfang.engine.intake.contract import FileReading
from lianfang.engine.intake.files import RawSheet
from lianfang.engine.intake.mapping import Decision, Memory, load_memory, parse_memory, save_memory
from lianfang.engine.intake.questions import answer, questions
from lianfang.engine.intake.reading import understand_sheet

AS_OF = datetime(2022, 9, 1, 3)
HEADER = "kind,label,field_or_code,means,example,decided_on\r\n"


def read(rows: list[list[object]], memory: Memory | None = None) -> FileReading:
    sheets = understand_sheet(RawSheet("Sheet1", rows), as_of=AS_OF, memory=memory)  # type: ignore[arg-type]
    return FileReading("roster.xlsx", "xlsx", "", 0, sheets)


def test_a_remembered_column_is_sure_and_wins_over_label_and_cells() -> None:
    memory = parse_memory(HEADER + "column,楼门牌,room,,3-2-301,2022-08-30\r\ncolumn,备注,special_need,,,\r\n")
    reading = read([["姓名", "楼门牌", "备注"], ["赵明远", "301", "透析"]], memory).sheets[0]
    assert [(one.fields, one.confidence, one.how) for one in reading.columns[1:]] == [
        (("room",), 1.0, "memory"),
        (("special_need",), 1.0, "memory"),
    ]
    assert reading.rows["room"].to_pylist() == ["301"]


def test_a_column_may_be_remembered_as_none_of_the_fields() -> None:
    memory = parse_memory(HEADER + "column,电话,-,,,\r\n")
    reading = read([["姓名", "电话"], ["赵明远", "13900000001"]], memory).sheets[0]
    assert (reading.columns[1].fields, reading.columns[1].confidence) == ((), 1.0)
    assert "phone" not in reading.rows.column_names


def test_a_label_is_remembered_in_any_writing_of_it() -> None:
    memory = parse_memory(HEADER + "column,楼 门牌：,room,,,\r\n")
    assert memory.recall("樓門牌：", "", "") is not None


def test_neighbours_tell_two_columns_with_one_label_apart() -> None:
    memory = parse_memory(HEADER + "column,联系 @楼长|备注,chief_phone,,,\r\ncolumn,联系,phone,,,\r\n")
    rows: list[list[object]] = [
        ["姓名", "联系", "楼长", "联系", "备注"],
        ["赵明远", "13900000001", "钱小雨", "13900000002", None],
    ]
    reading = read(rows, memory).sheets[0]
    assert [one.fields for one in reading.columns] == [
        ("name",),
        ("phone",),
        ("chief_name",),
        ("chief_phone",),
        ("remark",),
    ]


def test_declared_codes_are_read_and_undeclared_ones_are_asked_about() -> None:
    rows: list[list[object]] = [["采样管编号", "检测结果"], ["9900000001", 0], ["9900000002", 1]]
    asked = questions(read(rows))
    assert [(one.kind, one.label, one.code) for one in asked] == [("code", "检测结果", "0"), ("code", "检测结果", "1")]
    answers = [
        answer(question, meaning, decided_on=date(2022, 9, 1))
        for question, meaning in zip(asked, ("negative", "positive"), strict=True)
    ]
    again = read(rows, Memory().with_decisions(answers))
    assert again.sheets[0].rows["result"].to_pylist() == ["negative", "positive"]
    assert questions(again) == []


def test_an_unsure_column_is_asked_about_once_with_its_choices_and_examples() -> None:
    rows: list[list[object]] = [
        ["姓名", "身份证号"],
        *[[name, "13900000001"] for name in ("赵明远", "钱小雨", "孙建国")],
    ]
    question = next(one for one in questions(read(rows)) if one.kind == "column")
    assert question.label == "身份证号"
    assert [name for name, _ in question.options] == ["id_number", "phone", "-"]
    assert question.examples == ("13900000001",)
    decision = answer(question, "phone", decided_on=date(2022, 9, 1))
    reading = read(rows, Memory().with_decisions([decision])).sheets[0]
    assert reading.rows["phone"].to_pylist() == ["13900000001"] * 3


def test_a_saved_file_is_what_excel_opens_and_comes_back_the_same(tmp_path: Path) -> None:
    memory = Memory().with_decisions(
        [
            Decision("column", "楼,门牌", "building+room", "", "3-301", "2022-08-30"),
            Decision("code", "检测结果", "0", "negative", "0", "2022-08-30"),
        ]
    )
    path = tmp_path / "mapping.csv"
    save_memory(memory, path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfkind,label,")
    assert load_memory(path) == memory


def test_a_file_that_excel_saved_in_gbk_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mapping.csv"
    path.write_bytes((HEADER + "column,楼门牌,room,,,\r\n").encode("gbk"))
    assert load_memory(path).recall("楼门牌", "", "") is not None


def test_bad_lines_are_named_with_their_row_and_the_others_used() -> None:
    memory = parse_memory(
        HEADER
        + "column,楼门牌,rooms,,,\r\nspalte,楼门牌,room,,,\r\ncolumn,,room,,,\r\n"
        + "code,检测结果,0,,,\r\ncolumn,房,room,,,\r\n"
    )
    assert [(problem.code, problem.row) for problem in memory.problems] == [
        ("mapping_unknown_field", 2),
        ("mapping_unknown_kind", 3),
        ("mapping_no_label", 4),
        ("mapping_code_incomplete", 5),
    ]
    assert len(memory.decisions) == 1


def test_of_two_decisions_the_later_holds() -> None:
    first = parse_memory(HEADER + "column,楼门牌,room,,,\r\n")
    later = parse_memory(HEADER + "column,楼门牌,address,,,\r\n")
    remembered = first.merged(later).recall("楼门牌", "", "")
    assert remembered is not None
    assert remembered.fields == ("address",)
