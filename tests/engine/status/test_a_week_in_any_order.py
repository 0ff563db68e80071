"""A week of facts that arrive in any order: the end is the same, and what was said on the way can be said again."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lianfang.engine.status import Decisions, StatusEngine
from tests.engine.status.facts import PLACE_ANCESTORS, Facts, arrow, facts_of

MONDAY = datetime(2022, 8, 22)
END = MONDAY + timedelta(days=7)
PEOPLE = range(1, 13)
# When each table's facts become known, and what of a fact becomes known later still.
KNOWN = {"results": "received_at"}
LATER = {
    "samples": {"voided_at": ("is_void",)},
    "tubes": {"voided_at": ("is_void",)},
    "results": {"withdrawn_at": ()},
    "cases": {"release_recorded_at": ("released_at",)},
    "obligations": {"withdrawn_at": ()},
    "orders": {"revoked_at": ()},
    "overrides": {"revoked_at": ()},
    "exposures": {"withdrawn_at": (), "closed_at": ()},
    "area_levels": {"to_recorded_at": ("to_at",)},
    "residencies": {"to_recorded_at": ("to_at",)},
    "person_facts": {"withdrawn_at": ()},
}
TABLES = ("decisions", "reasons", "evidence", "set_aside", "tests_due")


def happened(chance: random.Random) -> Facts:
    """What happened in the week: rounds, laboratories, contacts, an area. When it became known comes later."""
    tables: Facts = {name: [] for name in ("samples", "tubes", "results", "exposures", "obligations", "area_levels")}

    def swab(person: int, tube: int, at: datetime, *, round_id: int | None = None) -> None:
        number = len(tables["samples"])
        tables["samples"].append({"sample_id": number, "person_id": person, "tube_id": tube, "sampled_at": at,
                                  "round_id": round_id, "recorded_at": at})  # fmt: skip

    def report(tube: int, outcome: str, at: datetime) -> int:
        tables["results"].append({"result_id": len(tables["results"]), "tube_id": tube, "outcome": outcome,
                                  "tested_at": at, "reported_at": at, "received_at": at})  # fmt: skip
        return len(tables["results"]) - 1

    for day in (0, 2, 4, 5):
        for pool in range(3):
            tube, at = day * 10 + pool, MONDAY + timedelta(days=day, hours=chance.randint(8, 12))
            tables["tubes"].append({"tube_id": tube, "capacity": 10})
            for person in PEOPLE:
                if (person - 1) // 4 == pool and chance.random() < 0.85:
                    swab(person, tube, at, round_id=day)
                elif (person - 1) // 4 == pool and day < 4:
                    ended = MONDAY + timedelta(days=day, hours=20)
                    tables["obligations"].append(
                        {"round_id": day, "person_id": person, "ended_at": ended, "recorded_at": ended}
                    )
            # Late in the week all laboratories are clean: how long a hold lasts counts from when it became known.
            outcome = chance.choice(("negative", "negative", "positive", "indeterminate")) if day < 4 else "negative"
            tested = at + timedelta(hours=chance.choice((6, 9, 20)))
            first = report(tube, outcome, tested)
            if outcome == "positive" and chance.random() < 0.4:
                tables["results"][first]["superseded_by"] = report(tube, "negative", tested + timedelta(hours=2))
            elif outcome == "positive":
                for person in [row["person_id"] for row in tables["samples"] if row["tube_id"] == tube]:
                    single = 1000 + len(tables["tubes"])
                    tables["tubes"].append({"tube_id": single, "capacity": 1})
                    swab(person, single, tested + timedelta(hours=3))
                    report(
                        single,
                        chance.choice(("negative", "negative", "negative", "positive")),
                        tested + timedelta(hours=9),
                    )
    for number in range(4):
        tables["exposures"].append(
            {"exposure_id": number, "person_id": chance.choice(PEOPLE), "opened_under": "covid19/v9",
             "category": chance.choice(("close_contact", "secondary_contact", "from_medium_risk_area")),
             "anchor_on": (MONDAY + timedelta(days=chance.randint(-8, 1))).date(), "recorded_at": MONDAY}
        )  # fmt: skip
    levels = [
        {"level_id": 1, "place_id": 3, "level": "high", "from_at": MONDAY + timedelta(days=1), "recorded_at": MONDAY}
    ]
    homes = [
        {"person_id": each, "place_id": 3 + each % 3, "recorded_at": MONDAY - timedelta(days=9)} for each in PEOPLE
    ]
    return facts_of(**{**tables, "area_levels": levels}, residencies=homes, place_ancestors=PLACE_ANCESTORS,
                    persons=[{"person_id": each} for each in PEOPLE])  # fmt: skip


def arriving(facts: Facts, chance: random.Random) -> Facts:
    """The same facts, each known at a moment of its own: hours or days late, swabs after results, in any order.

    Only what cannot be otherwise is kept: nothing is known before it happened, a correction is known after what it
    corrects. All is known before the last day, positives two days before, when every hold has run out.
    """

    def late(after: datetime, until: datetime) -> datetime:
        span = max(0, int((until - after).total_seconds()))
        return after + timedelta(seconds=int(span * chance.random() ** 2))

    last, moved = END - timedelta(hours=2), {name: [dict(row) for row in rows] for name, rows in facts.items()}
    for name, rows in moved.items():
        for row in rows:
            column = KNOWN.get(name, "recorded_at")
            if row.get(column) is None or row[column] < MONDAY:
                continue
            is_trouble = name == "results" and row["outcome"] != "negative"
            row[column] = late(row[column], max(row[column], END - timedelta(hours=50) if is_trouble else last))
    by_number = {row["result_id"]: row for row in moved["results"]}
    for row in moved["results"]:
        if row["superseded_by"] is not None:
            correction = by_number[row["superseded_by"]]
            correction["received_at"] = late(
                max(correction["received_at"], row["received_at"] + timedelta(minutes=1)), last
            )
    for name in moved:
        chance.shuffle(moved[name])
    return moved


def known_by(facts: Facts, at: datetime) -> Facts:
    """What stood in the tables at that moment: facts that had become known, without what became known of them later."""
    known: Facts = {}
    arrived = {row["result_id"] for row in facts["results"] if row["received_at"] <= at}
    for name, rows in facts.items():
        column = KNOWN.get(name, "recorded_at")
        known[name] = [_as_known(name, dict(row), at) for row in rows if row.get(column) is None or row[column] <= at]
    for row in known["results"]:
        if row["superseded_by"] not in arrived:
            row["superseded_by"] = None
    return known


def _as_known(name: str, row: dict[str, Any], at: datetime) -> dict[str, Any]:
    for column, others in LATER.get(name, {}).items():
        if row.get(column) is not None and row[column] > at:
            row.update(dict.fromkeys((column, *others)))
    return row


def told(answer: Decisions, *, without: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Every row of every table, in an order that depends on the rows alone."""
    said: dict[str, Callable[[], Any]] = {name: getattr(answer, name).to_pylist for name in TABLES}
    return {
        name: sorted(repr({key: value for key, value in row.items() if key not in without}) for row in rows())
        for name, rows in said.items()
    }


# By when it became known: since when something holds for whom, and which test days had passed by then.
_WHEN_KNOWN = ("since", "at_time")


@settings(
    max_examples=8, deadline=None, derandomize=True, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
)
@given(seed=st.integers(0, 2**32))
def test_the_end_of_a_week_does_not_depend_on_the_order_in_which_its_facts_arrived(
    engine: StatusEngine, seed: int
) -> None:
    facts = happened(random.Random(seed))
    ends = []
    for order in range(3):
        answer = engine.decide(arrow(arriving(facts, random.Random(seed * 3 + order))), END)
        said = told(answer, without=_WHEN_KNOWN)
        ends.append({name: said[name] for name in ("decisions", "reasons", "evidence", "set_aside")})
    assert ends[1:] == ends[:-1]


@settings(
    max_examples=6, deadline=None, derandomize=True, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
)
@given(seed=st.integers(0, 2**32))
def test_whatever_was_communicated_is_said_again_when_all_is_known(engine: StatusEngine, seed: int) -> None:
    chance = random.Random(seed)
    week = arriving(happened(chance), chance)
    moments = sorted({MONDAY + timedelta(hours=chance.randint(1, 7 * 24)) for _ in range(12)})
    different = set()
    for at in moments:
        then = told(engine.decide(arrow(known_by(week, at)), at))
        assert told(engine.decide(arrow(week), at)) == then
        different.add(repr(then["decisions"]))
    assert len(different) == len(moments)


def test_a_late_result_and_a_correction_change_the_present_and_no_past(engine: StatusEngine) -> None:
    swabbed, wrong, right = (MONDAY + timedelta(hours=hours) for hours in (8, 20, 26))
    tubes = [{"tube_id": 1, "capacity": 1}]
    samples = [
        {"sample_id": 1, "person_id": 1, "tube_id": 1, "sampled_at": swabbed, "recorded_at": right + timedelta(hours=4)}
    ]
    results = [
        {
            "result_id": 1,
            "tube_id": 1,
            "outcome": "positive",
            "tested_at": wrong,
            "received_at": wrong,
            "superseded_by": 2,
        },
        {"result_id": 2, "tube_id": 1, "outcome": "negative", "tested_at": wrong, "received_at": right},
    ]
    facts = facts_of(persons=[{"person_id": 1}], tubes=tubes, samples=samples, results=results)
    said = {}
    for hours in (19, 21, 27, 31):
        at = MONDAY + timedelta(hours=hours)
        said[hours] = engine.decide(arrow(known_by(facts, at)), at).decisions.to_pylist()[0]
        assert engine.decide(arrow(facts), at).decisions.to_pylist()[0] == said[hours]
    # Nobody knew whose the tube was until the swab was recorded, and by then the positive had been corrected.
    assert [said[hours]["status"] for hours in said] == ["unknown", "unknown", "unknown", "green"]
