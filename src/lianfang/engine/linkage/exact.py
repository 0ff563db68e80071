"""Pairs that are one person on sight: the same name with the same phone, room, address or tube."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from lianfang.engine.linkage.comparisons import BIRTH_SQL, ID_SQL, PLACE_SQL, SEX_SQL
from lianfang.engine.linkage.contract import Settings


@dataclass(frozen=True, slots=True)
class _Rule:
    how: str
    columns: tuple[str, ...]
    condition: str = "true"


_SAME_PLACE = """(l.community = r.community OR l.community IS NULL OR r.community IS NULL)
    AND (l.compound = r.compound OR l.compound IS NULL OR r.compound IS NULL)
    AND (l.unit = r.unit OR l.unit IS NULL OR r.unit IS NULL)"""
_NO_BUILDING = "CASE WHEN building IS NULL THEN coalesce(community, compound) END"
_NUMBERED_ADDRESS = "CASE WHEN regexp_matches(address, '[0-9]') THEN address END"
_LEFT = "(anchor IS NULL OR id_type <> 'resident_id')"
_RULES = (
    _Rule("name+phone", ("name_key", "phone")),
    _Rule("name+room", ("name_key", "building", "room"), _SAME_PLACE),
    _Rule("name+room", ("name_key", "room", _NO_BUILDING), _SAME_PLACE),
    _Rule("name+room", ("name_key", _NUMBERED_ADDRESS), _SAME_PLACE),
)
_TUBE_RULE = _Rule("name+tube", ("name_key", "tube_code"))


def exact_pairs(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Create ``exact`` (l, r, kinds, clear): pairs of profiles of different bases with the same name and a
    key in common. ``kinds`` lists which; ``clear`` is false where document, birth, sex or the place beside the
    tube speak against it: then the pair is only a candidate. Two whole documents of one type are no pair."""
    con.execute("CREATE TEMP TABLE exact_raw (l INTEGER, r INTEGER, how VARCHAR)")
    for rule in _RULES:
        _join(con, rule, "profile", settings.block_limit)
    con.execute(f"""
        CREATE TEMP TABLE in_tube AS
        WITH t AS (SELECT DISTINCT pid, tube_code FROM rec WHERE tube_code IS NOT NULL),
             few AS (SELECT DISTINCT tube_code FROM t JOIN profile p USING (pid) WHERE {_LEFT})
        SELECT p.*, t.tube_code FROM t SEMI JOIN few USING (tube_code) JOIN profile p USING (pid)
    """)
    _join(con, _TUBE_RULE, "in_tube", settings.block_limit)
    con.execute(f"""
        CREATE TEMP TABLE exact AS
        SELECT e.l, e.r, kinds, coalesce({ID_SQL} NOT IN ('different', 'misfit'), true)
               AND coalesce({BIRTH_SQL} = 'same', true) AND coalesce({SEX_SQL} = 'same', true)
               AND (kinds <> ['name+tube']
                    OR coalesce({PLACE_SQL} NOT IN ('elsewhere', 'other_building', 'other_room'), true)) AS clear
        FROM (SELECT l, r, list_sort(list(DISTINCT how)) AS kinds FROM exact_raw GROUP BY l, r) e
        JOIN profile l ON l.pid = e.l JOIN profile r ON r.pid = e.r
    """)
    con.execute("DROP TABLE exact_raw")
    con.execute("DROP TABLE in_tube")


def _join(con: duckdb.DuckDBPyConnection, rule: _Rule, table: str, limit: int) -> None:
    """Those without a whole resident number, against everybody, within keys of at most ``limit`` rows."""
    named = "length(name_key) >= 2 AND NOT contains(name_key, '*')"
    given = " AND ".join(f"({column}) IS NOT NULL" for column in rule.columns)
    key = f"hash({', '.join(rule.columns)})"
    con.execute(f"""
        INSERT INTO exact_raw
        WITH a AS MATERIALIZED (SELECT DISTINCT {key} AS key FROM {table} WHERE {_LEFT} AND {named} AND {given}),
             b AS MATERIALIZED (SELECT t.*, {key} AS key FROM {table} t SEMI JOIN a ON a.key = {key}
                                WHERE {named} AND {given}),
             small AS (SELECT key FROM b GROUP BY key HAVING count(*) BETWEEN 2 AND {limit}),
             c AS MATERIALIZED (SELECT b.*, base.base FROM b SEMI JOIN small USING (key) JOIN base USING (pid))
        SELECT DISTINCT least(l.pid, r.pid), greatest(l.pid, r.pid), '{rule.how}'
        FROM c l JOIN c r ON r.key = l.key
        WHERE l.base <> r.base AND (l.anchor IS NULL OR l.id_type <> 'resident_id') AND ({rule.condition})
          AND (l.anchor IS NULL OR r.anchor IS NULL OR l.id_type IS DISTINCT FROM r.id_type)
    """)
