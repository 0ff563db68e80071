"""Numbers and times as people read them, in the language of the request."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone

from lianfang.foundation.web.language import t

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def number(value: float | None, digits: int = 0) -> str:
    """1,234.5; an absent number reads "unknown"."""
    return t("web.unknown") if value is None else f"{value:,.{digits}f}"


def percent(part: float | None, whole: float | None, digits: int = 1) -> str:
    """``part`` of ``whole``. One missing person in 100,000 is not "100 %": rounding never reaches an end."""
    if part is None or not whole:
        return t("web.unknown")
    step = 10.0**-digits
    share = round(100 * part / whole, digits)
    if share >= 100 and part < whole:
        share = 100 - step
    if share <= 0 < part:
        share = step
    return f"{share:.{0 if share in (0, 100) else digits}f}%"


def local(instant: datetime) -> datetime:
    """In the time zone of the installation."""
    at: datetime = timezone.localtime(instant)
    return at


def day(on: date) -> str:
    """A day, with its year where that is not this year."""
    month = t(f"web.month.m{on.month}")
    if on.year == timezone.localdate().year:
        return t("web.when.day", month=month, day=on.day)
    return t("web.when.day_of_year", year=on.year, month=month, day=on.day)


def clock(at: datetime) -> str:
    """Day and time by the 24-hour clock; today's day is left out."""
    time_of_day = at.strftime("%H:%M")
    if at.date() == timezone.localdate():
        return t("web.when.today_at", time=time_of_day)
    return t("web.when.at", day=day(at.date()), time=time_of_day)


def age(at: datetime) -> str:
    """How long ago, or how long until, in the largest unit that fits."""
    seconds = (timezone.now() - at).total_seconds()
    direction = "ago" if seconds >= 0 else "ahead"
    seconds = abs(seconds)
    if seconds < MINUTE:
        return t(f"web.age.{direction}_now")
    for unit, size, until in (("minutes", MINUTE, HOUR), ("hours", HOUR, 2 * DAY)):
        if seconds < until:
            return t(f"web.age.{direction}_{unit}", count=int(seconds // size))
    return t(f"web.age.{direction}_days", count=int(seconds // DAY))


def size(count: int) -> str:
    """Bytes as a file manager shows them."""
    value = float(count)
    for unit in ("B", "KB", "MB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GB"


def who(name: str) -> str:
    """The name of whoever did something; a part of the system has none that a reader would know."""
    return t("web.word.system") if name.startswith("system:") else name
