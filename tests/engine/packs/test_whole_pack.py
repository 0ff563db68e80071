"""What can be wrong in categories, areas, testing, clocks, retention, guards and layers is refused with its place."""

# ruff: noqa: E501 - a table is read by the line

from __future__ import annotations

from pathlib import Path

import pytest

from lianfang.engine.packs import lint_pack, load_pack, read_pack
from lianfang.engine.packs.problems import PROBLEMS
from tests.engine.packs.changing import WHOLE, change, copied

ISOLATION = "days: isolation_days, movement: none, cohabitants: apart"
CLEAR = "{fact: days_without_infection, at_least: clear_days}"
COURIER = "{id: courier, obligation: must, every_days: 3, open_to: [province], who: {fact: occupation, is: courier}"
VACCINATED = "when: {fact: vaccinated_within_hours, at_most: 48}"
NEGATIVE = "  - {id: negative, kind: negative_result, priority: 300,"
LONGER = (
    "  - {id: also_negative, kind: negative_result, priority: 299, status: green, reason: negative, evidence: [result],"
    " until: {at_most: certificate_hours, counted_from: [tested_at, sampled_at]}, ends_when: [certificate_expired],"
    " next_step: nothing, sources: [plan], reference: x, grade: B}\n"
)
BASE = "  - {id: low, rank: 0, unit: county, movement: free, sources: [plan], reference: 第三条, grade: B}\n"
NEVER = "{all: [{fact: clean_rounds, at_least: 3}, {fact: clean_rounds, at_most: 2}]}"
FIRST = "  - {key: parameters.certificate_hours, from: 2022-04-01, to: 2022-06-01, value: 72,"

BROKEN = [
    # file, what stands there, what is written instead, code, key
    ("categories.yaml", "close_contact:", "closest_contact:", "value_not_allowed", "categories.closest_contact"),
    ("categories.yaml", ISOLATION, ISOLATION.replace("_days", "_weeks", 1), "parameter_unknown", "…stages[1].days"),
    ("categories.yaml", ISOLATION, ISOLATION.replace("isolation_days", "emergency_hours"), "wrong_unit", "…stages[1].days"),
    ("categories.yaml", ISOLATION, ISOLATION.replace("isolation_days", "0"), "wrong_type", "…stages[1].days"),
    ("categories.yaml", "[1, 3, 5]", "[1, 3, 7]", "test_day_beyond_stage", "…stages[1].test_days[3]"),
    ("categories.yaml", "[1, 3, 5]", "[3, 1, 5]", "test_days_out_of_order", "…stages[1].test_days[2]"),
    ("categories.yaml", "necessary_only", "none", "place_confused", "…stages[2].movement"),
    ("categories.yaml", "cohabitants: normal", "cohabitants: confined", "place_confused", "…stages[2].cohabitants"),
    ("categories.yaml", "next_step: stay, appeal: hotline}", "next_step: stay}", "restriction_without_appeal", "…stages[1]"),
    ("categories.yaml", "id: monitoring", "id: isolation", "entry_repeated", "…stages[2].id"),
    ("categories.yaml", "needs: [last_test_negative], ", "", "key_missing", "….release.needs"),
    ("rules.yaml", "priority: 700, status: yellow", "priority: 700, status: red", "stage_without_rule", "…stages[2].status"),
    ("rules.yaml", "priority: 600, status: unknown", "priority: 600, status: red", "stage_without_rule", "….release.otherwise"),
    ("areas.yaml", "next: low", "next: lower", "level_unknown", "levels[1].next"),
    ("areas.yaml", "next: low", "next: high", "next_not_lower", "levels[1].next"),
    ("areas.yaml", "    next: low\n", "", "level_never_left", "levels[1]"),
    ("areas.yaml", f"lower_when: {{all: [{CLEAR}, ", f"lower_when: {{all: [{NEVER}, {CLEAR}, ", "level_never_left", "levels[1].lower_when"),
    ("areas.yaml", "enter_when: {any: [", f"enter_when: {{all: [{NEVER}], any: [", "level_never_entered", "levels[1].enter_when"),
    ("areas.yaml", BASE, "", "base_level_missing", "levels"),
    ("areas.yaml", BASE, BASE.replace("rank: 0", "rank: 2"), "rank_repeated", "levels[2].rank"),
    ("areas.yaml", BASE, BASE.replace("rank: 0", "rank: 1"), "level_never_left", "levels[2]"),
    ("areas.yaml", "status_rule: in_high", "status_rule: negative", "level_rule_unknown", "levels[1].status_rule"),
    ("areas.yaml", "    status_rule: in_high\n", "", "restriction_without_appeal", "levels[1].status_rule"),
    ("areas.yaml", "fact: spread_is_likely", "fact: age_years", "fact_unknown", "levels[1].enter_when.any[2].all[2].fact"),
    ("areas.yaml", "spread_is_likely, is: true", "spread_is_likely, at_least: 1", "comparison_not_for_fact", "levels[1].enter_when.any[2].all[2]"),
    ("areas.yaml", CLEAR, CLEAR.replace("clear_days", "emergency_hours"), "wrong_unit", "levels[1].lower_when.all[1].at_least"),
    ("areas.yaml", CLEAR, CLEAR.replace("}", ", within_days: 3}"), "window_not_for_fact", "levels[1].lower_when.all[1].within_days"),
    ("areas.yaml", CLEAR, "{fact: days_without_infection}", "wrong_type", "levels[1].lower_when.all[1]"),
    ("areas.yaml", CLEAR, "{at_least: 7}", "wrong_type", "levels[1].lower_when.all[1]"),
    ("areas.yaml", CLEAR, "days_without_infection >= 7", "wrong_type", "levels[1].lower_when.all[1]"),
    ("areas.yaml", "excluded_because: {sources: [plan], reference: 第三条, grade: B}\n", "", "key_missing", "excluded_because"),
    ("testing.yaml", COURIER, COURIER.replace(", who: {fact: occupation, is: courier}", ""), "group_of_nobody", "groups[1]"),
    ("testing.yaml", COURIER, COURIER.replace("is: courier", "is: astronaut"), "comparison_not_for_fact", "groups[1].who"),
    ("testing.yaml", COURIER, COURIER.replace(" every_days: 3,", ""), "obligation_without_rhythm", "groups[1]"),
    ("testing.yaml", COURIER, COURIER.replace("3", "emergency_hours"), "wrong_unit", "groups[1].every_days"),
    ("testing.yaml", COURIER, COURIER.replace("3,", "3, in_level: red,"), "level_unknown", "groups[1].in_level"),
    ("testing.yaml", COURIER, COURIER.replace("3,", "3, category: entrant,"), "category_unknown", "groups[1].category"),
    ("testing.yaml", "for: high", "for: middle", "level_unknown", "pool_sizes[1].for"),
    ("testing.yaml", "from: 2022-07-01, to: null", "from: 2022-06-30, to: null", "entry_repeated", "pool_sizes[3].for"),
    ("testing.yaml", "from: 2022-07-01, to: null", "from: 2024-07-01, to: null", "value_never_in_force", "pool_sizes[3].effective.from"),
    ("testing.yaml", "from: 2022-01-01, to: 2022-07-01", "from: 2021-01-01, to: 2022-07-01", "value_before_pack", "pool_sizes[2].effective.from"),
    ("testing.yaml", "sizes: [1, 0]", "sizes: [2]", "value_not_allowed", "pool_sizes[1].sizes[1]"),
    ("testing.yaml", VACCINATED, "when: {all: [{fact: age_years, at_least: 3}, {fact: age_years, at_most: 2}]}", "group_of_nobody", "exemptions[1].when"),
    ("clocks.yaml", "within_hours: 2", "within_hours: 2, within_days: 1", "wrong_type", "clocks[1]"),
    ("clocks.yaml", "within_hours: 2", "within_hours: isolation_days", "wrong_unit", "clocks[1].within_hours"),
    ("clocks.yaml", "within_hours: 2", "within_hours: .inf", "wrong_type", "clocks[1].within_hours"),
    ("clocks.yaml", "within_hours: 2", "within_hours: 0", "wrong_type", "clocks[1]"),
    ("areas.yaml", CLEAR, CLEAR.replace("clear_days", ".nan"), "wrong_type", "levels[1].lower_when.all[1].at_least"),
    ("clocks.yaml", "id: dispatch", "id: report", "entry_repeated", "clocks[2].id"),
    ("retention.yaml", "keep_days: 14", "keep_days: certificate_hours", "wrong_unit", "retention[1].keep_days"),
    ("retention.yaml", "grade: B", "grade: A", "grade_too_good", "retention[1].grade"),
    ("rules.yaml", NEGATIVE, LONGER + NEGATIVE, "rule_unreachable", "status_rules[5]"),
    ("rules.yaml", NEGATIVE, NEGATIVE + " when: {fact: age_years, at_least: 9, at_most: 8},", "rule_unreachable", "status_rules[5].when"),
    ("rules.yaml", NEGATIVE, NEGATIVE + " when: {fact: clean_rounds, at_least: 9},", "fact_unknown", "status_rules[5].when.fact"),
    ("areas.yaml", "status_rule: in_high", "status_rule: in_higher", "rule_never_used", "status_rules[4]"),
    ("rules.yaml", "priority: 1, status", "priority: 1, when: {fact: age_years, at_least: 3}, status", "option_not_for_kind", "status_rules[6].when"),
    ("layers/61.yaml", FIRST, FIRST.replace("certificate", "guess"), "layer_key_unknown", "overrides[1].key"),
    ("layers/61.yaml", FIRST, FIRST.replace("certificate_hours", "isolation_days"), "layer_key_closed", "overrides[1].key"),
    ("layers/61.yaml", FIRST, FIRST.replace("72", "soon"), "wrong_type", "overrides[1].value"),
    ("layers/61.yaml", "{key: groups.courier.every_days, from: 2022-04-01, value: 2,", "{key: groups.courier.every_days, from: 2022-04-01, value: [2],", "wrong_type", "overrides[2].value"),
    ("layers/61.yaml", FIRST, FIRST.replace("72", "yes"), "wrong_type", "overrides[1].value"),
    ("layers/61.yaml", FIRST, FIRST.replace("72", "-1"), "layer_breaks", "overrides"),
    ("layers/61.yaml", FIRST, FIRST.replace("2022-06-01", "2022-02-01"), "effective_backwards", "overrides[1].from"),
    ("layers/61.yaml", "{key: groups.courier.every_days,", "{key: parameters.certificate_hours,", "layer_overlap", "overrides[2].from"),
    ("layers/61.yaml", "because: {zh-Hans: 省里检测点少, zh-Hant: 省裏檢測點少,", "because: {zh-Hans: 省里检测点少,", "key_missing", "overrides[1].because.zh-Hant"),
    ("layers/61.yaml", "from: 2022-03-01", "from: 2024-03-01", "value_never_in_force", "effective.from"),
    ("layers/610112.yaml", "{id: county, ", "{id: plan, ", "source_repeated", "sources[1].id"),
    ("layers/610112.yaml", "{id: county, ", "{id: province, ", "source_repeated", "sources[1].id"),
    ("layers/610112.yaml", "grade: C, unverified: true", "grade: C", "not_marked_unverified", "overrides[1].grade"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "code", "key"), BROKEN)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, name: str, old: str, new: str, code: str, key: str
) -> None:
    folder = copied(WHOLE, tmp_path)
    change(folder, name, old, new)
    found = [problem for problem in lint_pack(folder) if problem.is_error]
    keys = {problem.key for problem in found if problem.code == code}
    assert any(each == key or (key.startswith("…") and each.endswith(key[1:])) for each in keys), found
    for problem in found:
        assert set(problem.params) == set(PROBLEMS[problem.code])
        assert problem.line > 1 or problem.file.startswith("texts/")


@pytest.mark.parametrize(
    ("name", "old", "new", "meant"),
    [
        ("categories.yaml", "movement: none", "movment: none", "movement"),
        ("areas.yaml", "at_least: 7}", "at_last: 7}", "at_least"),
        ("layers/61.yaml", "because: {zh-Hans: 省里", "because: {zh_Hans: 省里", "zh-Hans"),
    ],
)
def test_a_misspelt_key_gets_the_key_that_was_meant_however_deep(
    tmp_path: Path, name: str, old: str, new: str, meant: str
) -> None:
    folder = copied(WHOLE, tmp_path)
    change(folder, name, old, new)
    assert meant in {problem.params["meant"] for problem in lint_pack(folder) if problem.code == "key_unknown"}


def test_the_whole_pack_is_sound(tmp_path: Path) -> None:
    assert lint_pack(WHOLE) == ()
    assert load_pack(copied(WHOLE, tmp_path)) == load_pack(WHOLE)


def test_a_file_in_layers_that_is_no_division_is_refused(tmp_path: Path) -> None:
    folder = copied(WHOLE, tmp_path)
    (folder / "layers" / "61.yaml").rename(folder / "layers" / "shaanxi.yaml")
    assert [problem.code for problem in lint_pack(folder)] == ["layer_not_division"]


def test_a_category_without_any_stage_and_a_release_that_no_test_can_give_are_refused(tmp_path: Path) -> None:
    folder = copied(WHOLE, tmp_path)
    retired = "    - {from: 2022-09-01, value: null, sources: [plan], reference: 第二条, grade: B}\n"
    change(folder, "parameters.yaml", "monitoring_days:\n", f"{retired}monitoring_days:\n")
    change(folder, "categories.yaml", "test_days: [1, 3, 5], ", "")
    assert lint_pack(folder) == ()
    text = (folder / "categories.yaml").read_text("utf-8").splitlines(keepends=True)
    without_monitoring = [line for line in text if "id: monitoring" not in line]
    (folder / "categories.yaml").write_text("".join(without_monitoring), "utf-8")
    found = {problem.code for problem in lint_pack(folder) if problem.is_error}
    assert found == {"category_without_stage", "release_without_test", "rule_never_used"}


def test_a_hole_between_two_entries_of_one_name_is_warned_of(tmp_path: Path) -> None:
    folder = copied(WHOLE, tmp_path)
    change(folder, "testing.yaml", "from: 2022-07-01, to: null", "from: 2022-08-01, to: null")
    (problem,) = lint_pack(folder)
    assert (problem.code, problem.key, problem.is_error) == ("entry_gap", "pool_sizes[3].for", False)


def test_whatever_line_is_missing_the_pack_is_sound_or_the_mistake_has_a_name(tmp_path: Path) -> None:
    folder = copied(WHOLE, tmp_path)
    for path in sorted(folder.rglob("*.yaml")):
        if path.stem in ("zh-Hant", "en"):  # the same lines as zh-Hans
            continue
        whole = path.read_text("utf-8")
        lines = whole.splitlines(keepends=True)
        for index in range(len(lines)):
            path.write_text("".join(lines[:index] + lines[index + 1 :]), "utf-8")
            pack, problems = read_pack(folder)
            assert (pack is None) == any(problem.is_error for problem in problems)
            assert all(set(problem.params) == set(PROBLEMS[problem.code]) for problem in problems)
        path.write_text(whole, "utf-8")
