"""Base45 (RFC 9285) behind ``LF1:``, as the European certificates do: small in a QR code's alphanumeric mode.

Reading is strict: no line end, no small letter, no value out of range. Twin: ``js/rules/base45.js``.
"""

from __future__ import annotations

import base45  # type: ignore[import-untyped]

from lianfang.engine.field.cbor import MalformedError

PREFIX = "LF1:"
LONGEST = 2000


def text_of(raw: bytes) -> str:
    """The text that stands in a QR code."""
    return PREFIX + str(base45.b45encode(raw), "ascii")


def is_ours(text: str) -> bool:
    """Whether the text says that it is one of these codes."""
    return text.startswith(PREFIX)


def raw_of(text: str) -> bytes:
    """The bytes behind the prefix; raises MalformedError."""
    body = text[len(PREFIX) :]
    if not is_ours(text) or not body or len(text) > LONGEST or body.endswith("\n"):
        raise MalformedError("text")
    try:
        return bytes(base45.b45decode(body))
    except ValueError as error:
        raise MalformedError("text") from error
