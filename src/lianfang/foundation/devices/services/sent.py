"""What a device sends, read: nothing is thrown away for its form, it becomes an item that somebody reviews."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import blake2b
from json import encoder as json_encoder
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings

MOST_ITEMS = 500
_MOST_SEQ = 2**53
# A clock whose measured offset fits the moment of sending so well is believed.
_OFFSET_FITS = timedelta(minutes=2)
_FUTURE = _OFFSET_FITS // timedelta(microseconds=1)
_MOST_OFFSET_MS = 10 * 366 * 86_400_000
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_encoder = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)
_MICROSECOND = timedelta(microseconds=1)


class BatchError(ValueError):
    """The request is no batch at all; nothing of it can be kept. ``code`` is a text key under ``devices.refused``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Sent:
    """One item as the inbox keeps it, under ``key``, the bytes of its id: ``content`` is its JSON; ``raw`` the device's
    time and ``happened`` the same put right, both in microseconds since 2000.

    ``flaw`` says why it cannot be applied, empty where it looks whole; ``shown_id`` is the id the device knows it by.
    """

    key: bytes
    shown_id: str
    seq: int
    kind: str
    raw: int
    happened: int
    content: bytes
    digest: bytes
    flaw: str

    @property
    def id(self) -> UUID:
        return UUID(bytes=self.key)


@dataclass(frozen=True, slots=True)
class Clock:
    """How to put the device's times right: add ``used``. ``told`` is what the device measured."""

    sent_at: datetime | None
    told_ms: int | None
    rtt_ms: int | None
    used: timedelta
    is_doubtful: bool


@dataclass(frozen=True, slots=True)
class Batch:
    name: str
    received_at: datetime
    clock: Clock
    items: Sequence[Sent]


def read_batch(body: Any, *, device_id: UUID, received_at: datetime) -> Batch:
    """The batch of a request's JSON. Raises BatchError where it is no list of at most MOST_ITEMS objects."""
    if not isinstance(body, dict) or not isinstance(body.get("items"), list):
        raise BatchError("no_batch")
    raw_items = body["items"]
    if len(raw_items) > MOST_ITEMS:
        raise BatchError("too_many")
    clock = _clock(body, received_at)
    now, used = (received_at - EPOCH) // _MICROSECOND, clock.used // _MICROSECOND
    items = [_sent(one, device_id, now, used) for one in raw_items]
    name = body.get("batch")
    return Batch(_kept(name, 64) if isinstance(name, str) else "", received_at, clock, items)


def _clock(body: Mapping[str, Any], received_at: datetime) -> Clock:
    """The offset that the device measured, unless the moment at which it says to have sent contradicts it."""
    sent_at = _instant(body.get("sent_at"))
    told = body.get("clock")
    told_ms, rtt_ms = (
        (_whole(told.get("offset_ms")), _whole(told.get("rtt_ms"))) if isinstance(told, dict) else (None, None)
    )
    seen = None if sent_at is None else received_at - sent_at
    if told_ms is None:
        return Clock(sent_at, None, rtt_ms, seen or timedelta(), is_doubtful=seen is None or abs(seen) > _OFFSET_FITS)
    used = timedelta(milliseconds=told_ms)
    if seen is None or abs(seen - used) <= _OFFSET_FITS:
        return Clock(sent_at, told_ms, rtt_ms, used, is_doubtful=False)
    return Clock(sent_at, told_ms, rtt_ms, seen, is_doubtful=True)


def _sent(one: Any, device_id: UUID, now: int, used: int) -> Sent:
    try:
        shown_id, seq, kind, at = one["id"], one["seq"], one["kind"], one["happened_at"]
        content = _encode({"at": at, "body": one["body"], "kind": kind})
        # Browsers write it so; the other spellings of an id take longer to read.
        key = bytes.fromhex(shown_id.replace("-", "")) if _UUID(shown_id) else UUID(shown_id).bytes
        moment = datetime.fromisoformat(at)
        is_whole = (
            isinstance(one["body"], dict) and type(seq) is int and 0 <= seq < _MOST_SEQ and moment.tzinfo is not None
            and 0 < len(kind) <= 60 and _FIRST < moment < _LAST and b"\\u0000" not in content
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, UnicodeEncodeError):
        is_whole = False
    if not is_whole:
        return _flawed(one, device_id, now, used)
    raw = (moment - EPOCH) // _MICROSECOND
    # The offset as it was when this was recorded: the clock may have been set since.
    then = one.get("offset_ms")
    happened = raw + (then * 1000 if type(then) is int and abs(then) < _MOST_OFFSET_MS else used)
    if happened > now + _FUTURE:
        happened = raw + used
    return Sent(key, shown_id, seq, kind, raw, happened, content, _digest(content), "")


def _flawed(one: Any, device_id: UUID, now: int, used: int) -> Sent:
    """Kept under an id made of its content, so that it is kept once however often it comes."""
    content = json.dumps(one, sort_keys=True).encode()
    digest = _digest(content)
    given = one if isinstance(one, dict) else {}
    shown, kind, seq = given.get("id"), given.get("kind"), _whole(given.get("seq"))
    moment = _instant(given.get("happened_at"))
    raw = now - used if moment is None else (moment - EPOCH) // _MICROSECOND
    return Sent(
        uuid5(device_id, digest.hex()).bytes,
        _kept(shown, 80) if isinstance(shown, str) else "",
        seq if seq is not None and 0 <= seq < _MOST_SEQ else 0,
        _kept(kind, 60) if isinstance(kind, str) else "",
        raw,
        raw + used,
        content,
        digest,
        "malformed",
    )


def _digest(content: bytes) -> bytes:
    """Keyed: a digest of a telephone number alone could be found by trying them all."""
    found = _keyed().copy()
    found.update(content)
    return found.digest()


@cache
def _keyed() -> blake2b:
    return blake2b(digest_size=16, key=settings.INDEX_KEY[:64])


def _make_encode() -> Callable[[Any], bytes]:
    """As ``_encoder.encode``, without making the encoder anew for each item, which takes longer than using it."""
    make = getattr(json_encoder, "c_make_encoder", None)
    if make is None:
        return lambda value: _encoder.encode(value).encode()
    whole = make(None, _encoder.default, json_encoder.encode_basestring, None, ":", ",", True, False, True)
    return lambda value: "".join(whole(value, 0)).encode()


_encode = _make_encode()


def _instant(given: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None and _FIRST < moment < _LAST else None


def _whole(given: Any) -> int | None:
    """A whole number within ten years of milliseconds, as JSON of a browser writes it."""
    if isinstance(given, bool) or not isinstance(given, int | float) or abs(given) >= 2**53:
        return None
    return int(given)


def _kept(text: str, most: int) -> str:
    """What a column of text can hold."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:most]
