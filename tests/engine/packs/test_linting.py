"""A pack that could harm somebody, or that cannot be understood, is refused with file, line, key and code."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from lianfang.engine.packs import PackError, Problem, lint_pack, load_pack, load_packs, read_pack
from lianfang.engine.packs.kinds import KINDS
from lianfang.engine.packs.model import Anchor, End, EvidenceTable, Kind
from lianfang.engine.packs.problems import PROBLEMS, WARNINGS
from lianfang.engine.packs.validating import WANTED
from lianfang.foundation.texts import LANGUAGES, gaps_of, load_entries
from tests.engine.packs.changing import PACKS, V9, WHOLE, change, copied


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copied(V9, tmp_path)


def errors(folder: Path) -> list[Problem]:
    return [problem for problem in lint_pack(folder) if problem.is_error]


POOL_LIMIT = "    until: {at_most: hold_hours, counted_from: [received_at]}\n"
CERTIFICATE = "    until: {at_most: certificate_hours, counted_from: [tested_at, sampled_at, reported_at]}\n"
FIRST_VALUE = "certificate_hours:\n  unit: hours\n  values:\n    - from: 2022-06-28\n      value: 48\n"
AGAIN = "      reference: x\n      grade: D\n      unverified: true\n"

BROKEN = [
    # file, what stands there, what is written instead, code, key
    ("rules.yaml", POOL_LIMIT, "", "restriction_without_end", "status_rules[3]"),
    ("rules.yaml", "    evidence: [result, case]\n", "", "restriction_without_evidence", "status_rules[1]"),
    ("rules.yaml", "    appeal: community_or_cdc\n", "", "restriction_without_appeal", "status_rules[1]"),
    (
        "rules.yaml",
        "    ends_when: [case_released, result_corrected]\n",
        "",
        "restriction_without_end",
        "status_rules[1]",
    ),
    ("rules.yaml", "kind: result_pending", "kind: result_guessed", "kind_unknown", "status_rules[10].kind"),
    ("rules.yaml", "    appeal: community", "    apeal: community", "key_unknown", "status_rules[1].apeal"),
    ("rules.yaml", "    next_step: nothing\n", "", "key_missing", "status_rules[9].next_step"),
    ("rules.yaml", "priority: 900", "priority: '900'", "wrong_type", "status_rules[1].priority"),
    ("rules.yaml", "priority: 900", "priority: 800", "priority_repeated", "status_rules[2].priority"),
    ("rules.yaml", "priority: 1\n", "priority: 150\n", "fallback_not_last", "status_rules[12].priority"),
    ("rules.yaml", "id: test_overdue", "id: result_pending", "rule_repeated", "status_rules[11].id"),
    ("rules.yaml", "status: green", "status: red", "status_not_for_kind", "status_rules[9].status"),
    (
        "rules.yaml",
        "at_most: isolation_days",
        "at_most: isolation",
        "parameter_unknown",
        "status_rules[2].until.at_most",
    ),
    (
        "rules.yaml",
        "counted_from: [starts_at]",
        "counted_from: [tested_at]",
        "anchor_not_for_kind",
        "status_rules[2].until.counted_from[1]",
    ),
    ("rules.yaml", ", counted_from: [starts_at]", "", "anchor_needed", "status_rules[2].until"),
    ("rules.yaml", CERTIFICATE, "", "until_needed", "status_rules[9]"),
    (
        "rules.yaml",
        "    ends_when: [sampled]\n",
        "    ends_when: [case_released]\n",
        "end_not_for_kind",
        "status_rules[11].ends_when[1]",
    ),
    (
        "rules.yaml",
        "    evidence: [sample]\n",
        "    evidence: [order]\n",
        "evidence_not_for_kind",
        "status_rules[10].evidence[1]",
    ),
    (
        "rules.yaml",
        "    evidence: [sample]\n",
        "    evidence: [sample]\n    pool_results: [positive]\n",
        "option_not_for_kind",
        "status_rules[10].pool_results",
    ),
    (
        "rules.yaml",
        "    ends_when: [case_released, result_corrected]\n",
        "    ends_when: [case_released]\n    until: {at_most: hold_hours, counted_from: [received_at]}\n",
        "until_not_for_kind",
        "status_rules[1].until",
    ),
    (
        "rules.yaml",
        "screen positive get a red code\n    grade: C\n    unverified: true\n",
        "screen positive get a red code\n    grade: C\n",
        "not_marked_unverified",
        "status_rules[1].grade",
    ),
    (
        "rules.yaml",
        "screen positive get a red code\n    grade: C\n",
        "screen positive get a red code\n    grade: A\n",
        "grade_too_good",
        "status_rules[1].grade",
    ),
    (
        "rules.yaml",
        "    sources: [routine-test-yellow]",
        "    sources: [rumour]",
        "source_unknown",
        "status_rules[11].sources[1]",
    ),
    ("rules.yaml", "emergency_override:", "emergency:", "key_missing", "emergency_override"),
    (
        "parameters.yaml",
        FIRST_VALUE,
        FIRST_VALUE.replace("06-28", "07-28"),
        "values_gap",
        "certificate_hours.values[1].from",
    ),
    (
        "parameters.yaml",
        FIRST_VALUE,
        FIRST_VALUE + AGAIN + "    - from: 2022-06-28\n      value: 72\n",
        "values_out_of_order",
        "certificate_hours.values[2].from",
    ),
    (
        "parameters.yaml",
        FIRST_VALUE,
        FIRST_VALUE + AGAIN + "    - from: 2022-11-11\n      value: 72\n",
        "value_never_in_force",
        "certificate_hours.values[2].from",
    ),
    ("parameters.yaml", "value: 48", "value: -48", "value_out_of_range", "certificate_hours.values[1].value"),
    ("parameters.yaml", "value: 48", "value: .nan", "value_out_of_range", "certificate_hours.values[1].value"),
    ("parameters.yaml", "value: 48", "value: yes", "wrong_type", "certificate_hours.values[1].value"),
    ("parameters.yaml", "value: 48", "value: 40 + 8", "wrong_type", "certificate_hours.values[1].value"),
    ("parameters.yaml", "unit: days", "unit: count", "parameter_not_a_span", "status_rules[2].until.at_most"),
    ("pack.yaml", "id: covid19/v9\n", "id: covid19/v8\n", "id_not_folder", "id"),
    ("pack.yaml", "to: 2022-11-11", "to: 2022-06-28", "effective_backwards", "effective.to"),
    ("pack.yaml", "to: 2022-11-11", "to: 2022-11-31", "not_yaml", "effective.to"),
    ("pack.yaml", "to: 2022-11-11", "to: 2022-11-11 00:00:00+08:00", "wrong_type", "effective.to"),
    ("pack.yaml", "rule: re-evaluate", "rule: forget", "value_not_allowed", "transition.rule"),
    ("pack.yaml", "- id: nine-donts", "- id: v9-news", "source_repeated", "sources[9].id"),
    ("pack.yaml", "version: 1", "version: !!python/object/apply:os.getcwd []", "tag_used", "version"),
    ("pack.yaml", "version: 1", "version: 1\nversion: 2", "key_repeated", "version"),
    ("pack.yaml", "version: 1", "version: [1", "not_yaml", ""),
    ("texts/en.yaml", "  nothing: Nothing to do.\n", "", "text_missing", "next_steps.nothing"),
    (
        "rules.yaml",
        "    pool_results: [positive]\n",
        "    pool_results: [positive]\n    when: {fact: age_years, at_least: 3}\n",
        "text_missing",
        "reasons.fact_missing",
    ),
    ("texts/en.yaml", "Nothing to do.", "'  '", "text_empty", "next_steps.nothing"),
    ("texts/en.yaml", "valid for {limit} hours, until", "valid until", "gaps_differ", "reasons.negative_result"),
    ("texts/en.yaml", "valid for {limit}", "valid for {hours}", "gap_unknown", "reasons.negative_result"),
    ("texts/en.yaml", "valid for {limit}", "valid for {limit!r:>9999}", "gap_broken", "reasons.negative_result"),
    ("texts/en.yaml", "valid for {limit}", "valid for {limit", "gap_broken", "reasons.negative_result"),
]


@pytest.mark.parametrize(("name", "old", "new", "code", "key"), BROKEN)
def test_what_is_wrong_is_named_with_its_place(
    folder: Path, name: str, old: str, new: str, code: str, key: str
) -> None:
    change(folder, name, old, new)
    pack, problems = read_pack(folder)
    assert pack is None
    found = [problem for problem in problems if problem.is_error]
    assert (code, key) in {(problem.code, problem.key) for problem in found}
    for problem in found:
        assert set(problem.params) == set(PROBLEMS[problem.code])
        assert problem.line >= 1


def test_a_faulty_pack_cannot_be_loaded(folder: Path) -> None:
    change(folder, "rules.yaml", "    appeal: community_or_cdc\n", "")
    with pytest.raises(PackError, match="restriction_without_appeal"):
        load_pack(folder)


def test_the_line_is_the_line_of_the_key(folder: Path) -> None:
    lines = (folder / "rules.yaml").read_text("utf-8").splitlines()
    change(folder, "rules.yaml", "priority: 700", "priority: high")
    (problem,) = errors(folder)
    assert (problem.file, lines[problem.line - 1].strip()) == ("rules.yaml", "priority: 700")


def test_a_misspelt_key_gets_the_key_that_was_meant(folder: Path) -> None:
    change(folder, "rules.yaml", "    appeal: community", "    apeal: community")
    unknown = next(problem for problem in errors(folder) if problem.code == "key_unknown")
    assert unknown.params["meant"] == "appeal"


def test_an_alias_is_refused_before_it_unfolds(folder: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{n}x: &{n}x [*a, *a]\n" for n in "bcdef")
    (folder / "pack.yaml").write_text(bomb, "utf-8")
    assert {problem.code for problem in errors(folder)} == {"alias_used"}


def test_deep_nesting_is_refused(folder: Path) -> None:
    (folder / "pack.yaml").write_text("[" * 20_000, "utf-8")
    assert {problem.code for problem in errors(folder)} == {"not_yaml"}


def test_a_file_that_is_missing_too_large_or_not_utf8_is_named(folder: Path) -> None:
    (folder / "pack.yaml").unlink()
    (folder / "rules.yaml").write_bytes(b"# " + b"x" * 1_000_001)
    (folder / "parameters.yaml").write_bytes("# 小时\n".encode() + "采样".encode("gb18030"))
    found = {(problem.file, problem.line, problem.code) for problem in errors(folder)}
    assert found == {
        ("pack.yaml", 1, "file_missing"),
        ("rules.yaml", 1, "file_too_large"),
        ("parameters.yaml", 2, "not_utf8"),
    }


def test_the_limit_of_an_emergency_cannot_be_retired(folder: Path) -> None:
    value = "emergency_hours:\n  unit: hours\n  values:\n    - from: 2022-06-28\n      value: 24\n"
    change(folder, "parameters.yaml", value, value + AGAIN + "    - from: 2022-10-01\n      value: null\n")
    assert [problem.code for problem in errors(folder)] == ["parameter_retired"]


def test_a_pack_without_or_with_two_fallbacks_is_refused(folder: Path) -> None:
    text = (folder / "rules.yaml").read_text("utf-8")
    start = text.index("  - id: no_recent_result")
    (folder / "rules.yaml").write_text(text[:start], "utf-8")
    assert "fallback_missing" in {problem.code for problem in errors(folder)}
    second = text[start:].replace("id: no_recent_result", "id: another").replace("priority: 1\n", "priority: 2\n")
    (folder / "rules.yaml").write_text(text + second, "utf-8")
    assert "fallback_repeated" in {problem.code for problem in errors(folder)}


def test_the_shipped_packs_have_no_error_and_warn_only_of_what_is_unverified() -> None:
    for pack in load_packs(PACKS):
        warnings = {problem.code for problem in lint_pack(PACKS / pack.id)}
        assert warnings <= {"restriction_unverified"}


def test_a_green_rule_above_a_restriction_is_warned_of(folder: Path) -> None:
    change(folder, "rules.yaml", "priority: 300", "priority: 950")
    found = [problem for problem in lint_pack(folder) if problem.code == "green_above_restriction"]
    restrictive = [rule.id for rule in load_pack(folder).rules if rule.is_restrictive]
    assert sorted(str(problem.params["rule"]) for problem in found) == sorted(restrictive)
    assert not any(problem.is_error for problem in found)


def test_unused_parameters_and_words_are_warned_of(tmp_path: Path) -> None:
    folder = copied(WHOLE, tmp_path)
    change(folder, "areas.yaml", "at_least: clear_days", "at_least: 7")
    change(folder, "texts/en.yaml", "next_steps:\n", "next_steps:\n  dance: Dance.\n")
    found = {(problem.code, problem.key) for problem in lint_pack(folder)}
    assert found == {("parameter_unused", "clear_days"), ("text_unused", "next_steps.dance")}
    assert errors(folder) == []


def test_the_closed_sets_are_the_same_everywhere() -> None:
    assert set(get_args(Kind)) == set(KINDS)
    for spec in KINDS.values():
        assert set(spec.ends) <= set(get_args(End))
        assert set(spec.anchors) <= set(get_args(Anchor))
        assert set(spec.evidence) <= set(get_args(EvidenceTable))
    assert {end for spec in KINDS.values() for end in spec.ends} == set(get_args(End))


def test_no_kind_that_rests_on_something_missing_may_give_green_or_red() -> None:
    resting_on_facts = {
        "positive_result",
        "positive_pool_hold",
        "manual_order",
        "negative_result",
        "category_stage",
        "area_level",
    }
    for kind in set(KINDS) - resting_on_facts:
        assert not {"green", "red"} & set(KINDS[kind].statuses)
    assert {kind for kind in KINDS if "green" in KINDS[kind].statuses} == {"negative_result"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words_with_gaps_that_are_given(language: str) -> None:
    entries = load_entries(language)
    for code, params in PROBLEMS.items():
        assert gaps_of(entries[f"pack.problem.{code}"]) <= set(params)
    for wanted in WANTED:
        assert f"pack.wanted.{wanted}" in entries
    for end in get_args(End):
        assert f"status_reasons.end.{end}" in entries
    assert set(PROBLEMS) >= WARNINGS
