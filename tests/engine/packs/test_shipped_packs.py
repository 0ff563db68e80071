"""The packs that ship say what their sources say: dates, days, tests, levels; and their cases come out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from lianfang.engine.packs import Pack, lint_pack, load_pack, load_packs, pack_in_force
from lianfang.engine.packs.guards import truth
from lianfang.engine.packs.layers import layered
from lianfang.engine.packs.model import LANGUAGES, Graded
from lianfang.engine.status import StatusEngine
from lianfang.engine.status.case_facts import Fact
from lianfang.engine.status.cases import Case, load_cases, run_cases

PACKS = Path(__file__).resolve().parents[3] / "policy_packs"
COVID = ("covid19/v8", "covid19/v9", "covid19/v9+20", "covid19/new10", "covid19/class-b")
OTHERS = (
    "chikungunya/2025",
    "dengue/2025",
    "influenza/school-2023",
    "measles/school-2023",
    "norovirus/school-2023",
)
SHIPPED = (*COVID, *OTHERS)
# What each edition says of the days, after its sources: (days of a stage, its test days), stage after stage.
DAYS: Mapping[str, Mapping[str, tuple[tuple[int, tuple[int, ...]], ...]]] = {
    "covid19/v8": {
        "close_contact": ((14, (1, 4, 7, 14)), (7, (2, 7))),
        "secondary_contact": ((7, ()),),
        "entrant": ((14, (1, 4, 7, 14)), (7, (2, 7))),
        "from_high_risk_area": ((14, (1, 4, 7, 10, 14)),),
    },
    "covid19/v9": {
        "close_contact": ((7, (1, 2, 3, 5, 7)), (3, (3,))),
        "secondary_contact": ((7, (1, 4, 7)),),
        "entrant": ((7, (1, 2, 3, 5, 7)), (3, (3,))),
        "from_high_risk_area": ((7, (1, 2, 3, 5, 7)),),
        "from_medium_risk_area": ((7, (1, 4, 7)),),
        "from_low_risk_county": ((3, (1, 3)),),
        "high_risk_worker": ((7, (1, 4, 7)),),
        "discharged_case": ((7, (7,)),),
    },
    "covid19/v9+20": {
        "close_contact": ((5, (1, 2, 3, 5)), (3, (1, 3))),
        "entrant": ((5, (1, 2, 3, 5)), (3, (1, 3))),
        "from_high_risk_area": ((7, (1, 3, 5, 7)),),
        "high_risk_worker": ((5, (1, 3, 5)),),
    },
    "covid19/new10": {
        "close_contact": ((5, (5,)),),
        "entrant": ((5, (1, 2, 3, 5)), (3, (1, 3))),
        "case_at_home": ((7, (6, 7)),),
    },
    "covid19/class-b": {},
    "chikungunya/2025": {"vector_case": ((7, ()),), "vector_coexposed": ((12, ()),)},
    "dengue/2025": {"vector_case": ((5, ()),), "vector_coexposed": ((14, ()),)},
    "influenza/school-2023": {"school_case": ((2, ()),)},
    "measles/school-2023": {"school_case": ((4, ()),), "school_contact": ((21, ()),)},
    "norovirus/school-2023": {"school_case": ((3, ()),)},
}
# Common letters of simplified Chinese that are never right in the traditional texts.
SIMPLIFIED = set(
    "们这个时间请与联检测样单应县级让为从过还没两点报业医疗护实办难转绿红黄码发热录数证阴阳离结处满够级药体"
)


@cache
def all_packs() -> dict[str, Pack]:
    return {pack.id: pack for pack in load_packs(PACKS)}


def pack_of(name: str) -> Pack:
    return all_packs()[name]


@cache
def cases_of(name: str) -> tuple[tuple[Case, tuple[Fact, ...], int], ...]:
    return load_cases(PACKS / name)


def start_of(pack: Pack) -> datetime:
    return pack.manifest.effective.from_


@contextmanager
def engine_of(name: str) -> Iterator[StatusEngine]:
    pack = pack_of(name)
    before = tuple(pack_of(other) for other in COVID if other != name and name in COVID)
    with StatusEngine(pack, superseded=before, threads=1) as engine:
        yield engine


def test_every_pack_loads_and_the_drill_pack_still_does() -> None:
    assert set(all_packs()) == {*SHIPPED, "practice/v1"}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_pack_has_nothing_to_warn_of_but_that_it_is_unverified(name: str) -> None:
    assert {problem.code for problem in lint_pack(PACKS / name)} <= {"restriction_unverified"}


def test_the_covid_packs_follow_one_another_without_gap_or_overlap() -> None:
    packs = [pack_of(name) for name in COVID]
    changes = [datetime(2022, 6, 28), datetime(2022, 11, 11), datetime(2022, 12, 7), datetime(2023, 1, 8)]
    assert start_of(packs[0]) == datetime(2021, 5, 14)
    assert packs[-1].manifest.effective.to is None
    for before, after, change in zip(packs, packs[1:], changes, strict=False):
        assert (before.manifest.effective.to, start_of(after)) == (change, change)
        assert after.manifest.supersedes == before.id
        assert pack_in_force(packs, "covid19", change - timedelta(seconds=1)) is before
        assert pack_in_force(packs, "covid19", change) is after


@pytest.mark.parametrize("name", SHIPPED)
def test_stages_last_and_test_as_the_sources_say(name: str) -> None:
    pack = pack_of(name)
    found = {
        category: tuple((stage.days, stage.stage.test_days) for stage in standing.stages)
        for category, standing in pack.categories_at(start_of(pack)).items()
    }
    assert found == DAYS[name]


@pytest.mark.parametrize("name", SHIPPED)
def test_who_is_restricted_by_a_stage_may_object_and_who_is_not_has_no_colour(name: str) -> None:
    for category in pack_of(name).categories.values():
        for stage in category.stages:
            if stage.movement == "free":
                assert stage.status is None
            else:
                assert stage.status in ("yellow", "red")
                assert stage.appeal


def test_class_b_restricts_nobody() -> None:
    pack = pack_of("covid19/class-b")
    assert not any(rule.is_restrictive for rule in pack.rules)
    assert not pack.categories
    assert pack.areas is None
    assert [group.obligation for group in pack.testing.groups] == ["may"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "level", "facts", "lowered"),
    [
        ("covid19/v9", "high", {"days_without_infection": 6, "round_all_negative_on_day": 7}, False),
        ("covid19/v9", "high", {"days_without_infection": 7, "round_all_negative_on_day": 7}, True),
        ("covid19/v9", "high", {"days_without_infection": 7, "round_all_negative_on_day": 6}, False),
        ("covid19/v9", "high", {"days_without_infection": 7}, None),
        ("covid19/v9", "medium", {"days_without_infection": 10, "days_in_level": 3}, True),
        ("covid19/v9", "medium", {"days_without_infection": 9, "days_in_level": 2}, False),
        ("covid19/v9+20", "high", {"days_without_infection": 5, "round_all_negative_on_day": 5}, True),
        ("covid19/v9+20", "high", {"days_without_infection": 4, "round_all_negative_on_day": 5}, False),
        ("covid19/new10", "high", {"days_without_infection": 5}, True),
        (
            "covid19/v8",
            "lockdown",
            {
                "days_without_infection": 14,
                "days_since_last_contact": 14,
                "contacts_are_cleared": True,
                "days_since_clean_round": 2,
            },
            True,
        ),
        ("covid19/v8", "lockdown", {"days_without_infection": 14, "days_since_clean_round": 3}, False),
    ],
)
def test_an_area_is_lowered_when_all_that_is_asked_is_there(
    name: str, level: str, facts: dict[str, float | bool], lowered: bool | None
) -> None:
    pack = pack_of(name)
    standing = next(one for one in pack.levels_at(start_of(pack)) if one.level.id == level)
    assert standing.lower_when is not None
    assert truth(standing.lower_when, facts) is lowered


@pytest.mark.parametrize("name", ["chikungunya/2025", "dengue/2025"])
@pytest.mark.parametrize(
    ("index", "level"),
    [(0, "safe"), (5, "safe"), (5.01, "low"), (10, "low"), (10.01, "medium"), (20, "medium"), (20.01, "high")],
)
def test_the_worse_of_the_two_mosquito_indices_gives_the_level(name: str, index: float, level: str) -> None:
    pack = pack_of(name)
    for facts in (
        {"breteau_index": index, "mosquito_ovitrap_index": 0},
        {"breteau_index": 0, "mosquito_ovitrap_index": index},
    ):
        entered = [
            one.level.id
            for one in sorted(pack.levels_at(start_of(pack)), key=lambda each: -each.level.rank)
            if one.enter_when is None or truth(one.enter_when, facts)
        ]
        assert entered[0] == f"mosquito_{level}"


@pytest.mark.parametrize(
    ("name", "level", "facts", "entered"),
    [
        ("measles/school-2023", "cluster", {"new_infections": 1}, False),
        ("measles/school-2023", "cluster", {"new_infections": 2}, True),
        ("influenza/school-2023", "cluster", {"new_infections": 9}, False),
        ("influenza/school-2023", "cluster", {"new_infections": 10}, True),
        ("influenza/school-2023", "class_closed", {"new_infections": 0, "currently_ill_share": 30}, True),
        ("norovirus/school-2023", "cluster", {"new_infections": 10}, True),
        ("norovirus/school-2023", "cluster", {}, None),
    ],
)
def test_a_school_cluster_begins_at_the_published_number(
    name: str, level: str, facts: dict[str, float], entered: bool | None
) -> None:
    pack = pack_of(name)
    standing = next(one for one in pack.levels_at(start_of(pack)) if one.level.id == level)
    assert standing.enter_when is not None
    if level == "class_closed":
        facts = {"hospitalised_or_dead": 0, **facts}
    assert truth(standing.enter_when, facts) is entered


def test_a_city_asks_for_another_certificate_only_where_and_while_it_did() -> None:
    pack = pack_of("covid19/v9")
    layers = {layer.division: layer for layer in pack.layers}
    assert set(layers) == {"4601", "350111"}
    haikou, jinan = layered(pack, [layers["4601"]]), layered(pack, [layers["350111"]])

    def hours(of: Pack, when: datetime) -> float | None:
        dated = of.value_at("certificate_hours", when)
        return None if dated is None else dated.value

    assert [hours(haikou, datetime(2022, 10, 31, 23, 59)), hours(haikou, datetime(2022, 11, 1))] == [48, 72]
    asked = [hours(jinan, datetime(2022, 11, day)) for day in (5, 6, 9, 10)]
    assert asked == [48, 24, 24, 48]
    assert hours(pack, datetime(2022, 11, 6)) == 48


FROM_V8 = """
- situation: {zh-Hans: 第八版时判的密接, zh-Hant: 第八版時判的密接, en: A close contact of the eighth edition}
  person: 甲
  when: 2022-06-27 23:59
  facts: [{exposed: 甲, as: close_contact, day_0: 2022-06-20, known: 2022-06-21 10:00, under: covid19/v8}]
  expect: {status: red, rule: category_isolation, until: 2022-07-05 00:00}
"""
INTO_V9 = FROM_V8.replace("2022-06-27 23:59", "2022-06-28 00:00").replace(
    "{status: red, rule: category_isolation, until: 2022-07-05 00:00}",
    "{status: yellow, rule: category_monitoring, until: 2022-07-01 00:00}",
)


@pytest.mark.parametrize(("name", "cases"), [("covid19/v8", FROM_V8), ("covid19/v9", INTO_V9)])
def test_a_contact_of_the_eighth_edition_is_counted_anew_at_the_moment_of_the_ninth(
    name: str, cases: str, tmp_path: Path
) -> None:
    (tmp_path / "cases.yaml").write_text(cases, "utf-8")
    with engine_of(name) as engine:
        (outcome,) = run_cases(engine, tmp_path)
    assert outcome.difference == ""


# Those of the ninth edition are run by tests/engine/status.
@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "covid19/v9"])
def test_every_case_of_a_shipped_pack_comes_out_as_expected(name: str) -> None:
    with engine_of(name) as engine:
        outcomes = run_cases(engine, PACKS / name)
    assert [(o.line, o.case.situation.en, o.difference) for o in outcomes if o.difference] == []


# Rules that only an unusual set of facts shows; the ninth edition's cases show them, and the packs share them.
SHARED = {
    "contradicting_results",
    "home_monitoring_order",
    "isolation_order",
    "positive_pool_hold",
    "positive_result",
    "result_pending",
    "test_overdue",
    "unclear_result",
    "unmatched_positive",
    "unresolved_positive",
}


@pytest.mark.parametrize("name", SHIPPED)
def test_there_are_cases_enough_and_they_show_every_rule_that_is_the_packs_own(name: str) -> None:
    cases = [case for case, _, _ in cases_of(name)]
    assert len(cases) >= (40 if name == "covid19/v9" else 8)
    shown = {rule for case in cases for rule in (case.expect.rule, *case.expect.also)}
    assert {rule.id for rule in pack_of(name).rules} - shown <= SHARED


@pytest.mark.parametrize("name", SHIPPED)
def test_traditional_words_are_not_simplified_ones_left_over(name: str) -> None:
    words = pack_of(name).texts[LANGUAGES[1]].model_dump()
    cases = [case.situation.zh_hant for case, _, _ in cases_of(name)]
    text = "".join("".join(table.values()) for table in words.values()) + "".join(cases)
    assert SIMPLIFIED & set(text) == set()


def test_the_guide_counts_cases_and_grades_as_they_are() -> None:
    guide = (PACKS.parent / "docs" / "guides" / "shipped-packs.md").read_text("utf-8")
    for name in SHIPPED:
        pack = pack_of(name)
        entries: list[Graded] = [*pack.rules, *pack.categories.values(), *pack.clocks, *pack.retention]
        entries += [value for parameter in pack.parameters.values() for value in parameter.values]
        entries += pack.areas.levels if pack.areas else ()
        if pack.testing:
            entries += [*pack.testing.groups, *pack.testing.pool_sizes, *pack.testing.exemptions]
        grades: Counter[str] = Counter(entry.grade for entry in entries)
        counts = " | ".join(str(grades[grade] or "–") for grade in "ABCD")
        unverified = sum(entry.unverified for entry in entries)
        assert f"| `{name}` | {counts} | {unverified} of {len(entries)} |" in guide
        cases = len(cases_of(name))
        assert re.search(rf"^\| `{re.escape(name)}` \|.*\| {cases} \|$", guide, re.MULTILINE), (name, cases)


@pytest.mark.parametrize("name", ["covid19/v9", "covid19/v9+20"])
def test_readers_of_english_read_what_rules_and_categories_rest_on(name: str) -> None:
    pack = load_pack(PACKS / name)
    entries = (*pack.rules, pack.emergency_override, *pack.categories.values())
    assert [entry.reference for entry in entries if not entry.reference_in("en")[1]] == []
    asked = {each for entry in entries for each in entry.sources}
    assert [source.id for source in pack.manifest.sources if source.id in asked and source.title_en is None] == []
    assert [entry.reference_en for entry in entries if re.search("[\u4e00-\u9fff]", entry.reference_en or "")] == []
