"""The engine says what a second implementation, written by hand and sharing no code, says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianfang.engine.packs import Pack
from lianfang.engine.packs.model import Limit
from lianfang.engine.status import Decisions, StatusEngine
from lianfang.engine.status import engine as engine_module
from tests.engine.status.facts import AS_OF, MANY_WORLDS, Facts, apart, arrow, plausible, together
from tests.engine.status.oracle_people import PeopleOracle

MANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def said(answer: Decisions) -> dict[int, list[tuple[object, ...]]]:
    """Per person what holds, weightiest first: rule, reason, missing fact, status, since, until, swab."""
    people: dict[int, list[tuple[object, ...]]] = {}
    for row in [*answer.decisions.to_pylist(), *answer.reasons.to_pylist()]:
        fact = json.loads(row["params"]).get("fact")
        rest = (row["status"], row["since"], row["until"], row["sampled_at"])
        people.setdefault(row["person_id"], []).append((row["rule_id"], row["reason"], fact, *rest))
    return people


def compare(engine: StatusEngine, pack: Pack, facts: Facts, as_of: datetime, chain: tuple[Pack, ...] = ()) -> Decisions:
    """Everything that the engine gives out is what the oracle says, world by world."""
    answer = engine.decide(arrow(facts), as_of)
    people = said(answer)
    evidence: dict[int, set[tuple[str, str, int]]] = {person: set() for person in people}
    for row in answer.evidence.to_pylist():
        if row["evidence_table"] != "override":
            evidence[row["person_id"]].add((row["rule_id"], row["evidence_table"], row["evidence_id"]))
    categories = set(pack.categories).union(*(each.categories for each in chain))
    due: dict[int, set[tuple[object, ...]]] = {person: set() for person in people}
    for row in answer.tests_due.to_pylist():
        if row["rule_or_category"] in categories:
            due[row["person_id"]].add((row["rule_or_category"], row["stage"], row["due_on"], row["state"]))
    emergencies = {row["person_id"]: row["emergency_until"] for row in answer.decisions.to_pylist()}
    results_aside: set[tuple[str, int, int | None, str]] = set()
    seen = 0
    for world in apart(facts):
        oracle = PeopleOracle(world, pack, as_of, chain)
        results_aside |= oracle.set_aside
        for person in (p["person_id"] for p in world["persons"]):
            if person not in people:
                continue
            seen += 1
            assert people[person] == oracle.say(person)
            assert evidence[person] == oracle.shown(person)
            assert due[person] == oracle.tests(person)
            assert emergencies[person] == oracle.emergency(person)
    known = [p for p in facts["persons"] if p["known_since"] is None or p["known_since"] <= as_of]
    assert len(known) == len(people) == seen
    given = {
        (row["evidence_table"], row["evidence_id"], row["person_id"], row["code"])
        for row in answer.set_aside.to_pylist()
        if row["evidence_table"] == "result"
    }
    assert given == results_aside
    return answer


@MANY
@given(facts=MANY_WORLDS, hours=st.sampled_from((-48, -24, -1, 0, 0, 0, 6)))
def test_generated_facts_are_decided_as_by_hand(engine: StatusEngine, pack: Pack, facts: Facts, hours: int) -> None:
    compare(engine, pack, facts, AS_OF + timedelta(hours=hours))


@pytest.mark.parametrize("hours", [0, -3, 20])
def test_four_hundred_plausible_worlds_reach_every_rule_and_are_decided_as_by_hand(
    engine: StatusEngine, pack: Pack, hours: int
) -> None:
    facts = together([plausible(seed) for seed in range(400)])
    as_of = AS_OF + timedelta(hours=hours)
    compare(engine, pack, facts, as_of)
    deciding = set(engine.decide(arrow(facts), as_of).decisions["rule_id"].to_pylist())
    assert deciding == {rule.id for rule in pack.rules}


@pytest.fixture(scope="module")
def bulk_engine(pack: Pack) -> Iterator[StatusEngine]:
    before, engine_module._FEW_ROWS = engine_module._FEW_ROWS, -1
    with StatusEngine(pack, threads=2) as opened:
        yield opened
    engine_module._FEW_ROWS = before


@settings(MANY, max_examples=10)
@given(facts=MANY_WORLDS)
def test_the_plans_for_many_rows_decide_the_same(bulk_engine: StatusEngine, pack: Pack, facts: Facts) -> None:
    compare(bulk_engine, pack, facts, AS_OF)


@pytest.fixture(scope="module")
def other_pack(pack: Pack) -> Pack:
    """Everything that v9 leaves at its default turned the other way."""
    changed = []
    for rule in pack.rules:
        if rule.kind == "positive_pool_hold":
            rule = rule.model_copy(
                update={
                    "pool_results": ("positive", "indeterminate"),
                    "until": Limit(at_most="hold_hours", counted_from=("reported_at",)),
                }
            )
        elif rule.kind == "contradicting_results":
            rule = rule.model_copy(update={"status": "unknown", "until": None})
        elif rule.kind == "negative_result":
            limit = Limit(at_most="certificate_hours", counted_from=("sampled_at", "reported_at"))
            rule = rule.model_copy(update={"until": limit})
        elif rule.kind == "test_overdue":
            limit = Limit(at_most="hold_hours", counted_from=("recorded_at",))
            rule = rule.model_copy(update={"status": "yellow", "until": limit, "priority": 350})
        changed.append(rule)
    return dataclasses.replace(pack, rules=tuple(changed))


@pytest.fixture(scope="module")
def other_engine(other_pack: Pack) -> Iterator[StatusEngine]:
    with StatusEngine(other_pack, threads=1) as opened:
        yield opened


@settings(MANY, max_examples=15)
@given(facts=MANY_WORLDS)
def test_a_pack_with_other_choices_is_decided_as_by_hand(
    other_engine: StatusEngine, other_pack: Pack, facts: Facts
) -> None:
    compare(other_engine, other_pack, facts, AS_OF)
