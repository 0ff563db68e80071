"""Taken and unsure pairs as PAIRS, for a person to look at."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from lianfang.engine.linkage.clusters import Taken
from lianfang.engine.linkage.contract import PAIRS
from lianfang.engine.linkage.differences import SCORED_SQL, differences
from lianfang.engine.linkage.profiles import KEY


def pairs_table(con: duckdb.DuckDBPyConnection, listed: Sequence[Taken], *, taken: bool) -> pa.Table:
    """PAIRS, best first; the roster's record is record_a where one is."""
    if not listed:
        return PAIRS.empty()
    others = [(one.edge.l, one.edge.r) for one in listed if one.edge.how != "scored"]
    has_scored = len(others) < len(listed)
    differs = iter(differences(con, others) if others else ())
    con.register(
        "listed_in",
        pa.table(
            {
                "l": pa.array([one.edge.l for one in listed], pa.int32()),
                "r": pa.array([one.edge.r for one in listed], pa.int32()),
                "score": pa.array([one.probability for one in listed], pa.float64()),
                "how": pa.array([one.edge.how for one in listed], pa.string()),
                "differs": pa.array(
                    [None if one.edge.how == "scored" else next(differs) for one in listed], pa.list_(pa.string())
                ),
            }
        ),
    )
    by_levels = "LEFT JOIN scored s ON s.l = n.l AND s.r = n.r" if has_scored else ""
    table = con.execute(f"""
        WITH shown AS (
            SELECT pid, arg_min(record_id, (role <> 'roster', record_id)) AS record_id
            FROM rec WHERE pid IN (SELECT l FROM listed_in UNION SELECT r FROM listed_in) GROUP BY pid),
        ended AS (
            SELECT n.* REPLACE (coalesce(n.differs, {SCORED_SQL if has_scored else "[]"}) AS differs),
                   {KEY.format(content="a.content")} AS key_a, {KEY.format(content="b.content")} AS key_b,
                   r.on_roster AND NOT l.on_roster AS swap
            FROM listed_in n JOIN profile l ON l.pid = n.l JOIN profile r ON r.pid = n.r
            JOIN content a ON a.pid = n.l JOIN content b ON b.pid = n.r {by_levels})
        SELECT least(key_a, key_b) || '-' || greatest(key_a, key_b) AS pair_key,
               CASE WHEN swap THEN y.record_id ELSE x.record_id END AS record_a,
               CASE WHEN swap THEN x.record_id ELSE y.record_id END AS record_b,
               score, {taken} AS taken, how, differs
        FROM ended e JOIN shown x ON x.pid = e.l JOIN shown y ON y.pid = e.r
        ORDER BY score DESC, pair_key
    """).to_arrow_table()
    con.unregister("listed_in")
    return PAIRS.conform(table)
