"""Pools, single tubes, late, repeated and contradicting results: each case has one documented outcome."""

from __future__ import annotations

import pytest

from tests.engine.rounds.rows import at, count, findings, people, person, result, states, swab, totals, tubes


def pool(keys: str, tube: str = "P1", **more: object) -> list[dict[str, object]]:
    return [swab(key, tube, at(22, index), tube_capacity=10, **more) for index, key in enumerate(keys)]


def roster(keys: str) -> list[dict[str, object]]:
    return [person(key) for key in keys]


def test_a_tube_without_a_result_is_pending_and_never_negative() -> None:
    answer = count(roster("ab"), pool("ab"), [result("P1", None)])
    assert tubes(answer)["P1"]["state"] == "pending"
    assert totals(answer)["pending"] == 2
    assert states(answer.result_states) == ["empty"]


def test_a_result_cell_that_says_something_else_is_told_apart_from_an_empty_one() -> None:
    answer = count(roster("a"), pool("a"), [result("P1", None, result_given="见附件2"), result("P1", None)])
    assert states(answer.result_states) == ["not_a_result", "empty"]
    assert tubes(answer)["P1"]["state"] == "pending"


def test_everyone_in_a_positive_pool_is_held_and_sampled_singly_with_an_end() -> None:
    answer = count(roster("abc"), pool("abc"), [result("P1", "positive", at(1, day=30))])
    assert {row["outcome"] for row in people(answer).values()} == {"held"}
    assert {row["action"] for row in people(answer).values()} == {"hold_and_sample_singly"}
    assert tubes(answer)["P1"]["held_until"] == at(1, day=31)


def test_a_later_single_sample_releases_or_confirms_each_person_of_a_positive_pool() -> None:
    singles = [swab("a", "S1", at(1, day=30), test_kind="single"), swab("b", "S2", at(1, day=30), test_kind="single")]
    results = [result("P1", "positive", at(0, day=30)), result("S1", "negative"), result("S2", "positive")]
    answer = count(roster("abc"), pool("abc") + singles, results)
    assert {key: (row["outcome"], row["action"]) for key, row in people(answer).items()} == {
        "a": ("released", "release"),
        "b": ("positive", "report_case"),
        "c": ("held", "hold_and_sample_singly"),
    }


def test_a_person_whose_single_retest_is_under_way_is_held_until_it_comes_back() -> None:
    answer = count(
        roster("ab"),
        [*pool("ab"), swab("a", "S1", at(1, day=30), test_kind="single")],
        [result("P1", "positive", at(0, day=30))],
    )
    assert people(answer)["a"]["action"] == "await_single_result"
    assert people(answer)["b"]["action"] == "hold_and_sample_singly"


@pytest.mark.parametrize("when", [at(20), None, at(9, day=30)], ids=["before", "no time", "clock in the future"])
def test_a_single_sample_not_known_to_be_later_releases_nobody(when: object) -> None:
    answer = count(
        roster("a"),
        [*pool("a"), swab("a", "S1", when, test_kind="single")],  # type: ignore[arg-type]
        [result("P1", "positive"), result("S1", "negative", None)],
    )
    assert people(answer)["a"]["outcome"] == "held"


def test_a_later_negative_pool_releases_nobody() -> None:
    later = [swab(key, "P2", at(1, day=30), tube_capacity=10) for key in "ab"]
    answer = count(
        roster("ab"), pool("ab") + later, [result("P1", "positive", at(0, day=30)), result("P2", "negative")]
    )
    assert {row["outcome"] for row in people(answer).values()} == {"held"}


def test_two_laboratories_that_contradict_each_other_hold_the_tube_whoever_came_last() -> None:
    results = [
        result("P1", "positive", at(1, day=30), laboratory="甲"),
        result("P1", "negative", at(2, day=30), laboratory="乙"),
    ]
    for order in (results, results[::-1]):
        answer = count(roster("ab"), pool("ab"), order)
        assert tubes(answer)["P1"]["state"] == "contradicting"
        assert {row["outcome"] for row in people(answer).values()} == {"held"}
        assert states(answer.result_states) == ["counted", "counted"]
        assert len(findings(answer, "contradicting")) == 2


def test_a_repeated_result_is_counted_once_and_kept() -> None:
    answer = count(roster("a"), pool("a"), [result("P1", "negative"), result("P1", "negative")])
    assert states(answer.result_states) == ["counted", "repeat"]
    assert tubes(answer)["P1"]["state"] == "negative"


def test_the_same_report_sent_again_an_hour_later_is_still_one_report() -> None:
    answer = count(roster("a"), pool("a"), [result("P1", "negative"), result("P1", "negative", at(3, day=30))])
    assert states(answer.result_states) == ["counted", "repeat"]
    assert tubes(answer)["P1"]["reported_at"] == at(2, day=30)


def test_a_negative_sent_again_after_an_indeterminate_report_is_the_later_word() -> None:
    reports = [
        result("P1", "negative", at(0, day=30)),
        result("P1", "indeterminate", at(1, day=30)),
        result("P1", "negative", at(2, day=30)),
    ]
    assert tubes(count(roster("a"), pool("a"), reports))["P1"]["state"] == "negative"


def test_an_indeterminate_result_asks_for_a_new_sample_until_a_later_negative_report() -> None:
    first = result("P1", "indeterminate", at(1, day=30))
    assert people(count(roster("a"), pool("a"), [first]))["a"]["action"] == "sample_again"
    later = result("P1", "negative", at(2, day=30))
    assert tubes(count(roster("a"), pool("a"), [first, later]))["P1"]["state"] == "negative"
    earlier = result("P1", "negative", at(0, day=30))
    assert tubes(count(roster("a"), pool("a"), [first, earlier]))["P1"]["state"] == "unclear"


def test_results_for_unknown_tubes_and_void_tubes_and_unsampled_people_count_for_nobody() -> None:
    answer = count(
        roster("ab"),
        [swab("a", "T1", status_code="void")],
        [
            result("T1", "negative"),
            result("T9", "positive"),
            result(None, "negative", person_key="b", name="人b"),
            result(None, "negative"),
            result("T1", "negative", status_code="void"),
        ],
    )
    assert states(answer.result_states) == ["void_tube", "unknown_tube", "person_without_sample", "nobody", "void"]
    assert tubes(answer)["T1"]["state"] == "void"


def test_a_result_older_than_the_swab_belongs_to_another_swab() -> None:
    answer = count(roster("a"), pool("a"), [result("P1", "negative", at(8))])
    assert states(answer.result_states) == ["before_sample"]
    assert tubes(answer)["P1"]["state"] == "pending"


def test_a_clock_a_few_minutes_off_does_not_lose_a_result() -> None:
    answer = count(roster("a"), pool("a"), [result("P1", "negative", at(21, 50))])
    assert states(answer.result_states) == ["counted"]


def test_a_result_with_only_a_day_is_not_held_to_the_minute() -> None:
    answer = count(roster("a"), pool("a"), [result("P1", "negative", at(0), tested_at_has_time=False)])
    assert states(answer.result_states) == ["counted"]


def test_a_report_by_person_counts_for_the_tube_of_the_swab_it_means() -> None:
    swabs = [swab("a", "T1", at(20)), swab("a", "T2", at(23))]
    before = result(None, "negative", at(21), person_key="a", name="人a")
    answer = count(roster("a"), swabs, [before])
    assert tubes(answer)["T1"]["state"] == "negative"
    assert tubes(answer)["T2"]["state"] == "pending"
    repeats_time = result(None, "negative", at(2, day=30), person_key="a", name="人a", sampled_at=at(20))
    assert tubes(count(roster("a"), swabs, [repeats_time]))["T1"]["state"] == "negative"


def test_a_report_by_person_after_two_swabs_clears_neither_unless_it_repeats_a_time() -> None:
    swabs = [swab("a", "T1", at(20)), swab("a", "T2", at(23).replace(second=40))]
    later = result(None, "negative", at(2, day=30), person_key="a", name="人a")
    assert states(count(roster("a"), swabs, [later]).result_states) == ["which_sample"]
    to_the_minute = later | {"sampled_at": at(23)}
    assert tubes(count(roster("a"), swabs, [to_the_minute]))["T2"]["state"] == "negative"


def test_a_report_by_person_that_could_mean_either_swab_clears_none_but_a_positive_holds() -> None:
    swabs = [swab("a", "T1", at(20)), swab("a", "T2", at(23))]
    unclear = count(roster("a"), swabs, [result(None, "negative", None, person_key="a", name="人a")])
    assert states(unclear.result_states) == ["which_sample"]
    assert people(unclear)["a"]["outcome"] == "pending"
    positive = count(roster("a"), swabs, [result(None, "positive", None, person_key="a", name="人a")])
    assert people(positive)["a"]["outcome"] == "positive"


def test_a_report_by_person_that_repeats_the_time_of_a_void_tube_clears_nobody_through_the_new_one() -> None:
    swabs = [swab("a", "T1", at(22).replace(second=52), status_code="void"), swab("a", "T2", at(0, day=30))]
    report = result(None, "negative", at(1, day=30), person_key="a", name="人a", sampled_at=at(22))
    answer = count(roster("a"), swabs, [report])
    assert states(answer.result_states) == ["void_tube"]
    assert tubes(answer)["T2"]["state"] == "pending"
    without_time = count(roster("a"), swabs, [report | {"sampled_at": None}])
    assert tubes(without_time)["T2"]["state"] == "negative"


def test_a_swab_recorded_without_a_tube_is_a_single_sample_of_its_own() -> None:
    answer = count(roster("a"), [swab("a", None)], [result(None, "negative", person_key="a", name="人a")])
    assert people(answer)["a"]["outcome"] == "negative"
    (tube,) = answer.tubes.to_pylist()
    assert tube["is_single"] and tube["tube_code"] is None


def test_a_single_positive_is_a_case_and_no_pool_hold() -> None:
    answer = count(roster("a"), [swab("a", "S1", test_kind="single")], [result("S1", "positive")])
    assert people(answer)["a"]["action"] == "report_case"


def test_a_pool_with_one_recorded_person_still_holds_and_never_names_a_case() -> None:
    answer = count(roster("a"), pool("a"), [result("P1", "positive")])
    assert people(answer)["a"]["outcome"] == "held"


def test_an_over_full_tube_is_listed_with_everyone_in_it() -> None:
    answer = count(roster("abc"), [swab(key, "S1", test_kind="single") for key in "ab"] + [swab("c", "T2")])
    listed = findings(answer, "over_full")
    assert {row["tube_key"] for row in listed} == {"S1"}
    assert len(listed) == 2 and {row["detail"] for row in listed} == {"2/1"}


def test_a_tube_that_says_no_capacity_is_over_full_only_above_the_largest_pool() -> None:
    keys = [f"k{number}" for number in range(21)]
    assert findings(count([person(k) for k in keys], [swab(k, "T") for k in keys[:20]]), "over_full") == []
    assert len(findings(count([person(k) for k in keys], [swab(k, "T") for k in keys]), "over_full")) == 21


def test_a_household_tube_may_hold_any_number_of_one_household_only() -> None:
    one = [swab(key, "H1", test_kind="household", building="10", unit="1", room="301") for key in "abcdef"]
    assert findings(count(roster("abcdef"), one), "mixed_households") == []
    two = [*one, swab("g", "H1", test_kind="household", building="10", unit="1", room="302")]
    answer = count(roster("abcdefg"), two)
    assert {row["tube_key"] for row in findings(answer, "mixed_households")} == {"H1"}
    assert findings(answer, "over_full") == []


def test_a_tube_in_two_boxes_is_listed_with_both() -> None:
    answer = count(roster("ab"), [swab("a", "T1", box_code="X1"), swab("b", "T1", box_code="X2")])
    assert {row["detail"] for row in findings(answer, "two_boxes")} == {"X1", "X2"}


def test_a_person_in_two_tubes_is_listed_unless_the_second_is_the_retest_of_a_positive_pool() -> None:
    twice = count(roster("a"), [swab("a", "T1"), swab("a", "T2", at(23))])
    assert {row["detail"] for row in findings(twice, "twice_sampled")} == {"T1", "T2"}
    retest = count(
        roster("a"),
        [*pool("a"), swab("a", "S1", at(1, day=30), test_kind="single")],
        [result("P1", "positive", at(0, day=30))],
    )
    assert findings(retest, "twice_sampled") == []


def test_the_same_swab_recorded_twice_is_one_swab() -> None:
    answer = count(roster("a"), [swab("a", "T1"), swab("a", "T1")])
    assert sorted(states(answer.sample_states)) == ["counted", "repeat"]
    assert tubes(answer)["T1"]["people"] == 1


def test_a_person_whom_the_laboratory_puts_into_a_tube_is_compared_with_the_sampling_record() -> None:
    answer = count(roster("ab"), pool("a"), [result("P1", "negative", person_key="b", name="人b")])
    assert [row["person_key"] for row in findings(answer, "not_in_tube")] == ["b"]
    assert people(answer)["b"]["state"] == "missing"


def test_a_clock_in_the_future_is_kept_and_told() -> None:
    answer = count(roster("a"), [swab("a", "T1", at(9, day=30))])
    assert people(answer)["a"]["state"] == "sampled"
    assert [row["person_key"] for row in findings(answer, "future_clock")] == ["a"]
    assert tubes(answer)["T1"]["sampled_at"] is None


def test_waiting_and_late_tubes_are_marked_by_the_hours_the_settings_allow() -> None:
    answer = count(
        roster("ab"),
        [swab("a", "OLD", at(2)), swab("b", "LATE", at(1, day=28))],
        [result("LATE", "negative", at(2, day=29), reported_result_at=at(2, day=30), reported_result_at_has_time=True)],
    )
    assert tubes(answer)["OLD"]["is_overdue"] and tubes(answer)["OLD"]["hours_waiting"] == 25
    assert tubes(answer)["LATE"]["is_late"] and not tubes(answer)["LATE"]["is_overdue"]


def test_the_worst_that_is_known_of_a_person_is_what_counts() -> None:
    swabs = [swab("a", "T1"), swab("a", "T2", at(23))]
    answer = count(roster("a"), swabs, [result("T1", "negative")])
    assert people(answer)["a"]["outcome"] == "pending"
