"""Who was missed: the list in walking order, and who was missed in several rounds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.expressions import RawSQL

from lianfang.domains.lab_testing import roster
from lianfang.domains.lab_testing.models import (
    Coverage,
    MissingContact,
    Round,
    RoundCount,
    RoundPerson,
    RoundState,
    Sample,
)
from lianfang.domains.lab_testing.selectors.counted import counted
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import people_for
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.privacy.numbers import mask_phone, unseal

LAST_ROUNDS = 5
NOT_CONTACTED = "none"


@dataclass(frozen=True, slots=True)
class MissingFilter:
    """``outcome`` of the last try, or NOT_CONTACTED; ``missed`` at least so often in the last rounds, this one
    included."""

    community_id: int | None = None
    building_id: int | None = None
    unit_id: int | None = None
    outcome: str = ""
    missed: int = 1


@dataclass(frozen=True, slots=True)
class MissingRow:
    """One missed person as the list shows them. ``phone`` is masked; ``missed`` counts the last rounds with this
    one."""

    expected: RoundPerson
    person: Person
    address: str
    community: str
    phone: str
    why: str
    missed: int
    rounds: int
    last_contact_at: datetime | None
    last_contact: str

    @property
    def pk(self) -> int:
        return int(self.expected.pk)


def missing_people(actor: Actor, round_: Round, wanted: MissingFilter | None = None) -> QuerySet[Any]:
    """The missing of the actor's places; ordered by ``walking_key`` and id they come in walking order."""
    actor.authorise(Action.TESTING_VIEW)
    wanted = wanted or MissingFilter()
    people = RoundPerson.objects.visible_to(actor).filter(round=round_, state=Coverage.MISSING)
    places = {"community_id": wanted.community_id, "building_id": wanted.building_id, "unit_id": wanted.unit_id}
    people = people.filter(**{name: pk for name, pk in places.items() if pk is not None})
    if wanted.outcome:
        people = people.filter(contact_outcome="" if wanted.outcome == NOT_CONTACTED else wanted.outcome)
    if wanted.missed > 1:
        # Looked up first: right after a round is opened the planner knows nothing of its rows and joins the slow way.
        often = _missed_at_least(actor, round_, wanted.missed)
        people = people.filter(person_id__in=RawSQL("SELECT unnest(%s::bigint[])", [often]))
    return people


def missing_count(actor: Actor, round_: Round, wanted: MissingFilter) -> int:
    """How many ``missing_people`` there are; from the kept counts of stairwells where nothing else is asked for."""
    if wanted.outcome or wanted.missed > 1:
        return missing_people(actor, round_, wanted).count()
    actor.authorise(Action.TESTING_VIEW)
    counts = RoundCount.objects.visible_to(actor).filter(round=round_)
    places = {"community_id": wanted.community_id, "building_id": wanted.building_id, "unit_id": wanted.unit_id}
    counts = counts.filter(**{name: pk for name, pk in places.items() if pk is not None})
    return counts.aggregate(all=Sum("missing"))["all"] or 0


def rounds_up_to(round_: Round, most: int = LAST_ROUNDS) -> list[Round]:
    """The last must-test rounds of the township, this one first; drills and those called off do not count."""
    before = Round.objects.filter(
        township_id=round_.township_id,
        state__in=(RoundState.OPEN, RoundState.CLOSED),
        is_must_test=True,
        is_drill=False,
        starts_at__lte=round_.starts_at,
    )
    return [round_, *before.exclude(pk=round_.pk).order_by("-starts_at", "-id")[: most - 1]]


def _missed_at_least(actor: Actor, round_: Round, times: int) -> list[int]:
    rounds = [one.pk for one in rounds_up_to(round_)]
    if len(rounds) < times:
        return []
    missed = RoundPerson.objects.visible_to(actor).filter(round__in=rounds, state=Coverage.MISSING)
    often = missed.order_by().values("person_id").annotate(times=Count("id")).filter(times__gte=times)
    return list(often.values_list("person_id", flat=True))


def missed_counts(actor: Actor, round_: Round, person_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """person → (rounds missed, rounds expected in) among the last ones, this one included."""
    rounds = [one.pk for one in rounds_up_to(round_)]
    rows = (
        RoundPerson.objects.visible_to(actor)
        .filter(round__in=rounds, person_id__in=person_ids)
        .values_list("person_id", "state")
    )
    found: dict[int, tuple[int, int]] = {}
    for person_id, state in rows:
        missed, among = found.get(person_id, (0, 0))
        found[person_id] = (missed + (state == Coverage.MISSING), among + 1)
    return found


def describe(actor: Actor, round_: Round, rows: Sequence[RoundPerson]) -> list[MissingRow]:
    """Put names, addresses, contacts and counts to rows of the list: five queries for a page, in the order given."""
    ids = [row.person_id for row in rows]
    people = {person.pk: person for person in people_for(actor, ids)}
    missed = missed_counts(actor, round_, ids)
    communities = roster.names_of({row.community_id for row in rows})
    voided = set(
        Sample.objects.visible_to(actor)
        .filter(round_id=round_.pk, person_id__in=ids, is_void=True)
        .values_list("person_id", flat=True)
    )
    contacts = _last_contacts(actor, ids)
    found = []
    for row in rows:
        person = people.get(row.person_id)
        if person is None:
            continue
        times, among = missed.get(row.person_id, (1, 1))
        at, told = contacts.get(row.person_id) or (person.last_contact_at, person.last_contact_note)
        found.append(
            MissingRow(
                row,
                person,
                person.household.address if person.household else "",
                communities.get(row.community_id, ""),
                mask_phone(unseal(person.phone_sealed)),
                "sample_void" if row.person_id in voided else "not_sampled",
                times,
                among,
                at,
                told,
            )
        )
    return found


def _last_contacts(actor: Actor, person_ids: Collection[int]) -> dict[int, tuple[datetime, str]]:
    tries = MissingContact.objects.visible_to(actor).filter(person_id__in=person_ids)
    newest = tries.order_by("person_id", "-at", "-id").distinct("person_id")
    return {one.person_id: (one.at, one.outcome) for one in newest}


def described_in_chunks(
    actor: Actor, round_: Round, people: QuerySet[Any], *, most: int | None = None, size: int = 2_000
) -> Iterator[MissingRow]:
    """The whole list in walking order, or its first ``most``, for print and export."""
    ordered = iter(people.order_by("walking_key", "id")[:most].iterator(chunk_size=size))
    while chunk := list(islice(ordered, size)):
        yield from describe(actor, round_, chunk)


@dataclass(frozen=True, slots=True)
class OftenMissed:
    """How many people were missed in exactly so many of the last rounds."""

    times: int
    people: int


def often_missed(actor: Actor, round_: Round) -> tuple[int, list[OftenMissed]]:
    """(number of rounds looked at, how many of this round's missing were missed twice, three times … in them)."""
    actor.authorise(Action.TESTING_VIEW)
    rounds = [one.pk for one in rounds_up_to(round_)]
    if len(rounds) < 2:
        return len(rounds), []
    changes = ("lab_testing_roundpersonevent", "lab_testing_roundevent")
    return len(rounds), counted(actor, "often", changes, lambda: _often_missed(actor, round_, rounds), round_.pk)


def _often_missed(actor: Actor, round_: Round, rounds: list[int]) -> list[OftenMissed]:
    missing = RoundPerson.objects.visible_to(actor).filter(round=round_, state=Coverage.MISSING).values("person_id")
    people = RoundPerson.objects.visible_to(actor).filter(
        round__in=rounds, state=Coverage.MISSING, person_id__in=missing
    )
    numbers: dict[int, int] = {}
    for times in people.order_by().values("person_id").annotate(times=Count("id")).values_list("times", flat=True):
        numbers[times] = numbers.get(times, 0) + 1
    return [OftenMissed(times, numbers[times]) for times in sorted(numbers, reverse=True) if times > 1]
