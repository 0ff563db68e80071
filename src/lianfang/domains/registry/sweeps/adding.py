"""People found at a door who are on no roster."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.models import AddedAtDoor, Household, Person, Place
from lianfang.domains.registry.services.households import register_household, require_register
from lianfang.domains.registry.services.people import register_person
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.foundation.access.actor import Actor


@dataclass(frozen=True, slots=True)
class Door:
    """Where: a household, or a room of a stairwell in which nobody is registered."""

    household_id: int | None = None
    unit_id: int | None = None
    room: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Who stood at the door, as far as they said it."""

    name: str
    phone: str = ""
    id_number: str = ""
    client_id: UUID | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """``is_known``: the register had this person already, and was not changed. ``left_out`` are numbers that cannot be
    what they were given as."""

    person_id: int
    household_id: int
    is_known: bool
    left_out: tuple[str, ...] = ()


@transaction.atomic
def add_at_door(*, actor: Actor, door: Door, found: Found) -> Added:
    """Register somebody met at a door, with the household where the room has none.

    Two devices may stand at one door: the same record, the same identity number in the community, or the same name in
    the household without a number is the same person. Raises RegistryError as ``register_person``, and where there is
    no such door in the actor's places.
    """
    require_register(actor)
    before = None if found.client_id is None else AddedAtDoor.objects.filter(client_id=found.client_id).first()
    if before is not None:
        return Added(before.person_id, before.household_id, True)
    household = household_at(actor, door)
    person_id, is_known = _known(actor, household, found), True
    left_out: tuple[str, ...] = ()
    if person_id is None:
        person_id, is_known, left_out = _registered(actor, household, found)
    if found.client_id is not None and found.at is not None:
        AddedAtDoor.objects.create(
            county_id=household.county_id, township_id=household.township_id, community_id=household.community_id,
            building_id=household.building_id, client_id=found.client_id, person_id=person_id,
            household_id=household.pk, at=found.at, by=actor.name,
        )  # fmt: skip
    return Added(person_id, household.pk, is_known, left_out)


def household_at(actor: Actor, door: Door) -> Household:
    """The household at a door, registered where the room has none. Raises RegistryError where it is not the actor's."""
    if door.household_id is not None:
        household = Household.objects.visible_to(actor).filter(pk=door.household_id).first()
    else:
        place = Place.objects.filter(pk=door.unit_id or 0).first()
        household = None if place is None else register_household(actor=actor, place=place, room=door.room)
    if household is None:
        raise RegistryError("household_unknown", "household")
    return household


def _known(actor: Actor, household: Household, found: Found) -> int | None:
    if found.id_number.strip():
        return None
    people = Person.objects.visible_to(actor).filter(household=household, state__in=RESIDENT_STATES)
    return people.filter(name=found.name.strip()).order_by("pk").values_list("pk", flat=True).first()


def _registered(actor: Actor, household: Household, found: Found) -> tuple[int, bool, tuple[str, ...]]:
    """Nobody stands at the door any more who could say a misread number again: it is left out, the person is not."""
    numbers = {"phone": found.phone, "id_number": found.id_number}
    left_out: list[str] = []
    while True:
        try:
            person = register_person(actor=actor, household=household, name=found.name, **numbers)
        except RegistryError as error:
            known = error.gaps.get("person_id")
            if error.code == "identity_taken" and isinstance(known, int):
                return known, True, ()
            if error.code != "cell" or not numbers.pop(error.field, ""):
                raise
            left_out.append(error.field)
            continue
        return person.pk, False, tuple(left_out)


def people_added(client_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Record → person, of those records that the acting actor may see."""
    made = AddedAtDoor.objects.filter(client_id__in=client_ids)
    return dict(made.values_list("client_id", "person_id"))
