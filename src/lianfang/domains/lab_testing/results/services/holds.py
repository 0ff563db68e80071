# ruff: noqa: E501
"""Holds by hand: a single re-test opened, released or made a case with a reason, and the end that comes by itself."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from lianfang.domains.lab_testing import events
from lianfang.domains.lab_testing.models import Hold, HoldState, Sample, Tube
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.results.refusals import ResultNotFoundError, ResultRefusedError
from lianfang.domains.lab_testing.results.services.batching import batches
from lianfang.domains.lab_testing.results.services.conclusions import SYSTEM
from lianfang.domains.lab_testing.results.transitions import HoldMove, next_hold_state
from lianfang.domains.lab_testing.services import Opening, Swab, Who, open_tube, record_sample
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit_now


def hold_for(actor: Actor, hold_id: int, *, lock: bool = False) -> Hold:
    """Raises NotFoundError for a hold outside of the actor's places, as for one that does not exist."""
    actor.authorise(Action.TESTING_VIEW)
    found = Hold.objects.visible_to(actor)
    hold: Hold | None = (found.select_for_update() if lock else found).filter(pk=hold_id).first()
    if hold is None:
        raise ResultNotFoundError("hold_unknown")
    return hold


@transaction.atomic
def settle_hold(*, actor: Actor, hold_id: int, move: HoldMove, reason: str) -> Hold:
    """Release somebody, or make a case of them, by hand. The reason is required and stays; facts do not undo it later.

    Raises RefusedError without a reason, for a hold that is settled already, or a case of somebody who is not registered.
    """
    actor.authorise(Action.CASES_DECIDE)
    if not reason.strip():
        raise RefusedError("reason_missing")
    hold = hold_for(actor, hold_id, lock=True)
    if move is HoldMove.CASE and hold.person_id is None:
        raise ResultRefusedError("hold_of_stranger")
    hold.state = next_hold_state(move, hold.state)
    hold.is_by_hand, hold.settled_at, hold.settled_by = True, timezone.now(), actor.name
    hold.settled_because = reason.strip()[:200]
    hold.save(update_fields=["state", "is_by_hand", "settled_at", "settled_by", "settled_because"])
    record(
        actor=actor,
        action=f"testing.hold_{move}",
        target_kind="hold",
        target_id=hold.pk,
        details={"person_id": hold.person_id},
    )
    emit_now(events.HOLD_SETTLED, {**_payload([hold]), "state": str(hold.state), "because": "by_hand"})
    if move is HoldMove.CASE:
        emit_now(events.PERSON_POSITIVE, {"person_id": hold.person_id, "result_id": hold.result_id, "tube_id": hold.tube_id,
                                          "at": timezone.now().isoformat()})  # fmt: skip
    return hold


def _payload(holds: list[Hold]) -> dict[str, list[int]]:
    return {
        "hold_ids": [hold.pk for hold in holds],
        "person_ids": sorted({hold.person_id for hold in holds if hold.person_id is not None}),
        "tube_ids": sorted({hold.tube_id for hold in holds}),
    }


@transaction.atomic
def open_retest(*, actor: Actor, hold_id: int, code: str) -> Sample:
    """The single tube for one who is held, with the swab in it: one scan. Its result settles the hold by itself.

    Raises what opening a tube and recording a swab raise, and RefusedError for a hold that is settled.
    """
    actor.authorise(Action.TESTING_SAMPLE)
    hold = hold_for(actor, hold_id, lock=True)
    if hold.state not in (HoldState.HELD, HoldState.EXPIRED):
        raise ResultRefusedError("hold_settled")
    # The tube may have been filled in another community than where the person lives.
    with acting_as(system_actor("retest")):
        tube = Tube.objects.get(pk=hold.tube_id)
    if tube.round_id is None:
        raise RefusedError("round_unknown")
    given = Opening(
        capacity=1, is_household=False, place_id=hold.building_id or hold.community_id, retest_of_id=tube.pk
    )
    single = open_tube(actor=actor, round_id=tube.round_id, code=code, given=given)
    if single.retest_of_id != tube.pk or single.capacity != 1:
        raise ResultRefusedError("retest_tube_used", code=single.code)
    sample = Sample.objects.visible_to(actor).filter(pk=hold.sample_id).first()
    who = Who(hold.person_id) if hold.person_id else Who(name=sample.name if sample else "")
    recorded = record_sample(actor=actor, tube_id=single.pk, who=who, swab=Swab())
    hold.retest_tube = single
    hold.save(update_fields=["retest_tube"])
    record(
        actor=actor,
        action="testing.retest_opened",
        target_kind="hold",
        target_id=hold.pk,
        details={"tube_id": single.pk},
    )
    return recorded.sample


def expire_holds(now: datetime | None = None) -> int:
    """Mark the holds that ended without a re-test; gives back how many. They stay on the list, loudly."""
    now = now or timezone.now()
    with acting_as(system_actor("holds")):
        ended = list(
            Hold.objects.select_for_update(skip_locked=True)
            .filter(state=HoldState.HELD, ends_at__lte=now)
            .order_by("pk")[:20_000]
        )
        ids = [hold.pk for hold in ended]
        Hold.objects.filter(pk__in=ids).update(
            state=HoldState.EXPIRED, settled_at=now, settled_by=SYSTEM, settled_because="no_retest"
        )
        for part in batches(ended, events.BATCH):
            emit_now(events.HOLD_SETTLED, {**_payload(part), "state": "expired", "because": "no_retest"})
        if ids:
            record(
                actor=system_actor("holds"),
                action="testing.holds_expired",
                target_kind="hold",
                details={"holds": len(ids)},
            )
    return len(ids)
