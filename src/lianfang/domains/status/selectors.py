"""Reading statuses. Every query starts with ``visible_to(actor)``; who has no decision yet reads "unknown"."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from lianfang.domains.lab_testing.selectors.counted import counted
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import person_for
from lianfang.domains.status.gating import HOLDING
from lianfang.domains.status.limits import BULK
from lianfang.domains.status.models import (
    Colour,
    EmergencyOverride,
    HealthStatus,
    Objection,
    RunState,
    StatusOrder,
    StatusRun,
    WithheldDecision,
)
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action

LIVES_HERE = ("living", "away")


def status_for(actor: Actor, person_id: int) -> HealthStatus | None:
    """The decision in force for one person; None where none was made yet. Raises as ``person_for``."""
    person = person_for(actor, person_id)
    return HealthStatus.objects.visible_to(actor).filter(person_id=person.pk).first()


def statuses_for(actor: Actor, person_ids: Collection[int]) -> dict[int, HealthStatus]:
    """Decisions by person, for a list of them."""
    found = HealthStatus.objects.visible_to(actor).filter(person_id__in=person_ids)
    return {one.person_id: one for one in found}


def status_list(actor: Actor, *, status: str = "", reason: str = "") -> QuerySet[HealthStatus]:
    """Decisions in the actor's places, red first, then by the end that comes first."""
    actor.authorise(Action.STATUS_VIEW)
    found = HealthStatus.objects.visible_to(actor)
    if status:
        found = found.filter(status=status)
    return found.filter(reason=reason) if reason else found


def count_by_status(actor: Actor) -> dict[str, int]:
    """People who live in the actor's places, by colour. Whoever has no decision counts as unknown."""
    actor.authorise(Action.STATUS_VIEW)
    decided = counted(actor, "statuses", ("status_healthstatusevent",), lambda: _by_status(actor))
    people = counted(actor, "people", ("registry_personevent",), lambda: _living_here(actor))
    numbers = {str(colour): 0 for colour in Colour} | decided
    numbers["unknown"] += max(people - sum(numbers.values()), 0)
    return numbers


def _by_status(actor: Actor) -> dict[str, int]:
    rows = HealthStatus.objects.visible_to(actor).order_by().values("status").annotate(people=Count("pk"))
    return {row["status"]: row["people"] for row in rows}


def _living_here(actor: Actor) -> int:
    return Person.objects.visible_to(actor).filter(state__in=LIVES_HERE).count()


def unanswered_objections(actor: Actor) -> QuerySet[Objection]:
    """Appeals that wait for an answer, the one due first first."""
    actor.authorise(Action.STATUS_VIEW)
    return Objection.objects.visible_to(actor).filter(answered_at=None).order_by("due_at", "pk")


def overdue_objections(actor: Actor) -> QuerySet[Objection]:
    """Appeals whose clock has run out."""
    return unanswered_objections(actor).filter(due_at__lte=timezone.now())


def objections_of(actor: Actor) -> QuerySet[Objection]:
    """Open appeals that the actor has."""
    return unanswered_objections(actor).filter(assigned_to_id=actor.account_id)


def answered_objections(actor: Actor) -> QuerySet[Objection]:
    """Appeals that were answered, the latest first."""
    actor.authorise(Action.STATUS_VIEW)
    return Objection.objects.visible_to(actor).exclude(answered_at=None).order_by("-answered_at", "-pk")


def objection_for(actor: Actor, objection_id: int) -> Objection | None:
    """One appeal; None outside the actor's places."""
    actor.authorise(Action.STATUS_VIEW)
    return Objection.objects.visible_to(actor).filter(pk=objection_id).first()


def orders_waiting(actor: Actor) -> QuerySet[StatusOrder]:
    """Orders that a second person has not looked at."""
    actor.authorise(Action.STATUS_VIEW)
    return StatusOrder.objects.visible_to(actor).filter(approved_at=None, withdrawn_at=None).order_by("proposed_at")


def overrides_to_review(actor: Actor) -> QuerySet[EmergencyOverride]:
    """Emergency passages that nobody has reviewed yet."""
    actor.authorise(Action.STATUS_VIEW)
    return EmergencyOverride.objects.visible_to(actor).filter(reviewed_at=None).order_by("given_at")


def status_runs(actor: Actor, *, only_large: bool = True) -> QuerySet[StatusRun]:
    """Runs in the actor's places, the latest first; ``only_large``: that stopped, were settled, or worsened many."""
    actor.authorise(Action.STATUS_VIEW)
    found = StatusRun.objects.visible_to(actor).order_by("-number", "-pk")
    large = ~Q(state=RunState.DONE) | Q(worsened__gte=BULK) | Q(undoes__isnull=False)
    return found.filter(large) if only_large else found


def runs_waiting(actor: Actor) -> QuerySet[StatusRun]:
    """Runs that stopped and wait for a person, the oldest first."""
    actor.authorise(Action.STATUS_VIEW)
    return StatusRun.objects.visible_to(actor).filter(state=RunState.WAITING).order_by("number", "pk")


def status_run_for(actor: Actor, run_id: int) -> StatusRun | None:
    """One run; None outside the actor's places."""
    actor.authorise(Action.STATUS_VIEW)
    return StatusRun.objects.visible_to(actor).filter(pk=run_id).first()


def withheld_of(actor: Actor, run: StatusRun) -> QuerySet[WithheldDecision]:
    """What a run did not write, worst first."""
    actor.authorise(Action.STATUS_VIEW)
    return WithheldDecision.objects.visible_to(actor).filter(run=run)


def withheld_for(actor: Actor, person_id: int) -> WithheldDecision | None:
    """The decision about a person that waits for somebody, or was refused."""
    actor.authorise(Action.STATUS_VIEW)
    found = WithheldDecision.objects.visible_to(actor).filter(person_id=person_id, state__in=HOLDING)
    return found.select_related("run").first()
