"""What is known of areas, and what is said about their levels.

As for statuses, facts carry when they became known here (``recorded_at``): only what was known at ``as_of`` is seen.
Columns marked "required" are never null; every other one may be, and a null means that it is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from lianfang.engine.status.contract_people import AREA_LEVELS, PLACE_ANCESTORS
from lianfang.engine.tables import INSTANT, Column, TableContract

DIRECTIONS = ("enter", "lower")
OUTCOMES = ("met", "not_met", "unknown")
ACTIONS = ("keep", "draw", "raise", "lower", "lift", "decide")
"""decide: a person has to, because a fact is missing that would raise the level."""
RELATIONS = ("lives", "stayed")

PLACES = TableContract(
    "places",
    (
        Column("place_id", pa.int64(), "required, unique: what is assessed"),
        Column("unit", pa.string(), "what kind of place it is; one of AreaUnit of the packs; null is any"),
    ),
)

INFECTIONS = TableContract(
    "infections",
    (
        Column("infection_id", pa.int64(), "required, unique"),
        Column("place_id", pa.int64(), "required: the smallest place that is known"),
        Column("relation", pa.string(), "lives or stayed there; null: one of the two"),
        Column("found_at", INSTANT, "when found; null is when recorded"),
        Column("excluded", pa.string(), "why it need not count, in the pack's words; counts where the pack lacks them"),
        Column("recorded_at", INSTANT, "required: when it became known here"),
        Column("withdrawn_at", INSTANT, "when it turned out to be none"),
    ),
)

ROUNDS = TableContract(
    "rounds",
    (
        Column("round_id", pa.int64(), "required, unique: a testing round of everybody in the place"),
        Column("place_id", pa.int64(), "required: the place, with everything in it"),
        Column("held_at", INSTANT, "required: when people were sampled; its day counts"),
        Column("expected", pa.int64(), "people who had to be tested"),
        Column("negative", pa.int64(), "people with a negative result"),
        Column("positive", pa.int64(), "people with a positive result, pools not yet resolved included"),
        Column("recorded_at", INSTANT, "required: when these numbers became known here"),
    ),
)

MEASUREMENTS = TableContract(
    "measurements",
    (
        Column("measurement_id", pa.int64(), "required, unique"),
        Column("place_id", pa.int64(), "required"),
        Column("fact", pa.string(), "required: a declared fact of an area that is measured or judged by experts"),
        Column("number", pa.float64(), "its value; 1 and 0 for yes and no"),
        Column("measured_at", INSTANT, "required: when; of several the last one counts"),
        Column("recorded_at", INSTANT, "required: when it became known here"),
        Column("withdrawn_at", INSTANT, "when it turned out to be wrong"),
    ),
)

CRITERIA = TableContract(
    "criteria",
    (
        Column("place_id", pa.int64(), "the area"),
        Column("level", pa.string(), "level of the pack"),
        Column("direction", pa.string(), "enter or lower"),
        Column("position", pa.int32(), "0 is the level's whole condition; 1, 2 … its comparisons as written"),
        Column("fact", pa.string(), "declared fact; null in position 0"),
        Column("wanted", pa.string(), "JSON object: at_least, at_most, is, within_days"),
        Column("outcome", pa.string(), "one of OUTCOMES"),
        Column("value", pa.float64(), "what is known of it: at least so much"),
        Column("value_at_most", pa.float64(), "and at most so much; null is open"),
        Column("since", INSTANT, "the fact that the value rests on: the last infection, round, measurement, level"),
        Column("missing", pa.string(), "the fact for want of which it is unknown"),
    ),
)

PROPOSALS = TableContract(
    "proposals",
    (
        Column("place_id", pa.int64(), "the area"),
        Column("level", pa.string(), "level in force; null where none is"),
        Column("level_id", pa.int64(), "its entry, where there is one"),
        Column("since", INSTANT, "since when"),
        Column("action", pa.string(), "one of ACTIONS; people decide, nothing follows by itself"),
        Column("proposed", pa.string(), "the level after that; for decide the level that may be called for"),
        Column("not_yet", pa.list_(pa.string()), "facts that do not let it be lowered yet"),
        Column("missing", pa.list_(pa.string()), "facts that are missing"),
        Column("is_unverified", pa.bool_(), "the level's rule has no verified source"),
    ),
)

_CONTRACTS = (PLACES, INFECTIONS, ROUNDS, MEASUREMENTS, AREA_LEVELS, PLACE_ANCESTORS)


@dataclass(frozen=True, slots=True)
class AreaFacts:
    """What is known of some areas: everything in them and in what holds them. Missing tables are empty.

    ``place_ancestors`` lists each place with all that contain it, itself included.
    """

    places: pa.Table
    place_ancestors: pa.Table
    infections: pa.Table = field(default_factory=INFECTIONS.empty)
    rounds: pa.Table = field(default_factory=ROUNDS.empty)
    measurements: pa.Table = field(default_factory=MEASUREMENTS.empty)
    area_levels: pa.Table = field(default_factory=AREA_LEVELS.empty)

    def conformed(self) -> dict[str, pa.Table]:
        """The tables by name, in the shape of their contracts."""
        return {contract.name: contract.conform(getattr(self, contract.name)) for contract in _CONTRACTS}


@dataclass(frozen=True, slots=True)
class AreaAssessment:
    """Every criterion of every level that suits the place, and one proposal per place."""

    criteria: pa.Table
    proposals: pa.Table
