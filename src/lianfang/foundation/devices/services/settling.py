"""The review list: what could not be accepted stays there until somebody says what became of it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.devices.kinds import Applied, ItemRefusedError, kind_of
from lianfang.foundation.devices.models import Device, InboxItem, ItemState, Progress
from lianfang.foundation.devices.services.applying import apply_item, item_of
from lianfang.foundation.devices.services.enrolment import DeviceProblemError, device_actor

APPLIED, BY_HAND, REJECTED = "applied", "by_hand", "rejected"
HOWS = (APPLIED, BY_HAND, REJECTED)
# Nothing can be mended so that these become right; somebody records what is true, or rejects them.
NEVER_APPLIED = frozenset({"malformed", "changed_content"})
# The device had no right to it; whoever reviews it answers for it with their own.
_APPLIED_BY_REVIEWER = frozenset({"not_allowed", "revoked", "expired"})


@transaction.atomic
def settle_item(*, actor: Actor, item_id: UUID, how: str, note: str = "") -> InboxItem:
    """End the review of an item: apply it after what was in its way was mended, or say that it was recorded by hand
    elsewhere, or reject it; the last two need ``note``.

    Raises Http404 for an item that is none of the actor's, DeviceProblemError where it is settled already, where it can
    never be applied, or where it is refused again (``refused_again``; the item then shows the new reason).
    """
    actor.authorise(Action.DEVICES_REVIEW)
    if how not in HOWS:
        raise DeviceProblemError("unknown_step", "how")
    if how != APPLIED and not note.strip():
        raise DeviceProblemError("note_needed", "note")
    found = InboxItem.objects.visible_to(actor).filter(pk=item_id).values_list("device_id", flat=True).first()
    if found is None:
        raise Http404
    with acting_as(system_actor("field")):
        # The same lock as of applying: numbers of answers have one order.
        progress = Progress.objects.select_for_update().get(device_id=found)
        row = InboxItem.objects.select_for_update().get(pk=item_id)
    if row.state != ItemState.REFUSED or row.settled_at is not None:
        raise DeviceProblemError("not_waiting")
    refusal = _apply_again(actor, row) if how == APPLIED else None
    if refusal is None:
        row.settled_at, row.settled_by = timezone.now(), actor.name
        row.settled_how, row.settled_note = how, note.strip()[:500]
    with acting_as(system_actor("field")):
        progress.answers += 1
        row.number = progress.answers
        progress.save(update_fields=["answers"])
        row.save()
    record(actor=actor, action=f"devices.settle_{how}", target_kind="device_item", target_id=row.pk,
           details={"code": row.code, "refused_again": refusal is not None, "device": str(row.device_id)})  # fmt: skip
    return row


def _apply_again(actor: Actor, row: InboxItem) -> ItemRefusedError | None:
    """Apply; the row has the answer then. A failure of the program is raised: nothing was changed."""
    if row.code in NEVER_APPLIED:
        raise DeviceProblemError("never_applied")
    with acting_as(system_actor("field")):
        device = Device.objects.get(pk=row.device_id)
    kind = kind_of(row.kind)
    if kind is None:
        raise DeviceProblemError("kind_still_unknown")
    doer = actor if row.code in _APPLIED_BY_REVIEWER else device_actor(device)
    outcome: Applied | ItemRefusedError
    if kind.is_permitted(doer):
        with acting_as(doer):
            outcome = apply_item(doer, kind, item_of(row, device))
    else:
        outcome = ItemRefusedError("not_allowed")
    row.answered_at = timezone.now()
    if isinstance(outcome, ItemRefusedError):
        row.code, row.gaps = outcome.code, outcome.gaps
        return outcome
    row.state = ItemState.ACCEPTED
    row.warnings, row.refs = list(outcome.warnings), dict(outcome.refs)
    return None
