"""Rounds: planned, opened for everybody who lives in their places, closed."""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, CharField, F, Max, Q, Value, When
from django.utils import timezone

from lianfang.domains.lab_testing import events, roster
from lianfang.domains.lab_testing.finding import round_for
from lianfang.domains.lab_testing.locks import lock_name
from lianfang.domains.lab_testing.models import Coverage, Round, RoundState, Sample
from lianfang.domains.lab_testing.reasons import AT_REGISTRY, NEED_PREFIX
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.transitions import Move, next_round_state
from lianfang.domains.registry.models import Place
from lianfang.engine.rounds.reasons import reason_kind
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit
from lianfang.foundation.web.language import t

POOL_SIZES = (1, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class Draw:
    """Draw ``count`` places of ``kind`` inside the round's places; the same ``seed`` draws the same ones."""

    kind: str
    count: int
    seed: int | None = None


@transaction.atomic
def plan_round(
    *,
    actor: Actor,
    place_ids: Sequence[int],
    starts_at: datetime,
    ends_at: datetime,
    name: str = "",
    groups: Sequence[str] = (),
    exempt_needs: Sequence[str] = (),
    is_must_test: bool = True,
    is_drill: bool = False,
    draw: Draw | None = None,
    pool_size: int = 10,
    result_due_hours: int = 24,
) -> Round:
    """Plan a round for everybody, or for ``groups`` only, inside the places.

    ``exempt_needs`` are special needs that exempt in this round. Raises RefusedError where the places are not of one
    township, lie outside of the actor's, or the times make no span.
    """
    actor.authorise(Action.TESTING_PLAN)
    _check_terms(starts_at, ends_at, pool_size, result_due_hours)
    places = _outermost([roster.place_in_scope(actor, pk) for pk in dict.fromkeys(place_ids)])
    if not places:
        raise RefusedError("round_needs_place")
    if len({place.township_id for place in places}) > 1:
        raise RefusedError("round_one_township")
    drawn = None if draw is None else _draw(places, draw)
    if drawn is not None:
        places = drawn.places
    communities = {place.community_id for place in places}
    county_id, township_id = places[0].county_id, places[0].township_id
    if county_id is None or township_id is None:
        raise RefusedError("round_one_township")
    lock_name(f"round.{township_id}")
    number = (Round.objects.filter(township_id=township_id).aggregate(last=Max("number"))["last"] or 0) + 1
    round_ = Round.objects.create(
        county_id=county_id,
        township_id=township_id,
        community_id=communities.pop() if len(communities) == 1 else None,
        name=name.strip()[:80] or t("lab_testing.round.default_name", number=number),
        number=number,
        place_ids=[place.pk for place in places],
        groups=list(groups),
        exempt_needs=list(exempt_needs),
        draw=None if drawn is None else drawn.told,
        starts_at=starts_at,
        ends_at=ends_at,
        is_must_test=is_must_test,
        is_drill=is_drill or draw is not None,
        pool_size=pool_size,
        result_due_hours=result_due_hours,
        made_by=actor.name,
    )
    record(actor=actor, action="testing.round_planned", target_kind="round", target_id=round_.pk)
    return round_


def _check_terms(starts_at: datetime, ends_at: datetime, pool_size: int, result_due_hours: int) -> None:
    if ends_at <= starts_at:
        raise RefusedError("round_ends_before_start")
    if pool_size not in POOL_SIZES:
        raise RefusedError("pool_size", given=pool_size)
    if not 1 <= result_due_hours <= 168:
        raise RefusedError("result_due_hours", given=result_due_hours)


def _outermost(places: Sequence[Place]) -> list[Place]:
    """Without those that lie inside another: nobody is expected twice."""
    chosen = {place.pk for place in places}
    return [place for place in places if not chosen & set(place.path[:-1])]


@dataclass(frozen=True, slots=True)
class _Drawn:
    places: list[Place]
    told: dict[str, Any]


def _draw(places: Sequence[Place], draw: Draw) -> _Drawn:
    candidates = sorted({one.pk: one for place in places for one in roster.places_within(place, draw.kind)}.items())
    if not 1 <= draw.count <= len(candidates):
        raise RefusedError("draw_count", count=draw.count, there=len(candidates))
    seed = secrets.randbelow(2**31) if draw.seed is None else draw.seed
    drawn = random.Random(seed).sample([place for _, place in candidates], draw.count)
    told = {"kind": draw.kind, "count": draw.count, "seed": seed, "inside": [place.pk for place in places],
            "candidates": len(candidates)}  # fmt: skip
    return _Drawn(sorted(drawn, key=lambda place: place.pk), told)


@transaction.atomic
def open_round(*, actor: Actor, round_id: int) -> int:
    """Expect everybody who lives in the round's places; gives back how many.

    Planned exemptions and the round's exempt needs make exempt; people whom the registry knows to be away, with a
    reason that excuses, are away; everybody else is missing until sampled.
    """
    actor.authorise(Action.TESTING_PLAN)
    round_ = round_for(actor, round_id, lock=True)
    _check_places(actor, round_)
    round_.state = next_round_state(Move.OPEN, round_.state, round_.name)
    people = _expect_residents(round_, actor.name)
    if not people:
        raise RefusedError("round_without_people", name=round_.name)
    round_.opened_at = timezone.now()
    round_.save(update_fields=["state", "opened_at"])
    record(
        actor=actor, action="testing.round_opened", target_kind="round", target_id=round_.pk, details={"people": people}
    )
    emit(events.ROUND_OPENED, {"round_id": round_.pk, "people": people})
    return people


def _check_places(actor: Actor, round_: Round) -> None:
    """Only whoever sees all of a round's places may open, close or cancel it."""
    places = roster.places_by_id(round_.place_ids)
    if not all(roster.is_in_scope(actor, place) for place in places.values()):
        raise RefusedError("round_larger_than_scope", name=round_.name)


def _residents(round_: Round) -> Any:
    """The round's people with the claim that the registry gives them, as columns of INSERT_EXPECTED."""
    people = roster.residents_of(round_.place_ids)
    if round_.groups:
        people = people.filter(Q(key_person_kind__in=round_.groups) | Q(class_kind__in=round_.groups))
    starts_on = timezone.localdate(round_.starts_at)
    noted = people.filter(state="away").order_by().values_list("state_reason", flat=True).distinct()
    no_excuse = [reason for reason in noted if reason_kind(reason) == "missing"]
    is_away = (
        Q(state="away") & ~Q(state_reason="") & ~Q(state_reason__in=no_excuse)
        & (Q(state_until_on=None) | Q(state_until_on__gte=starts_on))
    )  # fmt: skip
    needs = [(Q(special_needs__contains=[need]), f"{NEED_PREFIX}{need}") for need in round_.exempt_needs]
    is_exempt = Q(special_needs__overlap=round_.exempt_needs) if round_.exempt_needs else Q(pk__in=[])
    text = {"output_field": CharField()}
    return people.order_by("sort_key", "id").values(
        "county_id",
        "township_id",
        "community_id",
        "building_id",
        "id",
        "household_id",
        "sort_key",
        home_unit_id=F("household__unit_id"),
        given_claim=Case(
            When(is_away, then=Value(Coverage.AWAY.value)),
            When(is_exempt, then=Value(Coverage.EXEMPT.value)),
            default=Value(""),
            **text,
        ),
        given_reason=Case(
            When(is_away, then=F("state_reason")),
            *(When(has, then=Value(reason)) for has, reason in needs),
            default=Value(""),
            **text,
        ),
    )


INSERT_EXPECTED = """
INSERT INTO lab_testing_round_person (
    round_id, county_id, township_id, community_id, building_id, person_id, household_id, unit_id, walking_key,
    state, claim, reason, evidence, recorded_by, recorded_at,
    is_added_at_door, contact_outcome, contacted_by
)
SELECT
    %s, r.county_id, r.township_id, r.community_id, r.building_id, r.id, r.household_id, r.home_unit_id, r.sort_key,
    coalesce(e.claim, nullif(r.given_claim, ''), 'missing'), coalesce(e.claim, r.given_claim),
    coalesce(e.reason, r.given_reason), coalesce(e.evidence, CASE WHEN r.given_claim <> '' THEN %s ELSE '' END),
    coalesce(e.recorded_by, CASE WHEN r.given_claim <> '' THEN %s ELSE '' END),
    coalesce(e.recorded_at, CASE WHEN r.given_claim <> '' THEN now() END),
    false, '', ''
FROM ({residents}) r
LEFT JOIN lab_testing_planned_exemption e ON e.round_id = %s AND e.person_id = r.id
ON CONFLICT (round_id, person_id) DO NOTHING
"""


def _expect_residents(round_: Round, by: str) -> int:
    residents, given = roster.select_sql(_residents(round_))
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_EXPECTED.replace("{residents}", residents), [round_.pk, AT_REGISTRY, by, *given, round_.pk]
        )
        return int(cursor.rowcount)


@transaction.atomic
def expect_newcomers(*, actor: Actor, round_id: int) -> int:
    """Expect those who were registered in the round's places since it was opened; gives back how many."""
    actor.authorise(Action.TESTING_PLAN)
    round_ = round_for(actor, round_id, lock=True)
    if round_.state != RoundState.OPEN:
        raise RefusedError("round_not_open", name=round_.name, state=t(f"lab_testing.round_state.{round_.state}"))
    _check_places(actor, round_)
    people = _expect_residents(round_, actor.name)
    record(actor=actor, action="testing.newcomers_expected", target_kind="round", target_id=round_.pk,
           details={"people": people})  # fmt: skip
    return people


@transaction.atomic
def close_round(*, actor: Actor, round_id: int) -> Round:
    """Nobody is sampled in it any more; who is missing stays on its list."""
    round_ = _move(actor, round_id, Move.CLOSE)
    round_.closed_at = timezone.now()
    round_.save(update_fields=["state", "closed_at"])
    emit(events.ROUND_CLOSED, {"round_id": round_.pk, "caused_by_ids": [actor.account_id]})
    return round_


@transaction.atomic
def reopen_round(*, actor: Actor, round_id: int) -> Round:
    """For a round that was closed too early."""
    round_ = _move(actor, round_id, Move.REOPEN)
    round_.closed_at = None
    round_.save(update_fields=["state", "closed_at"])
    return round_


@transaction.atomic
def cancel_round(*, actor: Actor, round_id: int, reason: str) -> Round:
    """Call a round off. Raises RefusedError where somebody was sampled in it: that has happened, so it is closed."""
    if not reason.strip():
        raise RefusedError("reason_missing")
    round_ = _move(actor, round_id, Move.CANCEL)
    swabs = Sample.objects.visible_to(actor).filter(round_id=round_.pk, is_void=False).count()
    if swabs:
        raise RefusedError("round_has_samples", name=round_.name, count=swabs)
    round_.ended_because = reason.strip()[:200]
    round_.save(update_fields=["state", "ended_because"])
    emit(events.ROUND_CANCELLED, {"round_id": round_.pk})
    return round_


def _move(actor: Actor, round_id: int, move: Move) -> Round:
    actor.authorise(Action.TESTING_PLAN)
    round_ = round_for(actor, round_id, lock=True)
    _check_places(actor, round_)
    round_.state = next_round_state(move, round_.state, round_.name)
    record(actor=actor, action=f"testing.round_{move}", target_kind="round", target_id=round_.pk)
    return round_
