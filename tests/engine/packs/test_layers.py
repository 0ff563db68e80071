"""A province, city or county sets what the pack opens to it, and the result says what came from where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianfang.engine.packs import Pack, load_pack
from lianfang.engine.packs.base import Effective
from lianfang.engine.packs.layers import Layer, open_keys
from lianfang.engine.packs.model import DatedValue
from tests.engine.packs.changing import WHOLE, change, copied

COUNTY, OTHER_COUNTY, OTHER_PROVINCE = "610112001001", "610113", "350111"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(WHOLE)


def hours(pack: Pack, day: str) -> int | float | None:
    found = pack.value_at("certificate_hours", datetime.fromisoformat(day))
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("division", "by_day"),
    [
        (OTHER_PROVINCE, {"2022-03-31": 48, "2022-04-01": 48, "2022-12-31": 48}),
        (OTHER_COUNTY, {"2022-03-31": 48, "2022-04-01": 72, "2022-05-31 23:59": 72, "2022-06-01": 48}),
        (COUNTY, {"2022-04-30": 72, "2022-05-01": 24, "2022-06-01": 24, "2022-12-31": 24}),
    ],
)
def test_the_narrower_layer_is_set_over_the_wider_one_for_its_time(
    pack: Pack, division: str, by_day: dict[str, int]
) -> None:
    assert {day: hours(pack.for_division(division), day) for day in by_day} == by_day


def test_a_layered_pack_has_a_digest_of_its_own_and_says_where_a_value_came_from(pack: Pack) -> None:
    province, county = pack.for_division("61"), pack.for_division(COUNTY)
    assert len({pack.digest, province.digest, county.digest}) == 3
    assert pack.for_division(COUNTY[:6]).digest == county.digest
    assert pack.for_division(OTHER_PROVINCE) is pack

    def layer(moment: datetime) -> str:
        origin = county.origin_of("parameters.certificate_hours", moment)
        return "" if origin is None else origin.layer.division

    moments = [datetime(2022, 3, 1), datetime(2022, 4, 1), datetime(2022, 5, 1)]
    assert [layer(moment) for moment in moments] == ["", "61", "610112"]
    origin = county.origin_of("parameters.certificate_hours", moments[2])
    assert origin is not None
    assert origin.override.because.en == "An outbreak"
    value = county.value_at("certificate_hours", moments[2])
    assert value is not None
    assert value.unverified
    assert [source.id for source in county.sources_of(value.sources)] == ["county"]


def test_an_entry_of_a_list_is_parted_in_time(pack: Pack) -> None:
    county = pack.for_division(COUNTY)

    def every(day: datetime) -> list[int | None]:
        return [one.every_days for one in county.groups_at(day) if one.group.id == "courier"]

    assert every(datetime(2022, 3, 31)) == [3]
    assert every(datetime(2022, 4, 1)) == [2]


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        (
            "clocks.report.within",
            "1",
            lambda pack, at: next(one.span for one in pack.clocks_at(at)) == timedelta(hours=1),
        ),
        ("parameters.clear_days", "5", lambda pack, at: "at_least=5" in repr(pack.levels_at(at)[0].lower_when)),
        ("parameters.clear_days", "null", lambda pack, at: pack.levels_at(at)[0].lower_when is None),
        ("groups.courier.every_days", "clear_days", lambda pack, at: pack.groups_at(at)[0].every_days == 7),
    ],
)
def test_each_kind_of_key_can_be_set(
    tmp_path: Path, key: str, value: str, read: Callable[[Pack, datetime], bool]
) -> None:
    folder = copied(WHOLE, tmp_path)
    change(
        folder,
        "layers/61.yaml",
        "key: groups.courier.every_days, from: 2022-04-01, value: 2",
        f"key: {key}, from: 2022-04-01, value: {value}",
    )
    pack = load_pack(folder)
    at = datetime(2022, 4, 2)
    assert read(pack.for_division("61"), at)
    assert not read(pack, at)
    assert not read(pack.for_division("61"), datetime(2022, 3, 31))


_DAYS = st.integers(0, 360).map(lambda day: datetime(2022, 1, 1) + timedelta(days=day))
_SPANS = st.lists(_DAYS, min_size=2, max_size=2, unique=True).map(sorted)


@given(
    national=st.lists(_DAYS, max_size=3, unique=True).map(sorted),
    spans=st.tuples(_SPANS, _SPANS, _SPANS),
    at=_DAYS,
)
def test_at_every_moment_the_narrowest_layer_that_holds_gives_the_value(
    pack: Pack, national: list[datetime], spans: tuple[list[datetime], ...], at: datetime
) -> None:
    def dated(start: datetime, value: int) -> DatedValue:
        return DatedValue.model_validate({"from": start, "value": value, "reference": "x", "grade": "D"})

    begin = pack.manifest.effective.from_
    values = [dated(begin, 1), *(dated(day, 2 + index) for index, day in enumerate(national) if day > begin)]
    parameter = pack.parameters["certificate_hours"].model_copy(update={"values": tuple(values)})
    plain = replace(pack, parameters={**pack.parameters, "certificate_hours": parameter})
    like = pack.layers[0].file
    layers = []
    for index, (division, (start, end)) in enumerate(zip(("61", "6101", "610112"), spans, strict=True)):
        override = like.overrides[0].model_copy(update={"from_": start, "to": end, "value": 100 + index})
        effective = Effective.model_validate({"from": begin, "to": None})
        file = like.model_copy(update={"effective": effective, "overrides": (override,)})
        layers.append(Layer(division, file, division))
    together = replace(plain, layers=tuple(layers)).for_division("610112")
    holding = [index for index, (start, end) in enumerate(spans) if start <= at < end]
    expected = plain.value_at("certificate_hours", at)
    value = together.value_at("certificate_hours", at)
    assert value is not None
    assert expected is not None
    assert value.value == (100 + holding[-1] if holding else expected.value)
    origin = together.origin_of("parameters.certificate_hours", at)
    assert (origin is None) == (not holding)


def test_a_layer_that_changes_changes_the_digest_that_people_approved_but_no_other_county(
    pack: Pack, tmp_path: Path
) -> None:
    folder = copied(WHOLE, tmp_path)
    change(folder, "layers/610112.yaml", "value: 24", "value: 36")
    changed = load_pack(folder)
    assert changed.digest != pack.digest
    assert hours(changed.for_division(COUNTY), "2022-06-01") == 36
    assert changed.for_division(OTHER_COUNTY).parameters == pack.for_division(OTHER_COUNTY).parameters


def test_an_override_may_end_with_the_pack(tmp_path: Path) -> None:
    folder = copied(WHOLE, tmp_path)
    change(folder, "layers/61.yaml", "to: 2022-06-01", "to: 2023-01-01")
    assert hours(load_pack(folder).for_division("61"), "2022-12-31") == 72


def test_only_what_a_pack_opens_can_be_set(pack: Pack) -> None:
    keys = open_keys(pack)
    assert keys["parameters.certificate_hours"].open_to == ("province", "county")
    assert keys["parameters.isolation_days"].open_to == ()
    assert {"groups.courier.every_days", "levels.high.measures", "clocks.report.within"} <= set(keys)
    assert not any(key.startswith(("rules", "status_rules", "emergency")) for key in keys)
