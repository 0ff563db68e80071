"""What was found behind a door: kept as it was told, and held against the roster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from lianfang.domains.registry.models import (
    AddedAtDoor,
    DifferenceKind,
    DoorOutcome,
    DoorVisit,
    Household,
    Person,
    Sweep,
    SweepDifference,
)
from lianfang.domains.registry.services import Door, household_at
from lianfang.domains.registry.sweeps.finding import sweep_for
from lianfang.domains.registry.sweeps.refusals import SweepRefusedError
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.domains.registry.words import ordered_needs
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record

MOST_COUNTED = 999


@dataclass(frozen=True, slots=True)
class Knock:
    """One visit as it is told: ``living_ids`` and ``gone_ids`` are people of the roster, said to live there or not."""

    outcome: DoorOutcome
    counted: int | None = None
    living_ids: Sequence[int] = ()
    gone_ids: Sequence[int] = ()
    needs: Sequence[str] = ()
    note: str = ""
    at: datetime | None = None
    by: str = ""
    device_id: UUID | None = None
    client_id: UUID | None = None
    clock_is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Visited:
    """The visit as it is kept; ``is_outside`` where the door is none of the sweep's, ``open`` what is to be settled."""

    visit: DoorVisit
    is_repeat: bool = False
    is_outside: bool = False
    open: tuple[SweepDifference, ...] = field(default_factory=tuple)


@transaction.atomic
def record_visit(*, actor: Actor, sweep_id: int, door: Door, knock: Knock) -> Visited:
    """Keep a visit. The room's household is registered where there is none; a door outside of the sweep, or a sweep
    that is closed by now, is kept too: somebody was there.

    Raises SweepRefusedError for a sweep of other places, RegistryError for a door of other places.
    """
    actor.authorise(Action.DOOR_SWEEP)
    sweep = sweep_for(actor, sweep_id)
    before = None if knock.client_id is None else DoorVisit.objects.filter(client_id=knock.client_id).first()
    if before is not None:
        return Visited(before, is_repeat=True, open=_open(sweep, before.household_id))
    if knock.counted is not None and not 0 <= knock.counted <= MOST_COUNTED:
        raise SweepRefusedError("count", most=MOST_COUNTED)
    household = household_at(actor, door)
    visit = _kept(actor, sweep, household, knock)
    if knock.outcome == DoorOutcome.MET:
        Household.objects.filter(pk=household.pk).update(last_contact_at=min(visit.visited_at, visit.received_at))
    compare(actor, sweep, household)
    record(actor=actor, action="registry.door_visited", target_kind="household", target_id=household.pk,
           details={"sweep_id": sweep.pk, "outcome": str(knock.outcome)})  # fmt: skip
    return Visited(visit, is_outside=household.place_id not in sweep.unit_ids, open=_open(sweep, household.pk))


def _kept(actor: Actor, sweep: Sweep, household: Household, knock: Knock) -> DoorVisit:
    now = timezone.now()
    roster = set(Person.objects.filter(household=household).values_list("pk", flat=True))
    return DoorVisit.objects.create(
        county_id=household.county_id, township_id=household.township_id, community_id=household.community_id,
        building_id=household.building_id, sweep=sweep, unit_id=household.place_id, household_id=household.pk,
        room=household.room, outcome=knock.outcome, counted=knock.counted,
        living_ids=[pk for pk in dict.fromkeys(knock.living_ids) if pk in roster],
        gone_ids=[pk for pk in dict.fromkeys(knock.gone_ids) if pk in roster and pk not in knock.living_ids],
        needs=[need[:20] for need in ordered_needs(knock.needs)], note=knock.note.strip()[:400],
        visited_at=knock.at or now, received_at=now, visited_by=(knock.by.strip() or actor.name)[:80],
        device_id=knock.device_id, client_id=knock.client_id, clock_is_doubtful=knock.clock_is_doubtful,
    )  # fmt: skip


def deciding(visits: Iterable[DoorVisit]) -> DoorVisit | None:
    """The visit that says how it is: the last at which somebody was met, else the last. In whatever order they came."""
    ordered = sorted(visits, key=lambda one: (one.visited_at, one.pk))
    met = [one for one in ordered if one.outcome == DoorOutcome.MET]
    return next(iter([*met[-1:], *ordered[-1:]]), None)


def compare(actor: Actor, sweep: Sweep, household: Household) -> None:
    """Hold what the deciding visit says against the roster as it is now. What somebody settled after that visit stays
    settled."""
    visit = deciding(DoorVisit.objects.filter(sweep=sweep, household_id=household.pk))
    mine = SweepDifference.objects.filter(sweep=sweep, household_id=household.pk)
    mine.filter(settled_at=None).delete()
    if visit is None:
        return
    settled = set(mine.filter(found_at__gte=visit.visited_at).values_list("kind", "person_id"))
    SweepDifference.objects.bulk_create(
        SweepDifference(
            county_id=household.county_id, township_id=household.township_id, community_id=household.community_id,
            building_id=household.building_id, sweep=sweep, household_id=household.pk, unit_id=household.place_id,
            kind=kind, person_id=person_id, people=people, found_at=visit.visited_at, found_by=visit.visited_by,
        )
        for kind, person_id, people in _differences(sweep, household, visit)
        if (str(kind), person_id) not in settled
    )  # fmt: skip


def _differences(
    sweep: Sweep, household: Household, visit: DoorVisit
) -> Iterable[tuple[DifferenceKind, int | None, int]]:
    living = Person.objects.filter(household=household, state__in=RESIDENT_STATES).order_by("pk")
    roster = list(living.values_list("pk", flat=True))
    added = AddedAtDoor.objects.filter(household_id=household.pk, at__gte=sweep.made_at, person_id__in=roster)
    for person_id in added.order_by("person_id").values_list("person_id", flat=True).distinct():
        yield DifferenceKind.ADDED, person_id, 1
    if visit.outcome == DoorOutcome.EMPTY:
        yield from ((DifferenceKind.NOT_LIVING, pk, 1) for pk in roster)
    if visit.outcome != DoorOutcome.MET:
        return
    gone = [pk for pk in roster if pk in visit.gone_ids]
    yield from ((DifferenceKind.NOT_LIVING, pk, 1) for pk in gone)
    if visit.counted is None:
        return
    more = visit.counted - (len(roster) - len(gone))
    if more > 0:
        yield DifferenceKind.UNREGISTERED, None, more
    elif more < 0:
        yield DifferenceKind.NOT_LIVING, None, -more


def _open(sweep: Sweep, household_id: int) -> tuple[SweepDifference, ...]:
    return tuple(SweepDifference.objects.filter(sweep=sweep, household_id=household_id, settled_at=None).order_by("pk"))
