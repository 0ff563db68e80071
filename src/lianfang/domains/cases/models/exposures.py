"""Exposures: somebody came under a category of the pack (close contact, entrant …), with the day it counts from."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models

from lianfang.domains.cases.models.cases import Case
from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Exposure(Scoped):
    """A fact about one person; what follows from it (stages, test days, release) the pack says, never this row.

    ``anchor_on`` is day 0 of the category's anchor. ``opened_under`` is the id of the pack in force at the person's
    place when it was opened, ``opened_version`` which version of it. Never changed: closed early, withdrawn when it
    turned out to be none, or withdrawn and opened anew (``replaces``) where the day was wrong.
    """

    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    category = models.CharField(max_length=30, help_text="a category of the pack")
    anchor_on = models.DateField()
    opened_at = models.DateTimeField()
    opened_under = models.CharField(max_length=60)
    opened_version = models.IntegerField()
    because = models.CharField(max_length=200)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="exposures")
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")
    recorded_at = models.DateTimeField(help_text="when it became known here")
    recorded_by_id = models.BigIntegerField(null=True)
    recorded_by = models.CharField(max_length=80)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=80, blank=True)
    closed_because = models.CharField(max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=80, blank=True)
    withdrawn_because = models.CharField(max_length=200, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "cases_exposure"
        constraints = [
            models.UniqueConstraint(
                fields=["person_id", "category", "anchor_on"],
                condition=models.Q(closed_at=None, withdrawn_at=None),
                name="cases_exposure_open_once",
            ),
            models.CheckConstraint(condition=~models.Q(because=""), name="cases_exposure_has_reason"),
        ]
        indexes = [
            models.Index(fields=["person_id", "-recorded_at"]),
            models.Index(fields=["township_id", "-recorded_at"]),
            models.Index(fields=["community_id", "-recorded_at"]),
            models.Index(fields=["anchor_on"], condition=models.Q(closed_at=None, withdrawn_at=None),
                         name="cases_exposure_running"),
        ]  # fmt: skip
