"""Households: who lives in one room together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from lianfang.domains.registry import events, words
from lianfang.domains.registry.errors import ChangedMeanwhileError, RegistryError
from lianfang.domains.registry.models import Household, Person, Place, PlaceKind
from lianfang.domains.registry.naming import (
    floor_of,
    household_sort_key,
    normal_room,
    place_name,
    room_name,
)
from lianfang.domains.registry.reach import require_reach
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit

HOMES = (PlaceKind.UNIT, PlaceKind.BUILDING, PlaceKind.COMPOUND, PlaceKind.GRID, PlaceKind.COMMUNITY)
"""Kinds of place that a household may stand in directly."""
_IN_ADDRESS = (PlaceKind.COMPOUND, PlaceKind.BUILDING, PlaceKind.UNIT)
_IN_ORDER = (PlaceKind.COMMUNITY, *_IN_ADDRESS)
_EDITABLE = ("tenancy", "remark", "room", "floor")


def require_register(actor: Actor) -> None:
    """Who may add people and households: who keeps the registry, and who samples at the door."""
    if not actor.may(Action.TESTING_SAMPLE):
        actor.authorise(Action.REGISTRY_EDIT)


def address_of(lineage: Sequence[Place], room: str) -> str:
    """临江花园10号楼1单元301室; ``lineage`` runs from the root of the tree to the household's place."""
    parts = [place_name(place) for place in lineage if place.kind in _IN_ADDRESS]
    in_village = all(place.kind != PlaceKind.COMPOUND for place in lineage) and bool(parts) and parts[-1].endswith("组")
    return ("".join(parts) + room_name(room, in_village))[:200]


def order_of(lineage: Sequence[Place], floor: int | None, room: str) -> str:
    """The household's place in walking order; see ``Household.sort_key``."""
    by_kind = {place.kind: place for place in lineage}
    segments = [by_kind[kind].sort_key[:40] if kind in by_kind else "" for kind in _IN_ORDER]
    return household_sort_key(segments, floor, room)


def lineage_of(place: Place) -> list[Place]:
    """The places from the root to ``place``."""
    found = Place.objects.in_bulk(place.path)
    return [found[pk] for pk in place.path if pk in found]


def register_household(
    *, actor: Actor, place: Place, room: str, floor: int | None = None, tenancy: str = "", remark: str = ""
) -> Household:
    """Add the household of a room; the same room again gives the household that is there.

    Raises RegistryError where ``place`` is too large to live in, is closed, or lacks a community.
    """
    require_register(actor)
    place = Place.objects.select_for_update(no_key=True).get(pk=place.pk)
    require_reach(actor, place)
    if place.kind not in HOMES or place.community_id is None or place.township_id is None or place.county_id is None:
        raise RegistryError("no_home_here", "place")
    if place.closed_on is not None:
        raise RegistryError("place_closed", "place", name=place_name(place))
    normal = normal_room(room)
    if not normal and place.kind != PlaceKind.BUILDING and place.kind != PlaceKind.UNIT:
        raise RegistryError("room_missing", "room")
    same = Household.objects.visible_to(actor).filter(place=place, room=normal).first()
    if same is not None:
        return same
    lineage = lineage_of(place)
    floor = floor_of(normal) if floor is None and place.kind == PlaceKind.UNIT else floor
    compound = next((one.pk for one in lineage if one.kind == PlaceKind.COMPOUND), None)
    household = Household.objects.create(
        county_id=place.county_id, township_id=place.township_id, community_id=place.community_id,
        building_id=place.building_id, compound_id=compound, unit_id=place.pk if place.kind == PlaceKind.UNIT else None,
        place=place, room=normal, floor=floor, address=address_of(lineage, normal),
        sort_key=order_of(lineage, floor, normal), tenancy=words.read_tenancy(tenancy), remark=remark.strip()[:400],
    )  # fmt: skip
    record(actor=actor, action="registry.household_registered", target_kind="household", target_id=household.pk)
    emit(events.HOUSEHOLD_REGISTERED, {"household_id": household.pk})
    return household


def edit_household(*, actor: Actor, household: Household, version: int, changes: Mapping[str, Any]) -> Household:
    """Change room, floor, tenancy or remark. ``version`` is that of the household when it was opened.

    Raises ChangedMeanwhileError where it was saved since, RegistryError where the room is another household's.
    """
    actor.authorise(Action.REGISTRY_EDIT)
    household = locked_household(actor, household.pk)
    if household.version != version:
        raise ChangedMeanwhileError(household)
    wanted = {name: changes[name] for name in _EDITABLE if name in changes}
    if "tenancy" in wanted:
        wanted["tenancy"] = words.read_tenancy(wanted["tenancy"])
    if "room" in wanted:
        wanted["room"] = normal_room(wanted["room"])
        _check_room_free(household, wanted["room"])
        if "floor" not in wanted and household.unit_id:
            wanted["floor"] = floor_of(wanted["room"])
    fields = [name for name, value in wanted.items() if getattr(household, name) != value]
    if not fields:
        return household
    for name in fields:
        setattr(household, name, wanted[name])
    _write(household)
    record(actor=actor, action="registry.household_changed", target_kind="household", target_id=household.pk,
           details={"fields": fields})  # fmt: skip
    emit(events.HOUSEHOLD_CHANGED, {"household_id": household.pk, "fields": fields})
    return household


def _check_room_free(household: Household, room: str) -> None:
    if Household.objects.filter(place_id=household.place_id, room=room).exclude(pk=household.pk).exists():
        raise RegistryError("room_taken", "room", room=room)


def _write(household: Household) -> None:
    lineage = lineage_of(household.place)
    household.address = address_of(lineage, household.room)
    before, household.sort_key = household.sort_key, order_of(lineage, household.floor, household.room)
    household.version += 1
    household.save()
    if household.sort_key != before:
        Person.objects.filter(household=household).update(sort_key=household.sort_key)


def record_household_contact(*, actor: Actor, household: Household, at: datetime | None = None) -> Household:
    """Note that somebody of the household was reached."""
    require_register(actor)
    household = locked_household(actor, household.pk)
    household.last_contact_at = at or timezone.now()
    household.save(update_fields=["last_contact_at"])
    return household


def locked_household(actor: Actor, household_id: int) -> Household:
    """The household, locked for change. Raises Household.DoesNotExist where the actor may not see it."""
    return (
        Household.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .select_related("place")
        .get(pk=household_id)
    )
