"""Reading levels of places. What is worked on is scoped; that a place has a level is announced to everybody."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from lianfang.domains.areas.engine_adapter import infected_places
from lianfang.domains.areas.models import AreaLevel, AreaProposal, Finding
from lianfang.domains.registry.models import Person, Place
from lianfang.domains.registry.reach import reaches
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as

SOON = timedelta(days=2)


def in_force_at(at: datetime) -> Q:
    """Levels that have begun and not ended by an instant."""
    return Q(starts_at__lte=at) & (Q(ended_at=None) | Q(ended_at__gt=at))


def levels_for(actor: Actor, at: datetime | None = None) -> QuerySet[AreaLevel]:
    """The levels in force or to come in the actor's places, those that have to be looked at first."""
    actor.authorise(Action.AREAS_VIEW)
    now = at or timezone.now()
    open_ = Q(ended_at=None) | Q(ended_at__gt=now)
    return AreaLevel.objects.visible_to(actor).filter(open_).select_related("place").order_by("review_at", "pk")


def reviews_due(actor: Actor, now: datetime) -> QuerySet[AreaLevel]:
    """Levels that end by themselves within ``SOON`` unless two people prolong them."""
    return levels_for(actor, now).filter(ended_at=None, review_at__lte=now + SOON)


def history_of(actor: Actor, place: Place) -> QuerySet[AreaProposal]:
    """Every proposal about a place, the latest first; what became of it stands on it."""
    actor.authorise(Action.AREAS_VIEW)
    return AreaProposal.objects.visible_to(actor).filter(place=place).order_by("-proposed_at", "-pk")


def entries_of(actor: Actor, place: Place) -> QuerySet[AreaLevel]:
    """Every level that a place has had, the latest first."""
    actor.authorise(Action.AREAS_VIEW)
    return AreaLevel.objects.visible_to(actor).filter(place=place).order_by("-starts_at", "-pk")


def proposals_waiting(actor: Actor) -> QuerySet[AreaProposal]:
    """Proposals that wait for a second person, the oldest first."""
    actor.authorise(Action.AREAS_VIEW)
    waiting = AreaProposal.objects.visible_to(actor).filter(approved_at=None, dropped_at=None)
    return waiting.select_related("place", "entry").order_by("proposed_at", "pk")


def findings_of(actor: Actor, place: Place) -> QuerySet[Finding]:
    """What was found out about a place, the latest first; withdrawn ones too."""
    actor.authorise(Action.AREAS_VIEW)
    return Finding.objects.visible_to(actor).filter(place=place).order_by("-happened_at", "-pk")


def places_with_infections(actor: Actor, now: datetime) -> list[Place]:
    """Places of the actor that hold an infection of the event: itself, and whatever it lies in."""
    actor.authorise(Action.AREAS_VIEW)
    own = Place.objects.filter(pk__in=actor.scope_ids)
    counties = {pk for pk in own.values_list("county_id", flat=True) if pk is not None}
    with acting_as(system_actor("areas")):
        smallest = infected_places(counties, now)
    paths = Place.objects.filter(pk__in=smallest).values_list("path", flat=True)
    held = Place.objects.filter(pk__in={pk for path in paths for pk in path}, county_id__isnull=False)
    return [place for place in held.select_related("parent") if reaches(actor, place)]


def public_levels(places: Collection[Place], at: datetime | None = None) -> list[AreaLevel]:
    """The levels in force on these places and on whatever they lie in, the smallest place first.

    Announced to everybody, so whoever may see a place may read its level; rows are read as the system.
    """
    now = at or timezone.now()
    above = {pk for place in places for pk in place.path}
    with acting_as(system_actor("areas")):
        found = AreaLevel.objects.filter(in_force_at(now), place_id__in=above).select_related("place")
        return sorted(found, key=lambda one: (-len(one.place.path), one.pk))


def residents_of(place: Place) -> int:
    """How many people live anywhere inside, whoever asks: a number, never names."""
    with acting_as(system_actor("areas")):
        return people_inside(place.pk).filter(state__in=RESIDENT_STATES).count()


def people_inside(place_id: int) -> QuerySet[Person]:
    """Everybody registered anywhere inside a place, without a household too. The caller acts as the system."""
    inside = Place.objects.filter(path__contains=[place_id]).values("pk")
    homeless = Q(household=None)
    return Person.objects.filter(
        Q(household__place__in=inside)
        | homeless & Q(building_id__in=inside)
        | homeless & Q(building_id=None, community_id__in=inside)
    )
