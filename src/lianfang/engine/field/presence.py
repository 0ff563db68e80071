"""Codes shown at a place that change every half minute: who scanned a fresh one was there, who has a picture was not.

A place code is ``LFP:<code>:<step>:<mac>``: the public part of the place, the half minute since 1970 in which it was
shown, and a keyed sum over both. It counts from PLACE_TOLERANCE before its half minute to PLACE_TOLERANCE after it by
the scanner's put-right clock. A printed one, ``LFP:<code>``, never proves presence. Twin: ``js/rules/presence.js``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Literal

PLACE_EVERY = 30
PLACE_TOLERANCE = 90
_PREFIX = "LFP:"
_ROTATING = re.compile(r"LFP:([A-Z0-9-]{1,40}):([0-9]{1,12}):([0-9A-F]{16})")
_PRINTED = re.compile(r"LFP:([A-Z0-9-]{1,40})")
_MESSAGE = b"lianfang place 1\0"


@dataclass(frozen=True, slots=True)
class PlaceCode:
    """What a scanned place code says, unproven. ``step`` None: a printed one."""

    code: str
    step: int | None
    mac: str


@dataclass(frozen=True, slots=True)
class PlaceVerdict:
    """``because``: why it is only seen, ``printed``, ``forged`` or ``stale``; empty where presence is verified."""

    presence: Literal["verified", "seen"]
    because: Literal["", "printed", "forged", "stale"]


def step_at(at: int) -> int:
    """The number of the half minute."""
    return at // PLACE_EVERY


def place_mac(secret: bytes, code: str, step: int) -> str:
    """The keyed sum, sixteen capital hexadecimal digits."""
    message = _MESSAGE + code.encode() + b"\0" + step.to_bytes(8, "big")
    return hmac.digest(secret, message, hashlib.sha256)[:8].hex().upper()


def place_code_text(secret: bytes, code: str, at: int) -> str:
    """What the place shows at a moment. ``code``: capitals, digits and hyphens."""
    step = step_at(at)
    return f"{_PREFIX}{code}:{step}:{place_mac(secret, code, step)}"


def read_place_code(text: str) -> PlaceCode | None:
    """The parts of a place code; None for any other text."""
    rotating = _ROTATING.fullmatch(text)
    if rotating is not None:
        return PlaceCode(rotating[1], int(rotating[2]), rotating[3])
    printed = _PRINTED.fullmatch(text)
    return None if printed is None else PlaceCode(printed[1], None, "")


def judge_place_code(found: PlaceCode, *, secret: bytes, scanned_at: int) -> PlaceVerdict:
    """Whether somebody who scanned this at a moment was at the place with this secret."""
    if found.step is None:
        return PlaceVerdict("seen", "printed")
    if not hmac.compare_digest(found.mac, place_mac(secret, found.code, found.step)):
        return PlaceVerdict("seen", "forged")
    starts_at = found.step * PLACE_EVERY
    if starts_at - PLACE_TOLERANCE <= scanned_at <= starts_at + PLACE_EVERY + PLACE_TOLERANCE:
        return PlaceVerdict("verified", "")
    return PlaceVerdict("seen", "stale")
