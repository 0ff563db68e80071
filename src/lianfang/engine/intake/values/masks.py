"""Numbers with hidden digits: 138****1234, 610104********690X, ****1234, 后四位1234.

A mask is written with one * for each hidden character. Where only the last characters are shown, how many
were hidden is not: the mask is then as long as a whole number (18 for identity numbers, 11 for mobile phones), so
that masks of one kind compare position by position.
"""

from __future__ import annotations

import re

from lianfang.engine.intake.values.contract import Note, Reading
from lianfang.engine.intake.values.numerals import chinese_number

MASKED = Note("masked", "changed")
MASKED_WHOLLY = Reading(None, (Note("masked_wholly", "changed"),))

_HIDDEN = re.compile("[*•●■□○◯◎☆★✱∗×#_]+|X{2,}|\\?{2,}|[.]{2,}|…+|-{3,}|—{2,}")
_SHOWN_AND_HIDDEN = re.compile(r"[0-9A-Z]{0,17}(?:\*+[0-9A-Z]{0,17})+").fullmatch
_LAST_DIGITS = re.compile(
    "(?:后|後|末|尾)([0-9一二三四五六七八九])(?:位|码|碼|个)|尾号|尾號|末位|LAST ?([0-9])", re.IGNORECASE
)
_SPACES = re.compile(r"\s+")


def mask_runs(text: str) -> str | None:
    """``text`` (folded, upper-case) with every hidden run written in *, or None where nothing is hidden."""
    compact = _SPACES.sub("", text)
    if not _HIDDEN.search(compact):
        return None
    mask = _HIDDEN.sub(lambda run: "*" * len(run[0]), compact).replace("-", "")
    return mask if _SHOWN_AND_HIDDEN(mask) else None


def widened(mask: str, length: int) -> str:
    """``mask`` with its hidden run as long as it must be for a whole number of ``length`` characters.

    People type a few stars for many. Left as it is where several runs are hidden or it is longer.
    """
    first, last = mask.find("*"), mask.rfind("*")
    shown = len(mask) - (last - first + 1)
    if first < 0 or "*" * (last - first + 1) != mask[first : last + 1] or shown >= length:
        return mask
    return mask[:first] + "*" * (length - shown) + mask[last + 1 :]


def last_digits(text: str, label: str) -> str | None:
    """The digits shown where the cell (尾号1234) or its column's label (身份证后四位) says they are the last ones."""
    in_cell = _LAST_DIGITS.search(text)
    found = in_cell or _LAST_DIGITS.search(label)
    if not found:
        return None
    rest = _LAST_DIGITS.sub("", text) if in_cell else text
    shown = re.sub(r"[\s:：是为()]|手机|电话|身份证|号码?", "", rest)
    given = found[1] or found[2]
    count = 4 if given is None else int(given) if given.isdigit() else chinese_number(given)
    return shown if len(shown) == count and re.fullmatch("[0-9]+X?", shown) else None
