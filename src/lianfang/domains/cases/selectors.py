"""Reading cases. Every query starts with ``visible_to(actor)``."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import Http404

from lianfang.domains.cases.models import Case, Exposure, PersonFact
from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.roles import Action


def cases_for(actor: Actor, *, is_open: bool | None = None, kind: str = "") -> QuerySet[Case]:
    """The cases in the actor's places, newest first."""
    actor.authorise(Action.CASES_VIEW)
    found = Case.objects.visible_to(actor).order_by("-found_at", "-pk")
    if is_open is not None:
        found = found.filter(released_at__isnull=is_open)
    return found.filter(kind=kind) if kind else found


def case_for(actor: Actor, case_id: int) -> Case:
    """One case; Http404 for one out of reach, as for one that does not exist."""
    case = cases_for(actor).filter(pk=case_id).first()
    if case is None:
        raise Http404
    return case


def open_cases_of(actor: Actor, person_ids: list[int]) -> QuerySet[Case]:
    """Open cases of these people, for the engine and for their pages."""
    return Case.objects.visible_to(actor).filter(person_id__in=person_ids, released_at=None)


def open_at(actor: Actor, instant: datetime) -> QuerySet[Case]:
    """Cases that were open at an instant: found by then and not released by then."""
    return cases_for(actor).filter(found_at__lte=instant).filter(Q(released_at=None) | Q(released_at__gt=instant))


def exposures_of(actor: Actor, person_id: int) -> QuerySet[Exposure]:
    """Every exposure of a person that is or was recorded, the latest day first. Who it was in contact with
    (``case``, ``because``) is for those who may see cases."""
    if not (actor.may(Action.CASES_VIEW) or actor.may(Action.STATUS_VIEW) or actor.may(Action.OWN_HOUSEHOLD)):
        raise NotAllowedError(Action.STATUS_VIEW)
    return Exposure.objects.visible_to(actor).filter(person_id=person_id).order_by("-anchor_on", "-recorded_at", "-pk")


def exposures_for(actor: Actor) -> QuerySet[Exposure]:
    """The exposures recorded in the actor's places, the latest first."""
    actor.authorise(Action.CASES_VIEW)
    return Exposure.objects.visible_to(actor).order_by("-recorded_at", "-pk")


def exposure_for(actor: Actor, exposure_id: int) -> Exposure:
    """One exposure; Http404 for one out of reach, as for one that does not exist."""
    found = exposures_for(actor).filter(pk=exposure_id).first()
    if found is None:
        raise Http404
    return found


def person_facts_of(actor: Actor, person_id: int) -> QuerySet[PersonFact]:
    """What is or was stated of a person, the latest first."""
    if not (actor.may(Action.REGISTRY_VIEW) or actor.may(Action.STATUS_VIEW)):
        raise NotAllowedError(Action.REGISTRY_VIEW)
    return PersonFact.objects.visible_to(actor).filter(person_id=person_id).order_by("-recorded_at", "-pk")
