"""Where people of a folder of facts live, for sums by place: by a roster, or by the residencies of the facts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# A township and its community tell two places of one name apart; a building would be too many lines.
_NAMED = ("township", "community")


def place_of(people: Collection[int], roster: Path | None, residencies: pa.Table, at: datetime) -> Mapping[int, str]:
    """Person → place at ``at``: as the roster names it, else the number of the place where the person lives.

    ``roster`` is a Parquet file or folder with ``person_id`` and ``township`` or ``community``. Who lives in several
    places at once stands under the one that became known last, of those the first.
    """
    asked = pa.array(people, pa.int64())
    found = dict(_lived_in(_of(residencies, asked), at))
    if roster is not None:
        found |= _rostered(roster, asked)
    return found


def _of(table: pa.Table, people: pa.Array) -> pa.Table:
    return table.filter(pc.is_in(table["person_id"].cast(pa.int64()), value_set=people))


def _rostered(path: Path, people: pa.Array) -> Iterator[tuple[int, str]]:
    import pyarrow.parquet as parquet

    columns = parquet.ParquetDataset(path).schema.names
    there = [name for name in _NAMED if name in columns]
    if "person_id" not in columns or not there:
        return
    for row in _of(parquet.read_table(path, columns=["person_id", *there]), people).to_pylist():
        if words := " ".join(row[name] for name in there if row[name]):
            yield row["person_id"], words


def _lived_in(residencies: pa.Table, at: datetime) -> Iterator[tuple[int, str]]:
    rows = [row for row in residencies.to_pylist() if _holds(row, at)]
    for row in sorted(rows, key=lambda row: (row["recorded_at"], -row["place_id"])):
        yield row["person_id"], str(row["place_id"])


def _holds(row: Mapping[str, Any], at: datetime) -> bool:
    """Lived in at ``at``, as far as was known then."""
    is_over = row["to_at"] is not None and row["to_at"] <= at and (row["to_recorded_at"] or row["to_at"]) <= at
    return row["recorded_at"] <= at and (row["from_at"] is None or row["from_at"] <= at) and not is_over
