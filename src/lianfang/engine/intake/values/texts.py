"""Free text, names of places and things, and the codes on tubes and boxes."""

from __future__ import annotations

import re

from lianfang.engine.intake.values.cells import (
    BECAME_DATE,
    EMPTY,
    NOT_UNDERSTOOD,
    PLACEHOLDER,
    SPACES_REMOVED,
    cell_text,
    folded,
    is_moment,
    is_placeholder,
    number_text,
    without_repeats,
)
from lianfang.engine.intake.values.contract import Cell, Note, Reading, ValueContext
from lianfang.engine.intake.values.identity import DECIMAL, QUOTE, SCIENTIFIC, UPPER
from lianfang.engine.intake.values.vocabularies import BY_CODE, declared

CODE_DIGITS_LOST = Note("code_digits_lost", "error")
UNDECLARED = Note("code_undeclared_kept", "warning")
STARS_REMOVED = Note("barcode_stars_removed", "changed")

_PLAIN_TEXT = re.compile("[\u4e00-\u9fff]{1,40}").fullmatch
_PLAIN_CODE = re.compile("[0-9A-Z][0-9A-Z_/.-]{4,40}").fullmatch
_CHINESE_SPACE = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_SCIENTIFIC_TEXT = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]{1,3}|[0-9]\.[0-9]+E[0-9]{1,3}").fullmatch


def read_text(cell: Cell, context: ValueContext) -> Reading:
    """Text as given: folded, trimmed, its punctuation kept; a declared code is replaced by its meaning."""
    if cell is None or cell == "":
        return EMPTY
    if context.codes:
        meaning = declared(cell, context)
        if meaning is not None:
            return Reading(meaning, (BY_CODE,))
    text = cell_text(cell)
    if text is None:
        return Reading(None, (CODE_DIGITS_LOST,))
    bare, notes = folded(text, keep_punctuation=True)
    if not bare:
        return Reading(None, notes)
    return Reading(bare, notes)


def read_statement(cell: Cell, context: ValueContext) -> Reading:
    """An answer in words (有/无/…): as ``read_text``, but a bare number without a code table is pointed out."""
    reading = read_text(cell, context)
    if isinstance(reading.value, str) and reading.value.isdigit() and BY_CODE not in reading.notes:
        return Reading(reading.value, (*reading.notes, UNDECLARED))
    return reading


def read_place_name(cell: Cell, context: ValueContext) -> Reading:
    """A name of a place, an institution or a person at work: folded, without spaces inside Chinese words."""
    if type(cell) is str and _PLAIN_TEXT(cell) and not is_placeholder(cell):
        return Reading(cell)
    reading = read_text(cell, context)
    if not isinstance(reading.value, str):
        return reading
    if is_placeholder(reading.value):
        return PLACEHOLDER
    joined = _CHINESE_SPACE.sub("", reading.value)
    if joined != reading.value:
        return Reading(joined, without_repeats([*reading.notes, SPACES_REMOVED]))
    return reading


def read_code(cell: Cell, context: ValueContext) -> Reading:
    """A barcode or a number that names something: upper case, no spaces. A number of over 15 digits has lost some."""
    if type(cell) is str and _PLAIN_CODE(cell) and not _SCIENTIFIC_TEXT(cell):
        return Reading(cell) if not cell.endswith(".0") else _decimal(cell, [])
    if cell is None or cell == "":
        return EMPTY
    if is_moment(cell):
        return BECAME_DATE
    if isinstance(cell, bool):
        return NOT_UNDERSTOOD
    if isinstance(cell, (int, float)):
        digits = number_text(cell)
        if digits is None:
            return Reading(None, (CODE_DIGITS_LOST,)) if abs(cell) >= 1 else NOT_UNDERSTOOD
        return Reading(digits) if digits.isdigit() else NOT_UNDERSTOOD
    assert isinstance(cell, str)
    return _code_text(cell)


def _code_text(cell: str) -> Reading:
    text, found = folded(cell)
    notes = list(found)
    bare = text.strip("'’‘`´\"“” ")
    if bare != text:
        notes.append(QUOTE)
    if not bare:
        return Reading(None, tuple(notes))
    if is_placeholder(bare):
        return PLACEHOLDER
    if len(bare) > 2 and bare[0] == bare[-1] == "*":
        bare = bare.strip("*")
        notes.append(STARS_REMOVED)
    compact = re.sub(r"\s+", "", bare)
    if compact != bare:
        notes.append(SPACES_REMOVED)
    code = compact.upper()
    if code != compact:
        notes.append(UPPER)
    if not code:
        return NOT_UNDERSTOOD
    if _SCIENTIFIC_TEXT(code):
        match = SCIENTIFIC(code)
        mantissa = match[1] + (match[2] or "") if match else ""
        if match and len(mantissa) == int(match[3]) + 1 and len(mantissa) <= 15:
            return Reading(mantissa, without_repeats(notes))
        return Reading(None, (CODE_DIGITS_LOST,))
    return _decimal(code, notes)


def _decimal(code: str, notes: list[Note]) -> Reading:
    if re.fullmatch(r"[0-9]{2,}\.0", code):
        digits = code[:-2]
        if len(digits) > 15:
            return Reading(None, (CODE_DIGITS_LOST,))
        return Reading(digits, without_repeats([*notes, DECIMAL]))
    return Reading(code, without_repeats(notes))
