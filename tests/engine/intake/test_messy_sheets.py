"""Tables in sheets as clerks make them. The people are invented; their numbers are in the demo range."""

from __future__ import annotations

from datetime import datetime

import pytest

from lianfang.engine.intake.contract import SheetReading
from lianfang.engine.intake.files import RawSheet
from lianfang.engine.intake.reading import understand_sheet

AS_OF = datetime(2022, 9, 1, 3)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
NAMES = ["赵明远", "钱小雨", "孙建国", "李秀兰", "周志强", "吴桂英", "郑海涛", "王丽华"]


def identity(number: int) -> str:
    """A number of the demo range with a valid check digit."""
    body = f"9901011980{1 + number % 12:02}15{number:03}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def phone(number: int) -> str:
    return f"139{number:08}"


def person(number: int) -> list[object]:
    return [NAMES[number % len(NAMES)], identity(number), phone(number)]


def understood(rows: list[list[object]], **more: object) -> tuple[SheetReading, ...]:
    width = max(map(len, rows))
    even = [list(row) + [None] * (width - len(row)) for row in rows]
    return understand_sheet(RawSheet(str(more.pop("name", "Sheet1")), even, **more), as_of=AS_OF)  # type: ignore[arg-type]


def one(rows: list[list[object]], **more: object) -> SheetReading:
    readings = understood(rows, **more)
    assert len(readings) == 1
    return readings[0]


def fields(reading: SheetReading) -> list[tuple[str, ...]]:
    return [column.fields for column in reading.columns]


def test_title_rows_above_and_notes_below_are_not_records() -> None:
    reading = one(
        [
            ["幸福社区全员核酸采样登记表"],
            ["填报单位：幸福社区", None, "填报日期：2022年8月30日"],
            ["姓名", "身份证号", "联系电话"],
            *[person(i) for i in range(5)],
            [None, None, None],
            ["注：1.本表一式两份。2.请如实填写，如有疑问请与社区工作人员联系。"],
            ["填表人：", None, "审核人："],
        ],
        merged=((0, 0, 0, 2),),
    )
    assert reading.header_rows == (3,)
    assert reading.rows.num_rows == 5
    assert reading.rows["row"].to_pylist() == [4, 5, 6, 7, 8]
    assert {skipped.reason for skipped in reading.skipped} >= {"note"}


def test_the_second_line_of_a_numbered_note_is_no_record_either() -> None:
    reading = one(
        [
            ["姓名", "身份证号", "电话"],
            *(person(number) for number in range(4)),
            ["注：1. 本表由楼长逐户登记，如有变动请及时更新。"],
            ["2. 人员外出的请在外出人员台账中另行登记。"],
        ]
    )
    assert reading.rows.num_rows == 4
    assert [row.reason for row in reading.skipped] == ["note", "note"]


def test_a_merged_two_row_header_gives_each_column_both_texts() -> None:
    reading = one(
        [
            ["序号", "姓名", "采样", None, "监护人", None],
            [None, None, "时间", "地点", "姓名", "电话"],
            [1, "赵明远", datetime(2022, 8, 30, 5, 10), "东门采样点", "赵大海", phone(7)],
            [2, "钱小雨", datetime(2022, 8, 30, 5, 12), "东门采样点", "钱大勇", phone(8)],
        ],
        merged=((0, 0, 1, 0), (0, 1, 1, 1), (0, 2, 0, 3), (0, 4, 0, 5)),
    )
    assert reading.header_rows == (1, 2)
    assert fields(reading) == [
        ("row_no",), ("name",), ("sampled_at",), ("sampling_site",), ("guardian_name",), ("guardian_phone",),
    ]  # fmt: skip
    assert reading.rows.num_rows == 2


def test_a_stacked_header_without_merged_ranges_is_found_too() -> None:
    reading = one(
        [
            ["姓名", "户籍地", None, "现居住地", None],
            [None, "省", "市", "小区", "房号"],
            ["赵明远", "浙江省", "丽水市", "幸福小区", "301"],
            ["钱小雨", "浙江省", "杭州市", "幸福小区", "302"],
        ]
    )
    assert reading.header_rows == (1, 2)
    assert fields(reading) == [("name",), ("registered_address",), ("registered_address",), ("compound",), ("room",)]
    assert reading.rows["registered_address"].to_pylist() == ["浙江省丽水市", "浙江省杭州市"]


def test_a_three_row_header_under_a_title_is_one_header() -> None:
    reading = one(
        [
            ["检测明细表", None, None, None, None],
            ["序号", "姓名", "检测数据", None, None],
            [None, None, "第一轮", None, "备注"],
            [None, None, "采样时间", "检测结果", None],
            [1, "赵明远", "2022-08-30 05:10", "阴性", None],
            [2, "钱小雨", "2022-08-30 05:12", "阴性", "老人"],
        ],
        merged=((0, 0, 0, 4), (1, 0, 3, 0), (1, 1, 3, 1), (1, 2, 1, 4), (2, 2, 2, 3), (2, 4, 3, 4)),
    )
    assert reading.header_rows == (2, 3, 4)
    assert fields(reading) == [("row_no",), ("name",), ("sampled_at",), ("result",), ("remark",)]
    assert reading.rows.num_rows == 2


def test_repeated_headers_totals_and_empty_rows_are_left_out_and_listed() -> None:
    header = ["姓名", "身份证号", "联系电话"]
    reading = one([header, person(0), person(1), header, person(2), [None] * 3, person(3), ["合计：4人", None, None]])
    assert reading.rows.num_rows == 4
    assert [(skipped.row, skipped.reason) for skipped in reading.skipped] == [
        (4, "repeated_header"), (6, "empty"), (8, "total"),
    ]  # fmt: skip


def test_a_total_with_numbers_in_every_column_is_no_record() -> None:
    reading = one([["楼栋", "户数", "人数"], ["1号楼", 20, 55], ["2号楼", 18, 40], ["合计", 38, 95]])
    assert reading.rows.num_rows == 2
    assert reading.skipped[-1].reason == "total"


def test_a_row_that_only_counts_the_columns_is_no_record() -> None:
    reading = one([["姓名", "身份证号", "联系电话"], ["甲", "乙", "丙"], person(0), person(1)])
    assert reading.rows["name"].to_pylist() == NAMES[:2]
    numbered = one([["姓名", "身份证号", "联系电话"], [1.0, 2.0, 3.0], person(0), person(1)])
    assert numbered.rows.num_rows == 2


def test_a_banner_row_names_the_building_of_the_rows_below_it() -> None:
    reading = one(
        [
            ["房号", "姓名", "联系电话"],
            ["3号楼", None, None],
            ["101", "赵明远", phone(1)],
            ["102", "钱小雨", phone(2)],
            ["4号楼", None, None],
            ["101", "孙建国", phone(3)],
        ],
        merged=((1, 0, 1, 2), (4, 0, 4, 2)),
    )
    assert reading.rows["building"].to_pylist() == ["3", "3", "4"]
    assert [skipped.reason for skipped in reading.skipped] == ["banner", "banner"]


def test_vertically_merged_cells_hold_for_all_their_rows() -> None:
    reading = one(
        [
            ["楼栋", "房号", "姓名", "联系电话"],
            ["1栋", "101", "赵明远", phone(1)],
            [None, None, "钱小雨", phone(2)],
            [None, "102", "孙建国", phone(3)],
        ],
        merged=((1, 0, 3, 0), (1, 1, 2, 1)),
    )
    assert reading.rows["building"].to_pylist() == ["1", "1", "1"]
    assert reading.rows["room"].to_pylist() == ["101", "101", "102"]


def test_a_building_written_only_where_it_changes_is_filled_down_and_said_so() -> None:
    reading = one(
        [
            ["楼栋", "房号", "姓名"],
            ["1栋", "101", "赵明远"],
            [None, "102", "钱小雨"],
            [None, "103", "孙建国"],
            ["2栋", "101", "李秀兰"],
            [None, "102", "周志强"],
        ]
    )
    assert reading.rows["building"].to_pylist() == ["1", "1", "1", "2", "2"]
    assert [problem.code for problem in reading.problems] == ["filled_from_above"]


def test_blank_columns_and_rows_around_a_table_change_nothing() -> None:
    reading = one(
        [
            [None, None, None, None, None],
            [None, "姓名", None, "身份证号", "联系电话"],
            [None, person(0)[0], None, *person(0)[1:]],
            [None, person(1)[0], None, *person(1)[1:]],
        ],
        first_row=3,
        first_column=1,
    )
    assert reading.header_rows == (4,)
    assert [(column.column, column.fields) for column in reading.columns] == [
        ("C", ("name",)), ("E", ("id_number",)), ("F", ("phone",)),
    ]  # fmt: skip
    assert reading.rows["row"].to_pylist() == [5, 6]


def test_two_tables_under_each_other_are_read_apart() -> None:
    roster, results = understood(
        [
            ["姓名", "房号", "联系电话"],
            *[[NAMES[i], f"10{i}", phone(i)] for i in range(3)],
            [None, None, None],
            ["检测结果"],
            ["采样管编号", "检测结果", "检测时间"],
            ["9900000001", "阴性", "2022-08-30 12:00"],
            ["9900000002", "阴性", "2022-08-30 12:00"],
        ]
    )
    assert roster.rows.num_rows == 3
    assert fields(results) == [("tube_code",), ("result",), ("tested_at",)]
    assert results.rows.num_rows == 2


def test_a_sheet_without_header_is_read_by_its_cells() -> None:
    reading = one([[i + 1, *person(i), "男", "3栋"] for i in range(6)])
    assert reading.header_rows == ()
    assert fields(reading)[1:] == [("name",), ("id_number",), ("phone",), ("sex",), ("building",)]
    assert reading.rows.num_rows == 6
    assert "no_header" in [problem.code for problem in reading.problems]


def test_a_header_cell_left_empty_is_read_by_its_cells() -> None:
    reading = one([[None, "楼栋", "房间"], *[[NAMES[i], "2栋", f"20{i}"] for i in range(6)]])
    assert reading.columns[0].fields == ("name",)
    assert reading.columns[0].confidence < 0.9
    assert reading.columns[0].how == "content"


def test_a_column_of_phones_called_identity_number_is_doubted_and_reported() -> None:
    reading = one([["姓名", "身份证号"], *[[NAMES[i], phone(i)] for i in range(8)]])
    column = reading.columns[1]
    assert column.confidence < 0.6
    assert ("phone") in [name for name, _ in column.alternatives]
    problem = next(one for one in reading.problems if one.code == "label_content_disagree")
    assert (problem.column, problem.params["looks_like"]) == ("B", "phone")


@pytest.mark.parametrize(
    "header",
    [
        ["楼栋", "姓名1", "身份证号1", "姓名2", "身份证号2"],
        ["楼栋", "姓名", "身份证号", "姓名", "身份证号"],
        ["楼栋", "第一人姓名", "第一人身份证号", "第二人姓名", "第二人身份证号"],
    ],
)
def test_two_people_in_one_row_are_two_rows(header: list[object]) -> None:
    reading = one([header, ["1栋", *person(0)[:2], *person(1)[:2]], ["2栋", *person(2)[:2], None, None]])
    assert reading.rows["name"].to_pylist() == NAMES[:3]
    assert reading.rows["part"].to_pylist() == [1, 2, 0]
    assert reading.rows["building"].to_pylist() == ["1", "1", "2"]
    assert [column.group for column in reading.columns] == [0, 0, 0, 1, 1]


def test_members_of_a_family_beside_the_head_have_their_own_phones() -> None:
    reading = one(
        [
            ["房号", "姓名", "身份证号", "联系电话", "配偶姓名", "配偶身份证号"],
            ["101", *person(0), *person(1)[:2]],
            ["102", *person(2), *person(3)[:2]],
        ]
    )
    rows = reading.rows
    assert rows["name"].to_pylist() == NAMES[:4]
    assert rows["room"].to_pylist() == ["101", "101", "102", "102"]
    assert rows["phone"].to_pylist() == [phone(0), None, phone(2), None]


def test_several_people_on_lines_of_one_cell_are_told_apart() -> None:
    reading = one(
        [
            ["房号", "姓名", "身份证号"],
            ["101", "赵明远\n钱小雨", f"{identity(0)}\n{identity(1)}"],
            ["102", "孙建国", identity(2)],
            ["103", "李秀兰\n周志强", identity(3)],
        ]
    )
    rows = reading.rows
    assert rows["name"].to_pylist() == NAMES[:5]
    assert rows["room"].to_pylist() == ["101", "101", "102", "103", "103"]
    assert rows["id_number"].to_pylist() == [identity(0), identity(1), identity(2), None, None]
    assert rows["part"].to_pylist() == [1, 2, 0, 1, 2]
    assert "lines_do_not_align" in reading.notes["code"].to_pylist()


def test_a_column_that_holds_name_and_phone_is_taken_apart() -> None:
    reading = one([["姓名/电话", "房号"], [f"赵明远 {phone(1)}", "101"], [f"钱小雨/{phone(2)}", "102"]])
    assert reading.columns[0].fields == ("name", "phone")
    assert reading.rows["name"].to_pylist() == ["赵明远", "钱小雨"]
    assert reading.rows["phone"].to_pylist() == [phone(1), phone(2)]


def test_day_and_time_in_two_columns_are_one_instant() -> None:
    reading = one(
        [
            ["姓名", "采样管编号", "采样日期", "采样时间"],
            ["赵明远", "9900000001", "2022-08-30", "05:10"],
            ["钱小雨", "9900000001", "2022-08-30", "05:12"],
        ]
    )
    assert reading.rows["sampled_at"].to_pylist() == [datetime(2022, 8, 30, 5, 10), datetime(2022, 8, 30, 5, 12)]


def test_building_and_room_come_out_of_the_address_where_no_column_has_them() -> None:
    reading = one([["姓名", "住址"], ["赵明远", "幸福小区10号楼2单元301室"], ["钱小雨", "幸福小区9号楼1单元102室"]])
    rows = reading.rows
    assert rows["building"].to_pylist() == ["10", "9"]
    assert rows["room"].to_pylist() == ["301", "102"]


def test_where_building_and_address_differ_the_column_is_taken_and_a_note_made() -> None:
    reading = one(
        [
            ["姓名", "楼栋", "住址"],
            ["赵明远", "3栋", "幸福小区4号楼2单元301室"],
            ["钱小雨", "9栋", "幸福小区9号楼1单元102室"],
        ]
    )
    assert reading.rows["building"].to_pylist() == ["3", "9"]
    notes = reading.notes.to_pylist()
    differing = [note for note in notes if note["code"] == "differs_within_row"]
    assert [(note["row"], note["column"], note["value"]) for note in differing] == [(2, "B", "3")]


def test_the_name_of_a_sheet_gives_the_building_that_no_column_names() -> None:
    reading = one([["房号", "姓名"], ["101", "赵明远"], ["102", "钱小雨"]], name="5号楼")
    assert reading.rows["building"].to_pylist() == ["5", "5"]
    assert "building_from_sheet_name" in [problem.code for problem in reading.problems]


def test_days_before_months_are_read_by_what_the_column_proves() -> None:
    reading = one([["姓名", "采样日期", "试管号"], ["赵明远", "03/04/2022", "A1"], ["钱小雨", "25/04/2022", "A1"]])
    assert [one.isoformat() for one in reading.rows["sampled_at"].to_pylist()] == [
        "2022-04-03T00:00:00", "2022-04-25T00:00:00",
    ]  # fmt: skip


def test_codes_in_a_label_are_read_by_the_table_they_declare() -> None:
    reading = one(
        [["采样管编号", "检测结果 0:阴性 1:阳性"], ["9900000001", 0], ["9900000002", 1], ["9900000003", None]]
    )
    assert reading.rows["result"].to_pylist() == ["negative", "positive", None]


def test_undeclared_codes_are_never_a_result() -> None:
    reading = one([["采样管编号", "检测结果"], ["9900000001", 0], ["9900000002", 1]])
    assert reading.rows["result"].to_pylist() == [None, None]


def test_a_list_of_one_column_has_a_header_too() -> None:
    reading = one([["采样管编号"], ["9900000001"], ["9900000002"]])
    assert reading.rows["tube_code"].to_pylist() == ["9900000001", "9900000002"]


def test_values_that_happen_to_be_labels_are_no_header() -> None:
    reading = one([["与户主关系", "证件类型", "样本类型"], ["户主", "身份证", "咽拭子"], ["本人", "护照", "标本"]])
    assert reading.header_rows == (1,)
    assert reading.rows.num_rows == 2


def test_a_table_beside_another_with_the_same_header_holds_further_people() -> None:
    reading = one(
        [
            ["序号", "姓名", "电话", None, "序号", "姓名", "电话"],
            [1, "赵明远", phone(1), None, 3, "孙建国", phone(3)],
            [2, "钱小雨", phone(2), None, None, None, None],
        ]
    )
    assert reading.rows["name"].to_pylist() == ["赵明远", "孙建国", "钱小雨"]
    assert reading.rows["row_no"].to_pylist() == ["1", "3", "2"]


def test_an_empty_sheet_has_no_table() -> None:
    assert understood([[None, None]]) == ()


def test_a_header_without_rows_is_a_table_without_records() -> None:
    reading = one([["姓名", "身份证号", "联系电话"]])
    assert reading.rows.num_rows == 0
    assert fields(reading) == [("name",), ("id_number",), ("phone",)]


@pytest.mark.parametrize("label", ["采样方式", "采样类型", "采样规格", "检测类型"])
@pytest.mark.parametrize(
    ("cells", "field", "values"),
    [
        (("10混1", "20混1"), "tube_capacity", [10, 20]),
        (("一户一管", "单采"), "tube_capacity", [0, 1]),
        (("5混1", "单采"), "tube_capacity", [5, 1]),
        (("单采", "混采"), "test_kind", ["single", "pool"]),
        (("咽拭子", "鼻咽拭子"), "specimen_type", ["咽拭子", "鼻咽拭子"]),
    ],
)
def test_what_a_sampling_column_holds_decides_what_it_means(
    label: str, cells: tuple[str, str], field: str, values: list[object]
) -> None:
    reading = one(
        [["采样管编号", "采样时间", label], *[[f"990000000{i}", "2022-08-30 05:00", cells[i]] for i in (0, 1)]]
    )
    assert fields(reading)[2] == (field,)
    assert reading.columns[2].confidence >= 0.6
    assert reading.rows[field].to_pylist() == values


def test_the_choices_that_a_label_lists_decide_too() -> None:
    reading = one([["采样管编号", "采样时间", "采样方式[1:单采 2:5混1 3:10混1]"]])
    assert fields(reading)[2] == ("tube_capacity",)


@pytest.mark.parametrize("label", ["组（楼栋）", "村民小组", "组别"])
def test_a_village_group_stands_where_a_town_has_its_building(label: str) -> None:
    groups = ["29组", "第三组", "第5村民小组", "一组"]
    reading = one([["行政村", label, "姓名"], *[["康岸村", groups[i], NAMES[i]] for i in range(4)]])
    assert reading.rows["building"].to_pylist() == ["29组", "3组", "5组", "1组"]
    assert reading.columns[1].confidence >= 0.6


def test_a_village_group_beside_a_building_is_no_building() -> None:
    reading = one([["小组", "楼栋", "姓名"], ["3组", "5栋", "赵明远"], ["4组", "6栋", "钱小雨"]])
    assert reading.rows["building"].to_pylist() == ["5", "6"]


def test_cells_that_look_like_addresses_do_not_overrule_a_label() -> None:
    rows = [[NAMES[i], f"人民路{i}巷口小区东门", "3栋"] for i in range(5)]
    reading = one([["姓名", "归属线路", "楼栋"], *rows])
    assert fields(reading)[1] == ()
    assert ("address", 0.72) in reading.columns[1].alternatives


def test_the_kind_of_document_beside_a_number_says_what_its_digits_are() -> None:
    reading = one(
        [
            ["姓名", "证件类型", "证件号码"],
            ["赵明远", "台湾居民来往大陆通行证", "12345678"],
            ["钱小雨", "居民身份证", "12345678"],
        ]
    )
    assert reading.rows["id_type"].to_pylist() == ["taiwan_permit", "resident_id"]
    assert [(note["row"], note["code"]) for note in reading.notes.to_pylist()] == [(3, "id_kind_unknown")]


WIDE: list[list[object]] = [
    ["房号", "姓名", "第一次检测时间", "第一次检测结果", "第二次检测时间", "第二次检测结果"],
    ["101", "赵明远", "2022-08-28", "阴性", "2022-08-29", "阳性"],
    ["102", "钱小雨", None, None, "2022-08-29", "阴性"],
    ["103", "孙建国", None, None, None, None],
]


def test_rounds_side_by_side_are_one_record_each_and_nobody_is_lost() -> None:
    reading = one(WIDE)
    rows = reading.rows
    assert rows["name"].to_pylist() == ["赵明远", "赵明远", "钱小雨", "孙建国"]
    assert rows["part"].to_pylist() == [1, 2, 2, 0]
    assert rows["result"].to_pylist() == ["negative", "positive", "negative", None]
    assert [day and day.day for day in rows["tested_at"].to_pylist()] == [28, 29, 29, None]
    assert "rounds_side_by_side" in [problem.code for problem in reading.problems]


def test_a_roster_with_rounds_side_by_side_lists_everybody_once() -> None:
    (reading,) = understand_sheet(RawSheet("Sheet1", WIDE), as_of=AS_OF, role="roster")  # type: ignore[arg-type]
    assert reading.rows["name"].to_pylist() == ["赵明远", "钱小雨", "孙建国"]
    assert reading.rows["result"].to_pylist() == ["negative", None, None]
    assert "rounds_left_out" in [problem.code for problem in reading.problems]


def test_different_tables_beside_one_another_are_read_apart() -> None:
    people, goods = understood(
        [
            ["序号", "姓名", "房号", None, "序号", "物品名称", "数量"],
            [1, "赵明远", "101", None, 1, "口罩", 20],
            [2, "钱小雨", "102", None, 2, "手套", 30],
            [3, "孙建国", "103", None, None, None, None],
        ]
    )
    assert people.rows["name"].to_pylist() == NAMES[:3]
    assert goods.rows["item"].to_pylist() == ["口罩", "手套"]
    assert [column.column for column in goods.columns] == ["E", "F", "G"]


def test_a_blank_column_inside_a_table_does_not_cut_it() -> None:
    reading = one(
        [["姓名", "身份证号", None, "房号", "电话"], *[[*person(i)[:2], None, f"10{i}", phone(i)] for i in range(4)]]
    )
    assert reading.rows.num_rows == 4
    assert reading.rows["room"].to_pylist() == ["100", "101", "102", "103"]


def test_the_title_says_where_everybody_lives_when_no_column_does() -> None:
    reading = one([["临江花园10号楼住户登记表"], ["房号", "姓名"], ["101", "赵明远"], ["102", "钱小雨"]])
    assert reading.rows["compound"].to_pylist() == ["临江花园", "临江花园"]
    assert reading.rows["building"].to_pylist() == ["10", "10"]
    assert [problem.params["value"] for problem in reading.problems] == ["临江花园", "10"]


@pytest.mark.parametrize("title", ["幸福小区3号楼、5号楼住户名单", "全员核酸检测登记表", "2022年8月30日"])
def test_a_title_that_names_no_place_or_several_fills_nothing(title: str) -> None:
    reading = one([[title], ["房号", "姓名"], ["101", "赵明远"], ["102", "钱小雨"]])
    assert "building" not in reading.rows.column_names
    assert "compound" not in reading.rows.column_names


def test_the_driver_of_a_list_of_people_is_none_of_them() -> None:
    beside = one([["姓名", "联系电话", "司机姓名", "司机电话"], ["赵明远", phone(1), "钱小雨", phone(2)]])
    assert fields(beside)[2:] == [(), ()]
    alone = one([["司机姓名", "司机电话", "车牌号"], ["赵明远", phone(1), "京A12345"]])
    assert fields(alone) == [("name",), ("phone",), ("plate",)]
