"""The registry as the directory of places that ``foundation.access`` asks when somebody is posted."""

from __future__ import annotations

from collections.abc import Sequence

from lianfang.domains.registry.models import Household, Place, PlaceKind
from lianfang.domains.registry.naming import place_name
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.places import PlaceChoice, PlaceKeys, PostingScope, UnsuitablePlaceError
from lianfang.foundation.access.roles import Level, Role
from lianfang.foundation.access.scope import acting_as

_LEVEL_OF_KIND = {
    PlaceKind.COUNTY: Level.COUNTY,
    PlaceKind.CITY: Level.COUNTY,
    PlaceKind.TOWNSHIP: Level.TOWNSHIP,
    PlaceKind.COMMUNITY: Level.COMMUNITY,
    PlaceKind.COMPOUND: Level.BUILDING,
    PlaceKind.GRID: Level.BUILDING,
    PlaceKind.BUILDING: Level.BUILDING,
    PlaceKind.UNIT: Level.BUILDING,
}
_KINDS_OF_ROLE = {
    Role.COMMUNITY: {PlaceKind.COMMUNITY},
    Role.TOWNSHIP: {PlaceKind.TOWNSHIP},
    Role.DISTRICT: {PlaceKind.COUNTY, PlaceKind.CITY},
    Role.SUPERVISOR: {PlaceKind.COUNTY, PlaceKind.CITY, PlaceKind.TOWNSHIP},
    Role.BUILDING_CHIEF: {PlaceKind.COMPOUND, PlaceKind.GRID, PlaceKind.BUILDING, PlaceKind.UNIT},
}
_AT_WORK = {PlaceKind.COMMUNITY, PlaceKind.TOWNSHIP}


class RegistryDirectory:
    """Implements ``access.places.PlaceDirectory``."""

    def search(self, text: str, *, inside: int | None, limit: int) -> Sequence[PlaceChoice]:
        found = Place.objects.filter(closed_on=None).exclude(kind=PlaceKind.PROVINCE)
        if inside is not None:
            found = found.filter(path__contains=[inside])
        words = text.split()
        for word in words:
            found = (
                found.filter(code=word) if word.isdigit() and len(word) == 12 else found.filter(name__icontains=word)
            )
        chosen = list(found.order_by("path", "sort_key")[:limit])
        names = _names({pk for place in chosen for pk in place.path})
        return [PlaceChoice(place.pk, place.kind, _label(place, names)) for place in chosen]

    def scope_of(self, role: Role, place_id: int) -> PostingScope:
        if role is Role.RESIDENT:
            return _household_scope(place_id)
        place = Place.objects.filter(pk=place_id).first()
        if place is None or PlaceKind(place.kind) not in _KINDS_OF_ROLE.get(role, _AT_WORK):
            raise UnsuitablePlaceError(role)
        kind = PlaceKind(place.kind)
        scope_ids = _scope_ids(place, kind)
        if place.closed_on is not None or not scope_ids:
            raise UnsuitablePlaceError(role)
        return PostingScope(_LEVEL_OF_KIND[kind], scope_ids, _label(place, _names(set(place.path))))

    def is_inside(self, role: Role, place_id: int, above: int) -> bool:
        if role is Role.RESIDENT:
            with acting_as(system_actor("posting")):
                return Household.objects.filter(pk=place_id, place__path__contains=[above]).exists()
        return Place.objects.filter(pk=place_id, path__contains=[above]).exists()

    def keys_of(self, place_id: int) -> PlaceKeys:
        place = Place.objects.filter(pk=place_id).first()
        if place is None:
            raise UnsuitablePlaceError(str(place_id))
        return PlaceKeys(place.county_id, place.township_id, place.community_id, place.building_id)


def _scope_ids(place: Place, kind: PlaceKind) -> tuple[int, ...]:
    if kind is PlaceKind.UNIT and place.building_id is not None:
        return (place.building_id,)
    if kind in (PlaceKind.COMPOUND, PlaceKind.GRID):
        inside = Place.objects.filter(path__contains=[place.pk], kind=PlaceKind.BUILDING)
        return tuple(inside.order_by("pk").values_list("pk", flat=True))
    if kind is PlaceKind.CITY:
        inside = Place.objects.filter(path__contains=[place.pk], kind=PlaceKind.COUNTY)
        return tuple(inside.order_by("pk").values_list("pk", flat=True))
    return (place.pk,)


def _household_scope(household_id: int) -> PostingScope:
    with acting_as(system_actor("posting")):
        household = Household.objects.filter(pk=household_id).first()
    if household is None:
        raise UnsuitablePlaceError(Role.RESIDENT)
    return PostingScope(Level.HOUSEHOLD, (household.pk,), household.address)


def _names(place_ids: set[int]) -> dict[int, str]:
    return {place.pk: place_name(place) for place in Place.objects.filter(pk__in=place_ids)}


def _label(place: Place, names: dict[int, str]) -> str:
    """From the township down, the place alone above it: "青石镇 东湖社区 江滨花园 1号楼"."""
    above = {place.county_id, *place.path[: place.path.index(place.county_id) if place.county_id in place.path else 0]}
    return " ".join(names[pk] for pk in place.path if pk == place.pk or pk not in above)
