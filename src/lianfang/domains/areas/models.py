"""Levels of places with their beginning and end, the proposals that brought them, and what was found on the spot."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import F, Q

from lianfang.domains.registry.models import Place
from lianfang.foundation.access.scoped import Scoped


class AreaAction(models.TextChoices):
    """What a proposal does to the level of its place."""

    DRAW = "draw"
    RAISE = "raise"
    LOWER = "lower"
    LIFT = "lift"
    PROLONG = "prolong"
    WITHDRAW = "withdraw"


class EndedBecause(models.TextChoices):
    RAISED = "raised"
    LOWERED = "lowered"
    LIFTED = "lifted"
    WITHDRAWN = "withdrawn"
    RAN_OUT = "ran_out"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class AreaProposal(Scoped):
    """A change of a place's level, proposed by one person; without effect until a second one approves it.

    ``level`` is the level afterwards, "" where none is left. ``entry`` is the level that it changes. ``assessment``
    is the state of every criterion when it was proposed, ``approved_on`` when it was approved: the evidence, kept.
    Scoped like its place; keys below that place are 0.
    """

    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    action = models.CharField(max_length=8, choices=AreaAction.choices)
    level = models.CharField(max_length=60, blank=True)
    entry = models.ForeignKey("AreaLevel", models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField()
    review_at = models.DateTimeField(null=True, help_text="when the level ends unless two people prolong it")
    reason = models.CharField(max_length=400)
    pack = models.CharField(max_length=60)
    pack_version = models.IntegerField()
    assessment = models.JSONField(default=dict)
    approved_on = models.JSONField(default=dict)
    residents = models.IntegerField(default=0, help_text="people living there when it was proposed")
    proposed_at = models.DateTimeField()
    proposed_by_id = models.BigIntegerField()
    proposed_by = models.CharField(max_length=80)
    approved_at = models.DateTimeField(null=True)
    approved_by_id = models.BigIntegerField(null=True)
    approved_by = models.CharField(max_length=80, blank=True)
    dropped_at = models.DateTimeField(null=True)
    dropped_by = models.CharField(max_length=80, blank=True)
    dropped_because = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "areas_area_proposal"
        constraints = [
            models.UniqueConstraint(
                fields=["place"], condition=Q(approved_at=None, dropped_at=None), name="areas_proposal_waits_once"
            ),
            models.CheckConstraint(
                condition=Q(approved_by_id=None) | ~Q(approved_by_id=F("proposed_by_id")),
                name="areas_proposal_two_people",
            ),
        ]
        indexes = [models.Index(fields=["place", "-proposed_at"])]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class AreaLevel(Scoped):
    """One level of one place with everything in it, from ``starts_at`` to ``ended_at``; null is not yet.

    ``recorded_at`` and ``end_recorded_at`` are when beginning and end became known here. A level that restricts anybody
    has a ``review_at``: where nobody prolongs it, it ends then. Never deleted: a correction ends it as withdrawn.
    """

    place = models.ForeignKey(Place, models.PROTECT, related_name="area_levels")
    level = models.CharField(max_length=60)
    pack = models.CharField(max_length=60)
    pack_version = models.IntegerField()
    is_restrictive = models.BooleanField()
    starts_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    review_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_recorded_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=10, choices=EndedBecause.choices, blank=True)
    told_at = models.DateTimeField(null=True, help_text="when others were told that it began")
    opened_by = models.ForeignKey(AreaProposal, models.PROTECT, related_name="+")
    closed_by = models.ForeignKey(AreaProposal, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "areas_area_level"
        constraints = [
            models.UniqueConstraint(fields=["place"], condition=Q(ended_at=None), name="areas_level_open_once"),
            models.CheckConstraint(
                condition=Q(is_restrictive=False) | Q(review_at__isnull=False), name="areas_level_has_an_end"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("starts_at"), end_recorded_at__isnull=False),
                name="areas_level_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(fields=["place", "-starts_at"]),
            models.Index(fields=["county_id", "ended_at"]),
        ]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Finding(Scoped):
    """What investigators found out about a place and nobody can reckon: an infected person stayed there, spread is
    likely, an index was measured. ``fact`` is a declared fact of an area; ``case_id`` whose stay it was."""

    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    fact = models.CharField(max_length=60)
    case_id = models.BigIntegerField(null=True)
    number = models.FloatField(null=True, help_text="its value; 1 and 0 for yes and no")
    happened_at = models.DateTimeField()
    source = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=80)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=80, blank=True)
    withdrawn_because = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "areas_finding"
        indexes = [models.Index(fields=["place", "fact", "-happened_at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(case_id__isnull=False) | Q(number__isnull=False), name="areas_finding_says_something"
            )
        ]
