"""Who is the same person across all records of a run."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from lianfang.engine.linkage.candidates import scored_pairs
from lianfang.engine.linkage.clusters import Clusters, Edge, Taken, Traits
from lianfang.engine.linkage.conflicts import conflicts_among
from lianfang.engine.linkage.contract import MEMBERS, PAIRS, RECORDS, Linkage, Settings
from lianfang.engine.linkage.decisions import Decisions, Verdict
from lianfang.engine.linkage.differences import differences
from lianfang.engine.linkage.exact import exact_pairs
from lianfang.engine.linkage.identities import base_profiles
from lianfang.engine.linkage.profiles import KEY, load_profiles

# Odds of an exact pair, and what every further key in common multiplies them by.
_EXACT_ODDS, _FURTHER_KEY = 2000.0, 100.0
# The most that little more than a name in the same building can amount to: never sure.
_WEAK_ODDS = 4.0
# Of the candidates of one person, so many are weighed; the others are no likelier than these.
_RIVALS_KEPT = 20
_UNDECIDED = Decisions()
_DEFAULTS = Settings()


@dataclass(slots=True)
class _Outcome:
    """``root`` of every base that was joined to others; ``how`` and probability that it belongs there."""

    root: dict[int, int] = field(default_factory=dict)
    how: dict[int, tuple[str, float]] = field(default_factory=dict)
    sure: list[Taken] = field(default_factory=list)
    unsure: list[Taken] = field(default_factory=list)


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
        outcome = _resolve(con, verdicts, settings, has_scores=has_scores)
        members = _members(con, outcome)
        return Linkage(
            members=members,
            conflicts=conflicts_among(con, members, settings),
            unsure=_pairs(con, outcome.unsure, taken=False),
            sure=_pairs(con, outcome.sure, taken=True),
        )


def _verdicts(con: duckdb.DuckDBPyConnection, decisions: Decisions) -> dict[tuple[int, int], Verdict]:
    """The decisions as pairs of pids, smaller first; those about records that are not here are left out."""
    wanted = {key: tuple(key.split("-")) for key in decisions.verdicts}
    keys = sorted({part for parts in wanted.values() for part in parts})
    if not keys:
        return {}
    con.register("wanted_in", pa.table({"key": pa.array(keys, pa.string())}))
    rows = con.execute(f"""
        SELECT p.key, pid FROM (SELECT {KEY.format(content="content")} AS key, pid FROM profile) p
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


def _resolve(
    con: duckdb.DuckDBPyConnection,
    verdicts: Mapping[tuple[int, int], Verdict],
    settings: Settings,
    *,
    has_scores: bool,
) -> _Outcome:
    edges = _exact_edges(con)
    if has_scores:
        edges += _scored_edges(con, settings)
    bases = _bases_of(con, {pid for pair in verdicts for pid in pair})
    decided = {
        verdict: sorted((bases[a], bases[b]) for (a, b), said in verdicts.items() if said == verdict)
        for verdict in ("same", "different")
    }
    outcome = _Outcome()
    touched = {base for pairs in decided.values() for pair in pairs for base in pair}
    traits = _traits(con, touched | {base for edge in edges for base in (edge.a, edge.b)})
    careful = _settle_plain(edges, traits, touched, outcome)
    clusters = Clusters(traits, settings, forbidden=frozenset(decided["different"]))
    clusters.join_decided(decided["same"])
    outcome.unsure = clusters.settle(careful)
    outcome.unsure += _disputed(con, clusters)
    outcome.sure = [taken for taken in clusters.taken if taken.edge.how == "scored"]
    for taken in clusters.taken:
        _belongs(outcome, taken.edge, taken.probability)
    for pair in decided["same"]:
        for base in pair:
            outcome.how[base] = ("decided", 1.0)
    outcome.root.update((base, clusters.find(base)) for base in [*clusters.parent, *clusters.known])
    return outcome


def _exact_edges(con: duckdb.DuckDBPyConnection) -> list[Edge]:
    rows = con.execute("""
        SELECT least(x.base, y.base), greatest(x.base, y.base), list_sort(list_distinct(flatten(list(kinds)))),
               min((e.l, e.r))
        FROM exact e JOIN base x ON x.pid = e.l JOIN base y ON y.pid = e.r WHERE e.clear GROUP BY 1, 2
    """).fetchall()
    return [
        Edge(a, b, _EXACT_ODDS * _FURTHER_KEY ** (len(kinds) - 1), kinds[0], *_pair(best)) for a, b, kinds, best in rows
    ]


def _pair(best: tuple[int, int] | Mapping[str, int]) -> tuple[int, int]:
    left, right = best.values() if isinstance(best, Mapping) else best
    return left, right


def _scored_edges(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[Edge]:
    """The best pair of profiles per pair of bases. Little more than a name links nobody for sure, in the
    same building is always worth a look, and outside the same building or tube links nobody at all."""
    floor = math.log(settings.unsure_from / (1 - settings.unsure_from)) - 3.0
    listed = "weak AND NOT same_tube AND same_building AND name = 'same'"
    # The same name in the same building beside another room or phone: a room is misread and a phone is changed
    # more often than somebody of that name comes from nowhere.
    worth_a_look = "NOT weak AND same_building AND name = 'same' AND one_rostered"
    rows = con.execute(f"""
        WITH weighed AS (
            SELECT l, r, CASE WHEN {listed} THEN greatest(least(log_odds, ln({_WEAK_ODDS})), 0.0)
                              WHEN weak AND NOT same_tube THEN least(log_odds, ln({_WEAK_ODDS}))
                              WHEN {worth_a_look} THEN greatest(least(log_odds, 60.0), 0.0)
                              ELSE least(log_odds, 60.0) END AS log_odds
            FROM (SELECT s.*, p.on_roster <> q.on_roster AS one_rostered
                  FROM scored s JOIN profile p ON p.pid = s.l JOIN profile q ON q.pid = s.r)
            WHERE (log_odds >= {floor} OR ({listed}) OR ({worth_a_look})) AND (NOT weak OR same_building OR same_tube)),
        based AS (
            SELECT least(x.base, y.base) AS a, greatest(x.base, y.base) AS b, w.*
            FROM weighed w JOIN base x ON x.pid = w.l JOIN base y ON y.pid = w.r),
        best AS (
            SELECT a, b, log_odds, l, r FROM based
            QUALIFY row_number() OVER (PARTITION BY a, b ORDER BY log_odds DESC, l, r) = 1),
        ranked AS (
            SELECT *, row_number() OVER (PARTITION BY base ORDER BY log_odds DESC, a, b) AS place
            FROM (SELECT *, unnest([a, b]) AS base FROM best))
        SELECT a, b, log_odds, l, r FROM ranked GROUP BY a, b, log_odds, l, r HAVING max(place) <= {_RIVALS_KEPT}
    """).fetchall()
    return [Edge(a, b, math.exp(log_odds), "scored", left, right) for a, b, log_odds, left, right in rows]


def _bases_of(con: duckdb.DuckDBPyConnection, pids: Iterable[int]) -> dict[int, int]:
    rows = con.execute("SELECT pid, base FROM base WHERE list_contains(?, pid)", [sorted(pids)]).fetchall()
    return dict(rows)


def _traits(con: duckdb.DuckDBPyConnection, bases: set[int]) -> dict[int, Traits]:
    """What is known of ``bases``. A disputed number is told apart by whom it is taken for."""
    con.register("near_in", pa.table({"base": pa.array(sorted(bases), pa.int32())}))
    rows = con.execute("""
        SELECT b.base, any_value(p.anchor) || CASE WHEN bool_or(b.disputed) THEN ':' || b.base ELSE '' END,
               bool_or(p.on_roster)
        FROM base b SEMI JOIN near_in USING (base) JOIN profile p USING (pid) GROUP BY b.base
        HAVING bool_or(p.on_roster) OR any_value(p.anchor) IS NOT NULL
    """).fetchall()
    con.unregister("near_in")
    traits = {}
    for base, anchor, rostered in rows:
        kind, _, number = (anchor or "").partition(":")
        traits[base] = Traits({kind: {number}} if anchor else {}, rostered)
    return traits


def _settle_plain(edges: list[Edge], traits: Mapping[int, Traits], touched: set[int], outcome: _Outcome) -> list[Edge]:
    """Join the groups in which only exact pairs speak and nothing contradicts; return the edges of the others."""
    groups = Clusters({}, _DEFAULTS)
    parent = groups.parent
    for edge in edges:
        a, b = groups.find(edge.a), groups.find(edge.b)
        if a != b:
            parent[max(a, b)] = min(a, b)
    rostered: dict[int, int] = defaultdict(int)
    seen: dict[int, Traits] = {}
    plain: dict[int, bool] = defaultdict(lambda: True)
    for base in {base for edge in edges for base in (edge.a, edge.b)}:
        root, own = groups.find(base), traits.get(base, Traits())
        rostered[root] += own.rostered
        known = seen.setdefault(root, Traits())
        if base in touched or rostered[root] > 1 or known.contradicts(own):
            plain[root] = False
        known.absorb(own)
    for edge in edges:
        if edge.how == "scored":
            plain[groups.find(edge.a)] = False
    careful = []
    for edge in edges:
        root = groups.find(edge.a)
        if plain[root]:
            outcome.root[edge.a] = outcome.root[edge.b] = root
            _belongs(outcome, edge, 1.0)
        else:
            careful.append(edge)
    return careful


def _belongs(outcome: _Outcome, edge: Edge, probability: float) -> None:
    """Both ends of a taken edge belong to their person because of it, unless a stronger one says so."""
    score = probability if edge.how == "scored" else 1.0
    for base in (edge.a, edge.b):
        before = outcome.how.get(base)
        if before is None or (-score, edge.how) < (-before[1], before[0]):
            outcome.how[base] = (edge.how, score)


def _disputed(con: duckdb.DuckDBPyConnection, clusters: Clusters) -> list[Taken]:
    """Every other person to whom a disputed document is given, beside the first that the roster names."""
    rows = con.execute("""
        SELECT p.anchor, b.base, min(b.pid), bool_or(p.on_roster) AS rostered
        FROM base b JOIN profile p USING (pid) WHERE b.disputed GROUP BY p.anchor, b.base
        ORDER BY p.anchor, rostered DESC, b.base
    """).fetchall()
    listed = []
    first: dict[str, tuple[int, int]] = {}
    for anchor, base, pid, _ in rows:
        if anchor not in first:
            first[anchor] = (base, pid)
            continue
        head, head_pid = first[anchor]
        a, b = clusters.find(head), clusters.find(base)
        if a != b and b not in clusters.barred[a]:
            listed.append(Taken(Edge(head, base, 1.0, "identity", head_pid, pid), 0.5))
    return listed


def _members(con: duckdb.DuckDBPyConnection, outcome: _Outcome) -> pa.Table:
    bases = sorted(outcome.root.keys() | outcome.how.keys())
    joined = pa.table(
        {
            "base": pa.array(bases, pa.int32()),
            "root": pa.array([outcome.root.get(base, base) for base in bases], pa.int32()),
            "how": pa.array([outcome.how.get(base, ("", 1.0))[0] or None for base in bases], pa.string()),
            "score": pa.array([outcome.how.get(base, ("", 1.0))[1] for base in bases], pa.float64()),
        }
    )
    con.register("joined_in", joined)
    con.execute("""
        CREATE TEMP TABLE person AS
        SELECT b.pid, coalesce(j.root, b.base) AS root, j.how, j.score, p.anchor, p.content, p.on_roster, p.copies,
               p.name_key, p.phone, p.room, count(*) OVER (PARTITION BY b.base) AS of_base
        FROM base b JOIN profile p USING (pid) LEFT JOIN joined_in j ON j.base = b.base
    """)
    con.execute("""
        CREATE TEMP TABLE person_name AS
        SELECT root, CASE WHEN count(*) OVER (PARTITION BY canon) = 1 THEN md5(canon)
                          ELSE md5(canon || '|' || content) END [:16] AS person_key
        FROM (SELECT root, coalesce(min(anchor), (min(content) FILTER (on_roster))::VARCHAR,
                                    min(content)::VARCHAR) AS canon,
                     coalesce(min(content) FILTER (on_roster), min(content)) AS content
              FROM person GROUP BY root)
    """)
    members = con.execute("""
        SELECT r.record_id, n.person_key,
               CASE WHEN p.how = 'decided' THEN 'decided'
                    WHEN p.anchor IS NOT NULL AND (p.of_base > 1 OR p.copies > 1) THEN 'identity'
                    WHEN p.how IS NOT NULL THEN p.how
                    WHEN p.copies = 1 THEN 'alone'
                    WHEN p.name_key IS NOT NULL AND p.phone IS NOT NULL THEN 'name+phone'
                    WHEN p.name_key IS NOT NULL AND p.room IS NOT NULL THEN 'name+room'
                    ELSE 'same_row' END AS how,
               CASE WHEN p.how = 'scored' AND NOT (p.anchor IS NOT NULL AND (p.of_base > 1 OR p.copies > 1))
                    THEN p.score ELSE 1.0 END AS score
        FROM rec r JOIN person p USING (pid) JOIN person_name n USING (root) ORDER BY r.record_id
    """).to_arrow_table()
    con.unregister("joined_in")
    return MEMBERS.conform(members)


def _pairs(con: duckdb.DuckDBPyConnection, listed: Sequence[Taken], *, taken: bool) -> pa.Table:
    """PAIRS, best first; the roster's record is record_a where one is."""
    if not listed:
        return PAIRS.empty()
    pairs = [(one.edge.l, one.edge.r) for one in listed]
    con.register(
        "listed_in",
        pa.table(
            {
                "l": pa.array([left for left, _ in pairs], pa.int32()),
                "r": pa.array([right for _, right in pairs], pa.int32()),
                "score": pa.array([one.probability for one in listed], pa.float64()),
                "how": pa.array([one.edge.how for one in listed], pa.string()),
                "differs": pa.array(differences(con, pairs), pa.list_(pa.string())),
            }
        ),
    )
    table = con.execute(f"""
        WITH shown AS (
            SELECT pid, arg_min(record_id, (role <> 'roster', record_id)) AS record_id
            FROM rec WHERE pid IN (SELECT l FROM listed_in UNION SELECT r FROM listed_in) GROUP BY pid),
        ended AS (
            SELECT n.*, {KEY.format(content="a.content")} AS key_a,
                   {KEY.format(content="b.content")} AS key_b, b.on_roster AND NOT a.on_roster AS swap
            FROM listed_in n JOIN profile a ON a.pid = n.l JOIN profile b ON b.pid = n.r)
        SELECT least(key_a, key_b) || '-' || greatest(key_a, key_b) AS pair_key,
               CASE WHEN swap THEN y.record_id ELSE x.record_id END AS record_a,
               CASE WHEN swap THEN x.record_id ELSE y.record_id END AS record_b,
               score, {taken} AS taken, how, differs
        FROM ended e JOIN shown x ON x.pid = e.l JOIN shown y ON y.pid = e.r
        ORDER BY score DESC, pair_key
    """).to_arrow_table()
    con.unregister("listed_in")
    return PAIRS.conform(table)
