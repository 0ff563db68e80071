"""Places: one by one, by hand. Whole tables of official divisions come through ``divisions``."""

from __future__ import annotations

from datetime import date

from django.db import IntegrityError, connection, transaction

from lianfang.domains.registry import events
from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.models import Household, Person, Place, PlaceKind
from lianfang.domains.registry.naming import normal_place_name, place_name, place_sort_key
from lianfang.domains.registry.reach import require_reach, require_whole_tree
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit

K = PlaceKind
PARENTS: dict[str, frozenset[str | None]] = {
    K.PROVINCE: frozenset({None}),
    K.CITY: frozenset({K.PROVINCE, None}),
    K.COUNTY: frozenset({K.CITY, K.PROVINCE, None}),
    K.TOWNSHIP: frozenset({K.COUNTY, K.CITY}),
    K.COMMUNITY: frozenset({K.TOWNSHIP}),
    K.GRID: frozenset({K.COMMUNITY}),
    K.COMPOUND: frozenset({K.COMMUNITY, K.GRID}),
    K.BUILDING: frozenset({K.COMMUNITY, K.GRID, K.COMPOUND}),
    K.UNIT: frozenset({K.BUILDING}),
}
"""Which kinds a place may lie in; None is the root of the tree."""
SCOPE_KINDS = (K.COUNTY, K.TOWNSHIP, K.COMMUNITY, K.BUILDING)
del K


def register_place(*, actor: Actor, parent: Place | None, kind: str, name: str, code: str | None = None) -> Place:
    """Add a place under ``parent``; the same place again is returned unchanged.

    Buildings and stairwells are kept in their normal form (10, 2). Raises RegistryError for an empty name, a kind that
    does not belong there, or a code that another place has.
    """
    actor.authorise(Action.PLACES_EDIT)
    if parent is not None:
        parent = _locked(parent.pk)
    _check_may_add(actor, parent, kind)
    normal = normal_place_name(kind, name)
    if not normal:
        raise RegistryError("name_missing", "name")
    same = Place.objects.filter(parent=parent, kind=kind, name=normal).first()
    if same is not None:
        return same
    place = _new_place(parent, kind, normal, code)
    record(actor=actor, action="registry.place_registered", target_kind="place", target_id=place.pk)
    emit(events.PLACE_REGISTERED, {"place_id": place.pk})
    return place


def _check_may_add(actor: Actor, parent: Place | None, kind: str) -> None:
    if kind not in PARENTS or (parent.kind if parent else None) not in PARENTS[kind]:
        raise RegistryError("kind_not_here", "kind")
    if parent is None:
        require_whole_tree(actor)
        return
    require_reach(actor, parent)
    if parent.closed_on is not None:
        raise RegistryError("place_closed", "parent", name=place_name(parent))


def _new_place(parent: Place | None, kind: str, name: str, code: str | None) -> Place:
    place = Place(parent=parent, kind=kind, name=name, code=code, sort_key=place_sort_key(kind, name, code))
    for column in (f"{kind}_id" for kind in SCOPE_KINDS):
        setattr(place, column, getattr(parent, column) if parent else None)
    with connection.cursor() as cursor:
        # The id is part of the path: taken first, so that one insert writes the whole row and one history entry.
        cursor.execute("SELECT nextval(pg_get_serial_sequence('registry_place', 'id'))")
        place.pk = cursor.fetchone()[0]
    if kind in SCOPE_KINDS:
        setattr(place, f"{kind}_id", place.pk)
    place.path = [*(parent.path if parent else []), place.pk]
    try:
        with transaction.atomic():
            place.save(force_insert=True)
    except IntegrityError as error:
        raise RegistryError("code_taken", "code", number=code or "") from error
    return place


def rename_place(*, actor: Actor, place: Place, name: str) -> Place:
    """Give a place another name; addresses and walking order of everybody inside follow."""
    actor.authorise(Action.PLACES_EDIT)
    place = _locked(place.pk)
    require_reach(actor, place)
    normal = normal_place_name(place.kind, name)
    if not normal:
        raise RegistryError("name_missing", "name")
    if normal == place.name:
        return place
    if Place.objects.filter(parent=place.parent, kind=place.kind, name=normal).exists():
        raise RegistryError("name_taken", "name", name=normal)
    place.name, place.sort_key = normal, place_sort_key(place.kind, normal, place.code)
    place.save(update_fields=["name", "sort_key"])
    rewrite_addresses(place)
    record(actor=actor, action="registry.place_renamed", target_kind="place", target_id=place.pk)
    emit(events.PLACE_CHANGED, {"place_id": place.pk})
    return place


def rewrite_addresses(place: Place) -> None:
    """Write address and walking order of every household inside ``place``, and of its people, anew."""
    from lianfang.domains.registry.services.households import address_of, order_of  # the two call each other

    inside = {one.pk: one for one in Place.objects.filter(path__contains=[place.pk])}
    above = Place.objects.in_bulk(set().union(*(one.path for one in inside.values())))
    households = list(Household.objects.filter(place_id__in=inside))
    for household in households:
        lineage = [above[pk] for pk in inside[household.place_id].path if pk in above]
        household.address = address_of(lineage, household.room)
        household.sort_key = order_of(lineage, household.floor, household.room)
    Household.objects.bulk_update(households, ["address", "sort_key"], batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registry_person person SET sort_key = household.sort_key FROM registry_household household "
            "WHERE person.household_id = household.id AND household.place_id = ANY(%s) "
            "AND person.sort_key <> household.sort_key",
            [list(inside)],
        )


def close_place(*, actor: Actor, place: Place, on: date) -> Place:
    """Close a place that is no longer there: torn down, merged. It stays for what happened in it.

    Raises RegistryError while anybody is registered inside.
    """
    actor.authorise(Action.PLACES_EDIT)
    place = _locked(place.pk)
    require_reach(actor, place)
    inside = Place.objects.filter(path__contains=[place.pk])
    people = Person.objects.filter(household__place__in=inside, state__in=RESIDENT_STATES).count()
    if people:
        raise RegistryError("place_lived_in", "place", count=people)
    inside.filter(closed_on=None).update(closed_on=on)
    place.closed_on = on
    record(actor=actor, action="registry.place_closed", target_kind="place", target_id=place.pk)
    emit(events.PLACE_CHANGED, {"place_id": place.pk})
    return place


def reopen_place(*, actor: Actor, place: Place) -> Place:
    """Take a closing back; raises RegistryError where the place above is closed."""
    actor.authorise(Action.PLACES_EDIT)
    place = _locked(place.pk)
    require_reach(actor, place)
    if place.parent is not None and place.parent.closed_on is not None:
        raise RegistryError("place_closed", "parent", name=place_name(place.parent))
    place.closed_on = None
    place.save(update_fields=["closed_on"])
    record(actor=actor, action="registry.place_reopened", target_kind="place", target_id=place.pk)
    emit(events.PLACE_CHANGED, {"place_id": place.pk})
    return place


def _locked(place_id: int) -> Place:
    return Place.objects.select_for_update(of=("self",), no_key=True).select_related("parent").get(pk=place_id)
