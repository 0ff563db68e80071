"""How far a sweep is, where to knock again, and what differs from the roster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from lianfang.domains.registry.models import (
    DoorOutcome,
    DoorVisit,
    Household,
    Person,
    Place,
    Sweep,
    SweepDifference,
    SweepTeam,
)
from lianfang.domains.registry.selectors import names_of_places
from lianfang.domains.registry.sweeps.finding import WAYS
from lianfang.domains.registry.sweeps.visits import deciding
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action, Level

_ABOVE = ("compound", "building", "unit")


@dataclass(frozen=True, slots=True)
class DoorCounts:
    """Doors of a stairwell or team: each is met, not_home, refused, empty or not yet knocked at."""

    doors: int = 0
    met: int = 0
    not_home: int = 0
    refused: int = 0
    empty: int = 0

    @property
    def left(self) -> int:
        return self.doors - self.met - self.not_home - self.refused - self.empty

    @property
    def done(self) -> int:
        return self.met + self.empty

    @property
    def share(self) -> float:
        return self.done / self.doors if self.doors else 1.0

    def __add__(self, other: DoorCounts) -> DoorCounts:
        return DoorCounts(*(getattr(self, name) + getattr(other, name) for name in _COLUMNS))


_COLUMNS = ("doors", "met", "not_home", "refused", "empty")


def _counts(doors: int, outcomes: Counter[str]) -> DoorCounts:
    return DoorCounts(doors, *(outcomes[name] for name in _COLUMNS[1:]))


@dataclass(frozen=True, slots=True)
class Stairwell:
    unit_id: int
    name: str
    counts: DoorCounts


@dataclass(frozen=True, slots=True)
class TeamProgress:
    """A team, or, where ``team`` is None, the stairwells that no team has."""

    team: SweepTeam | None
    stairwells: tuple[Stairwell, ...]
    counts: DoorCounts


def require_sweeps(actor: Actor) -> None:
    if not actor.may(Action.REGISTRY_VIEW):
        actor.authorise(Action.DOOR_SWEEP)


def sweeps_for(actor: Actor) -> QuerySet[Sweep]:
    """Sweeps that touch the actor's places, the newest first."""
    require_sweeps(actor)
    found = Sweep.objects.order_by("-made_at", "-id")
    if actor.level is Level.SYSTEM:
        return found
    if actor.level in (Level.COUNTY, Level.TOWNSHIP):
        return found.filter(**{f"{actor.level}_id__in": actor.scope_ids})
    place = Place.objects.filter(pk__in=actor.scope_ids[:1]).first()
    if place is None or place.township_id is None or actor.level not in (Level.COMMUNITY, Level.BUILDING):
        return found.none()
    return found.filter(Q(community_id=None) | Q(community_id=place.community_id), township_id=place.township_id)


def unit_names(unit_ids: Sequence[int]) -> dict[int, str]:
    """江滨花园 1号楼 1单元, for each."""
    units = Place.objects.in_bulk(list(unit_ids))
    above = Place.objects.in_bulk({pk for unit in units.values() for pk in unit.path})
    named = names_of_places(above.values())
    return {
        pk: " ".join(named[one] for one in unit.path if one in above and above[one].kind in _ABOVE)
        for pk, unit in units.items()
    }


def visits_by_household(
    actor: Actor, sweep: Sweep, unit_ids: Sequence[int] | None = None
) -> dict[int, list[DoorVisit]]:
    visits = DoorVisit.objects.visible_to(actor).filter(sweep=sweep)
    if unit_ids is not None:
        visits = visits.filter(unit_id__in=list(unit_ids))
    found: dict[int, list[DoorVisit]] = {}
    for visit in visits.order_by("visited_at", "id"):
        found.setdefault(visit.household_id, []).append(visit)
    return found


def progress(actor: Actor, sweep: Sweep) -> list[TeamProgress]:
    """By team and stairwell, as far as the actor sees it; stairwells of other places are left out."""
    require_sweeps(actor)
    homes = dict(Household.objects.visible_to(actor).filter(place__in=sweep.unit_ids).values_list("pk", "place_id"))
    doors, outcomes = Counter(homes.values()), dict[int, Counter[str]]()
    for household_id, visits in visits_by_household(actor, sweep).items():
        last = deciding(visits)
        unit_id = homes.get(household_id)
        if last is not None and unit_id is not None:
            outcomes.setdefault(unit_id, Counter())[last.outcome] += 1
    names = unit_names(sweep.unit_ids)

    def counted(team: SweepTeam | None, unit_ids: Sequence[int]) -> TeamProgress:
        wells = tuple(
            Stairwell(pk, names.get(pk, "–"), _counts(doors[pk], outcomes.get(pk, Counter())))
            for pk in unit_ids if pk in doors or actor.level is not Level.BUILDING
        )  # fmt: skip
        return TeamProgress(team, wells, sum((well.counts for well in wells), DoorCounts()))

    teams = list(sweep.teams.order_by("number"))
    given = {pk for team in teams for pk in team.unit_ids}
    found = [counted(team, team.unit_ids) for team in teams]
    left = counted(None, [pk for pk in sweep.unit_ids if pk not in given])
    return [one for one in [*found, left] if one.stairwells or one.team is not None]


@dataclass(frozen=True, slots=True)
class Revisit:
    """A door to knock at again: nobody was at home, or nobody opened; ``tries`` how often, ``last`` the last."""

    household: Household
    unit_name: str
    last: DoorVisit
    tries: int
    people: tuple[str, ...]


def revisits(actor: Actor, sweep: Sweep, team: SweepTeam | None = None) -> list[Revisit]:
    """In walking order, with the names of who is registered there."""
    actor.authorise(Action.REGISTRY_VIEW)
    by_home = visits_by_household(actor, sweep, None if team is None else team.unit_ids)
    again = {
        pk: (last, len(visits)) for pk, visits in by_home.items()
        if (last := deciding(visits)) is not None and last.outcome in (DoorOutcome.NOT_HOME, DoorOutcome.REFUSED)
    }  # fmt: skip
    homes = list(Household.objects.visible_to(actor).filter(pk__in=again).order_by("sort_key", "id"))
    people = residents_by_household(actor, again)
    names = unit_names([home.place_id for home in homes])
    return [
        Revisit(home, names.get(home.place_id, ""), *again[home.pk], tuple(one.name for one in people.get(home.pk, ())))
        for home in homes
    ]


def residents_by_household(actor: Actor, household_ids: Any) -> dict[int, list[Person]]:
    people = Person.objects.visible_to(actor).filter(household__in=list(household_ids), state__in=RESIDENT_STATES)
    found: dict[int, list[Person]] = {}
    for person in people.order_by("id"):
        found.setdefault(person.household_id or 0, []).append(person)
    return found


@dataclass(frozen=True, slots=True)
class Differs:
    difference: SweepDifference
    household: Household
    person: Person | None
    ways: tuple[str, ...]


def differences(actor: Actor, sweep: Sweep, *, settled: bool = False) -> list[Differs]:
    """Open, or settled, in walking order."""
    actor.authorise(Action.REGISTRY_VIEW)
    found = list(SweepDifference.objects.visible_to(actor).filter(sweep=sweep, settled_at__isnull=not settled))
    homes = Household.objects.visible_to(actor).in_bulk({one.household_id for one in found})
    people = Person.objects.visible_to(actor).in_bulk({one.person_id for one in found if one.person_id})
    rows = [
        Differs(one, homes[one.household_id], people.get(one.person_id or 0), _ways(one))
        for one in found if one.household_id in homes
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row.household.sort_key, row.difference.pk))


def _ways(one: SweepDifference) -> tuple[str, ...]:
    """A count that is too high names nobody who could be marked as away."""
    if one.person_id is None and "away" in WAYS[one.kind]:
        return ("stays",)
    return WAYS[one.kind]


def open_difference_count(actor: Actor, sweep: Sweep) -> int:
    return SweepDifference.objects.visible_to(actor).filter(sweep=sweep, settled_at=None).count()
