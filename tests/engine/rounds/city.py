"""Rounds of many small worlds in a folder of Parquet, and what was counted of them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lianfang.engine.rounds.bulk import CITY_EXEMPT, CITY_ROSTER, OUTPUTS
from tests.engine.backends.worlds import keep_facts
from tests.engine.status.facts import Facts, Row

REASONS = ("在外地", "医嘱不宜采样", "拒检", "隔离点", " ", "", None)


def wild_homes(facts: Facts, seed: int) -> tuple[list[Row], list[Row]]:
    """A roster and its exemptions with places half given, some on none, and reasons of every kind, one or several."""
    chance = random.Random(seed)
    everybody = sorted({row["person_id"] for row in (*facts["persons"], *facts["samples"])})
    homes = [_home(person, chance) for person in everybody if chance.random() < 0.9]
    excused = [
        {"person_id": person, "reason": chance.choice(REASONS)}
        for person in everybody
        for _ in range(chance.choice((0, 0, 0, 1, 2)))
    ]
    return homes, excused


def _home(person: int, chance: random.Random) -> Row:
    return {
        "person_id": person,
        "township": chance.choice((None, "甲镇", "乙镇")),
        "community": chance.choice((None, "一", "二", "二")),
        "compound": chance.choice((None, None, "东苑")),
        "building": chance.choice((None, "2", "10", "10号楼", "甲座")),
        "unit": chance.choice((None, "1", "2")),
        "floor": chance.choice((None, None, "3", "-1")),
        "room": chance.choice((None, "101", "1203", "302室", "后院")),
        "household_no": chance.choice((None, None, "7")),
    }


def keep_round(facts: Facts, homes: list[Row], excused: list[Row], folder: Path) -> None:
    """The facts of the status engine with ``roster`` and ``exempt`` beside them."""
    keep_facts(facts, folder)
    for contract, rows in ((CITY_ROSTER, homes), (CITY_EXEMPT, excused)):
        (folder / contract.name).mkdir()
        pq.write_table(pa.Table.from_pylist(rows, schema=contract.schema), folder / contract.name / "part-0.parquet")


def counted(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of every output of a round, in an order that depends on them alone."""
    found = {}
    for name in OUTPUTS:
        rows: list[dict[str, Any]] = []
        for path in sorted((folder / name).rglob("*.parquet")):
            rows += pq.read_table(path, partitioning=None).to_pylist()
        found[name] = sorted(({key: row[key] for key in sorted(row)} for row in rows), key=repr)
    return found
