"""Plain values, read by the column: what nearly every cell is, told in one pass over all of them.

The careful normalisers look at one cell at a time and can read nearly anything. Most cells need none of that: a
number of 18 digits whose check digit is right, eleven digits of a mobile phone, two to four Chinese characters, a day
as 2022-08-30. ``PLAIN[field]`` finds these in a column of texts and gives what the field's normaliser gives for them:
the same value, the same companions, and no note. Whatever it leaves null is for the normaliser.

It may leave out what it likes, but never differ: ``tests/engine/intake/values/test_plain.py`` holds that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.intake.values.contract import ValueContext
from lianfang.engine.intake.values.dates import Bounds, plain_moment
from lianfang.engine.intake.values.identity import GENERATED, OLDEST, PROVINCES
from lianfang.engine.intake.values.names import NOT_NAMES, TELLING_ENDS
from lianfang.engine.tables import DAY, INSTANT

_MOBILE = "^1[3-9][0-9]{9}$"
_NAME = "^[\u4e00-\u9fff]{2,4}$"
_NO_PLAIN_NAME = "某|(?:" + "|".join(sorted(map(re.escape, TELLING_ENDS))) + ")$"
_CODE = "^[0-9A-Z][0-9A-Z_/.-]{4,40}$"
_NO_PLAIN_CODE = r"[.]0$|^[0-9](?:[.][0-9]+)?E[0-9]{1,3}$"
_ROW_NUMBER = "^[0-9]{1,15}$"
_RESIDENT = "^[1-9][0-9]{16}[0-9X]$"
_CLOCK = "^(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?$"
_CHECK_CHARACTERS = pa.array(list("10X98765432"))
_EPOCH = date(1970, 1, 1).toordinal()
_WEIGHTS = tuple(2 ** (17 - place) % 11 for place in range(17))


@dataclass(frozen=True, slots=True)
class Plain:
    """What was read of a column: arrays as long as it, null where a cell is not plain."""

    values: pa.Array
    companions: Mapping[str, pa.Array] = field(default_factory=dict)


PlainReader = Callable[[pa.StringArray, ValueContext], Plain]


def _kept(texts: pa.StringArray, are_plain: pa.BooleanArray) -> pa.StringArray:
    return pc.if_else(are_plain, texts, pa.scalar(None, pa.string()))


def plain_phones(texts: pa.StringArray, context: ValueContext) -> Plain:
    """Mobiles of eleven digits."""
    return Plain(_kept(texts, pc.match_substring_regex(texts, _MOBILE)))


def plain_names(texts: pa.StringArray, context: ValueContext) -> Plain:
    """Two to four Chinese characters that are no word for something else."""
    others = pc.or_(pc.is_in(texts, pa.array(sorted(NOT_NAMES))), pc.match_substring_regex(texts, _NO_PLAIN_NAME))
    return Plain(_kept(texts, pc.and_not(pc.match_substring_regex(texts, _NAME), others)))


def plain_codes(texts: pa.StringArray, context: ValueContext) -> Plain:
    """Digits and capital letters that are no number of a spreadsheet."""
    others = pc.match_substring_regex(texts, _NO_PLAIN_CODE)
    return Plain(_kept(texts, pc.and_not(pc.match_substring_regex(texts, _CODE), others)))


def plain_row_numbers(texts: pa.StringArray, context: ValueContext) -> Plain:
    """Digits, where no table says that they are codes."""
    if context.codes:
        return Plain(pa.nulls(len(texts), pa.string()))
    return Plain(_kept(texts, pc.match_substring_regex(texts, _ROW_NUMBER)))


def plain_id_numbers(texts: pa.StringArray, context: ValueContext) -> Plain:
    """Residents' numbers of 18 digits with a right check digit, a known province and a plausible day of birth."""
    numbers = _kept(texts, pc.match_substring_regex(texts, _RESIDENT))
    nines = pc.starts_with(numbers, "9")
    foreign = pc.and_not(nines, pc.starts_with(numbers, GENERATED))
    placed = pc.or_(nines, pc.is_in(pc.utf8_slice_codeunits(numbers, 0, 2), pa.array(sorted(PROVINCES))))
    last = pc.utf8_slice_codeunits(numbers, 17, 18)
    right = pc.equal(_check_characters(pc.utf8_slice_codeunits(numbers, 0, 17).cast(pa.int64())), last)
    born = _births(pc.utf8_slice_codeunits(numbers, 6, 14).cast(pa.int32()), context.as_of.year)
    are_plain = pc.and_(pc.and_(right, placed), born.is_valid())
    male = pc.is_in(pc.utf8_slice_codeunits(numbers, 16, 17), pa.array(list("13579")))
    companions = {
        "id_type": pc.if_else(foreign, "foreigner_id", "resident_id"),
        "id_is_valid": pc.is_valid(numbers),
        "birth_on_from_id": born,
        "sex_from_id": pc.if_else(male, "male", "female"),
    }
    return Plain(
        _kept(numbers, are_plain),
        {name: pc.if_else(are_plain, one, pa.scalar(None, one.type)) for name, one in companions.items()},
    )


def _births(digits: pa.Int32Array, this_year: int) -> pa.Date32Array:
    """The days that 19880312 and the like name, from the year in which the oldest were born to last year; else null."""
    years_and_months = pc.divide(digits, 100)
    years = pc.divide(years_and_months, 100)
    months = pc.subtract(years_and_months, pc.multiply(years, 100))
    days = pc.subtract(digits, pc.multiply(years_and_months, 100))
    first = max(1, this_year - OLDEST)
    inside = pc.and_(
        pc.and_(pc.greater_equal(years, first), pc.less(years, this_year)),
        pc.and_(pc.greater_equal(months, 1), pc.less_equal(months, 12)),
    )
    number = pc.add(pc.multiply(pc.subtract(years, first), 12), pc.subtract(months, 1))
    number = pc.if_else(inside, number, pa.scalar(None, pa.int32()))
    starts, lengths = _months(first, this_year)
    exists = pc.and_(pc.greater_equal(days, 1), pc.less_equal(days, lengths.take(number)))
    born = pc.add(starts.take(number), pc.subtract(days, 1))
    return pc.if_else(exists, born, pa.scalar(None, born.type)).cast(pa.int32()).cast(DAY)


@cache
def _months(first: int, end: int) -> tuple[pa.Int32Array, pa.Int32Array]:
    """For each month of the years ``first`` to before ``end``: its first day (days since 1970), and how many it has."""
    starts = [date(year, month, 1).toordinal() - _EPOCH for year in range(first, end) for month in range(1, 13)]
    starts.append(date(end, 1, 1).toordinal() - _EPOCH)
    lengths = [after - start for start, after in pairwise(starts)]
    return pa.array(starts[:-1], pa.int32()), pa.array(lengths, pa.int32())


def _check_characters(seventeen: pa.Int64Array) -> pa.StringArray:
    """The check character of each number of 17 digits (MOD 11-2 of ISO 7064); three digits at a time."""
    left, total = seventeen, None
    for table in _sums_of_three():
        higher = pc.divide(left, 1000)
        part = table.take(pc.subtract(left, pc.multiply(higher, 1000)))
        total = part if total is None else pc.add(total, part)
        left = higher
    rest = pc.subtract(total, pc.multiply(pc.divide(total, 11), 11))
    return _CHECK_CHARACTERS.take(rest)


@cache
def _sums_of_three() -> tuple[pa.Int16Array, ...]:
    """For the last three digits, those before them, and so on: the weighted sum of each 000 to 999."""
    weights = (0, *_WEIGHTS)
    threes = [weights[end - 3 : end] for end in range(len(weights), 0, -3)]
    return tuple(
        pa.array([x * a + y * b + z * c for x in range(10) for y in range(10) for z in range(10)], pa.int16())
        for a, b, c in threes
    )


def _by_distinct(texts: pa.StringArray, read: Callable[[str], object], kind: pa.DataType) -> pa.Array:
    """``read`` of every text, called once for each different one; null for null."""
    encoded = texts.dictionary_encode()
    return pa.array([read(text) for text in encoded.dictionary.to_pylist()], kind).take(encoded.indices)


def plain_instants(name: str, bounds: Bounds) -> PlainReader:
    """Days as 2022-08-30 or 2022/8/30, with a time of day or without, that cause no doubt."""

    def read(texts: pa.StringArray, context: ValueContext) -> Plain:
        moments = _moments(texts, context, bounds)
        seconds = moments.cast(pa.int64())
        has_time = pc.not_equal(pc.subtract(seconds, pc.multiply(pc.divide(seconds, _DAY_SECONDS), _DAY_SECONDS)), 0)
        return Plain(moments, {f"{name}_has_time": has_time})

    return read


def plain_days(bounds: Bounds) -> PlainReader:
    """The same where only the day counts: those without a time of day."""

    def read(texts: pa.StringArray, context: ValueContext) -> Plain:
        days = _by_distinct(
            _kept(texts, pc.invert(pc.match_substring(texts, " "))),
            lambda text: _undoubted(plain_moment(text), bounds.undoubted(context.as_of)),
            INSTANT,
        )
        return Plain(days.cast(DAY))

    return read


_DAY_SECONDS = 86_400


def _undoubted(moment: datetime | None, between: tuple[datetime, datetime]) -> datetime | None:
    return moment if moment is not None and between[0] <= moment <= between[1] else None


def _moments(texts: pa.StringArray, context: ValueContext, bounds: Bounds) -> pa.TimestampArray:
    """Day and time of day are read apart: a night has some thousand different times, but few days."""
    parts = pc.split_pattern(texts, " ", max_splits=1)
    firsts = parts.offsets.slice(0, len(texts))
    pieces = parts.values
    counts = pc.list_value_length(parts)
    none = pa.scalar(None, pa.int32())
    day_texts = pieces.take(pc.if_else(pc.is_valid(counts), firsts, none))
    clock_texts = pieces.take(pc.if_else(pc.equal(counts, 2), pc.add(firsts, 1), none))
    days = _by_distinct(day_texts, plain_moment, INSTANT)
    clocks = _seconds(clock_texts)
    whole = pc.add(days.cast(pa.int64()), pc.if_else(pc.equal(counts, 1), pa.scalar(0, pa.int64()), clocks))
    moments = whole.cast(INSTANT)
    first, last = bounds.undoubted(context.as_of)
    sure = pc.and_(pc.greater_equal(moments, first), pc.less_equal(moments, last))
    return pc.if_else(sure, moments, pa.scalar(None, INSTANT))


def _seconds(clocks: pa.StringArray) -> pa.Int64Array:
    """The second of the day that 4:12, 04:12 and 04:12:30 name; else null."""
    plain = _kept(clocks, pc.match_substring_regex(clocks, _CLOCK))
    short = pc.equal(pc.find_substring(plain, ":"), 1)
    before = pc.if_else(short, "1970-01-01 0", "1970-01-01 ")
    return pc.binary_join_element_wise(before, plain, "").cast(INSTANT).cast(pa.int64())


def plain_readers(
    names: Iterable[str], phones: Iterable[str], codes: Iterable[str], days: Mapping[str, Bounds],
    instants: Mapping[str, Bounds],
) -> dict[str, PlainReader]:  # fmt: skip
    """A reader for each of the fields whose plain values are told by the column."""
    return {
        **dict.fromkeys(names, plain_names),
        **dict.fromkeys(phones, plain_phones),
        **dict.fromkeys(codes, plain_codes),
        **{name: plain_days(bounds) for name, bounds in days.items()},
        **{name: plain_instants(name, bounds) for name, bounds in instants.items()},
        "id_number": plain_id_numbers,
        "row_no": plain_row_numbers,
    }
