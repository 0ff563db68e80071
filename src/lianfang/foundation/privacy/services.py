"""Opening a mask: one number of one person, for a stated purpose, on the record."""

from __future__ import annotations

from django.apps import apps
from django.http import Http404

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.privacy.numbers import unseal
from lianfang.foundation.web.language import t

PURPOSES = ("contact", "testing", "identity_check", "tracing", "care", "emergency")

# Model → what may be opened → its sealed column.
OPENABLE: dict[str, dict[str, str]] = {
    "registry.person": {"identity": "id_sealed", "phone": "phone_sealed"},
    "registry.importrow": {"identity": "id_sealed", "phone": "phone_sealed"},
    "lab_testing.sample": {"identity": "id_sealed", "phone": "phone_sealed"},
    "gates.gatecheck": {"plate": "plate_sealed"},
}


def purpose_choices() -> list[tuple[str, str]]:
    """The purposes with their words in the reader's language."""
    return [(purpose, t(f"privacy.purpose.{purpose}")) for purpose in PURPOSES]


class PurposeNeededError(ValueError):
    """No purpose, or none of PURPOSES, was given."""


def unmask(*, actor: Actor, purpose: str, kind: str, model: str, row_id: int) -> str | None:
    """The whole number, or None where none is known. Written to the audit trail with its purpose.

    Raises Http404 where the row is not in the actor's places: whether it exists elsewhere is not told.
    """
    actor.authorise(Action.UNMASK)
    if purpose not in PURPOSES:
        raise PurposeNeededError(purpose)
    column = OPENABLE.get(model, {}).get(kind)
    if column is None:
        raise Http404
    rows = apps.get_model(model)._default_manager.visible_to(actor)
    sealed = rows.filter(pk=row_id).values_list(column, flat=True)[:1]
    found = list(sealed)
    if not found:
        raise Http404
    record(actor=actor.for_purpose(purpose), action=f"privacy.unmask_{kind}", target_kind=model, target_id=row_id)
    return unseal(found[0])
