"""Numbers of identity documents: resident identity cards above all, then permits and passports.

Sources: GB 11643-1999 (18 digits, MOD 11-2 of ISO 7064), and docs/decisions/0003-identity-numbers.md for what
is accepted beyond it and where other validators disagree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import pyarrow as pa
from stdnum.cn import uscc
from stdnum.cn.ric import calc_check_digit

from lianfang.engine.intake.values.cells import (
    BECAME_DATE,
    EMPTY,
    NOT_UNDERSTOOD,
    PLACEHOLDER,
    SEVERAL_VALUES,
    folded,
    is_moment,
    is_placeholder,
    number_text,
    with_notes,
    without_repeats,
    words_in,
)
from lianfang.engine.intake.values.contract import Cell, Note, Reading, Value, ValueContext
from lianfang.engine.intake.values.masks import MASKED, MASKED_WHOLLY, last_digits, mask_runs, widened

COMPANIONS: Mapping[str, pa.DataType] = {
    "id_type": pa.string(),
    "id_is_valid": pa.bool_(),
    "id_mask": pa.string(),
    "birth_on_from_id": pa.date32(),
    "sex_from_id": pa.string(),
}
OLDEST = 130

DIGITS_LOST = Note("id_digits_lost", "error")
CHECK_DIGIT = Note("id_check_digit", "warning")
WRONG_DATE = Note("id_birth_date", "warning")
BORN_IN_FUTURE = Note("id_birth_in_future", "warning")
BORN_TOO_EARLY = Note("id_birth_too_early", "warning")
PROVINCE = Note("id_province_unknown", "warning")
WRONG_LENGTH = Note("id_length", "warning")
TOO_SHORT = Note("id_too_short", "error")
LETTER_FOR_DIGIT = Note("id_letter_for_digit", "warning")
CROSS_AS_X = Note("id_cross_read_as_x", "changed")
UPPER = Note("upper_cased", "changed")
SEPARATORS = Note("separators_removed", "changed")
QUOTE = Note("quote_removed", "changed")
DECIMAL = Note("decimal_removed", "changed")
UPGRADED = Note("id_upgraded", "changed")
WORDS_REMOVED = Note("words_removed", "changed")
EXTRA_TEXT = Note("extra_text_removed", "warning")
SUFFIX_REMOVED = Note("permit_issue_removed", "changed")
KIND_UNKNOWN = Note("id_kind_unknown", "warning")
IS_PHONE = Note("id_is_phone", "error")
OF_ORGANISATION = Note("id_of_organisation", "error")
EXPANDED = Note("scientific_expanded", "changed")

_RESIDENT = re.compile("[1-9][0-9]{16}[0-9X]").fullmatch
_MASKED_RESIDENT = re.compile("(?=.{18}$)[1-9][0-9]{2,5}[*]{8,14}[0-9]{1,3}[0-9X]").fullmatch
_OLD_RESIDENT = re.compile("[1-9][0-9]{14}").fullmatch
PROVINCES = frozenset(
    words_in("11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83")
)
# A foreigner's card begins with 9, a province and a nationality. No province begins with 9: 99 begins nobody's number
# and is what generated people have.
GENERATED = "99"
SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?E\+?(\d{1,3})").fullmatch
_SEPARATORS = re.compile(r"[\s\-‐‑‒–—―−─]+")
_QUOTES = "'’‘`´\"“”′"
_ENDS_DECIMAL = re.compile(r"\d+\.0+").fullmatch
_NEAR_RESIDENT = re.compile("[1-9OIL][0-9OIL]{13,17}[0-9XOIL]").fullmatch
_INSIDE = re.compile("(?<![0-9A-Z])(?:[1-9][0-9]{16}[0-9X]|[1-9][0-9]{14})(?![0-9A-Z])")

_KIND_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("passport", re.compile("护照|護照|PASSPORT")),
    ("taiwan_permit", re.compile("台胞|臺胞|台湾|臺灣|台灣|大陆通行证|大陸通行證|TAIWAN")),
    ("hk_macao_permit", re.compile("港澳|回乡证|回鄉證|内地通行证|內地通行證|HONG ?KONG")),
    ("foreigner_id", re.compile("永久居留|永居|外国人居留|外國人居留")),
    ("other", re.compile("军官|士兵|軍官|户口|戶口|出生证|出生医学|学号|工号")),
)
_RESIDENT_WORDS = re.compile("身份证|身份證|居民|公民身份|ID ?CARD|IDENTITY")
_LEADING_WORDS = re.compile(
    r"^[\[(]?(?:居民)?(?:身份证|身份證|公民身份|证件|證件|护照|護照|台胞证|台湾通行证|港澳通行证|回乡证|港澳台居住证|永居证|永久居留证|ID)"
    r"(?:号码|號碼|号|號|NO\.?)?[\])]?\s*[:：#]?\s*"
)
_TRAILING_WORDS = re.compile(r"[\[(](?:身份证|护照|護照|台胞证|港澳|回乡证|永居)[^\])]*[\])]$")
_MILITARY = re.compile("[\u4e00-\u9fff]{1,4}第?[0-9A-Z]{4,12}号?").fullmatch

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("hk_macao_permit", re.compile(r"[HM]\d{8}(?:\d{2})?")),
    ("foreigner_id", re.compile(r"[A-Z]{3}\d{12}")),
    ("passport", re.compile(r"E[A-Z]\d{7}|[EG]\d{8}|[DSP]E?\d{7,8}|1[45]\d{7}(?=P)")),
)


def read_id_number(cell: Cell, context: ValueContext) -> Reading:
    """Read the number of an identity document; see the module's docstring and ``COMPANIONS``.

    The value is null where the cell is empty, masked, not understood, or where digits were lost.
    """
    if type(cell) is str and _RESIDENT(cell) and calc_check_digit(cell) == cell[17]:
        # What nearly every cell is, without a detour: the rest is slower and says the same.
        born = day_of_birth(cell[6:14])
        year = context.as_of.year
        if born is not None and year - OLDEST <= born.year < year and (cell[0] == "9" or cell[:2] in PROVINCES):
            return Reading(cell, (), _facts(cell, born))
    return _read_any(cell, context)


def _kind(number: str) -> str:
    """Of 18 characters."""
    return "foreigner_id" if number[0] == "9" and not number.startswith(GENERATED) else "resident_id"


def _facts(number: str, born: date) -> dict[str, Value]:
    return {
        "id_type": _kind(number),
        "id_is_valid": True,
        "birth_on_from_id": born,
        "sex_from_id": "male" if number[16] in "13579" else "female",
    }


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
        if not digits.isdigit():
            return NOT_UNDERSTOOD
        if digits == "0":
            return PLACEHOLDER
        shown = last_digits(digits, context.label)
        if shown:
            return _masked("*" * (18 - len(shown)) + shown, [])
        return _document(digits, [], context, _kind_hint(context.label.upper()))
    assert isinstance(cell, str)
    if cell[-1] == "x" and _RESIDENT(cell[:-1] + "X"):
        return with_notes(_resident(cell[:-1] + "X", [], context), UPPER)
    if _MASKED_RESIDENT(cell):
        return Reading(None, (MASKED,), {"id_type": "resident_id", "id_mask": cell})
    return _read_text(cell, context)


def _read_text(cell: str, context: ValueContext) -> Reading:
    text, found = folded(cell)
    notes = list(found)
    bare = text.strip(_QUOTES + " ")
    if bare != text:
        notes.append(QUOTE)
    if not bare:
        return Reading(None, tuple(notes))
    if is_placeholder(bare) or bare == "0":
        return PLACEHOLDER
    upper = bare.upper()
    if upper != bare:
        notes.append(UPPER)
    hint = _kind_hint(upper) or _kind_hint(context.label.upper())
    number = _LEADING_WORDS.sub("", _TRAILING_WORDS.sub("", upper)) or upper
    if number != upper:
        notes.append(WORDS_REMOVED)
    if number[-1:] in "×Х✕╳" and number[:-1].isdigit():
        number = number[:-1] + "X"
        notes.append(CROSS_AS_X)
    shown = last_digits(upper, context.label)
    if shown:
        return _masked("*" * (18 - len(shown)) + shown, notes)
    runs = mask_runs(number)
    if runs is not None:
        return _masked(runs, notes)
    compact = _SEPARATORS.sub("", number)
    if compact != number:
        notes.append(SEPARATORS)
    return _number(compact, notes, context, hint, number)


def _number(compact: str, notes: list[Note], context: ValueContext, hint: str | None, with_spaces: str) -> Reading:
    scientific = SCIENTIFIC(compact)
    if scientific and ("." in compact or "+" in with_spaces or len(compact) <= 4):
        mantissa = scientific[1] + (scientific[2] or "")
        if len(mantissa) != int(scientific[3]) + 1 or len(mantissa) > 15:
            return Reading(None, (DIGITS_LOST,))
        compact = mantissa
        notes.append(EXPANDED)
    if _ENDS_DECIMAL(compact):
        compact = compact.partition(".")[0]
        if len(compact) > 15:
            return Reading(None, (DIGITS_LOST,))
        notes.append(DECIMAL)
    if not re.fullmatch("[0-9A-Z]+", compact):
        return _from_prose(with_spaces, notes, context)
    return _document(compact, notes, context, hint)


def _from_prose(text: str, notes: list[Note], context: ValueContext) -> Reading:
    """A number with other words around it: taken where exactly one whole number stands in the text."""
    inside = {match[0] for match in _INSIDE.finditer(text)}
    if len(inside) == 1:
        return _document(inside.pop(), [*notes, EXTRA_TEXT], context)
    if len(inside) > 1:
        return Reading(None, (SEVERAL_VALUES,))
    compact = _SEPARATORS.sub("", text).replace("(", "").replace(")", "")
    if re.fullmatch("[A-Z]{1,2}[0-9]{6}[0-9A]|[0-9]{10}[A-Z]", compact):
        return _document(compact, [*notes, SEPARATORS], context)
    if _MILITARY(compact):
        return _known("other", compact, notes)
    return NOT_UNDERSTOOD


def _document(number: str, notes: list[Note], context: ValueContext, hint: str | None = None) -> Reading:
    """``number`` is upper-case letters and digits."""
    if _RESIDENT(number):
        return _resident(number, notes, context)
    if hint not in (None, "resident_id") and re.fullmatch("[A-Z]{0,3}[0-9]{5,12}[A-Z]?[0-9]{0,3}", number):
        if hint == "hk_macao_permit":
            return _permit(number, notes)
        return _known(str(hint), number, notes)
    if _OLD_RESIDENT(number):
        return _old_resident(number, notes, context)
    for kind, form in _FORMS:
        if form.fullmatch(number):
            return _permit(number, notes) if kind == "hk_macao_permit" else _known(kind, number, notes)
    if len(number) == 18 and uscc.is_valid(number):
        return Reading(None, (OF_ORGANISATION,))
    if _NEAR_RESIDENT(number):
        letters = any(char in "OIL" for char in number)
        note = LETTER_FOR_DIGIT if letters else WRONG_LENGTH
        return _wrong(number, [*notes, note])
    if len(number) < 5:
        return Reading(None, (TOO_SHORT,))
    if number.isdigit():
        return _numeral(number, notes)
    if len(number) <= 15 and re.search("[0-9]", number):
        return _known("other", number, notes)
    return NOT_UNDERSTOOD


def _numeral(number: str, notes: list[Note]) -> Reading:
    """Digits only, of no length that says what they are: never called a resident's number."""
    if re.fullmatch("1[3-9][0-9]{9}", number):
        return Reading(None, (IS_PHONE,))
    if len(number) > 12:
        return _wrong(number, [*notes, WRONG_LENGTH])
    return Reading(number, without_repeats([*notes, KIND_UNKNOWN]))


def _resident(number: str, notes: list[Note], context: ValueContext) -> Reading:
    problems = _problems_of_birth(number[6:14], context)
    if calc_check_digit(number) != number[17]:
        if number.endswith("000"):
            # What a spreadsheet leaves of a number it stored: 15 digits and three zeros.
            return Reading(None, (DIGITS_LOST,))
        problems.insert(0, CHECK_DIGIT)
    if problems:
        return _wrong(number, [*notes, *problems])
    if number[0] != "9" and number[:2] not in PROVINCES:
        notes = [*notes, PROVINCE]
    born = date.fromisoformat(number[6:14])
    return Reading(number, without_repeats(notes), _facts(number, born))


def _old_resident(number: str, notes: list[Note], context: ValueContext) -> Reading:
    """15 digits, given out until 1999: the century and the check digit are put in."""
    problems = _problems_of_birth("19" + number[6:12], context)
    if problems:
        return _wrong(number, [*notes, *problems])
    longer = number[:6] + "19" + number[6:]
    return _resident(longer + calc_check_digit(longer + "0"), [*notes, UPGRADED], context)


def _problems_of_birth(digits: str, context: ValueContext) -> list[Note]:
    born = day_of_birth(digits)
    if born is None:
        return [WRONG_DATE]
    if born > context.as_of.date():
        return [BORN_IN_FUTURE]
    if born.year + OLDEST < context.as_of.year:
        return [BORN_TOO_EARLY]
    return []


def day_of_birth(digits: str) -> date | None:
    try:
        return date.fromisoformat(digits)
    except ValueError:
        return None


def _permit(number: str, notes: list[Note]) -> Reading:
    """The last two of eleven characters count how often the permit was issued; the nine before are the person's."""
    if len(number) == 11 and number[0] in "HM":
        return _known("hk_macao_permit", number[:9], [*notes, SUFFIX_REMOVED])
    return _known("hk_macao_permit", number, notes)


def _known(kind: str, number: str, notes: list[Note]) -> Reading:
    return Reading(number, without_repeats(notes), {"id_type": kind})


def _wrong(number: str, notes: list[Note]) -> Reading:
    """Kept as written, so that it can still be compared; never a key."""
    kind = _kind(number) if len(number) == 18 else "resident_id"
    return Reading(number, without_repeats(notes), {"id_type": kind, "id_is_valid": False})


def _masked(mask: str, notes: list[Note]) -> Reading:
    if not mask.strip("*"):
        return MASKED_WHOLLY
    shown = mask.replace("*", "")
    companions: dict[str, Value] = {"id_mask": mask}
    if shown[:1].isdigit() and re.fullmatch("[0-9]*X?", shown):
        companions = {"id_type": "resident_id", "id_mask": mask if len(mask) == 15 else widened(mask, 18)}
    return Reading(None, without_repeats([*notes, MASKED]), companions)


def kind_named(cell: Cell) -> str | None:
    """The words of a cell that names a kind of document other than the resident's card; None where it does not."""
    text = cell if isinstance(cell, str) else ""
    return text if text and _kind_hint(text.upper()) else None


@lru_cache(maxsize=4096)
def _kind_hint(text: str) -> str | None:
    """The one kind of document that ``text`` speaks of, if it speaks of one only."""
    kinds = [kind for kind, words in _KIND_WORDS if words.search(text)]
    if len(kinds) != 1 or _RESIDENT_WORDS.search(re.sub("港澳居民|台湾居民|臺灣居民", "", text)):
        return None
    return kinds[0]
