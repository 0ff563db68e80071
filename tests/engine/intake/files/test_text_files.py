"""Delimited text in the encodings and states in which it arrives."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianfang.engine.intake.files import Limits, delimited
from lianfang.engine.intake.files.delimited import read_delimited, sniff_delimiter
from lianfang.engine.intake.files.encodings import Encoding

SIMPLIFIED = "姓名,身份证号,电话,地址\n王小明,,13800000000,幸福路十二号楼三单元\n李雷,,13900000000,和平街二号\n"
TRADITIONAL = "姓名,身分證號,電話,地址\n王小明,,13800000000,幸福路十二號樓三單元\n李雷,,13900000000,和平街二號\n"


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-8-sig", "utf-8"),
        (SIMPLIFIED, "gbk", "gb18030"),
        (SIMPLIFIED.replace("雷", "㼆"), "gb18030", "gb18030"),
        (TRADITIONAL, "big5", "big5hkscs"),
        (SIMPLIFIED, "utf-16", "utf-16-le"),
        (SIMPLIFIED, "utf-16-le", "utf-16-le"),
        (SIMPLIFIED, "utf-16-be", "utf-16-be"),
    ],
)
def test_the_encoding_is_found_from_the_bytes(opened, text, written, found):
    file = opened("a.csv", text.encode(written))
    assert file.encoding == found
    assert file.problems == ()
    assert file.sheets[0].rows == [[cell or None for cell in line.split(",")] for line in text.splitlines()]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_cuts_lines_alike(opened, delimiter):
    lines = [
        ["姓名", "地址", "备注"],
        ["王小明", "1号楼,2单元;301", "a"],
        ["李雷", "2号楼", "b,c"],
        ["韩梅", "3号楼", ""],
    ]
    quoted = [[f'"{cell}"' if delimiter in cell else cell for cell in line] for line in lines]
    file = opened("a.txt", "\n".join(delimiter.join(line) for line in quoted))
    assert file.sheets[0].rows == [[cell or None for cell in line] for line in lines]
    assert file.format == ("tsv" if delimiter == "\t" else "csv")


def test_excels_own_sep_line_is_no_row(opened):
    assert opened("a.csv", "sep=;\r\n甲;1,5\r\n").sheets[0].rows == [["甲", "1,5"]]


def test_a_list_of_one_column_stays_one_column():
    assert sniff_delimiter(["王小明\n", "李雷\n"]) == ","


def test_numbers_kept_as_text_for_excel_are_unwrapped(opened):
    assert opened("a.csv", '姓名,电话\n甲,="0138"\n乙,"=""0139"""\n').sheets[0].rows[1:] == [
        ["甲", "0138"],
        ["乙", "0139"],
    ]


def test_bytes_that_are_no_characters_keep_the_row_and_name_it(opened):
    content = SIMPLIFIED.encode("gb18030").replace("雷".encode("gb18030"), b"\xff\xff")
    file = opened("a.csv", content)
    (problem,) = file.problems
    assert (problem.code, problem.severity, problem.row) == ("undecodable_bytes", "error", 3)
    assert problem.params["position"] == content.index(b"\xff") + 1
    assert len(file.sheets[0].rows) == 3
    assert "\ufffd" in file.sheets[0].rows[2][0]


def test_many_broken_rows_are_counted_not_listed(opened):
    line = SIMPLIFIED.splitlines()[1].encode() + b"\n"
    content = (line * 200) + (b"\xe7\x8e," + line) * 30
    file = opened("a.csv", content)
    assert [problem.code for problem in file.problems] == ["undecodable_bytes"] * 20 + ["undecodable_bytes_more"]
    assert file.problems[-1].params["count"] == 10


def test_an_open_quotation_mark_does_not_swallow_the_rows_below(opened):
    rows = "".join(f"{n},居民{n},1号楼\n" for n in range(500))
    file = opened("a.csv", "序号,姓名,楼\n" + rows.replace("居民100,", '"居民100,'))
    assert len(file.sheets[0].rows) == 501
    assert [(problem.code, problem.row) for problem in file.problems] == [("unclosed_quote", 102)]
    assert file.sheets[0].rows[102] == ["101", "居民101", "1号楼"]


def test_two_open_quotation_marks_far_apart_do_not_either(opened):
    rows = "".join(f"{n},居民{n},1号楼\n" for n in range(500))
    rows = rows.replace("居民100,", '"居民100,').replace("居民300,", '"居民300,')
    file = opened("a.csv", "序号,姓名,楼\n" + rows)
    assert len(file.sheets[0].rows) == 501
    assert [problem.row for problem in file.problems] == [102, 302]


def test_broken_bytes_below_an_open_quotation_mark_are_told_of_their_own_rows(opened):
    rows = [f"{n},居民{n},1号楼\n".encode() for n in range(200)]
    rows[50] = rows[50].replace("居民".encode(), b'"')
    for place in (60, 70):
        rows[place] = rows[place].replace("居".encode(), b"\xff")
    file = opened("a.csv", "序号,姓名,楼\n".encode() + b"".join(rows))
    assert [(problem.code, problem.row) for problem in file.problems] == [
        ("unclosed_quote", 52),
        ("undecodable_bytes", 62),
        ("undecodable_bytes", 72),
    ]
    assert len(file.sheets[0].rows) == 201


def test_line_breaks_inside_quotation_marks_stay_one_row(opened):
    file = opened("a.csv", '姓名,地址,备注\n甲,"1号楼\n2单元\n301",a\n乙,2号楼,"""贵宾"""\n')
    assert file.problems == ()
    assert file.sheets[0].rows[1:] == [["甲", "1号楼\n2单元\n301", "a"], ["乙", "2号楼", '"贵宾"']]


def test_a_carriage_return_inside_a_cell_costs_no_row(opened):
    file = opened("a.csv", b"\xe5\xba\x8f,\xe5\x90\x8d\n1,a\rb\n2,c\n")
    assert [row[0] for row in file.sheets[0].rows] == ["序", "1", "2"]
    assert [problem.row for problem in file.problems] == [2]


def test_a_file_cut_in_its_last_row_is_told(opened):
    file = opened("a.csv", SIMPLIFIED.encode()[:-25])
    assert [problem.code for problem in file.problems][-1] == "last_row_cut"
    whole = opened("b.csv", SIMPLIFIED.rstrip("\n"))
    assert whole.problems == ()


def test_nul_bytes_are_left_out_and_told(opened):
    file = opened("a.csv", SIMPLIFIED.encode() + b"\x00" * 40)
    assert [(problem.code, problem.row, problem.params["count"]) for problem in file.problems] == [("nul_bytes", 4, 40)]
    assert len(file.sheets[0].rows) == 3


def test_old_macintosh_line_ends_are_line_ends(opened):
    assert opened("a.csv", "甲,1\r乙,2\r").sheets[0].rows == [["甲", "1"], ["乙", "2"]]


def test_blank_lines_keep_the_row_numbers(opened):
    assert opened("a.csv", "甲,1\n\n乙,2\n\n\n").sheets[0].rows == [["甲", "1"], [], ["乙", "2"]]


@pytest.mark.parametrize(
    ("content", "limits", "code", "row"),
    [
        ("a,b\n" + "," * 2000 + "\n", Limits(), "row_too_wide", 2),
        ("a,b\n" * 20, Limits(max_rows_per_sheet=10), "text_too_long", None),
        ("a,b\n" * 20, Limits(max_cells=11), "text_too_many_cells", 6),
        ("a,b\n" + "x" * 5000, Limits(max_line_bytes=4000), "line_too_long", 2),
    ],
)
def test_text_over_a_limit_is_refused_with_its_row(opened, content, limits, code, row):
    file = opened("a.csv", content, limits)
    (problem,) = file.problems
    assert (problem.code, problem.severity, problem.row, file.sheets) == (code, "refused", row, ())


def test_text_named_xls_is_read_and_told(opened, codes):
    file = opened("结果.xls", "姓名\t结果\n甲\t阴性\n".encode("gbk"))
    assert (file.format, file.encoding) == ("tsv", "gb18030")
    assert codes(file) == [("warning", "wrong_extension")]


_CELL = st.text(st.characters(codec="gb18030", exclude_categories=("Cs", "Cc"), exclude_characters="="), max_size=6)


@given(st.lists(st.lists(_CELL, min_size=3, max_size=3), min_size=3, max_size=20))
def test_no_row_is_lost_whatever_the_cells_hold(rows):
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["甲", "乙", "丙"], *rows, ["一", "二", "三"]])
    read = read_delimited(io.BytesIO(text.getvalue().encode("gb18030")), Encoding("gb18030"), Limits())
    assert (read.delimiter, read.problems) == (",", [])
    assert [[cell or "" for cell in row] for row in read.rows[1:-1]] == rows


_LINE = st.sampled_from(
    [
        "1,甲,2\n",
        "2,乙,3\r\n",
        "\n",
        '3,"丙",4\n',
        '4,"丁\n',
        '戊",5\n',
        '5,="07",6\n',
        '6,己"庚,7\n',
        '"\n',
        "7,a\rb,8\n",
    ]
)


@given(st.lists(_LINE, max_size=30), st.sampled_from([2, 3, 7]))
def test_rows_read_in_bulk_are_those_read_with_care(lines, block):
    content = "".join(lines).encode()

    def read(care: bool):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delimited, "_BLOCK", block)
            if care:
                patch.setattr(delimited._Records, "_without_care", lambda *_: None)
            return read_delimited(io.BytesIO(content), Encoding("utf-8"), Limits())

    assert read(care=False) == read(care=True)
