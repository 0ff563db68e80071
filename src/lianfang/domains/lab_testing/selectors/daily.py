"""People sampled per day, for the daily table."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, F, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from lianfang.domains.lab_testing.models import Sample
from lianfang.domains.lab_testing.selectors.counted import counted
from lianfang.domains.registry.models import Place, PlaceKind
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action, Level

# The table is of days; it counts all swabs of an outbreak.
KEPT_SECONDS = 60


def sampled_per_day(actor: Actor, first_on: date, last_on: date) -> dict[tuple[int, date], int]:
    """(community, local day of the swab) → people with a swab that counts. Who was swabbed twice that day counts once;
    a swab of somebody on no roster counts as one person."""
    actor.authorise(Action.TESTING_VIEW)
    history = ("lab_testing_sampleevent",)
    return counted(
        actor, "daily", history, lambda: _sampled(actor, first_on, last_on), first_on, last_on, seconds=KEPT_SECONDS
    )


def _sampled(actor: Actor, first_on: date, last_on: date) -> dict[tuple[int, date], int]:
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
    return counted(actor, "first_swab", ("lab_testing_sampleevent",), lambda: _first_swab_on(actor))


def _first_swab_on(actor: Actor) -> date | None:
    swabs = Sample.objects.visible_to(actor).order_by("sampled_at")
    if actor.level not in (Level.COUNTY, Level.TOWNSHIP):
        return swabs.annotate(day=TruncDate("sampled_at")).values_list("day", flat=True).first()
    # Community by community, because that is how swabs are indexed.
    inside = Place.objects.filter(kind=PlaceKind.COMMUNITY, **{f"{actor.level}_id__in": actor.scope_ids})
    firsts = inside.annotate(first_at=Subquery(swabs.filter(community_id=OuterRef("pk")).values("sampled_at")[:1]))
    first_at = firsts.aggregate(earliest=Min("first_at"))["earliest"]
    return None if first_at is None else timezone.localdate(first_at)
