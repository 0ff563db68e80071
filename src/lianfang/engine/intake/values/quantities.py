"""Counts and measures: age, doses, people in a household or a tube, temperature, amounts."""

from __future__ import annotations

import math
import re
from datetime import time, timedelta

from lianfang.engine.intake.values.cells import (
    BECAME_DATE,
    EMPTY,
    NOT_A_NUMBER,
    NOT_UNDERSTOOD,
    PLACEHOLDER,
    folded,
    is_moment,
    is_placeholder,
    without_repeats,
    words_in,
)
from lianfang.engine.intake.values.contract import Cell, Normaliser, Note, Reading, ValueContext
from lianfang.engine.intake.values.numerals import NUMERAL, chinese_number

OUT_OF_RANGE = Note("number_out_of_range", "error")
FRACTION_DROPPED = Note("fraction_dropped", "changed")
UNIT_REMOVED = Note("measure_removed", "changed")
NUMERAL_READ = Note("chinese_numeral_read", "changed")
COMMA_READ = Note("decimal_comma_read", "changed")
IMPLAUSIBLE_TEMPERATURE = Note("temperature_implausible", "warning")
RATIO_BECAME_TIME = Note("ratio_became_time", "warning")

_SPACES = re.compile(r"\s+")
_NUMBER = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)").fullmatch
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?").fullmatch
_WITH_UNIT = re.compile(rf"([+-]?[0-9]+(?:\.[0-9]+)?|{NUMERAL}+)([^0-9.,+-].*)?").fullmatch
_AGE = re.compile(
    r"(?:满|约)?([0-9]{1,3})(?:\.[0-9]+)?(?:周岁|岁|歲|虚岁|YEARS?(?:OLD)?|Y)?(?:半|零?[0-9]{1,2}个?月)?"
).fullmatch
_UNDER_ONE = re.compile(
    r"(?:[0-9]{1,2}(?:\.[0-9])?个?月(?:零?[0-9]{1,2}天)?|[0-9]{1,3}(?:天|日龄)"
    r"|新生儿|未满月|不满1?一?周?岁|未满1?一?周?岁|[0-9]{1,2}周龄)大?"
).fullmatch
_TEMPERATURE = re.compile(r"([0-9]{1,3})(?:[.,。·]([0-9]{1,2})|度([0-9]{1,2}))?(?:℃|°C|C|度|摄氏度|°)?").fullmatch
_RATIO = re.compile(
    rf"([0-9]{{1,2}}|{NUMERAL}{{1,3}})(?:人|个)?[:/混合比](?:1|一)(?:混采|混检|混样|管)?|1:([0-9]{{1,2}})"
).fullmatch
_PER_TUBE = re.compile(
    rf"(?:每管)?([0-9]{{1,2}}|{NUMERAL}{{1,3}})(?:人份?|个|样|采|人次)?(?:/管|每管|一管|管|混采|混检|混样|混)?"
).fullmatch
_SINGLE = frozenset(words_in("单管 单采 单检 单人单管 单人 单样 单人单采 单采单检 SINGLE 單管 單採 单"))
_HOUSEHOLD = frozenset(words_in("一户一管 户管 按户 家庭管 HOUSEHOLD 一戶一管 一家一管"))
_CIRCLED = {chr(0x2460 + number): str(number + 1) for number in range(20)}


def _text_of(cell: Cell) -> Reading | tuple[str, tuple[Note, ...]]:
    """Text to be read as a number; a finished reading where there is none."""
    if cell is None or cell == "":
        return EMPTY
    if is_moment(cell):
        return BECAME_DATE
    if isinstance(cell, bool):
        return NOT_UNDERSTOOD
    if isinstance(cell, (int, float)):
        if not math.isfinite(cell) or abs(cell) >= 1e15:
            return NOT_A_NUMBER
        return (str(int(cell)) if float(cell).is_integer() else format(cell, ".15f").rstrip("0").rstrip("."), ())
    assert isinstance(cell, str)
    text, notes = folded(cell)
    if not text:
        return Reading(None, notes)
    if is_placeholder(text):
        return PLACEHOLDER
    return _SPACES.sub("", text).strip("'’‘\"").upper(), notes


def _number(text: str) -> tuple[float, list[Note]] | None:
    """The number of ``text``, and what was dropped around it."""
    if text in _CIRCLED:
        return float(_CIRCLED[text]), []
    if _THOUSANDS(text):
        text = text.replace(",", "")
    if plain := _NUMBER(text):
        return float(plain[1]), []
    match = _WITH_UNIT(text.removeprefix("第"))
    if not match:
        return None
    notes = [UNIT_REMOVED] if match[2] or text.startswith("第") else []
    if match[1][0].isdigit() or match[1][0] in "+-":
        return float(match[1]), notes
    number = chinese_number(match[1])
    return None if number is None else (float(number), [*notes, NUMERAL_READ])


def count_normaliser(lowest: int, highest: int, units: str = "") -> Normaliser:
    """A normaliser to whole numbers of ``lowest`` to ``highest``; only ``units`` (a pattern) may follow."""
    after = re.compile(units).fullmatch if units else None
    words = {"未接种": 0, "未打": 0} if lowest == 0 else {}

    def read_count(cell: Cell, context: ValueContext) -> Reading:
        started = _text_of(cell)
        if isinstance(started, Reading):
            return started
        text, found = started
        if text in words:
            return Reading(words[text], found)
        number = _number(text)
        if number is None:
            return NOT_A_NUMBER
        value, notes = number
        if UNIT_REMOVED in notes:
            rest = re.sub(rf"^第?(?:[+-]?[0-9.]+|{NUMERAL}+)", "", text)
            if after is None or not after(rest):
                return NOT_A_NUMBER
        if not value.is_integer():
            return NOT_A_NUMBER
        if not lowest <= value <= highest:
            return Reading(None, (OUT_OF_RANGE,))
        return Reading(int(value), without_repeats([*found, *notes]))

    return read_count


def read_age(cell: Cell, context: ValueContext) -> Reading:
    """Age in whole years, 0–130. Months and days alone are 0."""
    started = _text_of(cell)
    if isinstance(started, Reading):
        return started
    text, found = started
    if _UNDER_ONE(text):
        return Reading(_months(text) // 12, without_repeats([*found, FRACTION_DROPPED]))
    match = _AGE(text)
    years = int(match[1]) if match else chinese_number(text.rstrip("岁歲"))
    if years is None:
        return Reading(None, (OUT_OF_RANGE,)) if _NUMBER(text) else NOT_A_NUMBER
    if years > 130:
        return Reading(None, (OUT_OF_RANGE,))
    notes = list(found)
    if text != str(years):
        notes.append(FRACTION_DROPPED if re.search(r"[.半月]", text) else UNIT_REMOVED)
    return Reading(years, without_repeats(notes))


def _months(text: str) -> int:
    found = re.match(r"([0-9]+)(?:\.[0-9])?个?月", text)
    return int(found[1]) if found else 0


def read_temperature(cell: Cell, context: ValueContext) -> Reading:
    """Body temperature in degrees Celsius; what no body has is kept with a warning."""
    started = _text_of(cell)
    if isinstance(started, Reading):
        return started
    text, found = started
    match = _TEMPERATURE(text) if isinstance(cell, str) else None
    notes = list(found)
    if match:
        value = float(f"{match[1]}.{match[2] or match[3] or 0}")
        if "," in text or "。" in text:
            notes.append(COMMA_READ)
        elif not _NUMBER(text):
            notes.append(UNIT_REMOVED)
    elif _NUMBER(text):
        value = float(text)
    else:
        return NOT_A_NUMBER
    if not 30 <= value <= 45:
        notes.append(IMPLAUSIBLE_TEMPERATURE)
    return Reading(value, without_repeats(notes))


def read_amount(cell: Cell, context: ValueContext) -> Reading:
    """An amount with decimals; a unit behind it is dropped with a note."""
    started = _text_of(cell)
    if isinstance(started, Reading):
        return started
    number = _number(started[0].lstrip("¥￥"))
    if number is None or (isinstance(cell, str) and re.search(r"[0-9][^0-9.,]+[0-9]", started[0])):
        return NOT_A_NUMBER
    return Reading(number[0], without_repeats([*started[1], *number[1]]))


def read_tube_capacity(cell: Cell, context: ValueContext) -> Reading:
    """How many people a tube may hold, 1–30; 0 for a household's tube. 10:1, 10混1, 10人/管, 单管, 一户一管."""
    if isinstance(cell, (time, timedelta)):
        return _from_time(cell)
    if cell in context.codes and isinstance(cell, str):
        cell = context.codes[cell]
    started = _text_of(cell)
    if isinstance(started, Reading):
        return started
    text, found = started
    if text in _SINGLE:
        return Reading(1, found)
    if text in _HOUSEHOLD:
        return Reading(0, found)
    bare = re.sub("^(?:混采|混检|混管|混样)", "", text).strip(":()[]")
    match = _RATIO(bare) or _PER_TUBE(bare) or _RATIO(re.sub(r"[(\[].*[)\]]$", "", bare))
    if not match:
        return NOT_A_NUMBER
    given = next(group for group in match.groups() if group)
    number = int(given) if given.isdigit() else chinese_number(given)
    if number is None or not 0 <= number <= 30:
        return Reading(None, (OUT_OF_RANGE,))
    return Reading(number, without_repeats([*found, *([] if given == text else [UNIT_REMOVED])]))


def _from_time(cell: time | timedelta) -> Reading:
    """10:1 typed into a spreadsheet becomes one minute past ten: nothing else in this column can."""
    if isinstance(cell, time):
        hours, rest = cell.hour, (cell.minute, cell.second)
    else:
        hours, seconds = divmod(int(cell.total_seconds()), 3600)
        rest = divmod(seconds, 60)
    if rest == (1, 0) and 1 <= hours <= 23:
        return Reading(hours, (RATIO_BECAME_TIME,))
    return BECAME_DATE
