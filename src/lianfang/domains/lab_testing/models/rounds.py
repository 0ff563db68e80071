"""Rounds, who is expected in them, and the tries to reach those who were missed."""

from __future__ import annotations

from typing import ClassVar

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

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

    ``community_id`` is null for a round of more than one community. ``draw`` tells how the places of a drill were drawn
    (from where, kind, count, seed), so that the draw can be repeated and checked.
    """

    county_id = models.BigIntegerField()
    township_id = models.BigIntegerField()
    community_id = models.BigIntegerField(null=True)

    name = models.CharField(max_length=80)
    number = models.IntegerField()
    place_ids = ArrayField(models.BigIntegerField(), help_text="everyone inside these places")
    groups = ArrayField(
        models.CharField(max_length=40), default=list, help_text="key_person_kind or class_kind; empty: everyone"
    )
    exempt_needs = ArrayField(
        models.CharField(max_length=20),
        default=list,
        help_text="special needs that exempt in this round, such as infant",
    )
    draw = models.JSONField(null=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_must_test = models.BooleanField(default=True)
    is_drill = models.BooleanField(default=False)
    pool_size = models.SmallIntegerField(default=10)
    result_due_hours = models.SmallIntegerField(default=24)
    state = models.CharField(max_length=10, choices=RoundState.choices, default=RoundState.PLANNED)
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=200, blank=True, help_text="why it was cancelled")
    made_by = models.CharField(max_length=80)

    class Meta:
        db_table = "lab_testing_round"
        constraints = [
            models.UniqueConstraint(fields=["township_id", "number"], name="lab_testing_round_number"),
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="lab_testing_round_lasts"),
        ]
        indexes = [
            models.Index(fields=["township_id", "-starts_at"]),
            models.Index(fields=["community_id", "-starts_at"]),
        ]


class Coverage(models.TextChoices):
    """Where a person stands in a round; the words of the reconciliation."""

    MISSING = "missing"
    SAMPLED = "sampled"
    EXEMPT = "exempt"
    AWAY = "away"


CLAIMS = (Coverage.EXEMPT, Coverage.AWAY)


class ContactWay(models.TextChoices):
    PHONE = "phone"
    DOOR = "door"
    MESSAGE = "message"


class ContactOutcome(models.TextChoices):
    PROMISED = "promised"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    AWAY = "away"
    EXEMPT = "exempt"
    WRONG_NUMBER = "wrong_number"


_COUNTED = "expected, exempt, away, sampled, missing"
_KEYS = "county_id, township_id, community_id, building_id, unit_id, round_id"
_SUMS = ", ".join(
    (
        "sum(n)",
        *(
            f"coalesce(sum(n) FILTER (WHERE state = '{state}'), 0)"
            for state in ("exempt", "away", "sampled", "missing")
        ),
    )
)


def _counting(name: str, operation: pgtrigger.Operation, **tables: str) -> pgtrigger.Trigger:
    """A trigger that carries what a statement changed over to RoundCount; its rows are locked in one order
    everywhere."""
    rows = " UNION ALL ".join(
        f"SELECT {_KEYS}, state, {'1' if kind == 'new' else '-1'} AS n FROM {table}" for kind, table in tables.items()
    )
    added = ", ".join(
        f"{column} = lab_testing_round_count.{column} + EXCLUDED.{column}" for column in _COUNTED.split(", ")
    )
    func = f"""
        INSERT INTO lab_testing_round_count ({_KEYS}, {_COUNTED})
        SELECT * FROM (
            SELECT {_KEYS}, {_SUMS} FROM ({rows}) changed GROUP BY {_KEYS}
        ) summed ({_KEYS}, {_COUNTED})
        WHERE expected <> 0 OR exempt <> 0 OR away <> 0 OR sampled <> 0 OR missing <> 0
        ORDER BY round_id, community_id, building_id, unit_id
        ON CONFLICT (round_id, community_id, building_id, unit_id) DO UPDATE SET {added};
        RETURN NULL;
    """
    return pgtrigger.Trigger(
        name=name, level=pgtrigger.Statement, when=pgtrigger.After, operation=operation,
        referencing=pgtrigger.Referencing(**tables), func=func,
    )  # fmt: skip


# Rows are written once, tens of thousands at a time, when the round opens; from then on each change keeps the row as
# it was before. Together with the rows as they are now that is the whole history.
@pghistory.track(
    pghistory.UpdateEvent(row=pghistory.Old, condition=None), pghistory.DeleteEvent(), level=pgtrigger.Statement
)
class RoundPerson(Scoped):
    """One person expected in one round. expected = exempt + away + sampled + missing, always (glossary,
    Reconciliation).

    ``claim`` is what excuses the person, exempt or away, with ``reason`` and ``evidence``; it stays when the person is
    sampled all the same, and holds again when that swab is voided. ``walking_key`` is the order of the doors.
    ``contact_outcome`` is what came of the last try to reach the person; all tries are in MissingContact.
    """

    round = models.ForeignKey(Round, models.CASCADE, related_name="people", db_index=False)
    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    unit_id = models.BigIntegerField(null=True)
    walking_key = models.CharField(max_length=250, blank=True, db_collation="C")
    state = models.CharField(max_length=8, choices=Coverage.choices, default=Coverage.MISSING)
    claim = models.CharField(max_length=8, blank=True, choices=[(claim.value, claim.label) for claim in CLAIMS])
    reason = models.CharField(max_length=200, blank=True, help_text="of the claim, or why still missing")
    evidence = models.CharField(max_length=200, blank=True)
    recorded_by = models.CharField(max_length=80, blank=True)
    recorded_at = models.DateTimeField(null=True)
    is_added_at_door = models.BooleanField(default=False)
    contact_outcome = models.CharField(max_length=20, blank=True, choices=ContactOutcome.choices)
    contacted_at = models.DateTimeField(null=True)
    contacted_by = models.CharField(max_length=80, blank=True)

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "lab_testing_round_person"
        constraints = [
            models.UniqueConstraint(fields=["round", "person_id"], name="lab_testing_round_person_once"),
            models.CheckConstraint(
                name="lab_testing_round_person_state",
                condition=Q(state=Coverage.SAMPLED)
                | Q(claim="", state=Coverage.MISSING)
                | (~Q(claim="") & Q(state=models.F("claim"))),
            ),
        ]
        indexes = [
            models.Index(fields=["round", "community_id", "building_id"]),
            models.Index(fields=["round", "state", "walking_key", "id"]),
            models.Index(
                fields=["round", "walking_key", "id"], name="lab_testing_round_excused", condition=~models.Q(claim="")
            ),
            models.Index(fields=["person_id", "-round"]),
            models.Index(fields=["household_id"]),
        ]
        triggers = [
            _counting("count_inserted", pgtrigger.Insert, new="new_rows"),
            _counting("count_updated", pgtrigger.Update, old="old_rows", new="new_rows"),
            _counting("count_deleted", pgtrigger.Delete, old="old_rows"),
        ]


class RoundCount(Scoped):
    """How many people of a round live in one stairwell, by state: kept by triggers of RoundPerson, so that a page
    that is looked at all night need not count 300,000 rows every five seconds. Nothing else writes here."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="counts", db_index=False)
    unit_id = models.BigIntegerField(null=True)
    expected = models.IntegerField()
    exempt = models.IntegerField()
    away = models.IntegerField()
    sampled = models.IntegerField()
    missing = models.IntegerField()

    class Meta:
        db_table = "lab_testing_round_count"
        constraints = [
            models.UniqueConstraint(
                fields=["round", "community_id", "building_id", "unit_id"], name="lab_testing_round_count_once",
                nulls_distinct=False,
            )
        ]  # fmt: skip


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class PlannedExemption(Scoped):
    """Somebody who is excused from a round before it opens; becomes the claim of the RoundPerson."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="planned_exemptions")
    person_id = models.BigIntegerField()
    household_id = models.BigIntegerField(null=True)
    claim = models.CharField(max_length=8, choices=[(claim.value, claim.label) for claim in CLAIMS])
    reason = models.CharField(max_length=200)
    evidence = models.CharField(max_length=200, blank=True)
    recorded_by = models.CharField(max_length=80)
    recorded_at = models.DateTimeField()

    scope_columns: ClassVar[ScopeColumns] = {**Scoped.scope_columns, Level.HOUSEHOLD: "household_id"}

    class Meta:
        db_table = "lab_testing_planned_exemption"
        constraints = [
            models.UniqueConstraint(fields=["round", "person_id"], name="lab_testing_planned_exemption_once")
        ]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class MissingContact(Scoped):
    """One try to reach somebody who was missed: when, how, what came of it."""

    round_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=80)
    way = models.CharField(max_length=10, choices=ContactWay.choices)
    outcome = models.CharField(max_length=20, choices=ContactOutcome.choices)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "lab_testing_missing_contact"
        indexes = [models.Index(fields=["person_id", "-at"]), models.Index(fields=["round_id", "-at"])]
