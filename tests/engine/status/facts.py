"""Facts of a few people, built in words or drawn by hypothesis, and the engine's answer in plain Python."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
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


# Few people, tubes and instants, so that ties, repeats and boundaries happen all the time.
_STEPS = (-72, -60, -49, -48, -47, -26, -25, -24, -23, -12, -8, -6, -5, -4, -3, -2, -1, 0, 1, 24)
INSTANTS = st.one_of(
    st.sampled_from(_STEPS).map(lambda hours: AS_OF + timedelta(hours=hours)),
    st.sampled_from((-1, 1, 15 * 60, 15 * 60 + 1)).map(lambda seconds: AS_OF + timedelta(seconds=seconds)),
)


def hours(*before: int) -> st.SearchStrategy[datetime]:
    return st.sampled_from(before).map(lambda each: AS_OF + timedelta(hours=each))


# Mostly as things go, now and then anything at all: both the usual paths and the odd ones are walked.
SWABBED = st.one_of(hours(-72, -49, -26, -25, -24, -12, -8, -4), hours(-12, -10, -8, -6, -4, -3), INSTANTS, st.none())
TESTED = st.one_of(hours(-48, -47, -24, -6, -5, -4, -2), hours(-5, -4, -3, -2, -1), INSTANTS, st.none())
KNOWN = st.one_of(hours(-72, -48, -30, -25), hours(-24, -10, -6, -3, -1, 0), hours(-5, -4, -2), hours(1))
MAYBE = st.one_of(st.none(), INSTANTS)
FLAG = st.sampled_from((None, *[False] * 8, True))
HAS_TIME = st.sampled_from((None, *[True] * 5, False))
PEOPLE = st.integers(1, 4)
TUBES = st.integers(0, 4)
OUTCOME = st.sampled_from(("negative", "negative", "negative", "positive", *OUTCOMES))


def seldom(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 8).flatmap(lambda drawn: strategy if drawn == 5 else st.none())


def rows(key: str, most: int, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Row]]:
    drawn = st.lists(st.fixed_dictionaries(columns), max_size=most)
    return drawn.map(lambda found: [{key: index, **row} for index, row in enumerate(found)])


SAMPLES = rows(
    "sample_id",
    8,
    person_id=PEOPLE,
    tube_id=st.sampled_from((*range(5), *range(5), None)),
    sampled_at=SWABBED,
    sampled_at_has_time=HAS_TIME,
    round_id=st.sampled_from((None, 1, 2)),
    is_void=FLAG,
    voided_at=MAYBE,
    recorded_at=st.one_of(hours(-72), KNOWN),
)
TUBE_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "tube_id": TUBES,
            "capacity": st.sampled_from((None, 0, 1, 1, 5, 10, 10)),
            "is_household": FLAG,
            "is_void": FLAG,
            "voided_at": MAYBE,
        }
    ),
    max_size=6,
    unique_by=lambda row: row["tube_id"],
)
RESULTS = rows(
    "result_id",
    8,
    tube_id=st.sampled_from((*range(5), *range(5), None)),
    person_id=st.one_of(st.none(), PEOPLE),
    outcome=OUTCOME,
    tested_at=TESTED,
    tested_at_has_time=HAS_TIME,
    reported_at=TESTED,
    reported_at_has_time=HAS_TIME,
    received_at=KNOWN,
    laboratory=st.sampled_from((None, "一", "二")),
    superseded_by=seldom(st.integers(0, 12)),
    withdrawn_at=seldom(KNOWN),
)
CASES = rows(
    "case_id",
    1,
    person_id=PEOPLE,
    confirmed_at=MAYBE,
    recorded_at=KNOWN,
    released_at=MAYBE,
    release_recorded_at=MAYBE,
)
OBLIGATIONS = st.lists(
    st.fixed_dictionaries(
        {
            "round_id": st.integers(1, 2),
            "person_id": PEOPLE,
            "ended_at": INSTANTS,
            "recorded_at": KNOWN,
            "withdrawn_at": seldom(KNOWN),
        }
    ),
    max_size=3,
    unique_by=lambda row: (row["round_id"], row["person_id"]),
)
ORDERS = rows(
    "order_id",
    3,
    person_id=PEOPLE,
    rule_id=st.sampled_from((*["isolation_order", "home_monitoring_order"] * 4, "positive_result", "no_such", None)),
    reason=st.sampled_from((*["密接"] * 9, " ", "", None)),
    proposed_by=st.sampled_from((*[1] * 9, 2, None)),
    approved_by=st.sampled_from((*[2] * 9, 1, None)),
    starts_at=st.one_of(hours(-200, -72, -71, -5), MAYBE),
    ends_at=st.one_of(hours(1, 24, 200), hours(0, 2), MAYBE),
    recorded_at=KNOWN,
    revoked_at=seldom(KNOWN),
)
OVERRIDES = rows(
    "override_id",
    2,
    person_id=PEOPLE,
    starts_at=MAYBE,
    ends_at=MAYBE,
    recorded_at=KNOWN,
    revoked_at=seldom(KNOWN),
)
PERSONS = st.lists(
    st.fixed_dictionaries({"person_id": PEOPLE, "known_since": seldom(KNOWN)}),
    max_size=4,
    unique_by=lambda row: row["person_id"],
)
ANY_FACTS = st.fixed_dictionaries(
    {
        "persons": PERSONS,
        "samples": SAMPLES,
        "tubes": TUBE_ROWS,
        "results": RESULTS,
        "cases": CASES,
        "obligations": OBLIGATIONS,
        "orders": ORDERS,
        "overrides": OVERRIDES,
    }
).map(lambda drawn: facts_of(**drawn))


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
    return facts_of(
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


ANY_WORLD = st.one_of(ANY_FACTS, st.integers(0, 2**32).map(plausible))
MANY_WORLDS = st.lists(ANY_WORLD, min_size=1, max_size=20).map(together)
