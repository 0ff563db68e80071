"""Teams, kits, tubes, the swabs in them, and their way to the laboratory."""

from __future__ import annotations

from typing import ClassVar

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from lianfang.domains.lab_testing.models.rounds import Round
from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Team(models.Model):
    """A sampling team (采样组) in one round, with the places of its zone in the order of its route."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="teams")
    name = models.CharField(max_length=40)
    members = models.CharField(max_length=200, blank=True)
    route = ArrayField(models.BigIntegerField(), default=list, help_text="ids of units or buildings, in walking order")

    class Meta:
        db_table = "lab_testing_team"
        constraints = [models.UniqueConstraint(fields=["round", "name"], name="lab_testing_team_once")]


class KitState(models.TextChoices):
    PACKED = "packed"
    SIGNED_OUT = "signed_out"
    RETURNED = "returned"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Kit(models.Model):
    """A sampling kit (采样包): tubes with labels, packed the evening before, signed out and back with counts.

    After the return, used + unused + lost = number of codes (a constraint of the database).
    """

    round = models.ForeignKey(Round, models.CASCADE, related_name="kits")
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="kits")
    name = models.CharField(max_length=40)
    capacity = models.SmallIntegerField()
    is_household = models.BooleanField(default=False)
    codes = ArrayField(models.CharField(max_length=30))
    code_count = models.IntegerField()
    state = models.CharField(max_length=12, choices=KitState.choices, default=KitState.PACKED)
    packed_by = models.CharField(max_length=80)
    packed_at = models.DateTimeField()
    signed_out_to = models.CharField(max_length=80, blank=True)
    signed_out_by = models.CharField(max_length=80, blank=True)
    signed_out_at = models.DateTimeField(null=True)
    returned_by = models.CharField(max_length=80, blank=True)
    returned_at = models.DateTimeField(null=True)
    used_count = models.IntegerField(null=True)
    unused_count = models.IntegerField(null=True)
    lost_count = models.IntegerField(null=True)
    return_note = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "lab_testing_kit"
        constraints = [
            models.UniqueConstraint(fields=["round", "name"], name="lab_testing_kit_once"),
            models.CheckConstraint(
                name="lab_testing_kit_adds_up",
                condition=models.Q(returned_at=None)
                | models.Q(code_count=models.F("used_count") + models.F("unused_count") + models.F("lost_count")),
            ),
        ]
        indexes = [GinIndex(fields=["codes"], name="lab_testing_kit_codes")]


class HandOver(Scoped):
    """Sealed tubes given from one person to another: how many, in which box, both names, when (dossier §2,
    transport)."""

    round = models.ForeignKey(Round, models.PROTECT, null=True, related_name="hand_overs")
    at = models.DateTimeField()
    given_by = models.CharField(max_length=80)
    taken_by = models.CharField(max_length=80)
    box_code = models.CharField(max_length=30, blank=True)
    laboratory = models.CharField(max_length=80, blank=True)
    tube_count = models.IntegerField()
    swab_count = models.IntegerField()

    class Meta:
        db_table = "lab_testing_hand_over"
        indexes = [models.Index(fields=["round", "-at"])]


class TubeState(models.TextChoices):
    OPEN = "open"
    SEALED = "sealed"
    HANDED_OVER = "handed_over"
    RECEIVED = "received"
    RESULTED = "resulted"
    VOID = "void"


# One trigger call per statement, because loads write hundreds of thousands of rows; and no condition: comparing old
# rows with new ones is a join that a session plans once, for one row, and then runs for a hundred thousand.
@pghistory.track(
    pghistory.InsertEvent(), pghistory.UpdateEvent(condition=None), pghistory.DeleteEvent(), level=pgtrigger.Statement
)
class Tube(Scoped):
    """A barcoded tube. ``capacity`` 1, 5, 10 or 20; ``is_household`` for 一户一管, which takes a whole household.

    A tube with results keeps its own state; contradictions between laboratories show in ``conclusion``.
    """

    round = models.ForeignKey(Round, models.PROTECT, null=True, related_name="tubes", db_index=False)
    kit = models.ForeignKey(Kit, models.PROTECT, null=True, related_name="tubes", db_index=False)
    code = models.CharField(max_length=30)
    capacity = models.SmallIntegerField()
    is_household = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=TubeState.choices, default=TubeState.OPEN)
    team = models.ForeignKey(Team, models.PROTECT, null=True, db_index=False)
    box_code = models.CharField(max_length=30, blank=True)
    retest_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="retests", db_index=False)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=80)
    sealed_at = models.DateTimeField(null=True)
    sealed_by = models.CharField(max_length=80, blank=True)
    counted = models.SmallIntegerField(null=True, help_text="swabs counted at sealing")
    hand_over = models.ForeignKey(HandOver, models.PROTECT, null=True, related_name="tubes", db_index=False)
    handed_over_at = models.DateTimeField(null=True)
    handed_over_by = models.CharField(max_length=80, blank=True)
    courier = models.CharField(max_length=80, blank=True)
    received_at = models.DateTimeField(null=True)
    received_by = models.CharField(max_length=80, blank=True)
    laboratory = models.CharField(max_length=80, blank=True)
    voided_at = models.DateTimeField(null=True)
    voided_by = models.CharField(max_length=80, blank=True)
    void_reason = models.CharField(max_length=200, blank=True)
    conclusion = models.CharField(
        max_length=14,
        blank=True,
        help_text="negative, positive, indeterminate, invalid, contradicting; empty: none yet",
    )
    concluded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "lab_testing_tube"
        constraints = [models.UniqueConstraint(fields=["township_id", "code"], name="lab_testing_tube_once")]
        # A tube is written again at each step of its way, and each index with it: none holds what most tubes lack.
        indexes = [
            *(
                models.Index(
                    fields=[name], name=f"lab_testing_tube_{name}", condition=models.Q((f"{name}__isnull", False))
                )
                for name in ("kit", "team", "retest_of", "hand_over")
            ),
            # One for the list, its filter by state, and the counts by state.
            models.Index(fields=["round", "-opened_at", "-id"], include=["state"], name="lab_testing_tube_of_round"),
            models.Index(fields=["round", "opened_at"], name="lab_testing_tube_on_its_way",
                         condition=models.Q(state__in=["open", "sealed", "handed_over", "received"])),
            models.Index(fields=["township_id", "sealed_at", "id"], name="lab_testing_tube_waits",
                         condition=models.Q(state__in=["sealed", "handed_over", "received"], conclusion="")),
            models.Index(fields=["conclusion", "-concluded_at"], name="lab_testing_tube_alarm",
                         condition=models.Q(conclusion__in=["positive", "indeterminate", "contradicting"])),
        ]  # fmt: skip


class SampleWarning(models.TextChoices):
    """What was unusual about a swab and accepted all the same; the words of the engine where it has one."""

    TWICE_SAMPLED = "twice_sampled"
    OVER_FULL = "over_full"
    MIXED_HOUSEHOLDS = "mixed_households"
    WRONG_BUILDING = "wrong_building"
    NOT_ON_ROSTER = "not_on_roster"
    FUTURE_CLOCK = "future_clock"
    OUTSIDE_HOURS = "outside_hours"
    TIME_UNKNOWN = "time_unknown"
    DAY_ONLY = "day_only"
    LATE_UPLOAD = "late_upload"
    AFTER_SEALING = "after_sealing"
    CLOCK_DOUBTFUL = "clock_doubtful"
    EXEMPT_BUT_SAMPLED = "exempt_but_sampled"
    AWAY_BUT_SAMPLED = "away_but_sampled"


@pghistory.track(
    pghistory.InsertEvent(), pghistory.UpdateEvent(condition=None), pghistory.DeleteEvent(), level=pgtrigger.Statement
)
class Sample(Scoped):
    """One person's swab in one tube. Scope is the person's home; ``tube_community_id`` is where the tube was filled.

    ``person_id`` is null for somebody who is on no roster; ``name`` then is what was written. ``sampled_at`` is
    what the clock at the desk said, however wrong, ``received_at`` when the server heard of it.
    """

    tube = models.ForeignKey(Tube, models.PROTECT, related_name="samples")
    round_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    household_id = models.BigIntegerField(null=True)
    tube_community_id = models.BigIntegerField()
    name = models.CharField(max_length=80)
    id_sealed = models.BinaryField(null=True)
    id_index = models.BinaryField(null=True)
    phone_sealed = models.BinaryField(null=True)
    position = models.SmallIntegerField(null=True)
    sampled_at = models.DateTimeField()
    received_at = models.DateTimeField()
    sampler = models.CharField(max_length=80, blank=True)
    recorded_by = models.CharField(max_length=80, blank=True)
    client_id = models.UUIDField(null=True, unique=True)
    is_void = models.BooleanField(default=False)
    void_reason = models.CharField(max_length=200, blank=True)
    voided_at = models.DateTimeField(null=True)
    voided_by = models.CharField(max_length=80, blank=True)
    moved_from_id = models.BigIntegerField(
        null=True, help_text="the sample that this one replaces, after a tube transfer"
    )
    warnings = ArrayField(
        models.CharField(max_length=30), default=list, help_text="what was unusual and accepted: SampleWarning"
    )

    scope_columns: ClassVar[ScopeColumns] = {
        **Scoped.scope_columns,
        Level.COMMUNITY: ("community_id", "tube_community_id"),
        Level.HOUSEHOLD: "household_id",
    }

    class Meta:
        db_table = "lab_testing_sample"
        constraints = [
            models.UniqueConstraint(fields=["tube", "person_id"], name="lab_testing_sample_once",
                                    condition=models.Q(is_void=False) & models.Q(person_id__isnull=False)),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["person_id", "-sampled_at"]),
            models.Index(fields=["round_id", "community_id"]),
            models.Index(fields=["community_id", "-sampled_at"]),
            models.Index(fields=["household_id"]),
            models.Index(fields=["round_id"], name="lab_testing_sample_unrostered",
                         condition=models.Q(warnings__contains=["not_on_roster"])),
        ]  # fmt: skip
