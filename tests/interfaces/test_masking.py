from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.interfaces.masking import mask_apart, mask_identities, mask_identity, mask_phone, mask_within
from tests.interfaces.answers import identity

DIGITS = st.text("0123456789X", min_size=1, max_size=20)


def test_an_identity_number_keeps_its_first_and_last_four_characters() -> None:
    assert mask_identity("99010119900101123X") == "9*************123X"


@pytest.mark.parametrize(
    ("number", "masked"), [("E12345678", "E****5678"), ("A123", "A**3"), ("12", "**"), (None, None)]
)
def test_short_numbers_are_masked_too(number: str | None, masked: str | None) -> None:
    assert mask_identity(number) == masked


@given(DIGITS)
def test_masking_keeps_the_length_and_never_shows_more_than_five_characters(number: str) -> None:
    masked = mask_identity(number)
    assert masked is not None
    assert len(masked) == len(number)
    assert sum(character != "*" for character in masked) <= 5


def test_the_place_where_two_numbers_differ_can_be_seen() -> None:
    assert mask_apart(["990101199001011234", "990101199007011234"]) == ["9**********1**1234", "9**********7**1234"]


def test_a_number_with_a_digit_too_many_shows_the_digit() -> None:
    assert mask_apart(["990101199001011234", "9901011990701011234"]) == ["9*************1234", "9*********7****1234"]


def test_numbers_that_are_simply_different_stay_masked() -> None:
    one, other = identity(1), identity(4711)
    assert mask_apart([one, other]) == [mask_identity(one), mask_identity(other)]


@given(st.lists(DIGITS, min_size=2, max_size=4))
def test_where_numbers_differ_no_more_than_a_slip_is_unmasked(numbers: list[str]) -> None:
    for number, shown in zip(numbers, mask_apart(numbers), strict=True):
        assert shown is not None
        assert len(shown) == len(number)
        assert sum(character != "*" for character in shown) <= 9
        assert all(a in (b, "*") for a, b in zip(shown, number, strict=True))


def test_a_phone_keeps_three_and_four_digits() -> None:
    assert mask_phone("19900001234") == "199****1234"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("身份证990101199001011234有误", "身份证9*************1234有误"),
        ("990101 19900101 123X", "9***************123X"),
        ("电话19900001234", "电话19900001234"),
        ("3号楼2单元301", "3号楼2单元301"),
        (None, None),
    ],
)
def test_identity_numbers_inside_free_text_are_masked_and_phones_are_not(text: str | None, masked: str | None) -> None:
    assert mask_within(text) == masked


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.lists(st.none() | st.text(st.sampled_from("0123456789X*王𠀀"), max_size=22)))
def test_a_column_of_numbers_is_masked_like_each_number_by_itself(numbers: list[str | None]) -> None:
    assert mask_identities(pa.array(numbers, pa.string())).to_pylist() == [mask_identity(one) for one in numbers]
