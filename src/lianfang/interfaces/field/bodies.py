"""Reading what was sent, within bounds."""

from __future__ import annotations

import json
import zlib
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from lianfang.interfaces.field.limits import MOST_UNPACKED
from lianfang.interfaces.field.problems import RequestProblemError

_AS_GZIP = 16 + zlib.MAX_WBITS


async def read_body(request: Request, most: int) -> bytes:
    """The body as it was sent. Raises RequestProblemError where it is too large or was cut off."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > most:
        raise RequestProblemError(413, "too_large")
    parts, length = [], 0
    try:
        async for part in request.stream():
            length += len(part)
            if length > most:
                raise RequestProblemError(413, "too_large")
            parts.append(part)
    except ClientDisconnect:
        raise RequestProblemError(400, "cut_off") from None
    if told.isdecimal() and length != int(told):
        raise RequestProblemError(400, "cut_off")
    return b"".join(parts)


def read_json(body: bytes, encoding: str) -> Any:
    """What was sent, unpacked and read. Raises RequestProblemError where it is no JSON."""
    try:
        return json.loads(unpacked(body, encoding), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise RequestProblemError(400, "no_json") from None


def unpacked(body: bytes, encoding: str) -> bytes:
    """What was sent, as it was before it was packed. Raises RequestProblemError."""
    if encoding == "gzip":
        return _unpacked(body)
    if encoding not in ("", "identity"):
        raise RequestProblemError(415, "unknown_encoding")
    return body


def _unpacked(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(_AS_GZIP)
    try:
        whole = unpacker.decompress(body, MOST_UNPACKED)
    except zlib.error:
        raise RequestProblemError(400, "no_json") from None
    if unpacker.unconsumed_tail:
        raise RequestProblemError(413, "too_large")
    if not unpacker.eof:
        raise RequestProblemError(400, "cut_off")
    return whole


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
