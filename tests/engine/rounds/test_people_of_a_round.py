"""Who was sampled, exempt, away or missing: expected = exempt + away + sampled + missing."""

from __future__ import annotations

import pytest

from lianfang.engine.rounds.reasons import reason_kind
from tests.engine.rounds.rows import at, count, excuse, findings, people, person, states, swab, totals


def test_everybody_on_the_roster_is_exactly_one_of_sampled_exempt_away_and_missing() -> None:
    answer = count(
        [person(key) for key in "abcd"],
        [swab("a", "T1")],
        exempt=[excuse("b", "卧床不起"), excuse("c", "外出务工")],
    )
    assert {key: row["state"] for key, row in people(answer).items()} == {
        "a": "sampled",
        "b": "exempt",
        "c": "away",
        "d": "missing",
    }
    counted = totals(answer)
    assert (counted["expected"], counted["sampled"], counted["exempt"], counted["away"], counted["missing"]) == (
        4,
        1,
        1,
        1,
        1,
    )


def test_a_person_twice_on_the_roster_counts_once_where_the_fuller_row_says() -> None:
    answer = count([person("a", building="3"), person("a", building="10", phone="13800000000")])
    assert totals(answer)["expected"] == 1
    assert people(answer)["a"]["building"] == "10"
    assert states(answer.roster_states) == ["repeat", "counted"]
    assert answer.roster_states["stands_for"].to_pylist() == [1, None]


def test_a_person_found_at_the_door_is_added_beside_the_expected_never_among_them() -> None:
    answer = count([person("a")], [swab("a", "T1"), swab("guest", "T1", building="10")])
    assert totals(answer)["expected"] == 1
    assert totals(answer)["sampled"] == 1
    assert totals(answer)["unrostered"] == 1
    assert people(answer)["guest"]["state"] == "unrostered"


def test_a_guest_is_counted_in_the_community_when_only_one_building_has_that_number() -> None:
    answer = count(
        [person("a", community="清河社区", compound="临江花园")], [swab("a", "T1"), swab("guest", "T1", building="10")]
    )
    (building,) = answer.buildings.to_pylist()
    assert (building["community"], building["compound"], building["unrostered"]) == ("清河社区", "临江花园", 1)


def test_being_sampled_outranks_an_exemption_and_the_contradiction_is_listed() -> None:
    answer = count(
        [person("a"), person("b")],
        [swab("a", "T1"), swab("b", "T1")],
        exempt=[
            excuse("a", "婴幼儿"),
            excuse("b", "出差"),
        ],
    )
    assert totals(answer)["sampled"] == 2
    assert {row["person_key"] for row in findings(answer, "exempt_but_sampled")} == {"a"}
    assert {row["person_key"] for row in findings(answer, "away_but_sampled")} == {"b"}


@pytest.mark.parametrize(
    ("reason", "state"), [(None, "no_reason"), ("拒检", "not_a_reason"), ("敲门无人应", "not_a_reason")]
)
def test_an_exemption_without_a_reason_that_excuses_leaves_the_person_missing(reason: str | None, state: str) -> None:
    answer = count([person("a")], exempt=[excuse("a", reason)])
    assert people(answer)["a"]["state"] == "missing"
    assert people(answer)["a"]["because"] == "exemption_refused"
    assert states(answer.exempt_states) == [state]


def test_a_list_of_exemptions_without_a_column_for_reasons_is_itself_the_reason() -> None:
    answer = count([person("a")], exempt=[excuse("a", None, reason_is_asked=False)])
    assert people(answer)["a"]["state"] == "exempt"


def test_an_exemption_for_somebody_on_no_roster_is_kept_and_named() -> None:
    answer = count([person("a")], exempt=[excuse("x", "卧床")])
    assert states(answer.exempt_states) == ["not_on_roster"]
    assert totals(answer)["expected"] == 1


def test_the_roster_itself_may_say_why_a_person_is_away_but_unknown_words_excuse_nobody() -> None:
    answer = count([person("a", untested_reason="在外地"), person("b", untested_reason="再说吧")])
    assert people(answer)["a"]["state"] == "away"
    assert people(answer)["b"]["state"] == "missing"
    assert people(answer)["b"]["reason"] == "再说吧"


def test_a_swab_of_a_void_tube_does_not_count_and_the_person_is_missing_because_of_it() -> None:
    answer = count([person("a")], [swab("a", "T1", status_code="void")])
    assert people(answer)["a"]["state"] == "missing"
    assert people(answer)["a"]["because"] == "sample_void"


def test_a_swab_before_the_round_does_not_count_for_it() -> None:
    answer = count([person("a")], [swab("a", "T1", at(9, day=28))], starts_at=at(18))
    assert people(answer)["a"]["because"] == "outside_round"
    assert states(answer.sample_states) == ["outside_round"]


def test_a_swab_without_a_time_counts_for_the_round() -> None:
    answer = count([person("a")], [swab("a", "T1", None)], starts_at=at(18))
    assert people(answer)["a"]["state"] == "sampled"


def test_a_row_that_names_nobody_is_kept_as_such_and_never_guessed() -> None:
    answer = count([person("a"), {**person("a"), "person_key": None}], [swab(None, "T1")])
    assert states(answer.roster_states) == ["counted", "nobody"]
    assert states(answer.sample_states) == ["nobody"]
    assert people(answer)["a"]["state"] == "missing"


def test_a_building_without_anybody_due_has_no_coverage_instead_of_a_wrong_one() -> None:
    answer = count([person("a")], exempt=[excuse("a", "出差")])
    assert totals(answer)["coverage"] is None


def test_the_missing_are_walked_by_building_number_then_stairwell_then_floor() -> None:
    rooms = [("12", "1", "101"), ("2", "2", "301"), ("2", "1", "1203"), ("2", "1", "301")]
    answer = count(
        [
            person(f"{building}-{unit}-{room}", building=building, room=room) | {"unit": unit}
            for building, unit, room in rooms
        ]
    )
    walked = [row["person_key"] for row in answer.people.to_pylist()]
    assert walked == ["2-1-301", "2-1-1203", "2-2-301", "12-1-101"]


def test_households_are_counted_by_room() -> None:
    answer = count([person("a", room="301"), person("b", room="301"), person("c", room="302")])
    assert totals(answer)["households"] == 2


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("外出务工，未返", "away"),
        ("住院（市一医院）", "away"),
        ("康复未满三个月", "exempt"),
        ("拒绝采样", "missing"),
        ("敲門無人", "missing"),
        ("Business trip", "away"),
        ("待核实", None),
    ],
)
def test_a_reason_is_sorted_by_its_words(reason: str, kind: str | None) -> None:
    assert reason_kind(reason) == kind


def test_a_community_counts_as_one_although_only_some_rosters_name_its_township() -> None:
    answer = count(
        [
            person("a", community="清河社区", township="松溪街道"),
            person("b", community="清河社区", room="302"),
        ]
    )
    assert [row["township"] for row in answer.buildings.to_pylist()] == ["松溪街道"]
