"""Reading what was sent, within bounds."""

from __future__ import annotations

import json
import zlib
from typing import Any, NoReturn

from starlette.requests import Request

from lianfang.interfaces.field.limits import MOST_UNPACKED
from lianfang.interfaces.field.problems import RequestProblemError

_AS_GZIP = 16 + zlib.MAX_WBITS


async def read_body(request: Request, most: int) -> bytes:
    """The body as it was sent. Raises RequestProblemError where it is too large or was cut off."""
    told = request.headers.get("content-length", "")
    wanted = int(told) if told.isdecimal() else None
    if wanted is not None and wanted > most:
        raise RequestProblemError(413, "too_large")
    parts, length, is_more = [], 0, True
    # Once all that was announced is here, nothing more is awaited: each wait costs as much as a small answer.
    while is_more and length != wanted:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise RequestProblemError(400, "cut_off")
        part = message.get("body", b"")
        length += len(part)
        if length > most:
            raise RequestProblemError(413, "too_large")
        parts.append(part)
        is_more = message.get("more_body", False)
    if wanted is not None and length != wanted:
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
