"""What statuses add to the page of an area: a run that stopped leaves its people as they were until somebody looks."""

from __future__ import annotations

from django.db.models import Count

from lianfang.domains.areas.selectors import people_inside
from lianfang.domains.registry.models import Place
from lianfang.domains.registry.panels import Panel
from lianfang.domains.status.models import WithheldDecision, WithheldState
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action


def area_panel(actor: Actor, place: Place) -> Panel | None:
    """The runs that wait for a person and what of them is about people inside; None where there are none."""
    if not actor.may(Action.STATUS_VIEW):
        return None
    waiting = WithheldDecision.objects.visible_to(actor).filter(
        state=WithheldState.WAITING, person_id__in=people_inside(place.pk).values("pk")
    )
    runs = list(waiting.order_by("run").values_list("run", "run__number").annotate(people=Count("pk")))
    return Panel("status/area_panel.html", {"runs": runs}) if runs else None
