"""What residents add to the registry's pages: slips, helpers and what waits, on a household's and a building's page."""

from __future__ import annotations

from lianfang.domains.registry.models import Household, Place, PlaceKind
from lianfang.domains.registry.panels import Panel
from lianfang.domains.registry.reach import reaches
from lianfang.domains.residents.models import HelpRequest, HelpState
from lianfang.domains.residents.selectors import helpers_of_household, invites_of_household, waiting_proposals
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action


def household_panel(actor: Actor, household: Household) -> Panel | None:
    if not actor.may(Action.REGISTRY_VIEW):
        return None
    may_edit = actor.may(Action.REGISTRY_EDIT)
    requests = HelpRequest.objects.visible_to(actor).filter(household_id=household.pk).exclude(state=HelpState.DONE)
    return Panel("residents/household_panel.html", {
        "household": household,
        "may_edit": may_edit,
        "invites": invites_of_household(actor, household.pk, most=3) if may_edit else [],
        "helpers": helpers_of_household(actor, household.pk),
        "waiting": waiting_proposals(actor).filter(household_id=household.pk).count(),
        "requests": list(requests.order_by("due_at")[:5]),
    })  # fmt: skip


def place_panel(actor: Actor, place: Place) -> Panel | None:
    if not actor.may(Action.REGISTRY_EDIT) or place.kind not in (PlaceKind.BUILDING, PlaceKind.UNIT):
        return None
    if not reaches(actor, place) or place.building_id is None:
        return None
    requests = HelpRequest.objects.visible_to(actor).filter(building_id=place.building_id)
    return Panel("residents/place_panel.html", {
        "place_id": place.building_id,
        "waiting": waiting_proposals(actor).filter(building_id=place.building_id).count(),
        "requests": requests.exclude(state=HelpState.DONE).count(),
    })  # fmt: skip
