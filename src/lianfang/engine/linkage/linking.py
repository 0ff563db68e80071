"""Who is the same person across all records of a run."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from lianfang.engine.linkage.candidates import scored_pairs
from lianfang.engine.linkage.conflicts import conflicts_among
from lianfang.engine.linkage.contract import RECORDS, Linkage, Settings
from lianfang.engine.linkage.decisions import Decisions, Verdict
from lianfang.engine.linkage.exact import exact_pairs
from lianfang.engine.linkage.identities import base_profiles
from lianfang.engine.linkage.listing import pairs_table
from lianfang.engine.linkage.members import load_people, members
from lianfang.engine.linkage.profiles import KEY, load_profiles
from lianfang.engine.linkage.resolving import resolve

_UNDECIDED = Decisions()
_DEFAULTS = Settings()


def link_people(records: pa.Table, *, decisions: Decisions = _UNDECIDED, settings: Settings = _DEFAULTS) -> Linkage:
    """Link ``records`` (RECORDS) into people.

    The result depends on what the records say, not on their order, numbering or how often they are repeated.
    Two different whole valid documents of one type are never one person unless ``decisions`` says so.
    """
    records = RECORDS.conform(records)
    with duckdb.connect(":memory:") as con:
        con.execute("SET preserve_insertion_order = false")
        load_profiles(con, records)
        verdicts = _verdicts(con, decisions)
        base_profiles(con, verdicts)
        exact_pairs(con, settings)
        has_scores = scored_pairs(con, settings)
        outcome = resolve(con, verdicts, settings, has_scores=has_scores)
        load_people(con, outcome.root, outcome.how)
        return Linkage(
            members=members(con, records),
            conflicts=conflicts_among(con, settings),
            unsure=pairs_table(con, outcome.unsure, taken=False),
            sure=pairs_table(con, outcome.sure, taken=True),
        )


def _verdicts(con: duckdb.DuckDBPyConnection, decisions: Decisions) -> dict[tuple[int, int], Verdict]:
    """The decisions as pairs of pids, smaller first; those about records that are not here are left out."""
    wanted = {key: tuple(key.split("-")) for key in decisions.verdicts}
    keys = sorted({part for parts in wanted.values() for part in parts})
    if not keys:
        return {}
    con.register("wanted_in", pa.table({"key": pa.array(keys, pa.string())}))
    rows = con.execute(f"""
        SELECT p.key, pid FROM (SELECT {KEY.format(content="content")} AS key, pid FROM content) p
        SEMI JOIN wanted_in USING (key)
    """)
    pids: dict[str, int] = dict(rows.fetchall())
    con.unregister("wanted_in")
    found: dict[tuple[int, int], Verdict] = {}
    for key, parts in wanted.items():
        if len(parts) == 2 and all(part in pids for part in parts):
            a, b = sorted(pids[part] for part in parts)
            found[a, b] = decisions.verdicts[key]
    return found
