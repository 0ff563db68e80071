"""Writing the audit trail: in the transaction of the change, so that neither exists without the other."""

from __future__ import annotations

from collections.abc import Mapping

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.audit.models import Entry


def record(
    *,
    actor: Actor,
    action: str,
    target_kind: str = "",
    target_id: object = "",
    details: Mapping[str, object] | None = None,
) -> Entry:
    """Append one entry. Raises whatever the database raises: an action that cannot be recorded does not happen."""
    return Entry.objects.create(
        account_id=actor.account_id,
        actor_name=actor.name,
        role=str(actor.role),
        place_label=actor.place_label,
        action=action,
        target_kind=target_kind,
        target_id=str(target_id),
        purpose=actor.purpose,
        request_id=actor.request_id,
        details=dict(details or {}),
    )
