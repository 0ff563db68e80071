# ruff: noqa: E501
"""What is read of results and holds. Every query starts with ``visible_to(actor)``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from lianfang.domains.lab_testing import roster
from lianfang.domains.lab_testing.models import Hold, HoldState, LoadRow, Result, ResultLoad, ResultState, Sample, Tube
from lianfang.domains.lab_testing.selectors.alarms import SOON, WAITS
from lianfang.domains.registry.models import Household, Person
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.privacy.numbers import mask_phone, unseal

# Leftovers by kind, in the order in which they matter.
LEFT = (ResultState.ORPHAN, ResultState.ELSEWHERE, ResultState.WHICH_SAMPLE, ResultState.UNREADABLE, ResultState.BEFORE_SAMPLE,
        ResultState.TUBE_VOID, ResultState.EMPTY)  # fmt: skip
OPEN = (HoldState.HELD, HoldState.EXPIRED)
MOST_ROWS = 5


def loads_for(actor: Actor) -> QuerySet[Any]:
    if not actor.may(Action.TESTING_RESULTS):
        actor.authorise(Action.TESTING_PLAN)
    return ResultLoad.objects.visible_to(actor)


def first_rows(actor: Actor, load: ResultLoad) -> dict[str, list[LoadRow]]:
    """The first rows of every fate, for the preview: only they keep their fate (services.loads)."""
    found: dict[str, list[LoadRow]] = {}
    for fate in load.summary.get("fates", {}):
        rows = LoadRow.objects.visible_to(actor).filter(load=load, fate=fate).order_by("number")[:MOST_ROWS]
        found[fate] = list(rows)
    return found


def waiting_tubes(actor: Actor) -> QuerySet[Any]:
    """Tubes that left the desk and have no result, with ``due_at`` and ``swabs``; who waits longest comes first."""
    actor.authorise(Action.TESTING_VIEW)
    tubes = Tube.objects.visible_to(actor).filter(state__in=WAITS, conclusion="").select_related("round", "team")
    allowed = ExpressionWrapper(F("round__result_due_hours") * timedelta(hours=1), DurationField())
    due_at = ExpressionWrapper(F("sealed_at") + allowed, DateTimeField())
    swabs = Sample.objects.visible_to(actor).filter(tube=OuterRef("pk"), is_void=False).order_by().values("tube")
    return tubes.annotate(due_at=due_at, swabs=Coalesce(Subquery(swabs.annotate(n=Count("pk")).values("n")), 0))


def leftovers(actor: Actor, state: str = "") -> QuerySet[Any]:
    """Results that count for nobody, newest first."""
    actor.authorise(Action.TESTING_VIEW)
    results = Result.objects.visible_to(actor).select_related("tube")
    return results.filter(state=state) if state in LEFT else results.filter(state__in=LEFT)


def leftover_counts(actor: Actor) -> dict[str, int]:
    actor.authorise(Action.TESTING_VIEW)
    rows = (
        Result.objects.visible_to(actor).filter(state__in=LEFT).order_by().values_list("state").annotate(n=Count("id"))
    )
    counts = dict(rows)
    return {state.value: counts.get(state.value, 0) for state in LEFT}


def contradicting_tubes(actor: Actor, limit: int = 100) -> list[tuple[Tube, list[Result]]]:
    """Each contradicting tube with what every laboratory said, side by side, oldest first."""
    actor.authorise(Action.TESTING_VIEW)
    tubes = list(
        Tube.objects.visible_to(actor).filter(conclusion="contradicting").order_by("-concluded_at", "id")[:limit]
    )
    said: dict[int, list[Result]] = {tube.pk: [] for tube in tubes}
    for result in results_of(actor, [tube.pk for tube in tubes]):
        if result.state == ResultState.COUNTED:
            said[result.tube_id or 0].append(result)
    return [(tube, said[tube.pk]) for tube in tubes]


def results_of(actor: Actor, tube_ids: Collection[int]) -> Sequence[Result]:
    """Everything that was ever said of these tubes, in the order in which it became known."""
    found = Result.objects.visible_to(actor).filter(tube_id__in=tube_ids)
    return list(found.order_by("tube_id", "received_at", "id"))


def desk_results(actor: Actor, limit: int = 50) -> Sequence[Result]:
    """The results that came last, for the desk."""
    actor.authorise(Action.TESTING_VIEW)
    return list(Result.objects.visible_to(actor).select_related("tube").order_by("-id")[:limit])


@dataclass(frozen=True, slots=True)
class Pool:
    """A positive or contradicting tube and how many of its people are held, released, cases, ended."""

    tube: Tube
    people: int
    held: int
    expired: int
    released: int
    cases: int
    resampled: int
    ends_at: datetime | None


def pools(actor: Actor, *, only_open: bool = True, limit: int = 300) -> list[Pool]:
    """Tubes with holds in the actor's places, those that end first first."""
    actor.authorise(Action.TESTING_VIEW)
    holds = Hold.objects.visible_to(actor).order_by()
    rows = holds.values("tube_id").annotate(
        people=Count("id"), held=Count("id", filter=Q(state="held")), expired=Count("id", filter=Q(state="expired")),
        released=Count("id", filter=Q(state="released")), cases=Count("id", filter=Q(state="case")),
        resampled=Count("id", filter=Q(retest_tube__isnull=False)), ends_at=Min("ends_at", filter=Q(state="held")),
    )  # fmt: skip
    if only_open:
        rows = rows.filter(Q(held__gt=0) | Q(expired__gt=0))
    found = list(rows.order_by("-expired", "ends_at", "-tube_id")[:limit])
    tubes = tubes_by_id({row["tube_id"] for row in found})
    return [
        Pool(
            tubes[row["tube_id"]],
            row["people"],
            row["held"],
            row["expired"],
            row["released"],
            row["cases"],
            row["resampled"],
            row["ends_at"],
        )
        for row in found
    ]


def tubes_by_id(ids: Collection[int]) -> dict[int, Tube]:
    """Tubes wherever they were filled: the code on the label of a neighbour's tube tells nobody's secret."""
    with acting_as(system_actor("tubes")):
        return Tube.objects.select_related("round").in_bulk(ids)


@dataclass(frozen=True, slots=True)
class HeldPerson:
    """A hold as a list shows it. ``phone`` is masked; somebody on no roster has only a name."""

    hold: Hold
    tube: Tube
    retest: Tube | None
    name: str
    address: str
    phone: str
    sort_key: str
    is_stranger: bool

    @property
    def is_ending(self) -> bool:
        return self.hold.state == HoldState.HELD and self.hold.ends_at <= timezone.now() + SOON


def holds_for(actor: Actor, *, state: str = "open", tube_id: int | None = None) -> QuerySet[Any]:
    actor.authorise(Action.TESTING_VIEW)
    holds = Hold.objects.visible_to(actor)
    if tube_id is not None:
        holds = holds.filter(tube_id=tube_id)
    if state == "open":
        return holds.filter(state__in=OPEN)
    if state == "to_resample":
        return holds.filter(state__in=OPEN, retest_tube=None)
    return holds.filter(state=state) if state in HoldState.values else holds


def described(actor: Actor, holds: Sequence[Hold]) -> list[HeldPerson]:
    """Names, addresses and tubes of a page of holds: a query for each kind, whatever the number."""
    people = {
        one.pk: one
        for one in Person.objects.visible_to(actor).filter(pk__in=[hold.person_id for hold in holds if hold.person_id])
    }
    homes = Household.objects.visible_to(actor).in_bulk(
        {one.household_id for one in people.values() if one.household_id}
    )
    tubes = tubes_by_id({pk for hold in holds for pk in (hold.tube_id, hold.retest_tube_id) if pk})
    written = dict(
        Sample.objects.visible_to(actor).filter(pk__in=[hold.sample_id for hold in holds]).values_list("pk", "name")
    )
    communities = roster.names_of({hold.community_id for hold in holds})
    rows = []
    for hold in holds:
        person: Any = people.get(hold.person_id or 0)
        home: Any = homes.get(person.household_id) if person is not None and person.household_id else None
        address = " ".join(filter(None, (communities.get(hold.community_id, ""), home.address if home else "")))
        rows.append(HeldPerson(
            hold, tubes[hold.tube_id], tubes.get(hold.retest_tube_id or 0), person.name if person else written.get(hold.sample_id, ""),
            address, mask_phone(unseal(person.phone_sealed)) if person else "", person.sort_key if person else "", hold.person_id is None,
        ))  # fmt: skip
    return rows


def resampling_list(actor: Actor, tube_id: int | None = None, limit: int = 5_000) -> list[HeldPerson]:
    """Who is held and has no single swab yet, in walking order."""
    holds = list(holds_for(actor, state="to_resample", tube_id=tube_id).order_by("community_id", "id")[:limit])
    names = roster.names_of({hold.community_id for hold in holds})
    return sorted(
        described(actor, holds), key=lambda one: (names.get(one.hold.community_id, ""), one.sort_key, one.hold.pk)
    )


def holds_of_people(actor: Actor, person_ids: Collection[int]) -> Sequence[Hold]:
    """All holds of these people, newest first."""
    return list(Hold.objects.visible_to(actor).filter(person_id__in=person_ids).order_by("-starts_at", "-id"))
