"""The part of CBOR (RFC 8949) that codes use, read strictly: one value has one form of bytes, so nothing reads twice.

Whole numbers up to 2^53 − 1 either way, bytes, text, lists, maps with whole numbers as keys, tags. Lengths are definite
and shortest, keys ascend as bytes and stand once, nothing follows the value. Twin: ``js/rules/cbor.js``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

GREATEST = 2**53 - 1
_DEEPEST = 8
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG = range(7)


class MalformedError(ValueError):
    """Not one value in the one form that is read."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value under a tag."""

    tag: int
    value: Value


# Quoted as a whole: it names itself.
Value: TypeAlias = "int | bytes | str | list[Value] | dict[int, Value] | Tagged"


def encode(value: Value) -> bytes:
    """The one form of the value."""
    if isinstance(value, bool):
        raise MalformedError("no truth values")
    if isinstance(value, int):
        return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return _head(_BYTES, len(value)) + value
    if isinstance(value, str):
        letters = value.encode()
        return _head(_TEXT, len(letters)) + letters
    if isinstance(value, list):
        return _head(_LIST, len(value)) + b"".join(encode(one) for one in value)
    if isinstance(value, Tagged):
        return _head(_TAG, value.tag) + encode(value.value)
    pairs = sorted((encode(key), encode(one)) for key, one in value.items())
    return _head(_MAP, len(pairs)) + b"".join(key + one for key, one in pairs)


def _head(kind: int, number: int) -> bytes:
    if not 0 <= number <= GREATEST:
        raise MalformedError("number out of range")
    if number < 24:
        return bytes([kind << 5 | number])
    for extra, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * width:
            return bytes([kind << 5 | extra]) + number.to_bytes(width, "big")
    raise MalformedError("number out of range")


def decode(raw: bytes) -> Value:
    """The value; raises MalformedError for anything that is not its one form."""
    value, end = _read(raw, 0, 0)
    if end != len(raw):
        raise MalformedError("something follows")
    return value


def _read(raw: bytes, at: int, depth: int) -> tuple[Value, int]:
    if depth > _DEEPEST:
        raise MalformedError("too deep")
    kind, number, at = _read_head(raw, at)
    if kind == _UNSIGNED:
        return number, at
    if kind == _NEGATIVE:
        return -1 - number, at
    if kind in (_BYTES, _TEXT):
        content = raw[at : at + number]
        if len(content) != number:
            raise MalformedError("cut off")
        return (content if kind == _BYTES else _text(content)), at + number
    if kind == _LIST:
        return _read_list(raw, at, number, depth)
    if kind == _MAP:
        return _read_map(raw, at, number, depth)
    value, at = _read(raw, at, depth + 1)
    return Tagged(number, value), at


def _read_list(raw: bytes, at: int, count: int, depth: int) -> tuple[Value, int]:
    if count > len(raw) - at:
        raise MalformedError("cut off")
    found: list[Value] = []
    for _ in range(count):
        one, at = _read(raw, at, depth + 1)
        found.append(one)
    return found, at


def _read_map(raw: bytes, at: int, count: int, depth: int) -> tuple[Value, int]:
    if count > len(raw) - at:
        raise MalformedError("cut off")
    found: dict[int, Value] = {}
    before = b""
    for _ in range(count):
        key, end = _read(raw, at, depth + 1)
        if not isinstance(key, int) or raw[at:end] <= before:
            raise MalformedError("keys")
        before = raw[at:end]
        found[key], at = _read(raw, end, depth + 1)
    return found, at


def _read_head(raw: bytes, at: int) -> tuple[int, int, int]:
    if at >= len(raw):
        raise MalformedError("cut off")
    kind, extra = raw[at] >> 5, raw[at] & 31
    at += 1
    if kind > _TAG or extra > 27:
        raise MalformedError("a kind that is not read")
    if extra < 24:
        return kind, extra, at
    width = 1 << extra - 24
    number = int.from_bytes(raw[at : at + width], "big")
    least = 24 if width == 1 else 1 << 4 * width
    if at + width > len(raw) or number < least or number > GREATEST:
        raise MalformedError("number")
    return kind, number, at + width


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError("text") from error
