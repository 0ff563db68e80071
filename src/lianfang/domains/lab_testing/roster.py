"""What testing asks the registry: places, and who lives in them. Nothing else here touches the registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from lianfang.domains.lab_testing.refusals import NotFoundError
from lianfang.domains.registry.models import Person, Place, PlaceKind
from lianfang.domains.registry.selectors import names_of, names_of_places, places_inside
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Level

LEVEL_KEYS = {
    Level.COUNTY: "county_id",
    Level.TOWNSHIP: "township_id",
    Level.COMMUNITY: "community_id",
    Level.BUILDING: "building_id",
}


def places_by_id(ids: Iterable[int | None]) -> Mapping[int, Place]:
    """The places with these ids, those that exist."""
    return Place.objects.in_bulk({pk for pk in ids if pk is not None})


_WITHIN = (PlaceKind.COMPOUND, PlaceKind.BUILDING, PlaceKind.UNIT)


@dataclass(frozen=True, slots=True)
class Located:
    """Places with everything that they lie in, themselves included: two queries, whatever is asked of them then."""

    places: Mapping[int, Place]
    above: Mapping[int, Place]

    @classmethod
    def of(cls, ids: Iterable[int | None]) -> Located:
        places = places_by_id(ids)
        missing = {pk for place in places.values() for pk in place.path} - places.keys()
        return cls(places, {**places, **places_by_id(missing)})

    def line(self, pk: int | None) -> list[Place]:
        """From the outermost to the place itself; empty for one that does not exist."""
        place = None if pk is None else self.places.get(pk)
        return [] if place is None else [self.above[one] for one in place.path if one in self.above]

    def names_within(self, *, says_village: bool = False) -> dict[int, str]:
        """Each place with the compound and building that it lies in: 江滨花园 1号楼 1单元.

        Every village has a 1组: with ``says_village`` a place that lies in no compound is named with its community."""
        written = names_of_places(self.above.values())
        found = {}
        for pk in self.places:
            line = self.line(pk)
            is_in_compound = any(one.kind == PlaceKind.COMPOUND for one in line)
            kinds = _WITHIN if is_in_compound or not says_village else (PlaceKind.COMMUNITY, *_WITHIN)
            found[pk] = " ".join(written[one.pk] for one in line if one.kind in kinds) or written[pk]
        return found


def names_within(ids: Iterable[int | None]) -> dict[int, str]:
    """Each place with the compound and building that it lies in."""
    return Located.of(ids).names_within()


def is_in_scope(actor: Actor, place: Any) -> bool:
    """Whether a place, or a row with the keys of one, lies within the actor's places."""
    if actor.level is Level.SYSTEM:
        return True
    key = LEVEL_KEYS.get(actor.level)
    return key is not None and getattr(place, key) in actor.scope_ids


def place_in_scope(actor: Actor, place_id: int) -> Place:
    """Raises NotFoundError for a place that does not exist or lies outside of the actor's."""
    place = Place.objects.filter(pk=place_id, closed_on=None).first()
    if place is None or not is_in_scope(actor, place):
        raise NotFoundError("place_unknown")
    return place


_own: ContextVar[dict[int, Place | None] | None] = ContextVar("own_place", default=None)


@contextmanager
def own_place_kept() -> Iterator[None]:
    """Within it ``own_place`` asks once: for many items of one device in a row."""
    token = _own.set({})
    try:
        yield
    finally:
        _own.reset(token)


def own_place(actor: Actor) -> Place | None:
    """The place at which the actor serves; None for the system and for those who serve nowhere."""
    pk = actor.place_id or (actor.scope_ids[0] if actor.level in LEVEL_KEYS and actor.scope_ids else None)
    kept = _own.get()
    if pk is None or kept is None:
        return None if pk is None else Place.objects.filter(pk=pk).first()
    if pk not in kept:
        kept[pk] = Place.objects.filter(pk=pk).first()
    return kept[pk]


def places_within(place: Place, kind: str) -> list[Place]:
    """The open places of a kind inside ``place``, in walking order; ``place`` itself where it is of that kind."""
    return [place] if place.kind == kind else places_inside(place, kind)


def registered(people: QuerySet[Any]) -> QuerySet[Any]:
    """Without those who moved out or died."""
    return people.filter(state__in=RESIDENT_STATES)


def residents_of(place_ids: Sequence[int]) -> QuerySet[Person]:
    """Everybody registered inside the places who lives there, at home or away; not those who moved out or died."""
    inside = Place.objects.filter(path__overlap=list(place_ids)).values("pk")
    return registered(Person.objects.filter(household__place__in=inside))


def groups_among(place_ids: Sequence[int]) -> list[str]:
    """The kinds of key people and classes that occur among the residents, for a round of some groups only."""
    people = residents_of(place_ids)
    kinds = set(people.exclude(key_person_kind="").values_list("key_person_kind", flat=True).distinct()[:100])
    return sorted(kinds | set(people.exclude(class_kind="").values_list("class_kind", flat=True).distinct()[:20]))


def select_sql(people: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    """The SQL of a query and its parameters, to write INSERT … SELECT around it."""
    return people.query.get_compiler(connection=connection).as_sql()  # type: ignore[no-any-return]


PLACE_KINDS_OF_ROUNDS = (
    PlaceKind.TOWNSHIP, PlaceKind.COMMUNITY, PlaceKind.GRID, PlaceKind.COMPOUND, PlaceKind.BUILDING, PlaceKind.UNIT,
)  # fmt: skip

__all__ = [
    "LEVEL_KEYS", "PLACE_KINDS_OF_ROUNDS", "groups_among", "is_in_scope", "names_of", "names_within", "own_place",
    "own_place_kept", "place_in_scope", "places_by_id", "places_within", "registered", "residents_of", "select_sql",
]  # fmt: skip
