from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone, translation

from lianfang.foundation.web import wording


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, "0%"), (10, 10, "100%"), (1, 3, "33.3%"), (99_999, 100_000, "99.9%"), (1, 100_000, "0.1%"),
        (None, 10, "不详"), (3, None, "不详"), (0, 0, "不详"), (12, 10, "120.0%"),
    ],
)  # fmt: skip
def test_a_percentage_never_reads_all_or_nothing_unless_it_is(part: float, whole: float, text: str) -> None:
    assert wording.percent(part, whole) == text


def test_an_absent_number_reads_unknown_and_never_zero() -> None:
    assert wording.number(None) == "不详"
    assert wording.number(0) == "0"
    assert wording.number(1234567) == "1,234,567"


@pytest.mark.parametrize(
    ("ago", "text", "english"),
    [
        (timedelta(seconds=20), "刚刚", "just now"),
        (timedelta(minutes=3, seconds=59), "3 分钟前", "3 min ago"),
        (timedelta(hours=47), "47 小时前", "47 h ago"),
        (timedelta(days=11), "11 天前", "11 d ago"),
        (timedelta(hours=-24, seconds=-30), "24 小时后", "in 24 h"),
    ],
)
def test_an_age_is_told_in_the_largest_unit_that_fits(ago: timedelta, text: str, english: str) -> None:
    at = timezone.now() - ago
    assert wording.age(at) == text
    with translation.override("en"):
        assert wording.age(at) == english


def test_a_time_is_local_by_the_24_hour_clock() -> None:
    # The fixed day is 2022-08-30 03:10 UTC, 11:10 in Shanghai.
    assert wording.clock(wording.local(datetime(2022, 8, 29, 20, 12, tzinfo=UTC))) == "今天 04:12"
    assert wording.clock(wording.local(datetime(2022, 8, 28, 15, 59, tzinfo=UTC))) == "8月28日 23:59"
    assert wording.clock(wording.local(datetime(2021, 12, 31, 15, 0, tzinfo=UTC))) == "2021年12月31日 23:00"
    with translation.override("en"):
        assert wording.day(date(2021, 3, 5)) == "5 Mar 2021"


def test_sizes_read_as_in_a_file_manager() -> None:
    sizes = (0, 900, 1536, 30_000_000, 5 * 1024**3)
    assert [wording.size(count) for count in sizes] == ["0 B", "900 B", "1.5 KB", "29 MB", "5.0 GB"]
