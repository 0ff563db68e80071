"""Reading many rows at once, as text that a reader of CSV takes whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection
from psycopg import postgres

# Written by PostgreSQL without a comma, a quotation mark or a line's end.
_PLAIN = frozenset(
    postgres.types[name].oid
    for name in ("bool", "int2", "int4", "int8", "float4", "float8", "numeric", "date", "timestamp", "uuid")
)
_QUOTED = """'"' || replace({}::text, '"', '""') || '"'"""
_lines: dict[str, tuple[str, str]] = {}


def read_as_csv(query: str, given: Mapping[str, Any]) -> bytes:
    """The rows of ``query`` as CSV with a header; ``given`` fills the query's parameters.

    As ``COPY … (FORMAT csv)`` writes them, but for texts, which are all quoted: NULL is empty, an empty text ``""``.
    PostgreSQL puts the lines together: one answer, whereas the driver passes every row of a COPY through Python, which
    takes longer than finding it. Raises Django's database errors, and ValueError for a query of a single column: a
    line with nothing on it is no row to a reader.
    """
    with connection.cursor() as cursor:
        if query not in _lines:
            cursor.execute(f"SELECT * FROM ({query}) q LIMIT 0", given)
            _lines[query] = _line(cursor.description or ())
        header, line = _lines[query]
        cursor.execute(f"SELECT string_agg({line}, E'\\n') FROM ({query}) q", given)
        (rows,) = cursor.fetchone()
    return f"{header}\n".encode() if rows is None else f"{header}\n{rows}\n".encode()


def _line(columns: Any) -> tuple[str, str]:
    if len(columns) < 2:
        raise ValueError("a line needs two columns")
    values = [f"q.{one.name}" if one.type_code in _PLAIN else _QUOTED.format(f"q.{one.name}") for one in columns]
    between = ", ',', "
    return ",".join(column.name for column in columns), f"concat({between.join(values)})"
