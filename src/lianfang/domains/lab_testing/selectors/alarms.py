"""What in testing needs somebody now: counts for the command page, each the length of a list that a page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.db.models.functions import Now

from lianfang.domains.lab_testing.models import Hold, HoldState, Result, ResultState, Tube, TubeState
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action

SOON = timedelta(hours=2)
WAITS = (TubeState.SEALED, TubeState.HANDED_OVER, TubeState.RECEIVED)


@dataclass(frozen=True, slots=True)
class Alarms:
    """Counts at ``as_of``, in the actor's places.

    ``overdue_tubes``: sealed longer ago than the round's hours for results, and none yet. ``held``: people of positive
    tubes not settled. ``ending_holds``: of them, those whose hold ends within two hours or has ended.
    ``not_resampled``: of them, those without a single swab since.
    """

    positive_tubes: int
    contradicting_tubes: int
    overdue_tubes: int
    waiting_tubes: int
    held: int
    ending_holds: int
    not_resampled: int
    orphan_results: int
    unreadable_results: int
    as_of: datetime


def alarms(actor: Actor, as_of: datetime) -> Alarms:
    """Nine counts over indexed columns."""
    actor.authorise(Action.TESTING_VIEW)
    tubes = Tube.objects.visible_to(actor)
    waiting = tubes.filter(state__in=WAITS, conclusion="")
    held = Hold.objects.visible_to(actor).filter(state=HoldState.HELD)
    results = Result.objects.visible_to(actor)
    overdue = Q(round__isnull=False) & Q(sealed_at__lt=Now() - F("round__result_due_hours") * timedelta(hours=1))
    return Alarms(
        positive_tubes=held.values("tube_id").distinct().count(),
        contradicting_tubes=tubes.filter(conclusion="contradicting").count(),
        overdue_tubes=waiting.filter(overdue).count(),
        waiting_tubes=waiting.count(),
        held=held.values("person_id").distinct().count(),
        ending_holds=held.filter(ends_at__lte=as_of + SOON).count(),
        not_resampled=held.filter(retest_tube=None).count(),
        orphan_results=results.filter(state=ResultState.ORPHAN).count(),
        unreadable_results=results.filter(state__in=(ResultState.UNREADABLE, ResultState.EMPTY)).count(),
        as_of=as_of,
    )
