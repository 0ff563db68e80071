"""Small Arrow tables and empty ones, told to DuckDB as text.

To be read where it lies, an Arrow table must be registered, and the first time that loads a large part of pyarrow
that a run from Parquet to Parquet has no other use for.
"""

from __future__ import annotations

import pyarrow as pa

from lianfang.engine.backends.constants import Constant, literal

_KINDS = {
    pa.int64(): "BIGINT", pa.int32(): "INTEGER", pa.int16(): "SMALLINT", pa.int8(): "TINYINT", pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR", pa.bool_(): "BOOLEAN", pa.date32(): "DATE", pa.timestamp("s"): "TIMESTAMP_S",
    pa.duration("s"): "INTERVAL", pa.list_(pa.string()): "VARCHAR[]",
}  # fmt: skip


def kind_of(column: pa.Field) -> str:
    """The type that DuckDB gives such a column of Arrow. Raises KeyError where no contract has such a type."""
    return _KINDS[column.type]


def as_select(table: pa.Table) -> str:
    """A SELECT of these few rows."""
    columns = ", ".join(f'CAST("{column.name}" AS {kind_of(column)}) AS "{column.name}"' for column in table.schema)
    names = ", ".join(f'"{name}"' for name in table.column_names)
    rows = [[_value(each) for each in row.values()] for row in table.to_pylist()]
    listed = ", ".join(f"({', '.join(row)})" for row in rows or [["NULL"] * table.num_columns])
    return f"SELECT {columns} FROM (VALUES {listed}) v({names}){'' if rows else ' WHERE false'}"


def _value(value: Constant | float | list[str] | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"'{value}'"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return literal(value)
