"""Who comes under a category, who is away from the rounds for it, which places get a level: SQL, as in ``people``."""

from __future__ import annotations

from collections.abc import Iterator

from lianfang.demo.outbreak import assumptions as so
from lianfang.demo.outbreak.followed import FOLLOWED
from lianfang.demo.outbreak.people import RESERVED, is_surge

# Neighbours in the compound and the household; whoever is found in the same wave is a case, not a contact.
_CONTACTS = """
SELECT DISTINCT ON (category, person, found_on) category, person, found_on AS anchor_on,
    CAST(confirmed_on AS TIMESTAMP) + INTERVAL 20 HOUR
        + INTERVAL (CAST(floor(u('told', person) * 600) AS INTEGER)) MINUTE AS recorded_at
FROM (
    SELECT 'close_contact' AS category, h.person, c.wave, c.found_on, c.confirmed_on
    FROM cases_made c JOIN homes k ON k.person = c.person JOIN homes h ON h.household = k.household
    WHERE h.person <> c.person AND (c.wave < 3 OR u('kept_home', h.person) < 0.5)
    UNION ALL
    SELECT CASE WHEN n < {close} THEN 'close_contact' ELSE 'secondary_contact' END,
        least(k.compound * {per_compound} + CAST(floor(u('contact' || n, c.person) * {per_compound}) AS BIGINT),
            {people} - 1),
        c.wave, c.found_on, c.confirmed_on
    FROM cases_made c JOIN homes k ON k.person = c.person, (SELECT range AS n FROM range({close} + {secondary}))
    WHERE c.wave < 3
) x
WHERE person >= {reserved} AND NOT EXISTS (SELECT 1 FROM infections i WHERE i.person = x.person AND i.wave = x.wave)
ORDER BY category, person, found_on, confirmed_on
"""
_ARRIVALS = """
SELECT '{category}',
    {reserved} + CAST(floor(u('{category}who' || k, day - {first}) * ({people} - {reserved})) AS BIGINT),
    day - 1 - CAST(floor(u('{category}left' || k, day - {first}) * 2) AS INTEGER),
    CAST(day AS TIMESTAMP) + INTERVAL (600 + CAST(floor(u('{category}at' || k, day - {first}) * 600) AS INTEGER)) MINUTE
FROM days, (SELECT range AS k FROM range({slots}))
WHERE u('{category}' || k, day - {first}) < {chance} * CASE WHEN {is_surge} THEN 1.0 ELSE 0.3333 END
"""
_ANTIGEN = """
SELECT 'case_at_home', person, found_on, CAST(found_on AS TIMESTAMP) + INTERVAL 21 HOUR
FROM found WHERE how = 'antigen' AND found_on <= {last}
"""
_FOLLOWED = "SELECT '{category}', {person}, DATE '{anchor}', TIMESTAMP '{recorded}'"
# Only what the rules of that moment know is opened, and under those rules.
EXPOSURES = """
CREATE TABLE exposed AS
SELECT row_number() OVER (ORDER BY e.recorded_at, e.category, e.person, e.anchor_on) AS exposure_id, e.*, k.pack_id,
    CASE WHEN e.person >= {reserved} AND u('withdrawn', e.person * 400 + (e.anchor_on - {first})) < {withdrawn}
        THEN e.recorded_at + INTERVAL 30 HOUR END AS withdrawn_at,
    CASE WHEN e.person >= {reserved} AND u('closed', e.person * 400 + (e.anchor_on - {first})) < {closed}
        THEN e.recorded_at + INTERVAL 70 HOUR END AS closed_at
FROM ({rows}) e (category, person, anchor_on, recorded_at)
JOIN rules_in_force k ON e.recorded_at >= k.from_at AND e.recorded_at < k.to_at
JOIN (SELECT DISTINCT pack_id, category FROM category_days) c ON c.pack_id = k.pack_id AND c.category = e.category
"""
AWAY = """
CREATE TABLE away AS
SELECT person, CAST(recorded_at AS DATE) + 1 AS from_on, CAST(e.anchor_on AS DATE) + c.isolated_days AS to_on
FROM exposed e JOIN category_days c ON c.pack_id = e.pack_id AND c.category = e.category
WHERE c.isolated_days > 0
UNION ALL
SELECT person, confirmed_on + CAST(how = 'single' AS INTEGER), released_on FROM cases_made
"""
SWABBED = """
CREATE TABLE swabbed AS SELECT p.* FROM planned p
WHERE NOT EXISTS (SELECT 1 FROM away a WHERE a.person = p.person AND p.day BETWEEN a.from_on AND a.to_on)
"""
# Spells of a place at the strictest level of the rules in force: new finds lengthen a spell, a gap ends it.
LEVELS = """
CREATE TABLE spells AS
SELECT l.pack_id, l.level, l.next_level, l.next_days, g.place,
    greatest(min(g.found_on) + INTERVAL 44 HOUR, l.from_at) AS from_at,
    CAST(max(g.found_on) + 2 + l.clear_days AS TIMESTAMP) AS clear_at, l.to_at AS pack_to
FROM (
    SELECT *, sum(CAST(coalesce(found_on > before + clear_days + 1, true) AS INTEGER))
        OVER (PARTITION BY pack_id, place ORDER BY found_on ROWS UNBOUNDED PRECEDING) AS spell
    FROM (
        SELECT l.pack_id, l.clear_days, f.found_on,
            CASE l.unit WHEN 'compound' THEN 1000 + h.compound ELSE 100000 + h.building END AS place,
            lag(f.found_on) OVER (PARTITION BY l.pack_id, CASE l.unit WHEN 'compound' THEN 1000 + h.compound
                ELSE 100000 + h.building END ORDER BY f.found_on, f.person) AS before
        FROM levels_in_force l
        JOIN cases_made f ON f.wave < 3 AND f.found_on + INTERVAL 44 HOUR < l.to_at
            AND f.found_on + 2 + l.clear_days > l.from_at
        JOIN homes h ON h.person = f.person
    )
) g
JOIN levels_in_force l ON l.pack_id = g.pack_id
GROUP BY l.pack_id, l.level, l.next_level, l.next_days, g.place, g.spell, l.from_at, l.to_at, l.clear_days
"""


def steps(people: int, per_compound: int, first: str, last: str) -> Iterator[str]:
    rows = [_CONTACTS.format(close=so.CLOSE_CONTACTS, secondary=so.SECONDARY_CONTACTS, people=people,
                             per_compound=per_compound, reserved=RESERVED)]  # fmt: skip
    for category, a_day in so.ARRIVALS.items():
        expected = 3 * a_day * people / 60_000
        slots = max(1, round(2 * expected))
        rows.append(_ARRIVALS.format(category=category, slots=slots, chance=expected / slots, first=first,
                                     people=people, reserved=RESERVED, is_surge=is_surge("day")))  # fmt: skip
    rows.append(_ANTIGEN.format(last=last))
    rows += [
        _FOLLOWED.format(category=one.category, person=one.person_id, anchor=one.anchor_on, recorded=one.recorded_at)
        for one in FOLLOWED
        if one.category
    ]
    joined = " UNION ALL ".join(f"SELECT * FROM ({row})" for row in rows)
    yield EXPOSURES.format(rows=joined, withdrawn=so.EXPOSURES_WITHDRAWN, closed=so.EXPOSURES_CLOSED,
                           reserved=RESERVED, first=first)  # fmt: skip
    yield AWAY
    yield SWABBED
    yield LEVELS
