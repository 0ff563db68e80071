"""What gates add to the registry's pages: permits of a person, and of a resident's own household."""

from __future__ import annotations

from django.utils import timezone

from lianfang.domains.gates.pages import permits_shown
from lianfang.domains.gates.selectors import permits_for, uses_of
from lianfang.domains.registry.models import Household, Person
from lianfang.domains.registry.panels import Panel
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action

LATEST = 5


def person_panel(actor: Actor, person: Person) -> Panel | None:
    """The latest permits, and the way to ask for one."""
    may_ask = actor.may(Action.GATES_MANAGE) or actor.may(Action.REGISTRY_EDIT)
    rows = list(permits_for(actor, person_id=person.pk).order_by("-starts_at", "-pk")[:LATEST])
    if not rows and not may_ask:
        return None
    shown = permits_shown(actor, rows, uses_of(rows))
    return Panel("gates/person_panel.html", {"rows": shown, "asks_for": person.pk if may_ask else None})


def own_household_panel(actor: Actor, household: Household) -> Panel | None:
    """What residents read: permits that hold or wait, refused ones with the reason and where to object."""
    found = permits_for(actor).filter(household_id=household.pk, ends_at__gt=timezone.now(), withdrawn_at=None)
    rows = list(found.order_by("starts_at", "pk")[:LATEST])
    return Panel("gates/own_panel.html", {"rows": permits_shown(actor, rows, {})}) if rows else None
