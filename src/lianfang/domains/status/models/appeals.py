"""Appeals: a resident's question or objection to a status, from when it is received until it is answered."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models

from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


class AppealState(models.TextChoices):
    RECEIVED = "received"
    LOOKING = "looking"
    ANSWERED = "answered"


class Outcome(models.TextChoices):
    """How an appeal was answered: never by changing the decision. ``corrected``: a fact was wrong, and was put right
    where it is kept. ``facts_right``: the facts stand, for the reason in the answer."""

    CORRECTED = "corrected"
    FACTS_RIGHT = "facts_right"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Objection(Scoped):
    """A resident's appeal (申诉) against a status, or one that a building chief writes down for them.

    ``about`` is the decision that it is about, as it was then: status, rule, reason, evidence, pack. It has a clock
    (``due_at``) and somebody by name who has it. ``wrong_fact`` is [table, id] of the fact that was put right.
    """

    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    text = models.CharField(max_length=1000)
    about = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=AppealState.choices, default=AppealState.RECEIVED)
    due_at = models.DateTimeField()
    assigned_to_id = models.BigIntegerField(null=True, help_text="account; null: nobody is posted there")
    assigned_to = models.CharField(max_length=80, blank=True)
    assigned_at = models.DateTimeField(null=True)
    assigned_by = models.CharField(max_length=80, blank=True)
    looking_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True)
    wrong_fact = models.JSONField(null=True)
    status_after = models.CharField(max_length=8, blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=80, blank=True)
    answer = models.CharField(max_length=1000, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "status_objection"
        indexes = [
            models.Index(fields=["community_id", "answered_at", "due_at"]),
            models.Index(fields=["township_id", "answered_at", "due_at"]),
            models.Index(fields=["person_id", "-made_at"]),
        ]
