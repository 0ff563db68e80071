"""Puts back what an import changed, except what somebody has changed, or relied on, since. Inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.apps import apps
from django.db import connection

from lianfang.domains.registry import events
from lianfang.domains.registry.imports.applying import NUMBERS, UPDATED
from lianfang.domains.registry.models import Household, Import, ImportUndo, Person, Place
from lianfang.domains.registry.services.bulk import staged_rows
from lianfang.domains.registry.services.facts import number_columns
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.services import emit
from lianfang.foundation.privacy.numbers import unseal

CHANGED, IN_USE, GONE = "changed", "in_use", "gone"
# Decided from the others anew: what is in here says nothing of the person that a human being wrote down.
_FOLLOWS = {"status.healthstatus"}
_OWN = {"importrow", "importundo", "person", "household", "place"}


@dataclass(frozen=True, slots=True)
class Undone:
    """How many were put back, and how many stay as they are because of what happened since."""

    removed: int
    restored: int
    kept: int


def undo_changes(*, actor: Actor, batch: Import) -> Undone:
    """Remove who was added, and give those who were changed back what they had. The rest is marked with the reason."""
    rows = list(batch.undo_rows.filter(kind="person").order_by("target_id"))
    people = {
        one.pk: one
        for one in Person.objects.visible_to(actor)
        .filter(pk__in=[row.target_id for row in rows])
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    }
    added = {row.target_id for row in rows if row.before is None}
    used = _in_use(("person_id",), [pk for pk in added if pk in people])
    kept = []
    for row in rows:
        row.kept_because = _kept_because(row, people.get(row.target_id), used)
        if row.kept_because:
            kept.append(row)
    ImportUndo.objects.bulk_update(kept, ["kept_because"], batch_size=1000)
    restored = [row for row in rows if row.before is not None and not row.kept_because]
    _restore(restored, people)
    removed = [row.target_id for row in rows if row.before is None and not row.kept_because]
    _delete("registry_person", removed)
    _remove_empty_homes(actor, batch)
    _tell(batch, removed, [row.target_id for row in restored])
    return Undone(len(removed), len(restored), len(kept))


def _kept_because(row: ImportUndo, person: Person | None, used: set[int]) -> str:
    if person is None:
        return GONE
    if person.version != row.version:
        return CHANGED
    return IN_USE if row.target_id in used else ""


def _restore(rows: Sequence[ImportUndo], people: dict[int, Person]) -> None:
    if not rows:
        return
    changed = []
    for row in rows:
        person, before = people[row.target_id], row.before
        assert before is not None
        for name in UPDATED:
            setattr(person, name, before[name])
        for name in ("birth_on", "state_until_on"):
            setattr(person, name, date.fromisoformat(before[name]) if before[name] else None)
        numbers = number_columns(unseal(row.id_sealed) or "", unseal(row.phone_sealed) or "")
        for name in NUMBERS:
            setattr(person, name, numbers[name])
        person.version += 1
        changed.append(person)
    columns = ("id", "version", *UPDATED, *NUMBERS)
    values = (tuple(getattr(one, name) for name in columns) for one in changed)
    with staged_rows("registry_person", columns, values) as (cursor, made):
        assigned = ", ".join(f"{name} = given.{name}" for name in columns[1:])
        cursor.execute(f"UPDATE registry_person person SET {assigned} FROM {made} given WHERE person.id = given.id")


def _remove_empty_homes(actor: Actor, batch: Import) -> None:
    """Households and places that the import made and nobody lives in or refers to."""
    made = list(batch.undo_rows.filter(kind="household").values_list("target_id", flat=True))
    made = list(Household.objects.visible_to(actor).filter(pk__in=made, version=1).values_list("pk", flat=True))
    # A unit that is deleted below is looked for as the household's place, so its own rows do not count here.
    lived_in = set(Person.objects.filter(household_id__in=made).values_list("household_id", flat=True))
    free = [pk for pk in made if pk not in lived_in]
    used = _in_use(("household_id",), free)
    _delete("registry_household", [pk for pk in free if pk not in used])
    places = list(Place.objects.filter(pk__in=batch.undo_rows.filter(kind="place").values("target_id")))
    columns = ("place_id", "unit_id", "building_id", "compound_id")
    used = _in_use(columns, [one.pk for one in places]) | _homes_at([one.pk for one in places])
    # From the deepest up: whatever still has something below it stays.
    for place in sorted(places, key=lambda one: -len(one.path)):
        if place.pk in used:
            used.update(place.path)
    _delete_places([one for one in places if one.pk not in used])


def _homes_at(places: Sequence[int]) -> set[int]:
    """Places in which there is still a household, a person, or a place that is not to go."""
    with acting_as(system_actor("import")):
        found: set[int] = set()
        for column in ("place_id", "unit_id", "building_id", "compound_id"):
            found.update(
                pk for pk in Household.objects.filter(**{f"{column}__in": places}).values_list(column, flat=True)
            )
        lived_in = Person.objects.filter(building_id__in=places).values_list("building_id", flat=True)
        found.update(pk for pk in lived_in if pk is not None)
        outside = Place.objects.filter(parent_id__in=places).exclude(pk__in=places).values_list("parent_id", flat=True)
        found.update(pk for pk in outside if pk is not None)
    return found


def _delete_places(places: Sequence[Place]) -> None:
    for depth in sorted({len(one.path) for one in places}, reverse=True):
        _delete("registry_place", [one.pk for one in places if len(one.path) == depth])


def _delete(table: str, ids: Sequence[int]) -> None:
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE id = ANY(%s)", [list(ids)])


def _in_use(columns: Iterable[str], ids: Sequence[int]) -> set[int]:
    """Those of ``ids`` of which any table of a higher domain speaks, in whosever places."""
    if not ids:
        return set()
    found: set[int] = set()
    with acting_as(system_actor("import")):
        for model in apps.get_models():
            label = model._meta.label_lower
            if label in _FOLLOWS or model._meta.model_name in _OWN or hasattr(model, "pgh_tracked_model"):
                continue
            names = {one.attname for one in model._meta.concrete_fields}
            for column in names.intersection(columns):
                rows = model._default_manager.filter(**{f"{column}__in": list(ids)})
                # Rows that only repeat what the registry says go with the person.
                rows = rows.exclude(**model.follows_registry) if hasattr(model, "follows_registry") else rows
                found.update(rows.values_list(column, flat=True).distinct())
    return found


def _tell(batch: Import, removed: Sequence[int], restored: Sequence[int]) -> None:
    for name, ids in ((events.PEOPLE_REMOVED, removed), (events.PEOPLE_CHANGED, restored)):
        for first in range(0, len(ids), events.BATCH):
            emit(name, {"person_ids": list(ids[first : first + events.BATCH]), "import_id": batch.pk})
