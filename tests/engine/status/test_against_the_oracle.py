"""The engine says what a second implementation, written by hand and sharing no code, says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianfang.engine.packs import Pack
from lianfang.engine.packs.model import Limit
from lianfang.engine.status import Decisions, StatusEngine
from lianfang.engine.status import engine as engine_module
from tests.engine.status.facts import AS_OF, MANY_WORLDS, Facts, arrow, plausible, together
from tests.engine.status.oracle import Oracle

MANY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def said(answer: Decisions) -> dict[int, list[tuple[object, ...]]]:
    """Per person the ranked reasons, each with status, since, until, swab and evidence."""
    evidence: dict[tuple[int, str], set[tuple[str, int]]] = {}
    for row in answer.evidence.to_pylist():
        pair = (row["evidence_table"], row["evidence_id"])
        evidence.setdefault((row["person_id"], row["rule_id"]), set()).add(pair)
    people: dict[int, list[tuple[object, ...]]] = {}
    for row in [*answer.decisions.to_pylist(), *answer.reasons.to_pylist()]:
        facts = frozenset(evidence.get((row["person_id"], row["rule_id"]), set()))
        reason = (row["status"], row["since"], row["until"], row["sampled_at"], facts)
        people.setdefault(row["person_id"], []).append((row["rule_id"], reason))
    return people


def compare(engine: StatusEngine, pack: Pack, facts: Facts, as_of: datetime) -> None:
    answer = engine.decide(arrow(facts), as_of)
    oracle = Oracle(facts, pack, as_of)
    known = [p["person_id"] for p in facts["persons"] if p["known_since"] is None or p["known_since"] <= as_of]
    assert said(answer) == {person: oracle.decide(person) for person in known}
    emergencies = {row["person_id"]: row["emergency_until"] for row in answer.decisions.to_pylist()}
    assert emergencies == {person: oracle.emergency(person) for person in known}
    results_aside = {
        (row["evidence_table"], row["evidence_id"], row["person_id"], row["code"])
        for row in answer.set_aside.to_pylist()
        if row["evidence_table"] == "result"
    }
    assert results_aside == oracle.set_aside


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


@settings(MANY, max_examples=25)
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


@settings(MANY, max_examples=40)
@given(facts=MANY_WORLDS)
def test_a_pack_with_other_choices_is_decided_as_by_hand(
    other_engine: StatusEngine, other_pack: Pack, facts: Facts
) -> None:
    compare(other_engine, other_pack, facts, AS_OF)
