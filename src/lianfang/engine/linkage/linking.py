"""Who is the same person across all records of a run."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from lianfang.engine.linkage.candidates import distinct_names, scored_pairs, sounds_of
from lianfang.engine.linkage.conflicts import conflicts_among
from lianfang.engine.linkage.contract import RECORDS, Linkage, Settings
from lianfang.engine.linkage.decisions import Decisions, Verdict
from lianfang.engine.linkage.exact import exact_pairs
from lianfang.engine.linkage.identities import base_profiles
from lianfang.engine.linkage.listing import pairs_table
from lianfang.engine.linkage.members import load_people, members
from lianfang.engine.linkage.profiles import KEY, load_profiles
from lianfang.engine.linkage.resolving import Outcome, resolve

_UNDECIDED = Decisions()
_DEFAULTS = Settings()


class Linked:
    """Records linked into people, as long as ``linked_people`` lasts. ``members`` is MEMBERS."""

    def __init__(self, con: duckdb.DuckDBPyConnection, members: pa.Table, outcome: Outcome, settings: Settings) -> None:
        self.members = members
        self._con = con
        self._outcome = outcome
        self._settings = settings

    def listed(self) -> Linkage:
        """The members with what contradicts, what is unsure and what is sure. To be called once, in any thread."""
        return Linkage(
            members=self.members,
            conflicts=conflicts_among(self._con, self._settings),
            unsure=pairs_table(self._con, self._outcome.unsure, taken=False),
            sure=pairs_table(self._con, self._outcome.sure, taken=True),
        )


@contextmanager
def linked_people(
    records: pa.Table, *, decisions: Decisions = _UNDECIDED, settings: Settings = _DEFAULTS
) -> Iterator[Linked]:
    """``link_people`` for those who need the lists later than the members, or not at all."""
    records = RECORDS.conform(records)
    with duckdb.connect(":memory:") as con, ThreadPoolExecutor(1) as beside:
        con.execute("SET preserve_insertion_order = false")
        load_profiles(con, records)
        # Nothing but names is needed for it, and the database leaves Python idle meanwhile.
        sounds = beside.submit(sounds_of, distinct_names(con))
        verdicts = _verdicts(con, decisions)
        base_profiles(con, verdicts)
        exact_pairs(con, settings)
        has_scores = scored_pairs(con, settings, sounds.result)
        outcome = resolve(con, verdicts, settings, has_scores=has_scores)
        load_people(con, outcome.root, outcome.how)
        yield Linked(con, members(con, records), outcome, settings)


def link_people(records: pa.Table, *, decisions: Decisions = _UNDECIDED, settings: Settings = _DEFAULTS) -> Linkage:
    """Link ``records`` (RECORDS) into people.

    The result depends on what the records say, not on their order, numbering or how often they are repeated.
    Two different whole valid documents of one type are never one person unless ``decisions`` says so.
    """
    with linked_people(records, decisions=decisions, settings=settings) as linked:
        return linked.listed()


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
