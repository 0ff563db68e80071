"""The ways in which people act on a status by hand: an order by two, an emergency passage."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models

from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class StatusOrder(Scoped):
    """A status set by hand under a rule of the pack: an epidemiological reason, evidence, two people and an end.

    Nothing weaker is possible: the rule says which status, the table refuses an order without an end or by one person.
    ``opened_under`` is the id of the pack in force when it was proposed, whose rule it names.
    """

    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    rule = models.CharField(max_length=60)
    opened_under = models.CharField(max_length=60)
    opened_version = models.IntegerField()
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
