"""Facts of a few people, built in words or drawn by hypothesis, and the engine's answer in plain Python."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from lianfang.engine.status import Decisions, StatusFacts
from lianfang.engine.status.contract import FACT_CONTRACTS, OUTCOMES

V9 = Path(__file__).resolve().parents[3] / "policy_packs" / "covid19" / "v9"
AS_OF = datetime(2022, 8, 30, 8, 0)
Row = dict[str, Any]
Facts = dict[str, list[Row]]


def facts_of(**tables: list[Row]) -> Facts:
    """Rows of every table with every column; absent columns are None."""
    return {
        name: [{column.name: row.get(column.name) for column in contract.columns} for row in tables.get(name, [])]
        for name, contract in FACT_CONTRACTS.items()
    }


def arrow(facts: Facts) -> StatusFacts:
    return StatusFacts(
        **{name: pa.Table.from_pylist(facts[name], schema=c.schema) for name, c in FACT_CONTRACTS.items()}
    )


def decision_of(answer: Decisions, person_id: int) -> Row:
    return next(row for row in answer.decisions.to_pylist() if row["person_id"] == person_id)


# Drawn from a seed and not column by column by hypothesis, which would take most of the test's time; hypothesis
# draws the seeds and how many. A column is a function of the chance.
Draw = Callable[[random.Random], Any]


def any_of(*values: Any) -> Draw:
    return lambda chance: chance.choice(values)


def one_of(*draws: Draw) -> Draw:
    return lambda chance: chance.choice(draws)(chance)


def hours(*before: int) -> Draw:
    return lambda chance: AS_OF + timedelta(hours=chance.choice(before))


def seldom(draw: Draw) -> Draw:
    return lambda chance: draw(chance) if chance.random() < 0.11 else None


NOTHING = any_of(None)
# Few people, tubes and instants, so that ties, repeats and boundaries happen all the time.
_STEPS = (-72, -60, -49, -48, -47, -26, -25, -24, -23, -12, -8, -6, -5, -4, -3, -2, -1, 0, 1, 24)
INSTANTS = one_of(hours(*_STEPS), any_of(*(AS_OF + timedelta(seconds=n) for n in (-1, 1, 15 * 60, 15 * 60 + 1))))
# Mostly as things go, now and then anything at all: both the usual paths and the odd ones are walked.
SWABBED = one_of(hours(-72, -49, -26, -25, -24, -12, -8, -4), hours(-12, -10, -8, -6, -4, -3), INSTANTS, NOTHING)
TESTED = one_of(hours(-48, -47, -24, -6, -5, -4, -2), hours(-5, -4, -3, -2, -1), INSTANTS, NOTHING)
KNOWN = one_of(hours(-72, -48, -30, -25), hours(-24, -10, -6, -3, -1, 0), hours(-5, -4, -2), hours(1))
# Long enough ago for stages and levels.
EARLIER = one_of(hours(-30 * 24, -12 * 24, -8 * 24, -72), KNOWN)
MAYBE = one_of(NOTHING, INSTANTS)
FLAG = any_of(None, *[False] * 8, True)
HAS_TIME = any_of(None, *[True] * 5, False)
PEOPLE, TUBES, PLACES = any_of(1, 2, 3, 4), any_of(*range(5)), any_of(*range(6))
TUBE_OR_NONE = any_of(*range(5), *range(5), None)
OUTCOME = any_of("negative", "negative", "negative", "positive", *OUTCOMES)
# Days around the boundaries of stages of 3, 7 and 10 days.
DAYS = any_of(*(AS_OF.date() - timedelta(days=before) for before in (0, 1, 2, 6, 7, 8, 9, 10, 11, 12, 20)))
# 0 holds everything, 1 and 2 hold 3, 4 and 5.
PLACE_ANCESTORS = [
    {"place_id": place, "ancestor_id": ancestor}
    for place, ancestors in {0: (0,), 1: (0, 1), 2: (0, 2), 3: (0, 1, 3), 4: (0, 1, 4), 5: (0, 2, 5)}.items()
    for ancestor in ancestors
]

# Table: the most rows, its key (a number in order, or columns of which each combination stands once), its columns.
WILD: dict[str, tuple[int, str | tuple[str, ...], dict[str, Draw]]] = {
    "persons": (4, ("person_id",), {"person_id": PEOPLE, "known_since": seldom(KNOWN)}),
    "samples": (
        8,
        "sample_id",
        {
            "person_id": PEOPLE,
            "tube_id": TUBE_OR_NONE,
            "sampled_at": SWABBED,
            "sampled_at_has_time": HAS_TIME,
            "round_id": any_of(None, 1, 2),
            "is_void": FLAG,
            "voided_at": MAYBE,
            "recorded_at": one_of(hours(-72), KNOWN),
        },
    ),
    "tubes": (
        6,
        ("tube_id",),
        {
            "tube_id": TUBES,
            "capacity": any_of(None, 0, 1, 1, 5, 10, 10),
            "is_household": FLAG,
            "is_void": FLAG,
            "voided_at": MAYBE,
        },
    ),
    "results": (
        8,
        "result_id",
        {
            "tube_id": TUBE_OR_NONE,
            "person_id": one_of(NOTHING, PEOPLE),
            "outcome": OUTCOME,
            "tested_at": TESTED,
            "tested_at_has_time": HAS_TIME,
            "reported_at": TESTED,
            "reported_at_has_time": HAS_TIME,
            "received_at": KNOWN,
            "laboratory": any_of(None, "一", "二"),
            "superseded_by": seldom(any_of(*range(13))),
            "withdrawn_at": seldom(KNOWN),
        },
    ),
    "cases": (
        1,
        "case_id",
        {
            "person_id": PEOPLE,
            "confirmed_at": MAYBE,
            "recorded_at": KNOWN,
            "released_at": MAYBE,
            "release_recorded_at": MAYBE,
        },
    ),
    "obligations": (
        3,
        ("round_id", "person_id"),
        {
            "round_id": any_of(1, 2),
            "person_id": PEOPLE,
            "ended_at": INSTANTS,
            "recorded_at": KNOWN,
            "withdrawn_at": seldom(KNOWN),
        },
    ),
    "orders": (
        3,
        "order_id",
        {
            "person_id": PEOPLE,
            "rule_id": any_of(*["isolation_order", "home_monitoring_order"] * 4, "positive_result", "no_such", None),
            "reason": any_of(*["密接"] * 9, " ", "", None),
            "proposed_by": any_of(*[1] * 9, 2, None),
            "approved_by": any_of(*[2] * 9, 1, None),
            "starts_at": one_of(hours(-200, -72, -71, -5), MAYBE),
            "ends_at": one_of(hours(1, 24, 200), hours(0, 2), MAYBE),
            "recorded_at": KNOWN,
            "revoked_at": seldom(KNOWN),
            "opened_under": seldom(any_of("covid19/v9", "covid19/v8", "no/such")),
        },
    ),
    "overrides": (
        2,
        "override_id",
        {
            "person_id": PEOPLE,
            "starts_at": MAYBE,
            "ends_at": MAYBE,
            "recorded_at": KNOWN,
            "revoked_at": seldom(KNOWN),
        },
    ),
    "exposures": (
        3,
        "exposure_id",
        {
            "person_id": PEOPLE,
            "category": any_of(
                "close_contact", "secondary_contact", "from_medium_risk_area", "discharged_case", "none"
            ),
            "anchor_on": DAYS,
            "opened_at": seldom(EARLIER),
            "opened_under": seldom(any_of("covid19/v9", "covid19/v8", "no/such")),
            "closed_at": seldom(KNOWN),
            "recorded_at": EARLIER,
            "withdrawn_at": seldom(KNOWN),
        },
    ),
    "residencies": (
        4,
        ("person_id", "place_id", "recorded_at"),
        {
            "person_id": PEOPLE,
            "place_id": PLACES,
            "from_at": seldom(EARLIER),
            "to_at": seldom(KNOWN),
            "recorded_at": EARLIER,
            "to_recorded_at": seldom(KNOWN),
        },
    ),
    "area_levels": (
        3,
        "level_id",
        {
            "place_id": PLACES,
            "level": any_of("high", "high", "medium", "low", "none"),
            "from_at": EARLIER,
            "to_at": MAYBE,
            "recorded_at": EARLIER,
            "to_recorded_at": seldom(KNOWN),
        },
    ),
    "person_facts": (
        5,
        "person_fact_id",
        {
            "person_id": PEOPLE,
            "fact": any_of("born", "vaccinated", "is_pregnant", "occupation"),
            "number": any_of(None, 0.0, 1.0, 1.0),
            "word": any_of(None, "courier", "pupil"),
            "from_at": one_of(NOTHING, EARLIER, any_of(datetime(2019, 8, 30), datetime(2019, 8, 31))),
            "to_at": seldom(KNOWN),
            "recorded_at": EARLIER,
            "withdrawn_at": seldom(KNOWN),
        },
    ),
}


def wild(seed: int) -> Facts:
    """Anything that the contract allows, in any combination; drawn from ``seed``."""
    chance = random.Random(seed)
    tables: Facts = {"place_ancestors": [dict(row) for row in PLACE_ANCESTORS]}
    for name, (most, key, columns) in WILD.items():
        drawn = [{column: draw(chance) for column, draw in columns.items()} for _ in range(chance.randint(0, most))]
        if isinstance(key, str):
            tables[name] = [{key: index, **row} for index, row in enumerate(drawn)]
        else:
            tables[name] = list({tuple(row[each] for each in key): row for row in drawn}.values())
    return facts_of(**tables)


def plausible(seed: int) -> Facts:
    """A world in which most things are in order, so that every rule is reached; drawn from ``seed``."""
    chance = random.Random(seed)

    def back(*hours_before: int) -> datetime:
        return AS_OF - timedelta(hours=chance.choice(hours_before), minutes=chance.choice((0, 0, 0, 30)))

    def odd(value: Any, otherwise: Any) -> Any:
        return value if chance.random() < 0.06 else otherwise

    tubes = [
        {"tube_id": n, "capacity": chance.choice((1, 1, 5, 10, None)), "is_void": odd(True, False)} for n in range(5)
    ]
    samples = []
    for n in range(chance.randint(2, 8)):
        taken = back(72, 49, 26, 25, 12, 10, 8, 7, 6)
        samples.append(
            {
                "sample_id": n,
                "person_id": chance.randint(1, 4),
                "tube_id": odd(None, chance.randrange(5)),
                "sampled_at": odd(None, taken),
                "sampled_at_has_time": odd(False, True),
                "round_id": chance.choice((1, 2, None)),
                "is_void": odd(True, False),
                "recorded_at": odd(back(1), taken),
            }
        )
    results = []
    for n in range(chance.randint(1, 7)):
        tested = back(48, 47, 24, 5, 4, 3, 2)
        results.append(
            {
                "result_id": n,
                "tube_id": odd(None, chance.randrange(5)),
                "person_id": odd(chance.randint(1, 4), None),
                "outcome": chance.choice(("negative", "negative", "negative", "positive", *OUTCOMES)),
                "tested_at": odd(None, tested - timedelta(minutes=chance.choice((0, 0, 10, 15, 16)))),
                "tested_at_has_time": odd(False, True),
                "reported_at": odd(None, tested),
                "received_at": odd(AS_OF, tested + timedelta(hours=chance.choice((0, 0, 1)))),
                "superseded_by": odd(n + 1, None),
                "withdrawn_at": odd(back(1, 0, -1), None),
            }
        )
    for row in results:
        if chance.random() < 0.08:
            row["tube_id"], row["person_id"] = None, chance.randint(1, 4)
    case = {"case_id": 1, "person_id": 1, "confirmed_at": back(40, 20), "recorded_at": back(40, 20)}
    case["released_at"] = chance.choice((None, back(8, 3, 0, -30)))
    case["release_recorded_at"] = chance.choice((None, back(8, 2, -1)))
    missed = {"round_id": 1, "person_id": 2, "ended_at": back(24, 6, 1), "recorded_at": back(6, 5, 0)}
    order = {"order_id": 1, "person_id": 3, "rule_id": chance.choice(("isolation_order", "home_monitoring_order"))}
    order |= {"reason": "密接", "proposed_by": 1, "approved_by": 2}
    order |= {"recorded_at": back(80, 5), "ends_at": back(0, -1, -40)}
    override = {"override_id": 1, "person_id": 4, "recorded_at": back(26, 24, 3)}
    override["ends_at"] = chance.choice((None, back(-1)))
    exposure = {"exposure_id": 1, "person_id": chance.randint(1, 4), "recorded_at": back(9 * 24, 50, 1)}
    exposure["category"] = chance.choice(("close_contact", "close_contact", "secondary_contact"))
    exposure["anchor_on"] = date(2022, 8, 30) - timedelta(days=chance.choice((1, 7, 8, 10, 11, 12)))
    level = {"level_id": 1, "place_id": chance.choice((1, 3)), "level": chance.choice(("high", "medium"))}
    level |= {"from_at": back(70, 30), "recorded_at": back(60, 30), "to_at": odd(back(2, -2), None)}
    home = {"person_id": chance.randint(1, 4), "place_id": chance.choice((3, 4)), "recorded_at": back(80)}
    fact = {"person_fact_id": 1, "person_id": chance.randint(1, 4), "fact": chance.choice(("born", "is_pregnant"))}
    fact |= {"number": 1.0, "from_at": chance.choice((None, datetime(2019, 8, 31), datetime(2010, 1, 1)))}
    return facts_of(
        exposures=[exposure] if chance.random() < 0.4 else [],
        area_levels=[level],
        place_ancestors=PLACE_ANCESTORS,
        residencies=[home] if chance.random() < 0.3 else [],
        person_facts=[fact | {"recorded_at": back(70)}],
        persons=[{"person_id": n} for n in range(1, 5)],
        samples=samples,
        tubes=tubes[: chance.randint(3, 5)],
        results=results,
        cases=[case] if chance.random() < 0.2 else [],
        obligations=[missed] if chance.random() < 0.3 else [],
        orders=[order] if chance.random() < 0.3 else [],
        overrides=[override] if chance.random() < 0.2 else [],
    )


# Enough of a gap that the facts of one world never touch another's.
_NUMBERS = {
    "person_id": 100,
    "tube_id": 100,
    "sample_id": 100,
    "result_id": 100,
    "superseded_by": 100,
    "case_id": 100,
    "round_id": 100,
    "order_id": 100,
    "override_id": 100,
    "exposure_id": 100,
    "place_id": 100,
    "ancestor_id": 100,
    "level_id": 100,
    "person_fact_id": 100,
}


def together(worlds: list[Facts]) -> Facts:
    """Several worlds side by side: deciding them at once is much faster than one by one."""
    joined: Facts = {name: [] for name in FACT_CONTRACTS}
    for index, world in enumerate(worlds):
        for name, entries in world.items():
            for row in entries:
                shifted = {
                    key: value + index * _NUMBERS[key] if key in _NUMBERS and value is not None else value
                    for key, value in row.items()
                }
                joined[name].append(shifted)
    return joined


def apart(facts: Facts) -> list[Facts]:
    """The worlds that ``together`` put side by side."""
    worlds: dict[int, Facts] = {}
    for name, entries in facts.items():
        key = FACT_CONTRACTS[name].columns[0].name
        for row in entries:
            worlds.setdefault(row[key] // 100, {each: [] for each in FACT_CONTRACTS})[name].append(row)
    return list(worlds.values())


_SEEDS = st.integers(0, 2**32)
ANY_WORLD = st.one_of(_SEEDS.map(wild), _SEEDS.map(wild), _SEEDS.map(plausible))
MANY_WORLDS = st.lists(ANY_WORLD, min_size=1, max_size=25).map(together)
