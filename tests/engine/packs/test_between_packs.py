"""Packs of one disease in time, the nine don'ts, and what changes for whom from one pack to the next."""

# ruff: noqa: E501 - a table is read by the line

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lianfang.engine.packs import Pack, load_pack, load_packs
from lianfang.engine.packs.base import Effective
from lianfang.engine.packs.differences import Change, differences, later_changes, moments_of
from lianfang.engine.packs.lint.nine_donts import FINDINGS, nine_donts
from lianfang.engine.packs.lint.together import check_together
from lianfang.foundation.pack_words import PackWords
from lianfang.foundation.texts import LANGUAGES, gaps_of, load_entries, texts
from tests.engine.packs.changing import PACKS, WHOLE, change, copied

COVID = ("covid19/v8", "covid19/v9", "covid19/v9+20", "covid19/new10", "covid19/class-b")


@pytest.fixture(scope="module")
def whole() -> Pack:
    return load_pack(WHOLE)


@pytest.fixture(scope="module")
def shipped() -> dict[str, Pack]:
    return {pack.id: pack for pack in load_packs(PACKS)}


def moved(pack: Pack, name: str, start: str, end: str | None, supersedes: str | None = None) -> Pack:
    span = {"from": datetime.fromisoformat(start), "to": None if end is None else datetime.fromisoformat(end)}
    effective = Effective.model_validate(span)
    update = {"id": name, "effective": effective, "supersedes": supersedes}
    return replace(pack, manifest=pack.manifest.model_copy(update=update))


def test_overlaps_and_gaps_between_packs_of_one_disease_are_refused(whole: Pack) -> None:
    first = moved(whole, "example/a", "2022-01-01", "2022-06-01")
    codes: dict[str, list[str]] = {}
    for start, label in (("2022-06-01", "joined"), ("2022-05-01", "overlap"), ("2022-07-01", "gap")):
        second = moved(whole, "example/b", start, None, supersedes="example/a")
        codes[label] = [problem.code for problem in check_together([second, first]).get("example/b", ())]
    assert codes == {"joined": [], "overlap": ["packs_overlap"], "gap": ["packs_gap"]}
    elsewhere = replace(first, manifest=first.manifest.model_copy(update={"id": "other/a", "disease": "other"}))
    assert check_together([first, elsewhere]) == {}
    stray = moved(whole, "example/c", "2023-01-01", None, supersedes="example/x")
    (problem,) = check_together([first, stray])["example/c"]
    assert (problem.code, problem.is_error) == ("supersedes_unknown", False)


def test_the_shipped_packs_follow_one_another(shipped: dict[str, Pack]) -> None:
    problems = [one for found in check_together(shipped.values()).values() for one in found]
    assert [problem for problem in problems if problem.is_error] == []
    for before, after in pairwise(COVID):
        assert shipped[after].manifest.supersedes == before
        assert shipped[before].manifest.effective.to == shipped[after].manifest.effective.from_


BROKEN = [
    # number, what is found, file, what stands there, what is written instead
    (1, "travel_held_in_low", "areas.yaml", "unit: county, movement: free", "unit: county, movement: necessary_only, status_rule: in_high"),
    (1, "travel_measure_in_low", "areas.yaml", "movement: free", "movement: free, measures: [leave_city_with_certificate]"),
    (1, "unit_larger", "areas.yaml", "    unit: compound\n", "    unit: street\n"),
    (2, "low_risk_held", "categories.yaml", "close_contact:", "from_low_risk_county:"),
    (3, "control_longer", "areas.yaml", "at_least: clear_days}", "at_least: 14}"),
    (4, "category_added", "categories.yaml", "close_contact:", "secondary_contact:"),
    (5, "isolation_longer", "categories.yaml", "days: monitoring_days", "days: 7"),
    (5, "central_longer", "categories.yaml", "days: isolation_days", "days: 14"),
    (6, "emergency_shorter", "parameters.yaml", "value: 24", "value: 2"),
    (7, "students_held", "rules.yaml", "priority: 500,", "priority: 500, when: {fact: occupation, is: pupil},"),
    (7, "low_risk_held", "categories.yaml", "close_contact:", "from_low_risk_county:"),
    (9, "closed_in_low", "areas.yaml", "movement: free", "movement: free, measures: [close_premises]"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "code", "name", "old", "new"), BROKEN)
def test_each_of_the_nine_donts_that_can_be_decided_is_found(
    whole: Pack, tmp_path: Path, number: int, code: str, name: str, old: str, new: str
) -> None:
    folder = copied(WHOLE, tmp_path)
    change(folder, name, old, new)
    for language in ("zh-Hans", "zh-Hant", "en"):
        words = (folder / f"texts/{language}.yaml").read_text("utf-8")
        words = words.replace("{close_contact:", "{from_low_risk_county: 甲, secondary_contact: 乙, close_contact:")
        words = words.replace("reasons:\n", "reasons:\n  fact_missing: 缺\n") if "when: {fact" in new else words
        words = words.replace("{stay_home:", "{leave_city_with_certificate: 丙, close_premises: 丁, stay_home:")
        (folder / f"texts/{language}.yaml").write_text(words, "utf-8")
    worse = load_pack(folder)
    broken = {answer.number: [one.code for one in answer.findings] for answer in nine_donts(worse, whole)}
    assert code in broken[number]
    for answer in nine_donts(worse, whole):
        assert (answer.outcome == "broken") == bool(answer.findings)
        for finding in answer.findings:
            assert set(finding.params) == set(FINDINGS[finding.code])
            assert "{" not in PackWords(texts("en"), (worse,)).finding(finding)


def test_what_cannot_be_decided_is_said_to_be_undecided(whole: Pack) -> None:
    alone = {answer.number: answer.outcome for answer in nine_donts(whole, None)}
    compared = {answer.number: answer.outcome for answer in nine_donts(whole, whole)}
    assert [number for number, outcome in alone.items() if outcome == "undecided"] == [1, 3, 4, 5, 6, 8]
    assert [number for number, outcome in compared.items() if outcome == "undecided"] == [6, 8]
    assert "broken" not in {*alone.values(), *compared.values()}


def test_what_a_pack_does_not_say_is_named_and_saying_it_decides(whole: Pack, tmp_path: Path) -> None:
    def answer(pack: Pack, number: int) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
        found = nine_donts(pack, whole)[number - 1]
        return found.outcome, [(one.code, one.params) for one in found.unsaid]

    outcome, unsaid = answer(whole, 6)
    assert outcome == "undecided"
    assert ("care_unsaid_in_level", {"level": "high"}) in unsaid
    folder = copied(WHOLE, tmp_path)
    change(folder, "areas.yaml", "measures: [stay_home", "measures: [care_is_open, stay_home")
    change(folder, "areas.yaml", "movement: free", "movement: free, measures: [dance]")
    for language in ("zh-Hans", "zh-Hant", "en"):
        change(folder, f"texts/{language}.yaml", "{stay_home:", "{care_is_open: 甲, dance: 乙, stay_home:")
    other = load_pack(folder)
    assert ("care_unsaid_in_level", {"level": "high"}) not in answer(other, 6)[1]
    assert answer(whole, 9) == ("kept", [])
    low = next(one.id for one in whole.areas.levels if one.rank == 0)  # type: ignore[union-attr]
    assert answer(other, 9) == ("undecided", [("measure_unknown", {"level": low, "measure": "dance"})])
    said = PackWords(texts("en"), (other,)).dont(nine_donts(other, whole)[8])[1]
    assert len(said) == 2
    assert "{" not in "".join(said)


def test_a_layer_is_held_against_its_pack(tmp_path: Path) -> None:
    folder = copied(WHOLE, tmp_path)
    change(folder, "layers/61.yaml", "parameters.certificate_hours", "parameters.clear_days")
    change(folder, "layers/61.yaml", "value: 72", "value: 14")
    pack = load_pack(folder)
    answers = nine_donts(pack.for_division("61"), pack)
    assert [answer.number for answer in answers if answer.outcome == "broken"] == [3]


def test_the_moments_compared_are_the_last_and_the_first(shipped: dict[str, Pack], whole: Pack) -> None:
    last, first = datetime(2022, 11, 10, 23, 59, 59), datetime(2022, 11, 11)
    assert moments_of(shipped["covid19/v9"], shipped["covid19/v9+20"]) == (last, first)
    later = moved(whole, "example/b", "2022-05-01", None)
    assert moments_of(whole, later) == (datetime(2022, 5, 1), datetime(2022, 5, 1))


def changes_for(changes: tuple[Change, ...], whom: str) -> set[tuple[str, Any, Any]]:
    found = (one for one in changes if one.whom == whom)
    return {(one.code, one.params.get("before"), one.params.get("after")) for one in found}


def test_the_twenty_measures_are_told_as_they_were(shipped: dict[str, Pack]) -> None:
    changes = differences(shipped["covid19/v9"], shipped["covid19/v9+20"])
    contacts = changes_for(changes, "close_contact")
    assert {("total_days", 10, 8), ("stage_days", 7, 5)} <= contacts
    assert ("stage_tests", (1, 2, 3, 5, 7), (1, 2, 3, 5)) in contacts
    assert {one.code for one in changes if one.whom == "secondary_contact"} == {"category_gone"}
    assert {one.code for one in changes if one.whom == "medium"} == {"level_gone"}
    assert changes[0].code == "transition"
    headings = [(one.who, one.whom) for one in changes]
    assert len(set(headings)) == sum(a != b for a, b in zip(headings, [None, *headings], strict=False))


def test_what_changes_later_within_a_pack_is_told_by_its_day(whole: Pack) -> None:
    assert whole.moments() == (datetime(2022, 1, 1), datetime(2022, 7, 1))
    ((at, changes),) = later_changes(whole, datetime(2022, 1, 1))
    assert at == datetime(2022, 7, 1)
    found = {(one.code, one.params.get("before"), one.params.get("after")) for one in changes}
    assert {("stage_days", 7, 5), ("total_days", 10, 8), ("pool_sizes", (20, 10), (10,))} <= found
    assert later_changes(whole, at) == ()
    county = whole.for_division("610112")
    assert [at.month for at, _ in later_changes(county, datetime(2022, 1, 1))] == [4, 5, 7]


def test_a_pack_differs_from_itself_in_nothing(shipped: dict[str, Pack]) -> None:
    for pack in shipped.values():
        found = differences(pack, pack)
        assert {one.code for one in found} <= {"transition", "parameter_later"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_difference_between_shipped_packs_is_a_sentence_in_every_language(
    shipped: dict[str, Pack], language: str
) -> None:
    packs = list(shipped.values())
    for old, new in [*pairwise(packs), (packs[-1], packs[0])]:
        words = PackWords(texts(language), (new, old))
        for one in differences(old, new):
            sentence = f"{words.who(one)} {words.change(one)}"
            assert not any(sign in sentence for sign in ("{", "_", "None", "()")), (one, sentence)
            assert one.as_json()["code"] == one.code


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fact_and_every_finding_has_words(language: str) -> None:
    from lianfang.engine.packs import areas, categories, facts

    entries = load_entries(language)
    for name in (*facts.PERSON_FACTS, *facts.AREA_FACTS):
        assert f"pack_words.fact.{name}" in entries
    for table, words in (
        ("occupation", facts.OCCUPATIONS),
        ("anchor", categories.CountAnchor.__args__),  # type: ignore[attr-defined]
        ("place", categories.StagePlace.__args__),  # type: ignore[attr-defined]
        ("movement", categories.Movement.__args__),  # type: ignore[attr-defined]
        ("cohabitants", categories.Cohabitants.__args__),  # type: ignore[attr-defined]
        ("need", categories.ReleaseNeed.__args__),  # type: ignore[attr-defined]
        ("area_unit", areas.AreaUnit.__args__),  # type: ignore[attr-defined]
        ("excluded", areas.ExcludedInfection.__args__),  # type: ignore[attr-defined]
    ):
        assert {f"pack_words.{table}.{word}" for word in words} <= set(entries)
    assert set(areas.UNIT_SIZE) == set(areas.AreaUnit.__args__)  # type: ignore[attr-defined]
    for code, params in FINDINGS.items():
        assert gaps_of(entries[f"pack_words.dont_found.{code}"]) <= set(params)
