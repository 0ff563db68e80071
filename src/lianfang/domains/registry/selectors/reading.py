"""One place, household or person by id: authorised again, whoever asked (rule 8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Q
from django.http import Http404

from lianfang.domains.registry.models import Household, Person, Place, PlaceKind
from lianfang.domains.registry.reach import reaches
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.roles import Action, Level

_READERS = (Action.REGISTRY_VIEW, Action.REGISTRY_SEARCH, Action.TESTING_SAMPLE, Action.OWN_HOUSEHOLD)


class NotThereError(Http404):
    """There is no such row in the actor's places; whether there is one elsewhere is not told."""


def require_reader(actor: Actor) -> None:
    if not any(actor.may(action) for action in _READERS):
        raise NotAllowedError(Action.REGISTRY_VIEW)


def person_for(actor: Actor, person_id: int) -> Person:
    """The person, with ``household``; raises NotThereError outside of the actor's places."""
    require_reader(actor)
    person = Person.objects.visible_to(actor).select_related("household").filter(pk=person_id).first()
    if person is None:
        raise NotThereError(person_id)
    return person


def people_for(actor: Actor, person_ids: Iterable[int]) -> list[Person]:
    """Those of ``person_ids`` whom the actor may see, with ``household``, in walking order."""
    require_reader(actor)
    found = Person.objects.visible_to(actor).filter(pk__in=list(person_ids)).select_related("household")
    return list(found.order_by("sort_key", "id"))


def household_for(actor: Actor, household_id: int) -> Household:
    """The household, with ``place``; raises NotThereError outside of the actor's places."""
    require_reader(actor)
    household = Household.objects.visible_to(actor).select_related("place").filter(pk=household_id).first()
    if household is None:
        raise NotThereError(household_id)
    return household


def household_people(actor: Actor, household: Household, *, residents_only: bool = False) -> list[Person]:
    """The people of a household: head first, then as they were registered; those who left or died last."""
    require_reader(actor)
    people = Person.objects.visible_to(actor).filter(household=household)
    if residents_only:
        people = people.filter(state__in=RESIDENT_STATES)
    order = {state: rank for rank, state in enumerate((*RESIDENT_STATES, "moved_out", "died"))}
    return sorted(people, key=lambda one: (order[one.state] // 2, one.relation_to_head != "head", one.pk))


def place_for(actor: Actor, place_id: int) -> Place:
    """The place, if it is the actor's, inside of it, or above it; raises NotThereError else."""
    require_reader_of_places(actor)
    place = Place.objects.select_related("parent").filter(pk=place_id).first()
    if place is None or not (reaches(actor, place) or is_above(actor, place)):
        raise NotThereError(place_id)
    return place


def require_reader_of_places(actor: Actor) -> None:
    if not actor.may(Action.PLACES_EDIT):
        require_reader(actor)


def is_above(actor: Actor, place: Place) -> bool:
    """Whether the actor's own places lie inside ``place``: its name may be read, nobody in it."""
    if actor.level not in (Level.BUILDING, Level.COMMUNITY, Level.TOWNSHIP, Level.COUNTY) or not actor.scope_ids:
        return False
    return Place.objects.filter(pk__in=actor.scope_ids, path__contains=[place.pk]).exists()


def places_inside(place: Place, kind: str | None = None) -> list[Place]:
    """Open places anywhere inside ``place``, itself not included, in walking order; only of ``kind`` where given."""
    inside = Place.objects.filter(_inside(place), closed_on=None).exclude(pk=place.pk)
    if kind is not None:
        inside = inside.filter(kind=kind)
    return in_walking_order(inside.select_related("parent"))


def _inside(place: Place) -> Q:
    column = {
        PlaceKind.COUNTY: "county_id", PlaceKind.TOWNSHIP: "township_id", PlaceKind.COMMUNITY: "community_id",
        PlaceKind.BUILDING: "building_id",
    }.get(PlaceKind(place.kind))  # fmt: skip
    if column:
        return Q(**{column: place.pk})
    if place.community_id is not None:
        return Q(community_id=place.community_id, path__contains=[place.pk])
    return Q(path__contains=[place.pk])


def in_walking_order(places: Iterable[Place]) -> list[Place]:
    """Places so that each comes after what it lies in, neighbours by ``sort_key``."""
    given = list(places)
    keys = {place.pk: place.sort_key for place in given}
    above = {pk for place in given for pk in place.path} - keys.keys()
    keys |= dict(Place.objects.filter(pk__in=above).values_list("pk", "sort_key"))
    return sorted(given, key=lambda place: [(keys.get(pk, ""), pk) for pk in place.path])


def lineage(place: Place) -> list[Place]:
    """The places from the root to ``place``, itself included."""
    found = Place.objects.in_bulk(place.path)
    return [found[pk] for pk in place.path if pk in found]


def names_of(place_ids: Iterable[int | None]) -> dict[int, str]:
    """Names of places by id, with their words; for the community column of a list."""
    wanted = {pk for pk in place_ids if pk is not None}
    return names_of_places(Place.objects.filter(pk__in=wanted))


def names_of_places(places: Iterable[Place]) -> dict[int, str]:
    """Names of places that were read already, with their words."""
    from lianfang.domains.registry.naming import place_name

    return {place.pk: place_name(place) for place in places}


def own_places(actor: Actor) -> Sequence[Place]:
    """The places at which the actor works, in walking order; for residents those of their households' buildings."""
    if actor.level is Level.HOUSEHOLD:
        ids = Household.objects.visible_to(actor).values_list("place_id", flat=True)
        return in_walking_order(Place.objects.filter(pk__in=list(ids)))
    if actor.level in (Level.SYSTEM, Level.NOWHERE):
        return list(Place.objects.filter(parent=None).order_by("sort_key"))
    return in_walking_order(Place.objects.filter(pk__in=actor.scope_ids))
