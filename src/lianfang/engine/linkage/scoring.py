"""Fellegi–Sunter scoring of candidate pairs, with the people one lives with as a third explanation.

A pair of records can come about in three ways: both are the same person (weight m), they are strangers
(weight u), or they are people of one household, who share room and phone without being one person
(``u_household``). Per comparison the agreement level has a probability under each; the odds that a pair is one
person are those of the first way against the other two together. With the household left out this is the
model of Fellegi and Sunter (1969) as Splink and others implement it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class Level:
    """One outcome of a comparison. ``u`` is a number or an SQL expression over ``l``, ``r`` that gives one
    (term frequencies); ``u_household`` None means that households are not modelled."""

    m: float
    u: float | str
    u_household: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """``sql`` gives the level's code from the two sides ``l`` and ``r`` (and ``c``, the candidate); an unlisted
    code or null says nothing for or against."""

    name: str
    sql: str
    levels: Mapping[str, Level]


@dataclass(frozen=True, slots=True)
class Model:
    """``prior`` and ``prior_household``: the odds, before comparing, that two records out of the
    whole are one person, or two people of one household. ``slope`` and ``intercept`` calibrate the log odds."""

    comparisons: Sequence[Comparison]
    prior: float
    prior_household: float = 0.0
    slope: float = 1.0
    intercept: float = 0.0


def block(con: duckdb.DuckDBPyConnection, left: str, right: str, rules: Sequence[Sequence[str]], limit: int) -> None:
    """Create ``candidate`` (l, r): pairs of ``left`` × ``right`` that share a key of some rule.

    ``left`` and ``right`` name tables with ``id``. A rule lists the columns (or SQL expressions over them) that
    must all be given and equal. A key that more than ``limit`` rows of ``right`` share is passed over, so that
    pairs grow with the rows, not their square.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE candidate_raw (l INTEGER, r INTEGER)")
    for rule in rules:
        given = " AND ".join(f"({column}) IS NOT NULL" for column in rule)
        key = f"hash({', '.join(rule)})"
        con.execute(f"""
            INSERT INTO candidate_raw
            WITH a AS MATERIALIZED (SELECT id, {key} AS key FROM {left} WHERE {given}),
                 b AS MATERIALIZED (SELECT id, {key} AS key FROM {right} t
                                    SEMI JOIN a ON a.key = {key}
                                    WHERE {given}),
                 small AS (SELECT key FROM b GROUP BY key HAVING count(*) <= {limit})
            SELECT a.id, b.id FROM a JOIN small USING (key) JOIN b USING (key) WHERE a.id <> b.id
        """)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE candidate AS
        SELECT DISTINCT least(l, r) AS l, greatest(l, r) AS r FROM candidate_raw
    """)
    con.execute("DROP TABLE candidate_raw")


def compare(con: duckdb.DuckDBPyConnection, sides: str, model: Model, keep: str = "") -> None:
    """Create ``compared``: the columns of ``candidate``, one column per comparison with its level's code, and
    one ``u_<comparison>_<level>`` per level whose u is an expression. ``sides`` names the table with ``id``."""
    levels = [f"{one.sql} AS {one.name}" for one in model.comparisons]
    levels += [
        f"({level.u}) AS u_{one.name}_{code}"
        for one in model.comparisons
        for code, level in one.levels.items()
        if isinstance(level.u, str)
    ]
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE compared AS SELECT c.*, {", ".join(levels)}{keep}
        FROM candidate c JOIN {sides} l ON l.id = c.l JOIN {sides} r ON r.id = c.r
    """)


def score(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Create ``scored``: ``compared`` with ``log_odds`` (natural logarithm) that the pair is one person."""
    strangers = " + ".join(_ratio(one, household=False) for one in model.comparisons)
    households = " + ".join(_ratio(one, household=True) for one in model.comparisons)
    apart = f"exp(-({strangers})) / {model.prior!r}"
    if model.prior_household > 0:
        apart += f" + exp(-({households})) * {model.prior_household / model.prior!r}"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE scored AS
        SELECT *, {model.slope!r} * -ln({apart}) + {model.intercept!r} AS log_odds FROM compared
    """)


def _ratio(one: Comparison, *, household: bool) -> str:
    """SQL for the natural logarithm of m over the probability of the other explanation."""
    cases = []
    for code, level in one.levels.items():
        other: float | str | None = level.u_household if household else level.u
        if other is None:
            continue
        below = f"greatest(u_{one.name}_{code}, 1e-12)" if isinstance(other, str) else repr(float(other))
        cases.append(f"WHEN '{code}' THEN ln({level.m!r} / {below})")
    return f"CASE {one.name} {' '.join(cases)} ELSE 0.0 END" if cases else "0.0"
