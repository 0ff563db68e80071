"""Sweeps: planned over teams, changed, closed; differences settled. Visits are in ``visits``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from lianfang.domains.registry.models import (
    Household,
    Person,
    Place,
    PlaceKind,
    Sweep,
    SweepDifference,
    SweepState,
    SweepTeam,
)
from lianfang.domains.registry.reach import require_reach
from lianfang.domains.registry.selectors import in_walking_order, places_inside
from lianfang.domains.registry.services import mark_away, mark_moved_out
from lianfang.domains.registry.sweeps.finding import WAYS, difference_for, sweep_for
from lianfang.domains.registry.sweeps.refusals import SweepRefusedError
from lianfang.domains.registry.sweeps.splitting import split_evenly
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.web.language import t

# Who keeps the roster of a whole community plans the doors of it.
PLAN = Action.REGISTRY_IMPORT
MOST_TEAMS = 60
MOST_STAIRWELLS = 600


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """Where, by how many teams, until when."""

    place_ids: Sequence[int]
    teams: int
    name: str = ""
    due_on: date | None = None


@transaction.atomic
def plan_sweep(*, actor: Actor, plan: SweepPlan) -> Sweep:
    """Start a sweep of everything inside the places, its stairwells split over the teams evenly and by neighbourhood.

    Raises SweepRefusedError where there is no stairwell inside, or they lie in more than one township.
    """
    actor.authorise(PLAN)
    units = _stairwells(actor, plan.place_ids)
    if not 1 <= plan.teams <= MOST_TEAMS:
        raise SweepRefusedError("teams", most=MOST_TEAMS)
    first = units[0]
    communities = {unit.community_id for unit in units}
    if first.county_id is None or first.township_id is None:
        raise SweepRefusedError("nothing_inside")
    sweep = Sweep.objects.create(
        county_id=first.county_id, township_id=first.township_id,
        community_id=communities.pop() if len(communities) == 1 else None,
        name=plan.name.strip()[:80] or t("sweeps.default_name", on=timezone.localdate().isoformat()),
        unit_ids=[unit.pk for unit in units], due_on=plan.due_on, made_by=actor.name, made_at=timezone.now(),
    )  # fmt: skip
    _make_teams(actor, sweep, units, plan.teams)
    record(actor=actor, action="registry.sweep_planned", target_kind="sweep", target_id=sweep.pk,
           details={"stairwells": len(units), "teams": plan.teams})  # fmt: skip
    return sweep


def _stairwells(actor: Actor, place_ids: Sequence[int]) -> list[Place]:
    """The stairwells inside, and buildings that have none, in walking order."""
    places = list(Place.objects.filter(pk__in=list(place_ids)))
    if not places or len({place.township_id for place in places}) > 1:
        raise SweepRefusedError("one_township")
    for place in places:
        require_reach(actor, place)
    found = {one.pk: one for place in places for one in _inside(place, PlaceKind.UNIT)}
    with_units = {one.building_id for one in found.values()}
    bare = {one.pk: one for place in places for one in _inside(place, PlaceKind.BUILDING) if one.pk not in with_units}
    if not found and not bare:
        raise SweepRefusedError("nothing_inside")
    if len(found) + len(bare) > MOST_STAIRWELLS:
        raise SweepRefusedError("too_many", most=MOST_STAIRWELLS)
    return list(in_walking_order([*found.values(), *bare.values()]))


def _inside(place: Place, kind: PlaceKind) -> list[Place]:
    return [place] if place.kind == kind else list(places_inside(place, kind))


def _make_teams(actor: Actor, sweep: Sweep, units: Sequence[Place], count: int) -> None:
    doors = Counter(
        Household.objects.visible_to(actor).filter(place__in=sweep.unit_ids).values_list("place_id", flat=True)
    )
    # A stairwell in which nobody is registered is walked too.
    runs = split_evenly([max(1, doors[unit.pk]) for unit in units], count)
    SweepTeam.objects.bulk_create(
        SweepTeam(
            sweep=sweep, number=number, name=t("sweeps.team.default_name", number=number),
            unit_ids=[units[at].pk for at in run],
        )
        for number, run in enumerate(runs, 1)
    )  # fmt: skip


@transaction.atomic
def change_team(*, actor: Actor, team_id: int, name: str, members: str) -> SweepTeam:
    """Say who a team is. Whose name stands among the members carries the team's doors on their device."""
    actor.authorise(PLAN)
    team = _team(actor, team_id)
    team.name, team.members = name.strip()[:40] or team.name, members.strip()[:200]
    team.save(update_fields=["name", "members"])
    record(actor=actor, action="registry.sweep_team_changed", target_kind="sweep", target_id=team.sweep_id)
    return team


@transaction.atomic
def give_stairwell(*, actor: Actor, team_id: int, unit_id: int) -> SweepTeam:
    """Let another team walk a stairwell; the one that had it has it no more."""
    actor.authorise(PLAN)
    team = _team(actor, team_id)
    sweep = team.sweep
    if unit_id not in sweep.unit_ids:
        raise SweepRefusedError("not_in_sweep")
    for other in sweep.teams.select_for_update().order_by("number"):
        kept = [pk for pk in other.unit_ids if pk != unit_id]
        if other.pk == team.pk:
            kept = [pk for pk in sweep.unit_ids if pk in {*kept, unit_id}]
        if kept != other.unit_ids:
            other.unit_ids = kept
            other.save(update_fields=["unit_ids"])
    record(actor=actor, action="registry.sweep_stairwell_given", target_kind="sweep", target_id=sweep.pk,
           details={"unit": unit_id, "team": team.number})  # fmt: skip
    team.refresh_from_db()
    return team


def _team(actor: Actor, team_id: int) -> SweepTeam:
    team = SweepTeam.objects.select_related("sweep").filter(pk=team_id).first()
    if team is None:
        raise SweepRefusedError("unknown")
    sweep_for(actor, team.sweep_id)
    if team.sweep.state != SweepState.OPEN:
        raise SweepRefusedError("closed", name=team.sweep.name)
    return team


@transaction.atomic
def close_sweep(*, actor: Actor, sweep_id: int) -> Sweep:
    """End it: devices carry its people no more. What was recorded before arrives late and is kept."""
    actor.authorise(PLAN)
    sweep = sweep_for(actor, sweep_id, lock=True)
    if sweep.state != SweepState.CLOSED:
        sweep.state, sweep.closed_by, sweep.closed_at = SweepState.CLOSED, actor.name, timezone.now()
        sweep.save(update_fields=["state", "closed_by", "closed_at"])
        record(actor=actor, action="registry.sweep_closed", target_kind="sweep", target_id=sweep.pk)
    return sweep


@transaction.atomic
def reopen_sweep(*, actor: Actor, sweep_id: int) -> Sweep:
    actor.authorise(PLAN)
    sweep = sweep_for(actor, sweep_id, lock=True)
    if sweep.state != SweepState.OPEN:
        sweep.state, sweep.closed_by, sweep.closed_at = SweepState.OPEN, "", None
        sweep.save(update_fields=["state", "closed_by", "closed_at"])
        record(actor=actor, action="registry.sweep_reopened", target_kind="sweep", target_id=sweep.pk)
    return sweep


@transaction.atomic
def settle_difference(*, actor: Actor, difference_id: int, how: str, note: str = "") -> SweepDifference:
    """Decide what is so, and put the roster right where that is what was decided."""
    actor.authorise(Action.REGISTRY_EDIT)
    difference = difference_for(actor, difference_id, lock=True)
    if difference.settled_at is not None:
        raise SweepRefusedError("settled", by=difference.settled_by)
    if how not in WAYS[difference.kind]:
        raise SweepRefusedError("unknown")
    person = Person.objects.visible_to(actor).filter(pk=difference.person_id or 0, state__in=RESIDENT_STATES).first()
    why = note.strip() or t("sweeps.settled_reason", name=difference.sweep.name)
    if person is not None and how == "moved_out":
        mark_moved_out(actor=actor, person=person, reason=why[:200])
    elif person is not None and how == "away":
        mark_away(actor=actor, person=person, reason=why[:200])
    difference.settled_how, difference.settled_note = how, note.strip()[:200]
    difference.settled_at, difference.settled_by = timezone.now(), actor.name
    difference.save(update_fields=["settled_how", "settled_note", "settled_at", "settled_by"])
    record(actor=actor, action="registry.sweep_difference_settled", target_kind="household",
           target_id=difference.household_id, details={"how": how})  # fmt: skip
    return difference
