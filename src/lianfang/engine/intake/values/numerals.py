"""Chinese numerals as people write them on doors and in dates: 十二, 廿三, 三〇一, 二〇二二, 三百零一."""

from __future__ import annotations

import re

_DIGITS = {
    **{char: value for value, char in enumerate("〇一二三四五六七八九")},
    **{char: value for value, char in enumerate("零壹贰叁肆伍陆柒捌玖")},
    **{char: value for value, char in enumerate("零壹貳參肆伍陸柒捌玖")},
    "○": 0,
    "◯": 0,
    "两": 2,
    "兩": 2,
}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_JOINED = str.maketrans({"廿": "二十", "卅": "三十", "念": "二十"})

NUMERAL = "[〇零○◯一二两兩三四五六七八九十百千廿卅]"
_IS_NUMERAL = re.compile("[〇零○◯一二两兩三四五六七八九十百千廿卅壹贰貳叁參肆伍陆陸柒捌玖拾佰仟]+").fullmatch


def chinese_number(text: str) -> int | None:
    """The whole number that ``text`` writes in Chinese numerals, or None where it writes none.

    Digits without 十, 百, 千 are read one by one (三〇一 is 301), as on doors and in years.
    """
    if not _IS_NUMERAL(text):
        return None
    text = text.translate(_JOINED)
    if not any(char in _TENS for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    return _with_tens(text)


def _with_tens(text: str) -> int | None:
    total = 0
    digit: int | None = None
    last = 10_000
    for char in text:
        weight = _TENS.get(char)
        if weight is None:
            value = _DIGITS[char]
            if digit not in (None, 0):
                return None
            digit = value
            continue
        if weight >= last:
            return None
        total += weight * (1 if digit is None or (digit == 0 and total) else digit)
        last, digit = weight, None
    return total + (digit or 0)


def arabic_number(text: str) -> str | None:
    """``text`` as Arabic digits without leading zeros where it is a number in either script."""
    if text.isascii() and text.isdigit():
        return text.lstrip("0") or "0"
    number = chinese_number(text)
    return None if number is None else str(number)
