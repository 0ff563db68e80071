"""A tube's way: opened, sealed with a count, handed over with both names, received; or voided."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from lianfang.domains.lab_testing import codes as labels
from lianfang.domains.lab_testing import events, roster
from lianfang.domains.lab_testing.finding import round_for, team_for, tube_for
from lianfang.domains.lab_testing.models import HandOver, Kit, Round, RoundState, Sample, Team, Tube, TubeState
from lianfang.domains.lab_testing.refusals import ConfirmationNeededError, NotFoundError, RefusedError
from lianfang.domains.lab_testing.services.expected import lock_expected, restate
from lianfang.domains.lab_testing.services.rounds import POOL_SIZES
from lianfang.domains.lab_testing.transitions import TUBE, Move, next_tube_state
from lianfang.domains.registry.models import Place
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit
from lianfang.foundation.texts import Gap
from lianfang.foundation.web.language import t


@dataclass(frozen=True, slots=True)
class Opening:
    """Where and for whom a tube is opened. What is not given comes from the label's kit, the team and the round."""

    capacity: int | None = None
    is_household: bool | None = None
    place_id: int | None = None
    team_id: int | None = None
    box_code: str = ""
    retest_of_id: int | None = None
    opened_at: datetime | None = None


@transaction.atomic
def open_tube(*, actor: Actor, round_id: int, code: str, given: Opening | None = None) -> Tube:
    """Take a labelled tube into use; a tube of this round that is open already is given back as it is.

    Raises RefusedError for a code that was used for another tube, a label packed for another round, or a closed round.
    """
    actor.authorise(Action.TESTING_SAMPLE)
    given = given or Opening()
    code = labels.check_tube_code(code)
    round_ = round_for(actor, round_id)
    known = _known_tube(actor, round_, code)
    if known is not None:
        return known
    check_was_open(round_, given.opened_at or timezone.now())
    kit = _kit_of(round_, code)
    team = team_for(actor, given.team_id) if given.team_id else (kit.team if kit is not None else None)
    place = _place_of(actor, round_, team, given.place_id)
    return _insert_tube(actor, round_, code, given, kit, team, place)


def check_was_open(round_: Round, at: datetime) -> None:
    """What was done before the round was closed arrives late, and counts. Raises RefusedError for what was not."""
    if round_.state == RoundState.OPEN:
        return
    if round_.state == RoundState.CLOSED and round_.closed_at is not None and at <= round_.closed_at:
        return
    raise RefusedError("round_not_open", name=round_.name, state=t(f"lab_testing.round_state.{round_.state}"))


def _insert_tube(
    actor: Actor, round_: Round, code: str, given: Opening, kit: Kit | None, team: Team | None, place: Place
) -> Tube:
    is_household = given.is_household if given.is_household is not None else bool(kit and kit.is_household)
    capacity = given.capacity or (kit.capacity if kit is not None else round_.pool_size)
    if capacity not in POOL_SIZES:
        raise RefusedError("pool_size", given=capacity)
    if place.community_id is None:
        raise RefusedError("tube_needs_place")
    tube = Tube(
        county_id=round_.county_id, township_id=round_.township_id, community_id=place.community_id,
        building_id=place.building_id, round=round_, kit=kit, code=code, capacity=capacity, is_household=is_household,
        team=team, box_code=labels.tidy(given.box_code)[:30], retest_of_id=given.retest_of_id,
        opened_at=given.opened_at or timezone.now(), opened_by=actor.name,
    )  # fmt: skip
    # Two desks may scan one label at the same moment: the second waits here and finds the tube of the first.
    Tube.objects.bulk_create([tube], ignore_conflicts=True)
    made = _known_tube(actor, round_, code)
    if made is None:
        raise RefusedError("tube_code_used_elsewhere", code=code)
    record(actor=actor, action="testing.tube_opened", target_kind="tube", target_id=made.pk)
    return made


def _known_tube(actor: Actor, round_: Round, code: str) -> Tube | None:
    tube = Tube.objects.visible_to(actor).filter(township_id=round_.township_id, code=code).first()
    if tube is None:
        return None
    if tube.round_id != round_.pk:
        other = tube.round.name if tube.round is not None else "–"
        raise RefusedError("tube_of_other_round", code=code, name=other)
    return tube


def _kit_of(round_: Round, code: str) -> Kit | None:
    kit = (
        Kit.objects.filter(codes__contains=[code], round__township_id=round_.township_id)
        .select_related("round", "team")
        .first()
    )
    if kit is not None and kit.round_id != round_.pk:
        raise RefusedError("label_of_other_round", code=code, name=kit.round.name)
    return kit


def _place_of(actor: Actor, round_: Round, team: Team | None, place_id: int | None) -> Place:
    """Where the tube is filled: as given, else where the actor or the round is. At least a community must be known."""
    if place_id is not None:
        place: Place | None = roster.place_in_scope(actor, place_id)
    elif team is not None and team.route:
        # The zone of a team lies in one community; which of its buildings comes first says nothing yet.
        first = roster.places_by_id(team.route[:1]).get(team.route[0])
        place = None if first is None else next(iter(roster.places_by_id([first.community_id]).values()), None)
    elif round_.community_id is not None:
        place = roster.places_by_id([round_.community_id]).get(round_.community_id)
    else:
        place = roster.own_place(actor)
    if place is None or place.community_id is None or place.township_id != round_.township_id:
        raise RefusedError("tube_needs_place")
    if not roster.is_in_scope(actor, place):
        raise NotFoundError("place_unknown")
    return place


# Where a tube is that somebody carried off.
_AWAY = (TubeState.HANDED_OVER, TubeState.RECEIVED, TubeState.RESULTED)


def standing(tube: Tube) -> Any:
    """The swabs of a tube that count, in the order in which they went in."""
    return Sample.objects.filter(tube=tube, is_void=False).order_by("position", "id")


@transaction.atomic
def seal_tube(
    *, actor: Actor, tube_id: int, counted: int, box_code: str = "", confirmed: Collection[str] = (),
    sealed_at: datetime | None = None, awaits_swabs: bool = False,
) -> Tube:  # fmt: skip
    """Close a tube after counting the swabs in it. Raises RefusedError, naming who is bound, where the count is
    another; ConfirmationNeededError ``over_full`` where there are more than it holds.

    ``awaits_swabs``: told of by a device, after the fact. More may be counted than are bound, for another device has
    not told of them yet; and a tube that was handed over before anybody told of its seal keeps its state.
    """
    actor.authorise(Action.TESTING_SAMPLE)
    tube = tube_for(actor, tube_id, lock=True)
    has_left = awaits_swabs and tube.sealed_at is None and tube.state in _AWAY
    state = TubeState(tube.state) if has_left else next_tube_state(Move.SEAL, tube.state, tube.code)
    names = list(standing(tube).values_list("name", flat=True))
    if counted < 1 or (not names and not awaits_swabs):
        raise RefusedError("tube_empty", code=tube.code)
    told: dict[str, Gap | Sequence[str]] = {
        "code": tube.code,
        "counted": counted,
        "bound": len(names),
        "apart": abs(counted - len(names)),
        "names": names,
    }
    if counted > len(names) and not awaits_swabs:
        raise RefusedError("swabs_too_many", **told)
    if counted < len(names):
        raise RefusedError("swabs_too_few", **told)
    if not tube.is_household and counted > tube.capacity and "over_full" not in confirmed:
        raise ConfirmationNeededError("over_full_seal", **told, capacity=tube.capacity)
    tube.state, tube.counted, tube.sealed_by = state, counted, actor.name
    tube.sealed_at = sealed_at or timezone.now()
    tube.box_code = labels.tidy(box_code)[:30] or tube.box_code
    tube.save(update_fields=["state", "counted", "sealed_at", "sealed_by", "box_code"])
    record(
        actor=actor, action="testing.tube_sealed", target_kind="tube", target_id=tube.pk, details={"counted": counted}
    )
    emit(events.TUBE_SEALED, {"tube_id": tube.pk, "round_id": tube.round_id})
    return tube


@transaction.atomic
def reopen_tube(*, actor: Actor, tube_id: int, reason: str) -> Tube:
    """Break the seal of a tube that has not left yet, to put a mistake right."""
    actor.authorise(Action.TESTING_SAMPLE)
    if not reason.strip():
        raise RefusedError("reason_missing")
    tube = tube_for(actor, tube_id, lock=True)
    tube.state = next_tube_state(Move.REOPEN, tube.state, tube.code)
    tube.counted, tube.sealed_at, tube.sealed_by = None, None, ""
    tube.save(update_fields=["state", "counted", "sealed_at", "sealed_by"])
    record(actor=actor, action="testing.tube_reopened", target_kind="tube", target_id=tube.pk,
           details={"reason": reason.strip()[:200]})  # fmt: skip
    return tube


@transaction.atomic
def void_tube(*, actor: Actor, tube_id: int, reason: str, voided_at: datetime | None = None) -> list[int]:
    """Give a tube up: leaked, lost, mislabelled. Its swabs no longer count; gives back the ids of the people in it, who
    are to be sampled again unless another swab of theirs stands."""
    actor.authorise(Action.TESTING_SAMPLE)
    if not reason.strip():
        raise RefusedError("reason_missing")
    tube = tube_for(actor, tube_id, lock=True)
    now = voided_at or timezone.now()
    tube.state = next_tube_state(Move.VOID, tube.state, tube.code)
    tube.voided_at, tube.voided_by, tube.void_reason = now, actor.name, reason.strip()[:200]
    tube.save(update_fields=["state", "voided_at", "voided_by", "void_reason"])
    person_ids = _void_swabs(tube, now)
    record(actor=actor, action="testing.tube_voided", target_kind="tube", target_id=tube.pk,
           details={"people": len(person_ids)})  # fmt: skip
    emit(events.TUBE_VOIDED, {"tube_id": tube.pk, "round_id": tube.round_id, "person_ids": person_ids})
    return person_ids


def _void_swabs(tube: Tube, now: datetime) -> list[int]:
    """Everybody in the tube, also those whose home the actor does not see, goes back to where they stood without it."""
    with acting_as(system_actor("void_tube")):
        swabs = Sample.objects.filter(tube=tube, is_void=False)
        person_ids = sorted({pk for pk in swabs.values_list("person_id", flat=True) if pk is not None})
        if tube.round_id is not None:
            lock_expected(tube.round_id, person_ids)
        swabs.update(is_void=True, void_reason=tube.void_reason, voided_at=now, voided_by=tube.voided_by)
        if tube.round_id is not None:
            restate(tube.round_id, person_ids)
    return person_ids


@dataclass(frozen=True, slots=True)
class Journey:
    """A hand-over: who gives, who takes, in which box, to which laboratory, and how many tubes both counted.

    ``is_past``: told of by a device. Tubes are on their way then, also those whose seal nobody has told of yet.
    """

    given_by: str
    taken_by: str
    counted: int
    box_code: str = ""
    laboratory: str = ""
    at: datetime | None = None
    is_past: bool = False


@transaction.atomic
def hand_over(*, actor: Actor, tube_ids: Sequence[int], journey: Journey) -> HandOver:
    """Hand sealed tubes over: all of them or, where one is not ready or the count differs, none (RefusedError)."""
    actor.authorise(Action.TESTING_HANDOVER)
    if not journey.given_by.strip() or not journey.taken_by.strip():
        raise RefusedError("both_names")
    if journey.given_by.strip() == journey.taken_by.strip():
        raise RefusedError("same_name", name=journey.given_by.strip())
    tubes = list(Tube.objects.visible_to(actor).select_for_update().filter(pk__in=tube_ids).order_by("pk"))
    if not tubes or len(tubes) != len(set(tube_ids)):
        raise NotFoundError("tube_unknown")
    move = Move.CARRY_OFF if journey.is_past else Move.HAND_OVER
    not_ready = [tube.code for tube in tubes if TubeState(tube.state) not in TUBE[move]]
    if not_ready:
        raise RefusedError("not_sealed", codes=not_ready[:10], count=len(not_ready))
    if journey.counted != len(tubes):
        raise RefusedError("hand_over_count", counted=journey.counted, chosen=len(tubes))
    at, box, first = journey.at or timezone.now(), labels.tidy(journey.box_code)[:30], tubes[0]
    over = HandOver.objects.create(
        county_id=first.county_id,
        township_id=first.township_id,
        community_id=first.community_id,
        round_id=first.round_id,
        at=at,
        given_by=journey.given_by.strip()[:80],
        taken_by=journey.taken_by.strip()[:80],
        box_code=box,
        laboratory=journey.laboratory.strip()[:80],
        tube_count=len(tubes),
        swab_count=sum(tube.counted or 0 for tube in tubes),
    )
    for tube in tubes:
        tube.state = next_tube_state(move, tube.state, tube.code)
        tube.hand_over, tube.handed_over_at = over, at
        tube.handed_over_by, tube.courier = over.given_by, over.taken_by
        tube.box_code, tube.laboratory = box or tube.box_code, over.laboratory or tube.laboratory
    Tube.objects.bulk_update(
        tubes,
        ["state", "hand_over", "handed_over_at", "handed_over_by", "courier", "box_code", "laboratory"],
        batch_size=500,
    )
    ids = [tube.pk for tube in tubes]
    record(
        actor=actor,
        action="testing.handed_over",
        target_kind="hand_over",
        target_id=over.pk,
        details={"tubes": len(ids)},
    )
    emit(events.TUBES_HANDED_OVER, {"hand_over_id": over.pk, "tube_ids": ids})
    return over


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of each scanned code: received now, received before, or why not."""

    received: tuple[str, ...]
    already: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


@transaction.atomic
def receive_tubes(*, actor: Actor, codes: Sequence[str], received_by: str, laboratory: str) -> Receipt:
    """Note that tubes have arrived. Each code is judged by itself: one that cannot be received keeps nobody from
    the rest."""
    actor.authorise(Action.TESTING_HANDOVER)
    if not received_by.strip() or not laboratory.strip():
        raise RefusedError("receive_names")
    wanted = list(dict.fromkeys(code for code in map(labels.tidy, codes) if code))
    if not wanted:
        raise RefusedError("codes_missing")
    found = Tube.objects.visible_to(actor).select_for_update().filter(code__in=wanted).order_by("pk")
    by_code: dict[str, list[Tube]] = {}
    for tube in found:
        by_code.setdefault(tube.code, []).append(tube)
    received, already, refused = [], [], []
    now = timezone.now()
    for code in wanted:
        tubes = by_code.get(code, [])
        if len(tubes) != 1:
            refused.append((code, t(f"lab_testing.receive.{'unknown' if not tubes else 'ambiguous'}")))
        elif tubes[0].state in (TubeState.RECEIVED, TubeState.RESULTED):
            already.append(code)
        elif tubes[0].state not in (TubeState.SEALED, TubeState.HANDED_OVER):
            refused.append((code, t(f"lab_testing.receive.is_{tubes[0].state}")))
        else:
            tubes[0].state = next_tube_state(Move.RECEIVE, tubes[0].state, code)
            tubes[0].received_at, tubes[0].received_by = now, received_by.strip()[:80]
            tubes[0].laboratory = laboratory.strip()[:80]
            received.append(tubes[0])
    Tube.objects.bulk_update(received, ["state", "received_at", "received_by", "laboratory"], batch_size=500)
    if received:
        ids = [tube.pk for tube in received]
        record(actor=actor, action="testing.tubes_received", target_kind="tube", details={"tubes": len(ids)})
        emit(events.TUBES_RECEIVED, {"tube_ids": ids})
    return Receipt(tuple(tube.code for tube in received), tuple(already), tuple(refused))
