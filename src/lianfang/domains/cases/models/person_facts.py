"""What is stated of a person and rules may ask about: work, symptoms, a dose (the closed set of the engine)."""

from __future__ import annotations

from typing import ClassVar

import pghistory
import pgtrigger
from django.db import models

from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


class FactSource(models.TextChoices):
    """``stated``: somebody entered it here. ``registry``: it follows from the person's entry in the registry."""

    STATED = "stated"
    REGISTRY = "registry"


# One trigger call per statement: what follows from the registry is written for a whole township at once.
@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), level=pgtrigger.Statement)
class PersonFact(Scoped):
    """One statement; ``fact`` is the name under which the engine stores it (``packs.facts``: "born", "occupation" …).

    ``number`` is 1 or 0 for yes or no, null for what happened at ``from_at`` (a dose); ``word`` is one of the
    fact's words. True from ``from_at`` (null: always) until ``to_at`` (null: still). Never overwritten: what was
    wrong is withdrawn, what is over gets an end by a new statement.
    """

    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    fact = models.CharField(max_length=40)
    number = models.FloatField(null=True)
    word = models.CharField(max_length=40, blank=True)
    from_at = models.DateTimeField(null=True)
    to_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=10, choices=FactSource.choices, default=FactSource.STATED)
    recorded_at = models.DateTimeField(help_text="when it became known here")
    recorded_by_id = models.BigIntegerField(null=True)
    recorded_by = models.CharField(max_length=80)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=80, blank=True)
    withdrawn_because = models.CharField(max_length=200, blank=True)

    # What the registry's own undoing of an import need not stop for.
    follows_registry: ClassVar[dict[str, str]] = {"source": "registry"}
    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "cases_person_fact"
        constraints = [
            models.UniqueConstraint(
                fields=["person_id", "fact"], condition=models.Q(source="registry", withdrawn_at=None),
                name="cases_person_fact_registered_once",
            ),
            models.CheckConstraint(
                condition=models.Q(to_at=None) | models.Q(from_at=None) | models.Q(to_at__gt=models.F("from_at")),
                name="cases_person_fact_ends",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["person_id", "fact"]),
            models.Index(fields=["community_id", "fact"]),
        ]
