from __future__ import annotations

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lianfang.engine.linkage.names import (
    SOFTENED_SQL,
    compare_names,
    masked_level_sql,
    name_key,
    softened_pinyin,
    spoken,
)


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("张伟", "张伟", "same"),
        ("张*", "张伟", "masked"),
        ("张*", "张小明", "masked"),
        ("张**", "张伟", "different"),
        ("*伟", "张伟", "masked"),
        ("张*明", "张小明", "masked"),
        ("张*", "李伟", "different"),
        ("张伟", "张玮", "sounds"),
        ("曾志强", "增志强", "sounds"),
        ("侯明", "候明", "sounds"),
        ("王未", "王末", "looks"),
        ("李己", "李巳", "looks"),
        ("明王", "王明", "order"),
        ("weiwang", "王伟", "sounds"),
        ("王小明", "王小刚", "one_off"),
        ("王小明", "王明", "one_off"),
        ("李宁", "李灵", "surname"),
        ("王强", "李娜", "different"),
    ],
)
def test_names_are_compared_the_way_a_clerk_would(a, b, level):
    assert compare_names(a, b) == level
    assert compare_names(b, a) == level


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("张　伟", "张伟"),
        ("买买提·艾力", "买买提艾力"),
        ("张×", "张*"),
        ("张某某", "张**"),
        ("WANG Wei", "wangwei"),
        ("  ", None),
    ],
)
def test_a_name_is_compared_without_spaces_dots_and_capitals(given, key):
    assert name_key(given) == key


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("张*", "张*", "masked"),
        ("张**", "张*辰", "masked"),
        ("张*", "张*辰", "different"),
        ("张*", "张**", "different"),
        ("张*辰", "张*明", "different"),
        ("*伟", "张*", "masked"),
        ("p*********n", "parksoyeon", "masked"),
        ("p*************n", "parksoyeon", "different"),
        ("p*********n", "parksoyeok", "different"),
    ],
)
def test_a_masked_name_fits_only_what_its_visible_characters_and_length_allow(a, b, level):
    assert compare_names(a, b) == level
    assert compare_names(b, a) == level


_KEYS = st.text("张伟明*ab", min_size=1, max_size=5)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_KEYS, _KEYS)
def test_masked_names_are_compared_in_sql_as_elsewhere(a, b):
    assume("*" in a or "*" in b)
    [(level,)] = duckdb.execute(f"SELECT {masked_level_sql('x', 'y')} FROM (SELECT ? AS x, ? AS y)", [a, b]).fetchall()
    assert level == compare_names(a, b)


@pytest.mark.parametrize("name", ["曾志强", "林刚", "郑长生", "单*", "*伟", "weiwang", "翟晓梅", "宁更生"])
def test_sounds_folded_in_sql_are_those_of_softened_pinyin(name):
    whole, first = spoken(name)
    expected = [
        softened_pinyin(name) if "*" not in name else None,
        softened_pinyin(name[0]) if name[0] != "*" else None,
    ]
    sql = f"SELECT {SOFTENED_SQL.format(sound='s')} FROM (SELECT ?::VARCHAR AS s)"
    assert [duckdb.execute(sql, [sound]).fetchall()[0][0] for sound in (whole, first)] == expected
