"""The lists a clerk works through, from the tables of the round.

Every constant is one list: a SELECT over ``people``, ``tubes``, the row states, ``records`` and the
linkage's pairs. Orders are total and by content, so that the order of the files changes nothing.
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

# An unsure pair matters most where it would find a missing person among the sampled.
UNSURE_PAIRS = """
SELECT
    u.*,
    coalesce(a.state = 'missing' AND s.state IN ('sampled', 'unrostered')
        OR s.state = 'missing' AND a.state IN ('sampled', 'unrostered'), false) AS clears_missing,
    CASE WHEN a.state = 'missing' THEN a.person_key WHEN s.state = 'missing' THEN s.person_key END AS missing_key
FROM unsure u
JOIN records ra ON ra.record_id = u.record_a
JOIN records rb ON rb.record_id = u.record_b
LEFT JOIN people a ON a.person_key = ra.person_key
LEFT JOIN people s ON s.person_key = rb.person_key
"""

UNSURE_LIST = "SELECT * FROM unsure_pairs ORDER BY clears_missing DESC, score DESC, pair_key"

MISSING_LIST = """
SELECT p.* EXCLUDE (reason), coalesce(p.reason, p.remark) AS reason,
    u.pair_key AS possible_pair, u.score AS possible_score
FROM people p
LEFT JOIN (
    SELECT missing_key, max_by(pair_key, (score, pair_key)) AS pair_key, max(score) AS score
    FROM unsure_pairs WHERE clears_missing GROUP BY missing_key
) u ON u.missing_key = p.person_key
WHERE p.state = 'missing'
ORDER BY p.walking_order
"""

SWAB_ROWS = """
SELECT s.tube_key, s.person_key, min(s.record_id) AS record_id, list(s.record_id ORDER BY s.record_id) AS record_ids
FROM sample_states s
WHERE s.state IN ('counted', 'repeat') AND s.tube_key IS NOT NULL
GROUP BY s.tube_key, s.person_key
"""

TUBE_ROWS = """
SELECT tube_key, list(record_id ORDER BY record_id) AS record_ids
FROM sample_states WHERE tube_key IS NOT NULL AND state IN ('counted', 'nobody')
GROUP BY tube_key
"""

PENDING_TUBES_LIST = """
SELECT t.*, r.record_ids
FROM tubes t JOIN tube_rows r USING (tube_key)
WHERE t.state = 'pending'
ORDER BY t.is_overdue DESC, t.sampled_at NULLS FIRST, t.tube_key
"""

PENDING_LIST = """
SELECT p.* EXCLUDE (record_ids), t.tube_code, t.sampled_at, p.state <> 'unrostered' AS on_roster, w.record_ids
FROM swab_rows w
JOIN tubes t ON t.tube_key = w.tube_key AND t.state = 'pending'
JOIN people p ON p.person_key = w.person_key
ORDER BY t.is_overdue DESC, t.tube_key, p.walking_order
"""

# Codes one slip of the pen apart have a spelling in common once each may leave out one character: pairs
# are joined on these spellings, so that no list of tubes is compared with every other.
UNKNOWN_CODES = """
SELECT DISTINCT r.tube_code FROM result_states s JOIN records r USING (record_id) WHERE s.state = 'unknown_tube'
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
FROM result_states s
JOIN records r USING (record_id)
LEFT JOIN perhaps p ON p.tube_code = r.tube_code
WHERE s.state IN ('unknown_tube', 'person_without_sample', 'nobody')
ORDER BY r.result = 'positive' DESC NULLS LAST, s.state, r.tube_code, r.name, r.laboratory, r.at, r.record_id
"""

UNCOUNTED_LIST = """
SELECT r.*, s.state
FROM result_states s JOIN records r USING (record_id)
WHERE s.state IN ('empty', 'not_a_result', 'void', 'void_tube', 'before_sample', 'outside_round', 'which_sample')
ORDER BY s.state, r.tube_code, r.name, r.laboratory, r.at, r.record_id
"""

REPEATS = """
SELECT 'roster' AS kind, * FROM roster_states WHERE stands_for IS NOT NULL
UNION ALL SELECT 'sample', * FROM sample_states WHERE stands_for IS NOT NULL
UNION ALL SELECT 'result', * FROM result_states WHERE stands_for IS NOT NULL
UNION ALL SELECT 'exempt', * FROM exempt_states WHERE stands_for IS NOT NULL
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
JOIN records r ON r.record_id = d.record_id
JOIN records k ON k.record_id = d.stands_for
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
JOIN records r USING (record_id)
LEFT JOIN tubes t ON t.tube_key = f.tube_key
WHERE f.kind <> 'contradicting'
UNION ALL
SELECT md5('exempt|' || s.state || '|' || r.person_key), 'exemption_' || s.state, r.person_key, NULL, s.record_id,
    'reason', e.reason
FROM exempt_states s JOIN records r USING (record_id) JOIN exempt e USING (record_id)
WHERE s.state IN ('no_reason', 'not_a_reason', 'not_on_roster')
ORDER BY ALL
"""

POSITIVE_TUBES_LIST = """
SELECT t.* REPLACE (coalesce(t.tube_code, t.tube_key) AS tube_code), r.record_ids
FROM tubes t
JOIN (
    SELECT tube_key, list(record_id ORDER BY record_id) AS record_ids
    FROM result_states WHERE state = 'counted' GROUP BY tube_key
) r USING (tube_key)
WHERE t.state IN ('positive', 'contradicting')
ORDER BY t.state DESC, t.is_single, t.tube_key
"""

POSITIVE_PEOPLE_LIST = """
SELECT
    coalesce(t.tube_code, t.tube_key) AS tube_code, p.* EXCLUDE (record_ids),
    CASE WHEN p.outcome IN ('held', 'positive') THEN t.held_until END AS held_until,
    p.state <> 'unrostered' AS on_roster,
    w.record_ids
FROM tubes t
JOIN swab_rows w USING (tube_key)
JOIN people p USING (person_key)
WHERE t.state IN ('positive', 'contradicting')
ORDER BY t.state DESC, t.is_single, t.tube_key, p.walking_order
"""

CONTRADICTIONS_LIST = """
SELECT coalesce(t.tube_code, t.tube_key) AS tube_code, r.*
FROM tubes t
JOIN result_states s ON s.tube_key = t.tube_key AND s.state = 'counted'
JOIN (SELECT record_id, laboratory, result, "at", name FROM records) r ON r.record_id = s.record_id
WHERE t.state = 'contradicting'
ORDER BY t.tube_key, r.at NULLS LAST, r.laboratory, r.result, r.name, r.record_id
"""

UNROSTERED_LIST = """
SELECT p.*, coalesce(r.tube_code, '') AS tube_code
FROM people p JOIN (SELECT record_id, tube_code FROM records) r ON r.record_id = p.sample_record
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

STEPS = {
    "unsure_pairs": UNSURE_PAIRS,
    "swab_rows": SWAB_ROWS,
    "tube_rows": TUBE_ROWS,
    "unknown_codes": UNKNOWN_CODES,
    "perhaps": PERHAPS,
    "repeats": REPEATS,
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
