from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection

from lianfang.domains.lab_testing.results.services.drafts import _as_array


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (
            "text",
            ["阴性", "", "NULL", "null", None, 'a"b', "back\\slash", "{,}", " spaced ", "line\nbreak", "\x1e\x1f"],
        ),
        ("bytea", [b"", b"\x00\xff\\", None]),
        ("timestamptz", [datetime(2022, 8, 29, 23, 59, 59, tzinfo=UTC), None]),
        ("numeric", [Decimal("35.10"), None]),
        ("bigint", [7, None, -1]),
        ("boolean", [True, False, None]),
    ],
)
def test_whatever_a_cell_holds_reaches_the_database_as_it_was(system: object, kind: str, values: list[object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT unnest(%s::{kind}[])", [_as_array(values)])
        read = [bytes(one) if isinstance(one, memoryview) else one for (one,) in cursor.fetchall()]
    assert read == values
