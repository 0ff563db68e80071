"""Every rule that was considered for a person, with its outcome and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lianfang.engine.packs import Pack
from lianfang.engine.status import StatusEngine
from lianfang.engine.status.contract_people import CONSIDERED_OUTCOMES, WHY
from tests.engine.status.facts import AS_OF, arrow, facts_of, plausible, together, wild
from tests.engine.status.test_people_rules import PERSON, exposure, guarded, on_day, swab

__all__ = ["guarded"]


def considered(engine: StatusEngine, when: Any, **tables: Any) -> dict[str, tuple[str, str]]:
    answer = engine.decide(arrow(facts_of(persons=PERSON, **tables)), when, considers=True)
    return {row["rule_id"]: (row["outcome"], row["why"]) for row in answer.considered.to_pylist()}


@pytest.mark.parametrize("make", [wild, plausible])
def test_every_rule_is_said_once_of_everybody_and_agrees_with_the_decision(guarded: Pack, make: Any) -> None:
    with StatusEngine(guarded, threads=1) as engine:
        facts = arrow(together([make(seed) for seed in range(80)]))
        answer, plain = engine.decide(facts, AS_OF, considers=True), engine.decide(facts, AS_OF)
    assert answer.decisions == plain.decisions
    assert plain.considered.num_rows == 0
    rows = answer.considered.to_pylist()
    people = answer.decisions["person_id"].to_pylist()
    rules = sorted(rule.id for rule in guarded.rules)
    assert sorted((row["person_id"], row["rule_id"]) for row in rows) == sorted((p, r) for p in people for r in rules)
    assert {row["outcome"] for row in rows} == set(CONSIDERED_OUTCOMES)
    assert {row["why"] for row in rows} <= set(WHY)
    assert all(row["ended_at"] is None or row["ended_at"] <= AS_OF for row in rows)
    deciding = {(row["person_id"], row["rule_id"]) for row in answer.decisions.to_pylist()}
    others = {(row["person_id"], row["rule_id"]) for row in answer.reasons.to_pylist()} - deciding
    by_outcome: dict[str, set[tuple[int, str]]] = {}
    for row in rows:
        by_outcome.setdefault(row["outcome"], set()).add((row["person_id"], row["rule_id"]))
    holding = by_outcome["applied"] | by_outcome["outranked"] | by_outcome["unknown"]
    assert holding == deciding | others
    assert by_outcome["applied"] <= deciding
    assert {row["fact"] is not None for row in rows if row["outcome"] == "unknown"} == {True}


def test_what_ended_is_said_with_what_ended_it(engine: StatusEngine) -> None:
    said = considered(engine, on_day(11), exposures=[exposure()], **swab(1, on_day(3), "negative"))
    assert said["category_isolation"] == ("ended", "stage_ended")
    assert said["negative_result"] == ("ended", "certificate_expired")
    assert said["result_pending"] == ("ended", "result_received")
    assert said["category_release"] == ("applied", "decides")
    assert said["positive_result"] == ("not_met", "nothing_known")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"revoked_at": on_day(2)}, ("ended", "order_revoked")),
        ({"ends_at": on_day(2)}, ("ended", "order_ended")),
        ({"ends_at": on_day(30), "starts_at": on_day(-8)}, ("ended", "limit_reached")),
        ({"starts_at": on_day(4)}, ("not_met", "not_begun")),
        ({}, ("applied", "decides")),
    ],
)
def test_an_order_is_ended_revoked_over_its_limit_or_not_begun(
    engine: StatusEngine, columns: dict[str, Any], expected: tuple[str, str]
) -> None:
    order = {"order_id": 1, "person_id": 1, "rule_id": "isolation_order", "reason": "密接", "proposed_by": 1}
    order |= {"approved_by": 2, "starts_at": on_day(0), "ends_at": on_day(6), "recorded_at": on_day(-9)}
    assert considered(engine, on_day(3), orders=[order | columns])["isolation_order"] == expected


def test_a_closed_exposure_a_lowered_level_and_a_later_trouble_are_told_apart(engine: StatusEngine) -> None:
    closed = considered(engine, on_day(3), exposures=[exposure(closed_at=on_day(2))])
    assert closed["category_isolation"] == ("ended", "exposure_closed")
    level = {"level_id": 1, "place_id": 1, "level": "high", "from_at": on_day(0), "recorded_at": on_day(0)}
    home = {"person_id": 1, "place_id": 1, "recorded_at": on_day(0)}
    place = {"place_id": 1, "ancestor_id": 1}
    areas = {"residencies": [home], "place_ancestors": [place], "area_levels": [level | {"to_at": on_day(2)}]}
    assert considered(engine, on_day(3), **areas)["area_high"] == ("ended", "level_lowered")
    both = {
        name: [*swab(1, on_day(1), "negative")[name], *swab(2, on_day(2), "positive")[name]]
        for name in swab(1, on_day(1), "negative")
    }
    said = considered(engine, on_day(2) + timedelta(hours=5), **both)
    assert (said["positive_result"], said["negative_result"]) == (("applied", "decides"), ("not_met", "later_trouble"))
