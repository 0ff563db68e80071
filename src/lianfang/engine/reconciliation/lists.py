"""The lists a clerk works through, from the tables of the round.

Every constant is one stage or one list: a SELECT over ``people``, ``tubes``, the row states, the linkage's
pairs, and ``told``: those rows of the files that some list tells of. A list of people names them by their place
in ``people`` (``walking_order``); what is known of them is put to it when it is done. Orders are total and by
content, so that the order of the files changes nothing. Joins run as they are written (``Stages``).
"""

from __future__ import annotations

from lianfang.engine.reconciliation.contract import (
    CONFLICTS,
    CONTRADICTIONS,
    DUPLICATES,
    MISSING,
    OTHER_RESULTS,
    PENDING,
    PENDING_TUBES,
    POSITIVE_PEOPLE,
    POSITIVE_TUBES,
    ROW_FATES,
    UNMATCHED,
    UNROSTERED,
    UNSURE,
)
from lianfang.engine.tables import TableContract

_PLACE = "township, community, compound, building, unit, room"

REPEATS = """
SELECT 'roster' AS kind, record_id, stands_for FROM roster_states WHERE stands_for IS NOT NULL
UNION ALL SELECT 'sample', record_id, stands_for FROM sample_states WHERE stands_for IS NOT NULL
UNION ALL SELECT 'result', record_id, stands_for FROM result_states WHERE stands_for IS NOT NULL
UNION ALL SELECT 'exempt', record_id, stands_for FROM exempt_states WHERE stands_for IS NOT NULL
"""

CONTRADICTING = """
SELECT s.record_id, t.tube_key, coalesce(t.tube_code, t.tube_key) AS tube_code
FROM result_states s
JOIN (SELECT tube_key, tube_code FROM tubes WHERE state = 'contradicting') t USING (tube_key)
WHERE s.state = 'counted'
"""

MENTIONED = """
SELECT record_a AS record_id FROM unsure
UNION SELECT record_b FROM unsure
UNION SELECT record_id FROM repeats
UNION SELECT stands_for FROM repeats
UNION SELECT record_id FROM findings
UNION SELECT record_id FROM contradicting
UNION SELECT record_id FROM result_states WHERE state NOT IN ('counted', 'repeat')
UNION SELECT record_id FROM exempt_states WHERE state IN ('no_reason', 'not_a_reason', 'not_on_roster')
UNION SELECT sample_record FROM people WHERE state = 'unrostered'
"""

# An unsure pair matters most where it would find a missing person among the sampled.
UNSURE_PAIRS = """
WITH pairs AS (
    SELECT u.*, a.person_key AS person_a, b.person_key AS person_b
    FROM unsure u
    JOIN told a ON a.record_id = u.record_a
    JOIN told b ON b.record_id = u.record_b
),
known AS (
    SELECT person_key, state
    FROM people
    SEMI JOIN (SELECT person_a AS person_key FROM pairs UNION SELECT person_b FROM pairs) USING (person_key)
)
SELECT
    u.* EXCLUDE (person_a, person_b),
    coalesce(a.state = 'missing' AND s.state IN ('sampled', 'unrostered')
        OR s.state = 'missing' AND a.state IN ('sampled', 'unrostered'), false) AS clears_missing,
    CASE WHEN a.state = 'missing' THEN a.person_key WHEN s.state = 'missing' THEN s.person_key END AS missing_key
FROM pairs u
LEFT JOIN known a ON a.person_key = u.person_a
LEFT JOIN known s ON s.person_key = u.person_b
"""

UNSURE_LIST = "SELECT * FROM unsure_pairs ORDER BY clears_missing DESC, score DESC, pair_key"

MISSING_LIST = """
SELECT p.walking_order, coalesce(p.reason, p.remark) AS reason,
    u.pair_key AS possible_pair, u.score AS possible_score
FROM people p
LEFT JOIN (
    SELECT missing_key, max_by(pair_key, (score, pair_key)) AS pair_key, max(score) AS score
    FROM unsure_pairs WHERE clears_missing GROUP BY missing_key
) u ON u.missing_key = p.person_key
WHERE p.state = 'missing'
ORDER BY p.walking_order
"""

# Tubes whose people some list names, and every person in them with the rows that say so.
OPEN_TUBES = """
SELECT tube_key, tube_code, state, is_single, is_overdue, sampled_at, held_until
FROM tubes
WHERE state IN ('pending', 'positive', 'contradicting')
"""

PEOPLE_IN_TUBES = """
SELECT t.*, p.walking_order, p.outcome, p.state <> 'unrostered' AS on_roster, w.record_ids
FROM (
    SELECT
        any_value(tube_key) AS tube_key, any_value(person_key) AS person_key,
        list(record_id ORDER BY record_id) AS record_ids
    FROM sample_states SEMI JOIN open_tubes USING (tube_key)
    WHERE state IN ('counted', 'repeat')
    GROUP BY coalesce(stands_for, record_id)
) w
JOIN open_tubes t USING (tube_key)
JOIN (SELECT person_key, walking_order, outcome, state FROM people) p USING (person_key)
"""

PENDING_TUBES_LIST = """
SELECT t.*, r.record_ids
FROM tubes t
JOIN (
    SELECT tube_key, list(record_id ORDER BY record_id) AS record_ids
    FROM sample_states SEMI JOIN (SELECT tube_key FROM open_tubes WHERE state = 'pending') USING (tube_key)
    WHERE state IN ('counted', 'nobody')
    GROUP BY tube_key
) r USING (tube_key)
ORDER BY t.is_overdue DESC, t.sampled_at NULLS FIRST, t.tube_key
"""

PENDING_LIST = """
SELECT walking_order, tube_code, sampled_at, on_roster, record_ids
FROM people_in_tubes
WHERE state = 'pending'
ORDER BY is_overdue DESC, tube_key, walking_order
"""

# Codes one slip of the pen apart have a spelling in common once each may leave out one character: pairs
# are joined on these spellings, so that no list of tubes is compared with every other.
UNKNOWN_CODES = """
SELECT DISTINCT r.tube_code
FROM told r SEMI JOIN (SELECT record_id FROM result_states WHERE state = 'unknown_tube') USING (record_id)
"""

PERHAPS = """
WITH slips AS (
    SELECT 'unknown' AS side, tube_code, unnest(left_out(tube_code)) AS spelling FROM unknown_codes
    UNION ALL
    SELECT 'waiting', tube_code, unnest(left_out(tube_code))
    FROM tubes WHERE state = 'pending' AND length(tube_code) >= 4 AND EXISTS (FROM unknown_codes)
)
SELECT u.tube_code, min(w.tube_code) AS perhaps
FROM (SELECT DISTINCT tube_code, spelling FROM slips WHERE side = 'unknown') u
JOIN (SELECT DISTINCT tube_code, spelling FROM slips WHERE side = 'waiting') w USING (spelling)
WHERE damerau_levenshtein(u.tube_code, w.tube_code) = 1
GROUP BY u.tube_code
HAVING count(DISTINCT w.tube_code) = 1
"""

MACROS = """
CREATE OR REPLACE MACRO left_out(code) AS list_append(
    list_transform(range(1, length(code) + 1), i -> code[:i - 1] || code[i + 1:]), code)
"""

UNMATCHED_LIST = """
SELECT
    r.record_id, s.state AS because, r.tube_code, r.name, r.result, r.laboratory, r.at, p.perhaps,
    [r.record_id] AS record_ids
FROM told r
JOIN (
    SELECT record_id, state FROM result_states WHERE state IN ('unknown_tube', 'person_without_sample', 'nobody')
) s USING (record_id)
LEFT JOIN perhaps p ON p.tube_code = r.tube_code
ORDER BY r.result = 'positive' DESC NULLS LAST, s.state, r.tube_code, r.name, r.laboratory, r.at, r.record_id
"""

UNCOUNTED_LIST = """
SELECT r.*, s.state
FROM told r
JOIN (
    SELECT record_id, state FROM result_states
    WHERE state IN ('empty', 'not_a_result', 'void', 'void_tube', 'before_sample', 'outside_round', 'which_sample')
) s USING (record_id)
ORDER BY s.state, r.tube_code, r.name, r.laboratory, r.at, r.record_id
"""

DUPLICATES_LIST = f"""
SELECT
    d.kind, any_value(k.person_key) AS person_key, any_value(k.name) AS name, any_value(k.tube_code) AS tube_code,
    d.stands_for AS kept,
    d.kind = 'roster' AND count(DISTINCT ({_PLACE.replace("township", "r.township").replace(", ", ", r.")})) > 1
        AS places_differ,
    list(r.record_id ORDER BY r.record_id) AS record_ids
FROM (
    SELECT kind, stands_for, record_id FROM repeats
    UNION SELECT kind, stands_for, stands_for FROM repeats
) d
JOIN told r ON r.record_id = d.record_id
JOIN told k ON k.record_id = d.stands_for
GROUP BY d.kind, d.stands_for
ORDER BY d.kind, name, tube_code, person_key, kept
"""

CONFLICTS_LIST = """
SELECT conflict_key, kind, person_key, NULL AS tube_code, record_id, field, value FROM link_conflicts
UNION ALL
SELECT f.finding_key, f.kind, coalesce(f.person_key, r.person_key), coalesce(t.tube_code, r.tube_code), f.record_id,
    CASE f.kind
        WHEN 'two_boxes' THEN 'box_code'
        WHEN 'future_clock' THEN 'sampled_at'
        WHEN 'not_in_tube' THEN 'name'
        WHEN 'twice_sampled' THEN 'tube_code'
        WHEN 'exempt_but_sampled' THEN 'reason'
        WHEN 'away_but_sampled' THEN 'reason'
        ELSE 'tube_code'
    END,
    f.detail
FROM findings f
JOIN told r USING (record_id)
LEFT JOIN tubes t ON t.tube_key = f.tube_key
WHERE f.kind <> 'contradicting'
UNION ALL
SELECT md5('exempt|' || s.state || '|' || r.person_key), 'exemption_' || s.state, r.person_key, NULL, s.record_id,
    'reason', e.reason
FROM exempt_states s JOIN told r USING (record_id) JOIN exempt e USING (record_id)
WHERE s.state IN ('no_reason', 'not_a_reason', 'not_on_roster')
ORDER BY ALL
"""

POSITIVE_TUBES_LIST = """
SELECT t.* REPLACE (coalesce(t.tube_code, t.tube_key) AS tube_code), r.record_ids
FROM tubes t
JOIN (
    SELECT tube_key, list(record_id ORDER BY record_id) AS record_ids
    FROM result_states SEMI JOIN (SELECT tube_key FROM open_tubes WHERE state <> 'pending') USING (tube_key)
    WHERE state = 'counted'
    GROUP BY tube_key
) r USING (tube_key)
ORDER BY t.state DESC, t.is_single, t.tube_key
"""

POSITIVE_PEOPLE_LIST = """
SELECT
    walking_order, coalesce(tube_code, tube_key) AS tube_code,
    CASE WHEN outcome IN ('held', 'positive') THEN held_until END AS held_until,
    on_roster,
    record_ids
FROM people_in_tubes
WHERE state <> 'pending'
ORDER BY state DESC, is_single, tube_key, walking_order
"""

CONTRADICTIONS_LIST = """
SELECT t.tube_code, r.record_id, r.laboratory, r.result, r.at, r.name
FROM told r JOIN contradicting t USING (record_id)
ORDER BY t.tube_key, r.at NULLS LAST, r.laboratory, r.result, r.name, r.record_id
"""

UNROSTERED_LIST = """
SELECT p.walking_order, coalesce(r.tube_code, '') AS tube_code
FROM people p JOIN (SELECT record_id, tube_code FROM told) r ON r.record_id = p.sample_record
WHERE p.state = 'unrostered'
ORDER BY p.walking_order
"""

ROW_FATES_LIST = """
SELECT role, state, count(*) AS rows
FROM (
    SELECT 'roster' AS role, state FROM roster_states
    UNION ALL SELECT 'samples', state FROM sample_states
    UNION ALL SELECT 'results', state FROM result_states
    UNION ALL SELECT 'exempt', state FROM exempt_states
)
GROUP BY role, state
ORDER BY role, rows DESC, state
"""

# Before the rows that lists tell of are looked up, and after.
MENTIONS = {"repeats": REPEATS, "contradicting": CONTRADICTING, "mentioned": MENTIONED}

STEPS = {
    "unsure_pairs": UNSURE_PAIRS,
    "open_tubes": OPEN_TUBES,
    "people_in_tubes": PEOPLE_IN_TUBES,
    "unknown_codes": UNKNOWN_CODES,
    "perhaps": PERHAPS,
}

LISTS: dict[str, tuple[TableContract, str]] = {
    "row_fates": (ROW_FATES, ROW_FATES_LIST),
    "missing": (MISSING, MISSING_LIST),
    "pending_tubes": (PENDING_TUBES, PENDING_TUBES_LIST),
    "pending": (PENDING, PENDING_LIST),
    "unmatched_results": (UNMATCHED, UNMATCHED_LIST),
    "uncounted_results": (OTHER_RESULTS, UNCOUNTED_LIST),
    "duplicates": (DUPLICATES, DUPLICATES_LIST),
    "conflicts": (CONFLICTS, CONFLICTS_LIST),
    "positive_pools": (POSITIVE_TUBES, POSITIVE_TUBES_LIST),
    "positive_pool_people": (POSITIVE_PEOPLE, POSITIVE_PEOPLE_LIST),
    "contradictions": (CONTRADICTIONS, CONTRADICTIONS_LIST),
    "unsure_matches": (UNSURE, UNSURE_LIST),
    "unrostered": (UNROSTERED, UNROSTERED_LIST),
}
