"""What gates learn from statuses below them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lianfang.domains.gates.models import GateEmergency
from lianfang.domains.status import events as status
from lianfang.domains.status.models import EmergencyOverride
from lianfang.foundation.outbox.services import handles


@handles(status.OVERRIDE_REVIEWED)
def take_over_review(payload: Mapping[str, Any]) -> None:
    """An override that somebody looked at on the status page has been looked at; nobody is asked twice."""
    override = EmergencyOverride.objects.get(pk=payload["override_id"])
    GateEmergency.objects.filter(override_id=override.pk, reviewed_at=None).update(
        reviewed_at=override.reviewed_at, reviewed_by=override.reviewed_by, review_note=override.review_note
    )
