"""Scoring finds a perfect answer perfect and every kind of fault faulty."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from lianfang.demo import DemoFiles, NotAnAnswerError, render, score
from lianfang.demo.scoring import KINDS
from lianfang.demo.truth import Truth
from lianfang.foundation.texts import LANGUAGES

_spec = importlib.util.spec_from_file_location("answers", Path(__file__).with_name("answers.py"))
assert _spec and _spec.loader
_answers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_answers)


@pytest.fixture
def answer(small_truth: Truth) -> dict[str, Any]:
    rows = {
        person: ref
        for pool in small_truth.planted["positive_pool"]
        for person, ref in zip(pool["people"], pool["rows"], strict=True)
    }
    made: dict[str, Any] = _answers.perfect_answer(small_truth, rows)
    return made


def _saved(tmp_path: Path, answer: Any) -> Path:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(answer), encoding="utf-8")
    return path


def test_an_answer_made_from_the_truth_is_perfect(
    small_demo: DemoFiles, answer: dict[str, Any], tmp_path: Path
) -> None:
    scores = score(small_demo.truth, _saved(tmp_path, answer))
    assert scores.is_perfect, render(scores, "en")
    assert all(kind.expected for kind in scores.kinds), "a kind with nothing planted proves nothing"


def test_an_empty_answer_finds_nothing_in_any_kind(small_demo: DemoFiles, tmp_path: Path) -> None:
    scores = score(small_demo.truth, _saved(tmp_path, {"schema": "lianfang.reconcile/1"}))
    assert {kind.recall for kind in scores.kinds if kind.name != "contradictions"} == {0.0}
    assert {count.answered for count in scores.counts} == {None, 0}
    assert not scores.is_perfect


def test_a_person_not_found_costs_recall_and_a_person_made_up_costs_precision(
    small_demo: DemoFiles, answer: dict[str, Any], tmp_path: Path
) -> None:
    total = len(answer["missing"])
    answer["missing"] = [*answer["missing"][2:], answer["unrostered"][0]]
    missing = score(small_demo.truth, _saved(tmp_path, answer)).kind("missing")
    assert (missing.expected, missing.answered, missing.right) == (total, total - 1, total - 2)
    assert missing.recall == (total - 2) / total
    assert missing.precision == (total - 2) / (total - 1)
    assert len(missing.lost) == 2
    assert len(missing.invented) == 1


def test_a_missing_person_whose_rows_are_unknown_counts_as_made_up(
    small_demo: DemoFiles, answer: dict[str, Any], tmp_path: Path
) -> None:
    answer["missing"].append({"person_key": "ghost", "sources": []})
    assert len(score(small_demo.truth, _saved(tmp_path, answer)).kind("missing").invented) == 1


def test_a_wrong_action_for_a_member_of_a_positive_pool_is_a_fault(
    small_demo: DemoFiles, answer: dict[str, Any], tmp_path: Path
) -> None:
    for person in answer["positive_pools"][0]["people"]:
        person["action"] = "release"
    people = score(small_demo.truth, _saved(tmp_path, answer)).kind("positive_people")
    assert people.expected - people.right == 1


def test_contradicted_tubes_may_stand_among_the_positive_but_others_may_not(
    small_demo: DemoFiles, answer: dict[str, Any], tmp_path: Path
) -> None:
    answer["positive_pools"].append({"tube_code": answer["contradictions"][0]["tube_code"], "people": []})
    assert score(small_demo.truth, _saved(tmp_path, answer)).kind("positive_pools").precision == 1.0
    answer["positive_pools"].append({"tube_code": answer["pending"][0]["tube_code"], "people": []})
    assert score(small_demo.truth, _saved(tmp_path, answer)).kind("positive_pools").precision < 1.0


def test_a_tube_whose_result_precedes_its_sample_may_be_pending_or_not(
    small_demo: DemoFiles, answer: dict[str, Any], tmp_path: Path
) -> None:
    answer["pending"].append({"tube_code": answer["result_before_sample"][0]["tube_code"]})
    pending = score(small_demo.truth, _saved(tmp_path, answer)).kind("pending")
    assert pending.precision == pending.recall == 1.0


def test_findings_count_as_well_where_they_stand_among_the_conflicts(
    small_demo: DemoFiles, answer: dict[str, Any], tmp_path: Path
) -> None:
    answer["conflicts"] += [{**entry, "kind": "future_clock"} for entry in answer.pop("clock_in_future")]
    answer["conflicts"] += [{**entry, "kind": "two_boxes"} for entry in answer.pop("two_boxes")]
    assert score(small_demo.truth, _saved(tmp_path, answer)).is_perfect


def test_one_wrong_number_in_one_building_is_seen(
    small_demo: DemoFiles, answer: dict[str, Any], tmp_path: Path
) -> None:
    block = next(line for line in answer["buildings"] if line["kind"] == "building")
    block["sampled"] -= 1
    right = score(small_demo.truth, _saved(tmp_path, answer)).count("buildings_right")
    assert right.answered == right.expected - 1


@pytest.mark.parametrize("content", ["", "[]", '{"schema": "other/1"}', "not json"])
def test_a_file_that_is_no_answer_is_refused_by_name(small_demo: DemoFiles, tmp_path: Path, content: str) -> None:
    path = tmp_path / "answer.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(NotAnAnswerError, match=r"answer\.json"):
        score(small_demo.truth, path)


def test_a_file_that_is_no_truth_is_refused(tmp_path: Path, answer: dict[str, Any]) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text('{"schema":"something else"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"truth\.jsonl"):
        score(path, _saved(tmp_path, answer))


@pytest.mark.parametrize("language", LANGUAGES)
def test_scores_render_in_every_language_with_a_line_for_every_kind(
    small_demo: DemoFiles, answer: dict[str, Any], tmp_path: Path, language: str
) -> None:
    answer["missing"].pop()
    text = render(score(small_demo.truth, _saved(tmp_path, answer)), language)
    lines = text.splitlines()
    assert sum(line.endswith(("✓", "✗")) for line in lines) == len(KINDS) + 7
    assert sum(line.endswith("✗") for line in lines) == 1
    assert "{" not in text
