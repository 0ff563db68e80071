"""People sampled per day, for the daily table."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce, TruncDate

from lianfang.domains.lab_testing.models import Sample
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action


def sampled_per_day(actor: Actor, first_on: date, last_on: date) -> dict[tuple[int, date], int]:
    """(community, local day of the swab) → people with a swab that counts. Who was swabbed twice that day counts once;
    a swab of somebody on no roster counts as one person."""
    actor.authorise(Action.TESTING_VIEW)
    swabs = (
        Sample.objects.visible_to(actor)
        .filter(is_void=False)
        .annotate(day=TruncDate("sampled_at"))
        .filter(day__gte=first_on, day__lte=last_on)
    )
    rows = (
        swabs.order_by()
        .values("community_id", "day")
        .annotate(people=Count(Coalesce("person_id", -F("id")), distinct=True, filter=Q(is_void=False)))
    )
    return {(row["community_id"], row["day"]): row["people"] for row in rows}


def first_swab_on(actor: Actor) -> date | None:
    """The local day of the first swab in the actor's places."""
    found = (
        Sample.objects.visible_to(actor)
        .order_by("sampled_at")
        .annotate(day=TruncDate("sampled_at"))
        .values_list("day", flat=True)
    )
    return found.first()
