"""What a device sends, read: nothing is thrown away for its form, it becomes an item that somebody reviews.

A request in the form that the app writes is read by its shape, and the bodies stay the bytes that were sent. Any other
is read again in full, item by item: slower, with the same outcome for whatever is whole in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import blake2b
from json import encoder as json_encoder
from typing import Any, NoReturn
from uuid import UUID, uuid5

import msgspec
from django.conf import settings

MOST_ITEMS = 500
_MOST_SEQ = 2**53
# A clock whose measured offset fits the moment of sending so well is believed.
_OFFSET_FITS = timedelta(minutes=2)
_FUTURE = _OFFSET_FITS // timedelta(microseconds=1)
# Of a longer body all is read at once: a number of thousands of digits would fail only when it is applied.
_MOST_AS_SENT = 4_000
_MOST_OFFSET_MS = 10 * 366 * 86_400_000
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_encoder = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_RAW, _LAST_RAW = ((moment - EPOCH) // _MICROSECOND for moment in (_FIRST, _LAST))


class BatchError(ValueError):
    """The request is no batch at all; nothing of it can be kept. ``code`` is a text key under ``devices.refused``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Sent:
    """One item as the inbox keeps it, under ``key``, the bytes of its id: ``content`` is its JSON, spelled as it was
    sent; ``raw`` the device's time and ``happened`` the same put right, both in microseconds since 2000.

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


class _Item(msgspec.Struct, gc=False):
    """An item in the form that the app writes; the body is not looked into before it is applied."""

    id: str
    seq: int
    kind: str
    happened_at: str
    body: msgspec.Raw
    offset_ms: Any = None


class _Request(msgspec.Struct):
    items: list[_Item]
    batch: Any = None
    sent_at: Any = None
    clock: Any = None


class _UnusualError(Exception):
    """Not in the form that the app writes; what it is instead is found by reading it in full."""


_read_request = msgspec.json.Decoder(_Request).decode


def read_batch(content: bytes, *, device_id: UUID, received_at: datetime) -> Batch:
    """The batch of a request's JSON. Raises BatchError where it is no list of at most MOST_ITEMS objects."""
    try:
        return _batch_as_usual(content, received_at)
    except _UnusualError:
        return _batch_of_any(content, device_id, received_at)


def _batch_as_usual(content: bytes, received_at: datetime) -> Batch:
    try:
        # What stays unread of a body may hold bytes that are no text; and no column of text holds a NUL.
        content.decode()
        request = _read_request(content)
    except (ValueError, RecursionError):
        raise _UnusualError from None
    if len(request.items) > MOST_ITEMS or b"\\u0000" in content:
        raise _UnusualError
    clock = _clock(request.sent_at, request.clock, received_at)
    now, used = _micros(received_at - EPOCH), _micros(clock.used)
    kinds: dict[str, bytes] = {}
    items = [_sent_as_usual(one, now, used, kinds) for one in request.items]
    return Batch(_name(request.batch), received_at, clock, items)


def _batch_of_any(content: bytes, device_id: UUID, received_at: datetime) -> Batch:
    try:
        body = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise BatchError("no_json") from None
    if not isinstance(body, dict) or not isinstance(body.get("items"), list):
        raise BatchError("no_batch")
    raw_items = body["items"]
    if len(raw_items) > MOST_ITEMS:
        raise BatchError("too_many")
    clock = _clock(body.get("sent_at"), body.get("clock"), received_at)
    now, used = _micros(received_at - EPOCH), _micros(clock.used)
    items = [_sent(one, device_id, now, used) for one in raw_items]
    return Batch(_name(body.get("batch")), received_at, clock, items)


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _name(given: Any) -> str:
    return _kept(given, 64) if isinstance(given, str) else ""


def _micros(length: timedelta) -> int:
    return length // _MICROSECOND


def _clock(given_at: Any, told: Any, received_at: datetime) -> Clock:
    """The offset that the device measured, unless the moment at which it says to have sent contradicts it."""
    sent_at = _instant(given_at)
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


def _sent_as_usual(one: _Item, now: int, used: int, kinds: dict[str, bytes]) -> Sent:
    """``kinds``: the name of each kind as JSON, as far as this batch has had them. Raises _UnusualError."""
    at, seq, body, shown_id = one.happened_at, one.seq, bytes(one.body), one.id
    kind = kinds.get(one.kind)
    if kind is None:
        kind = kinds[one.kind] = _encode(one.kind)
    try:
        digits = shown_id.replace("-", "")
        key, raw = bytes.fromhex(digits), (datetime.fromisoformat(at) - EPOCH) // _MICROSECOND
    except (ValueError, TypeError):
        # Without a zone it is no instant.
        raise _UnusualError from None
    if not (
        len(digits) == 32 and len(key) == 16 and 0 <= seq < _MOST_SEQ and _FIRST_RAW < raw < _LAST_RAW
        and at.isprintable() and '"' not in at and "\\" not in at and body[:1] == b"{" and len(body) <= _MOST_AS_SENT
        and len(kind) > 2 and len(one.kind) <= 60
    ):  # fmt: skip
        raise _UnusualError
    content = b'{"at":"%b","body":%b,"kind":%b}' % (at.encode(), body, kind)
    happened = raw + used if one.offset_ms is None else _put_right(raw, one.offset_ms, now, used)
    return Sent(key, shown_id, seq, one.kind, raw, happened, content, digest_of(content), "")


def _sent(one: Any, device_id: UUID, now: int, used: int) -> Sent:
    try:
        shown_id, seq, kind, at = one["id"], one["seq"], one["kind"], one["happened_at"]
        content = _encode({"at": at, "body": one["body"], "kind": kind})
        key, moment = UUID(shown_id).bytes, datetime.fromisoformat(at)
        is_whole = (
            isinstance(one["body"], dict) and type(seq) is int and 0 <= seq < _MOST_SEQ and moment.tzinfo is not None
            and 0 < len(kind) <= 60 and _FIRST < moment < _LAST and b"\\u0000" not in content
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, UnicodeEncodeError):
        is_whole = False
    if not is_whole:
        return _flawed(one, device_id, now, used)
    raw = (moment - EPOCH) // _MICROSECOND
    happened = _put_right(raw, one.get("offset_ms"), now, used)
    return Sent(key, shown_id, seq, kind, raw, happened, content, digest_of(content), "")


def _put_right(raw: int, then: Any, now: int, used: int) -> int:
    """By the offset as it was when this was recorded (``then``): the clock may have been set since."""
    happened = raw + (then * 1000 if type(then) is int and abs(then) < _MOST_OFFSET_MS else used)
    return raw + used if happened > now + _FUTURE else happened


def is_same(content: bytes, other: bytes) -> bool:
    """Whether two contents say the same, however each is spelled."""
    return content == other or ordered(content) == ordered(other)


def ordered(content: bytes) -> bytes:
    """A content in the one spelling that all spellings of it have."""
    return _encode(json.loads(content))


def _flawed(one: Any, device_id: UUID, now: int, used: int) -> Sent:
    """Kept under an id made of its content, so that it is kept once however often it comes."""
    content = json.dumps(one, sort_keys=True).encode()
    digest = digest_of(content)
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


def digest_of(content: bytes) -> bytes:
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
