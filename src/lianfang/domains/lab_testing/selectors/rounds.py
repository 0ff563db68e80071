"""Rounds that concern an actor, and their teams and kits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from lianfang.domains.lab_testing import roster
from lianfang.domains.lab_testing.models import Kit, PlannedExemption, Round, Team
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action, Level


def rounds_for(actor: Actor) -> QuerySet[Any]:
    """Rounds of the actor's places, of those above them, and inside of them."""
    if not actor.may(Action.TESTING_VIEW):
        actor.authorise(Action.TESTING_HANDOVER)
    if actor.level is Level.SYSTEM:
        return Round.objects.all()
    if actor.level in (Level.COUNTY, Level.TOWNSHIP):
        return Round.objects.filter(**{f"{roster.LEVEL_KEYS[actor.level]}__in": actor.scope_ids})
    place = roster.own_place(actor) if actor.level in roster.LEVEL_KEYS else None
    if place is None or place.township_id is None:
        return Round.objects.none()
    return Round.objects.filter(township_id=place.township_id).filter(
        Q(community_id=None) | Q(community_id=place.community_id)
    )


def teams_of(round_: Round) -> Sequence[Team]:
    return list(round_.teams.order_by("id"))


def kits_of(round_: Round) -> Sequence[Kit]:
    return list(round_.kits.select_related("team").order_by("id"))


def planned_exemptions(actor: Actor, round_: Round) -> QuerySet[Any]:
    actor.authorise(Action.TESTING_VIEW)
    return PlannedExemption.objects.visible_to(actor).filter(round=round_).order_by("-recorded_at")
