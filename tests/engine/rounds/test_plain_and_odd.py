"""Where a city is mostly plain, as cities are: counted at once or row by row, its round is the same."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.engine_facts import AS_OF, LAST_ROUND, make
from lianfang.engine.backends.columnar import ColumnarError
from lianfang.engine.rounds import bulk, plain
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


def disturb(facts: Path) -> None:
    """Somebody on no roster, reports that name a neighbour; persons in several ranges."""
    (roster,) = (facts / "roster").rglob("*.parquet")
    homes = pq.read_table(roster).to_pylist()
    homes = [home for home in homes if home["person_id"] % 401 != 7]
    pq.write_table(pa.Table.from_pylist(homes, schema=pq.read_schema(roster)), roster, row_group_size=100)
    results = max((facts / "results").rglob("*.parquet"))
    rows = pq.read_table(results).to_pylist()
    for row in rows:
        if row["result_id"] % 211 == 3 and row["person_id"] is not None:
            row["person_id"] += 1
    pq.write_table(pa.Table.from_pylist(rows, schema=pq.read_schema(results)), results)


def test_what_is_counted_at_once_is_what_the_stages_say_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "facts", PEOPLE, threads=1)
    disturb(tmp_path / "facts")
    monkeypatch.setattr(bulk, "PEOPLE_PER_SLICE", 700)
    settings = RoundSettings(as_of=AS_OF)
    totals = reconcile_city(tmp_path / "facts", tmp_path / "quick", LAST_ROUND, settings, threads=1)
    odd = sum(row["outcome"] not in ("negative", "pending", None) for row in written(tmp_path / "quick", "people"))
    assert 0 < odd < totals["sampled"] / 4, "the town is mostly plain, and not wholly"

    steps = plain.steps
    monkeypatch.setattr(plain, "steps", lambda *given: steps(*given) | ALL_ODD)
    assert reconcile_city(tmp_path / "facts", tmp_path / "whole", LAST_ROUND, settings, threads=1) == totals
    for name in ("people", "tubes", "buildings", "totals", "findings"):
        assert written(tmp_path / "quick", name) == written(tmp_path / "whole", name), name


@pytest.mark.parametrize("apart", [1, 10**9])
def test_somebody_twice_on_the_roster_is_named(tmp_path: Path, apart: int) -> None:
    """Also where numbers lie so far apart that they are not counted as bits."""
    make(tmp_path / "facts", 50, threads=1)
    (roster,) = (tmp_path / "facts" / "roster").rglob("*.parquet")
    homes = [home | {"person_id": home["person_id"] * apart} for home in pq.read_table(roster).to_pylist()]
    pq.write_table(pa.Table.from_pylist([*homes, homes[7]], schema=pq.read_schema(roster)), roster)
    with pytest.raises(ColumnarError, match=f"person_id: {homes[7]['person_id']} stands there more than once"):
        reconcile_city(tmp_path / "facts", tmp_path / "out", LAST_ROUND, RoundSettings(as_of=AS_OF), threads=1)
