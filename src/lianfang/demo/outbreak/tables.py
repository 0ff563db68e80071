"""The fact tables in the columns of the status engine's contract, made from what ``people`` and ``exposed`` drew."""

from __future__ import annotations

from collections.abc import Iterator

from lianfang.demo.outbreak import assumptions as so
from lianfang.demo.outbreak.followed import FOLLOWED
from lianfang.demo.outbreak.people import RESERVED

# Pools of ten neighbours. A pool is positive where somebody is in it whom this round finds.
POOLS = """
CREATE TABLE pools AS
SELECT s.day, s.person // 10 AS pool, s.round_id, (s.day - {first}) * 10000000 + s.person // 10 AS tube_id,
    CAST(s.day AS TIMESTAMP) + INTERVAL (480 + CAST(
        floor(u('taken', (s.day - {first}) * 10000000 + s.person // 10) * 360) AS INTEGER)) MINUTE AS taken_at,
    bool_or(f.person IS NOT NULL) AS is_positive
FROM swabbed s LEFT JOIN found f ON f.person = s.person AND f.found_on = s.day AND f.how = 'round'
GROUP BY s.day, s.person // 10, s.round_id
"""
POOLS_JUDGED = """
CREATE TABLE pools_judged AS SELECT *,
    NOT is_positive AND u('unclear', tube_id) < {unclear} AS is_unclear,
    NOT is_positive AND u('unclear', tube_id) >= {unclear} AND u('wrong', tube_id) < {wrong} AS is_wrong,
    taken_at + INTERVAL 8 HOUR + CASE WHEN u('late', tube_id) < {late} THEN INTERVAL 22 HOUR ELSE INTERVAL 0 HOUR END
        AS tested_at
FROM pools
"""
# Swabs of one person in a tube of their own: after a pool, on the days of a category, of one's own accord.
SINGLES = """
CREATE TABLE singles AS
SELECT 5000000000000 + row_number() OVER (ORDER BY taken_at, person, outcome) AS tube_id, * FROM (
    SELECT DISTINCT ON (person, taken_at) person, taken_at, outcome FROM ({rows}) r (person, taken_at, outcome)
    WHERE taken_at < {last} + INTERVAL 1 DAY ORDER BY person, taken_at, outcome DESC)
"""
_AFTER_A_POOL = """
SELECT s.person, CAST(s.day + 1 AS TIMESTAMP) + INTERVAL (540 + CAST(s.person % 60 AS INTEGER)) MINUTE,
    CASE WHEN f.person IS NULL THEN 'negative' ELSE 'positive' END
FROM pools_judged p JOIN swabbed s ON s.day = p.day AND s.person // 10 = p.pool
LEFT JOIN found f ON f.person = s.person AND f.found_on = s.day AND f.how = 'round'
WHERE p.is_positive OR p.is_unclear
"""
_BY_CATEGORY = """
SELECT e.person, CAST(e.anchor_on + c.day AS TIMESTAMP) + INTERVAL (510 + CAST(e.person % 90 AS INTEGER)) MINUTE,
    'negative'
FROM exposed e
JOIN category_tests c ON c.category = e.category
JOIN rules_in_force k ON k.pack_id = c.pack_id
WHERE e.anchor_on + c.day >= k.from_at AND e.anchor_on + c.day < k.to_at AND e.anchor_on + c.day > e.recorded_at
    AND e.withdrawn_at IS NULL AND u('kept', e.exposure_id * 400 + c.day) < {kept}
"""
_OWN_REPORT = """
SELECT person, CAST(found_on AS TIMESTAMP) + INTERVAL (600 + CAST(person % 240 AS INTEGER)) MINUTE, 'positive'
FROM found WHERE how = 'single'
"""
# Most of those who isolated themselves are tested singly at the end of it, and others who want to know.
_VOLUNTARY = """
SELECT h.person, CAST(d.day AS TIMESTAMP) + INTERVAL (480 + CAST(h.person % 400 AS INTEGER)) MINUTE, 'negative'
FROM homes h JOIN ({shares}) d ON u('own', (d.day - {first}) * 10000000 + h.person) < d.share
WHERE NOT EXISTS (SELECT 1 FROM infections i WHERE i.person = h.person AND i.wave = 3)
    AND NOT EXISTS (SELECT 1 FROM away a WHERE a.person = h.person AND d.day BETWEEN a.from_on AND a.to_on)
"""

SAMPLES = """
SELECT (s.day - {first}) * 10000000 + s.person AS sample_id, s.person AS person_id, p.tube_id,
    p.taken_at + INTERVAL (CAST(s.person % 10 * 15 AS INTEGER)) SECOND AS sampled_at, true AS sampled_at_has_time,
    s.round_id, u('void', p.tube_id * 10 + s.person % 10) < {void} AS is_void, CAST(NULL AS TIMESTAMP) AS voided_at,
    p.taken_at + INTERVAL (CAST(s.person % 10 * 15 + 5 AS INTEGER)) SECOND AS recorded_at
FROM swabbed s JOIN pools_judged p ON p.day = s.day AND p.pool = s.person // 10
UNION ALL
SELECT tube_id, person, tube_id, taken_at, true, NULL, false, NULL, taken_at + INTERVAL 5 SECOND FROM singles
"""
TUBES = """
SELECT tube_id, CAST(10 AS SMALLINT) AS capacity, false AS is_household, false AS is_void,
    CAST(NULL AS TIMESTAMP) AS voided_at, taken_at AS known_at FROM pools_judged
UNION ALL
SELECT tube_id, CAST(1 AS SMALLINT), false, false, NULL, taken_at FROM singles
"""
# A wrong positive is corrected within hours: the later report names what it is of.
RESULTS = """
SELECT 2 * tube_id AS result_id, tube_id, CAST(NULL AS BIGINT) AS person_id,
    CASE WHEN is_positive OR is_wrong THEN 'positive' WHEN is_unclear THEN 'indeterminate' ELSE 'negative' END
        AS outcome,
    tested_at, true AS tested_at_has_time, tested_at + INTERVAL 60 MINUTE AS reported_at, true AS reported_at_has_time,
    tested_at + INTERVAL 65 MINUTE AS received_at, '检验所' || (pool % 3) AS laboratory,
    CASE WHEN is_wrong THEN 2 * tube_id + 1 END AS superseded_by, CAST(NULL AS TIMESTAMP) AS withdrawn_at
FROM pools_judged
UNION ALL
SELECT 2 * tube_id + 1, tube_id, NULL, 'negative', tested_at + INTERVAL 600 MINUTE, true,
    tested_at + INTERVAL 640 MINUTE, true, tested_at + INTERVAL 650 MINUTE, '检验所' || (pool % 3), NULL, NULL
FROM pools_judged WHERE is_wrong
UNION ALL
SELECT 2 * tube_id, tube_id, NULL, outcome, taken_at + INTERVAL 7 HOUR, true, taken_at + INTERVAL 8 HOUR, true,
    taken_at + INTERVAL 485 MINUTE, '检验所' || (person % 3), NULL, NULL
FROM singles
"""
CASES = """
SELECT row_number() OVER (ORDER BY confirmed_on, person) AS case_id, person AS person_id,
    CAST(confirmed_on AS TIMESTAMP) + INTERVAL 20 HOUR AS confirmed_at,
    CAST(confirmed_on AS TIMESTAMP) + INTERVAL 21 HOUR AS recorded_at,
    CAST(released_on AS TIMESTAMP) + INTERVAL 9 HOUR AS released_at, CAST(NULL AS TIMESTAMP) AS release_recorded_at
FROM cases_made
"""
OBLIGATIONS = """
SELECT 2000 + (d.day - {first}) AS round_id, h.person AS person_id,
    CAST(d.day AS TIMESTAMP) + INTERVAL 20 HOUR AS ended_at,
    CAST(d.day AS TIMESTAMP) + INTERVAL 21 HOUR AS recorded_at,
    CASE WHEN u('excused', (d.day - {first}) * 10000000 + h.person) < 0.1
        THEN CAST(d.day AS TIMESTAMP) + INTERVAL 34 HOUR END AS withdrawn_at
FROM homes h JOIN (SELECT DISTINCT day FROM planned WHERE is_mass) d ON true
WHERE NOT EXISTS (SELECT 1 FROM planned s WHERE s.person = h.person AND s.day = d.day)
    AND NOT EXISTS (SELECT 1 FROM away a WHERE a.person = h.person AND d.day BETWEEN a.from_on AND a.to_on)
"""
# An order of an arriving letter, before the rest of the facts is there; two people, an end, now and then revoked.
ORDERS = """
SELECT row_number() OVER (ORDER BY recorded_at, person) AS order_id, person AS person_id, rule_id,
    '协查函：密接' AS reason,
    1 AS proposed_by, 2 AS approved_by, CAST(NULL AS TIMESTAMP) AS starts_at, ends_at, o.recorded_at, revoked_at,
    k.pack_id AS opened_under
FROM (
    SELECT person,
        CASE WHEN u('which', person) < 0.6 THEN 'isolation_order' ELSE 'home_monitoring_order' END AS rule_id,
        recorded_at, recorded_at + INTERVAL 9 DAY AS ends_at,
        CASE WHEN u('revoked', person) < 0.1 THEN recorded_at + INTERVAL 50 HOUR END AS revoked_at
    FROM (
        SELECT person, CAST({first} + CAST(floor(u('order_on', person) * 189) AS INTEGER) AS TIMESTAMP)
            + INTERVAL 20 HOUR AS recorded_at
        FROM homes WHERE person >= {reserved} AND u('order', person) < {orders} / 1000
    )
    UNION ALL {followed}
) o
JOIN rules_in_force k ON o.recorded_at >= k.from_at AND o.recorded_at < k.to_at
"""
_FOLLOWED_ORDER = (
    "SELECT {person}, 'isolation_order', TIMESTAMP '{recorded}', TIMESTAMP '{ends}', CAST(NULL AS TIMESTAMP)"
)
OVERRIDES = """
SELECT row_number() OVER (ORDER BY person) AS override_id, person AS person_id, CAST(NULL AS TIMESTAMP) AS starts_at,
    CAST(NULL AS TIMESTAMP) AS ends_at, CAST({first} AS TIMESTAMP)
        + INTERVAL (CAST(floor(u('override_at', person) * 244 * 24) AS INTEGER)) HOUR AS recorded_at,
    CAST(NULL AS TIMESTAMP) AS revoked_at
FROM homes WHERE person >= {reserved} AND u('override', person) < {overrides} / 1000
"""
EXPOSURES = """
SELECT exposure_id, person AS person_id, category, anchor_on, recorded_at AS opened_at, pack_id AS opened_under,
    closed_at, recorded_at, withdrawn_at
FROM exposed
"""
RESIDENCIES = """
SELECT person AS person_id, 100000 + building AS place_id, CAST(NULL AS TIMESTAMP) AS from_at,
    CAST(NULL AS TIMESTAMP) AS to_at, CAST({first} AS TIMESTAMP) - INTERVAL 30 DAY AS recorded_at,
    CAST(NULL AS TIMESTAMP) AS to_recorded_at
FROM homes
"""
PLACE_ANCESTORS = """
SELECT DISTINCT unnest([100000 + building, 100000 + building, 100000 + building, 100000 + building]) AS place_id,
    unnest([100000 + building, 1000 + compound, 10 + community, 1]) AS ancestor_id
FROM homes
"""
# Under new rules the areas are drawn anew on their first morning, and the old ones struck off at noon.
AREA_LEVELS = """
SELECT row_number() OVER (ORDER BY from_at, place, level) AS level_id, place AS place_id, level, from_at, to_at,
    from_at AS recorded_at, CAST(NULL AS TIMESTAMP) AS to_recorded_at
FROM (
    SELECT place, level, from_at, least(clear_at, pack_to + INTERVAL 12 HOUR) AS to_at FROM spells
    UNION ALL
    SELECT place, next_level, clear_at, least(clear_at + INTERVAL (next_days) DAY, pack_to + INTERVAL 12 HOUR)
    FROM spells WHERE next_level IS NOT NULL AND clear_at < pack_to
) WHERE from_at < to_at
"""
PERSON_FACTS = """
SELECT row_number() OVER (ORDER BY person) AS person_fact_id, person AS person_id, 'occupation' AS fact,
    CAST(NULL AS DOUBLE) AS number, word, CAST(NULL AS TIMESTAMP) AS from_at, CAST(NULL AS TIMESTAMP) AS to_at,
    CAST({first} AS TIMESTAMP) - INTERVAL 30 DAY AS recorded_at, CAST(NULL AS TIMESTAMP) AS withdrawn_at
FROM homes JOIN ({words}) w ON u('works', person) >= w.low AND u('works', person) < w.high
WHERE person >= {reserved}
"""
PERSONS = "SELECT person AS person_id, CAST(NULL AS TIMESTAMP) AS known_since FROM homes"

# Table → its SELECT, and the instant by which its rows are put into weeks (None: all in one file).
WRITTEN: dict[str, tuple[str, str | None]] = {
    "persons": (PERSONS, None),
    "residencies": (RESIDENCIES, None),
    "place_ancestors": (PLACE_ANCESTORS, None),
    "person_facts": (PERSON_FACTS, None),
    "area_levels": (AREA_LEVELS, None),
    "cases": (CASES, None),
    "exposures": (EXPOSURES, None),
    "orders": (ORDERS, None),
    "overrides": (OVERRIDES, None),
    "obligations": (OBLIGATIONS, "recorded_at"),
    "samples": (SAMPLES, "recorded_at"),
    "tubes": (TUBES, "known_at"),
    "results": (RESULTS, "received_at"),
}


def steps(first: str, last: str) -> Iterator[str]:
    yield POOLS.format(first=first)
    yield POOLS_JUDGED.format(unclear=so.UNCLEAR_POOLS, wrong=so.WRONG_POSITIVES, late=so.LATE_POOLS)
    rows = (_AFTER_A_POOL, _BY_CATEGORY.format(kept=so.TESTS_KEPT), _OWN_REPORT,
            _VOLUNTARY.format(first=first, shares=_shares()))  # fmt: skip
    yield SINGLES.format(rows=" UNION ALL ".join(rows), last=last)


def _shares() -> str:
    """Share of the people who are tested of their own accord, by day: log-linear between the published days."""
    spans = zip(so.VOLUNTARY, so.VOLUNTARY[1:], strict=False)
    parts = [
        f"SELECT day, {share} * pow({after} / {share}, (day - DATE '{since}') / {(until - since).days}.0) AS share "
        f"FROM days WHERE day >= DATE '{since}' AND day < DATE '{until}'"
        for (since, share), (until, after) in spans
    ]
    until, share = so.VOLUNTARY[-1]
    return " UNION ALL ".join([*parts, f"SELECT day, {share} FROM days WHERE day >= DATE '{until}'"])


def written(first: str) -> dict[str, tuple[str, str | None]]:
    """The SELECTs with their gaps filled."""
    followed = " UNION ALL ".join(
        _FOLLOWED_ORDER.format(person=one.person_id, recorded=one.recorded_at, ends=one.order_until)
        for one in FOLLOWED
        if one.order_until is not None
    )
    gaps = {"first": first, "reserved": RESERVED, "void": so.VOID_SWABS, "orders": so.ORDERS_PER_THOUSAND,
            "overrides": so.OVERRIDES_PER_THOUSAND, "followed": followed, "words": _occupations()}  # fmt: skip
    return {name: (sql.format(**gaps), column) for name, (sql, column) in WRITTEN.items()}


def _occupations() -> str:
    parts, low = [], 0.0
    for word, share in so.OCCUPATIONS:
        parts.append(f"SELECT '{word}' AS word, {low} AS low, {low + share} AS high")
        low += share
    return " UNION ALL ".join(parts)
