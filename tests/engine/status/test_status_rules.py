"""What must hold for every decision, whatever the facts."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianfang.engine.packs import NotInForceError, Pack
from lianfang.engine.packs.kinds import KINDS
from lianfang.engine.status import Decisions, FactsError, StatusEngine, StatusFacts, delta
from lianfang.engine.status.cases import load_cases, run_cases
from lianfang.engine.status.contract import DECISIONS, EVIDENCE_TABLES, FACT_CONTRACTS, SET_ASIDE
from lianfang.engine.status.kinds import TABLE_FUNCTIONS
from tests.engine.status.facts import AS_OF, MANY_WORLDS, V9, Facts, arrow, decision_of, facts_of

SOME = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def at(hour: int, minute: int = 0, day: int = 29) -> datetime:
    return datetime(2022, 8, day, hour, minute)


def sample(sample_id: int, person: int, tube: int | None, when: datetime, **more: Any) -> dict[str, Any]:
    return {
        "sample_id": sample_id,
        "person_id": person,
        "tube_id": tube,
        "sampled_at": when,
        "recorded_at": when,
    } | more


def result(result_id: int, tube: int | None, outcome: str, when: datetime, **more: Any) -> dict[str, Any]:
    times = {"tested_at": when, "reported_at": when, "received_at": when}
    return {"result_id": result_id, "tube_id": tube, "outcome": outcome, **times} | more


PERSON = [{"person_id": 1}]
POOL = {"tube_id": 1, "capacity": 10}
SINGLE = {"tube_id": 2, "capacity": 1}


def test_every_kind_has_one_table_function() -> None:
    assert set(TABLE_FUNCTIONS) == set(KINDS)


def test_the_cases_of_v9_come_out_as_expected(engine: StatusEngine) -> None:
    outcomes = run_cases(engine, V9)
    assert len(outcomes) >= 30
    assert [(o.line, o.case.situation.en, o.difference) for o in outcomes if o.difference] == []


def test_the_cases_of_v9_show_every_rule(pack: Pack) -> None:
    shown = {rule for case, _, _ in load_cases(V9) for rule in (case.expect.rule, *case.expect.also)}
    assert {rule.id for rule in pack.rules} - shown == {"isolation_order"}


def test_a_case_with_another_expectation_is_reported(engine: StatusEngine, tmp_path: Any) -> None:
    text = (V9 / "cases.yaml").read_text("utf-8")
    wrong = text.replace("{status: unknown, rule: no_recent_result}", "{status: green, rule: negative_result}", 1)
    (tmp_path / "cases.yaml").write_text(wrong, "utf-8")
    different = [outcome for outcome in run_cases(engine, tmp_path) if outcome.difference]
    assert [outcome.line for outcome in different] == [4]


def test_without_facts_everybody_is_unknown_and_told_what_to_do(engine: StatusEngine) -> None:
    answer = engine.decide(arrow(facts_of(persons=[{"person_id": n} for n in range(3)])), AS_OF)
    for row in answer.decisions.to_pylist():
        assert (row["status"], row["rule_id"], row["next_step"]) == ("unknown", "no_recent_result", "be_sampled")
    assert answer.decisions.num_rows == 3
    assert answer.evidence.num_rows == answer.reasons.num_rows == answer.set_aside.num_rows == 0


def test_nobody_known_gives_no_decision(engine: StatusEngine) -> None:
    later = [{"person_id": 1, "known_since": AS_OF + timedelta(seconds=1)}]
    assert engine.decide(arrow(facts_of(persons=later)), AS_OF).decisions.num_rows == 0


@SOME
@given(facts=MANY_WORLDS)
def test_nobody_is_restricted_without_rule_evidence_end_appeal_and_next_step(
    engine: StatusEngine, pack: Pack, facts: Facts
) -> None:
    answer = engine.decide(arrow(facts), AS_OF)
    assert set(answer.evidence["evidence_table"].to_pylist()) <= set(EVIDENCE_TABLES)
    assert set(answer.set_aside["code"].to_pylist()) <= set(SET_ASIDE)
    facts_shown = [tuple(row.values())[:4] for row in answer.evidence.to_pylist()]
    assert len(facts_shown) == len(set(facts_shown))
    shown = {(person, rule) for person, rule, *_ in facts_shown}
    rules = {rule.id: rule for rule in pack.rules}
    stages = [stage for category in pack.categories.values() for stage in (*category.stages, category.release) if stage]
    said_by_stages = {(stage.reason, stage.next_step) for stage in stages}
    rows = answer.decisions.to_pylist()
    assert sorted(row["person_id"] for row in rows) == sorted({row["person_id"] for row in rows})
    for row in rows:
        rule = rules[row["rule_id"]]
        assert row["status"] == rule.status
        if rule.kind == "category_stage":
            assert (row["reason"], row["next_step"]) in said_by_stages
        else:
            assert (row["reason"], row["next_step"]) == (rule.reason, rule.next_step)
        assert row["since"] is None or row["since"] <= AS_OF
        assert row["until"] is None or row["until"] > AS_OF
        if row["status"] in ("yellow", "red"):
            assert row["ends_when"]
            assert row["until"] is not None or KINDS[rule.kind].ends_by_event
            assert row["appeal"]
            assert (row["person_id"], row["rule_id"]) in shown
        if row["status"] == "green":
            assert row["until"] is not None
            assert (row["person_id"], row["rule_id"]) in shown


@SOME
@given(facts=MANY_WORLDS, seed=st.integers(0, 10))
def test_the_order_of_the_rows_changes_nothing(engine: StatusEngine, facts: Facts, seed: int) -> None:
    shuffled = {name: random.Random(seed).sample(rows, len(rows)) for name, rows in facts.items()}
    first, second = engine.decide(arrow(facts), AS_OF), engine.decide(arrow(shuffled), AS_OF)
    assert (first.decisions, first.reasons) == (second.decisions, second.reasons)
    assert (first.evidence, first.set_aside) == (second.evidence, second.set_aside)
    assert first.tests_due == second.tests_due


@SOME
@given(facts=MANY_WORLDS, data=st.data())
def test_one_more_negative_result_never_makes_anybody_red(
    engine: StatusEngine, facts: Facts, data: st.DataObject
) -> None:
    tubes = sorted({row["tube_id"] for row in facts["samples"] if row["tube_id"] is not None}) or [0]
    tube = data.draw(st.sampled_from(tubes))
    when = data.draw(st.sampled_from((-30, -10, -1, 0))) * timedelta(hours=1) + AS_OF
    row = {"result_id": 10_000, "tube_id": tube, "outcome": "negative", "tested_at": when, "received_at": AS_OF}
    more = {**facts, "results": [*facts["results"], *facts_of(results=[row])["results"]]}
    before, after = engine.decide(arrow(facts), AS_OF), engine.decide(arrow(more), AS_OF)
    red_before = {row["person_id"] for row in before.decisions.to_pylist() if row["status"] == "red"}
    red_after = {row["person_id"] for row in after.decisions.to_pylist() if row["status"] == "red"}
    assert red_after <= red_before


@SOME
@given(facts=MANY_WORLDS)
def test_what_became_known_later_changes_no_past_decision(engine: StatusEngine, facts: Facts) -> None:
    past = AS_OF - timedelta(hours=2)
    forgotten = _as_known_at(facts, past)
    first, second = engine.decide(arrow(facts), past), engine.decide(arrow(forgotten), past)
    assert first.decisions == second.decisions
    assert first.evidence == second.evidence
    assert first.tests_due == second.tests_due


def _as_known_at(facts: Facts, moment: datetime) -> Facts:
    """The tables as they stood in the database at ``moment``: later rows gone, later changes not yet made."""
    known = dict.fromkeys(("samples", "cases", "obligations", "orders", "overrides"), "recorded_at")
    known |= dict.fromkeys(("exposures", "residencies", "area_levels", "person_facts"), "recorded_at")
    known["results"] = "received_at"
    past = {name: [dict(row) for row in rows] for name, rows in facts.items()}
    for name, column in known.items():
        past[name] = [row for row in past[name] if row[column] <= moment]
    received = {row["result_id"] for row in past["results"]}
    for row in [*past["samples"], *past["tubes"]]:
        if row["voided_at"] is not None and row["voided_at"] > moment:
            row["is_void"] = False
    for row in past["results"]:
        if row["superseded_by"] not in received:
            row["superseded_by"] = None
        if row["withdrawn_at"] is not None and row["withdrawn_at"] > moment:
            row["withdrawn_at"] = None
    for row in past["cases"]:
        release_known = row["release_recorded_at"] or row["released_at"]
        if release_known is not None and release_known > moment:
            row["released_at"] = None
    for row in [*past["residencies"], *past["area_levels"]]:
        end_known = row["to_recorded_at"] or row["to_at"]
        if end_known is not None and end_known > moment:
            row["to_at"] = row["to_recorded_at"] = None
    for row in [*past["exposures"], *past["person_facts"]]:
        for column in ("withdrawn_at", "closed_at"):
            if row.get(column) is not None and row[column] > moment:
                row[column] = None
    for row in [*past["orders"], *past["overrides"]]:
        if row["revoked_at"] is not None and row["revoked_at"] > moment:
            row["revoked_at"] = None
    return past


@SOME
@given(facts=MANY_WORLDS)
def test_a_person_with_tube_mates_alone_gets_the_decision_of_the_full_run(engine: StatusEngine, facts: Facts) -> None:
    full = engine.decide(arrow(facts), AS_OF)
    for person in facts["persons"][:1]:
        touched = {row["tube_id"] for row in facts["samples"] if row["person_id"] == person["person_id"]} - {None}
        some = {
            **facts,
            "persons": [person],
            "samples": [
                row for row in facts["samples"] if row["person_id"] == person["person_id"] or row["tube_id"] in touched
            ],
        }
        alone = engine.decide(arrow(some), AS_OF).decisions.to_pylist()
        assert alone == [row for row in full.decisions.to_pylist() if row["person_id"] == person["person_id"]]


@pytest.mark.parametrize(
    ("minutes", "rule"), [(14, "positive_result"), (15, "positive_result"), (16, "result_pending")]
)
def test_a_test_up_to_a_quarter_of_an_hour_before_the_swab_is_a_slow_clock(
    engine: StatusEngine, minutes: int, rule: str
) -> None:
    tested = {"tested_at": at(22) - timedelta(minutes=minutes)}
    facts = facts_of(
        persons=PERSON,
        samples=[sample(1, 1, 2, at(22))],
        tubes=[SINGLE],
        results=[result(1, 2, "positive", at(23)) | tested],
    )
    assert decision_of(engine.decide(arrow(facts), AS_OF), 1)["rule_id"] == rule


def test_a_release_counts_from_when_it_became_known_and_not_before_it_happens(engine: StatusEngine) -> None:
    case = {"case_id": 1, "person_id": 1, "recorded_at": at(6), "released_at": at(20)}
    status = {
        (known, when): decision_of(
            engine.decide(arrow(facts_of(persons=PERSON, cases=[case | {"release_recorded_at": known}])), when), 1
        )["status"]
        for known in (at(18), at(22))
        for when in (at(19), at(21), at(23))
    }
    assert [status[at(18), when] for when in (at(19), at(21), at(23))] == ["red", "unknown", "unknown"]
    assert [status[at(22), when] for when in (at(19), at(21), at(23))] == ["red", "red", "unknown"]


def test_a_positive_without_a_sample_is_settled_by_a_swab_or_by_the_release_of_the_case(engine: StatusEngine) -> None:
    named = result(1, None, "positive", at(8)) | {"person_id": 1}
    case = {"case_id": 1, "person_id": 1, "recorded_at": at(9), "released_at": at(20)}
    swab = sample(1, 1, 2, at(22))

    def rule(**tables: Any) -> str:
        facts = facts_of(persons=PERSON, results=[named], **tables)
        return str(decision_of(engine.decide(arrow(facts), AS_OF), 1)["rule_id"])

    assert rule() == "unmatched_positive"
    assert rule(cases=[case]) == "no_recent_result"
    assert rule(cases=[case | {"released_at": at(7)}]) == "unmatched_positive"
    assert rule(samples=[swab], tubes=[SINGLE]) == "result_pending"


def test_an_emergency_outranks_the_colour_and_leaves_the_reason(engine: StatusEngine) -> None:
    facts = facts_of(
        persons=PERSON,
        cases=[{"case_id": 7, "person_id": 1, "confirmed_at": at(6), "recorded_at": at(6)}],
        overrides=[{"override_id": 3, "person_id": 1, "recorded_at": at(20)}],
    )
    answer = engine.decide(arrow(facts), at(21))
    row = decision_of(answer, 1)
    assert (row["status"], row["reason"], row["is_emergency"]) == ("red", "positive_result", True)
    assert row["emergency_until"] == at(20, day=30)
    assert ("emergency_override", "override", 3) in {
        (e["rule_id"], e["evidence_table"], e["evidence_id"]) for e in answer.evidence.to_pylist()
    }
    assert not decision_of(engine.decide(arrow(facts), at(20, day=30)), 1)["is_emergency"]


def test_a_decision_carries_the_pack_and_the_moment(engine: StatusEngine) -> None:
    row = decision_of(engine.decide(arrow(facts_of(persons=PERSON)), AS_OF), 1)
    assert (row["pack_id"], row["pack_version"], row["as_of"]) == ("covid19/v9", 1, AS_OF)
    assert row["is_unverified"] is True


def test_the_words_of_a_reason_find_all_their_gaps(engine: StatusEngine, pack: Pack) -> None:
    import json

    facts = facts_of(
        persons=PERSON,
        samples=[sample(1, 1, 1, at(22)), sample(2, 2, 1, at(22))],
        tubes=[POOL],
        results=[result(1, 1, "positive", at(5, day=30))],
    )
    row = decision_of(engine.decide(arrow(facts), AS_OF), 1)
    gaps = {"since": "s", "until": row["until"].strftime("%m-%d %H:%M"), "sampled_at": "w"}
    words = pack.text("zh-Hans", "reasons", row["reason"], **gaps, **json.loads(row["params"]))
    assert "08-31 05:00" in words
    assert "24 小时" in words


def test_a_hold_and_its_release_are_seen_as_changes(engine: StatusEngine) -> None:
    facts = facts_of(
        persons=[{"person_id": 1}, {"person_id": 2}, {"person_id": 3}],
        samples=[sample(1, 1, 1, at(22)), sample(2, 2, 1, at(22)), sample(3, 1, 2, at(7, day=30))],
        tubes=[POOL, SINGLE],
        results=[result(1, 1, "positive", at(5, day=30)), result(2, 2, "negative", at(7, 30, day=30))],
    )
    evening, morning, later = (engine.decide(arrow(facts), when) for when in (at(23), at(6, day=30), AS_OF))
    held = delta(evening.decisions, morning.decisions).to_pylist()
    assert [(row["person_id"], row["change"], row["is_worse"], row["status"]) for row in held] == [
        (1, "status", True, "yellow"),
        (2, "status", True, "yellow"),
    ]
    released = delta(morning.decisions, later.decisions).to_pylist()
    assert [(row["person_id"], row["change"], row["is_worse"], row["status"]) for row in released] == [
        (1, "status", False, "green")
    ]
    assert delta(later.decisions, later.decisions).num_rows == 0


def test_the_first_run_counts_restrictions_as_worse_than_unknown(engine: StatusEngine) -> None:
    cases = [{"case_id": 7, "person_id": 1, "confirmed_at": at(6), "recorded_at": at(6)}]
    facts = facts_of(persons=[{"person_id": 1}, {"person_id": 2}], cases=cases)
    now = engine.decide(arrow(facts), AS_OF).decisions
    first = delta(DECISIONS.empty(), now).to_pylist()
    assert [(row["change"], row["is_worse"]) for row in first] == [("appeared", True), ("appeared", False)]
    last = delta(now, DECISIONS.empty()).to_pylist()
    assert [(row["change"], row["is_worse"], row["status"]) for row in last] == [("gone", False, None)] * 2


def test_a_pack_decides_only_while_it_is_in_force(engine: StatusEngine) -> None:
    facts = arrow(facts_of(persons=PERSON))
    assert engine.decide(facts, datetime(2022, 11, 10, 23, 59, 59)).decisions.num_rows == 1
    for outside in (datetime(2022, 6, 27, 23, 59, 59), datetime(2022, 11, 11)):
        with pytest.raises(NotInForceError, match="covid19/v9"):
            engine.decide(facts, outside)


@pytest.mark.parametrize(
    ("table", "rows", "message"),
    [
        ("samples", [{"sample_id": 1, "person_id": 1}], r"samples\.recorded_at: 1 rows without a value"),
        ("persons", [{"person_id": 1}, {"person_id": 1}], r"persons\.person_id: 1 rows repeat"),
        ("results", [result(1, 1, "阴性", AS_OF)], r"results\.outcome: \['阴性'\]"),
        ("tubes", [{"tube_id": -1}], r"tubes\.tube_id: -1 is negative"),
        (
            "obligations",
            [{"round_id": 1, "person_id": 1, "ended_at": AS_OF, "recorded_at": AS_OF}] * 2,
            "obligations.*1 rows repeat",
        ),
    ],
)
def test_facts_that_break_the_contract_are_refused_by_name(
    engine: StatusEngine, table: str, rows: list[dict[str, Any]], message: str
) -> None:
    facts = facts_of(**{"persons": PERSON, table: rows})
    with pytest.raises(FactsError, match=message):
        engine.decide(arrow(facts), AS_OF)


def test_an_empty_result_cannot_be_given_as_a_result(engine: StatusEngine) -> None:
    facts = facts_of(persons=PERSON, results=[result(1, 1, "negative", AS_OF) | {"outcome": None}])
    with pytest.raises(FactsError, match=r"results\.outcome"):
        engine.decide(arrow(facts), AS_OF)


def test_an_instant_with_a_zone_is_refused(engine: StatusEngine) -> None:
    from datetime import UTC

    with pytest.raises(ValueError, match="without a zone"):
        engine.decide(arrow(facts_of(persons=PERSON)), AS_OF.replace(tzinfo=UTC))


def test_one_decision_leaves_nothing_behind_for_the_next(engine: StatusEngine) -> None:
    cases = [{"case_id": 7, "person_id": 1, "confirmed_at": at(6), "recorded_at": at(6)}]
    engine.decide(arrow(facts_of(persons=PERSON, cases=cases)), AS_OF)
    assert decision_of(engine.decide(arrow(facts_of(persons=PERSON)), AS_OF), 1)["status"] == "unknown"


def test_absent_tables_and_columns_are_nothing_known(engine: StatusEngine) -> None:
    facts = StatusFacts(persons=pa.table({"person_id": pa.array([1], pa.int32())}))
    assert decision_of(engine.decide(facts, AS_OF), 1)["rule_id"] == "no_recent_result"


def test_many_threads_may_share_one_engine(engine: StatusEngine) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def ask(person: int) -> tuple[int, str]:
        cases = [{"case_id": 7, "person_id": person, "confirmed_at": at(6), "recorded_at": at(6)}]
        facts = facts_of(persons=[{"person_id": person}], cases=cases if person % 2 else [])
        answer: Decisions = engine.decide(arrow(facts), AS_OF)
        (row,) = answer.decisions.to_pylist()
        return row["person_id"], row["status"]

    with ThreadPoolExecutor(4) as pool:
        answers = dict(pool.map(ask, range(12)))
    assert answers == {person: "red" if person % 2 else "unknown" for person in range(12)}


def test_every_contract_names_its_key_first() -> None:
    assert [contract.columns[0].name for contract in FACT_CONTRACTS.values()] == [
        "person_id",
        "sample_id",
        "tube_id",
        "result_id",
        "case_id",
        "round_id",
        "order_id",
        "override_id",
        "exposure_id",
        "person_id",
        "place_id",
        "level_id",
        "person_fact_id",
    ]
