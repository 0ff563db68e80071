"""SQLite inside the process, for the facts of a few people.

DuckDB needs 10 to 20 ms for a plan of a hundred operators, however few the rows; SQLite runs the same stages,
translated, over a few hundred rows in less. Instants are seconds since 1970, days the instants of their midnight, spans
seconds, lists JSON.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.backends.constants import Constant, seconds
from lianfang.engine.backends.translations import Translations
from lianfang.engine.tables import TableContract

_EPOCH = datetime(1970, 1, 1)
_DAY_SECONDS = 86_400


class FewRows:
    """One fixed set of stages, run again and again over other facts.

    ``schemas`` are the tables that are given; ``steps`` make stages from them in order; ``outputs`` are what ``run``
    returns. ``macros`` and ``constants`` (their names; ``run`` gives the values) may be called by both;
    ``translations`` may know all of it from an earlier process. Raises ``UntranslatableError`` where a statement does
    not mean the same on every database. For one thread at a time; use as a context manager, or call ``close``.
    """

    def __init__(
        self,
        *,
        schemas: Mapping[str, pa.Schema],
        macros: Sequence[str],
        constants: Mapping[str, Constant],
        steps: Mapping[str, str],
        outputs: Mapping[str, tuple[TableContract, str]],
        translations: Translations | None = None,
    ) -> None:
        statements = [*steps.values(), *(sql for _, sql in outputs.values())]
        texts = (translations or Translations()).of("sqlite", statements, macros=macros, constants=constants)
        self._connection = sqlite3.connect(
            ":memory:", check_same_thread=False, isolation_level=None, cached_statements=len(steps) + len(schemas) + 32
        )
        given = _parameters(constants)
        for name, schema in schemas.items():
            columns = ", ".join(f'"{each}"' for each in schema.names)
            self._connection.execute(f'CREATE TABLE "{name}" ({columns})')
        self._inserts = {
            name: f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(schema))})' for name, schema in schemas.items()
        }
        self._steps = []
        for name, statement in zip(steps, texts, strict=False):
            # Over no facts, for the names of its columns.
            self._connection.execute(f'CREATE TABLE "{name}" AS {statement}', given)
            self._steps.append(f'INSERT INTO "{name}" {statement}')
        said = zip(outputs.items(), texts[len(steps) :], strict=True)
        self._outputs = {name: (contract, statement) for (name, (contract, _)), statement in said}
        self._fixed: dict[str, pa.Table] = {}

    def __enter__(self) -> FewRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def run(self, tables: Mapping[str, pa.Table], constants: Mapping[str, Constant]) -> dict[str, pa.Table]:
        """The outputs over these tables, in the shape of their contracts. Tables that are not given are empty."""
        given = _parameters(constants)
        run = self._connection.execute
        run("BEGIN")
        try:
            for name, table in tables.items():
                if table.num_rows:
                    self._connection.executemany(self._inserts[name], _rows(table))
            for statement in self._steps:
                run(statement, given)
            return {name: _table(contract, run(sql, given)) for name, (contract, sql) in self._outputs.items()}
        finally:
            run("ROLLBACK")


def _parameters(constants: Mapping[str, Constant]) -> dict[str, str | int]:
    return {name: _number(value) for name, value in constants.items()}


def _number(value: Constant) -> str | int:
    if isinstance(value, datetime):
        return seconds(value - _EPOCH)
    return seconds(value) if isinstance(value, timedelta) else value


def _rows(table: pa.Table) -> Any:
    return zip(*(_plain(column) for column in table.columns), strict=True)


def _plain(column: pa.ChunkedArray) -> list[Any]:
    kind = column.type
    if column.null_count == len(column):
        return [None] * len(column)
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return column.cast(pa.int64()).to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_date(kind):
        return pc.multiply(column.cast(pa.int32()).cast(pa.int64()), _DAY_SECONDS).to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_list(kind):
        return [None if value is None else json.dumps(value, ensure_ascii=False) for value in column.to_pylist()]
    return column.to_pylist()  # type: ignore[no-any-return]


def _table(contract: TableContract, found: sqlite3.Cursor) -> pa.Table:
    names = [each[0] for each in found.description]
    rows = found.fetchall()
    if not rows:
        return contract.empty()
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    none = (None,) * len(rows)
    arrays = [_array(columns.get(column.name, none), column.type) for column in contract.columns]
    return pa.table(arrays, schema=contract.schema)


def _array(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    if pa.types.is_list(kind):
        return pa.array([None if value is None else json.loads(value) for value in values], kind)
    if pa.types.is_date(kind):
        return pa.array([None if value is None else value // _DAY_SECONDS for value in values], pa.int32()).cast(kind)
    if pa.types.is_timestamp(kind) or pa.types.is_boolean(kind) or pa.types.is_duration(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)
