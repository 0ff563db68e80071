"""Tables kept as Parquet, ``table/dt=YYYY-MM-DD/*.parquet``: reading them into stages, and what their footers say.

Few large files, in the order of persons: then a range of persons is a range of row groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from lianfang.engine.backends.embedded import Stages, quoted
from lianfang.engine.backends.given import kind_of
from lianfang.engine.tables import TableContract

EVERY = (-(2**63), 2**63 - 1)
"""A range of persons that holds all of them."""


class ColumnarError(ValueError):
    """A folder of Parquet that breaks its contract; the message names table, column and what is wrong."""


def files_of(folder: Path, table: str) -> list[Path]:
    """The Parquet files of a table, by name; empty where there is none."""
    return sorted((folder / table).rglob("*.parquet"))


def reading(files: Sequence[Path], where: str = "") -> str:
    """A SELECT of every column of these files, ``dt`` not among them."""
    listed = ", ".join(quoted(path) for path in files)
    return f"SELECT * FROM read_parquet([{listed}], hive_partitioning = false, union_by_name = true) {where}"


def attach(db: Stages, folder: Path, contract: TableContract, *, named: str | None = None) -> int:
    """Make the table of a folder a view, ``named`` or under its own name, in its contract's columns; returns its rows.

    Absent columns are null, an absent table is empty. Raises ``ColumnarError`` where no column of the contract is
    there.
    """
    files = files_of(folder, contract.name)
    if not files:
        db.load_few(**{named or contract.name: contract.empty()})
        return 0
    kinds = {column.name: kind_of(column) for column in contract.empty().schema}
    there = {row[0]: row[1] for row in db.rows(f"DESCRIBE {reading(files[:1])}")}
    if not there.keys() & kinds.keys():
        raise ColumnarError(f"{contract.name}: none of the columns {', '.join(kinds)} is in {files[0].name}")
    columns = ", ".join(
        name if there.get(name) == kind else f"CAST({name if name in there else 'NULL'} AS {_kind(kind)}) AS {name}"
        for name, kind in kinds.items()
    )
    db.view(named or contract.name, f"SELECT {columns} FROM ({reading(files)})")
    return _rows(db, files)


def _kind(kind: str) -> str:
    # Instants to the second are kept as microseconds by every writer of Parquet.
    return "TIMESTAMP" if kind.startswith("TIMESTAMP") else kind


def _rows(db: Stages, files: Sequence[Path]) -> int:
    listed = ", ".join(quoted(path) for path in files)
    return int(db.rows(f"SELECT coalesce(sum(num_rows), 0) FROM parquet_file_metadata([{listed}])")[0][0])


def refuse_nulls(db: Stages, folder: Path, table: str, columns: Sequence[str]) -> None:
    """Raises ``ColumnarError`` where a required column has no value somewhere, as far as the footers say."""
    files = files_of(folder, table)
    if not files:
        return
    listed = ", ".join(quoted(path) for path in files)
    named = ", ".join(f"'{column}'" for column in columns)
    found = db.rows(
        f"SELECT path_in_schema, sum(stats_null_count) FROM parquet_metadata([{listed}]) "
        f"WHERE path_in_schema IN ({named}) GROUP BY path_in_schema"
    )
    counted = dict(found)
    if not counted and not _rows(db, files):
        return
    for column in columns:
        if column not in counted:
            raise ColumnarError(f"{table}.{column}: there is no such column")
        if counted[column]:
            raise ColumnarError(f"{table}.{column}: {counted[column]} rows without a value")


def slices(db: Stages, folder: Path, table: str, key: str, rows: int) -> list[tuple[int, int]]:
    """Ranges ``[from, to)`` of a numeric key of about so many rows each, cut where row groups end; they cover all.

    Where there is no row, one range that would cover any.
    """
    files = files_of(folder, table)
    if not files:
        return [EVERY]
    listed = ", ".join(quoted(path) for path in files)
    groups = db.rows(
        f"SELECT CAST(stats_min_value AS BIGINT), CAST(stats_max_value AS BIGINT), num_values "
        f"FROM parquet_metadata([{listed}]) WHERE path_in_schema = '{key}' AND num_values > 0 "
        "ORDER BY 1, 2"
    )
    if any(low is None or high is None for low, high, _ in groups):
        raise ColumnarError(f"{table}.{key}: the files say nothing of its least and greatest value")
    if not groups:
        return [EVERY]
    first, last = groups[0][0], max(high for _, high, _ in groups) + 1
    cuts, held = [first], 0
    for _, high, count in groups:
        held += count
        if held >= rows and cuts[-1] < high + 1 < last:
            cuts.append(high + 1)
            held = 0
    return list(zip(cuts, [*cuts[1:], last], strict=True))


def widened(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same ranges, the first and the last without their outer bound."""
    bounds = [EVERY[0], *(end for _, end in ranges[:-1]), EVERY[1]]
    return list(pairwise(bounds))
