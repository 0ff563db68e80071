"""Results, loads of laboratory files, and the holds that follow from positive tubes."""

from __future__ import annotations

from typing import ClassVar

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from lianfang.domains.lab_testing.models.tubes import Sample, Tube
from lianfang.foundation.access.roles import Level
from lianfang.foundation.access.scoped import ScopeColumns, Scoped


class Outcome(models.TextChoices):
    NEGATIVE = "negative"
    POSITIVE = "positive"
    INDETERMINATE = "indeterminate"
    INVALID = "invalid"


class ResultState(models.TextChoices):
    """What became of a result: none is ever dropped. Only ``counted`` ones decide about a tube. That laboratories
    contradict each other stands in the tube's ``conclusion``, that a result came late in ``is_late``."""

    COUNTED = "counted"
    REPEATED = "repeated"
    ORPHAN = "orphan"
    ELSEWHERE = "elsewhere"
    TUBE_VOID = "tube_void"
    BEFORE_SAMPLE = "before_sample"
    WHICH_SAMPLE = "which_sample"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    UNREADABLE = "unreadable"
    EMPTY = "empty"


# The history of a result is the row as it was before each change: loads write hundreds of thousands of them once.
@pghistory.track(
    pghistory.UpdateEvent(row=pghistory.Old, condition=None), pghistory.DeleteEvent(), level=pgtrigger.Statement
)
class Result(Scoped):
    """One laboratory's word on a tube at one time; kept whatever became of it. ``outcome`` is empty only where the
    cell was empty or could not be understood (``state`` empty or unreadable): that is never negative.

    A laboratory that reports by person and names no tube fills ``person_id``, or ``name`` where nobody was found;
    ``tube`` then is the swab it must mean, and ``state`` which_sample where nothing tells.
    """

    tube = models.ForeignKey(Tube, models.PROTECT, null=True, related_name="results", db_index=False)
    tube_code = models.CharField(max_length=40, blank=True)
    person_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=80, blank=True, help_text="only where the row names no tube; as it was written")
    outcome = models.CharField(max_length=14, blank=True, choices=Outcome.choices)
    given = models.CharField(max_length=80, blank=True, help_text="as the laboratory wrote it")
    state = models.CharField(max_length=14, choices=ResultState.choices)
    is_late = models.BooleanField(default=False)
    is_told = models.BooleanField(default=True, help_text="false where a row by person may mean several swabs")
    ct_value_orf = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    ct_value_n = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    laboratory = models.CharField(max_length=80, blank=True)
    sampled_at = models.DateTimeField(null=True, help_text="when the swab was taken, according to the laboratory")
    tested_at = models.DateTimeField(null=True)
    tested_at_has_time = models.BooleanField(default=True)
    reported_at = models.DateTimeField(null=True)
    reported_at_has_time = models.BooleanField(default=True)
    received_at = models.DateTimeField(help_text="when it became known here")
    load_id = models.BigIntegerField(null=True)
    entered_by = models.CharField(max_length=80, blank=True)
    source = models.CharField(max_length=300, blank=True, help_text="file, sheet, row; or who typed it")
    superseded_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="supersedes", db_index=False)
    correction_reason = models.CharField(max_length=200, blank=True, help_text="of the result that corrects another")
    withdrawn_at = models.DateTimeField(null=True, help_text="taken back without another in its place")
    who_key = models.BinaryField(help_text="keyed digest of whom the row names; empty where nobody")
    content_key = models.BinaryField(
        help_text="of laboratory, tube or person, outcome and times: the same row loaded twice is one result"
    )

    class Meta:
        db_table = "lab_testing_result"
        constraints = [models.UniqueConstraint(fields=["township_id", "content_key"], name="lab_testing_result_once")]
        indexes = [
            models.Index(fields=["tube", "received_at"]),
            models.Index(fields=["township_id", "state", "-received_at"]),
            models.Index(fields=["community_id", "state", "-received_at"]),
            models.Index(fields=["township_id", "tube_code"], name="lab_testing_result_orphan",
                         condition=models.Q(state="orphan")),
            models.Index(fields=["person_id"], name="lab_testing_result_by_person", condition=models.Q(tube_code="")),
            models.Index(fields=["superseded_by"], name="lab_testing_result_superseded",
                         condition=models.Q(superseded_by__isnull=False)),
        ]  # fmt: skip


class LoadState(models.TextChoices):
    WAITING = "waiting"
    READING = "reading"
    REVIEW = "review"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"
    DISCARDED = "discarded"


class LoadKind(models.TextChoices):
    RESULTS = "results"
    SAMPLES = "samples"
    EXEMPT = "exempt"


class ResultLoad(Scoped):
    """Files on their way in: read, previewed, applied in one transaction. Counts, never people.

    ``level`` and ``scope_ids`` are the places of whoever loads: what lies outside of them is not touched. ``summary``
    has "rows", "fates" (what becomes of how many rows), "files" and, once applied, "people", "tubes", "holds".
    ``decisions`` are the lines of a mapping file that the clerk added for these files.
    """

    kind = models.CharField(max_length=10, choices=LoadKind.choices, default=LoadKind.RESULTS)
    round_id = models.BigIntegerField()
    level = models.CharField(max_length=10)
    scope_ids = ArrayField(models.BigIntegerField(), default=list)
    files = models.JSONField(default=list, help_text="name, size, digest, stored_as, understood")
    decisions = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=LoadState.choices, default=LoadState.WAITING)
    stage = models.CharField(max_length=40, blank=True)
    progress = models.SmallIntegerField(default=0)
    summary = models.JSONField(default=dict)
    failure = models.JSONField(null=True)
    made_by = models.CharField(max_length=80)
    made_by_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()
    as_of = models.DateTimeField(null=True, help_text="a replay of a past night counts as received then; null: now")
    tries = models.SmallIntegerField(default=0, help_text="how often applying was begun; a worker may die")
    applied_at = models.DateTimeField(null=True)
    applied_by = models.CharField(max_length=80, blank=True)
    applied_by_id = models.BigIntegerField(null=True)
    heartbeat_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "lab_testing_load"
        indexes = [models.Index(fields=["township_id", "-made_at"]), models.Index(fields=["community_id", "-made_at"])]


class LoadRow(Scoped):
    """One row of a load, understood and not yet applied; removed when the load is applied or given up.

    ``fate`` is what becomes of it, as the trial of applying found. Numbers are sealed.
    """

    load = models.ForeignKey(ResultLoad, models.CASCADE, related_name="rows", db_index=False)
    number = models.IntegerField()
    source = models.CharField(max_length=300, help_text="file, sheet and row")
    fate = models.CharField(max_length=20, blank=True)
    tube_code = models.CharField(max_length=40, blank=True)
    tube_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=80, blank=True)
    who_key = models.BinaryField()
    content_key = models.BinaryField()
    id_sealed = models.BinaryField(null=True)
    id_index = models.BinaryField(null=True)
    phone_sealed = models.BinaryField(null=True)
    outcome = models.CharField(max_length=14, blank=True)
    given = models.CharField(max_length=80, blank=True)
    laboratory = models.CharField(max_length=80, blank=True)
    sampled_at = models.DateTimeField(null=True)
    sampled_at_has_time = models.BooleanField(default=True)
    tested_at = models.DateTimeField(null=True)
    tested_at_has_time = models.BooleanField(default=True)
    reported_at = models.DateTimeField(null=True)
    reported_at_has_time = models.BooleanField(default=True)
    ct_value_orf = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    ct_value_n = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    is_void = models.BooleanField(default=False)
    box_code = models.CharField(max_length=30, blank=True)
    capacity = models.SmallIntegerField(null=True)
    test_kind = models.CharField(max_length=10, blank=True)
    position = models.SmallIntegerField(null=True)
    sampler = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    claim = models.CharField(max_length=8, blank=True)

    class Meta:
        db_table = "lab_testing_load_row"
        indexes = [models.Index(fields=["load", "fate", "number"])]


class ReadingDecision(Scoped):
    """What a column or a code of a laboratory's files means here, kept for the next file (a line of a mapping file)."""

    kind = models.CharField(max_length=6)
    label = models.CharField(max_length=120)
    target = models.CharField(max_length=80)
    means = models.CharField(max_length=40, blank=True)
    decided_by = models.CharField(max_length=80)
    decided_on = models.DateField()

    class Meta:
        db_table = "lab_testing_reading_decision"
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "kind", "label", "target"], name="lab_testing_reading_decision_once"
            )
        ]


class HoldState(models.TextChoices):
    HELD = "held"
    RELEASED = "released"
    CASE = "case"
    EXPIRED = "expired"


@pghistory.track(
    pghistory.InsertEvent(), pghistory.UpdateEvent(condition=None), pghistory.DeleteEvent(), level=pgtrigger.Statement
)
class Hold(Scoped):
    """One person of a positive or contradicting tube, held until a single re-test: reason, evidence, end, and a way to
    object. A positive single tube makes a row too, at once in the state case: nobody is told of twice.

    ``person_id`` is null for somebody on no roster: ``sample`` has the name. ``is_by_hand``: somebody decided, and
    facts that come later do not undo it.
    """

    person_id = models.BigIntegerField(null=True)
    household_id = models.BigIntegerField(null=True)
    tube = models.ForeignKey(Tube, models.PROTECT, related_name="holds")
    result = models.ForeignKey(Result, models.PROTECT, null=True)
    sample = models.ForeignKey(Sample, models.PROTECT)
    state = models.CharField(max_length=8, choices=HoldState.choices, default=HoldState.HELD)
    reason = models.CharField(max_length=40, help_text="positive_pool, contradicting, positive_single")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="a hold has an end even where nobody re-tests")
    hours_are_verified = models.BooleanField(default=False, help_text="false: no published limit stands behind the end")
    retest_tube = models.ForeignKey(Tube, models.PROTECT, null=True, related_name="+")
    is_by_hand = models.BooleanField(default=False)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=80, blank=True)
    settled_because = models.CharField(max_length=200, blank=True, help_text="a code of lab_results.settled, or words")

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "lab_testing_hold"
        constraints = [
            models.UniqueConstraint(fields=["person_id", "tube"], name="lab_testing_hold_once"),
            models.UniqueConstraint(fields=["sample"], name="lab_testing_hold_once_a_swab"),
        ]
        indexes = [
            models.Index(fields=["township_id", "state", "starts_at"]),
            models.Index(fields=["community_id", "state", "starts_at"]),
            models.Index(fields=["person_id", "state"]),
        ]
