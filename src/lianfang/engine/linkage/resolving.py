"""Edges → people: what is sure is joined, the rest is listed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from lianfang.engine.linkage.clusters import Clusters, Edge, Taken, Traits
from lianfang.engine.linkage.contract import Settings
from lianfang.engine.linkage.decisions import Verdict
from lianfang.engine.linkage.edges import edges
from lianfang.engine.linkage.rostered import roster_odds

_DEFAULTS = Settings()


@dataclass(slots=True)
class Outcome:
    """``root`` of every base that was joined to others; ``how`` and probability that it belongs there."""

    root: dict[int, int] = field(default_factory=dict)
    how: dict[int, tuple[str, float]] = field(default_factory=dict)
    sure: list[Taken] = field(default_factory=list)
    unsure: list[Taken] = field(default_factory=list)


def resolve(
    con: duckdb.DuckDBPyConnection,
    verdicts: Mapping[tuple[int, int], Verdict],
    settings: Settings,
    *,
    has_scores: bool,
) -> Outcome:
    """Join bases by ``exact``, ``scored`` (where there is one) and what was decided about pairs of profiles."""
    bases = _bases_of(con, {pid for pair in verdicts for pid in pair})
    decided = {
        verdict: sorted((bases[a], bases[b]) for (a, b), said in verdicts.items() if said == verdict)
        for verdict in ("same", "different")
    }
    outcome = Outcome()
    touched = {base for pairs in decided.values() for pair in pairs for base in pair}
    rest = []
    for edge, alone in edges(con, settings, roster_odds(con), has_scores=has_scores):
        if alone and not edge.of_roster and edge.a not in touched and edge.b not in touched:
            _settle_alone(edge, settings, outcome)
        else:
            rest.append(edge)
    traits = _traits(con, touched | {base for edge in rest for base in (edge.a, edge.b)})
    careful = _settle_plain(rest, traits, touched, outcome)
    clusters = Clusters(traits, settings, forbidden=frozenset(decided["different"]))
    clusters.join_decided(decided["same"])
    outcome.unsure += clusters.settle(careful)
    outcome.unsure += _disputed(con, clusters)
    outcome.sure += [taken for taken in clusters.taken if taken.edge.how == "scored"]
    for taken in clusters.taken:
        _belongs(outcome, taken.edge, taken.probability)
    for pair in decided["same"]:
        for base in pair:
            outcome.how[base] = ("decided", 1.0)
    outcome.root.update((base, clusters.find(base)) for base in [*clusters.parent, *clusters.known])
    return outcome


def _settle_alone(edge: Edge, settings: Settings, outcome: Outcome) -> None:
    """An edge that nothing competes with: what ``Clusters`` would make of it, without the cluster. Its two
    documents, if there are two, are of different types, since else they are no pair."""
    probability = 1.0 if edge.how != "scored" else edge.odds / (1.0 + edge.odds)
    if probability >= settings.sure_at:
        outcome.root[edge.a] = outcome.root[edge.b] = edge.a
        outcome.how[edge.a] = outcome.how[edge.b] = (edge.how, probability)
        if edge.how == "scored":
            outcome.sure.append(Taken(edge, probability))
    elif probability >= settings.unsure_from and settings.listed_per_person > 0:
        outcome.unsure.append(Taken(edge, probability))


def _bases_of(con: duckdb.DuckDBPyConnection, pids: Iterable[int]) -> dict[int, int]:
    rows = con.execute("SELECT pid, base FROM base WHERE list_contains(?, pid)", [sorted(pids)]).fetchall()
    return dict(rows)


def _traits(con: duckdb.DuckDBPyConnection, bases: set[int]) -> dict[int, Traits]:
    """What is known of ``bases``. A disputed number is told apart by whom it is taken for."""
    con.register("near_in", pa.table({"base": pa.array(sorted(bases), pa.int32())}))
    rows = con.execute("""
        SELECT b.base, any_value(p.anchor) || CASE WHEN bool_or(b.disputed) THEN ':' || b.base ELSE '' END,
               bool_or(p.on_roster), bool_or(s.base IS NOT NULL), list(DISTINCT p.sex), list(DISTINCT p.birth_on)
        FROM base b SEMI JOIN near_in USING (base) JOIN profile p USING (pid)
        LEFT JOIN (SELECT DISTINCT base FROM rec JOIN base USING (pid) SEMI JOIN near_in USING (base)
                   WHERE role = 'samples') s ON s.base = b.base
        GROUP BY b.base
    """).fetchall()
    con.unregister("near_in")
    traits = {}
    for base, anchor, rostered, swabbed, sexes, births in rows:
        kind, _, number = (anchor or "").partition(":")
        documents = {kind: {number}} if anchor else {}
        traits[base] = Traits(documents, rostered, swabbed, set(sexes) - {None}, set(births) - {None})
    return traits


def _settle_plain(edges: list[Edge], traits: Mapping[int, Traits], touched: set[int], outcome: Outcome) -> list[Edge]:
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


def _belongs(outcome: Outcome, edge: Edge, probability: float) -> None:
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
