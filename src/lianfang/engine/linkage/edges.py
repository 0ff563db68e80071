"""Edges between bases: the exact and the scored pairs of profiles, weighed, in the table ``edge``."""

from __future__ import annotations

import math
from collections.abc import Iterator

import duckdb

from lianfang.engine.linkage.clusters import Edge
from lianfang.engine.linkage.contract import Settings
from lianfang.engine.linkage.rostered import RosterOdds

# Odds of an exact pair, and what every further key in common multiplies them by.
_EXACT_ODDS, _FURTHER_KEY = 2000.0, 100.0
# The most that little more than a name in the same building can amount to: never sure.
_WEAK_ODDS = 4.0
# The most that two entries of the roster amount to that differ in what does not change: never sure.
_UNLIKE_ODDS = 20.0
# Of the candidates of one person, so many are weighed; the others are no likelier than these.
_RIVALS_KEPT = 20


def edges(
    con: duckdb.DuckDBPyConnection, settings: Settings, roster: RosterOdds, *, has_scores: bool
) -> Iterator[tuple[Edge, bool]]:
    """Every edge, and whether each of its bases has no other edge, so that nothing competes with it."""
    con.execute("""
        CREATE TEMP TABLE edge (a INTEGER, b INTEGER, odds DOUBLE, log_odds DOUBLE, how VARCHAR, l INTEGER, r INTEGER,
                                of_roster BOOLEAN)
    """)
    _exact_edges(con, roster)
    if has_scores:
        _scored_edges(con, settings, roster)
    table = con.execute("""
        WITH single AS (SELECT base FROM (SELECT a AS base FROM edge UNION ALL SELECT b FROM edge)
                        GROUP BY base HAVING count(*) = 1)
        SELECT e.*, x.base IS NOT NULL AND y.base IS NOT NULL AS alone
        FROM edge e LEFT JOIN single x ON x.base = e.a LEFT JOIN single y ON y.base = e.b
    """).to_arrow_table()
    for a, b, odds, log_odds, how, left, right, of_roster, alone in zip(
        *(column.to_pylist() for column in table.columns), strict=True
    ):
        yield Edge(a, b, math.exp(log_odds) if odds is None else odds, how, left, right, of_roster), alone


def _exact_edges(con: duckdb.DuckDBPyConnection, roster: RosterOdds) -> None:
    """Exact pairs per pair of bases. Two entries of the roster are sure by a document or a day of birth in common,
    and else as likely one person as such pairs are on this roster."""
    con.execute(f"""
        INSERT INTO edge
        WITH based AS (
            SELECT least(x.base, y.base) AS a, greatest(x.base, y.base) AS b,
                   list_sort(list_distinct(flatten(list(kinds)))) AS kinds,
                   arg_min((e.l, e.r), (x.rostered AND y.rostered AND NOT (l.on_roster AND r.on_roster), e.l, e.r))
                       AS best,
                   bool_or(x.rostered AND y.rostered) AS of_roster,
                   bool_or(coalesce(l.id_number = r.id_number OR l.birth_on = r.birth_on, false)) AS is_personal,
                   bool_or(coalesce(l.id_number <> r.id_number AND l.anchor IS NOT NULL AND r.anchor IS NOT NULL,
                                    false)) AS has_two_documents
            FROM exact e JOIN base x ON x.pid = e.l JOIN base y ON y.pid = e.r
            JOIN profile l ON l.pid = e.l JOIN profile r ON r.pid = e.r
            WHERE e.clear GROUP BY 1, 2),
        weighed AS (SELECT *, {_EXACT_ODDS!r}::DOUBLE * pow({_FURTHER_KEY!r}, len(kinds) - 1) AS odds FROM based)
        SELECT a, b, CASE WHEN is_personal OR NOT of_roster THEN odds
                          WHEN has_two_documents THEN least(odds, 1.0)
                          WHEN list_contains(kinds, 'name+phone') THEN least(odds, {roster.phone!r}::DOUBLE)
                          ELSE least(odds, {roster.room!r}::DOUBLE) END,
               NULL, kinds[1], best[1], best[2], of_roster
        FROM weighed
    """)


def _scored_edges(con: duckdb.DuckDBPyConnection, settings: Settings, roster: RosterOdds) -> None:
    """The best pair of profiles per pair of bases. Little more than a name links nobody for sure, in the
    same building is always worth a look, and outside the same building or tube links nobody at all. Two entries of
    the roster are seldom one person, and for sure only where nothing personal differs."""
    floor = math.log(settings.unsure_from / (1 - settings.unsure_from)) - 3.0
    listed = "weak AND NOT same_tube AND same_building AND name = 'same'"
    # The same name in the same building beside another room or phone: a room is misread and a phone is changed
    # more often than somebody of that name comes from nowhere.
    worth_a_look = "NOT weak AND same_building AND name = 'same' AND one_rostered"
    same_paper = """coalesce(identity IN ('same', 'one_digit') AND name IN ('same', 'masked'), false)"""
    one_person = """(coalesce(identity IN ('same', 'one_digit'), false) OR (coalesce(name IN ('same', 'masked'), false)
        AND coalesce(identity NOT IN ('different', 'misfit', 'two_digits'), true)
        AND coalesce(birth = 'same', true) AND coalesce(sex = 'same', true)))"""
    con.execute(f"""
        INSERT INTO edge
        WITH weighed AS (
            SELECT * REPLACE (CASE WHEN {listed} THEN greatest(least(log_odds, ln({_WEAK_ODDS})), 0.0)
                                   WHEN weak AND NOT same_tube THEN least(log_odds, ln({_WEAK_ODDS}))
                                   WHEN {worth_a_look} THEN greatest(least(log_odds, 60.0), 0.0)
                                   ELSE least(log_odds, 60.0) END AS log_odds)
            FROM (SELECT s.*, p.on_roster <> q.on_roster AS one_rostered
                  FROM scored s JOIN profile p ON p.pid = s.l JOIN profile q ON q.pid = s.r)
            WHERE (log_odds >= {floor} OR ({listed}) OR ({worth_a_look})) AND (NOT weak OR same_building OR same_tube)),
        based AS (
            SELECT least(x.base, y.base) AS a, greatest(x.base, y.base) AS b, w.l, w.r,
                   x.rostered AND y.rostered AS of_roster,
                   CASE WHEN NOT of_roster OR {same_paper} THEN log_odds
                        WHEN {one_person} THEN log_odds + ln({roster.twice!r})
                        ELSE least(log_odds + ln({roster.twice!r}), ln({_UNLIKE_ODDS})) END AS log_odds
            FROM weighed w JOIN base x ON x.pid = w.l JOIN base y ON y.pid = w.r),
        best AS (
            SELECT a, b, log_odds, l, r, of_roster FROM based
            QUALIFY row_number() OVER (PARTITION BY a, b ORDER BY log_odds DESC, l, r) = 1),
        ranked AS (
            SELECT *, row_number() OVER (PARTITION BY base ORDER BY log_odds DESC, a, b) AS place
            FROM (SELECT *, unnest([a, b]) AS base FROM best))
        SELECT a, b, NULL, log_odds, 'scored', l, r, of_roster FROM ranked
        GROUP BY a, b, log_odds, l, r, of_roster HAVING max(place) <= {_RIVALS_KEPT}
    """)
