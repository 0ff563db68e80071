# ruff: noqa: E501
"""Who is held, released or a case, as SQL: recomputed from swabs and conclusions, whatever came first.

The rule is that of ``engine/rounds`` (PERSON_TUBE_OUTCOMES): only a negative *single* sample known to be taken *later*
releases; a positive single sample makes a case; a pool never clears a pool. Decisions made by hand stand.
"""

_SINGLE = """(t.capacity = 1 AND NOT t.is_household AND (
    SELECT count(DISTINCT coalesce(o.person_id, -o.id)) FROM lab_testing_sample o WHERE o.tube_id = t.id AND NOT o.is_void) <= 1)"""
_TRUSTED = "CASE WHEN NOT s.warnings && %(untimed)s::varchar[] THEN s.sampled_at END"
_TIMED = "NOT s.warnings && %(undated)s::varchar[]"

DESIRED = f"""
affected AS MATERIALIZED (
    SELECT person_id FROM lab_testing_sample WHERE tube_id IN (SELECT unnest(%(tubes)s::bigint[])) AND person_id IS NOT NULL
    UNION SELECT person_id FROM lab_testing_hold WHERE tube_id IN (SELECT unnest(%(tubes)s::bigint[])) AND person_id IS NOT NULL
), alarm AS MATERIALIZED (
    SELECT t.*, {_SINGLE} AS is_single
    FROM lab_testing_tube t WHERE t.conclusion IN ('positive', 'contradicting') AND t.state <> 'void'
      AND t.township_id = ANY(%(townships)s)
), swab AS MATERIALIZED (
    SELECT DISTINCT ON (s.tube_id, coalesce(s.person_id, -s.id))
        s.id, s.person_id, s.household_id, s.tube_id, s.round_id, s.county_id, s.township_id, s.community_id, s.building_id,
        {_TRUSTED} AS trusted_at, {_TIMED} AS has_time, a.conclusion, a.is_single
    FROM alarm a JOIN lab_testing_sample s ON s.tube_id = a.id
    WHERE NOT s.is_void AND (a.id IN (SELECT unnest(%(tubes)s::bigint[])) OR s.person_id IN (SELECT person_id FROM affected))
    ORDER BY s.tube_id, coalesce(s.person_id, -s.id), s.id
), single AS MATERIALIZED (
    SELECT s.person_id, s.tube_id, s.round_id, t.conclusion, {_TRUSTED} AS trusted_at, {_TIMED} AS has_time
    FROM lab_testing_sample s JOIN lab_testing_tube t ON t.id = s.tube_id
    WHERE s.person_id IN (SELECT person_id FROM swab) AND NOT s.is_void AND t.state <> 'void' AND {_SINGLE}
), desired AS MATERIALIZED (
    SELECT w.*,
        CASE WHEN w.conclusion = 'contradicting' THEN 'contradicting' WHEN w.is_single THEN 'positive_single'
             ELSE 'positive_pool' END AS reason,
        CASE
            WHEN w.conclusion = 'positive' AND w.is_single THEN 'positive_single'
            WHEN EXISTS (
                SELECT 1 FROM single p WHERE p.person_id = w.person_id AND p.conclusion = 'positive' AND p.tube_id <> w.tube_id
                AND (p.round_id IS NOT DISTINCT FROM w.round_id OR p.trusted_at > w.trusted_at)
            ) THEN 'retest_positive'
            WHEN EXISTS (
                SELECT 1 FROM single n WHERE n.person_id = w.person_id AND n.conclusion = 'negative'
                AND CASE WHEN w.has_time THEN n.has_time AND n.trusted_at > w.trusted_at
                    ELSE (n.trusted_at AT TIME ZONE %(tz)s)::date > (w.trusted_at AT TIME ZONE %(tz)s)::date END
            ) THEN 'retest_negative'
            ELSE ''
        END AS because,
        (SELECT x.tube_id FROM single x WHERE x.person_id = w.person_id AND x.tube_id <> w.tube_id
         AND x.trusted_at > w.trusted_at ORDER BY x.trusted_at DESC, x.tube_id LIMIT 1) AS retest_tube_id,
        (SELECT r.id FROM lab_testing_result r WHERE r.tube_id = w.tube_id AND r.state = 'counted' AND r.outcome = 'positive'
         ORDER BY coalesce(r.reported_at, r.tested_at) NULLS LAST, r.id LIMIT 1) AS result_id
    FROM swab w
), target AS MATERIALIZED (
    SELECT *, CASE WHEN because IN ('positive_single', 'retest_positive') AND person_id IS NOT NULL THEN 'case'
        WHEN because = 'retest_negative' THEN 'released' ELSE 'held' END AS state
    FROM desired
)
"""

# A hold's time counts from when the positive became known here, as the person's status does (packs: counted_from
# received_at): nobody was held before, and a re-test can begin only then.
# Holds that are there are moved, holds that are missing are made: one statement, because what is desired is dear.
MOVE_HOLDS = f"""
WITH {DESIRED}, becomes AS (
    SELECT h.id, h.state AS was, h.starts_at, h.settled_at,
        CASE WHEN d.id IS NULL THEN 'released' WHEN h.state = 'expired' AND d.state = 'held' THEN 'expired' ELSE d.state END AS state,
        CASE
            WHEN d.id IS NULL AND EXISTS (
                SELECT 1 FROM lab_testing_sample s JOIN lab_testing_tube t ON t.id = s.tube_id
                WHERE s.tube_id = h.tube_id AND NOT s.is_void AND t.state <> 'void'
                AND (s.id = h.sample_id OR s.person_id = h.person_id)
            ) THEN 'corrected'
            WHEN d.id IS NULL THEN 'swab_void'
            WHEN h.state = 'expired' AND d.state = 'held' THEN h.settled_because
            ELSE d.because
        END AS because,
        coalesce(d.reason, h.reason) AS reason, coalesce(d.retest_tube_id, CASE WHEN d.id IS NULL THEN h.retest_tube_id END) AS retest,
        coalesce(d.result_id, h.result_id) AS result_id, d.id IS NULL AS is_gone
    FROM lab_testing_hold h
    LEFT JOIN target d ON d.tube_id = h.tube_id AND (d.person_id = h.person_id OR d.id = h.sample_id)
    WHERE NOT h.is_by_hand AND (h.tube_id IN (SELECT unnest(%(tubes)s::bigint[])) OR h.person_id IN (SELECT person_id FROM affected))
), moved AS (
UPDATE lab_testing_hold h
SET state = b.state, reason = b.reason, retest_tube_id = b.retest, result_id = b.result_id,
    settled_because = CASE WHEN b.state = 'held' THEN '' ELSE b.because END,
    settled_by = CASE WHEN b.state = 'held' THEN '' ELSE %(by)s END,
    settled_at = CASE WHEN b.state = 'held' THEN NULL WHEN b.state = b.was THEN b.settled_at ELSE %(now)s END,
    starts_at = CASE WHEN b.state = 'held' AND b.was IN ('released', 'case') THEN %(now)s ELSE h.starts_at END,
    ends_at = CASE WHEN b.state = 'held' AND b.was IN ('released', 'case') THEN %(now)s + %(at_most)s ELSE h.ends_at END
FROM becomes b
WHERE b.id = h.id AND (h.state, h.reason, h.retest_tube_id, h.result_id) IS DISTINCT FROM (b.state, b.reason, b.retest, b.result_id)
RETURNING h.id, h.person_id, h.tube_id, h.state, b.was, b.because, h.result_id
), made AS (
INSERT INTO lab_testing_hold (
    county_id, township_id, community_id, building_id, person_id, household_id, tube_id, result_id, sample_id, state, reason,
    starts_at, ends_at, hours_are_verified, retest_tube_id, is_by_hand, settled_at, settled_by, settled_because
)
SELECT
    d.county_id, d.township_id, d.community_id, d.building_id, d.person_id, d.household_id, d.tube_id, d.result_id, d.id,
    d.state, d.reason, %(now)s, %(now)s + %(at_most)s,
    %(is_verified)s, d.retest_tube_id, false, CASE WHEN d.state <> 'held' THEN %(now)s END,
    CASE WHEN d.state <> 'held' THEN %(by)s ELSE '' END, CASE WHEN d.state <> 'held' THEN d.because ELSE '' END
FROM target d
WHERE NOT EXISTS (
    SELECT 1 FROM lab_testing_hold h WHERE h.tube_id = d.tube_id AND (h.person_id = d.person_id OR h.sample_id = d.id)
)
ON CONFLICT DO NOTHING
RETURNING id, person_id, tube_id, state, '' AS was, settled_because, result_id
)
SELECT * FROM moved UNION ALL SELECT * FROM made
"""
