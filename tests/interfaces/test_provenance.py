from __future__ import annotations

import pyarrow as pa
import pytest

from lianfang.engine.reconciliation.contract import RECORDS
from lianfang.interfaces.provenance import Provenance


def records(*rows: tuple[int, str, str, int, int]) -> Provenance:
    names = ("record_id", "file", "sheet", "row", "part")
    return Provenance(RECORDS.conform(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])))


def test_neighbouring_rows_are_told_as_a_range() -> None:
    where = records(*((n, "名册.xlsx", "一村", n + 3, 0) for n in range(6)))
    assert where.say([5, 0, 1, 2, 4]) == "名册.xlsx · 一村 · 3–5, 7–8"


def test_rows_of_several_files_are_told_file_by_file() -> None:
    where = records((0, "b.xlsx", "表", 9, 0), (1, "a.csv", "a", 2, 0), (2, "b.xlsx", "表", 4, 0))
    assert where.say([0, 1, 2]) == "b.xlsx · 表 · 4, 9; a.csv · 2"


def test_a_csv_file_has_no_sheet_to_name() -> None:
    assert records((0, "a.csv", "a", 2, 0)).say([0]) == "a.csv · 2"


def test_the_person_within_a_row_is_told_where_a_row_held_several() -> None:
    where = records(
        (0, "a.xlsx", "s", 7, 1), (1, "a.xlsx", "s", 7, 2), (2, "a.xlsx", "s", 8, 0), (3, "a.xlsx", "s", 9, 0)
    )
    assert where.say([0, 1, 2, 3]) == "a.xlsx · s · 7#1, 7#2, 8–9"
    assert where.say([1]) == "a.xlsx · s · 7#2"


def test_record_numbers_need_not_be_in_order() -> None:
    where = records((700, "a.csv", "", 2, 0), (3, "b.csv", "", 5, 0))
    assert where.places(pa.array([3])).to_pylist() == [{"file": "b.csv", "sheet": "", "row": 5, "part": 0}]
    assert where.say([700]) == "a.csv · 2"


def test_no_rows_are_no_words() -> None:
    assert records((0, "a.csv", "", 2, 0)).say(None) == ""
    assert records((0, "a.csv", "", 2, 0)).say([]) == ""


def test_a_number_that_is_no_record_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(IndexError):
        records((0, "a.csv", "", 2, 0)).places(pa.array([1]))
    with pytest.raises(KeyError):
        records((7, "a.csv", "", 2, 0)).places(pa.array([0]))


def test_the_whole_rows_come_by_their_numbers_each_once() -> None:
    where = records((700, "a.csv", "", 2, 0), (3, "b.csv", "", 5, 0))
    assert {number: row["file"] for number, row in where.by_number([3, None, 700, 3]).items()} == {
        3: "b.csv",
        700: "a.csv",
    }


def test_a_column_of_lists_is_told_as_each_list_by_itself() -> None:
    where = records(
        (0, "a.xlsx", "s", 7, 1), (1, "a.xlsx", "s", 7, 2), (2, "b.csv", "b", 8, 0), (3, "a.xlsx", "s", 9, 0)
    )
    lists = [[0], [], None, [2], [0, 1], [3, 2], [1]]
    assert where.say_each(pa.array(lists, pa.list_(pa.int64()))).to_pylist() == [where.say(one) for one in lists]
    assert where.say_one(pa.array([3, 0])).to_pylist() == [where.say([3]), where.say([0])]
