"""``lianfang policy replay --facts`` counts by place: as a roster names it, or where the facts say that people live."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lianfang.config.cli import main
from lianfang.engine.status.contract import FACT_CONTRACTS

AT = datetime(2022, 11, 11, 8)
BEFORE = AT - timedelta(days=30)
# Three contacts of contacts, whom the twenty measures let go, and somebody about whom nothing changes.
EXPOSED = [
    {"exposure_id": each, "person_id": each, "category": "secondary_contact", "anchor_on": datetime(2022, 11, 9).date(),
     "recorded_at": AT - timedelta(days=1), "opened_under": "covid19/v9"}
    for each in (1, 2, 3)
]  # fmt: skip
HOMES: list[dict[str, Any]] = [
    {"person_id": 1, "place_id": 7, "recorded_at": BEFORE},
    {"person_id": 2, "place_id": 8, "recorded_at": BEFORE, "to_at": AT - timedelta(days=2)},
    {"person_id": 2, "place_id": 7, "recorded_at": BEFORE + timedelta(days=1)},
    {"person_id": 3, "place_id": 7, "recorded_at": AT + timedelta(days=1)},
]


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    for name, rows in (("persons", [{"person_id": each} for each in (1, 2, 3, 4)]), ("exposures", EXPOSED)):
        pq.write_table(pa.Table.from_pylist(rows, schema=FACT_CONTRACTS[name].schema), tmp_path / f"{name}.parquet")
    return tmp_path


def replayed(facts: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    words = ["policy", "replay", "covid19/v9+20", "covid19/v9", "--facts", str(facts), "--as-of", "2022-11-10T23:00"]
    assert main([*words, "--json", "--lang", "en"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_without_places_there_is_one_line_for_all(facts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = replayed(facts, capsys)
    assert (found["people"], found["worsened"]) == (4, 3)
    assert ["place" in row for row in found["counts"]] == [False] * len(found["counts"])


def test_residencies_that_hold_and_were_known_then_say_where(facts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    homes = pa.Table.from_pylist(HOMES, schema=FACT_CONTRACTS["residencies"].schema)
    pq.write_table(homes, facts / "residencies.parquet")
    rows = [(row["place"], row["to"], row["people"]) for row in replayed(facts, capsys)["counts"]]
    assert rows == [("7", "red", 2), ("–", "red", 1)]


def test_a_roster_names_the_places_and_goes_before_the_residencies(
    facts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    homes = pa.Table.from_pylist(HOMES, schema=FACT_CONTRACTS["residencies"].schema)
    pq.write_table(homes, facts / "residencies.parquet")
    (facts / "roster").mkdir()
    roster = [{"person_id": each, "township": "甲镇", "community": "一村" if each < 3 else None} for each in (2, 3, 4)]
    pq.write_table(pa.Table.from_pylist(roster), facts / "roster" / "part-0.parquet")
    rows = {(row["place"], row["people"]) for row in replayed(facts, capsys)["counts"]}
    assert rows == {("7", 1), ("甲镇 一村", 1), ("甲镇", 1)}
    words = ["policy", "replay", "covid19/v9+20", "covid19/v9", "--facts", str(facts), "--as-of", "2022-11-10T23:00"]
    assert main([*words, "--lang", "en"]) == 0
    assert "甲镇 一村  unknown → red" in capsys.readouterr().out
