"""The planted truth is consistent with itself at every size."""

from __future__ import annotations

from pathlib import Path

import pytest

from lianfang.demo import DemoFiles, write_demo
from lianfang.demo.sheets import Landing
from lianfang.demo.truth import Truth, TruthWriter, read_truth, runs_of

PARTS = ("exempt", "away", "sampled", "missing")
PERSON_KINDS = (
    "missing",
    "away",
    "exempt",
    "unrostered",
    "roster_duplicate",
    "identity_names",
    "id_digit",
    "name_mistaken",
    "sample_without_id",
    "sample_duplicate",
    "two_tubes",
    "unreadable_cell",
)


def test_nobody_disappears_in_any_building_nor_in_total(small_truth: Truth) -> None:
    for line in (*small_truth.buildings, small_truth.totals):
        assert line["expected"] == sum(line[part] for part in PARTS)
    for name in ("expected", *PARTS):
        assert small_truth.totals[name] == sum(line[name] for line in small_truth.buildings)


def test_the_lists_are_as_long_as_the_totals(small_truth: Truth) -> None:
    planted = small_truth.planted
    assert len(planted["missing"]) == small_truth.totals["missing"]
    assert len(planted["away"]) == small_truth.totals["away"]
    swabbed = {item["person"] for item in planted["exempt_sampled"]}
    assert len({item["person"] for item in planted["exempt"]} - swabbed) == small_truth.totals["exempt"]


def test_every_planted_row_is_about_the_person_it_names(small_truth: Truth) -> None:
    for kind in PERSON_KINDS:
        for item in small_truth.planted[kind]:
            assert item["rows"], f"{kind} without a row"
            assert {small_truth.person(ref) for ref in item["rows"]} == {item["person"]}, kind


def test_building_ten_of_the_sealed_compound_was_sampled_to_the_last_person(small_truth: Truth) -> None:
    ten = next(line for line in small_truth.buildings if line["compound"] == "临江花园" and line["building"] == "10")
    assert (ten["households"], ten["expected"], ten["sampled"]) == (74, 143, 143)


def test_two_pools_are_positive_and_the_first_has_one_case_and_nine_to_release(small_truth: Truth) -> None:
    first, second = small_truth.planted["positive_pool"]
    assert sorted(first["actions"].values()) == ["case"] + ["release"] * 9
    assert sorted(first["retests"].values()) == sorted(first["people"])
    assert set(second["actions"].values()) == {"resample"}
    assert not second["retests"]


def test_about_half_of_the_tubes_have_no_result_yet(small_truth: Truth) -> None:
    waiting = sum(item["why"] == "not_reported" for item in small_truth.planted["pending"])
    tubes = {item["tube"] for item in small_truth.planted["pending"]}
    assert len(tubes) == len(small_truth.planted["pending"])
    assert 350 < waiting < 700


@pytest.mark.parametrize("people", [100, 150, 1_500])
def test_small_sizes_carry_every_error_of_people_once_and_add_up(tmp_path: Path, people: int) -> None:
    demo = write_demo(tmp_path / "demo", people=people, formats="csv")
    truth = read_truth(demo.truth)
    assert truth.totals["expected"] == people == sum(truth.totals[part] for part in PARTS)
    for kind in PERSON_KINDS:
        assert truth.planted[kind], f"{kind} is not planted among {people}"
    assert truth.planted["positive_pool"]


def test_two_townships_number_their_people_through(tmp_path: Path) -> None:
    demo = write_demo(tmp_path / "demo", people=90_001, formats="csv")
    truth = read_truth(demo.truth)
    assert truth.totals["expected"] == 90_001
    assert len({line["township"] for line in truth.buildings}) == 2
    keys = [(line["community"], line["compound"], line["building"]) for line in truth.buildings]
    assert len(set(keys)) == len(keys)
    visitors = {item["person"] for item in truth.planted["unrostered"]}
    residents = [(line["first_person"], line["first_person"] + line["expected"]) for line in truth.buildings]
    assert not any(first <= person < end for person in visitors for first, end in residents)


def test_runs_fold_consecutive_persons_and_unfold_to_the_same(tmp_path: Path) -> None:
    people = [5, 6, 7, 7, 8, 3, 4, 9]
    assert runs_of(10, people) == [(10, 5, 3), (13, 7, 2), (15, 3, 2), (17, 9, 1)]
    writer = TruthWriter(tmp_path / "truth.jsonl.gz")
    writer.line({"schema": "lianfang.demo-truth/1"})
    writer.runs("roster", Landing("a.csv", "", 10), runs_of(10, people))
    writer.finish({"totals": {}, "counts": {}})
    truth = read_truth(tmp_path / "truth.jsonl.gz")
    told = [truth.person({"file": "x/a.csv", "sheet": "whatever", "row": 10 + at}) for at in range(8)]
    assert told == people
    assert truth.person({"file": "a.csv", "sheet": "", "row": 9}) is None
    assert truth.person({"file": "a.csv", "sheet": "", "row": 18}) is None
    assert truth.person({"file": "b.csv", "sheet": "", "row": 10}) is None


def test_progress_is_told_after_every_township_and_ends_with_everybody(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_demo(tmp_path / "demo", people=200, formats="csv", on_progress=lambda *at: seen.append(at))
    assert seen == [(200, 200)]


def test_the_demo_files_count_what_the_truth_lists(small_demo: DemoFiles, small_truth: Truth) -> None:
    assert small_demo.planted == {kind: len(small_truth.planted[kind]) for kind in small_demo.planted}
