"""What was decided of each person."""

from __future__ import annotations

from typing import ClassVar

import pghistory
import pgtrigger
from django.db import models

from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


class Colour(models.TextChoices):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    UNKNOWN = "unknown"


# One trigger call per statement and no comparison, as for swabs: a run decides about tens of thousands of people.
@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(condition=None),
    pghistory.DeleteEvent(),
    level=pgtrigger.Statement,
    meta={"indexes": [models.Index(fields=["person_id", "-pgh_id"], name="status_history_of_person")]},
)
class HealthStatus(Scoped):
    """The decision in force for one person: colour, reason, evidence, since, until, pack, and when it was computed."""

    person_id = models.BigIntegerField(unique=True)
    household_id = models.BigIntegerField(null=True)
    status = models.CharField(max_length=8, choices=Colour.choices)
    rule = models.CharField(max_length=130, help_text="of a pack that was superseded: its id, a colon, the rule")
    reason = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    since_at = models.DateTimeField(null=True)
    until_at = models.DateTimeField(null=True)
    ends_when = models.JSONField(default=list, help_text="codes of what ends it")
    next_step = models.CharField(max_length=60, blank=True)
    appeal = models.CharField(max_length=60, blank=True)
    evidence = models.JSONField(default=list, help_text="[table, id, instant] of each fact that the rule rests on")
    other_reasons = models.JSONField(default=list)
    is_unverified = models.BooleanField(default=False)
    is_emergency = models.BooleanField(default=False)
    emergency_until_at = models.DateTimeField(null=True)
    pack = models.CharField(max_length=60)
    pack_version = models.IntegerField()
    as_of = models.DateTimeField()
    run_number = models.BigIntegerField(null=True, help_text="the run that wrote it: StatusRun.number")

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "status_health_status"
        indexes = [
            models.Index(fields=["township_id", "until_at", "id"]),
            models.Index(fields=["township_id", "status", "until_at", "id"]),
            models.Index(fields=["community_id", "status", "until_at", "id"]),
            models.Index(fields=["building_id", "status"]),
            # Of a city nearly everybody is green: who is not, and since when, is asked every two minutes (``codes``).
            models.Index(fields=["as_of"], condition=~models.Q(status="green"), name="status_not_green_since"),
            models.Index(fields=["until_at"], condition=models.Q(until_at__isnull=False), name="status_runs_out"),
            models.Index(
                fields=["emergency_until_at"], condition=models.Q(is_emergency=True), name="status_emergency_ends"
            ),
        ]
