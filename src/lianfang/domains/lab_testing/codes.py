"""Codes that Lianfang prints: tube labels and pre-registration codes, each with a check character (ISO 7064 mod 37,36).

A misread label is noticed before somebody's swab is booked on another tube. Codes of other makers are taken as
they are. A pre-registration code carries a keyed mark: who knows one code cannot work out the neighbour's.
"""

from __future__ import annotations

import hmac
import re

from stdnum.iso7064 import mod_37_36

from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.foundation.privacy.numbers import blind_index

LONGEST = 30
MOST_IN_RANGE = 2_000
_TUBE = re.compile(r"[A-Z][A-Z0-9]{0,7}-[0-9]{6}[A-Z0-9]")
# No I and no O, which are read as digits: 24 letters, six of them are 27 bits that nobody has without the key.
_MARK_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_MARK_LENGTH = 6
_OWN = re.compile(r"LF([PH])([0-9]{6,18})([A-HJ-NP-Z]{6})([A-Z0-9])")
_COUNTED = re.compile(r"(.*?)([0-9]+)")
_PREFIX = re.compile(r"[A-Z][A-Z0-9]{0,7}")
_ANY_TUBE = re.compile(r"[0-9A-Z][0-9A-Z./_-]{3,29}")


def tidy(text: str) -> str:
    """A scanned or typed code as it is stored: full-width characters and spaces as scanners and people make them."""
    folded = "".join(chr(ord(sign) - 0xFEE0) if "！" <= sign <= "～" else sign for sign in text)
    return re.sub(r"\s+", "", folded).upper()


def tube_code(prefix: str, serial: int) -> str:
    """``R3-0000127``: prefix, six digits, check character. Raises RefusedError for a prefix that cannot be printed."""
    if not _PREFIX.fullmatch(prefix):
        raise RefusedError("code_prefix", prefix=prefix)
    return f"{prefix}-{serial:06d}{mod_37_36.calc_check_digit(f'{prefix}{serial:06d}')}"


def looks_like_our_tube(code: str) -> bool:
    return bool(_TUBE.fullmatch(code))


def check_tube_code(text: str) -> str:
    """The tidied code. Raises RefusedError where it cannot be a tube's, or its check character says that it was
    misread."""
    code = tidy(text)
    if not _ANY_TUBE.fullmatch(code):
        raise RefusedError("tube_code", code=text.strip()[:40])
    if looks_like_our_tube(code) and not mod_37_36.is_valid(code.replace("-", "")):
        raise RefusedError("tube_check_character", code=code)
    return code


def person_code(person_id: int) -> str:
    """Pre-registration code of a person (预登记码): says nothing about the person to whoever finds it, and cannot be
    worked out from another's."""
    return _own_code("P", person_id)


def household_code(household_id: int) -> str:
    """The same for a whole household, for household tubes."""
    return _own_code("H", household_id)


def _own_code(letter: str, number: int) -> str:
    body = f"LF{letter}{number:06d}{_mark(letter, number)}"
    return f"{body}{mod_37_36.calc_check_digit(body)}"


def _mark(letter: str, number: int) -> str:
    index = blind_index("own_code", f"{letter}{number}")
    assert index is not None
    left = int.from_bytes(index[:8], "big")
    signs = []
    for _ in range(_MARK_LENGTH):
        left, sign = divmod(left, len(_MARK_LETTERS))
        signs.append(_MARK_LETTERS[sign])
    return "".join(signs)


def read_own_code(text: str) -> tuple[str, int] | None:
    """("P" or "H", id) of a pre-registration code; None for any other text.

    Raises RefusedError where it has the form of one and the check character does not fit, or the mark is not ours:
    misread, or made up.
    """
    code = tidy(text)
    found = _OWN.fullmatch(code)
    if found is None:
        return None
    letter, number = found[1], int(found[2])
    if not mod_37_36.is_valid(code) or not hmac.compare_digest(found[3], _mark(letter, number)):
        raise RefusedError("own_check_character", code=code)
    return letter, number


def expand_range(first: str, last: str) -> list[str]:
    """Labels from ``first`` to ``last``: of equal length, counted up in their last digits.

    Raises RefusedError where they do not make a range, or one of more than MOST_IN_RANGE.
    """
    start, end = check_tube_code(first), check_tube_code(last)
    if looks_like_our_tube(start) and looks_like_our_tube(end):
        return _our_range(start, end)
    low, high = _COUNTED.fullmatch(start), _COUNTED.fullmatch(end)
    if low is None or high is None or low[1] != high[1] or len(low[2]) != len(high[2]) or int(low[2]) > int(high[2]):
        raise RefusedError("range", first=start, last=end)
    width = len(low[2])
    return [f"{low[1]}{number:0{width}d}" for number in _numbers(int(low[2]), int(high[2]))]


def _our_range(start: str, end: str) -> list[str]:
    (prefix, low), (same, high) = (code[:-1].split("-") for code in (start, end))
    if prefix != same or low > high:
        raise RefusedError("range", first=start, last=end)
    return [tube_code(prefix, serial) for serial in _numbers(int(low), int(high))]


def _numbers(low: int, high: int) -> range:
    if high - low >= MOST_IN_RANGE:
        raise RefusedError("range_too_long", count=high - low + 1, most=MOST_IN_RANGE)
    return range(low, high + 1)
