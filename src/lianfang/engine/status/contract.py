"""What the status engine takes in and gives out.

Facts carry two kinds of time: when something happened, and when it became known here (``recorded_at``,
``received_at``, ``voided_at`` …). Only what was known at ``as_of`` is seen, so that recomputing a past
time gives what was given then. Columns marked "required" are never null; every other one may be, and a
null means that it is not known. Numbers of tubes and samples are not negative. Text columns that must
hold one of a closed set of words are listed below the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.status.contract_people import (
    AREA_LEVELS,
    CONSIDERED,
    EXPOSURES,
    PERSON_FACTS,
    PLACE_ANCESTORS,
    RESIDENCIES,
    TESTS_DUE,
)
from lianfang.engine.tables import INSTANT, Column, TableContract

STATUSES = ("green", "unknown", "yellow", "red")
OUTCOMES = ("negative", "positive", "indeterminate", "invalid")
EVIDENCE_TABLES = (
    "result",
    "sample",
    "case",
    "obligation",
    "order",
    "override",
    "exposure",
    "area_level",
    "person_fact",
)
SET_ASIDE = (
    "result_superseded",
    "result_withdrawn",
    "result_of_nobody",
    "result_unknown_tube",
    "result_person_without_sample",
    "result_which_sample",
    "result_void_tube",
    "result_before_sample",
    "order_unknown_rule",
    "order_without_reason",
    "order_without_two_people",
    "order_without_end",
    "order_revoked",
    "order_unknown_pack",
    "override_revoked",
    "exposure_withdrawn",
    "exposure_unknown_category",
    "exposure_unknown_pack",
)
CHANGES = ("appeared", "gone", "status", "reason", "end", "emergency", "pack")

# As for a round (engine/rounds): a clock that runs ahead by more proves nothing about the order of things.
CLOCK_TOLERANCE = timedelta(minutes=15)

PERSONS = TableContract(
    "persons",
    (
        Column("person_id", pa.int64(), "required, unique: who gets a decision"),
        Column("known_since", INSTANT, "when the person was first recorded here; null is always"),
    ),
)

SAMPLES = TableContract(
    "samples",
    (
        Column("sample_id", pa.int64(), "required, unique"),
        Column("person_id", pa.int64(), "required; people who are not in persons count as tube-mates only"),
        Column("tube_id", pa.int64(), "the tube; null where a swab was recorded without one"),
        Column("sampled_at", INSTANT, "when the swab was taken"),
        Column("sampled_at_has_time", pa.bool_(), "false where only the day is known; null is true"),
        Column("round_id", pa.int64(), "testing round, where it belongs to one"),
        Column("is_void", pa.bool_(), "the swab does not count; null is false"),
        Column("voided_at", INSTANT, "when that became known here; null is from the start"),
        Column("recorded_at", INSTANT, "required: when the sample became known here"),
    ),
)

TUBES = TableContract(
    "tubes",
    (
        Column("tube_id", pa.int64(), "required, unique"),
        Column("capacity", pa.int16(), "people it may hold: 1, 5, 10, 20; 0 is a household tube; null not said"),
        Column("is_household", pa.bool_(), "one household in one tube; null is false"),
        Column("is_void", pa.bool_(), "nothing about the tube counts; null is false"),
        Column("voided_at", INSTANT, "when that became known here; null is from the start"),
    ),
)

RESULTS = TableContract(
    "results",
    (
        Column("result_id", pa.int64(), "required, unique"),
        Column("tube_id", pa.int64(), "the tube; null where the laboratory reports by person"),
        Column("person_id", pa.int64(), "the person whom the laboratory names; a tube outranks it"),
        Column("outcome", pa.string(), "required: one of OUTCOMES; an empty result is not a result"),
        Column("tested_at", INSTANT, "when tested"),
        Column("tested_at_has_time", pa.bool_(), "false where only the day is known; null is true"),
        Column("reported_at", INSTANT, "when the laboratory reported"),
        Column("reported_at_has_time", pa.bool_(), "false where only the day is known; null is true"),
        Column("received_at", INSTANT, "required: when it became known here"),
        Column("laboratory", pa.string(), "laboratory, as given"),
        Column("superseded_by", pa.int64(), "the later result that corrects this one, in the same table"),
        Column("withdrawn_at", INSTANT, "when it was taken back here without another in its place"),
    ),
)

CASES = TableContract(
    "cases",
    (
        Column("case_id", pa.int64(), "required, unique"),
        Column("person_id", pa.int64(), "required"),
        Column("confirmed_at", INSTANT, "when the person became a case"),
        Column("recorded_at", INSTANT, "required: when that became known here"),
        Column("released_at", INSTANT, "when discharged, or found not to be a case; null is not yet"),
        Column("release_recorded_at", INSTANT, "when that became known here; null is at released_at"),
    ),
)

OBLIGATIONS = TableContract(
    "obligations",
    (
        Column("round_id", pa.int64(), "required; unique together with person_id"),
        Column("person_id", pa.int64(), "required: must be tested in the round, was neither sampled nor excused"),
        Column("ended_at", INSTANT, "required: end of the round"),
        Column("recorded_at", INSTANT, "required: when the omission became known here"),
        Column("withdrawn_at", INSTANT, "when the omission turned out to be none"),
    ),
)

ORDERS = TableContract(
    "orders",
    (
        Column("order_id", pa.int64(), "required, unique"),
        Column("person_id", pa.int64(), "required"),
        Column("rule_id", pa.string(), "rule of the pack under which it was given; the rule says which status"),
        Column("reason", pa.string(), "epidemiological reason in words"),
        Column("proposed_by", pa.int64(), "who proposed it"),
        Column("approved_by", pa.int64(), "who approved it: somebody else"),
        Column("starts_at", INSTANT, "from when; null is from recorded_at"),
        Column("ends_at", INSTANT, "until when"),
        Column("recorded_at", INSTANT, "required: when it became known here"),
        Column("revoked_at", INSTANT, "when it was revoked"),
        Column("opened_under", pa.string(), "id of the pack under which it was given; null is the one that decides"),
    ),
)

OVERRIDES = TableContract(
    "overrides",
    (
        Column("override_id", pa.int64(), "required, unique"),
        Column("person_id", pa.int64(), "required"),
        Column("starts_at", INSTANT, "from when; null is from recorded_at"),
        Column("ends_at", INSTANT, "until when; null is the pack's emergency limit: it never fails for a form"),
        Column("recorded_at", INSTANT, "required: when it became known here"),
        Column("revoked_at", INSTANT, "when it was ended early"),
    ),
)

DECISIONS = TableContract(
    "decisions",
    (
        Column("person_id", pa.int64(), "whom it is about; every known person once"),
        Column("status", pa.string(), "green, unknown, yellow or red"),
        Column("rule_id", pa.string(), "rule of the pack that decided"),
        Column("reason", pa.string(), "reason code; its words are the pack's"),
        Column("params", pa.string(), "JSON object with the constant gaps of the reason's words: limit, unit"),
        Column("since", INSTANT, "when what decided became known here"),
        Column("until", INSTANT, "when it ends by itself; null where only an event of ends_when ends it"),
        Column("ends_when", pa.list_(pa.string()), "codes of what ends it"),
        Column("next_step", pa.string(), "code of what the person should do"),
        Column("appeal", pa.string(), "code of where to object; null only where nothing is restricted"),
        Column("sampled_at", INSTANT, "the swab that it rests on, where there is one"),
        Column("is_unverified", pa.bool_(), "the rule or its limit has no verified source"),
        Column("is_emergency", pa.bool_(), "may pass whatever the colour"),
        Column("emergency_until", INSTANT, "when that ends"),
        Column("pack_id", pa.string(), "policy pack"),
        Column("pack_version", pa.int32(), "its version"),
        Column("as_of", INSTANT, "with what was known then"),
    ),
)

_SHARED = ("status", "rule_id", "reason", "params", "since", "until", "ends_when", "next_step", "appeal", "sampled_at")

REASONS = TableContract(
    "reasons",
    (
        Column("person_id", pa.int64(), "whom it is about"),
        Column("rank", pa.int32(), "2, 3 …: what also holds, by priority; the deciding rule would be 1"),
        *(column for column in DECISIONS.columns if column.name in _SHARED),
    ),
)

EVIDENCE = TableContract(
    "evidence",
    (
        Column("person_id", pa.int64(), "whom it is about"),
        Column("rule_id", pa.string(), "rule that read the fact, deciding or not; emergency_override for overrides"),
        Column("evidence_table", pa.string(), "one of EVIDENCE_TABLES"),
        Column("evidence_id", pa.int64(), "the fact; for an obligation the round"),
        Column("at_time", INSTANT, "when it became known here"),
        Column("opened_under", pa.string(), "pack under which an order or exposure was opened, where it says so"),
    ),
)

ASIDE = TableContract(
    "set_aside",
    (
        Column("evidence_table", pa.string(), "result, order or override"),
        Column("evidence_id", pa.int64(), "a fact that was seen and counts for nothing"),
        Column("person_id", pa.int64(), "whom it names, where it names somebody"),
        Column("code", pa.string(), "why; one of SET_ASIDE"),
    ),
)

DELTA = TableContract(
    "delta",
    (
        Column("person_id", pa.int64(), "whose decision is different"),
        Column("change", pa.string(), "the weightiest difference; one of CHANGES"),
        Column("is_worse", pa.bool_(), "more restrictive than before: green < unknown < yellow < red"),
        Column("previous_status", pa.string(), "null where there was no decision"),
        Column("status", pa.string(), "null where there is none any more"),
        Column("previous_rule_id", pa.string(), "rule that decided before"),
        Column("rule_id", pa.string(), "rule that decides now"),
        Column("previous_reason", pa.string(), "reason before"),
        Column("reason", pa.string(), "reason now"),
        Column("previous_until", INSTANT, "end before"),
        Column("until", INSTANT, "end now"),
    ),
)

FACT_CONTRACTS: Mapping[str, TableContract] = MappingProxyType(
    {
        c.name: c
        for c in (
            PERSONS,
            SAMPLES,
            TUBES,
            RESULTS,
            CASES,
            OBLIGATIONS,
            ORDERS,
            OVERRIDES,
            EXPOSURES,
            RESIDENCIES,
            PLACE_ANCESTORS,
            AREA_LEVELS,
            PERSON_FACTS,
        )
    }
)
_KEYS = {
    "persons": ("person_id",),
    "samples": ("sample_id",),
    "tubes": ("tube_id",),
    "results": ("result_id",),
    "cases": ("case_id",),
    "obligations": ("round_id", "person_id"),
    "orders": ("order_id",),
    "overrides": ("override_id",),
    "exposures": ("exposure_id",),
    "residencies": ("person_id", "place_id", "recorded_at"),
    "place_ancestors": ("place_id", "ancestor_id"),
    "area_levels": ("level_id",),
    "person_facts": ("person_fact_id",),
}
_REQUIRED = {
    "samples": ("person_id", "recorded_at"),
    "results": ("outcome", "received_at"),
    "cases": ("person_id", "recorded_at"),
    "obligations": ("ended_at", "recorded_at"),
    "orders": ("person_id", "recorded_at"),
    "overrides": ("person_id", "recorded_at"),
    "exposures": ("person_id", "category", "anchor_on", "recorded_at"),
    "area_levels": ("place_id", "level", "from_at", "recorded_at"),
    "person_facts": ("person_id", "fact", "recorded_at"),
}
REQUIRED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name: key + _REQUIRED.get(name, ()) for name, key in _KEYS.items()}
)
_NOT_NEGATIVE = {"samples": ("sample_id", "tube_id"), "tubes": ("tube_id",), "results": ("tube_id",)}


_SCHEMAS = {name: contract.schema for name, contract in FACT_CONTRACTS.items()}
# Tables never change, so one empty one of each is enough.
_NO_ROWS = {contract.name: contract.empty() for contract in (*FACT_CONTRACTS.values(), TESTS_DUE, CONSIDERED)}


class FactsError(ValueError):
    """Facts that break the contract; the message names table, column and what is wrong with how many rows."""


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """What is known of some people. Missing tables are empty, missing columns null.

    To decide about some people only, give those in ``persons`` and, beside their own facts, the samples of
    everybody who shares a tube with them, the results of those tubes (and those that name one of these people and no
    tube, with the other samples of whoever is named), the ancestors of the places where they live and the levels of
    those: the answer is the same as in a full run.
    """

    persons: pa.Table
    samples: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "samples"))
    tubes: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "tubes"))
    results: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "results"))
    cases: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "cases"))
    obligations: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "obligations"))
    orders: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "orders"))
    overrides: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "overrides"))
    exposures: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "exposures"))
    residencies: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "residencies"))
    place_ancestors: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "place_ancestors"))
    area_levels: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "area_levels"))
    person_facts: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "person_facts"))

    def conformed(self) -> dict[str, pa.Table]:
        """The tables by name, in the shape of their contracts. Raises ``FactsError`` where they break it."""
        tables = {}
        for name in FACT_CONTRACTS:
            given = getattr(self, name)
            # Nearly always as the contract says, and for one person the casts would be most of the work.
            table = given if given.schema.equals(_SCHEMAS[name]) else FACT_CONTRACTS[name].conform(given)
            _check(name, table)
            tables[name] = table
        return tables


@dataclass(frozen=True, slots=True)
class Decisions:
    """One decision per known person, with what stands behind it. Tables follow the contracts above.

    ``considered`` is empty unless it was asked for.
    """

    decisions: pa.Table
    reasons: pa.Table
    evidence: pa.Table
    set_aside: pa.Table
    tests_due: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "tests_due"))
    considered: pa.Table = field(default_factory=partial(_NO_ROWS.__getitem__, "considered"))


def _check(name: str, table: pa.Table) -> None:
    if table.num_rows == 0:
        return
    key = _KEYS[name]
    for column in key + _REQUIRED.get(name, ()):
        if table[column].null_count:
            raise FactsError(f"{name}.{column}: {table[column].null_count} rows without a value")
    for column in _NOT_NEGATIVE.get(name, ()):
        lowest = pc.min(table[column]).as_py()
        if lowest is not None and lowest < 0:
            raise FactsError(f"{name}.{column}: {lowest} is negative")
    if len(key) == 1:
        distinct = pc.count_distinct(table[key[0]]).as_py()
    else:
        distinct = table.group_by(list(key)).aggregate([]).num_rows
    if distinct != table.num_rows:
        raise FactsError(f"{name}.{'+'.join(key)}: {table.num_rows - distinct} rows repeat another")
    if name == "results":
        strange = set(pc.unique(table["outcome"]).to_pylist()) - set(OUTCOMES)
        if strange:
            raise FactsError(f"results.outcome: {sorted(strange)} not in {OUTCOMES}")
