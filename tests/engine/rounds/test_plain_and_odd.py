"""Where a city is mostly plain, as cities are: counted at once or row by row, its round is the same."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.engine_facts import AS_OF, LAST_ROUND, make
from lianfang.engine.rounds import plain
from lianfang.engine.rounds.bulk import reconcile_city
from lianfang.engine.rounds.contract import RoundSettings

PEOPLE = 3_000
# By the words of the stages themselves: nobody is plain.
ALL_ODD = {
    "odd_tubes": "SELECT DISTINCT tube FROM city_swabs",
    "odd_people": "SELECT person FROM city_swabs UNION SELECT person_id FROM city_roster "
    "UNION SELECT person_id FROM city_exempt",
}


def written(folder: Path, name: str) -> list[dict[str, object]]:
    table = pa.concat_tables(pq.read_table(path) for path in sorted((folder / name).glob("*.parquet")))
    rows: list[dict[str, object]] = table.to_pylist()
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


def test_what_is_counted_at_once_is_what_the_stages_say_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "facts", PEOPLE, threads=1)
    settings = RoundSettings(as_of=AS_OF)
    totals = reconcile_city(tmp_path / "facts", tmp_path / "quick", LAST_ROUND, settings, threads=1)
    odd = sum(row["outcome"] not in ("negative", "pending", None) for row in written(tmp_path / "quick", "people"))
    assert 0 < odd < totals["sampled"] / 10, "the town is mostly plain, and not wholly"

    steps = plain.steps
    monkeypatch.setattr(plain, "steps", lambda number: steps(number) | ALL_ODD)
    assert reconcile_city(tmp_path / "facts", tmp_path / "whole", LAST_ROUND, settings, threads=1) == totals
    for name in ("people", "tubes", "buildings", "totals", "findings"):
        assert written(tmp_path / "quick", name) == written(tmp_path / "whole", name), name
