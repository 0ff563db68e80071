"""Statements that are asked thousands of times a minute: the server keeps how it answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import psycopg
from django.db import connection
from django.db.models import Model

_Row = TypeVar("_Row", bound=Model)


def ask_prepared(statement: str, given: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of one statement, in the session and with the scope of the surrounding transaction.

    Past Django's cursor, which writes every value into the statement's text and has it planned anew. Raises Django's
    database errors, as that does.
    """
    # As Django does before each statement: the session may be new, or its server gone.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    session = connection.connection
    if connection.queries_logged:
        # Seen by whoever counts the queries of a block, as Django's are.
        connection.queries_log.append({"sql": statement, "time": "0"})
    with connection.wrap_database_errors, psycopg.Cursor(session) as cursor:
        return cursor.execute(statement, given, prepare=True).fetchall()


def rows_prepared(model: type[_Row], condition: str, given: Sequence[Any]) -> list[_Row]:
    """The rows of a model whose columns satisfy ``condition``, which ends with an ORDER BY where the order matters.

    What every page asks: Django would make the same statement anew each time, which takes longer than its answer.
    """
    select, names = _select(model)
    rows = ask_prepared(f"{select} WHERE {condition}", given)
    return [model.from_db(connection.alias, names, row) for row in rows]


@cache
def _select(model: type[Model]) -> tuple[str, list[str]]:
    fields = model._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    return f'SELECT {columns} FROM "{model._meta.db_table}"', [field.attname for field in fields]
