"""Rounds, tubes, samples and results. Facts are kept as they came: corrected by further rows, never overwritten."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models

from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped



class RoundState(models.TextChoices):
    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Round(models.Model):
    """One mass-testing round (轮次): who, where, when, how. Not scoped: a round is announced to everybody.

    ``community_id`` is null for a round of a whole township.
    """

    county_id = models.BigIntegerField()
    township_id = models.BigIntegerField()
    community_id = models.BigIntegerField(null=True)

    name = models.CharField(max_length=80)
    number = models.IntegerField()
    place_ids = ArrayField(models.BigIntegerField(), help_text="everyone inside these places")
    groups = ArrayField(models.CharField(max_length=40), default=list, help_text="key_person_kind or class_kind; empty: everyone")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_must_test = models.BooleanField(default=True)
    is_drill = models.BooleanField(default=False)
    pool_size = models.SmallIntegerField(default=10)
    result_due_hours = models.SmallIntegerField(default=24)
    state = models.CharField(max_length=10, choices=RoundState.choices, default=RoundState.PLANNED)
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    made_by = models.CharField(max_length=80)

    class Meta:
        db_table = "lab_testing_round"
        indexes = [models.Index(fields=["township_id", "-starts_at"]), models.Index(fields=["community_id", "-starts_at"])]


class Coverage(models.TextChoices):
    """Where a person stands in a round; the words of the reconciliation."""

    MISSING = "missing"
    SAMPLED = "sampled"
    EXEMPT = "exempt"
    AWAY = "away"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class RoundPerson(Scoped):
    """One person expected in one round. expected = exempt + away + sampled + missing, always (glossary, Reconciliation)."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="people")
    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    unit_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=8, choices=Coverage.choices, default=Coverage.MISSING)
    reason = models.CharField(max_length=200, blank=True, help_text="of an exemption or absence, or why still missing")
    evidence = models.CharField(max_length=200, blank=True)
    recorded_by = models.CharField(max_length=80, blank=True)
    recorded_at = models.DateTimeField(null=True)
    is_added_at_door = models.BooleanField(default=False)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "lab_testing_round_person"
        constraints = [models.UniqueConstraint(fields=["round", "person_id"], name="lab_testing_round_person_once")]
        indexes = [
            models.Index(fields=["round", "building_id", "state"]),
            models.Index(fields=["round", "community_id", "state"]),
            models.Index(fields=["person_id", "-round"]),
            models.Index(fields=["household_id"]),
        ]


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
    """A sampling kit (采样包): labels first … last, packed the evening before, signed out and back with counts."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="kits")
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="kits")
    name = models.CharField(max_length=40)
    capacity = models.SmallIntegerField()
    codes = ArrayField(models.CharField(max_length=30))
    state = models.CharField(max_length=12, choices=KitState.choices, default=KitState.PACKED)
    packed_by = models.CharField(max_length=80)
    signed_out_to = models.CharField(max_length=80, blank=True)
    signed_out_at = models.DateTimeField(null=True)
    returned_by = models.CharField(max_length=80, blank=True)
    returned_at = models.DateTimeField(null=True)
    unused_count = models.IntegerField(null=True)
    lost_count = models.IntegerField(null=True)

    class Meta:
        db_table = "lab_testing_kit"


class TubeState(models.TextChoices):
    OPEN = "open"
    SEALED = "sealed"
    HANDED_OVER = "handed_over"
    RECEIVED = "received"
    RESULTED = "resulted"
    VOID = "void"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Tube(Scoped):
    """A barcoded tube. ``capacity`` 1, 5, 10 or 20; ``is_household`` for 一户一管, which takes a whole household.

    A tube with results keeps its own state; contradictions between laboratories show in ``conclusion``.
    """

    round = models.ForeignKey(Round, models.PROTECT, null=True, related_name="tubes")
    code = models.CharField(max_length=30)
    capacity = models.SmallIntegerField()
    is_household = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=TubeState.choices, default=TubeState.OPEN)
    team = models.ForeignKey(Team, models.PROTECT, null=True)
    box_code = models.CharField(max_length=30, blank=True)
    retest_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="retests")
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=80)
    sealed_at = models.DateTimeField(null=True)
    sealed_by = models.CharField(max_length=80, blank=True)
    counted = models.SmallIntegerField(null=True, help_text="swabs counted at sealing")
    handed_over_at = models.DateTimeField(null=True)
    handed_over_by = models.CharField(max_length=80, blank=True)
    courier = models.CharField(max_length=80, blank=True)
    received_at = models.DateTimeField(null=True)
    received_by = models.CharField(max_length=80, blank=True)
    laboratory = models.CharField(max_length=80, blank=True)
    voided_at = models.DateTimeField(null=True)
    voided_by = models.CharField(max_length=80, blank=True)
    void_reason = models.CharField(max_length=200, blank=True)
    conclusion = models.CharField(max_length=14, blank=True, help_text="negative, positive, indeterminate, invalid, contradicting; empty: none yet")
    concluded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "lab_testing_tube"
        constraints = [models.UniqueConstraint(fields=["township_id", "code"], name="lab_testing_tube_once")]
        indexes = [
            models.Index(fields=["round", "state"]),
            models.Index(fields=["community_id", "-opened_at"]),
            models.Index(fields=["township_id", "-opened_at"]),
            models.Index(fields=["conclusion", "-concluded_at"], condition=models.Q(conclusion__in=["positive", "indeterminate", "contradicting"]),
                         name="lab_testing_tube_alarm"),
        ]  # fmt: skip


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Sample(Scoped):
    """One person's swab in one tube. Scope is the person's home; ``tube_community_id`` is where the tube was filled.

    ``person_id`` is null for somebody who is on no roster; ``name`` then is what was written.
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
    client_id = models.UUIDField(null=True, unique=True)
    is_void = models.BooleanField(default=False)
    void_reason = models.CharField(max_length=200, blank=True)
    moved_from_id = models.BigIntegerField(null=True, help_text="the sample that this one replaces, after a tube transfer")
    warnings = ArrayField(models.CharField(max_length=30), default=list, help_text="what was unusual and accepted: twice_in_round, over_capacity …")

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
        ]


class Outcome(models.TextChoices):
    NEGATIVE = "negative"
    POSITIVE = "positive"
    INDETERMINATE = "indeterminate"
    INVALID = "invalid"


class ResultState(models.TextChoices):
    """What became of a result: none is ever dropped."""

    COUNTED = "counted"
    REPEATED = "repeated"
    CONTRADICTING = "contradicting"
    LATE = "late"
    ORPHAN = "orphan"
    TUBE_VOID = "tube_void"
    SUPERSEDED = "superseded"
    UNREADABLE = "unreadable"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Result(Scoped):
    """One laboratory's word on a tube at one time; kept whatever became of it. ``outcome`` is empty only where the
    cell was empty or could not be understood (``state`` unreadable): that is never negative."""

    tube = models.ForeignKey(Tube, models.PROTECT, null=True, related_name="results")
    tube_code = models.CharField(max_length=40)
    outcome = models.CharField(max_length=14, blank=True, choices=Outcome.choices)
    given = models.CharField(max_length=80, blank=True, help_text="as the laboratory wrote it")
    state = models.CharField(max_length=14, choices=ResultState.choices)
    is_late = models.BooleanField(default=False)
    ct_value_orf = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    ct_value_n = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    laboratory = models.CharField(max_length=80, blank=True)
    tested_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    load_id = models.BigIntegerField(null=True)
    source = models.CharField(max_length=300, blank=True, help_text="file, sheet, row; or who typed it")
    superseded_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="supersedes")
    content_key = models.BinaryField(help_text="of laboratory, tube, outcome and time: the same row loaded twice is one result")

    class Meta:
        db_table = "lab_testing_result"
        constraints = [models.UniqueConstraint(fields=["township_id", "content_key"], name="lab_testing_result_once")]
        indexes = [
            models.Index(fields=["tube", "received_at"]),
            models.Index(fields=["township_id", "state", "-received_at"]),
            models.Index(fields=["community_id", "state", "-received_at"]),
        ]


class LoadState(models.TextChoices):
    WAITING = "waiting"
    READING = "reading"
    REVIEW = "review"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"


class ResultLoad(Scoped):
    """One laboratory file, or several, on their way in: understood, previewed, applied. Counts, never people."""

    kind = models.CharField(max_length=10, default="results", help_text="results, samples")
    round_id = models.BigIntegerField(null=True)
    files = models.JSONField(default=list, help_text="name, size, digest, stored_as, understood")
    state = models.CharField(max_length=10, choices=LoadState.choices, default=LoadState.WAITING)
    stage = models.CharField(max_length=40, blank=True)
    progress = models.SmallIntegerField(default=0)
    summary = models.JSONField(default=dict)
    failure = models.JSONField(null=True)
    made_by = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "lab_testing_load"
        indexes = [models.Index(fields=["township_id", "-made_at"]), models.Index(fields=["community_id", "-made_at"])]


class HoldState(models.TextChoices):
    HELD = "held"
    RELEASED = "released"
    CASE = "case"
    EXPIRED = "expired"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Hold(Scoped):
    """One person of a positive tube, held until a single re-test: reason, evidence, end, and a way to object."""

    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    tube = models.ForeignKey(Tube, models.PROTECT, related_name="holds")
    result = models.ForeignKey(Result, models.PROTECT, null=True)
    sample = models.ForeignKey(Sample, models.PROTECT, null=True)
    state = models.CharField(max_length=8, choices=HoldState.choices, default=HoldState.HELD)
    reason = models.CharField(max_length=40)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="a hold has an end even where nobody re-tests")
    retest_tube = models.ForeignKey(Tube, models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=80, blank=True)
    settled_because = models.CharField(max_length=200, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "lab_testing_hold"
        constraints = [models.UniqueConstraint(fields=["person_id", "tube"], name="lab_testing_hold_once")]
        indexes = [
            models.Index(fields=["township_id", "state", "starts_at"]),
            models.Index(fields=["community_id", "state", "starts_at"]),
            models.Index(fields=["person_id", "state"]),
        ]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class MissingContact(Scoped):
    """One try to reach somebody who was missed: when, how, what came of it."""

    round_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=80)
    way = models.CharField(max_length=10, help_text="phone, door, message")
    outcome = models.CharField(max_length=20, help_text="promised, refused, no_answer, away, exempt, wrong_number")
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "lab_testing_missing_contact"
        indexes = [models.Index(fields=["round_id", "person_id", "-at"])]
