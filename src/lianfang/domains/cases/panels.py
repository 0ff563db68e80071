"""What cases add to the registry's pages: a person's exposures and stated facts, a household's way to record them."""

from __future__ import annotations

from lianfang.domains.cases.exposure_pages import exposures_shown
from lianfang.domains.cases.fact_views import asked_of, fact_lines
from lianfang.domains.registry.models import Household, Person
from lianfang.domains.registry.panels import Panel
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action


def person_panel(actor: Actor, person: Person) -> Panel | None:
    if not actor.may(Action.STATUS_VIEW):
        return None
    shown = exposures_shown(actor, person)
    facts = [line for line in fact_lines(actor, person) if line.counts]
    return Panel(
        "cases/person_panel.html",
        {
            "person": person,
            "exposures": [one for one in shown if one.is_current],
            "earlier": sum(not one.is_current for one in shown),
            "facts": facts,
            "asks": bool(asked_of(person)),
            "may_open": actor.may(Action.CASES_DECIDE),
        },
    )


def household_panel(actor: Actor, household: Household) -> Panel | None:
    if not actor.may(Action.CASES_DECIDE):
        return None
    return Panel("cases/household_panel.html", {"household": household})
