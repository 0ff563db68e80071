"""Taking what devices send: exactly once, whatever is sent twice, in halves or out of order.

The items of a request go by binary COPY into a table that only this transaction sees, and from there, in one statement
that passes over what is known already, into the inbox. When the answer is sent they are kept, whatever happens next.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid5
from weakref import WeakSet

from django.db import connection, transaction

from lianfang.foundation.access.row_security import MEMBERS
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.models import Device, InboxItem, ItemState
from lianfang.foundation.devices.services.contact import note_contact
from lianfang.foundation.devices.services.enrolment import device_actor
from lianfang.foundation.devices.services.sent import EPOCH, Batch, Sent
from lianfang.foundation.privacy.numbers import seal_all

Answer = dict[str, Any]
CHANGED = "changed_content"
# So far apart two good clocks may be.
CLOCKS_DIFFER = timedelta(minutes=2)
# Sessions that have their staging table.
_has_staging: WeakSet[Any] = WeakSet()
_ARRIVED = """
INSERT INTO devices_arrival (device_id, batch, sent_at, received_at, offset_ms, rtt_ms, used_offset_ms, items,
    county_id, township_id, community_id, building_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"""
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_END = struct.pack(">h", -1)
# Columns, then each value behind its length: id, seq, raw_at, happened_at, digest.
_FIXED = struct.Struct(">hi16siqiqiqi16si").pack
_LENGTH = struct.Struct(">i").pack
# Made by the login itself, which alone may; each session has its own, and no transaction sees another's rows.
_STAGED = f"""
SELECT set_config('role', 'none', true);
CREATE TEMP TABLE devices_staged (
    id uuid, seq bigint, raw_at timestamptz, happened_at timestamptz, digest bytea, kind text, code text, sent_id text,
    body bytea) ON COMMIT DELETE ROWS;
GRANT ALL ON devices_staged TO {MEMBERS}"""
_TAKE = """
INSERT INTO devices_item (
    id, sent_id, device_id, arrival_id, seq, kind, raw_at, happened_at, received_at, clock_is_doubtful, digest,
    body_sealed, state, code, tries, failure, settled_by, settled_how, settled_note,
    county_id, township_id, community_id, building_id)
SELECT id, sent_id, %(device)s, %(arrival)s, seq, kind, raw_at, happened_at, %(received)s,
    %(doubtful)s OR happened_at NOT BETWEEN %(earliest)s AND %(latest)s, digest,
    body, 'waiting', code, 0, '', '', '', '',
    %(county)s::bigint, %(township)s::bigint, %(community)s::bigint, %(building)s::bigint
FROM devices_staged ORDER BY id
ON CONFLICT (id) DO NOTHING"""


def accept_items(*, device: Device, batch: Batch, ended: str = "") -> list[Answer]:
    """Keep every item of the batch; returns the answer to each, in their order.

    An item that is known already gets the answer that it has. One that comes under the id of another gets
    ``changed_content``, and both are kept. ``ended`` says why the device may do nothing any more: what it still brings
    is kept for review and changes nothing.
    """
    if not batch.items:
        return []
    with transaction.atomic(savepoint=False):
        _make_staging()
        return _accept(device, batch, ended)


def _accept(device: Device, batch: Batch, ended: str) -> list[Answer]:
    with acting_as(device_actor(device)):
        note_contact(device, batch.received_at, batch.clock.told_ms)
        arrival = _arrived(device, batch)
        sealed = seal_all([one.content for one in batch.items])
        taken = _take(device, batch, arrival, sealed, ended)
        if taken == len(batch.items):
            return [received(one.shown_id) for one in batch.items]
        return _known_answers(device, batch, arrival, sealed)


def answer_of(item: InboxItem, shown_id: str = "") -> Answer:
    """What the device is told of an item."""
    is_waiting = item.state == ItemState.WAITING
    found: Answer = {
        "id": shown_id or item.sent_id or str(item.pk),
        "n": item.number,
        "state": "received" if is_waiting else item.state,
        "code": item.code if item.state == ItemState.REFUSED else "",
        "gaps": item.gaps or {},
        "warnings": list(item.warnings or ()),
        "refs": item.refs or {},
    }
    if item.settled_at is not None:
        found |= {"settled": item.settled_how, "note": item.settled_note}
    return found


def answers_to(*, device: Device, batch: Batch) -> list[Answer]:
    """The answers that the items of a batch have by now; it was accepted before."""
    with acting_as(device_actor(device)):
        known = _by_id(
            device, [*(one.id for one in batch.items), *(_contradicting_id(device, one) for one in batch.items)]
        )
    return [answer_of(_row_of(device, one, known), one.shown_id) for one in batch.items]


def received(shown_id: str) -> Answer:
    return {"id": shown_id, "n": None, "state": "received", "code": "", "gaps": {}, "warnings": [], "refs": {}}


def _arrived(device: Device, batch: Batch) -> int:
    clock = batch.clock
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVED, [
            device.pk, batch.name, clock.sent_at, batch.received_at, clock.told_ms, clock.rtt_ms,
            round(clock.used.total_seconds() * 1000), len(batch.items), *_where(device).values(),
        ])  # fmt: skip
        (number,) = cursor.fetchone()
    return int(number)


def _make_staging() -> None:
    """The table of this session that the rows are copied into first."""
    session = connection.connection
    if session is not None and session in _has_staging:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_temp.devices_staged')")
        if cursor.fetchone() == (None,):
            cursor.execute(_STAGED)
    # Only once it is committed is the table there to stay.
    transaction.on_commit(partial(_has_staging.add, connection.connection))


def _take(device: Device, batch: Batch, arrival: int, sealed: Sequence[bytes], ended: str) -> int:
    """How many of the items were new."""
    with connection.cursor() as cursor:
        with cursor.copy("COPY devices_staged FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(_binary(batch.items, sealed, ended))
        cursor.execute(_TAKE, _constants(device, batch, arrival))
        return int(cursor.rowcount)


def _binary(items: Iterable[Sent], sealed: Sequence[bytes], ended: str) -> bytes:
    """The rows as PostgreSQL's binary COPY has them: packing them here takes a third of the driver's own time."""
    parts = [_SIGNATURE]
    for one, body in zip(items, sealed, strict=True):
        shown = one.shown_id.encode() if one.flaw else b""
        kind, code = one.kind.encode(), (one.flaw or ended).encode()
        parts += (
            _FIXED(9, 16, one.key, 8, one.seq, 8, one.raw, 8, one.happened, 16, one.digest, len(kind)), kind,
            _LENGTH(len(code)), code, _LENGTH(len(shown)), shown, _LENGTH(len(body)), body,
        )  # fmt: skip
    parts.append(_END)
    return b"".join(parts)


def _where(device: Device) -> Mapping[str, int | None]:
    return {
        "county_id": device.county_id, "township_id": device.township_id, "community_id": device.community_id,
        "building_id": device.building_id,
    }  # fmt: skip


def _constants(device: Device, batch: Batch, arrival: int) -> dict[str, Any]:
    return {
        "device": device.pk,
        "arrival": arrival,
        "received": batch.received_at,
        "doubtful": batch.clock.is_doubtful,
        "earliest": (device.enrolled_at or batch.received_at) - CLOCKS_DIFFER,
        "latest": batch.received_at + CLOCKS_DIFFER,
        "county": device.county_id,
        "township": device.township_id,
        "community": device.community_id,
        "building": device.building_id,
    }


def _known_answers(device: Device, batch: Batch, arrival: int, sealed: Sequence[bytes]) -> list[Answer]:
    """The answers where some were known: the one each has, and CHANGED to what contradicts what is known."""
    known = _by_id(device, [one.id for one in batch.items])
    contradicting = {
        _contradicting_id(device, one): place
        for place, one in enumerate(batch.items)
        if one.id not in known or bytes(known[one.id].digest) != one.digest
    }
    if contradicting:
        _keep_contradicting(device, batch, arrival, sealed, contradicting)
        known |= _by_id(device, list(contradicting))
    return [answer_of(_row_of(device, one, known), one.shown_id) for one in batch.items]


def _row_of(device: Device, one: Sent, known: Mapping[UUID, InboxItem]) -> InboxItem:
    row = known.get(one.id)
    return row if row is not None and bytes(row.digest) == one.digest else known[_contradicting_id(device, one)]


def _contradicting_id(device: Device, one: Sent) -> UUID:
    """Where an item is kept whose own id is taken: the same however often it comes."""
    return uuid5(device.pk, f"{one.id}:{one.digest.hex()}")


def _by_id(device: Device, ids: Sequence[UUID]) -> dict[UUID, InboxItem]:
    """The device's own: that another has an item of the same id is not told apart from a contradiction."""
    found = InboxItem.objects.visible_to(device_actor(device)).filter(pk__in=ids, device_id=device.pk)
    return {one.pk: one for one in found.defer("body_sealed")}


def _keep_contradicting(
    device: Device, batch: Batch, arrival: int, sealed: Sequence[bytes], contradicting: Mapping[UUID, int]
) -> None:
    rows = []
    for new_id, place in contradicting.items():
        one = batch.items[place]
        raw_at, happened_at = (EPOCH + timedelta(microseconds=moment) for moment in (one.raw, one.happened))
        rows.append(
            InboxItem(
                **_where(device), id=new_id, sent_id=str(one.id), device_id=device.pk, arrival_id=arrival, seq=one.seq,
                kind=one.kind, raw_at=raw_at, happened_at=happened_at, received_at=batch.received_at,
                clock_is_doubtful=batch.clock.is_doubtful, digest=one.digest, body_sealed=sealed[place],
                state=ItemState.WAITING, code=CHANGED,
            )
        )  # fmt: skip
    InboxItem.objects.bulk_create(rows, ignore_conflicts=True)
