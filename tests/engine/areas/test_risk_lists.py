"""Published lists of risk areas: the national snapshots of 2022, where the shared data is there."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from lianfang.engine.areas import RiskList, RiskListError, intervals_of, read_risk_list

SNAPSHOTS = Path(__file__).resolve().parents[4] / "shared" / "data" / "risk_areas_2022"
AREA = {"type": "2", "province": "甲省", "city": "乙市", "county": "丙区", "communitys": ["东里小区"]}


def listed(moment: str, high: list[str], **counts: int) -> bytes:
    given = {"end_update_time": moment, "hcount": len(high), "mcount": 0, "middlelist": []} | counts
    return json.dumps({"data": given | {"highlist": [AREA | {"communitys": high}] if high else []}}).encode()


@pytest.fixture(scope="module")
def snapshots() -> list[RiskList]:
    files = sorted(SNAPSHOTS.glob("*.json"))
    if not files:
        pytest.skip("the shared folder data/risk_areas_2022 is not beside the project")
    return [read_risk_list(file.read_bytes()) for file in files]


def test_the_sixteen_snapshots_of_2022_load_with_the_counts_that_they_state(snapshots: list[RiskList]) -> None:
    assert len(snapshots) == 16
    assert [each.counted for each in snapshots] == [each.stated for each in snapshots]
    assert snapshots[-1].stated == {"high": 823, "medium": 705, "low": 103}
    assert "low" not in snapshots[0].stated


def test_the_snapshots_become_levels_with_beginning_and_end(snapshots: list[RiskList]) -> None:
    rows = intervals_of(snapshots).to_pylist()
    moments = [each.published_at for each in snapshots]
    for each in (snapshots[0], snapshots[7], snapshots[-1]):
        standing = [
            r for r in rows if r["from_at"] <= each.published_at and (not r["to_at"] or each.published_at < r["to_at"])
        ]
        names = {tuple(row.values()) for row in each.areas.to_pylist()}
        assert {tuple(row.values())[:5] for row in standing} == names
    assert {row["from_at"] for row in rows} <= set(moments)


def test_an_area_that_comes_back_has_two_intervals() -> None:
    lists = [
        read_risk_list(listed(f"2022-08-0{day} 8时", high))
        for day, high in ((1, ["东里小区"]), (2, []), (3, ["东里小区"]))
    ]
    rows = intervals_of(reversed(lists)).to_pylist()
    assert [(row["from_at"].day, row["to_at"] and row["to_at"].day) for row in rows] == [(1, 2), (3, None)]
    assert rows[0]["from_at"] == datetime(2022, 8, 1, 8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (listed("2022-08-01 8时", ["东里小区"], hcount=2), "states .*2.*lists .*1"),
        (listed("1 August", []), "end_update_time"),
        (b"not json", "not in the form"),
        (b'{"data": {"end_update_time": "2022-08-01 8\xe6\x97\xb6", "highlist": 3}}', "not in the form"),
    ],
)
def test_a_list_that_does_not_add_up_or_is_no_list_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(RiskListError, match=message):
        read_risk_list(content)
