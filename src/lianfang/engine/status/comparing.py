"""Two outputs, row for row: a full run and the state that was kept up by increments, or two backends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lianfang.engine.backends import Stages
from lianfang.engine.backends.columnar import ColumnarError, files_of, reading
from lianfang.engine.status.contract import ASIDE, DECISIONS, EVIDENCE, REASONS
from lianfang.engine.status.contract_people import TESTS_DUE
from lianfang.engine.tables import TableContract

COMPARED: tuple[TableContract, ...] = (DECISIONS, REASONS, EVIDENCE, ASIDE, TESTS_DUE)
# When a decision was computed is not what was decided.
_NOT_DECIDED = frozenset(("as_of",))
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class TableDifference:
    """How two outputs differ in one table: rows of each, rows that only one has, and some of the people concerned."""

    first_rows: int
    second_rows: int
    only_first: int
    only_second: int
    people: tuple[int, ...]

    @property
    def is_same(self) -> bool:
        return not self.only_first and not self.only_second


def compare_runs(first: Path, second: Path, *, memory: str | None = None) -> Mapping[str, TableDifference]:
    """Compare the tables of two outputs that either of them has, as sets of rows that may repeat.

    A column that one of them does not have counts as null there. Raises ``ColumnarError`` where one has no decisions.
    """
    for folder in (first, second):
        if not files_of(folder, DECISIONS.name):
            raise ColumnarError(f"{folder.name}: no {DECISIONS.name}")
    found = {}
    with Stages(memory=memory, keeps_order=False) as db:
        for contract in COMPARED:
            files = files_of(first, contract.name), files_of(second, contract.name)
            if any(files):
                found[contract.name] = _compared(db, contract, files)
    return found


def _compared(db: Stages, contract: TableContract, files: tuple[list[Path], list[Path]]) -> TableDifference:
    columns = [name for name in contract.schema.names if name not in _NOT_DECIDED]
    for name, paths in zip(("first", "second"), files, strict=True):
        there = {row[0] for row in db.rows(f"DESCRIBE {reading(paths)}")} if paths else set()
        said = ", ".join(_plain(contract, each) if each in there else f"NULL AS {each}" for each in columns)
        db.view(f"{name}_rows", f"SELECT {said} FROM ({reading(paths)})" if paths else f"SELECT {said} WHERE false")
    grouped = ", ".join(columns)
    db.stage(
        "differing",
        f"SELECT {grouped}, sum(side) AS side FROM ("
        f"SELECT {grouped}, 1 AS side FROM first_rows UNION ALL SELECT {grouped}, -1 FROM second_rows"
        f") GROUP BY {grouped} HAVING sum(side) <> 0",
    )
    counts = db.rows(
        "SELECT (SELECT count(*) FROM first_rows), (SELECT count(*) FROM second_rows), "
        "coalesce(sum(side) FILTER (side > 0), 0), coalesce(-sum(side) FILTER (side < 0), 0) FROM differing"
    )[0]
    people = db.rows(
        f"SELECT DISTINCT person_id FROM differing WHERE person_id IS NOT NULL ORDER BY person_id LIMIT {_SHOWN}"
    )
    first, second, only_first, only_second = (int(count) for count in counts)
    return TableDifference(first, second, only_first, only_second, tuple(row[0] for row in people))


def _plain(contract: TableContract, column: str) -> str:
    """A column so that two writers' types do not matter: lists as text, instants to the microsecond."""
    kind = str(next(each.type for each in contract.columns if each.name == column))
    if kind.startswith("list"):
        return f"CAST({column} AS VARCHAR) AS {column}"
    if kind.startswith("timestamp"):
        return f"CAST({column} AS TIMESTAMP) AS {column}"
    return f"CAST({column} AS BIGINT) AS {column}" if kind.startswith("int") else column
