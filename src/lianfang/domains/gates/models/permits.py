"""Leave to pass a gate in a time window, for a reason."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from lianfang.domains.gates.models.gates import Gate
from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


class PermitKind(models.TextChoices):
    HOSPITAL = "hospital"
    DIALYSIS = "dialysis"
    BIRTH = "birth"
    CARE = "care"
    DUTY = "duty"
    FUNERAL = "funeral"
    OTHER = "other"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Permit(Scoped):
    """One person may pass although the rules would stop them: why, when, let by whom. It always ends.

    ``weekdays`` (1 Monday … 7 Sunday) and ``from_time``/``until_time`` narrow it to hours of days; empty: the whole
    window. ``gate`` null: every gate of the community. A refused one names its reason and where to object.
    """

    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    code = models.CharField(max_length=12, unique=True)
    kind = models.CharField(max_length=10, choices=PermitKind.choices)
    reason = models.CharField(max_length=200)
    rule = models.CharField(max_length=40, help_text="why this kind is let through: a key under gates.permit_rule")
    gate = models.ForeignKey(Gate, models.PROTECT, null=True, related_name="permits")
    companions = models.SmallIntegerField(default=0)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    weekdays = ArrayField(models.SmallIntegerField(), default=list)
    from_time = models.TimeField(null=True)
    until_time = models.TimeField(null=True)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=80)
    asked_by_id = models.BigIntegerField(null=True)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=80, blank=True)
    refused_at = models.DateTimeField(null=True)
    refused_by = models.CharField(max_length=80, blank=True)
    refused_because = models.CharField(max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=80, blank=True)
    withdrawn_because = models.CharField(max_length=200, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "gates_permit"
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="gates_permit_ends"),
            models.CheckConstraint(
                condition=Q(refused_at=None) | ~Q(refused_because=""), name="gates_permit_refusal_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None) | Q(refused_at=None), name="gates_permit_approved_or_refused"
            ),
        ]
        indexes = [
            models.Index(fields=["community_id", "ends_at"]),
            models.Index(fields=["township_id", "ends_at"]),
            models.Index(fields=["person_id", "ends_at"]),
        ]
