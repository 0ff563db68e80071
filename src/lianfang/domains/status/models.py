"""What was decided of each person, and the two ways in which people may act on it by hand."""

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
    pghistory.InsertEvent(), pghistory.UpdateEvent(condition=None), pghistory.DeleteEvent(), level=pgtrigger.Statement
)
class HealthStatus(Scoped):
    """The decision in force for one person: colour, reason, evidence, since, until, pack, and when it was computed."""

    person_id = models.BigIntegerField(unique=True)
    household_id = models.BigIntegerField(null=True)
    status = models.CharField(max_length=8, choices=Colour.choices)
    rule = models.CharField(max_length=60)
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

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "status_health_status"
        indexes = [
            models.Index(fields=["township_id", "until_at", "id"]),
            models.Index(fields=["township_id", "status", "until_at", "id"]),
            models.Index(fields=["community_id", "status", "until_at", "id"]),
            models.Index(fields=["building_id", "status"]),
            models.Index(fields=["until_at"], condition=models.Q(until_at__isnull=False), name="status_runs_out"),
            models.Index(
                fields=["emergency_until_at"], condition=models.Q(is_emergency=True), name="status_emergency_ends"
            ),
        ]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class StatusOrder(Scoped):
    """A status set by hand under a rule of the pack: an epidemiological reason, evidence, two people and an end.

    Nothing weaker is possible: the rule says which status, the table refuses an order without an end or by one person.
    """

    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    rule = models.CharField(max_length=60)
    reason = models.CharField(max_length=200)
    evidence = models.CharField(max_length=400)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    proposed_at = models.DateTimeField()
    proposed_by_id = models.BigIntegerField()
    proposed_by = models.CharField(max_length=80)
    approved_by_id = models.BigIntegerField(null=True)
    approved_by = models.CharField(max_length=80, blank=True)
    approved_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=80, blank=True)
    withdrawn_because = models.CharField(max_length=200, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "status_order"
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="status_order_ends"),
            models.CheckConstraint(
                condition=models.Q(approved_by_id=None) | ~models.Q(approved_by_id=models.F("proposed_by_id")),
                name="status_order_two_people",
            ),
        ]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class EmergencyOverride(Scoped):
    """Somebody must get out or in to live: it outranks every rule, needs no approval, and is reviewed afterwards."""

    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=200)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    given_at = models.DateTimeField()
    given_by = models.CharField(max_length=80)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, blank=True)
    reviewed_by = models.CharField(max_length=80, blank=True)
    reviewed_at = models.DateTimeField(null=True)
    review_note = models.CharField(max_length=200, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "status_emergency_override"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Objection(Scoped):
    """A resident's question or objection to a status, or one that a building chief writes down for them."""

    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    text = models.CharField(max_length=1000)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=80, blank=True)
    answer = models.CharField(max_length=1000, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "status_objection"
        indexes = [models.Index(fields=["community_id", "answered_at", "made_at"])]
