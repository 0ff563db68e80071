"""Nobody stays yellow because a timer was forgotten: whose decision has run out."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from lianfang.domains.status.gating import HOLDING
from lianfang.domains.status.models import HealthStatus, WithheldDecision
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as


def whose_end_has_come() -> list[int]:
    """People whose status, or emergency, ran out and was not decided since."""
    now = timezone.now()
    # Whose worse decision waits for a person is not asked about every minute: nothing new would come of it.
    waits = WithheldDecision.objects.filter(person_id=OuterRef("person_id"), state__in=HOLDING)
    waits = waits.filter(Q(until_at=None) | Q(until_at__gt=now))
    ended = Q(Q(until_at__lte=now), ~Exists(waits)) | Q(is_emergency=True, emergency_until_at__lte=now)
    with acting_as(system_actor("status")):
        return list(HealthStatus.objects.filter(ended).order_by("pk").values_list("person_id", flat=True)[:200_000])
