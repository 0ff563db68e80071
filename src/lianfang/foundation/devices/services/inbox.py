"""Taking what devices send: exactly once, whatever is sent twice, in halves or out of order.

The items of a request are one statement. Most requests bring nothing that is known: they are inserted as if nothing
were, and only where one was known after all are they inserted again by a statement that passes over known ids, which
costs half as much again. When the answer is sent they are kept, whatever happens next.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5
from weakref import WeakSet

from django.db import IntegrityError, connection

from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.models import Device, InboxItem, ItemState
from lianfang.foundation.devices.services.columns import Bytes, Ids, Instants, Numbers, Texts, teach
from lianfang.foundation.devices.services.contact import note_contact
from lianfang.foundation.devices.services.enrolment import device_actor
from lianfang.foundation.devices.services.sent import EPOCH, Batch, Sent, digest_of, is_same, ordered
from lianfang.foundation.prepared import ask_prepared
from lianfang.foundation.privacy.numbers import KeyDestroyedError, seal_all, unseal

Answer = dict[str, Any]
CHANGED = "changed_content"
# So far apart two good clocks may be.
CLOCKS_DIFFER = timedelta(minutes=2)
# Sessions that take columns as parameters.
_taught: WeakSet[Any] = WeakSet()
# Of one that was sent before these are known: asked first, so that the usual repeat is no error in the database's log.
_LOOKED_AT = (0, -1)
_TAKE = """
WITH arrival AS (
    INSERT INTO devices_arrival (device_id, batch, sent_at, received_at, offset_ms, rtt_ms, used_offset_ms, items,
        county_id, township_id, community_id, building_id)
    VALUES (%(device)s, %(batch)s, %(sent)s, %(received)s, %(offset)s, %(rtt)s, %(used)s, %(items)s,
        %(county)s, %(township)s, %(community)s, %(building)s) RETURNING id),
taken AS (
    INSERT INTO devices_item (
        id, sent_id, device_id, arrival_id, seq, kind, raw_at, happened_at, received_at, clock_is_doubtful, digest,
        body_sealed, state, code, tries, failure, settled_by, settled_how, settled_note,
        county_id, township_id, community_id, building_id)
    SELECT told.id, told.sent_id, %(device)s, arrival.id, told.seq, told.kind, told.raw_at, told.happened_at,
        %(received)s, %(doubtful)s OR told.happened_at NOT BETWEEN %(earliest)s AND %(latest)s, told.digest,
        told.body, 'waiting', told.code, 0, '', '', '', '', %(county)s, %(township)s, %(community)s, %(building)s
    FROM arrival, unnest(%(ids)s, %(sent_ids)s, %(seqs)s, %(kinds)s, %(raws)s, %(happened)s, %(digests)s, %(bodies)s,
        %(codes)s) AS told(id, sent_id, seq, kind, raw_at, happened_at, digest, body, code)
    {passing_over} RETURNING 1)
SELECT arrival.id, (SELECT count(*) FROM taken) FROM arrival"""
_TAKE_NEW = _TAKE.format(passing_over="")
_TAKE_UNKNOWN = _TAKE.format(passing_over="ON CONFLICT (id) DO NOTHING")


def accept_items(*, device: Device, batch: Batch, ended: str = "") -> list[Answer]:
    """Keep every item of the batch; returns the answer to each, in their order.

    An item that is known already gets the answer that it has. One that comes under the id of another gets
    ``changed_content``, and both are kept. ``ended`` says why the device may do nothing any more: what it still brings
    is kept for review and changes nothing.
    """
    if not batch.items:
        return []
    try:
        return _accept(device, batch, ended, _TAKE_NEW)
    except IntegrityError:
        return _accept(device, batch, ended, _TAKE_UNKNOWN)


def _accept(device: Device, batch: Batch, ended: str, statement: str) -> list[Answer]:
    with acting_as(device_actor(device)):
        note_contact(device, batch.received_at, batch.clock.told_ms)
        # In one order, so that two requests with the same items do not wait for each other.
        items = sorted(batch.items, key=lambda one: one.key)
        if statement == _TAKE_NEW and _is_any_known([items[place] for place in _LOOKED_AT]):
            statement = _TAKE_UNKNOWN
        sealed = seal_all([one.content for one in items])
        arrival, taken = _take(statement, _arrival_of(device, batch) | _columns_of(items, sealed, ended))
        if taken == len(items):
            return [received(one.shown_id) for one in batch.items]
        return _known_answers(device, batch, arrival)


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
        known = _by_id(device, [one.id for one in batch.items])
        own = [_own_row(known, one) for one in batch.items]
        asides = [_contradicting_id(device, one) for one, row in zip(batch.items, own, strict=True) if row is None]
        known = _by_id(device, asides) if asides else {}
    return _answers(device, batch, own, known)


def _answers(
    device: Device, batch: Batch, own: Sequence[InboxItem | None], asides: Mapping[UUID, InboxItem]
) -> list[Answer]:
    """``own``: each item's row under its id, None where that is another content's; it then stands in ``asides``."""
    return [
        answer_of(row if row is not None else asides[_contradicting_id(device, one)], one.shown_id)
        for one, row in zip(batch.items, own, strict=True)
    ]


def received(shown_id: str) -> Answer:
    return {"id": shown_id, "n": None, "state": "received", "code": "", "gaps": {}, "warnings": [], "refs": {}}


def _is_any_known(items: Sequence[Sent]) -> bool:
    return bool(ask_prepared("SELECT FROM devices_item WHERE id = ANY(%s) LIMIT 1", [[one.id for one in items]]))


def _take(statement: str, given: Mapping[str, Any]) -> tuple[int, int]:
    """The arrival's number, and how many of the items were new.

    Raises IntegrityError where one is known and the statement does not expect it.
    """
    session = connection.connection
    if session not in _taught:
        teach(session)
        _taught.add(session)
    [(arrival, taken)] = ask_prepared(statement, given)
    return int(arrival), int(taken)


def _columns_of(items: Sequence[Sent], sealed: Sequence[bytes], ended: str) -> dict[str, Any]:
    return {
        "ids": Ids([one.key for one in items]),
        "sent_ids": Texts([one.shown_id.encode() if one.flaw else b"" for one in items]),
        "seqs": Numbers([one.seq for one in items]),
        "kinds": Texts([one.kind.encode() for one in items]),
        "raws": Instants([one.raw for one in items]),
        "happened": Instants([one.happened for one in items]),
        "digests": Bytes([one.digest for one in items]),
        "bodies": Bytes(sealed),
        "codes": Texts([(one.flaw or ended).encode() for one in items]),
    }


def _where(device: Device) -> Mapping[str, int | None]:
    return {
        "county_id": device.county_id, "township_id": device.township_id, "community_id": device.community_id,
        "building_id": device.building_id,
    }  # fmt: skip


def _arrival_of(device: Device, batch: Batch) -> dict[str, Any]:
    clock = batch.clock
    return {
        "device": device.pk,
        "batch": batch.name,
        "sent": clock.sent_at,
        "received": batch.received_at,
        "offset": clock.told_ms,
        "rtt": clock.rtt_ms,
        "used": round(clock.used.total_seconds() * 1000),
        "items": len(batch.items),
        "doubtful": clock.is_doubtful,
        "earliest": (device.enrolled_at or batch.received_at) - CLOCKS_DIFFER,
        "latest": batch.received_at + CLOCKS_DIFFER,
        "county": device.county_id,
        "township": device.township_id,
        "community": device.community_id,
        "building": device.building_id,
    }


def _known_answers(device: Device, batch: Batch, arrival: int) -> list[Answer]:
    """The answers where some were known: the one each has, and CHANGED to what contradicts what is known."""
    known = _by_id(device, [one.id for one in batch.items])
    own = [_own_row(known, one) for one in batch.items]
    contradicting = {
        _contradicting_id(device, one): one for one, row in zip(batch.items, own, strict=True) if row is None
    }
    if contradicting:
        _keep_contradicting(device, batch, arrival, contradicting)
    return _answers(device, batch, own, _by_id(device, contradicting) if contradicting else {})


def _own_row(known: Mapping[UUID, InboxItem], one: Sent) -> InboxItem | None:
    """The row under the item's own id, unless that holds another content."""
    row = known.get(one.id)
    return row if row is not None and (bytes(row.digest) == one.digest or _says_the_same(row, one)) else None


def _says_the_same(row: InboxItem, one: Sent) -> bool:
    """Spelled otherwise than before, as when the app is a newer one."""
    try:
        return is_same((unseal(row.body_sealed) or "").encode(), one.content)
    except KeyDestroyedError:
        return False


def _contradicting_id(device: Device, one: Sent) -> UUID:
    """Where an item is kept whose own id is taken: the same however often and however spelled it comes."""
    return uuid5(device.pk, f"{one.id}:{digest_of(ordered(one.content)).hex()}")


def _by_id(device: Device, ids: Collection[UUID]) -> dict[UUID, InboxItem]:
    """The device's own: that another has an item of the same id is not told apart from a contradiction."""
    found = InboxItem.objects.visible_to(device_actor(device)).filter(pk__in=ids, device_id=device.pk)
    return {one.pk: one for one in found.defer("body_sealed")}


def _keep_contradicting(device: Device, batch: Batch, arrival: int, contradicting: Mapping[UUID, Sent]) -> None:
    sealed = seal_all([one.content for one in contradicting.values()])
    rows = []
    for (new_id, one), body in zip(contradicting.items(), sealed, strict=True):
        raw_at, happened_at = (EPOCH + timedelta(microseconds=moment) for moment in (one.raw, one.happened))
        rows.append(
            InboxItem(
                **_where(device), id=new_id, sent_id=str(one.id), device_id=device.pk, arrival_id=arrival, seq=one.seq,
                kind=one.kind, raw_at=raw_at, happened_at=happened_at, received_at=batch.received_at,
                clock_is_doubtful=batch.clock.is_doubtful, digest=one.digest, body_sealed=body,
                state=ItemState.WAITING, code=CHANGED,
            )
        )  # fmt: skip
    InboxItem.objects.bulk_create(rows, ignore_conflicts=True)
