"""What stages of rounds say beyond SQLite: how Spark is told, and what is refused even there."""

from __future__ import annotations

import pytest

from lianfang.engine.backends import UntranslatableError
from lianfang.engine.backends.dialects import Translation
from lianfang.engine.backends.spark_words import WIDER
from lianfang.engine.rounds import stages_counts, stages_people, stages_places, stages_tubes
from lianfang.engine.rounds.bulk import OUTPUTS

MACROS = (stages_tubes.MACROS, stages_places.MACROS)
STAGES = stages_tubes.STEPS | stages_people.STEPS | stages_counts.STEPS | OUTPUTS


def told(sql: str) -> str:
    return Translation("spark", MACROS, {}, wider=WIDER)(sql)


@pytest.mark.parametrize(
    ("sql", "spark"),
    [
        ("date_diff('minute', a, b)", "TIMESTAMPDIFF(MINUTE, DATE_TRUNC('MINUTE', a), DATE_TRUNC('MINUTE', b))"),
        ("a / 60.0", "CAST(a AS DOUBLE) / CAST(60.0 AS DOUBLE)"),
        ("round(a / b, 4)", "* CAST(10000 AS DOUBLE), 0) / CAST(10000 AS DOUBLE)"),
        ("round(a / b, 4)", "CAST(a AS DOUBLE) / CAST(b AS DOUBLE)"),
        ("min_by(a, b)", "MIN_BY(a, b) FILTER(WHERE NOT a IS NULL AND NOT b IS NULL)"),
        ("list(a ORDER BY a)", "SORT_ARRAY(COLLECT_LIST(STRUCT(a IS NULL AS lacks, a AS given)))"),
        ("hash(a, coalesce(b, 'x'))", "STRUCT(a, COALESCE(b, 'x'))"),
        ("count(DISTINCT (a, b))", "COUNT(DISTINCT STRUCT(a, b))"),
        ("regexp_extract(a, '[0-9]+')", "REGEXP_EXTRACT(a, '[0-9]+', 0)"),
        ("['x', 'y'][a]", "GET(ARRAY('x', 'y'), (a) - 1)"),
        ("len(a)", "SIZE(a)"),
        # Parts are told before the whole, also inside of what is told another way.
        ("min_by(a, (date_trunc('day', b), len(c)))", "STRUCT(CAST(CAST(b AS DATE) AS TIMESTAMP_NTZ), SIZE(c))"),
    ],
)  # fmt: skip
def test_spark_is_told_what_duckdb_means(sql: str, spark: str) -> None:
    assert spark in told(f"SELECT {sql} AS said FROM t")


def test_columns_that_are_left_out_or_replaced_stand_as_spark_says_it() -> None:
    assert told("SELECT t.* EXCLUDE (a) FROM t") == "SELECT t.* EXCEPT (a) FROM t"
    assert told("SELECT t.* REPLACE (b + 1 AS b) FROM t") == "SELECT t.* EXCEPT (b), b + 1 AS b FROM t"


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_of_a_round_can_be_told(name: str) -> None:
    assert told(STAGES[name])


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("date_diff('hour', a, b)", "only seconds and minutes"),
        ("list(a ORDER BY b)", "only in the order of what is listed"),
        ("min_by(a, b) FILTER (c)", "without a FILTER of its own"),
        ("strftime(a, '%Y')", "not known to mean the same"),
        ("round(a, b)", "only to a constant number of places"),
        ("CAST(a AS TIME)", "this type"),
        ("codes[a]", "only a constant place"),
    ],
)
def test_what_may_differ_is_refused_on_spark_too(sql: str, named: str) -> None:
    with pytest.raises(UntranslatableError, match=named):
        told(f"SELECT {sql} AS said FROM t")
