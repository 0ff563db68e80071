"""What areas add to the registry's pages: the level on a place's page, and on residents' own."""

from __future__ import annotations

from lianfang.domains.areas.engine_adapter import unit_of
from lianfang.domains.areas.pages import public_levels_shown
from lianfang.domains.registry.models import Household, Place
from lianfang.domains.registry.panels import Panel
from lianfang.domains.registry.reach import reaches
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action


def place_panel(actor: Actor, place: Place) -> Panel | None:
    """The levels of a place and of whatever it lies in; None where there is neither one nor a way to draw one."""
    levels = public_levels_shown([place])
    may_open = actor.may(Action.AREAS_VIEW) and unit_of(place) is not None and reaches(actor, place)
    if not levels and not may_open:
        return None
    opens = place.pk if may_open else None
    return Panel("areas/place_panel.html", {"levels": levels, "opens": opens})


def own_household_panel(actor: Actor, household: Household) -> Panel | None:
    """What a resident reads: the level where they live, since when, and what ends it. Nothing where there is none."""
    levels = public_levels_shown([household.place])
    return Panel("areas/own_panel.html", {"levels": levels}) if levels else None
