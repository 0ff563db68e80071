"""What is read by the column says what is read by the cell."""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn.ric import calc_check_digit

from lianfang.engine.intake.values import COMPANIONS, NORMALISERS, PLAIN, TYPES, dates
from lianfang.engine.intake.values.addresses import _parse, parse_address
from lianfang.engine.intake.values.contract import ValueContext
from lianfang.engine.intake.values.names import TELLING_ENDS

AS_OF = datetime(2022, 8, 30, 3, 10)
SMALL = settings(max_examples=150, deadline=None, derandomize=True)

_TELLING = [
    "", " ", "某某", "张某某", "赵明远", "无名氏", "不详", "王先生", "欧阳娜娜", "李小明\n", "\n李小明", "李 明", "ab",
    "13900000001", "1390000000", "139000000012", "12900000001", "１3900000001", "13900000001\n", "+8613900000001",
    "A001001060", "A001", "1E5", "12345E5", "1.5E12", "1E+12", "12345.0", "A2345.0", "a001001060", "A001001060 ",
    "99010419880312441X", "990104880312441", "000000000000000000", "99010419880312441x", "110101199002300012",
    "2022-08-30", "2022/8/30", "2022.8.30", "2022-8-30 4:12", "2022-08-30 04:12:33", "2022-08-30 24:00", "2022-02-29",
    "2024-02-29 23:59:59", "2022-08-30 00:00:00", "2022-08-30 0:00", "2022-08-30  4:12", " 2022-08-30", "2022-08-30 ",
    "2022-08-30 04:12:60", "2022-08-30 4:1", "2022-08-30T04:12", "1891-12-31", "1892-01-01", "2016-12-31 23:59",
    "2017-01-01", "2022-08-30 03:20", "2022-08-30 03:20:01", "2022-08-30 03:10:01", "2030-01-01", "1000-01-01",
    "1850-01-01", "2150-12-31", "2151-01-01", "15/05/20", "5/6/2022", "０2022-08-30", "2022-08-30 4：12",
]  # fmt: skip
_PIECES = st.sampled_from([*"0123456789 -/.:年月X张王某\n·", "2022", "1988", "某", "先生", "E", ".0", "户主"])


@st.composite
def _numbers(draw: st.DrawFn) -> str:
    """Nearly numbers of identity documents: every part may be off."""
    area = draw(st.sampled_from(["990104", "110101", "999999", "160101", "010101", "820101"]))
    year = draw(st.sampled_from([1, 1849, 1891, 1892, 1900, 1988, 2000, 2021, 2022, 2023, 9999]))
    month, day = draw(st.integers(0, 13)), draw(st.integers(0, 32))
    number = f"{area}{year:04}{month:02}{day:02}{draw(st.integers(0, 999)):03}"
    check = draw(st.sampled_from(["", *"0123456789X"]))
    return number + (check or calc_check_digit(number + "0"))


_FORMS = [
    "%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M", "%Y.%m.%d %H:%M:%S", "%Y-%m-%d 0%H:%M", "%d.%m.%Y", "%Y年%m月%d日",
    "%Y年%m月%d日 %H:%M", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日%H:%M", "%Y年%m-%d日", "%Y-%m-%d日", "%Y年%m月%d %H:%M",
]  # fmt: skip
_MOMENTS = st.builds(
    lambda day, form: day.strftime(form),
    st.datetimes(datetime(1849, 1, 1), datetime(2152, 1, 1)) | st.datetimes(AS_OF - timedelta(days=3), AS_OF),
    st.sampled_from(_FORMS),
)
_DATES = st.builds(
    "{:04}{}{}{}{}{}{}".format,
    st.sampled_from([1000, 1849, 1850, 1988, 2022, 2150, 2151]),
    *(st.sampled_from(["-", "年", "/"]), st.integers(0, 13), st.sampled_from(["-", "月", "."]), st.integers(0, 32)),
    *(st.sampled_from(["", "日"]), st.sampled_from(["", " 4:12", " 00:00", " 24:00", " 23:59:60", "4:12", " 4:1"])),
)
CELLS = st.lists(
    st.none()
    | st.sampled_from(_TELLING)
    | _numbers()
    | _MOMENTS
    | st.lists(_PIECES, max_size=19).map("".join)
    | st.from_regex(r"[0-9A-Z][0-9A-Z_/.E-]{3,41}\n?", fullmatch=True)
    | st.from_regex(r"1[0-9]{9,11}", fullmatch=True)
    | st.text(alphabet="赵钱孙李先生某户主之子无名氏〇㐀𠀀", min_size=1, max_size=5),
    max_size=12,
)


@pytest.mark.parametrize("field", sorted(PLAIN))
@given(cells=CELLS)
@SMALL
def test_a_plain_value_of_a_column_is_what_the_careful_reading_of_its_cell_gives(
    field: str, cells: list[str | None]
) -> None:
    texts = pa.array([None, *cells, None], pa.string()).slice(1, len(cells))
    plain = PLAIN[field](texts, ValueContext(AS_OF))
    assert plain.values.type == TYPES[field]
    assert set(plain.companions) <= set(COMPANIONS.get(field, {}))
    given_values = plain.values.to_pylist()
    for row, (cell, value) in enumerate(zip(cells, given_values, strict=True)):
        companions = {name: array[row].as_py() for name, array in plain.companions.items()}
        if value is None:
            assert set(companions.values()) <= {None}
            continue
        careful = NORMALISERS[field](cell, ValueContext(AS_OF))
        assert (value, ()) == (careful.value, careful.notes)
        assert companions == dict(careful.companions)


@pytest.mark.parametrize(
    ("field", "ordinary"),
    [
        ("id_number", ["99010419880312441" + calc_check_digit("990104198803124410")]),
        ("name", ["赵明远", "钱多"]),
        ("phone", ["13900000001"]),
        ("birth_on", ["1988-03-12", "1988/3/12"]),
        ("sampled_at", ["2022-08-29", "2022-08-29 18:21", "2022/8/29 8:21:05"]),
        ("tube_code", ["A001001060", "990104-0001"]),
    ],
)
def test_ordinary_values_are_plain(field: str, ordinary: list[str]) -> None:
    """Else it would be right and useless."""
    assert PLAIN[field](pa.array(ordinary), ValueContext(AS_OF)).values.null_count == 0


def test_every_day_of_birth_that_exists_is_found_and_no_other() -> None:
    numbers, days = [], []
    for year in (1892, 1899, 1900, 1999, 2000, 2020, 2021):
        for month in range(1, 13):
            for day in range(1, 32):
                number = f"990104{year}{month:02}{day:02}441"
                numbers.append(number + calc_check_digit(number + "0"))
                exists = day <= calendar.monthrange(year, month)[1]
                days.append(datetime(year, month, day).date() if exists else None)
    plain = PLAIN["id_number"](pa.array(numbers), ValueContext(AS_OF))
    assert plain.companions["birth_on_from_id"].to_pylist() == days


def test_words_that_are_no_names_are_told_by_their_last_two_characters() -> None:
    assert all(re.fullmatch("[\u4e00-\u9fff]{2}", word) for word in TELLING_ENDS)


_ENDS = st.sampled_from(["", "室"])


@given(st.sampled_from(_TELLING) | _MOMENTS | _DATES, st.sampled_from(["birth_on", "sampled_at", "ordered_at"]))
@settings(max_examples=1500, deadline=None, derandomize=True)
def test_plain_dates_are_what_reading_their_form_gives(text: str, field: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dates, "plain_moment", lambda text: None)
        by_form = NORMALISERS[field](text, ValueContext(AS_OF))
    assert NORMALISERS[field](text, ValueContext(AS_OF)) == by_form


_PLACES = st.lists(
    st.sampled_from(
        ["幸福小区", "中山路", "12号", "3号院", "10", "3", "A", "B2", "三", "组", "号", "弄", "第", "单", "门", "楼"]
    )
    | st.sampled_from(
        ["号楼", "栋", "幢", "座", "2单元", "2门", "1号门", "5层", "2楼", "-", "东户", "甲", "楼10", "2梯"]
    ),
    max_size=6,
).map("".join)


@given(before=_PLACES, word=st.sampled_from(["单元", "楼", "栋", "幢", "号楼"]), room=st.integers(100, 9999), end=_ENDS)
@settings(max_examples=1000, deadline=None, derandomize=True)
def test_the_flats_of_a_stairwell_are_read_as_each_would_be_alone(before: str, word: str, room: int, end: str) -> None:
    text = f"{before}{word}{room}{end}"
    assert parse_address(text) == _parse(text)
