"""Whose places an actor may look at and change, and the keys under which what belongs to a place is kept."""

from __future__ import annotations

from lianfang.domains.registry.models import Place
from lianfang.domains.registry.reach import reaches
from lianfang.domains.registry.selectors import NotThereError
from lianfang.foundation.access.actor import Actor


def reached_place(actor: Actor, place_id: int) -> Place:
    """The place; raises NotThereError for one that is not the actor's own or inside of it."""
    place = Place.objects.select_related("parent").filter(pk=place_id).first()
    if place is None or place.county_id is None or not reaches(actor, place):
        raise NotThereError(place_id)
    return place


def keys_of(place: Place) -> dict[str, int | None]:
    """The scope columns of what belongs to a place; keys below it are 0, and no building."""
    return {
        "county_id": place.county_id or 0, "township_id": place.township_id or 0,
        "community_id": place.community_id or 0, "building_id": place.building_id,
    }  # fmt: skip
