"""People found infected, from the result that said so to their release."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models

from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


class CaseKind(models.TextChoices):
    CONFIRMED = "confirmed"
    ASYMPTOMATIC = "asymptomatic"
    SCREENING_POSITIVE = "screening_positive"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Case(Scoped):
    """An infected person. A screening positive is one until a laboratory or a doctor says otherwise."""

    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=20, choices=CaseKind.choices)
    found_at = models.DateTimeField()
    evidence_kind = models.CharField(max_length=20, help_text="result, order")
    evidence_id = models.BigIntegerField(null=True)
    transferred_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=80, blank=True)
    released_because = models.CharField(max_length=200, blank=True)
    made_by = models.CharField(max_length=80)
    recorded_at = models.DateTimeField(help_text="when the case became known here")
    release_recorded_at = models.DateTimeField(null=True, help_text="when its release became known here")

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "cases_case"
        constraints = [
            models.UniqueConstraint(
                fields=["person_id"], condition=models.Q(released_at=None), name="cases_case_open_once"
            )
        ]
        indexes = [
            models.Index(fields=["township_id", "-found_at"]),
            models.Index(fields=["community_id", "-found_at"]),
        ]
