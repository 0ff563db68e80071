"""A round of a city, from Parquet by numbers, is counted as the same round out of spreadsheets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lianfang.engine.rounds.bulk import reconcile_city
from lianfang.engine.rounds.contract import RoundSettings
from lianfang.engine.rounds.reconcile import reconcile_round
from lianfang.engine.tables import EXEMPT, RESULTS, ROSTER, SAMPLES
from tests.engine.backends.worlds import keep_facts
from tests.engine.status.facts import AS_OF, Row, plausible, together

ROUND = 1


def table(contract: Any, rows: list[Row], keys: list[str | None]) -> pa.Table:
    found = pa.Table.from_pylist(rows, schema=contract.schema)
    return found.append_column("person_key", pa.array(keys, pa.string()))


def test_the_states_of_people_and_the_totals_are_those_of_the_spreadsheets(tmp_path: Path) -> None:
    facts = together([plausible(seed) for seed in range(120)])
    people = [row["person_id"] for row in facts["persons"]]
    homes = [
        {"person_id": each, "community": f"c{each // 500}", "building": str(each // 100), "room": "101"}
        for each in people
    ]
    excused = [{"person_id": each, "reason": ("在外地", "医嘱不宜采样", "拒检")[each % 3]} for each in people[::5]]
    facts["results"] = [row for row in facts["results"] if row["tube_id"] is not None]
    facts["samples"] = [
        row | {"recorded_at": min(row["recorded_at"], AS_OF), "sampled_at_has_time": True} for row in facts["samples"]
    ]
    keep_facts(facts, tmp_path / "facts")
    for name, rows in (("roster", homes), ("exempt", excused)):
        (tmp_path / "facts" / name).mkdir()
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "facts" / name / "part-0.parquet")
    settings = RoundSettings(as_of=AS_OF)
    totals = reconcile_city(tmp_path / "facts", tmp_path / "out", ROUND, settings, threads=1)

    tubes = {row["tube_id"]: row for row in facts["tubes"]}

    def is_void(row: Row) -> bool:
        return bool(row["is_void"]) and (row["voided_at"] is None or row["voided_at"] <= AS_OF)

    swabs = [row for row in facts["samples"] if row["round_id"] == ROUND]
    named = [
        {
            "record_id": row["sample_id"], "tube_code": None if row["tube_id"] is None else str(row["tube_id"]),
            "tube_capacity": tubes.get(row["tube_id"], {}).get("capacity"), "sampled_at": row["sampled_at"],
            "sampled_at_has_time": True,
            "test_kind": "household" if tubes.get(row["tube_id"], {}).get("is_household") else None,
            "status_code": "void" if is_void(row) or is_void(tubes.get(row["tube_id"], {"is_void": None})) else None,
        }
        for row in swabs
    ]  # fmt: skip
    of_round = {row["tube_id"] for row in swabs}
    known = {row["result_id"]: row for row in facts["results"] if row["received_at"] <= AS_OF}
    read = [row for row in known.values() if row["tube_id"] in of_round]
    reports = [
        {
            "record_id": row["result_id"], "tube_code": str(row["tube_id"]), "result": row["outcome"],
            "result_given": row["outcome"], "laboratory": row["laboratory"], "tested_at": row["tested_at"],
            "tested_at_has_time": row["tested_at_has_time"] is not False, "reported_result_at": row["reported_at"],
            "reported_result_at_has_time": row["reported_at_has_time"] is not False,
            "status_code": "void" if row["superseded_by"] in known
            or (row["withdrawn_at"] is not None and row["withdrawn_at"] <= AS_OF) else None,
        }
        for row in read
    ]  # fmt: skip
    answer = reconcile_round(
        roster=table(
            ROSTER, [{"record_id": n, **row} for n, row in enumerate(homes)], [str(r["person_id"]) for r in homes]
        ),
        samples=table(SAMPLES, named, [str(row["person_id"]) for row in swabs]),
        results=table(RESULTS, reports, [None if row["person_id"] is None else str(row["person_id"]) for row in read]),
        exempt=table(
            EXEMPT,
            [{"record_id": n, "reason": row["reason"], "reason_is_asked": True} for n, row in enumerate(excused)],
            [str(row["person_id"]) for row in excused],
        ),
        settings=settings,
    )
    expected = answer.totals.to_pylist()[0]
    assert totals == {name: expected[name] for name in totals}
    assert {"expected", "sampled", "missing", "held", "positive", "negative"} <= totals.keys()
    columns = ("state", "because", "reason", "outcome", "action", "first_sampled_at", "last_sampled_at")
    by_sheet = {row["person_key"]: [row[name] for name in columns] for row in answer.people.to_pylist()}
    found = pq.read_table(tmp_path / "out" / "people").to_pylist()
    assert {str(row["person_id"]): [row[name] for name in columns] for row in found} == by_sheet


@pytest.mark.parametrize("has_swabs", [True, False])
def test_a_round_without_a_roster_counts_who_was_sampled_and_nobody_else(tmp_path: Path, *, has_swabs: bool) -> None:
    facts = together([plausible(seed) for seed in range(20)])
    if not has_swabs:
        facts |= {"samples": [], "tubes": [], "results": []}
    keep_facts(facts, tmp_path / "facts")
    totals = reconcile_city(tmp_path / "facts", tmp_path / "out", ROUND, RoundSettings(as_of=AS_OF), threads=1)
    assert (totals["expected"], totals["missing"]) == (0, 0)
    # A place that no roster names is counted only where somebody was sampled.
    assert (totals["unrostered"] > 0) is has_swabs
