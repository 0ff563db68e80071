"""Whether a place lies in the places of an actor. Row-level security asks the same of every row; places are public,
so services ask here before they change one."""

from __future__ import annotations

from lianfang.domains.registry.models import Household, Place
from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.roles import Action, Level, Role

_COLUMNS = {
    Level.BUILDING: "building_id",
    Level.COMMUNITY: "community_id",
    Level.TOWNSHIP: "township_id",
    Level.COUNTY: "county_id",
}


def reaches(actor: Actor, place: Place | Household) -> bool:
    """Whether ``place`` is the actor's own, or inside of it."""
    if actor.level is Level.SYSTEM:
        return True
    if actor.level is Level.NOWHERE:
        # Administrators keep the place tree of the whole installation, and see nobody in it.
        return actor.role is Role.ADMINISTRATOR and isinstance(place, Place)
    if actor.level is Level.HOUSEHOLD:
        return isinstance(place, Household) and place.pk in actor.scope_ids
    return getattr(place, _COLUMNS[actor.level]) in actor.scope_ids


def require_reach(actor: Actor, place: Place | Household) -> None:
    """Raise NotAllowedError where the place is somebody else's."""
    if not reaches(actor, place):
        raise NotAllowedError(Action.PLACES_EDIT, "place")


def require_whole_tree(actor: Actor) -> None:
    """Raise NotAllowedError unless the actor keeps the tree of the whole installation."""
    if actor.level is not Level.SYSTEM and not (actor.level is Level.NOWHERE and actor.role is Role.ADMINISTRATOR):
        raise NotAllowedError(Action.PLACES_EDIT, "place")
