"""Days and instants, in every form that spreadsheets and people write.

A date is never guessed: where day and month could be exchanged and neither the column (``date_order``) nor
what is plausible on ``as_of`` decides, there is no value. A year of two digits is never a year of the first century.
Instants are local time of China (UTC+8), to the second; one written with another zone is converted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

import pyarrow as pa

from lianfang.engine.intake.values.cells import (
    EMPTY,
    NOT_UNDERSTOOD,
    PLACEHOLDER,
    folded,
    is_placeholder,
    number_text,
    without_repeats,
)
from lianfang.engine.intake.values.contract import Cell, Normaliser, Note, Reading, ValueContext
from lianfang.engine.intake.values.date_forms import LOCAL_ZONE, WrittenDate, splits_of, written_date
from lianfang.engine.intake.values.identity import QUOTE

NOT_A_DATE = Note("date_not_understood", "error")
AMBIGUOUS = Note("date_ambiguous", "error")
INCOMPLETE = Note("date_incomplete", "error")
IMPOSSIBLE = Note("date_impossible", "error")
TIME_ONLY = Note("time_without_date", "error")
NUMBER_AMBIGUOUS = Note("date_number_ambiguous", "error")
BIRTH_IN_FUTURE = Note("birth_in_future", "error")
BIRTH_TOO_EARLY = Note("birth_too_early", "error")
IN_THE_FUTURE = Note("in_the_future", "warning")
LONG_AGO = Note("implausibly_old", "warning")
SERIAL = Note("date_serial", "changed")
YEAR_SUPPLIED = Note("date_year_supplied", "changed")
TWO_DIGIT_YEAR = Note("date_two_digit_year", "changed")
TYPO_READ = Note("date_typo_read", "warning")
ZONE_CONVERTED = Note("zone_converted", "changed")
TIME_DROPPED = Note("time_dropped", "changed")

TOLERANCE = timedelta(minutes=10)
EVENT_YEARS = 5
OLDEST_BIRTH = 130
_EPOCH = datetime(1899, 12, 30)
_MIDNIGHT = time()
_PLAIN = re.compile(
    r"([12][0-9]{3})(?:[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日)"
    r"(?: ([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?"
).fullmatch
FIRST_YEAR, LAST_YEAR = 1850, 2150
# Where spreadsheets put a time of day that has no date.
_NO_DAY = frozenset((date(1899, 12, 30), date(1899, 12, 31), date(1904, 1, 1)))


class Bounds(NamedTuple):
    """What is plausible of a field. ``past`` facts cannot lie after as_of; ``birth`` reaches back 130 years."""

    past: bool
    birth: bool = False

    def undoubted(self, as_of: datetime) -> tuple[datetime, datetime]:
        """The first and the last moment that give no reason for doubt."""
        first = datetime(max(1, as_of.year - (OLDEST_BIRTH if self.birth else EVENT_YEARS)), 1, 1)
        if self.birth:
            return first, as_of
        return first, as_of + TOLERANCE if self.past else datetime.max


class _Read(NamedTuple):
    moment: datetime
    has_time: bool
    notes: tuple[Note, ...] = ()


def instant_normaliser(field: str, bounds: Bounds) -> Normaliser:
    """A normaliser to naive local instants; fills ``<field>_has_time``."""
    with_time: Mapping[str, bool] = {f"{field}_has_time": True}
    day_only: Mapping[str, bool] = {f"{field}_has_time": False}

    def read_instant(cell: Cell, context: ValueContext) -> Reading:
        if cell is None or cell == "":
            return EMPTY
        read = _read(cell, context, bounds)
        if isinstance(read, Reading):
            return read
        notes = (*read.notes, *_doubts(read, context, bounds))
        return Reading(read.moment, notes, with_time if read.has_time else day_only)

    return read_instant


def day_normaliser(bounds: Bounds) -> Normaliser:
    """A normaliser to days. A day of birth that cannot be is refused."""

    def read_day(cell: Cell, context: ValueContext) -> Reading:
        if cell is None or cell == "":
            return EMPTY
        read = _read(cell, context, bounds)
        if isinstance(read, Reading):
            return read
        notes = (*read.notes, *_doubts(read, context, bounds))
        if any(note.severity == "error" for note in notes):
            return Reading(None, without_repeats(notes))
        if read.has_time and read.moment.time() != _MIDNIGHT:
            notes = (*notes, TIME_DROPPED)
        return Reading(read.moment.date(), notes)

    return read_day


def instant_companions(field: str) -> Mapping[str, pa.DataType]:
    """The companion of an instant field: whether a time of day was given."""
    return {f"{field}_has_time": pa.bool_()}


def _doubts(read: _Read, context: ValueContext, bounds: Bounds) -> tuple[Note, ...]:
    first, last = bounds.undoubted(context.as_of)
    if read.moment > last:
        return (BIRTH_IN_FUTURE if bounds.birth else IN_THE_FUTURE,)
    if read.moment < first:
        return (BIRTH_TOO_EARLY if bounds.birth else LONG_AGO,)
    return ()


def _read(cell: Cell, context: ValueContext, bounds: Bounds) -> _Read | Reading:
    if isinstance(cell, datetime):
        return _from_datetime(cell)
    if isinstance(cell, date):
        return _from_datetime(datetime(cell.year, cell.month, cell.day))
    if isinstance(cell, (time, timedelta)):
        return Reading(None, (TIME_ONLY,))
    if isinstance(cell, bool):
        return NOT_UNDERSTOOD
    if isinstance(cell, (int, float)):
        return _from_number(cell, context, bounds)
    if isinstance(cell, str):
        return _from_text(cell, context, bounds)
    return NOT_UNDERSTOOD


def _from_datetime(moment: datetime) -> _Read | Reading:
    notes: tuple[Note, ...] = ()
    if moment.date() in _NO_DAY:
        return Reading(None, (TIME_ONLY,))
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        return Reading(None, (IMPOSSIBLE,))
    try:
        if moment.tzinfo is not None:
            local = moment.astimezone(LOCAL_ZONE)
            notes = (ZONE_CONVERTED,) if local.utcoffset() != moment.utcoffset() else ()
            moment = local.replace(tzinfo=None)
        if moment.microsecond:
            # Spreadsheets keep fractions of a day: 04:12:59.999998 is 04:13:00.
            moment = (moment + timedelta(microseconds=500_000)).replace(microsecond=0)
    except OverflowError:
        return Reading(None, (IMPOSSIBLE,))
    return _Read(moment, moment.time() != _MIDNIGHT, notes)


def _from_number(cell: float, context: ValueContext, bounds: Bounds) -> _Read | Reading:
    if not math.isfinite(cell):
        return NOT_UNDERSTOOD
    if 0 < cell < 1:
        return Reading(None, (TIME_ONLY,))
    digits = number_text(cell)
    if digits is None or cell <= 0:
        return Reading(None, (NOT_A_DATE,))
    if cell >= 10_000_000 or 190_000 <= cell < 210_013:
        # 20220830, or 202208.1 whose last zero, if it had one, a number does not keep.
        if digits[-2:] in (".1", ".2", ".3"):
            return Reading(None, (NUMBER_AMBIGUOUS,))
        return _from_text(digits, context, bounds)
    if 1900 <= cell < 2101:
        return Reading(None, (INCOMPLETE,))
    return _from_serial(cell, context, bounds)


def _from_serial(cell: float, context: ValueContext, bounds: Bounds) -> _Read | Reading:
    """A spreadsheet's count of days since 1899-12-30, where it falls into what is plausible."""
    lowest = 2_200 if bounds.birth else 36_526
    latest = (context.as_of - _EPOCH).days + (1 if bounds.past else 800)
    if not lowest <= cell <= latest + 1:
        return Reading(None, (NUMBER_AMBIGUOUS if 1 <= cell < 32 else NOT_A_DATE,))
    moment = _EPOCH + timedelta(seconds=round(cell * 86_400))
    return _Read(moment, moment.time() != _MIDNIGHT, (SERIAL,))


def _from_text(cell: str, context: ValueContext, bounds: Bounds) -> _Read | Reading:
    plain = plain_moment(cell)
    if plain is not None:
        return _Read(plain, plain.time() != _MIDNIGHT)
    text, found = folded(cell)
    notes = list(found)
    bare = text.strip("'’‘`´\"“”")
    if bare != text:
        notes.append(QUOTE)
    if not bare:
        return Reading(None, tuple(notes))
    if is_placeholder(bare):
        return PLACEHOLDER
    if serial := _serial_text(bare, bounds):
        read = _from_serial(serial, context, bounds)
        if isinstance(read, _Read):
            return read._replace(notes=(*notes, *read.notes))
    written = written_date(bare)
    if written is None:
        return Reading(None, (NOT_A_DATE,))
    day = _day_of(written, context, bounds)
    if isinstance(day, Note):
        return Reading(None, (day,))
    return _moment(day[0], written, [*notes, *day[1]])


def plain_moment(text: str) -> datetime | None:
    """2022-08-30, 2022/8/30 4:12, 2022年8月30日 and the like, which most files hold; None for anything else."""
    match = _PLAIN(text)
    if not match:
        return None
    year, month, day, named_month, named_day, hour, minute, second = match.groups("0")
    try:
        moment = datetime(
            int(year), int(month) or int(named_month), int(day) or int(named_day), int(hour), int(minute), int(second)
        )
    except ValueError:
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _serial_text(text: str, bounds: Bounds) -> float | None:
    head, _, tail = text.partition(".")
    if len(head) == 5 and head.isascii() and head.isdigit() and (not tail or tail.isdigit()) and tail.isascii():
        if bounds.birth and tail.strip("0"):
            return None
        return float(text)
    return None


def _moment(day: date, written: WrittenDate, notes: list[Note]) -> _Read | Reading:
    if written.clock is None:
        return _Read(datetime(day.year, day.month, day.day), False, without_repeats(notes))
    hour, minute, second = written.clock
    try:
        moment = datetime(day.year, day.month, day.day) + timedelta(hours=hour, minutes=minute, seconds=second)
        if written.offset is not None:
            local = moment.replace(tzinfo=written.offset).astimezone(LOCAL_ZONE).replace(tzinfo=None)
            if local != moment:
                notes = [*notes, ZONE_CONVERTED]
            moment = local
    except OverflowError:
        return Reading(None, (IMPOSSIBLE,))
    # Exports write a bare day as 00:00:00; only 24时 says midnight on purpose.
    return _Read(moment, moment.time() != _MIDNIGHT or hour == 24, without_repeats(notes))


def _day_of(written: WrittenDate, context: ValueContext, bounds: Bounds) -> tuple[date, list[Note]] | Note:
    if written.shape == "incomplete":
        return INCOMPLETE
    if written.shape == "time":
        return TIME_ONLY
    if written.shape == "ymd":
        return _ordered(written, context, bounds)
    if written.shape == "md":
        return _without_year(written, context, bounds)
    if written.shape == "typo":
        days = [day for numbers in splits_of(written.text) if (day := _date(*numbers))]
        if len(days) == 1 and _is_plausible(days[0], context, bounds):
            return days[0], [TYPO_READ]
        return AMBIGUOUS if days else NOT_A_DATE
    return _unordered(written, context, bounds)


def _ordered(written: WrittenDate, context: ValueContext, bounds: Bounds) -> tuple[date, list[Note]] | Note:
    year, month, day = written.numbers
    found = _date(_full_year(year, context, bounds) if written.two_digit_year else year, month, day)
    if found is None:
        return IMPOSSIBLE
    return found, [TWO_DIGIT_YEAR] if written.two_digit_year else []


def _full_year(year: int, context: ValueContext, bounds: Bounds) -> int:
    """The latest year with these last two digits that is plausible: 90 is 1990, 22 is 2022."""
    century = context.as_of.year - context.as_of.year % 100
    latest = context.as_of.year + (0 if bounds.past or bounds.birth else 1)
    return century + year if century + year <= latest else century - 100 + year


def _without_year(written: WrittenDate, context: ValueContext, bounds: Bounds) -> tuple[date, list[Note]] | Note:
    """8月30日: the last one not after as_of; for what may lie ahead, the nearest."""
    if bounds.birth:
        return INCOMPLETE
    month, day = written.numbers
    if written.text and context.date_order == "dmy":
        month, day = day, month
    today = context.as_of.date()
    around = [found for year in (-1, 0, 1) if (found := _date(context.as_of.year + year, month, day))]
    if bounds.past:
        # One day of grace: a clock may run ahead, and the year must not jump back for it.
        around = [found for found in around if found <= today + timedelta(days=1)]
    if not around:
        return IMPOSSIBLE
    return min(around, key=lambda found: abs(found - today)), [YEAR_SUPPLIED]


def _unordered(written: WrittenDate, context: ValueContext, bounds: Bounds) -> tuple[date, list[Note]] | Note:
    """Three numbers: those orders that give a date, then those that are plausible, must leave one day."""
    first, second, last = written.numbers
    notes: list[Note] = []
    orders: dict[str, tuple[int, int, int]] = {"dmy": (last, second, first), "mdy": (last, first, second)}
    if written.two_digit_year:
        orders["ymd"] = (first, second, last)
        notes = [TWO_DIGIT_YEAR]
    days: dict[str, date] = {}
    for order, (year, month, day) in orders.items():
        full = _full_year(year, context, bounds) if written.two_digit_year else year
        if found := _date(full, month, day):
            days[order] = found
    if not days:
        return IMPOSSIBLE
    if context.date_order in days:
        return days[context.date_order], notes
    plausible = {day for day in days.values() if _is_plausible(day, context, bounds)}
    remaining = plausible or set(days.values())
    return (remaining.pop(), notes) if len(remaining) == 1 else AMBIGUOUS


def _is_plausible(day: date, context: ValueContext, bounds: Bounds) -> bool:
    today = context.as_of.date()
    if bounds.birth:
        return day <= today and day.year + OLDEST_BIRTH >= today.year
    ahead = timedelta(days=1 if bounds.past else 400)
    return day <= today + ahead and day.year + EVENT_YEARS >= today.year


def _date(year: int, month: int, day: int) -> date | None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
