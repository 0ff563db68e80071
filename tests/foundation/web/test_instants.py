from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import timezone

from lianfang.foundation.web.instants import instant_of


def test_an_instant_without_a_zone_is_of_the_clock_of_this_place() -> None:
    assert instant_of(" 2022-08-30T03:10 ") == timezone.make_aware(datetime(2022, 8, 30, 3, 10))


def test_a_day_alone_is_its_first_moment() -> None:
    assert instant_of("2022-08-30") == timezone.make_aware(datetime(2022, 8, 30))


@pytest.mark.parametrize(
    "text", ["", "x", "2022-02-30T00:00", "2022-08-30T25:61", "0001-01-01T00:00", "9999-12-31T23:59"]
)
def test_what_is_no_instant_is_none_and_no_error(text: str) -> None:
    assert instant_of(text) is None
