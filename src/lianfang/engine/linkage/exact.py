"""Pairs that are one person on sight: the same name with the same phone, room, address or tube."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from lianfang.engine.linkage.comparisons import BIRTH_SQL, ID_SQL, PLACE_SQL, SAME_PLACE, SEX_SQL
from lianfang.engine.linkage.contract import Settings


@dataclass(frozen=True, slots=True)
class _Rule:
    how: str
    columns: tuple[str, ...]
    condition: str = "true"


_NO_BUILDING = "CASE WHEN building IS NULL THEN coalesce(community, compound) END"
_NUMBERED_ADDRESS = "CASE WHEN regexp_matches(address, '[0-9]') THEN address END"
_LEFT = "(anchor IS NULL OR id_type <> 'resident_id')"
_RULES = (
    _Rule("name+phone", ("name_h", "phone_h")),
    _Rule("name+room", ("name_h", "building_h", "room_h"), SAME_PLACE),
    _Rule("name+room", ("name_h", "room_h", _NO_BUILDING), SAME_PLACE),
    _Rule("name+room", ("name_h", _NUMBERED_ADDRESS), SAME_PLACE),
)
# A tube tells who a result is about. Two samples of one tube are two people who queued together.
_TUBE_RULE = _Rule("name+tube", ("name_h", "tube_code"), "l.is_result <> r.is_result")


def exact_pairs(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Create ``exact`` (l, r, kinds, clear): pairs of profiles of different bases with the same name and a
    key in common. ``kinds`` lists which; ``clear`` is false where document, birth, sex or the place beside the
    tube speak against it: then the pair is only a candidate. Two whole documents of one type are no pair."""
    con.execute("CREATE TEMP TABLE exact_raw (l INTEGER, r INTEGER, how VARCHAR)")
    # Only those whose name somebody without a whole resident number bears.
    con.execute(f"""
        CREATE TEMP TABLE named AS
        SELECT p.pid, b.base, p.anchor IS NOT NULL AS has_anchor, {_LEFT} AS is_left, p.id_type, p.address,
               p.name_h, p.phone_h, p.building_h, p.room_h, p.community, p.compound, p.building, p.unit
        FROM profile p JOIN base b USING (pid)
        WHERE name_h IN (SELECT name_h FROM profile WHERE {_LEFT})
          AND length(name_key) >= 2 AND NOT contains(name_key, '*')
    """)
    for rule in _RULES:
        _join(con, rule, "named", settings.block_limit)
    con.execute("""
        CREATE TEMP TABLE in_tube AS
        WITH left_tube AS (SELECT DISTINCT tube_code FROM rec
                           WHERE tube_code IS NOT NULL AND pid IN (SELECT pid FROM named WHERE is_left)),
             t AS (SELECT DISTINCT pid, tube_code, role = 'results' AS is_result FROM rec
                   SEMI JOIN left_tube USING (tube_code))
        SELECT n.*, t.tube_code, t.is_result FROM t JOIN named n USING (pid)
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
    for table in ("exact_raw", "named", "in_tube"):
        con.execute(f"DROP TABLE {table}")


def _join(con: duckdb.DuckDBPyConnection, rule: _Rule, table: str, limit: int) -> None:
    """Those without a whole resident number, against everybody, within keys of at most ``limit`` rows."""
    given = " AND ".join(f"({column}) IS NOT NULL" for column in rule.columns)
    key = f"hash({', '.join(rule.columns)})"
    con.execute(f"""
        INSERT INTO exact_raw
        WITH a AS MATERIALIZED (SELECT DISTINCT {key} AS key FROM {table} WHERE is_left AND {given}),
             b AS MATERIALIZED (SELECT t.*, {key} AS key FROM {table} t SEMI JOIN a ON a.key = {key} WHERE {given}),
             small AS (SELECT key FROM b GROUP BY key HAVING count(*) BETWEEN 2 AND {limit}),
             c AS MATERIALIZED (SELECT b.* FROM b SEMI JOIN small USING (key))
        SELECT DISTINCT least(l.pid, r.pid), greatest(l.pid, r.pid), '{rule.how}'
        FROM c l JOIN c r ON r.key = l.key
        WHERE l.base <> r.base AND l.is_left AND ({rule.condition})
          AND (NOT l.has_anchor OR NOT r.has_anchor OR l.id_type IS DISTINCT FROM r.id_type)
    """)
