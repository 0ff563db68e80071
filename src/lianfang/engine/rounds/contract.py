"""What the reconciliation of one testing round takes in and gives out.

Every roster row, sample row, result row and exemption row that goes in comes out with exactly one
state, and every person who is expected has exactly one of ``sampled``, ``exempt``, ``away`` and
``missing``: that is how it is proved that nobody disappears.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from lianfang.engine.tables import DAY, INSTANT, Column, TableContract

ROSTER_STATES = ("counted", "repeat", "nobody")
SAMPLE_STATES = ("counted", "repeat", "void", "outside_round", "nobody")
RESULT_STATES = (
    "counted",
    "repeat",
    "empty",
    "not_a_result",
    "void",
    "void_tube",
    "before_sample",
    "outside_round",
    "unknown_tube",
    "person_without_sample",
    "which_sample",
    "nobody",
)
EXEMPT_STATES = ("accepted", "repeat", "no_reason", "not_a_reason", "not_on_roster", "nobody")
PERSON_STATES = ("sampled", "exempt", "away", "missing", "unrostered")
TUBE_STATES = ("negative", "positive", "contradicting", "unclear", "pending", "void")
OUTCOMES = ("negative", "positive", "held", "released", "unclear", "pending")
ACTIONS = (
    "report_case",
    "hold_and_sample_singly",
    "await_single_result",
    "release",
    "sample_again",
    "await_result",
    "sample",
    "none",
)

ROW_STATES = TableContract(
    "row_states",
    (
        Column("record_id", pa.int64(), "the row"),
        Column("state", pa.string(), "what became of it; one of the states of its role"),
        Column("person_key", pa.string(), "whom it is about, where known"),
        Column("tube_key", pa.string(), "the tube it counts for, where there is one"),
        Column("stands_for", pa.int64(), "of a repeat: the record that stands for it"),
    ),
)

PEOPLE = TableContract(
    "people",
    (
        Column("person_key", pa.string(), "who"),
        Column("state", pa.string(), "sampled, exempt, away, missing or unrostered"),
        Column("because", pa.string(), "why missing: not_sampled, sample_void, exemption_refused, outside_round"),
        Column("reason", pa.string(), "why exempt or away, or the reason noted for a missing person, as given"),
        Column("outcome", pa.string(), "of the sampled: negative, positive, held, released, unclear, pending"),
        Column("action", pa.string(), "what must happen next"),
        Column("tubes", pa.list_(pa.string()), "tubes of the round with this person's swab, by time"),
        Column("first_sampled_at", INSTANT, "first swab of the round"),
        Column("last_sampled_at", INSTANT, "last swab of the round"),
        Column("last_contact_at", INSTANT, "last time the files saw this person, any round"),
        Column("roster_record", pa.int64(), "the roster row that stands for the person"),
        Column("sample_record", pa.int64(), "the sample row that stands for the person"),
        Column("exempt_record", pa.int64(), "the row that exempts or excuses the person"),
        Column("record_ids", pa.list_(pa.int64()), "every row about this person"),
        Column("name", pa.string(), "name on the standing row"),
        Column("sex", pa.string(), "male or female"),
        Column("birth_on", DAY, "day of birth"),
        Column("id_type", pa.string(), "type of identity document"),
        Column("id_number", pa.string(), "identity number"),
        Column("phone", pa.string(), "phone"),
        Column("township", pa.string(), "township or street"),
        Column("community", pa.string(), "community or village"),
        Column("compound", pa.string(), "gated estate"),
        Column("building", pa.string(), "building"),
        Column("unit", pa.string(), "stairwell"),
        Column("floor", pa.string(), "floor"),
        Column("room", pa.string(), "room"),
        Column("address", pa.string(), "free text"),
        Column("household_no", pa.string(), "household number"),
        Column("special_need", pa.string(), "special need"),
        Column("chief_name", pa.string(), "building chief"),
        Column("chief_phone", pa.string(), "building chief's phone"),
        Column("remark", pa.string(), "remark"),
        Column("walking_order", pa.int32(), "1, 2, … by community, compound, building, stairwell, floor, room"),
    ),
)

TUBES = TableContract(
    "tubes",
    (
        Column("tube_key", pa.string(), "tube code, or # and the person for a swab recorded without a tube"),
        Column("tube_code", pa.string(), "barcode; null where none was recorded"),
        Column("state", pa.string(), "negative, positive, contradicting, unclear, pending or void"),
        Column("is_single", pa.bool_(), "one person by kind or capacity, or one person and nothing said"),
        Column("capacity", pa.int16(), "people it may hold; 0 for a household tube; null where not said"),
        Column("people", pa.int32(), "distinct people with a standing swab in it"),
        Column("boxes", pa.list_(pa.string()), "boxes it is recorded in"),
        Column("sampled_at", INSTANT, "first swab in it; null where its clock cannot be trusted"),
        Column("sampled_until", INSTANT, "last swab in it"),
        Column("sampling_team", pa.string(), "team, where all rows agree"),
        Column("sampling_site", pa.string(), "site, where all rows agree"),
        Column("laboratories", pa.list_(pa.string()), "laboratories that reported on it"),
        Column("reported_at", INSTANT, "first counted report on it"),
        Column("hours_waiting", pa.float64(), "pending: hours from the first swab to as_of"),
        Column("is_overdue", pa.bool_(), "pending for longer than the setting allows"),
        Column("is_late", pa.bool_(), "reported later than the setting allows"),
        Column("held_until", INSTANT, "positive or contradicting: when a hold for it ends at the latest"),
    ),
)

FINDINGS = TableContract(
    "findings",
    (
        Column("finding_key", pa.string(), "stable name of the finding, from content"),
        Column("kind", pa.string(), "over_full, mixed_households, two_boxes, twice_sampled, …"),
        Column("tube_key", pa.string(), "tube, where it is about one"),
        Column("person_key", pa.string(), "person, where it is about one"),
        Column("record_id", pa.int64(), "one of the rows that show it"),
        Column("detail", pa.string(), "the value that matters: a count, a box, a time"),
    ),
)

FINDING_KINDS = (
    "over_full",
    "mixed_households",
    "two_boxes",
    "twice_sampled",
    "not_in_tube",
    "future_clock",
    "exempt_but_sampled",
    "away_but_sampled",
    "contradicting",
)

_COUNTS = (
    Column("households", pa.int64(), "households with at least one expected person"),
    Column("expected", pa.int64(), "distinct people on the rosters"),
    Column("exempt", pa.int64(), "not sampled, exempt with a reason"),
    Column("away", pa.int64(), "not sampled, away with a reason"),
    Column("sampled", pa.int64(), "with at least one standing swab of the round"),
    Column("missing", pa.int64(), "expected and none of these"),
    Column("coverage", pa.float64(), "sampled ÷ (expected − exempt − away), 0–1; null where nobody is due"),
    Column("negative", pa.int64(), "of the sampled: negative"),
    Column("released", pa.int64(), "of the sampled: held once, single sample negative since"),
    Column("pending", pa.int64(), "of the sampled: no result yet"),
    Column("unclear", pa.int64(), "of the sampled: indeterminate or invalid, to be sampled again"),
    Column("held", pa.int64(), "of the sampled: in a positive or contradicting pool, to be sampled singly"),
    Column("positive", pa.int64(), "of the sampled: single positive"),
    Column("unrostered", pa.int64(), "sampled here and on no roster; not part of expected"),
    Column("adds_up", pa.bool_(), "expected = exempt + away + sampled + missing, and the outcomes sum to sampled"),
)

BUILDINGS = TableContract(
    "buildings",
    (
        Column("township", pa.string(), "township or street"),
        Column("community", pa.string(), "community or village"),
        Column("compound", pa.string(), "gated estate"),
        Column("building", pa.string(), "building; null where the roster names none"),
        *_COUNTS,
    ),
)

TOTALS = TableContract("totals", _COUNTS)


@dataclass(frozen=True, slots=True)
class RoundSettings:
    """What is decided about a round before it is counted.

    ``late_after`` (24 h: the longest reporting time of the voluntary group, dossier §2 [57]),
    ``hold_at_most`` (no published hour limit for re-sampling was found, dossier §2: unverified) and
    ``clock_tolerance`` are defaults until a policy pack sets them.
    """

    as_of: datetime
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    late_after: timedelta = timedelta(hours=24)
    hold_at_most: timedelta = timedelta(hours=24)
    clock_tolerance: timedelta = timedelta(minutes=15)
    largest_pool: int = 20


@dataclass(frozen=True, slots=True)
class RoundAnswer:
    """Everything that is known of the round. Tables follow the contracts above."""

    people: pa.Table
    tubes: pa.Table
    buildings: pa.Table
    totals: pa.Table
    roster_states: pa.Table
    sample_states: pa.Table
    result_states: pa.Table
    exempt_states: pa.Table
    findings: pa.Table
