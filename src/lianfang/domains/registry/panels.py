"""Room on the registry's pages for what higher domains know: status, samples, holds. The registry imports none.

A domain registers in ``AppConfig.ready``::

    panels.register("status", person_panel, order=10)                     # on the page of a person
    panels.register("coverage", household_panel, page="household")        # on the page of a household
    panels.register_badges("status", status_badges)                       # beside people in lists

A panel is a template with its context, drawn in the page's column; a badge is a short word in a tone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lianfang.domains.registry.models import Household, Person, Place
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.web.tones import Tone

Page = Literal["person", "household", "own", "own_household", "place", "area"]


@dataclass(frozen=True, slots=True)
class Panel:
    """``template`` is included with ``context`` and the request; it draws its own card."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Badge:
    """A word beside a person in a list."""

    tone: Tone
    text: str
    icon: str = ""
    title: str = ""


PanelProvider = Callable[[Actor, Any], Panel | None]
BadgeProvider = Callable[[Actor, Collection[int]], Mapping[int, Badge]]

_panels: dict[tuple[str, str], tuple[int, PanelProvider]] = {}
_badges: dict[str, tuple[int, BadgeProvider]] = {}


def register(name: str, provider: PanelProvider, *, order: int = 100, page: Page = "person") -> None:
    """Add a panel to a page; ``provider(actor, row)`` gives None where it has nothing to say. The page "place" is that
    of any place, a building's grid too; "area" that of its level.

    On a resident's page of their own household, ``page`` "own" asks for each person and "own_household" once for the
    household. Raises ValueError where another provider has the name.
    """
    if _panels.get((page, name), (order, provider)) != (order, provider):
        raise ValueError(f"the panel {name!r} of the page {page!r} has a provider already")
    _panels[page, name] = (order, provider)


def register_badges(name: str, provider: BadgeProvider, *, order: int = 100) -> None:
    """Add a badge to lists of people; ``provider(actor, ids)`` answers for a whole page at once."""
    if _badges.get(name, (order, provider)) != (order, provider):
        raise ValueError(f"the badges {name!r} have a provider already")
    _badges[name] = (order, provider)


def panels_for(actor: Actor, row: Person | Household | Place, page: Page) -> list[Panel]:
    """The panels of one page, in order."""
    mine = ((order, name, provider) for (where, name), (order, provider) in _panels.items() if where == page)
    wanted = sorted(mine, key=lambda one: one[:2])
    found = [provider(actor, row) for _, _, provider in wanted]
    return [panel for panel in found if panel is not None]


def badges_for(actor: Actor, people: Collection[Person]) -> dict[int, list[Badge]]:
    """The badges of each person, by id."""
    ids = [person.pk for person in people]
    shown: dict[int, list[Badge]] = {pk: [] for pk in ids}
    for _, _, provider in sorted(
        ((order, name, provider) for name, (order, provider) in _badges.items()), key=lambda one: one[:2]
    ):
        for pk, badge in provider(actor, ids).items():
            if pk in shown:
                shown[pk].append(badge)
    return shown
