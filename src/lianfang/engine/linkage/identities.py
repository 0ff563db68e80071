"""Who is one person because of the document: ``base``, the smallest pid of those who are one already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import duckdb
import pyarrow as pa

from lianfang.engine.linkage.comparisons import SAME_PLACE
from lianfang.engine.linkage.decisions import Verdict
from lianfang.engine.linkage.names import compare_names

_ALIKE = frozenset({"same", "masked", "sounds", "looks", "order", "one_off", "similar"})


def base_profiles(con: duckdb.DuckDBPyConnection, verdicts: Mapping[tuple[int, int], Verdict]) -> None:
    """Create ``base`` (pid, base, disputed, rostered): profiles with the same whole valid document share a base;
    ``rostered``: the roster names one of them.

    A document is disputed where the roster gives it to two people with clearly different names, where a row
    that bears it has the name and the room or phone of somebody else with a document of their own, or where a
    person decided that two of its rows are different people. The name then decides, not the number.
    """
    con.execute("""
        CREATE TEMP TABLE base AS
        SELECT pid, min(pid) OVER w AS base, false AS disputed, bool_or(on_roster) OVER w AS rostered
        FROM profile WHERE anchor IS NOT NULL WINDOW w AS (PARTITION BY anchor)
        UNION ALL SELECT pid, pid, false, on_roster FROM profile WHERE anchor IS NULL
    """)
    groups = _groups_with_several_names(con)
    split = _pids_decided_different(con, verdicts)
    changed: list[tuple[int, int]] = []
    for members in _read_groups(con, groups | split.keys()):
        for name_class in _disputed_classes(members, split.get(members[0][0], set())):
            first = min(name_class)
            changed += [(pid, first) for pid in name_class]
    if changed:
        _store(con, changed)


def _groups_with_several_names(con: duckdb.DuckDBPyConnection) -> set[str]:
    rows = con.execute("""
        SELECT anchor, list_sort(list(DISTINCT name_key)) FROM profile SEMI JOIN (
            SELECT anchor FROM profile WHERE anchor IS NOT NULL AND name_key IS NOT NULL
            GROUP BY anchor HAVING min(name_key) <> max(name_key)) USING (anchor)
        WHERE name_key IS NOT NULL GROUP BY anchor
    """).fetchall()
    return {anchor for anchor, names in rows if not _all_alike(names)}


def _all_alike(names: list[str]) -> bool:
    return all(compare_names(names[0], other) in _ALIKE for other in names[1:])


def _pids_decided_different(
    con: duckdb.DuckDBPyConnection, verdicts: Mapping[tuple[int, int], Verdict]
) -> dict[str, set[int]]:
    """Documents whose rows a person decided to be different people, with the pids decided about."""
    apart = [pair for pair, verdict in verdicts.items() if verdict == "different"]
    split: dict[str, set[int]] = defaultdict(set)
    for a, b in apart:
        rows = con.execute("SELECT pid, anchor FROM profile WHERE pid IN (?, ?)", [a, b]).fetchall()
        if len(rows) == 2 and rows[0][1] is not None and rows[0][1] == rows[1][1]:
            split[rows[0][1]].update((a, b))
    return split


_Member = tuple[str, int, str | None, bool, bool]


def _read_groups(con: duckdb.DuckDBPyConnection, anchors: Iterable[str]) -> list[list[_Member]]:
    """The profiles of each document: anchor, pid, name, on the roster, known elsewhere by name and place."""
    con.register("disputed_in", pa.table({"anchor": pa.array(sorted(anchors), pa.string())}))
    rows = con.execute(f"""
        SELECT l.anchor, l.pid, l.name_key, l.on_roster, EXISTS (
            SELECT 1 FROM profile r WHERE r.name_key = l.name_key AND r.anchor <> l.anchor AND r.on_roster
               AND (r.phone = l.phone OR (r.room = l.room AND r.building = l.building AND {SAME_PLACE})))
        FROM profile l SEMI JOIN disputed_in d USING (anchor) ORDER BY l.anchor, l.pid
    """).fetchall()
    con.unregister("disputed_in")
    groups: dict[str, list[_Member]] = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row)
    return list(groups.values())


def _disputed_classes(members: list[_Member], apart: set[int]) -> list[list[int]]:
    """The name classes of a disputed document; empty where it is not disputed after all."""
    classes: list[list[_Member]] = []
    for member in members:
        home = None if member[1] in apart else _class_of(member, classes, apart)
        if home is None:
            classes.append([member])
        else:
            home.append(member)
    rostered = sum(any(member[3] for member in one) for one in classes)
    elsewhere = [one for one in classes if any(member[4] for member in one) and not _rostered(one)]
    if apart or rostered > 1:
        return [[member[1] for member in one] for one in classes]
    if elsewhere and len(elsewhere) < len(classes):
        kept = [member[1] for one in classes if one not in elsewhere for member in one]
        return [kept, *([member[1] for member in one] for one in elsewhere)]
    return []


def _rostered(members: list[_Member]) -> bool:
    return any(member[3] for member in members)


def _class_of(member: _Member, classes: list[list[_Member]], apart: set[int]) -> list[_Member] | None:
    for one in classes:
        name, other = member[2], one[0][2]
        if one[0][1] in apart and name != other:
            continue
        if name == other or (name and other and compare_names(name, other) in _ALIKE):
            return one
    return None


def _store(con: duckdb.DuckDBPyConnection, changed: list[tuple[int, int]]) -> None:
    table = pa.table(
        {
            "pid": pa.array([pid for pid, _ in changed], pa.int32()),
            "base": pa.array([base for _, base in changed], pa.int32()),
        }
    )
    con.register("changed_in", table)
    con.execute("UPDATE base SET base = c.base, disputed = true FROM changed_in c WHERE base.pid = c.pid")
    con.unregister("changed_in")
    con.execute("""
        UPDATE base SET rostered = d.rostered FROM (
            SELECT b.base, bool_or(p.on_roster) AS rostered FROM base b JOIN profile p USING (pid)
            WHERE b.disputed GROUP BY b.base) d
        WHERE base.disputed AND base.base = d.base
    """)
