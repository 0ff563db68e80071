"""The part of a city's round about which there is nothing to judge, counted without looking at each row twice.

Of a hundred people ninety are in one tube, at a time that is known, of which nothing was reported but negatives, or
nothing yet. Everybody else, with all the tubes that such people are in and everybody in those tubes, is *odd*, and
goes through the stages of ``reconcile_round``. What the plain ones would be said there is said here at once; a test
holds the two against each other.

Stages over ``city_roster``, ``city_exempt``, ``city_samples``, ``city_tubes``, ``city_results`` and ``settings``. A
tube is its number, or below zero the swab that was recorded without one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lianfang.engine.backends import Stages
from lianfang.engine.backends.columnar import ColumnarError, widened
from lianfang.engine.rounds import stages_counts, stages_tubes
from lianfang.engine.rounds.contract import ACTIONS, OUTCOMES, PERSON_STATES

Ranges = Sequence[tuple[int, int]]

# Only swabs that are not as nearly all are; a tube that is void, or known to be from some moment, is odd as a whole.
_CITY_SWABS = """
SELECT
    s.person_id AS person, coalesce(s.tube_id, -1 - s.sample_id) AS tube, s.sampled_at,
    coalesce(s.sampled_at_has_time, true) AS has_time,
    s.tube_id IS NULL OR coalesce(s.is_void, false) OR s.sampled_at IS NULL
        OR s.sampled_at > g.as_of + g.clock_tolerance
        OR coalesce(s.sampled_at < g.starts_at OR s.sampled_at >= g.ends_at, false) AS is_odd
FROM city_samples s CROSS JOIN settings g
WHERE s.round_id = {round} AND s.recorded_at <= g.as_of
"""
_STEPS = {
    "city_tube_swabs": """
SELECT
    tube, count(*) AS people, min(sampled_at) AS sampled_at, max(sampled_at) AS sampled_until,
    bool_and(has_time) AS has_time, bool_or(is_odd) AS is_odd, bit_xor(hash(person)) AS who
FROM city_swabs
GROUP BY tube
""",
    # Negatives that were never corrected nor taken back, of a time that the clocks allow, of the tube or of each person
    # in it once: of two sets of as many people one in 2^64 has the same hashes put together. Whoever stands among the
    # swabs twice, and would fall out there, makes the tube odd by that.
    "city_tube_reports": """
SELECT
    t.tube,
    coalesce(bool_and(
        r.outcome = 'negative' AND r.superseded_by IS NULL AND r.withdrawn_at IS NULL
        AND coalesce(r.tested_at, r.reported_at) <= g.as_of + g.clock_tolerance
    ), false) AND count(coalesce(r.tested_at, r.reported_at)) = count(*) AND count(r.outcome) = count(*) AS is_plain,
    count(r.person_id) > 0
        AND (count(r.person_id) <> min(t.people) OR bit_xor(hash(r.person_id)) <> min(t.who)) AS is_misnamed,
    min(coalesce(r.tested_at, r.reported_at)) AS known_at,
    min(coalesce(r.reported_at, r.tested_at)) AS reported_at
FROM city_results r
JOIN city_tube_swabs t ON t.tube = r.tube_id
CROSS JOIN settings g
WHERE r.received_at <= g.as_of
GROUP BY t.tube
""",
    # A report of a person of whom no swab is in that tube; whoever has swabs in several is odd anyway.
    "misnamed": """
SELECT DISTINCT r.tube_id AS tube
FROM city_results r
SEMI JOIN (SELECT tube FROM city_tube_reports WHERE is_misnamed) m ON m.tube = r.tube_id
ANTI JOIN city_swabs s ON s.person = r.person_id AND s.tube = r.tube_id
CROSS JOIN settings g
WHERE r.person_id IS NOT NULL AND r.received_at <= g.as_of
""",
    "odd_tubes": """
SELECT DISTINCT tube FROM (
    SELECT t.tube
    FROM city_tube_swabs t
    LEFT JOIN city_tubes c ON c.tube_id = t.tube
    LEFT JOIN city_tube_reports r ON r.tube = t.tube
    CROSS JOIN settings g
    WHERE t.is_odd OR coalesce(c.is_void, false) OR NOT coalesce(r.is_plain, true)
        OR coalesce(r.known_at < t.sampled_at, false)
        OR (NOT coalesce(c.is_household, false) AND coalesce(c.capacity, g.largest_pool) > 0
            AND t.people > coalesce(c.capacity, g.largest_pool))
    UNION ALL
    SELECT tube FROM misnamed
    UNION ALL
    SELECT s.tube FROM city_swabs s JOIN (
        SELECT person FROM swabbed_again UNION SELECT person_id FROM city_exempt
    ) o ON o.person = s.person
    UNION ALL
    SELECT tube FROM strangers_tubes
)
""",
    "odd_people": """
SELECT s.person FROM city_swabs s JOIN odd_tubes o ON o.tube = s.tube
UNION SELECT person_id FROM city_exempt
""",
    "pending_tubes": """
SELECT t.tube
FROM city_tube_swabs t
ANTI JOIN city_tube_reports r ON r.tube = t.tube
ANTI JOIN odd_tubes o ON o.tube = t.tube
""",
    # What ``stages_tubes`` knows of a tube, for those where it is plain.
    "plain_tube_facts": """
SELECT
    t.tube, CAST(t.tube AS VARCHAR) AS tube_key, CAST(t.tube AS VARCHAR) AS tube_code,
    false AS is_void, false AS is_outside,
    CAST(t.people AS INTEGER) AS people,
    coalesce(c.is_household, false) OR coalesce(c.capacity = 0, false) AS is_household,
    false AS is_stated_pool, false AS is_stated_single,
    CASE WHEN c.capacity > 0 THEN c.capacity END AS stated_capacity,
    t.sampled_at, t.sampled_until, t.has_time,
    CAST(NULL AS VARCHAR) AS sampling_team, CAST(NULL AS VARCHAR) AS sampling_site
FROM city_tube_swabs t
ANTI JOIN odd_tubes o ON o.tube = t.tube
LEFT JOIN city_tubes c ON c.tube_id = t.tube
""",
    "plain_tube_results": """
SELECT
    r.tube, false AS has_positive, true AS has_negative, false AS has_unclear,
    CAST(NULL AS TIMESTAMP) AS last_negative_at, CAST(NULL AS TIMESTAMP) AS last_unclear_at,
    r.reported_at, CAST(NULL AS TIMESTAMP) AS positive_at
FROM city_tube_reports r ANTI JOIN odd_tubes o ON o.tube = r.tube
""",
}
# Those who are odd, as the only ones there are; a correction may stand with another tube than what it corrects.
SUBSET = {
    "odd_roster": "SELECT r.* FROM city_roster r SEMI JOIN odd_people o ON o.person = r.person_id",
    "odd_samples": """
SELECT s.* FROM city_samples s SEMI JOIN odd_tubes o ON o.tube = coalesce(s.tube_id, -1 - s.sample_id)
WHERE s.round_id = {round}
""",
    "odd_reports": "SELECT r.* FROM city_results r SEMI JOIN odd_tubes o ON o.tube = r.tube_id",
    "odd_results": """
SELECT * FROM odd_reports
UNION ALL
SELECT r.* FROM city_results r
SEMI JOIN (SELECT superseded_by AS result_id FROM odd_reports WHERE superseded_by IS NOT NULL) c USING (result_id)
ANTI JOIN odd_tubes o ON o.tube = r.tube_id
""",
}
# The places that the rosters name, of everybody.
ROSTER_PLACES = """
SELECT township, community, compound, building, unit
FROM whole_roster r ANTI JOIN odd_people o ON o.person = r.person_id
UNION
SELECT township, community, compound, building, unit FROM expected
"""
# Who is named by the odd rows: a report may name somebody who is plain, and who has a name for that. These few are
# what a join looks up while it runs through everybody.
NAMED_PLAIN = """
SELECT DISTINCT CAST(r.person_id AS INTEGER) AS person
FROM odd_results r
WHERE r.person_id IS NOT NULL AND r.person_id NOT IN (SELECT person FROM odd_people WHERE person IS NOT NULL)
"""
PERSON_NAMES = """
SELECT person, CAST(person AS VARCHAR) AS person_key
FROM (
    SELECT person FROM roster
    UNION SELECT person FROM samples
    UNION SELECT n.person FROM whole_roster r JOIN named_plain n ON n.person = r.person_id
    UNION SELECT n.person FROM city_swabs s JOIN named_plain n ON n.person = s.person
)
"""
# Texts of places are read once and stay where they are: a building is a number from here on.
BUILDINGS = """
SELECT DISTINCT
    hash(township, community, compound, building) AS building_hash, building_place, full_township AS township
FROM stairwells
"""
# Of one range of persons: ten tables of a million are looked through sooner than one of ten million.
_SWABBED_AGAIN = """
SELECT person FROM city_swabs WHERE person >= {first} AND person < {end} GROUP BY person HAVING count(*) > 1
"""
_ROSTERED = "SELECT person_id AS person FROM city_roster WHERE person_id >= {first} AND person_id < {end}"
_STRANGERS_TUBES = f"""
SELECT s.tube FROM (SELECT * FROM city_swabs WHERE person >= {{first}} AND person < {{end}}) s
ANTI JOIN ({_ROSTERED}) p ON p.person = s.person
"""
# The same by a bit for everybody who stands there; outside of ``[first, end)`` nobody does.
_STRANGERS_TUBES_BY_BIT = f"""
SELECT tube FROM city_swabs
WHERE person >= {{low}} AND person < {{high}} AND CASE
    WHEN person >= {{first}} AND person < {{end}} THEN coalesce(get_bit(
        (SELECT bitstring_agg(person, {{first}}, {{end}} - 1) FROM ({_ROSTERED}) p), CAST(person - {{first}} AS INTEGER)
    ), 0) = 0
    ELSE true
END
"""
_NAMELESS_TUBES = "SELECT tube FROM city_swabs WHERE person IS NULL"
# Everybody once sets as many bits as there are rows.
_ONCE = f"SELECT count(*) = coalesce(bit_count(bitstring_agg(person, {{first}}, {{end}} - 1)), 0) FROM ({_ROSTERED}) p"
_AGAIN = f"SELECT person FROM ({_ROSTERED}) p GROUP BY person HAVING count(*) > 1 ORDER BY person LIMIT 1"
_MOST_BITS = 2**26
# Groups by person of which there is one of nearly everybody; so many bits hold the numbers of one range's people.
DENSE, BITS_OF_A_RANGE = frozenset(("swabbed_again",)), 21
# Who is plain, of one range of persons.
_PLAIN_PEOPLE = """
SELECT
    p.person_id, s.sampled_at, p.building_hash, p.household,
    CASE WHEN s.person IS NULL THEN CAST('missing' AS person_state) ELSE CAST('sampled' AS person_state) END AS state,
    CASE
        WHEN s.person IS NULL THEN NULL
        WHEN w.tube IS NOT NULL THEN CAST('pending' AS person_outcome)
        ELSE CAST('negative' AS person_outcome)
    END AS outcome
FROM (
    SELECT
        person_id, hash(township, community, compound, building) AS building_hash,
        hash(community, compound, building, unit, coalesce(room, household_no, '#' || person_id)) AS household
    FROM city_roster
    WHERE person_id >= {first} AND person_id < {end}
) p
ANTI JOIN odd_people o ON o.person = p.person_id
LEFT JOIN city_swabs s ON s.person = p.person_id AND s.person >= {first} AND s.person < {end}
LEFT JOIN pending_tubes w ON w.tube = s.tube
"""
_COUNTED = "SELECT building_hash, household, state, outcome, count(*) AS n FROM plain_people GROUP BY ALL"
PEOPLE = """
SELECT
    person_id, true AS on_roster, state,
    CASE WHEN state = 'missing' THEN CAST('not_sampled' AS person_because) END AS because,
    CAST(NULL AS VARCHAR) AS reason, outcome,
    CASE
        WHEN state = 'missing' THEN CAST('sample' AS person_action)
        WHEN outcome = 'pending' THEN CAST('await_result' AS person_action)
        ELSE CAST('none' AS person_action)
    END AS action,
    sampled_at AS first_sampled_at, sampled_at AS last_sampled_at, sampled_at AS last_contact_at, b.township
FROM plain_people p
JOIN plain_buildings b ON b.building_hash = p.building_hash
"""
TUBES = f"""
SELECT * EXCLUDE (tube, laboratories, boxes) FROM tubes
UNION ALL
SELECT * EXCLUDE (tube, laboratories, boxes) FROM ({stages_tubes.tubes_of("plain_tube_facts", "plain_tube_results")})
"""
WORDS: Mapping[str, tuple[str, ...]] = {
    "person_state": PERSON_STATES,
    "person_outcome": OUTCOMES,
    "person_action": ACTIONS,
    "person_because": ("not_sampled",),
}


def steps(round_id: int, ranges: Ranges) -> dict[str, str]:
    """The stages up to who and what is odd. ``ranges`` of persons ``[first, end)`` cover all who are expected."""
    strangers = (_strangers(*known, *wide) for known, wide in zip(ranges, widened(ranges), strict=True))
    again = {
        "swabbed_again": _by_range(_SWABBED_AGAIN, widened(ranges)),
        "strangers_tubes": "\nUNION ALL\n".join((*strangers, _NAMELESS_TUBES)),
    }
    return {"city_swabs": _CITY_SWABS.format(round=int(round_id)), **again, **_STEPS}


def _strangers(first: int, end: int, low: int, high: int) -> str:
    if end - first > _MOST_BITS:
        return _STRANGERS_TUBES.format(first=low, end=high)
    return _STRANGERS_TUBES_BY_BIT.format(first=first, end=end, low=low, high=high)


def _by_range(sql: str, ranges: Ranges) -> str:
    return "\nUNION ALL\n".join(sql.format(first=first, end=end) for first, end in ranges)


def refuse_repeats(db: Stages, ranges: Ranges) -> None:
    """Raises ``ColumnarError`` where somebody stands twice on the roster. ``ranges`` cover all who stand there."""
    for first, end in ranges:
        inside = {"first": first, "end": end}
        if end - first <= _MOST_BITS and db.rows(_ONCE.format(**inside))[0][0]:
            continue
        if again := db.rows(_AGAIN.format(**inside)):
            raise ColumnarError(f"roster.person_id: {again[0][0]} stands there more than once")


def people_of(first: int, end: int, number: int) -> dict[str, str]:
    """The plain people of a range ``[first, end)``, and their counts as stage ``counted_<number>``."""
    return {"plain_people": _PLAIN_PEOPLE.format(first=first, end=end), f"counted_{number}": _COUNTED}


def counts(slices: int) -> dict[str, str]:
    """Buildings and totals, of the odd and of so many slices of plain people."""
    plain = "\n    UNION ALL\n    ".join(f"SELECT * FROM counted_{number}" for number in range(slices))
    weighed = f"""
SELECT building_place, household, on_roster, state, outcome, 1 AS n FROM people
UNION ALL
SELECT b.building_place, c.household, true, c.state, c.outcome, c.n
FROM ({plain}) c
JOIN plain_buildings b ON b.building_hash = c.building_hash
"""
    return {
        "weighed_people": weighed,
        "buildings": stages_counts.buildings_of("weighed_people", "n"),
        "totals": stages_counts.totals_of("weighed_people", "n"),
    }
