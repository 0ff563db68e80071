"""Whatever the rows: every row comes out once, every person once, and no order changes the answer."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from lianfang.engine.rounds import RoundAnswer
from lianfang.engine.rounds.contract import EXEMPT_STATES, RESULT_STATES, ROSTER_STATES, SAMPLE_STATES
from tests.engine.rounds.rows import Row, at, count, excuse, people, person, result, swab, totals, tubes

KEYS = st.sampled_from([*"abcdefgh", None])
TUBES = st.sampled_from(["T1", "T2", "S1", "S2", None])
WHEN = st.sampled_from([at(20), at(22), at(1, day=30), at(9, day=30), at(9, day=27), None])

ROSTER_ROWS = st.builds(
    lambda key, building, phone: person(key or "a", building=building, phone=phone) | {"person_key": key},
    KEYS,
    st.sampled_from(["9", "10", None]),
    st.sampled_from([None, "19900000001"]),
)
SAMPLE_ROWS = st.builds(
    lambda key, tube, when, more: swab(key, tube, when, **more),
    KEYS,
    TUBES,
    WHEN,
    st.sampled_from([{}, {"status_code": "void"}, {"test_kind": "single"}, {"tube_capacity": 1}, {"box_code": "X"}]),
)
RESULT_ROWS = st.builds(
    lambda tube, value, when, key, laboratory: result(tube, value, when, person_key=key, laboratory=laboratory),
    st.sampled_from(["T1", "T2", "S1", "S2", "T9", None]),
    st.sampled_from(["negative", "positive", "indeterminate", "invalid", None]),
    WHEN,
    KEYS,
    st.sampled_from(["甲", "乙"]),
)
EXEMPT_ROWS = st.builds(excuse, KEYS, st.sampled_from(["外出", "卧床", "拒检", None, "其他"]))
ROUNDS = st.tuples(
    st.lists(ROSTER_ROWS, max_size=12),
    st.lists(SAMPLE_ROWS, max_size=12),
    st.lists(RESULT_ROWS, max_size=8),
    st.lists(EXEMPT_ROWS, max_size=4),
)


def said(answer: RoundAnswer) -> dict[str, Any]:
    """What the answer says, without record numbers."""
    keep = ("state", "because", "reason", "outcome", "action", "tubes", "building", "last_contact_at")
    return {
        "people": {key: {name: row[name] for name in keep} for key, row in people(answer).items()},
        "tubes": tubes(answer),
        "buildings": answer.buildings.to_pylist(),
        "totals": totals(answer),
        "findings": {
            (row["kind"], row["tube_key"], row["person_key"], row["detail"]) for row in answer.findings.to_pylist()
        },
    }


@settings(max_examples=40)
@given(ROUNDS)
def test_every_row_and_every_person_comes_out_exactly_once(rows: tuple[list[Row], ...]) -> None:
    roster, samples, results, exempt = rows
    answer = count(roster, samples, results, exempt)
    for table, given_rows, known in (
        (answer.roster_states, roster, ROSTER_STATES),
        (answer.sample_states, samples, SAMPLE_STATES),
        (answer.result_states, results, RESULT_STATES),
        (answer.exempt_states, exempt, EXEMPT_STATES),
    ):
        assert table.num_rows == len(given_rows)
        assert set(table["state"].to_pylist()) <= set(known)
    expected = {row["person_key"] for row in roster} - {None}
    by_state = [row["person_key"] for row in answer.people.to_pylist() if row["state"] != "unrostered"]
    assert sorted(by_state) == sorted(expected)
    sampled = {row["person_key"] for row in answer.people.to_pylist() if row["state"] == "missing"} & {
        row["person_key"] for row in answer.sample_states.to_pylist() if row["state"] == "counted"
    }
    assert sampled == set()


@settings(max_examples=25)
@given(ROUNDS, st.randoms(use_true_random=False))
def test_no_order_and_no_repetition_of_rows_changes_what_is_said(rows: tuple[list[Row], ...], chance: Any) -> None:
    before = said(count(*rows))
    shuffled = [[*part, *chance.sample(part, chance.randint(0, len(part)))] for part in rows]
    for part in shuffled:
        chance.shuffle(part)
    assert said(count(*shuffled)) == before


@settings(max_examples=25)
@given(ROUNDS, RESULT_ROWS)
def test_one_more_result_never_turns_an_unsettled_person_negative_unless_it_says_negative(
    rows: tuple[list[Row], ...], more: Row
) -> None:
    roster, samples, results, exempt = rows
    before, after = count(roster, samples, results, exempt), count(roster, samples, [*results, more], exempt)
    cleared = {
        key
        for key, row in people(after).items()
        if row["outcome"] in ("negative", "released") and people(before)[key]["outcome"] not in ("negative", "released")
    }
    assert not cleared or more["result"] == "negative"
