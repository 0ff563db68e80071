"""Telephone numbers: mobiles of 11 digits, landlines as area code-number, 400 numbers, foreign ones as +country.

Numbering plan of mainland China as it stood in 2022. A number of a wrong length is not read: it stays in the note.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa

from lianfang.engine.intake.values.cells import (
    BECAME_DATE,
    EMPTY,
    NOT_UNDERSTOOD,
    PLACEHOLDER,
    folded,
    is_moment,
    is_placeholder,
    number_text,
    without_repeats,
)
from lianfang.engine.intake.values.contract import Cell, Normaliser, Note, Reading, Value, ValueContext
from lianfang.engine.intake.values.identity import DECIMAL, EXPANDED, QUOTE, SCIENTIFIC, SEPARATORS
from lianfang.engine.intake.values.masks import MASKED, MASKED_WHOLLY, last_digits, mask_runs, widened

COMPANIONS: Mapping[str, pa.DataType] = {"phone_mask": pa.string(), "phone_other": pa.string()}

DIGITS_LOST = Note("phone_digits_lost", "error")
TOO_SHORT = Note("phone_too_short", "error")
TOO_LONG = Note("phone_too_long", "error")
UNKNOWN_FORM = Note("phone_not_understood", "error")
UNKNOWN_RANGE = Note("phone_range", "warning")
NO_AREA_CODE = Note("phone_no_area_code", "warning")
ZERO_RESTORED = Note("leading_zero_restored", "warning")
PREFIX_REMOVED = Note("phone_prefix_removed", "changed")
EXTENSION_REMOVED = Note("phone_extension_removed", "changed")
COUNTRY_CODE = Note("phone_country_code", "changed")
SECOND = Note("phone_second", "changed")
LEFT_OUT = Note("phones_left_out", "warning")
WORDS_REMOVED = Note("phone_words_removed", "changed")

_MOBILE = re.compile("1[3-9][0-9]{9}").fullmatch
_MASKED_MOBILE = re.compile("1[3-9][0-9][*]{4}[0-9]{4}").fullmatch
_MOBILE_OR_SO = re.compile("1[0-9]{10}").fullmatch
_LANDLINE = re.compile("(010|02[0-9]|0[3-9][0-9]{2})([2-9][0-9]{6,7})").fullmatch
_CANONICAL_LANDLINE = re.compile("(?:010|02[0-9]|0[3-9][0-9]{2})-[2-9][0-9]{6,7}").fullmatch
_SERVICE = re.compile("[48]00[0-9]{7}").fullmatch
_LOCAL = re.compile("[2-8][0-9]{6,7}").fullmatch
_HK_MACAO = re.compile("85[23][2-9][0-9]{7}").fullmatch
_FOREIGN = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
_BETWEEN = r"[\s\-‐‑‒–—―−─.·()]*"
_PREFIX = re.compile(r"\(?(?:\+|00)?86\)?" + _BETWEEN + r"(?=\(?0?1[3-9]|\(?0[1-9])")
_JOINED = re.compile(_BETWEEN)
_EXTENSION = re.compile(r"(?:转|轉|分机|分機|EXT\.?|X|#|-)\s*([0-9]{1,6})$")
_PART = re.compile(
    rf"(?<![0-9+])(?:\(?(?:\+|00)?86\)?{_BETWEEN})?"
    rf"(?:0?1[3-9][0-9](?:{_BETWEEN}[0-9]){{8}}|\(?0[1-9][0-9]{{1,2}}\)?{_BETWEEN}[2-9](?:-?[0-9]){{6,7}}"
    rf"|[48]00(?:{_BETWEEN}[0-9]){{7}}|\+[1-9](?:{_BETWEEN}[0-9]){{6,14}})(?![0-9])"
)
_WORDS = re.compile(r"[^0-9*+]{0,40}").fullmatch
_LEADING_WORDS = re.compile(r"^(?:[^0-9+*(]{1,12}[:：]|手机|电话|手機|電話|TEL|MOBILE|PHONE)[:：.]?\s*", re.IGNORECASE)


def phone_normaliser(*, with_companions: bool) -> Normaliser:
    """A normaliser of phone cells. ``with_companions``: the mask and a second number fill ``COMPANIONS``."""

    def read_phone(cell: Cell, context: ValueContext) -> Reading:
        if type(cell) is str and _MOBILE(cell):
            return Reading(cell)
        if type(cell) is float and 1.3e10 <= cell < 2e10 and cell.is_integer():
            return Reading(str(int(cell)))
        reading = _read_any(cell, context)
        if reading.companions and not with_companions:
            return Reading(reading.value, reading.notes)
        return reading

    return read_phone


def _read_any(cell: Cell, context: ValueContext) -> Reading:
    if cell is None or cell == "":
        return EMPTY
    if is_moment(cell):
        return BECAME_DATE
    if isinstance(cell, bool):
        return NOT_UNDERSTOOD
    if isinstance(cell, (int, float)):
        digits = number_text(cell)
        if digits is None:
            return Reading(None, (DIGITS_LOST,)) if abs(cell) >= 1 else NOT_UNDERSTOOD
        return _read_number(digits, context)
    assert isinstance(cell, str)
    if _MASKED_MOBILE(cell):
        return Reading(None, (MASKED,), {"phone_mask": cell})
    return _read_text(cell, context)


def _read_number(digits: str, context: ValueContext) -> Reading:
    if digits == "0":
        return PLACEHOLDER
    if not digits.isdigit():
        return NOT_UNDERSTOOD
    shown = last_digits(digits, context.label)
    if shown:
        return _masked("*" * (11 - len(shown)) + shown, [])
    landline = _LANDLINE("0" + digits)
    if landline and not _MOBILE_OR_SO(digits) and not _HK_MACAO(digits) and not _SERVICE(digits):
        return Reading(f"{landline[1]}-{landline[2]}", (ZERO_RESTORED,))
    return _whole(digits, [])


def _read_text(cell: str, context: ValueContext) -> Reading:
    text, found = folded(cell)
    notes = list(found)
    bare = text.strip("'’‘`´\"“”′ ")
    if bare != text:
        notes.append(QUOTE)
    if not bare:
        return Reading(None, tuple(notes))
    if is_placeholder(bare) or bare == "0":
        return PLACEHOLDER
    bare = bare.upper()
    shown = last_digits(bare, context.label)
    if shown and shown.isdigit():
        return _masked("*" * (11 - len(shown)) + shown, notes)
    if _FOREIGN(bare) and not bare.startswith("+86"):
        return Reading(bare, tuple(notes))
    if _CANONICAL_LANDLINE(bare):
        return Reading(bare, tuple(notes))
    stripped = _LEADING_WORDS.sub("", bare)
    if stripped != bare and stripped:
        notes.append(WORDS_REMOVED)
        bare = stripped
    prefix = _PREFIX.match(bare)
    without = bare[prefix.end() :] if prefix else bare
    mask = mask_runs(_JOINED.sub("", without) if "..." not in without else without)
    if mask is not None:
        return _masked(mask, [*notes, PREFIX_REMOVED] if prefix else notes)
    scientific = SCIENTIFIC(bare)
    if scientific:
        mantissa = scientific[1] + (scientific[2] or "")
        if len(mantissa) != int(scientific[3]) + 1 or len(mantissa) > 15:
            return Reading(None, (DIGITS_LOST,))
        return _whole(mantissa, [*notes, EXPANDED])
    if re.fullmatch(r"[0-9]{5,15}\.0+", bare):
        return _whole(bare.partition(".")[0], [*notes, DECIMAL])
    return _written(bare, without, notes)


def _written(text: str, without: str, notes: list[Note]) -> Reading:
    digits = _JOINED.sub("", without)
    if digits.isdigit() and (len(digits) < 14 or without == text):
        if digits != without:
            notes = [*notes, SEPARATORS]
        if without != text:
            notes = [*notes, PREFIX_REMOVED]
        reading = _whole(digits, notes)
        if reading.value is not None:
            return reading
    parts = list(_PART.finditer(text))
    if not parts:
        return _without_extension(text, digits, notes)
    between = _PART.sub("|", text)
    extension = _EXTENSION.search(between)
    if extension and len(parts) == 1:
        notes = [*notes, EXTENSION_REMOVED]
        between = between[: extension.start()]
    if not _WORDS(between):
        return Reading(None, (UNKNOWN_FORM,))
    if re.search("[\u4e00-\u9fffA-Z]", between):
        notes = [*notes, WORDS_REMOVED]
    return _several([_one(part[0]) for part in parts], notes)


def _without_extension(text: str, digits: str, notes: list[Note]) -> Reading:
    """A number that is whole only once an extension is taken off: 83345678转801."""
    extension = _EXTENSION.search(text)
    if extension and not digits.isdigit():
        reading = _whole(_JOINED.sub("", text[: extension.start()]), [*notes, EXTENSION_REMOVED])
        if reading.value is not None:
            return reading
    return Reading(None, (_wrong_length(digits) if digits.isdigit() else UNKNOWN_FORM,))


def _several(readings: list[Reading], notes: list[Note]) -> Reading:
    values = list(dict.fromkeys(reading.value for reading in readings if reading.value is not None))
    for reading in readings:
        notes = [*notes, *reading.notes]
    if not values:
        return Reading(None, without_repeats(notes) or (UNKNOWN_FORM,))
    companions: dict[str, Value] = {}
    if len(values) > 1:
        companions = {"phone_other": values[1]}
        notes = [*notes, SECOND]
    if len(values) > 2:
        notes = [*notes, LEFT_OUT]
    return Reading(values[0], without_repeats(notes), companions)


def _one(text: str) -> Reading:
    prefix = _PREFIX.match(text)
    notes = [PREFIX_REMOVED] if prefix else []
    rest = text[prefix.end() :] if prefix else text
    digits = _JOINED.sub("", rest)
    if digits.startswith("+"):
        return Reading(digits)
    return _whole(digits, [*notes, SEPARATORS] if digits != rest else notes)


def _whole(digits: str, notes: list[Note]) -> Reading:
    """``digits`` without separators or the country's own prefix."""
    value = digits
    more: list[Note] = []
    if digits.startswith("86") and _MOBILE(digits[2:]):
        value, more = digits[2:], [PREFIX_REMOVED]
    elif digits.startswith("0") and _MOBILE(digits[1:]):
        value, more = digits[1:], [PREFIX_REMOVED]
    elif not _MOBILE(digits):
        return _not_mobile(digits, notes)
    return Reading(value, without_repeats([*notes, *more]))


def _not_mobile(digits: str, notes: list[Note]) -> Reading:
    if landline := _LANDLINE(digits):
        # Only digits without the dash: told apart by the area code, nothing else changes.
        return Reading(f"{landline[1]}-{landline[2]}", without_repeats([*notes, SEPARATORS]))
    if _SERVICE(digits):
        return Reading(digits, without_repeats(notes))
    if digits.startswith("00") and _FOREIGN("+" + digits[2:]) and not digits.startswith("0086"):
        return Reading("+" + digits[2:], without_repeats([*notes, COUNTRY_CODE]))
    if _HK_MACAO(digits):
        return Reading("+" + digits, without_repeats([*notes, COUNTRY_CODE]))
    if _MOBILE_OR_SO(digits):
        return Reading(digits, without_repeats([*notes, UNKNOWN_RANGE]))
    if _LOCAL(digits):
        return Reading(digits, without_repeats([*notes, NO_AREA_CODE]))
    return Reading(None, (_wrong_length(digits),))


def _wrong_length(digits: str) -> Note:
    if digits.startswith("86") and len(digits) > 11:
        digits = digits[2:]
    if len(digits) < 11:
        return TOO_SHORT
    return TOO_LONG if len(digits) > 11 else UNKNOWN_FORM


def _masked(mask: str, notes: list[Note]) -> Reading:
    if not mask.strip("*"):
        return MASKED_WHOLLY
    if not re.fullmatch("[0-9*]+", mask):
        return Reading(None, (UNKNOWN_FORM,))
    if mask[0] in "1*":
        mask = widened(mask, 11)
    return Reading(None, without_repeats([*notes, MASKED]), {"phone_mask": mask})
