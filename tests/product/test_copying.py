from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.db.utils import DatabaseError

from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.copying import read_as_csv

ROWS = """
SELECT n, mod(n, 2) = 0 AS even, 'a"b, \\c' || chr(10) || n AS words, '' AS empty, NULL::text AS nothing,
       timestamp '2022-11-09 04:12:00' + n * interval '1 second' AS at
FROM generate_series(1, %(rows)s) n ORDER BY n
"""


@pytest.mark.parametrize("rows", [0, 1, 3_000])
def test_rows_are_what_the_database_copies_out(rows: int) -> None:
    with acting_as(system_actor("test")):
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY ({ROWS}) TO STDOUT (FORMAT csv, HEADER)", {"rows": rows}) as copy,
        ):
            expected = b"".join(copy).decode()
        found = read_as_csv(ROWS, {"rows": rows}).decode()
    assert list(csv.reader(io.StringIO(found))) == list(csv.reader(io.StringIO(expected)))
    # A reader that tells nothing from an empty text finds both.
    assert found.count(',"",,2022-11-09') == rows


@pytest.mark.parametrize(
    "query", ["SELECT 1 AS a, no_such_column", "SELECT n, 1 / (3 - n) FROM unnest('{1,3}'::int[]) n"]
)
def test_a_query_that_fails_raises_and_the_session_goes_on(query: str) -> None:
    with pytest.raises(DatabaseError), acting_as(system_actor("test")):
        read_as_csv(query, {})
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_a_single_column_is_refused() -> None:
    with pytest.raises(ValueError, match="two columns"), acting_as(system_actor("test")):
        read_as_csv("SELECT NULL AS nothing", {})
