"""Reading statuses. Every query starts with ``visible_to(actor)``; who has no decision yet reads "unknown"."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, QuerySet

from lianfang.domains.lab_testing.selectors.counted import counted
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import person_for
from lianfang.domains.status.models import Colour, EmergencyOverride, HealthStatus, Objection, StatusOrder
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
    return counted(actor, "statuses", ("status_healthstatusevent", "registry_personevent"), lambda: _by_status(actor))


def _by_status(actor: Actor) -> dict[str, int]:
    numbers = {str(colour): 0 for colour in Colour}
    rows = HealthStatus.objects.visible_to(actor).order_by().values("status").annotate(people=Count("pk"))
    numbers |= {row["status"]: row["people"] for row in rows}
    people = Person.objects.visible_to(actor).filter(state__in=LIVES_HERE).count()
    numbers["unknown"] += max(people - sum(numbers.values()), 0)
    return numbers


def unanswered_objections(actor: Actor) -> QuerySet[Objection]:
    """Questions and objections that wait, the oldest first."""
    actor.authorise(Action.STATUS_VIEW)
    return Objection.objects.visible_to(actor).filter(answered_at=None).order_by("made_at", "pk")


def orders_waiting(actor: Actor) -> QuerySet[StatusOrder]:
    """Orders that a second person has not looked at."""
    actor.authorise(Action.STATUS_VIEW)
    return StatusOrder.objects.visible_to(actor).filter(approved_at=None, withdrawn_at=None).order_by("proposed_at")


def overrides_to_review(actor: Actor) -> QuerySet[EmergencyOverride]:
    """Emergency passages that nobody has reviewed yet."""
    actor.authorise(Action.STATUS_VIEW)
    return EmergencyOverride.objects.visible_to(actor).filter(reviewed_at=None).order_by("given_at")
