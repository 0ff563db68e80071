"""What a pack says at an instant."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lianfang.engine.packs import NotInForceError, Pack, load_pack, pack_in_force
from lianfang.engine.packs.model import DatedValue, Effective, Parameter

V9 = Path(__file__).resolve().parents[3] / "policy_packs" / "covid19" / "v9"
NIGHT = datetime(2022, 8, 30, 3, 10)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(V9)


def dated(day: datetime, value: int | None) -> DatedValue:
    return DatedValue.model_validate({"from": day, "value": value, "reference": "x", "grade": "D", "unverified": True})


def with_value(pack: Pack, name: str, *values: DatedValue) -> Pack:
    changed = Parameter(unit=pack.parameters[name].unit, values=values)
    return dataclasses.replace(pack, parameters={**pack.parameters, name: changed})


def with_span(pack: Pack, start: datetime, end: datetime | None, **manifest: object) -> Pack:
    effective = Effective.model_validate({"from": start, "to": end})
    return dataclasses.replace(pack, manifest=pack.manifest.model_copy(update={"effective": effective, **manifest}))


def test_a_pack_is_in_force_from_its_first_moment_to_before_its_last(pack: Pack) -> None:
    assert pack.is_in_force(datetime(2022, 6, 28))
    assert not pack.is_in_force(datetime(2022, 6, 27, 23, 59, 59))
    assert pack.is_in_force(datetime(2022, 11, 10, 23, 59, 59))
    assert not pack.is_in_force(datetime(2022, 11, 11))


def test_an_open_pack_has_no_last_moment(pack: Pack) -> None:
    assert with_span(pack, datetime(2022, 6, 28), None).is_in_force(datetime(2999, 1, 1))


def test_a_value_holds_until_the_next_one_begins(pack: Pack) -> None:
    begin, change, end = datetime(2022, 6, 28), datetime(2022, 9, 1, 12), datetime(2022, 10, 1)
    varied = with_value(pack, "certificate_hours", dated(begin, 48), dated(change, 72), dated(end, None))

    def hours(moment: datetime) -> int | float | None:
        found = varied.value_at("certificate_hours", moment)
        return found and found.value

    assert hours(begin - timedelta(seconds=1)) is None
    assert hours(begin) == hours(change - timedelta(seconds=1)) == 48
    assert hours(change) == hours(end - timedelta(seconds=1)) == 72
    assert hours(end) is None


def test_a_rule_follows_its_limit_and_is_out_of_force_when_that_is_retired(pack: Pack) -> None:
    retired = with_value(pack, "hold_hours", dated(datetime(2022, 6, 28), 6), dated(datetime(2022, 9, 1), None))
    now = {entry.rule.id: entry.span for entry in retired.rules_at(NIGHT)}
    assert now["positive_pool_hold"] == timedelta(hours=6)
    later = {entry.rule.id for entry in retired.rules_at(datetime(2022, 9, 1))}
    assert {"positive_pool_hold", "contradicting_results"} & later == set()
    assert "positive_result" in later


def test_rules_come_by_priority_with_their_limits_in_days_or_hours(pack: Pack) -> None:
    entries = pack.rules_at(NIGHT)
    assert [entry.rule.priority for entry in entries] == sorted((r.priority for r in pack.rules), reverse=True)
    spans = {entry.rule.id: entry.span for entry in entries}
    assert spans["isolation_order"] == timedelta(days=7)
    assert spans["negative_result"] == timedelta(hours=48)
    assert spans["positive_result"] is None


def test_an_unverified_limit_makes_the_rule_unverified(pack: Pack) -> None:
    sure = [rule.model_copy(update={"unverified": False, "grade": "B"}) for rule in pack.rules]
    entries = dataclasses.replace(pack, rules=tuple(sure)).rules_at(NIGHT)
    unsure = {entry.rule.id for entry in entries if entry.is_unverified}
    assert unsure == {"positive_pool_hold", "contradicting_results", "negative_result", "result_pending"}


def test_the_pack_of_the_demo_night_is_v9(pack: Pack) -> None:
    from lianfang.demo.generate import DEFAULT_AS_OF

    assert pack_in_force([pack], "covid19", DEFAULT_AS_OF).id == "covid19/v9"


def test_of_several_versions_of_a_pack_the_highest_is_taken(pack: Pack) -> None:
    second = dataclasses.replace(pack, manifest=pack.manifest.model_copy(update={"version": 2}))
    assert pack_in_force([second, pack], "covid19", NIGHT).version == 2


def test_two_packs_for_one_moment_are_an_error_not_a_choice(pack: Pack) -> None:
    other = with_span(pack, datetime(2022, 8, 1), None, id="covid19/other")
    assert pack_in_force([pack, other], "covid19", datetime(2022, 7, 31)).id == "covid19/v9"
    with pytest.raises(NotInForceError, match="covid19/other, covid19/v9"):
        pack_in_force([pack, other], "covid19", NIGHT)


def test_no_pack_for_a_disease_or_moment_is_an_error(pack: Pack) -> None:
    for disease, moment in (("dengue", NIGHT), ("covid19", datetime(2023, 1, 8))):
        with pytest.raises(NotInForceError, match=disease):
            pack_in_force([pack], disease, moment)


def test_the_values_with_a_source_are_those_of_the_plan(pack: Pack) -> None:
    for name, value, grade in (("isolation_days", 7, "B"), ("home_monitoring_days", 3, "B")):
        found = pack.value_at(name, NIGHT)
        assert found is not None
        assert (found.value, found.grade, found.unverified) == (value, grade, False)
        assert [source.id for source in pack.sources_of(found.sources)] == ["v9-news"]


def test_words_are_found_by_language_and_code(pack: Pack) -> None:
    assert "48" in pack.text("en", "reasons", "negative_result", limit=48, until="x")
    with pytest.raises(KeyError, match="fr"):
        pack.text("fr", "reasons", "negative_result")
    with pytest.raises(KeyError, match="until"):
        pack.text("en", "reasons", "negative_result", limit=48)


def test_the_digest_changes_with_any_byte(pack: Pack, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "covid19" / "v9"
    shutil.copytree(V9, copy)
    assert load_pack(copy).digest == pack.digest
    (copy / "texts" / "en.yaml").write_text((copy / "texts" / "en.yaml").read_text("utf-8") + "# .\n", "utf-8")
    assert load_pack(copy).digest != pack.digest
