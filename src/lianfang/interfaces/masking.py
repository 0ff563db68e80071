"""Hiding identity numbers and phones on what is printed or passed on.

An identity number keeps its first and its last four characters: the four that people say aloud to
confirm who they are. What says where and when somebody was born stays hidden.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

HIDDEN = "*"
# More positions than a slip of the pen can touch: two such numbers are simply different numbers,
# and showing where they differ would unmask both.
LARGEST_SLIP = 4
_LONG_RUN = re.compile(r"[0-9](?:[ \-']?[0-9]){10,}(?:[ \-']?[0-9Xx]){3,}")
_PHONE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")
CODES = frozenset(("tube_code", "box_code", "booking_code", "case_no", "record_id", "row_no", "household_no"))
PHONES = frozenset(("phone", "phone_other", "chief_phone", "guardian_phone", "grid_worker_phone"))


def mask_identity(number: str | None) -> str | None:
    """``99010119900101123X`` → ``9*************123X``; short numbers keep one character at each end."""
    if number is None:
        return None
    kept = 4 if len(number) >= 8 else 1
    if len(number) <= kept + 1:
        return HIDDEN * len(number)
    return number[0] + HIDDEN * (len(number) - kept - 1) + number[-kept:]


def mask_identities(numbers: pa.Array) -> pa.Array:
    """``mask_identity`` of every number of a column of texts."""
    length = pc.utf8_length(numbers)
    kept = pc.if_else(pc.greater_equal(length, 8), 4, 1)
    hidden = pc.max_element_wise(pc.subtract(pc.subtract(length, kept), 1), 0)
    ends = pc.if_else(pc.equal(kept, 4), pc.utf8_slice_codeunits(numbers, -4), pc.utf8_slice_codeunits(numbers, -1))
    stars = pc.binary_repeat(pa.repeat(HIDDEN, len(numbers)), hidden)
    masked = pc.binary_join_element_wise(pc.utf8_slice_codeunits(numbers, 0, 1), stars, ends, "")
    too_short = pc.binary_repeat(pa.repeat(HIDDEN, len(numbers)), length)
    return pc.if_else(pc.greater(hidden, 0), masked, too_short)


def mask_phone(number: str | None) -> str | None:
    """``13800001234`` → ``138****1234``."""
    if number is None or len(number) < 8:
        return number
    return number[:3] + HIDDEN * (len(number) - 7) + number[-4:]


def mask_within(text: str | None) -> str | None:
    """Mask what looks like an identity number (15 digits or more) inside a free text."""
    if text is None or not _LONG_RUN.search(text):
        return text
    return _LONG_RUN.sub(lambda found: mask_identity(found.group()) or "", text)


def mask_cell(fields: Collection[str], text: str | None, *, phones: bool = False) -> str | None:
    """Mask what a cell of these canonical fields tells of a person; ``phones`` asks for phones too.

    Codes of tubes, boxes and the like stay whole, however long: they name no person.
    """
    if "id_number" in fields and len(fields) == 1:
        return mask_identity(text)
    if not CODES.isdisjoint(fields) or text is None:
        return text
    if phones and len(fields) == 1 and not PHONES.isdisjoint(fields):
        return mask_phone(text)
    masked = mask_within(text)
    return _PHONE.sub(lambda found: mask_phone(found.group()) or "", masked or "") if phones else masked


def mask_apart(numbers: Sequence[str | None]) -> list[str | None]:
    """Mask numbers that ought to be one, leaving the positions where they differ to be seen.

    Numbers of different lengths show what is left between their common beginning and end. Numbers
    that differ by more than a slip of the pen are masked like any other.
    """
    given = [number for number in numbers if number]
    shown = _positions_that_differ(given)
    if shown is None:
        return [mask_identity(number) for number in numbers]
    head, tail, differing = shown
    return [_unmask(number, head, tail, differing) for number in numbers]


def _positions_that_differ(given: Sequence[str]) -> tuple[int, int, frozenset[int] | None] | None:
    if len(set(given)) < 2:
        return None
    if len({len(number) for number in given}) == 1:
        first, *others = given
        differing = frozenset(
            i for other in others for i, (a, b) in enumerate(zip(first, other, strict=True)) if a != b
        )
        return (0, 0, differing) if len(differing) <= LARGEST_SLIP else None
    shortest = min(len(number) for number in given)
    head = _common_prefix(given)
    tail = min(_common_prefix([number[::-1] for number in given]), shortest - head)
    longest = max(len(number) for number in given)
    return (head, tail, None) if longest - head - tail <= LARGEST_SLIP else None


def _unmask(number: str | None, head: int, tail: int, differing: frozenset[int] | None) -> str | None:
    masked = mask_identity(number)
    if not number or masked is None:
        return masked
    shown = list(masked)
    for i in range(head, len(number) - tail) if differing is None else differing:
        shown[i] = number[i]
    return "".join(shown)


def _common_prefix(texts: Sequence[str]) -> int:
    length = 0
    for column in zip(*texts, strict=False):
        if len(set(column)) > 1:
            break
        length += 1
    return length
