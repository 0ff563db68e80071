from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.copying import copied_out

ROWS = "SELECT n, 'a\"b, c' || chr(10) || n AS words, NULL AS nothing FROM generate_series(1, %(rows)s) n ORDER BY n"


@pytest.mark.parametrize("rows", [0, 1, 3_000])
def test_rows_come_as_the_driver_reads_them(rows: int) -> None:
    with acting_as(system_actor("test")):
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY ({ROWS}) TO STDOUT (FORMAT csv, HEADER)", {"rows": rows}) as copy,
        ):
            expected = b"".join(copy)
        assert copied_out(ROWS, {"rows": rows}) == expected
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("query", ["SELECT no_such_column", "SELECT 1 / (3 - n) FROM generate_series(1, 5) n"])
def test_a_query_that_fails_raises_and_the_session_goes_on(query: str) -> None:
    with pytest.raises(psycopg.Error), acting_as(system_actor("test")):
        copied_out(query, {})
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


@pytest.mark.committed
def test_outside_of_a_transaction_nothing_is_read() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        copied_out("SELECT 1", {})
