"""Figures of the command post that are entered, because nothing in the system knows them yet."""

from __future__ import annotations

import pghistory
from django.db import models

from lianfang.foundation.access.scoped import Scoped


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class EnteredFigure(Scoped):
    """One figure of the daily summary (疫情防控汇总表) of one community and day, entered by hand: contacts, areas and
    isolation sites have no domain of their own yet. Corrections are kept in the history."""

    on = models.DateField()
    figure = models.CharField(max_length=30)
    value = models.IntegerField()
    entered_by = models.CharField(max_length=80)
    entered_at = models.DateTimeField()

    class Meta:
        db_table = "command_entered_figure"
        constraints = [
            models.UniqueConstraint(fields=["community_id", "on", "figure"], name="command_figure_once"),
            models.CheckConstraint(condition=models.Q(value__gte=0), name="command_figure_not_negative"),
        ]
        indexes = [models.Index(fields=["township_id", "on"])]
