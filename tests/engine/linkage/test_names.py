from __future__ import annotations

import pytest

from lianfang.engine.linkage.names import compare_names, name_key


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
