"""Applying what waits in the inbox: in the order of each device, as that device, effect and answer in one transaction.

An item that the rules refuse goes to the review list. One at which the program fails keeps its failure and is tried
again; the first failures hold up what the same device did later, as that may rest on it; then it waits aside.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import InterfaceError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from lianfang.foundation.access.actor import Actor, NotAllowedError, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.kinds import Applied, Item, ItemRefusedError, Kind, kind_of
from lianfang.foundation.devices.models import Device, InboxItem, ItemState, Progress
from lianfang.foundation.devices.services.enrolment import device_actor
from lianfang.foundation.privacy.numbers import unseal

log = logging.getLogger(__name__)

# One transaction; what is asked once for all of them is asked twice for five hundred.
AT_ONCE = 250
# A request that overtook another: what came before it is awaited so long.
GAP_PATIENCE = timedelta(seconds=30)
# After each failure; once these are used up the item no longer holds up those after it.
_HOLDS_UP = (timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=30))
_TRIES_ASIDE, _LONGEST = timedelta(minutes=5), timedelta(hours=6)
CLOCK_DOUBTFUL = "clock_doubtful"
_WRITE = """
UPDATE devices_item AS kept SET state = told.state, number = told.number, answered_at = %s, code = told.code,
    gaps = told.gaps, warnings = array(SELECT jsonb_array_elements_text(told.warnings)), refs = told.refs, failure = ''
FROM jsonb_to_recordset(%s::jsonb) AS told(
    id uuid, state text, number bigint, code text, gaps jsonb, warnings jsonb, refs jsonb)
WHERE kept.id = told.id"""


@dataclass(slots=True)
class _Done:
    """What came of a round: each item's end, the one that failed, how many were looked at."""

    outcomes: list[tuple[InboxItem, Applied | ItemRefusedError]] = field(default_factory=list)
    failed: list[tuple[InboxItem, Exception]] = field(default_factory=list)


def apply_waiting(device_id: UUID, *, limit: int = AT_ONCE) -> int:
    """Apply what waits of one device, up to ``limit`` items; returns how many were answered.

    Nothing happens where somebody else is at it. Raises what the database raises when it is gone: all is rolled back.
    """
    now = timezone.now()
    with acting_as(system_actor("field")):
        progress = Progress.objects.select_for_update(skip_locked=True).filter(device_id=device_id).first()
        if progress is None:
            return 0
        device = Device.objects.get(pk=device_id)
        rows, reached = _next_ones(progress, now, limit)
        if not rows:
            return 0
        done = _Done()
        with acting_as(device_actor(device)) as actor:
            _apply(actor, device, rows, done)
        _write_answers(progress, done.outcomes, now)
        _note_failures(done.failed, now)
        applied = {row.pk for row, _ in done.outcomes}
        _advance(progress, rows, applied, reached)
    return len(done.outcomes)


def devices_with_waiting(moment: datetime) -> list[UUID]:
    """Devices of which something may be applied now."""
    waiting = InboxItem.objects.filter(state=ItemState.WAITING).filter(
        Q(try_again_at=None) | Q(try_again_at__lte=moment)
    )
    return list(waiting.order_by("device_id").values_list("device_id", flat=True).distinct())


def apply_all_waiting(*, until: datetime) -> int:
    """Go round all devices until nothing more can be applied now, or the time is over; returns how many were."""
    total = 0
    while timezone.now() < until:
        with acting_as(system_actor("field")):
            ids = devices_with_waiting(timezone.now())
        answered = sum(apply_waiting(device_id) for device_id in ids)
        total += answered
        if not answered:
            break
    return total


def _next_ones(progress: Progress, now: datetime, limit: int) -> tuple[list[InboxItem], int]:
    """What may be applied now, in order, and the ``seq`` up to which nothing is missing then."""
    waiting = InboxItem.objects.filter(device_id=progress.device_id, state=ItemState.WAITING).exclude(
        tries__gt=len(_HOLDS_UP), try_again_at__gt=now
    )
    rows: list[InboxItem] = []
    reached = progress.applied_to
    for row in waiting.order_by("seq", "received_at", "id")[:limit]:
        if row.try_again_at is not None and row.try_again_at > now:
            break
        if row.seq > reached + 1 and row.received_at > now - GAP_PATIENCE and not row.code:
            break
        reached = max(reached, row.seq)
        rows.append(row)
    return rows, reached


def _apply(actor: Actor, device: Device, rows: Sequence[InboxItem], done: _Done) -> None:
    for (refusal, _), group in groupby(rows, key=lambda row: _door(actor, row)):
        run = list(group)
        if refusal:
            done.outcomes += [(row, ItemRefusedError(refusal)) for row in run]
        elif not _apply_run(actor, device, run, done):
            return


def _door(actor: Actor, row: InboxItem) -> tuple[str, Any]:
    """Why a row is refused before anything is tried, else what applies it and its like in a row."""
    if row.code:
        # Known to be in order to nobody since it arrived.
        return row.code, None
    kind = kind_of(row.kind)
    if kind is None:
        return "unknown_kind", None
    if not kind.is_permitted(actor):
        return "not_allowed", None
    return "", kind.apply_many or kind.name


def _apply_run(actor: Actor, device: Device, run: Sequence[InboxItem], done: _Done) -> bool:
    """Apply items that share a door; False where a failure holds up what comes after."""
    items = [item_of(row, device) for row in run]
    kinds = [_known_kind(row.kind) for row in run]
    many = kinds[0].apply_many
    if many is not None and len(items) > 1:
        try:
            with transaction.atomic():
                found = list(many(actor=actor, items=items))
                if len(found) != len(items):
                    raise RuntimeError(f"{kinds[0].name}: {len(found)} answers for {len(items)} items")
            done.outcomes += list(zip(run, found, strict=True))
            return True
        except InterfaceError:
            raise
        except Exception:
            # Which of them it was is found one by one, where each keeps its own failure.
            log.warning("%s: applied one by one after a failure", kinds[0].name, exc_info=True)
            _raise_if_lost()
    return all(_apply_one(actor, kind, row, item, done) for kind, row, item in zip(kinds, run, items, strict=True))


def _known_kind(name: str) -> Kind:
    kind = kind_of(name)
    assert kind is not None
    return kind


def _apply_one(actor: Actor, kind: Kind, row: InboxItem, item: Item, done: _Done) -> bool:
    try:
        done.outcomes.append((row, apply_item(actor, kind, item)))
    except InterfaceError:
        raise
    except Exception as error:
        # Whatever it is, it is kept on the item, shown in the review list, and the item is tried again.
        log.exception("item %s of kind %s failed", row.pk, row.kind)
        _raise_if_lost()
        done.failed.append((row, error))
        return row.tries >= len(_HOLDS_UP)
    return True


def apply_item(actor: Actor, kind: Kind, item: Item) -> Applied | ItemRefusedError:
    """What comes of one item, in a savepoint of its own. Raises whatever but a refusal the kind raises."""
    try:
        with transaction.atomic():
            return kind.apply(actor=actor, item=item)
    except ItemRefusedError as refusal:
        return refusal
    except NotAllowedError:
        return ItemRefusedError("not_allowed")


def _raise_if_lost() -> None:
    """Nothing can be kept on a lost connection; what was done is rolled back and done again."""
    if connection.connection is None or connection.connection.closed:
        raise InterfaceError("the connection to the database is lost")


def item_of(row: InboxItem, device: Device) -> Item:
    return Item(
        id=row.pk, kind=row.kind, seq=row.seq, happened_at=row.happened_at, received_at=row.received_at,
        clock_is_doubtful=row.clock_is_doubtful, body=body_of(row), device_id=device.pk, device_name=device.name,
        holder=device.holder,
    )  # fmt: skip


def body_of(row: InboxItem) -> dict[str, Any]:
    """What was sent. Raises KeyDestroyedError after shredding."""
    sent = json.loads(unseal(row.body_sealed) or "{}")
    body = sent.get("body") if isinstance(sent, dict) else None
    return body if isinstance(body, dict) else {"sent": sent}


def _write_answers(
    progress: Progress, outcomes: Sequence[tuple[InboxItem, Applied | ItemRefusedError]], now: datetime
) -> None:
    told = []
    for number, (row, outcome) in enumerate(outcomes, progress.answers + 1):
        warnings = [CLOCK_DOUBTFUL] if row.clock_is_doubtful else []
        if isinstance(outcome, ItemRefusedError):
            told.append({"id": str(row.pk), "state": "refused", "number": number, "code": outcome.code,
                         "gaps": outcome.gaps, "warnings": warnings, "refs": {}})  # fmt: skip
        else:
            told.append({"id": str(row.pk), "state": "accepted", "number": number, "code": "", "gaps": {},
                         "warnings": [*outcome.warnings, *warnings], "refs": dict(outcome.refs)})  # fmt: skip
    if told:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [now, json.dumps(told)])
        progress.answers += len(told)


def _note_failures(failed: Sequence[tuple[InboxItem, Exception]], now: datetime) -> None:
    for row, error in failed:
        InboxItem.objects.filter(pk=row.pk).update(
            tries=F("tries") + 1,
            failure=_short(error),
            try_again_at=now + _pause_after(row.tries),
        )


def _short(error: Exception) -> str:
    """Its first line: those after it may hold what somebody typed."""
    first = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"[:500].replace("\0", "\ufffd")


def _pause_after(tries: int) -> timedelta:
    if tries < len(_HOLDS_UP):
        return _HOLDS_UP[tries]
    return min(_LONGEST, _TRIES_ASIDE * (1 << min(tries - len(_HOLDS_UP), 10)))


def _advance(progress: Progress, rows: Sequence[InboxItem], applied: set[UUID], reached: int) -> None:
    """A failure that holds up the rest ends what was reached just before it."""
    left = [row.seq for row in rows if row.pk not in applied and row.tries < len(_HOLDS_UP)]
    progress.applied_to = max(progress.applied_to, min([reached, *(seq - 1 for seq in left)]))
    progress.save(update_fields=["applied_to", "answers"])
