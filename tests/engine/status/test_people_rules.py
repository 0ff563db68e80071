"""Categories with stages, areas, guards, tests that fall due, and changes of the pack in the middle."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from lianfang.engine.packs import Pack, load_pack
from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.model import Limit, Transition
from lianfang.engine.status import Decisions, StatusEngine
from lianfang.engine.status.transitions import Transitions
from tests.engine.status.facts import AS_OF, V9, Facts, arrow, decision_of, facts_of, plausible, together, wild
from tests.engine.status.oracle_people import PeopleOracle, midnight
from tests.engine.status.test_against_the_oracle import compare

PERSON = [{"person_id": 1}]
DAY_0 = date(2022, 8, 20)
SEVERITY = {"green": 0, "unknown": 1, "yellow": 2, "red": 3}


def exposure(day_0: date = DAY_0, known: datetime | None = None, **more: Any) -> dict[str, Any]:
    row = {"exposure_id": 1, "person_id": 1, "category": "close_contact", "anchor_on": day_0}
    return row | {"recorded_at": known or midnight(day_0) + timedelta(hours=12)} | more


def on_day(day: int, hour: int = 8) -> datetime:
    return midnight(DAY_0, day) + timedelta(hours=hour)


def swab(number: int, when: datetime, outcome: str | None = None, person: int = 1) -> dict[str, list[dict[str, Any]]]:
    taken = {"sample_id": number, "person_id": person, "tube_id": number, "sampled_at": when, "recorded_at": when}
    tables: dict[str, list[dict[str, Any]]] = {"samples": [taken], "tubes": [{"tube_id": number, "capacity": 1}]}
    if outcome:
        done = when + timedelta(hours=3)
        times = {"tested_at": done, "reported_at": done, "received_at": done}
        tables["results"] = [{"result_id": number, "tube_id": number, "outcome": outcome, **times}]
    return tables


def joined(*tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    names = {name for each in tables for name in each}
    return {name: [row for each in tables for row in each.get(name, [])] for name in names}


def said(engine: StatusEngine, when: datetime, person: int = 1, **tables: Any) -> tuple[Any, ...]:
    given = {"persons": PERSON} | tables
    row = decision_of(engine.decide(arrow(facts_of(**given)), when), person)
    return row["status"], row["reason"], row["since"], row["until"]


# ---------------------------------------------------------------------- stages


@pytest.mark.parametrize(
    ("day", "hour", "status"),
    [(0, 23, "unknown"), (1, 0, "red"), (7, 23, "red"), (8, 0, "yellow"), (10, 23, "yellow"), (11, 0, "unknown")],
)
def test_day_0_is_the_anchor_and_stages_run_from_midnight_to_midnight(
    engine: StatusEngine, day: int, hour: int, status: str
) -> None:
    assert said(engine, on_day(day, hour), exposures=[exposure()])[0] == status


def test_what_becomes_known_late_restricts_nobody_in_the_past(engine: StatusEngine) -> None:
    known = on_day(4, 15)
    assert said(engine, known - timedelta(seconds=1), exposures=[exposure(known=known)])[0] == "unknown"
    late = said(engine, known, exposures=[exposure(known=known)])
    assert late == ("red", "contact_central", known, midnight(DAY_0, 8))
    over = on_day(12)
    assert said(engine, over, exposures=[exposure(known=over)])[1] == "no_recent_result"


def test_a_withdrawn_or_closed_exposure_ends_when_that_became_known(engine: StatusEngine) -> None:
    for column in ("withdrawn_at", "closed_at"):
        rows = [exposure(**{column: on_day(3)})]
        assert said(engine, on_day(3) - timedelta(seconds=1), exposures=rows)[0] == "red"
        assert said(engine, on_day(3), exposures=rows)[0] == "unknown"


def test_of_several_exposures_the_strictest_and_longest_wins_and_both_are_shown(engine: StatusEngine) -> None:
    later = exposure(DAY_0 + timedelta(days=3), exposure_id=2)
    facts = arrow(facts_of(persons=PERSON, exposures=[exposure(), later]))
    answer = engine.decide(facts, on_day(5))
    assert decision_of(answer, 1)["until"] == midnight(DAY_0, 11)
    assert [row["evidence_id"] for row in answer.evidence.to_pylist()] == [1, 2]
    answer = engine.decide(facts, on_day(9))
    assert [row["status"] for row in (decision_of(answer, 1), *answer.reasons.to_pylist())] == ["red", "yellow"]


@pytest.mark.parametrize("outcome", [None, "positive", "invalid"])
def test_neither_a_missing_nor_a_bad_test_lengthens_a_stage(engine: StatusEngine, outcome: str | None) -> None:
    tables = joined({"exposures": [exposure()]}, swab(1, on_day(10), outcome) if outcome else {})
    answer = engine.decide(arrow(facts_of(persons=PERSON, **tables)), on_day(11))
    held = [decision_of(answer, 1), *answer.reasons.to_pylist()]
    assert not [row for row in held if row["rule_id"] in ("category_isolation", "category_monitoring")]
    assert any(row["rule_id"] == "category_release" and row["since"] == midnight(DAY_0, 11) for row in held)


def test_the_last_test_negative_releases_and_an_earlier_one_does_not(engine: StatusEngine) -> None:
    for day, reason in ((9, "last_test_missing"), (10, "negative_result")):
        tables = joined({"exposures": [exposure()]}, swab(1, on_day(day, 9), "negative"))
        assert said(engine, on_day(11, 1), **tables)[1] == reason


# ---------------------------------------------------------------------- tests that fall due


def test_tests_of_a_stage_are_due_on_their_day_done_by_a_swab_of_that_day_and_else_overdue(
    engine: StatusEngine,
) -> None:
    swabs = [swab(1, midnight(DAY_0, 1)), swab(2, midnight(DAY_0, 3) - timedelta(seconds=1))]
    facts = facts_of(persons=PERSON, **joined({"exposures": [exposure()]}, *swabs))
    rows = engine.decide(arrow(facts), midnight(DAY_0, 4)).tests_due.to_pylist()
    states = [((row["due_on"] - DAY_0).days, row["state"], row["evidence_table"]) for row in rows]
    assert states == [
        (1, "done", "sample"),
        (2, "done", "sample"),
        (3, "overdue", "exposure"),
        (5, "due", "exposure"),
        (7, "due", "exposure"),
        (10, "due", "exposure"),
    ]


def test_no_test_is_asked_of_days_before_the_exposure_was_known(engine: StatusEngine) -> None:
    facts = facts_of(persons=PERSON, exposures=[exposure(known=on_day(3))])
    rows = engine.decide(arrow(facts), on_day(3)).tests_due.to_pylist()
    assert [(row["due_on"] - DAY_0).days for row in rows] == [3, 5, 7, 10]


@pytest.mark.parametrize(
    ("days_after", "state", "due"),
    [(0, "done", 4), (3, "done", 4), (4, "due", 4), (5, "overdue", 4)],
)
def test_a_group_that_is_tested_every_four_days_is_counted_from_the_last_swab(
    engine: StatusEngine, days_after: int, state: str, due: int
) -> None:
    courier = {"person_fact_id": 1, "person_id": 1, "fact": "occupation", "word": "courier", "recorded_at": on_day(-9)}
    facts = facts_of(persons=PERSON, person_facts=[courier], **swab(1, on_day(0)))
    (row,) = engine.decide(arrow(facts), on_day(days_after)).tests_due.to_pylist()
    assert (row["rule_or_category"], row["state"], row["due_on"]) == (
        "twice_weekly_posts",
        state,
        DAY_0 + timedelta(days=due),
    )


# ---------------------------------------------------------------------- areas


def level(**more: Any) -> dict[str, Any]:
    return {"level_id": 5, "place_id": 11, "level": "high", "from_at": on_day(1), "recorded_at": on_day(1)} | more


HOME = {
    "residencies": [{"person_id": 1, "place_id": 10, "recorded_at": on_day(-9)}],
    "place_ancestors": [{"place_id": 10, "ancestor_id": 10}, {"place_id": 10, "ancestor_id": 11}],
}


def test_who_lives_under_a_level_has_its_status_until_it_is_lowered(engine: StatusEngine) -> None:
    lowered = level(to_at=on_day(4), to_recorded_at=on_day(3))
    at = {day: said(engine, on_day(day), area_levels=[lowered], **HOME) for day in (0, 1, 2, 3, 4)}
    assert [at[day][0] for day in at] == ["unknown", "yellow", "yellow", "yellow", "unknown"]
    assert [at[day][3] for day in (1, 2, 3)] == [None, None, on_day(4)]


def test_an_area_lowered_yesterday_and_recorded_today_held_until_today(engine: StatusEngine) -> None:
    late = level(to_at=on_day(3), to_recorded_at=on_day(4))
    assert said(engine, on_day(3, 12), area_levels=[late], **HOME)[0] == "yellow"
    assert said(engine, on_day(4), area_levels=[late], **HOME)[0] == "unknown"


def test_who_moved_out_is_free_from_when_that_became_known(engine: StatusEngine) -> None:
    (home,) = HOME["residencies"]
    left = HOME | {"residencies": [home | {"to_at": on_day(2), "to_recorded_at": on_day(3)}]}
    at = {day: said(engine, on_day(day, 12), area_levels=[level()], **left)[0] for day in (1, 2, 3)}
    assert at == {1: "yellow", 2: "yellow", 3: "unknown"}
    # Known beforehand, the day is the end that is told.
    moves = HOME | {"residencies": [home | {"to_at": on_day(4), "to_recorded_at": on_day(1)}]}
    assert said(engine, on_day(2), area_levels=[level(to_at=on_day(6), to_recorded_at=on_day(1))], **moves)[
        3
    ] == on_day(4)


# ---------------------------------------------------------------------- guards

AGE = {"fact": "age_years", "at_least": 3}
FRESH = {"fact": "vaccinated_within_hours", "at_most": 48}
PREGNANT = {"fact": "is_pregnant", "is": True}


@pytest.fixture(scope="module")
def guarded(pack: Pack) -> Pack:
    """v9 with a guard of every shape before rules of every colour, and a limit on high areas' rule."""
    guards = {
        "category_isolation": {"any": [AGE, {"not": PREGNANT}]},
        "area_high": {"all": [AGE, {"not": FRESH}]},
        "negative_result": {"not": {"all": [FRESH, PREGNANT]}},
        "positive_pool_hold": {"fact": "occupation", "is": "courier"},
        "isolation_order": AGE,
    }
    changed = [
        rule.model_copy(update={"when": Guard.model_validate_json(json.dumps(guards[rule.id]))})
        if rule.id in guards
        else rule
        for rule in pack.rules
    ]
    limit = Limit(at_most="home_monitoring_days", counted_from=("starts_at",))
    limited = [rule.model_copy(update={"until": limit}) if rule.id == "area_high" else rule for rule in changed]
    return dataclasses.replace(pack, rules=tuple(limited))


@pytest.mark.parametrize("make", [wild, plausible])
def test_guards_are_decided_as_by_hand(guarded: Pack, make: Any) -> None:
    with StatusEngine(guarded, threads=1) as engine:
        facts = together([make(seed) for seed in range(150)])
        answer = compare(engine, guarded, facts, AS_OF)
    if make is wild:
        missing = [row for row in answer.decisions.to_pylist() if row["reason"] == "fact_missing"]
        assert {row["rule_id"] for row in missing} >= {"category_isolation", "area_high"}
        assert {row["status"] for row in missing} == {"unknown"}


def _without_a_fact(facts: Facts, number: int) -> Facts:
    return {**facts, "person_facts": [row for row in facts["person_facts"] if row["person_fact_id"] != number]}


def test_one_fact_less_turns_no_answer_of_a_guard_round_but_only_unknown(guarded: Pack) -> None:
    known = {"recorded_at": on_day(-9)}
    born = {"person_fact_id": 1, "person_id": 1, "fact": "born", "from_at": datetime(2021, 1, 1)} | known
    with_child = {"person_fact_id": 2, "person_id": 1, "fact": "is_pregnant", "number": 1.0} | known
    full = facts_of(persons=PERSON, exposures=[exposure()], person_facts=[born, with_child])
    with StatusEngine(guarded, threads=1) as engine:
        both = decision_of(engine.decide(arrow(full), on_day(3)), 1)
        less = [decision_of(engine.decide(arrow(_without_a_fact(full, n)), on_day(3)), 1) for n in (1, 2)]
    assert both["rule_id"] == "no_recent_result"  # a pregnant child under three: the guard is false
    assert [(row["status"], row["reason"]) for row in less] == [("unknown", "fact_missing")] * 2
    assert ['"fact": "age_years"' in less[0]["params"], '"fact": "is_pregnant"' in less[1]["params"]] == [True, True]


@pytest.mark.parametrize(
    ("born", "is_three"),
    [(date(2019, 8, 30), True), (date(2019, 8, 31), False), (date(2020, 2, 29), False), (date(2000, 2, 29), True)],
)
def test_age_counts_birthdays(guarded: Pack, born: date, is_three: bool) -> None:
    rows = [{"person_fact_id": 1, "person_id": 1, "fact": "born", "from_at": midnight(born), "recorded_at": on_day(1)}]
    rows.append({"person_fact_id": 2, "person_id": 1, "fact": "is_pregnant", "number": 1.0, "recorded_at": on_day(1)})
    with StatusEngine(guarded, threads=1) as engine:
        given = exposure(date(2022, 8, 25))
        status = said(engine, datetime(2022, 8, 30, 8), exposures=[given], person_facts=rows)[0]
    assert status == ("red" if is_three else "unknown")


# ---------------------------------------------------------------------- a change of the pack in the middle

V8 = V9.parent / "v8"
TWENTY = V9.parent / "v9+20"


@pytest.fixture(scope="module")
def v8() -> Pack:
    return load_pack(V8)


def with_transition(pack: Pack, rule: str) -> Pack:
    transition = Transition(rule=rule, reference="a test", grade="D", unverified=True)  # type: ignore[arg-type]
    return dataclasses.replace(pack, manifest=pack.manifest.model_copy(update={"transition": transition}))


def _opened_before(facts: Facts) -> Facts:
    """The same, with two of three exposures and orders opened under v8."""
    for name, key in (("exposures", "exposure_id"), ("orders", "order_id")):
        for row in facts[name]:
            row["opened_under"] = "covid19/v8" if row[key] % 3 else row["opened_under"]
    return facts


@pytest.mark.parametrize("rule", ["keep", "convert", "re-evaluate"])
def test_what_was_opened_under_the_pack_before_is_decided_as_by_hand(pack: Pack, v8: Pack, rule: str) -> None:
    changed = with_transition(pack, rule)
    facts = _opened_before(together([wild(seed) for seed in range(120)]))
    with StatusEngine(changed, superseded=[v8], threads=1) as engine:
        answer = compare(engine, changed, facts, AS_OF, (v8,))
    opened = {row["opened_under"] for row in answer.evidence.to_pylist()}
    assert "covid19/v8" in opened
    kept = {row["rule_id"] for row in answer.decisions.to_pylist() if row["rule_id"].startswith("covid19/v8:")}
    assert bool(kept) == (rule == "keep")


def _worst_days(pack: Pack, superseded: list[Pack], facts: Facts, person: int) -> list[int]:
    with StatusEngine(pack, superseded=superseded, threads=1) as engine:
        return [SEVERITY[decision_of(engine.decide(arrow(facts), on_day(day)), person)["status"]] for day in range(25)]


def test_re_evaluated_nobody_is_held_longer_than_before(pack: Pack, v8: Pack) -> None:
    longer = {name: parameter for name, parameter in v8.parameters.items() if name in pack.parameters}
    stretched = with_transition(dataclasses.replace(pack, parameters={**pack.parameters, **longer}), "re-evaluate")
    before = dataclasses.replace(
        pack, manifest=pack.manifest.model_copy(update={"id": "covid19/v8", "supersedes": None})
    )
    own = facts_of(persons=PERSON, exposures=[exposure()])
    opened = facts_of(persons=PERSON, exposures=[exposure(opened_under="covid19/v8")])
    anew = _worst_days(stretched, [before], own, 1)
    held = _worst_days(stretched, [before], opened, 1)
    as_before = _worst_days(pack, [], own, 1)
    assert sum(day > 1 for day in anew) > sum(day > 1 for day in as_before)  # the pack of now is longer
    assert held == as_before


def test_re_evaluated_what_is_heavier_than_anything_before_ends_when_that_ended(pack: Pack) -> None:
    contact = pack.categories["close_contact"]
    lighter = tuple(stage.model_copy(update={"status": "yellow"}) for stage in contact.stages[:1])
    milder = {**pack.categories, "close_contact": contact.model_copy(update={"stages": lighter})}
    manifest = pack.manifest.model_copy(update={"id": "covid19/v8", "supersedes": None})
    before = dataclasses.replace(pack, categories=milder, manifest=manifest)
    rows = facts_of(persons=PERSON, exposures=[exposure(opened_under="covid19/v8")])
    held = _worst_days(with_transition(pack, "re-evaluate"), [before], rows, 1)
    assert [day for day in range(25) if held[day] == SEVERITY["red"]] == list(range(1, 8))
    assert not any(held[day] > SEVERITY["unknown"] for day in range(8, 25))


def test_an_order_given_two_days_before_a_change_lives_through_it_and_both_packs_are_shown(pack: Pack) -> None:
    twenty = load_pack(TWENTY)
    given = datetime(2022, 11, 9, 10)
    order = {"order_id": 1, "person_id": 1, "rule_id": "isolation_order", "reason": "密接", "proposed_by": 1}
    order |= {"approved_by": 2, "starts_at": given, "ends_at": datetime(2022, 11, 16), "recorded_at": given}
    facts = arrow(facts_of(persons=PERSON, orders=[order | {"opened_under": "covid19/v9"}]))
    later = datetime(2022, 11, 11, 12)
    answers: dict[str, Decisions] = {}
    for rule in ("keep", "convert", "re-evaluate"):
        with StatusEngine(with_transition(twenty, rule), superseded=[pack], threads=1) as engine:
            answers[rule] = engine.decide(facts, later)
    untils = {rule: decision_of(answer, 1)["until"] for rule, answer in answers.items()}
    assert {decision_of(answer, 1)["status"] for answer in answers.values()} == {"red"}
    assert untils["keep"] == datetime(2022, 11, 16)
    assert untils["convert"] == untils["re-evaluate"] == given + timedelta(days=5)
    for rule, answer in answers.items():
        (fact,) = answer.evidence.to_pylist()
        assert (fact["evidence_table"], fact["opened_under"]) == ("order", "covid19/v9")
        row = decision_of(answer, 1)
        assert row["pack_id"] == "covid19/v9+20"
        assert row["rule_id"] == ("covid19/v9:isolation_order" if rule == "keep" else "isolation_order")


def test_several_changes_are_walked_one_after_the_other(pack: Pack, v8: Pack) -> None:
    twenty, as_of = load_pack(TWENTY), datetime(2022, 11, 12)
    seen = set()
    for first in ("keep", "convert", "re-evaluate"):
        for second in ("keep", "convert", "re-evaluate"):
            chain = (with_transition(twenty, second), with_transition(pack, first), v8)
            oracle = PeopleOracle(facts_of(), chain[0], as_of, chain[1:])
            for (opened, category), plan in Transitions(chain, as_of).category_plans().items():
                stages = () if plan is None else plan.stages
                days = [
                    (each.pack.id, each.stage.stage.id) for each in stages for _ in range(each.first_day, each.end_day)
                ]
                index = next(n for n, each in enumerate(chain) if each.id == (opened or "covid19/v9+20"))
                by_hand = oracle._days(0, index, category)
                assert days == [(chain[by].id, stage.stage.id) for by, stage in by_hand]
                seen |= {name for name, _ in days if opened == "covid19/v8"}
    assert seen == {"covid19/v8", "covid19/v9", "covid19/v9+20"}


def test_what_was_opened_under_a_pack_that_nobody_gave_is_set_aside_with_a_reason(pack: Pack) -> None:
    facts = arrow(facts_of(persons=PERSON, exposures=[exposure(opened_under="covid19/v7")]))
    with StatusEngine(pack, threads=1) as engine:
        answer = engine.decide(facts, on_day(3))
    assert decision_of(answer, 1)["status"] == "unknown"
    assert [row["code"] for row in answer.set_aside.to_pylist()] == ["exposure_unknown_pack"]
