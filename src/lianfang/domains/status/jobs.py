"""Nobody stays yellow because a timer was forgotten: decisions whose end has come are decided anew every minute."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone
from procrastinate.contrib.django import app

from lianfang.domains.status.models import HealthStatus
from lianfang.domains.status.recompute import recompute
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as


def whose_end_has_come() -> list[int]:
    """People whose status, or emergency, ran out and was not decided since."""
    now = timezone.now()
    ended = Q(until_at__lte=now) | Q(is_emergency=True, emergency_until_at__lte=now)
    with acting_as(system_actor("status")):
        return list(HealthStatus.objects.filter(ended).order_by("pk").values_list("person_id", flat=True)[:200_000])


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="status.decide_ended")
def decide_ended(timestamp: int) -> None:
    people = whose_end_has_come()
    if people:
        recompute(people)
