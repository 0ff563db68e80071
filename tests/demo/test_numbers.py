"""Numbers have the right form and cannot belong to anybody."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric

from lianfang.demo import numbers

_MINT = numbers.IdentityMint(date(2022, 8, 30))
_days = st.integers(0, len(_MINT.days) - 1)
_serials = st.integers(0, 999)
_regions = st.integers(numbers.FIRST_REGION, numbers.FIRST_REGION + numbers.REGIONS - 1).map(str)


@settings(deadline=None, derandomize=True)
@given(_regions, _days, _serials)
def test_an_identity_number_passes_the_check_of_an_independent_library(region: str, day: int, serial: int) -> None:
    number = _MINT.number(region, day, serial)
    assert len(number) == 18
    assert ric.calc_check_digit(number) == number[-1]
    assert ric.get_birth_date(number) == date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    # The library knows every region that was ever given out; ours is none of them.
    assert not ric.is_valid(number)


def test_the_check_digit_agrees_with_the_published_example() -> None:
    assert numbers.check_digit("11010519491231002") == "X"


@settings(deadline=None, derandomize=True)
@given(_regions, _days, _serials, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_never_passes_the_check(region: str, day: int, serial: int, at: int, step: int) -> None:
    number = _MINT.number(region, day, serial)
    wrong = numbers.one_digit_wrong(number, at, step)
    assert sum(a != b for a, b in zip(number, wrong, strict=True)) == 1
    assert numbers.check_digit(wrong[:17]) != wrong[17]


def test_phones_have_the_form_of_mobiles_in_networks_given_to_no_operator() -> None:
    phones = [numbers.phone(number) for number in range(50_000)]
    assert len(set(phones)) == len(phones)
    assert {phone[:3] for phone in phones} == set(numbers.PHONE_PREFIXES)
    assert all(len(phone) == 11 and phone.isdigit() and phone[1] in "3456789" for phone in phones)


def test_the_fifteen_digit_form_exists_only_for_the_last_century() -> None:
    assert numbers.fifteen_digits("990000197106141997") == "990000710614199"
    assert numbers.fifteen_digits("990000201106141995") is None
