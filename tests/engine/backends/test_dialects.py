"""What is not known to mean the same on every database is refused by name; what is, is written each one's way."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from lianfang.engine.backends import UntranslatableError
from lianfang.engine.backends.dialects import Translation

MACROS = ("CREATE MACRO day_of(x) AS date_trunc('day', x); CREATE MACRO later(x) AS day_of(x) + INTERVAL 2 DAY",)
CONSTANTS = {"as_of": datetime(2022, 8, 30, 8), "tolerance": timedelta(minutes=15), "name": "它's"}


@pytest.mark.parametrize(
    ("sql", "spark", "sqlite"),
    [
        ("SELECT a FROM t WHERE b <= as_of()", "CAST('2022-08-30 08:00:00' AS TIMESTAMP_NTZ)", "b <= :as_of"),
        ("SELECT name() AS a FROM t", "'它\\'s'", ":name"),
        ("SELECT codes[1] AS a FROM t", "GET(codes, 0)", "JSON_EXTRACT(codes, '$[0]')"),
        ("SELECT list_contains(list, 'x') AS a FROM t", "ARRAY_CONTAINS(list, 'x')", "INSTR(list, '\"x\"') > 0"),
        ("SELECT greatest(a, b) AS c FROM t", "GREATEST(a, b)", "MAX(COALESCE(a, b), COALESCE(b, a))"),
        ("SELECT a + INTERVAL 2 DAY AS c FROM t", "a + INTERVAL '2' DAY", "a + 172800"),
        ("SELECT later(a) AS c FROM t", "CAST(CAST(a AS DATE) AS TIMESTAMP_NTZ)", "% 86400) + 86400) % 86400"),
        ("SELECT a FROM t ORDER BY b", "b NULLS LAST", "b NULLS LAST"),
        ("SELECT bool_or(a) FILTER (b) AS c FROM t", "BOOL_OR(a) FILTER(WHERE b)", "MAX(a) FILTER(WHERE b)"),
    ],
)
def test_each_database_is_told_in_its_own_words(sql: str, spark: str, sqlite: str) -> None:
    assert spark in Translation("spark", MACROS, CONSTANTS)(sql)
    assert sqlite in Translation("sqlite", MACROS, CONSTANTS, binds=True)(sql)


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELECT a, row_number() OVER (ORDER BY a) AS n FROM t QUALIFY n = 1", "differs between databases"),
        ("SELECT * EXCLUDE (a) FROM t", "name the columns"),
        ("SELECT * REPLACE (1 AS a) FROM t", "name the columns"),
        ("SELECT a FROM t UNION ALL BY NAME SELECT a FROM u", "name the columns"),
        ("SELECT a FROM t SEMI JOIN u USING (a)", "write IN or NOT EXISTS"),
        ("SELECT a FROM t ANTI JOIN u USING (a)", "write IN or NOT EXISTS"),
        ("SELECT a / b AS c FROM t", "differs between databases"),
        ("SELECT strftime(a, '%Y') AS c FROM t", "not known to mean the same"),
        ("SELECT no_such_macro(a) AS c FROM t", "not known to mean the same"),
        ("SELECT later(a, b) AS c FROM t", "takes 1 arguments, not 2"),
        ("SELECT codes[a] AS c FROM t", "only a constant place"),
        ("SELECT date_trunc('hour', a) AS c FROM t", "only whole days"),
        ("SELECT CAST(a AS TIME) AS c FROM t", "this type"),
    ],
)
@pytest.mark.parametrize("dialect", ["spark", "sqlite"])
def test_what_may_differ_silently_is_refused(dialect: str, sql: str, named: str) -> None:
    with pytest.raises(UntranslatableError, match=named):
        Translation(dialect, MACROS, CONSTANTS)(sql)  # type: ignore[arg-type]
