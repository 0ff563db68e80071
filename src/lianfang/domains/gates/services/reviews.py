"""What is looked at afterwards: emergencies, and checks that the server would have answered otherwise."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from lianfang.domains.gates.models import Difference, GateEmergency
from lianfang.domains.gates.problems import GateProblemError
from lianfang.domains.status.models import EmergencyOverride
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.services import review_override
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record

LONGEST_NOTE = 200


def review_emergency(*, actor: Actor, emergency_id: int, note: str) -> GateEmergency:
    """Say that somebody has looked at an emergency passage. The override of a person who was known is reviewed with
    it. Raises GateProblemError where it is settled, or out of reach."""
    actor.authorise(Action.GATES_MANAGE)
    if not note.strip():
        raise GateProblemError("note_needed", "note")
    with transaction.atomic():
        found = GateEmergency.objects.visible_to(actor).select_for_update().filter(pk=emergency_id).first()
        if found is None:
            raise GateProblemError("emergency_elsewhere")
        if found.reviewed_at is not None:
            raise GateProblemError("settled_already")
        found.reviewed_at, found.reviewed_by = timezone.now(), actor.name
        found.review_note = note.strip()[:LONGEST_NOTE]
        found.save(update_fields=["reviewed_at", "reviewed_by", "review_note"])
        record(actor=actor, action="gates.review_emergency", target_kind="gate_emergency", target_id=found.pk)
        _review_override(actor, found)
    return found


def _review_override(actor: Actor, emergency: GateEmergency) -> None:
    """As the system, as it was given: whoever passed may live elsewhere, and nobody there is to look at it again."""
    if emergency.override_id is None or not actor.may(Action.STATUS_ORDER):
        return
    with acting_as(replace(system_actor("gates"), name=actor.name)) as system:
        override = EmergencyOverride.objects.filter(pk=emergency.override_id, reviewed_at=None).first()
        if override is None:
            return
        try:
            review_override(actor=system, override=override, note=emergency.review_note)
        except StatusProblemError as problem:
            raise GateProblemError(problem.code) from problem


def settle_difference(*, actor: Actor, difference_id: int, note: str) -> Difference:
    """Say what came of a check that the server would have answered otherwise."""
    actor.authorise(Action.GATES_MANAGE)
    if not note.strip():
        raise GateProblemError("note_needed", "note")
    with transaction.atomic():
        found = Difference.objects.visible_to(actor).select_for_update().filter(pk=difference_id).first()
        if found is None:
            raise GateProblemError("difference_elsewhere")
        if found.settled_at is not None:
            raise GateProblemError("settled_already")
        found.settled_at, found.settled_by, found.note = timezone.now(), actor.name, note.strip()[:LONGEST_NOTE]
        found.save(update_fields=["settled_at", "settled_by", "note"])
        record(actor=actor, action="gates.settle_difference", target_kind="difference", target_id=found.pk)
    return found
