"""Where the tubes are: open, sealed, on their way, at the laboratory, waiting for a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from lianfang.domains.lab_testing.models import HandOver, Round, Sample, Tube, TubeState
from lianfang.domains.lab_testing.selectors.counted import counted
from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.roles import Action

# Four hours at room temperature at most (dossier §2, transport); the sampling table's own time is part of them.
WAY_AT_MOST = timedelta(hours=4)
WAITING = (TubeState.OPEN, TubeState.SEALED, TubeState.HANDED_OVER, TubeState.RECEIVED)


def require_tubes(actor: Actor) -> None:
    """Who may see tubes: those of testing, and couriers."""
    if not actor.may(Action.TESTING_VIEW):
        actor.authorise(Action.TESTING_HANDOVER)


@dataclass(frozen=True, slots=True)
class TubeCounts:
    """Tubes of a round by state; ``late`` were not handed over in time, ``overdue`` have no result in time."""

    by_state: Mapping[str, int]
    late: int
    overdue: int
    swabs: int

    @property
    def total(self) -> int:
        return sum(self.by_state.values())


def tube_counts(actor: Actor, round_: Round) -> TubeCounts:
    require_tubes(actor)
    tubes = Tube.objects.visible_to(actor).filter(round=round_)
    now = timezone.now()
    by_state, swabs = counted(
        actor, "tubes", ("lab_testing_tubeevent", "lab_testing_sampleevent"), lambda: _counts(actor, round_), round_.pk
    )
    waiting = tubes.filter(state__in=WAITING)
    late = waiting.aggregate(late=Count("id", filter=_late(now)), overdue=Count("id", filter=overdue(round_, now)))
    return TubeCounts(
        {state.value: by_state.get(state.value, 0) for state in TubeState}, late["late"], late["overdue"], swabs
    )


def _counts(actor: Actor, round_: Round) -> tuple[dict[str, int], int]:
    """Tubes by state, and swabs."""
    tubes = Tube.objects.visible_to(actor).filter(round=round_)
    by_state = dict(tubes.order_by().values_list("state").annotate(n=Count("id")))
    return by_state, Sample.objects.visible_to(actor).filter(round_id=round_.pk, is_void=False).count()


def _late(now: datetime) -> Q:
    return Q(state__in=(TubeState.OPEN, TubeState.SEALED), opened_at__lt=now - WAY_AT_MOST)


def overdue(round_: Round, now: datetime) -> Q:
    """Without a result for longer than the round allows, counted from the opening of the tube."""
    return Q(state__in=WAITING, opened_at__lt=now - timedelta(hours=round_.result_due_hours))


def tubes_of(actor: Actor, round_: Round, *, state: str = "", only: str = "") -> QuerySet[Any]:
    """Tubes of the round with ``bound`` swabs and ``first_at``, looked up for the rows of a page only.

    ``only``: late, overdue, or awaited: more swabs were counted at sealing than are known."""
    require_tubes(actor)
    tubes = Tube.objects.visible_to(actor).filter(round=round_).select_related("team")
    if state in TubeState.values:
        tubes = tubes.filter(state=state)
    if only == "late":
        tubes = tubes.filter(_late(timezone.now()))
    elif only == "overdue":
        tubes = tubes.filter(overdue(round_, timezone.now()))
    swabs = Sample.objects.visible_to(actor).filter(tube=OuterRef("pk"), is_void=False).order_by().values("tube")
    tubes = tubes.annotate(
        bound=Coalesce(Subquery(swabs.annotate(n=Count("pk")).values("n")), 0),
        first_at=Subquery(swabs.annotate(first=Min("sampled_at")).values("first")),
    )
    return tubes.filter(counted__gt=F("bound")) if only == "awaited" else tubes


@dataclass(frozen=True, slots=True)
class PendingTube:
    """A tube without a result, how long since its first swab, and whether that is too long."""

    tube: Tube
    hours: float
    is_overdue: bool


def pending_tubes(actor: Actor, round_: Round, limit: int = 200) -> list[PendingTube]:
    """Tubes that left the desk and have no result, the longest waiting first."""
    now = timezone.now()
    due = timedelta(hours=round_.result_due_hours)
    waiting = tubes_of(actor, round_).filter(state__in=WAITING[1:]).order_by("opened_at", "id")[:limit]
    found = []
    for tube in waiting:
        since = min(tube.first_at or tube.opened_at, now)
        found.append(PendingTube(tube, round((now - since).total_seconds() / 3600, 1), now - since > due))
    return found


def swabs_of(actor: Actor, tube: Tube, *, with_void: bool = True) -> Sequence[Sample]:
    """The swabs of a tube in the order in which they went in."""
    require_tubes(actor)
    swabs = Sample.objects.visible_to(actor).filter(tube=tube)
    return list((swabs if with_void else swabs.filter(is_void=False)).order_by("position", "id"))


def hand_overs_of(actor: Actor, round_: Round) -> QuerySet[Any]:
    if not actor.may(Action.TESTING_HANDOVER) and not actor.may(Action.TESTING_VIEW):
        raise NotAllowedError(Action.TESTING_HANDOVER)
    return HandOver.objects.visible_to(actor).filter(round=round_).order_by("-at", "-id")
