"""Number plates of vehicles of mainland China: GA 36-2018 and what is older and still on the road."""

from __future__ import annotations

import re

from lianfang.engine.intake.values.cells import (
    EMPTY,
    PLACEHOLDER,
    SEVERAL_VALUES,
    folded,
    is_placeholder,
    without_repeats,
)
from lianfang.engine.intake.values.contract import Cell, Note, Reading, ValueContext
from lianfang.engine.intake.values.identity import SEPARATORS, UPPER, WORDS_REMOVED

NOT_A_PLATE = Note("plate_not_understood", "error")
LETTER_FOR_DIGIT = Note("plate_letter_for_digit", "warning")

_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SERIAL = "[A-HJ-NP-Z0-9]"
_PLATE = (
    rf"[{_PROVINCE}][A-HJ-Z]{_SERIAL}{{4}}[A-HJ-NP-Z0-9挂学警港澳试超领]"  # ordinary, coach, police, Hong Kong, Macao
    rf"|[{_PROVINCE}][A-HJ-Z][A-HJK]{_SERIAL}[0-9]{{4}}"  # small new-energy vehicle
    rf"|[{_PROVINCE}][A-HJ-Z][0-9]{{5}}[A-HJK]"  # large new-energy vehicle
    rf"|[{_PROVINCE}][A-HJ-Z]?[0-9]{{4,5}}领|[0-9]{{6}}使|使[0-9]{{6}}"  # consulate, embassy
    rf"|[{_PROVINCE}]X?[A-Z0-9]{{3,5}}应急"  # fire and rescue
    rf"|WJ[{_PROVINCE}]?[0-9]{{4}}[0-9A-Z]"  # armed police
    rf"|[VKHBSLJNGCEZ][A-Z][0-9]{{5}}"  # army
    rf"|民航[0-9A-Z]{{5}}"
)
_IS_PLATE = re.compile(_PLATE).fullmatch
_WITH_LETTERS = re.compile(rf"[{_PROVINCE}][A-HJ-Z](?:[A-Z0-9]{{5,6}}|[A-Z0-9]{{4}}[挂学警港澳试超领])").fullmatch
_SEPARATORS = re.compile(r"[\s·•・‧∙⋅.\-—–_*]+")
_WORDS = re.compile(r"^(?:车牌|车号|車牌|牌照)(?:号码?|號碼?)?[:：]?|[(\[][^)\]]*[)\]]$|(?:小型|轿车|汽车|私家车)$")
_SEVERAL = re.compile(r"[\s/、,;，；\n]+")


def read_plate(cell: Cell, context: ValueContext) -> Reading:
    """A number plate: province, letters, digits without dot or spaces."""
    if cell is None or cell == "":
        return EMPTY
    if not isinstance(cell, str):
        return Reading(None, (NOT_A_PLATE,))
    if _IS_PLATE(cell):
        return Reading(cell)
    text, found = folded(cell)
    if not text:
        return Reading(None, found)
    if is_placeholder(text) or text in ("无车", "無車", "步行"):
        return PLACEHOLDER
    notes = list(found)
    plate = text.upper()
    if plate != text:
        notes.append(UPPER)
    bare = _WORDS.sub("", plate)
    if bare != plate:
        notes.append(WORDS_REMOVED)
    compact = _SEPARATORS.sub("", bare)
    if compact != bare:
        notes.append(SEPARATORS)
    if _IS_PLATE(compact):
        return Reading(compact, without_repeats(notes))
    if len([part for part in _SEVERAL.split(bare) if _IS_PLATE(_SEPARATORS.sub("", part))]) > 1:
        return Reading(None, (SEVERAL_VALUES,))
    return _with_letters(compact, notes)


def _with_letters(plate: str, notes: list[Note]) -> Reading:
    """I and O are never given out behind the first letter, so there they can only be 1 and 0."""
    if _WITH_LETTERS(plate):
        digits = plate[:2] + plate[2:].replace("O", "0").replace("I", "1")
        if _IS_PLATE(digits):
            return Reading(digits, without_repeats([*notes, LETTER_FOR_DIGIT]))
    return Reading(None, (NOT_A_PLATE,))
