"""Writes a plan into the registry, and what it takes to undo it. Runs inside one transaction of the caller."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lianfang.domains.registry import events
from lianfang.domains.registry.imports import planning
from lianfang.domains.registry.imports.planning import Plan
from lianfang.domains.registry.imports.saving import SCOPE
from lianfang.domains.registry.models import Household, Import, Person, Place
from lianfang.domains.registry.services.bulk import (
    BulkOutcome,
    Home,
    NewResident,
    copy_rows,
    ensure_households,
    ensure_places,
    register_people_in_bulk,
    staged_rows,
)
from lianfang.domains.registry.services.facts import PersonFacts, name_columns, number_columns, plain_columns
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.outbox.services import emit
from lianfang.foundation.privacy.numbers import current_key_number, seal

# What an update writes; all of it is kept for undo but the numbers, which are sealed beside.
UPDATED = (
    "county_id",
    "township_id",
    "community_id",
    "building_id",
    "household_id",
    "sort_key",
    "name",
    "name_pinyin",
    "name_initials",
    "sex",
    "birth_on",
    "id_type",
    "id_is_valid",
    "relation_to_head",
    "class_kind",
    "key_person_kind",
    "occupation",
    "employer",
    "special_needs",
    "state",
    "state_reason",
    "state_until_on",
    "remark",
)
NUMBERS = ("id_sealed", "id_index", "phone_sealed", "phone_index", "phone_tail_index")


class ChangedSinceError(Exception):
    """The registry is no longer what the plan was made from; the caller rolls back and plans anew."""


def apply_plans(*, actor: Actor, batch: Import, plans: Sequence[Plan]) -> None:
    """Register who is new and change who is known. Raises ChangedSinceError where somebody else changed them."""
    communities = {one.spot.community_id for one in plans}
    marks = _Marks(communities)
    added = _add(actor, batch, [one for one in plans if one.action == planning.ADD])
    updated = _update(actor, batch, [one for one in plans if one.action == planning.UPDATE])
    marks.save_undo(batch, added)
    for first in range(0, len(updated), events.BATCH):
        emit(events.PEOPLE_CHANGED, {"person_ids": updated[first : first + events.BATCH], "import_id": batch.pk})


def _add(actor: Actor, batch: Import, plans: Sequence[Plan]) -> list[int]:
    rows = [NewResident(one.spot, one.facts, one.room, one.floor, one.tenancy) for one in plans]
    if not rows:
        return []
    outcome: BulkOutcome = register_people_in_bulk(actor=actor, rows=rows, import_id=batch.pk)
    if outcome.refused:
        raise ChangedSinceError
    return [pk for pk in outcome.person_ids if pk is not None]


def _update(actor: Actor, batch: Import, plans: Sequence[Plan]) -> list[int]:
    """Change the known people, each only at the version that the plan saw."""
    if not plans:
        return []
    ids = sorted(one.known.person_id for one in plans if one.known)
    people = {
        one.pk: one
        for one in Person.objects.visible_to(actor)
        .filter(pk__in=ids)
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    }
    for one in plans:
        assert one.known is not None
        person = people.get(one.known.person_id)
        if person is None or person.version != one.known.version:
            raise ChangedSinceError
    _save_before(batch, people.values())
    homes = _homes(actor, [one for one in plans if one.moves])
    key_number = current_key_number()
    seal("0", key_number)
    changed = [_after(one, people[one.known.person_id], homes, key_number) for one in plans if one.known]
    _write(changed)
    return ids


def _homes(actor: Actor, plans: Sequence[Plan]) -> dict[int, dict[str, Any]]:
    """Leader of a plan that moves somebody → the columns of where they live from now on."""
    if not plans:
        return {}
    places = ensure_places(actor=actor, spots={one.spot for one in plans})
    wanted = {Home(one.spot, one.room, one.floor, one.tenancy) for one in plans if one.room}
    households = ensure_households(actor=actor, homes=wanted, places=places)
    rows = Household.objects.in_bulk(set(households.values()))
    found: dict[int, dict[str, Any]] = {}
    for one in plans:
        place: Place = places[one.spot]
        home = rows[households[place.pk, one.room]] if one.room else None
        keys = {name: getattr(place, name) for name in SCOPE}
        found[one.leader] = {
            **keys,
            "household_id": home.pk if home else None,
            "sort_key": home.sort_key if home else place.sort_key,
        }
    return found


def _after(plan: Plan, person: Person, homes: dict[int, dict[str, Any]], key_number: int) -> Person:
    facts: PersonFacts = plan.facts
    assert plan.known is not None
    columns: dict[str, Any] = {**name_columns(facts.name), **plain_columns(facts), **homes.get(plan.leader, {})}
    before = plan.known.facts
    if (facts.id_number, facts.phone) != (before.id_number, before.phone):
        columns |= number_columns(facts.id_number, facts.phone, key_number)
    if plan.moves or plan.returns:
        columns |= {"state": "living", "state_reason": "", "state_until_on": None}
    for name, value in columns.items():
        setattr(person, name, value)
    person.version += 1
    return person


def _write(people: Iterable[Person]) -> None:
    """One UPDATE for all of them."""
    columns = ("id", "version", *UPDATED, *NUMBERS)
    rows = ([one.pk, one.version, *(getattr(one, name) for name in columns[2:])] for one in people)
    with staged_rows("registry_person", columns, map(tuple, rows)) as (cursor, made):
        assigned = ", ".join(f"{name} = given.{name}" for name in columns[1:])
        cursor.execute(f"UPDATE registry_person person SET {assigned} FROM {made} given WHERE person.id = given.id")


_UNDO_COLUMNS = (
    *SCOPE,
    "batch_id",
    "kind",
    "target_id",
    "version",
    "before",
    "id_sealed",
    "phone_sealed",
    "kept_because",
)


def _save_before(batch: Import, people: Iterable[Person]) -> None:
    scope = tuple(getattr(batch, name) for name in SCOPE)

    def rows() -> Iterator[tuple[Any, ...]]:
        for one in people:
            before = {name: getattr(one, name) for name in UPDATED}
            yield (
                *scope,
                batch.pk,
                "person",
                one.pk,
                one.version + 1,
                json.dumps(before, default=str, ensure_ascii=False),
                one.id_sealed,
                one.phone_sealed,
                "",
            )

    copy_rows("registry_import_undo", _UNDO_COLUMNS, rows())


class _Marks:
    """Which places and households there were before, so that undo removes those that the import made."""

    def __init__(self, communities: set[int]) -> None:
        self._communities = communities
        self._places = max(Place.objects.order_by("-pk").values_list("pk", flat=True)[:1], default=0)
        self._households = set(Household.objects.filter(community_id__in=communities).values_list("pk", flat=True))

    def save_undo(self, batch: Import, added: Sequence[int]) -> None:
        scope = tuple(getattr(batch, name) for name in SCOPE)
        households = Household.objects.filter(community_id__in=self._communities).values_list("pk", flat=True)
        places = Place.objects.filter(community_id__in=self._communities, pk__gt=self._places).values_list(
            "pk", flat=True
        )
        made = [("person", pk) for pk in added]
        made += [("household", pk) for pk in households if pk not in self._households]
        made += [("place", pk) for pk in places]
        copy_rows(
            "registry_import_undo",
            _UNDO_COLUMNS,
            ((*scope, batch.pk, kind, pk, 1, None, None, None, "") for kind, pk in made),
        )
