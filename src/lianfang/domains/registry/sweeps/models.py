"""A sweep, its teams, what was found behind each door, and what of it contradicts the roster."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


class SweepState(models.TextChoices):
    OPEN = "open"
    CLOSED = "closed"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Sweep(models.Model):
    """One door-to-door campaign. Not scoped, like a round: everybody is told of it. ``unit_ids`` are its stairwells,
    and buildings without any, in walking order; ``community_id`` is null for one of several communities."""

    county_id = models.BigIntegerField()
    township_id = models.BigIntegerField()
    community_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=80)
    unit_ids = ArrayField(models.BigIntegerField())
    due_on = models.DateField(null=True)
    state = models.CharField(max_length=8, choices=SweepState.choices, default=SweepState.OPEN)
    made_by = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    closed_by = models.CharField(max_length=80, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "registry_sweep"
        indexes = [models.Index(fields=["township_id", "-made_at"])]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class SweepTeam(models.Model):
    """Who goes from door to door, and the stairwells that are theirs, in walking order. No stairwell has two teams."""

    sweep = models.ForeignKey(Sweep, models.CASCADE, related_name="teams")
    number = models.SmallIntegerField()
    name = models.CharField(max_length=40)
    members = models.CharField(max_length=200, blank=True)
    unit_ids = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        db_table = "registry_sweep_team"
        constraints = [models.UniqueConstraint(fields=["sweep", "number"], name="registry_sweep_team_once")]


class DoorOutcome(models.TextChoices):
    MET = "met"
    NOT_HOME = "not_home"
    REFUSED = "refused"
    EMPTY = "empty"


class DoorVisit(Scoped):
    """One knock at one door: what came of it, as it was told; never changed, a later visit says what is so since.

    ``living_ids`` are people of the roster who were said to live there, ``gone_ids`` those who were said not to;
    ``counted`` is how many live there in all. ``client_id`` is the id under which a device told of it.
    """

    sweep = models.ForeignKey(Sweep, models.PROTECT, related_name="visits", db_index=False)
    unit_id = models.BigIntegerField()
    household_id = models.BigIntegerField()
    room = models.CharField(max_length=40, blank=True)
    outcome = models.CharField(max_length=8, choices=DoorOutcome.choices)
    counted = models.SmallIntegerField(null=True)
    living_ids = ArrayField(models.BigIntegerField(), default=list)
    gone_ids = ArrayField(models.BigIntegerField(), default=list)
    needs = ArrayField(models.CharField(max_length=20), default=list)
    note = models.CharField(max_length=400, blank=True)
    visited_at = models.DateTimeField()
    received_at = models.DateTimeField()
    visited_by = models.CharField(max_length=80)
    device_id = models.UUIDField(null=True)
    clock_is_doubtful = models.BooleanField(default=False)
    client_id = models.UUIDField(null=True, unique=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "registry_door_visit"
        indexes = [
            models.Index(fields=["sweep", "unit_id"]),
            models.Index(fields=["sweep", "household_id", "-visited_at", "-id"]),
        ]


class DifferenceKind(models.TextChoices):
    NOT_LIVING = "not_living"
    UNREGISTERED = "unregistered"
    ADDED = "added"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class SweepDifference(Scoped):
    """What a visit found that the roster does not say, until somebody settles it.

    ``not_living``: ``person_id`` is on the roster and does not live there; ``unregistered``: ``people`` more live there
    than are registered; ``added``: ``person_id`` was added at the door. A later visit takes the place of an
    earlier one's.
    """

    sweep = models.ForeignKey(Sweep, models.CASCADE, related_name="differences", db_index=False)
    household_id = models.BigIntegerField()
    unit_id = models.BigIntegerField()
    kind = models.CharField(max_length=14, choices=DifferenceKind.choices)
    person_id = models.BigIntegerField(null=True)
    people = models.SmallIntegerField(default=1)
    found_at = models.DateTimeField()
    found_by = models.CharField(max_length=80)
    settled_how = models.CharField(
        max_length=12, blank=True, help_text="moved_out, away, stays, registered, confirmed …"
    )
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=80, blank=True)
    settled_note = models.CharField(max_length=200, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "registry_sweep_difference"
        constraints = [
            models.UniqueConstraint(
                fields=["sweep", "household_id", "kind", "person_id"], name="registry_sweep_difference_once",
                condition=Q(settled_at=None), nulls_distinct=False,
            )
        ]  # fmt: skip
        indexes = [models.Index(fields=["sweep", "household_id"])]


class AddedAtDoor(Scoped):
    """Which person a device's record made or meant: the same record again is the same person, and what the device
    records of that person afterwards names the record."""

    client_id = models.UUIDField(unique=True)
    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=80)

    class Meta:
        db_table = "registry_added_at_door"
        indexes = [models.Index(fields=["person_id"])]
