"""A household's, and a person's, test state at a glance (mission T9)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from lianfang.domains.lab_testing.finding import round_concerns
from lianfang.domains.lab_testing.models import Coverage, Round, RoundPerson, RoundState, Sample
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action

# A round that is over is still what a building chief asks about, until the next or this long.
STILL_CURRENT = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class HouseholdState:
    """People of one household in a round. ``waiting`` are sampled without a result; ``alarm`` in a tube whose result is
    positive, unclear or contradicting."""

    household_id: int
    expected: int
    sampled: int
    missing: int
    exempt: int
    away: int
    waiting: int
    alarm: int


def current_round(actor: Actor, township_id: int, community_id: int | None = None) -> Round | None:
    """The open must-test round of the place, else the one closed last, for a few days."""
    rounds = Round.objects.filter(
        township_id=township_id, is_must_test=True, state__in=(RoundState.OPEN, RoundState.CLOSED)
    )
    fresh = rounds.filter(ends_at__gte=timezone.now() - STILL_CURRENT).order_by("-starts_at", "-id")[:20]
    concerning = [
        one for one in fresh
        if round_concerns(actor, one) and (community_id is None or one.community_id in (None, community_id))
    ]  # fmt: skip
    is_open = [one for one in concerning if one.state == RoundState.OPEN]
    return next(iter(is_open or concerning), None)


def household_states(actor: Actor, round_: Round, household_ids: Collection[int]) -> dict[int, HouseholdState]:
    """The state of each household that is expected in the round: two queries."""
    actor.authorise(Action.TESTING_VIEW)
    people = RoundPerson.objects.visible_to(actor).filter(round=round_, household_id__in=household_ids)
    rows = list(people.values_list("household_id", "person_id", "state"))
    conclusions = _conclusions(actor, round_, [person_id for _, person_id, state in rows if state == Coverage.SAMPLED])
    found: dict[int, dict[str, int]] = {}
    for household_id, person_id, state in rows:
        if household_id is None:
            continue
        counts = found.setdefault(household_id, dict.fromkeys((*Coverage.values, "expected", "waiting", "alarm"), 0))
        counts["expected"] += 1
        counts[state] += 1
        said = conclusions.get(person_id, set())
        counts["alarm"] += bool(said & {"positive", "indeterminate", "invalid", "contradicting"})
        counts["waiting"] += bool(said) and said <= {""}
    return {
        pk: HouseholdState(pk, one["expected"], one["sampled"], one["missing"], one["exempt"], one["away"],
                           one["waiting"], one["alarm"])
        for pk, one in found.items()
    }  # fmt: skip


def _conclusions(actor: Actor, round_: Round, person_ids: Sequence[int]) -> dict[int, set[str]]:
    swabs = Sample.objects.visible_to(actor).filter(round_id=round_.pk, is_void=False, person_id__in=person_ids)
    found: dict[int, set[str]] = {}
    for person_id, conclusion in swabs.values_list("person_id", "tube__conclusion"):
        if person_id is None:
            continue
        found.setdefault(person_id, set()).add(conclusion)
    return found


@dataclass(frozen=True, slots=True)
class PersonTesting:
    """A person's swabs, newest first, and where they stood in the last rounds."""

    swabs: tuple[Sample, ...]
    rounds: tuple[RoundPerson, ...]


def person_testing(actor: Actor, person_id: int, most: int = 10) -> PersonTesting:
    actor.authorise(Action.TESTING_VIEW)
    swabs = (
        Sample.objects.visible_to(actor)
        .filter(person_id=person_id)
        .select_related("tube")
        .order_by("-sampled_at", "-id")
    )
    rounds = (
        RoundPerson.objects.visible_to(actor)
        .filter(person_id=person_id)
        .select_related("round")
        .order_by("-round__starts_at")
    )
    return PersonTesting(tuple(swabs[:most]), tuple(rounds[:most]))
