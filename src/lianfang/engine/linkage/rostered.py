"""When two different rows of the roster are one person although no document says so.

A roster names everybody once. Two of its rows of one name with one phone or one flat are either a person entered
twice or two people of one name under one roof, who share flat and often phone. How many of the one there are for
one of the other is measured on the roster itself, in two ways: among the pairs in which both rows have a whole
document, and by how many more pairs there are than people of one name could make. The latter is what two lists of
the same people look like, of which only one has the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from lianfang.engine.linkage.comparisons import SAME_PLACE

# Before a roster has shown anything: pairs that are one person, for one that is two; and rows per pair that is two.
_PRIOR = {"phone": (100.0, 20_000.0), "room": (20.0, 10_000.0)}
# Of the rows of a roster, so many at least repeat somebody; exact copies are no longer seen here.
_LEAST_TWICE = 0.002
_PAIRS = {
    "phone": ("l.phone_h = r.phone_h", "true"),
    "room": ("l.building_h = r.building_h AND l.room_h = r.room_h", SAME_PLACE),
}


@dataclass(frozen=True, slots=True)
class RosterOdds:
    """Odds that two rows of the roster with one name and one ``phone``, or one ``room``, are one person.

    ``twice`` is the share of rows that repeat somebody: what a scored pair of rows starts from.
    """

    phone: float
    room: float
    twice: float


def roster_odds(con: duckdb.DuckDBPyConnection) -> RosterOdds:
    """Measure them on the profiles and their exact pairs."""
    counted = con.execute("""
        SELECT count(*), count(anchor), count(DISTINCT hash(anchor)) FILTER (anchor IS NOT NULL)
        FROM profile WHERE on_roster
    """).fetchone()
    rows, documented, numbers = counted or (0, 0, 0)
    undocumented = _undocumented_pairs(con)
    odds = {}
    for kind, (keys, condition) in _PAIRS.items():
        one, two = con.execute(f"""
            WITH entry AS (SELECT * FROM profile WHERE on_roster AND anchor IS NOT NULL)
            SELECT count(*) FILTER (l.anchor = r.anchor), count(*) FILTER (l.anchor <> r.anchor)
            FROM entry l JOIN entry r ON l.name_h = r.name_h AND {keys} AND l.pid < r.pid AND {condition}
        """).fetchall()[0]
        odds[kind] = _odds(one, two, undocumented[kind], rows=rows, documented=documented, prior=_PRIOR[kind])
    repeats = max(documented - numbers, sum(undocumented.values()))
    return RosterOdds(odds["phone"], odds["room"], min(max(repeats / max(rows, 1), _LEAST_TWICE), 1.0))


def _undocumented_pairs(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Exact pairs of two rows that have no document in common, by what they share."""
    phone, room = con.execute("""
        SELECT count(*) FILTER (list_contains(kinds, 'name+phone')),
               count(*) FILTER (NOT list_contains(kinds, 'name+phone'))
        FROM exact e JOIN profile l ON l.pid = e.l JOIN profile r ON r.pid = e.r
        WHERE e.clear AND l.on_roster AND r.on_roster
    """).fetchall()[0]
    return {"phone": phone, "room": room}


def _odds(one: int, two: int, pairs: int, *, rows: int, documented: int, prior: tuple[float, float]) -> float:
    """``one`` and ``two``: pairs with both documents that are one person, and two; ``pairs`` are the others."""
    ones, rows_per_two = prior
    both = documented * documented / max(rows, 1)
    namesakes = (two + 1) / (both + rows_per_two) * (rows - both)
    # A pair is no evidence for itself: it is left out of those that show how many there are.
    excess = (pairs - 1 - namesakes) / namesakes if namesakes > 0 else 0.0
    return max((one + ones) / (two + 1), excess, 1.0)
