"""Checkpoints and what they ask, the codes that hang at places, and who was there."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q

from lianfang.domains.registry.models import Place
from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


class GateKind(models.TextChoices):
    COMPOUND = "compound"
    COUNTY = "county"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Gate(models.Model):
    """A checkpoint and what it asks. It hangs there for everybody to read, so it is no scoped row.

    ``negative_hours`` null: as the pack in force says; 0: nothing is asked. ``basis`` and ``grade`` are where this
    gate's own settings come from: C and D are shown as unverified. ``opens`` and ``closes`` null: day and night.
    """

    place = models.ForeignKey(Place, models.PROTECT, related_name="gates")
    kind = models.CharField(max_length=10, choices=GateKind.choices, default=GateKind.COMPOUND)
    name = models.CharField(max_length=60)
    county_id = models.BigIntegerField()
    township_id = models.BigIntegerField()
    community_id = models.BigIntegerField()
    checks_in = models.BooleanField(default=True)
    checks_out = models.BooleanField(default=True)
    opens = models.TimeField(null=True)
    closes = models.TimeField(null=True)
    negative_hours = models.SmallIntegerField(null=True)
    asks_temperature = models.BooleanField(default=True)
    fever_from = models.DecimalField(max_digits=3, decimal_places=1, default="37.3")
    asks_plate = models.BooleanField(default=False)
    asks_destination = models.BooleanField(default=False)
    asks_travel = models.BooleanField(default=False)
    vaccine_doses = models.SmallIntegerField(default=0, help_text="0: nobody is asked")
    basis = models.CharField(max_length=200, blank=True)
    grade = models.CharField(max_length=1, default="D")
    note = models.CharField(max_length=400, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "gates_gate"
        constraints = [
            models.UniqueConstraint(fields=["place", "name"], condition=Q(closed_at=None), name="gates_gate_once"),
            models.CheckConstraint(condition=Q(checks_in=True) | Q(checks_out=True), name="gates_gate_has_a_direction"),
            models.CheckConstraint(condition=Q(grade__in=("A", "B", "C", "D")), name="gates_gate_grade"),
        ]
        indexes = [models.Index(fields=["county_id", "township_id", "community_id"])]


class PlaceCode(Scoped):
    """The secret behind a code that hangs or is shown at a place and changes every half minute. ``code`` is its public
    part. Scoped like its place; a new one ends the one before."""

    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    gate = models.ForeignKey(Gate, models.PROTECT, null=True, related_name="place_codes")
    code = models.CharField(max_length=16, unique=True)
    secret_sealed = models.BinaryField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, blank=True)

    class Meta:
        db_table = "gates_place_code"
        constraints = [
            models.UniqueConstraint(
                fields=["place", "gate"], condition=Q(ended_at=None), name="gates_place_code_once", nulls_distinct=False
            )
        ]


class Presence(models.TextChoices):
    """``verified``: the code was fresh at that place. ``seen``: it may be a forwarded picture, which proves nothing."""

    VERIFIED = "verified"
    SEEN = "seen"


class PlaceEntry(Scoped):
    """Somebody was at a place, or at least saw its code. Append-only; ``item`` is the device's own number."""

    item = models.UUIDField(unique=True)
    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    place_code = models.ForeignKey(PlaceCode, models.PROTECT, related_name="+")
    household_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    pseudonym = models.CharField(max_length=32, blank=True)
    presence = models.CharField(max_length=8, choices=Presence.choices)
    because = models.CharField(max_length=40, blank=True, help_text="why it is only seen")
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    clock_is_doubtful = models.BooleanField(default=False)
    device_id = models.UUIDField(null=True)
    device_name = models.CharField(max_length=80, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "gates_place_entry"
        indexes = [
            models.Index(fields=["place", "-happened_at"]),
            models.Index(fields=["community_id", "-happened_at"]),
            models.Index(fields=["person_id", "-happened_at"]),
        ]
