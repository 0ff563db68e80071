"""Statements that are asked thousands of times a minute: the server keeps how it answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection


def ask_prepared(statement: str, given: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of one statement, in the session and with the scope of the surrounding transaction.

    Past Django's cursor, which writes every value into the statement's text and has it planned anew. Raises Django's
    database errors, as that does.
    """
    session = connection.connection
    if connection.queries_logged:
        # Seen by whoever counts the queries of a block, as Django's are.
        connection.queries_log.append({"sql": statement, "time": "0"})
    with connection.wrap_database_errors, psycopg.Cursor(session) as cursor:
        return cursor.execute(statement, given, prepare=True).fetchall()
