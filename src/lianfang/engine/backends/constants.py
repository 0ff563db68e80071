"""Values that a run's stages name like functions without arguments, and how SQL writes them."""

from __future__ import annotations

from datetime import datetime, timedelta

Constant = str | int | bool | datetime | timedelta


def literal(value: Constant) -> str:
    """The value as DuckDB writes it."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, timedelta):
        return f"INTERVAL {seconds(value)} SECOND"
    return "'" + value.replace("'", "''") + "'"


def seconds(span: timedelta) -> int:
    """Whole seconds of a time; parts of one are dropped."""
    return int(span.total_seconds())
