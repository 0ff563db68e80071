# ruff: noqa: E501
"""What becomes of results and what a tube concludes, as SQL: the one definition that loads, the desk and corrections share.

The rules are those of ``engine/rounds`` (docs/algorithms/rounds.md), in the words of its stages. Every statement takes
``tubes`` (ids, each once) and what it needs of ``now``, ``tz``, ``untimed``, ``undated``, ``tolerance``.
"""

# The orphans whose tube is there by now. What one community loaded does not become another's result.
ADOPT = """
UPDATE lab_testing_result r
SET tube_id = t.id, state = 'counted', county_id = t.county_id, community_id = t.community_id, building_id = t.building_id
FROM lab_testing_tube t
WHERE t.id IN (SELECT unnest(%(tubes)s::bigint[])) AND r.state = 'orphan' AND r.tube_id IS NULL AND r.tube_code <> ''
  AND r.township_id = t.township_id AND r.tube_code = t.code
  AND r.community_id IN (t.community_id, t.township_id)
RETURNING r.id
"""

# A laboratory that reports by person and names no tube means one of the person's swabs of the round: the only one, the one
# whose time it repeats to the minute, or the only one taken before the test. Where nothing tells, the row waits.
PLACE_BY_PERSON = """
WITH asked AS (
    SELECT r.id, r.person_id, r.sampled_at, coalesce(r.tested_at, r.reported_at) AS known_at, l.round_id, r.tube_id AS was
    FROM lab_testing_result r JOIN lab_testing_load l ON l.id = r.load_id
    WHERE r.tube_code = '' AND r.superseded_by_id IS NULL AND r.person_id IN (SELECT unnest(%(people)s::bigint[]))
), swab AS (
    SELECT s.person_id, s.tube_id, s.round_id,
        CASE WHEN NOT s.warnings && %(untimed)s::varchar[] THEN s.sampled_at END AS trusted_at, t.code,
        t.county_id, t.township_id, t.community_id, t.building_id, t.state = 'void' AS of_void_tube
    FROM lab_testing_sample s JOIN lab_testing_tube t ON t.id = s.tube_id
    WHERE s.person_id IN (SELECT unnest(%(people)s::bigint[])) AND (NOT s.is_void OR t.state = 'void')
), choice AS (
    SELECT a.id, a.was, s.*,
        count(s.tube_id) OVER w AS swabs,
        coalesce(abs(extract(epoch FROM a.sampled_at - s.trusted_at)) < 60, false) AS has_same_time,
        coalesce(a.known_at >= s.trusted_at, false) AS is_before,
        count(*) FILTER (WHERE a.known_at >= s.trusted_at) OVER w AS swabs_before,
        row_number() OVER (
            PARTITION BY a.id
            ORDER BY coalesce(abs(extract(epoch FROM a.sampled_at - s.trusted_at)) < 60, false) DESC, s.of_void_tube,
                coalesce(a.known_at >= s.trusted_at, false) DESC, s.trusted_at DESC NULLS LAST, s.code
        ) AS place
    FROM asked a LEFT JOIN swab s ON s.person_id = a.person_id AND s.round_id IS NOT DISTINCT FROM a.round_id
        AND (NOT s.of_void_tube OR abs(extract(epoch FROM a.sampled_at - s.trusted_at)) < 60)
    WINDOW w AS (PARTITION BY a.id)
)
UPDATE lab_testing_result r
SET tube_id = c.tube_id, state = CASE WHEN c.tube_id IS NULL THEN 'orphan' ELSE 'counted' END,
    is_told = coalesce(c.swabs = 1 OR c.has_same_time OR (c.is_before AND c.swabs_before = 1), true),
    community_id = coalesce(c.community_id, r.community_id), building_id = coalesce(c.building_id, r.building_id)
FROM choice c
WHERE r.id = c.id AND c.place = 1
  AND (r.tube_id IS DISTINCT FROM c.tube_id
       OR r.is_told <> coalesce(c.swabs = 1 OR c.has_same_time OR (c.is_before AND c.swabs_before = 1), true))
RETURNING c.was, c.tube_id
"""

# One judgement per result of the tubes, then the one that stands among those that say the same: most tubes have one
# result, and nothing of them needs sorting.
JUDGED = """
swab AS MATERIALIZED (
    SELECT s.tube_id,
        min(s.sampled_at) FILTER (WHERE NOT s.is_void AND NOT s.warnings && %(untimed)s::varchar[]) AS sampled_at,
        bool_and(NOT s.warnings && %(undated)s::varchar[]) AS has_time
    FROM lab_testing_sample s JOIN unnest(%(tubes)s::bigint[]) AS w(tube_id) USING (tube_id) GROUP BY s.tube_id
), judged AS MATERIALIZED (
    SELECT r.id, r.tube_id, r.outcome, r.laboratory, r.who_key, r.given, r.reported_at, r.content_key,
        coalesce(r.tested_at, r.reported_at) AS known_at, coalesce(r.reported_at, r.tested_at) AS told_at,
        CASE
            WHEN r.superseded_by_id IS NOT NULL THEN 'superseded'
            WHEN r.withdrawn_at IS NOT NULL THEN 'withdrawn'
            WHEN r.outcome = '' AND r.given = '' THEN 'empty'
            WHEN r.outcome = '' THEN 'unreadable'
            WHEN NOT r.is_told AND r.outcome <> 'positive' THEN 'which_sample'
            WHEN t.state = 'void' THEN 'tube_void'
            WHEN s.has_time AND CASE WHEN r.tested_at IS NULL THEN r.reported_at_has_time ELSE r.tested_at_has_time END
                AND coalesce(r.tested_at, r.reported_at) < s.sampled_at - %(tolerance)s THEN 'before_sample'
            WHEN (coalesce(r.tested_at, r.reported_at) AT TIME ZONE %(tz)s)::date < (s.sampled_at AT TIME ZONE %(tz)s)::date
            THEN 'before_sample'
            ELSE 'counted'
        END AS said,
        coalesce(s.has_time AND coalesce(r.reported_at, r.tested_at) - s.sampled_at
            > make_interval(hours => coalesce(d.result_due_hours, 24)), false) AS late
    FROM unnest(%(tubes)s::bigint[]) AS w(tube_id)
    JOIN lab_testing_result r ON r.tube_id = w.tube_id
    JOIN lab_testing_tube t ON t.id = w.tube_id
    LEFT JOIN lab_testing_round d ON d.id = t.round_id
    LEFT JOIN swab s ON s.tube_id = w.tube_id
), crowded AS MATERIALIZED (
    SELECT tube_id FROM judged GROUP BY tube_id HAVING count(*) > 1
), ranked AS MATERIALIZED (
    SELECT j.*, j.said AS becomes FROM judged j LEFT JOIN crowded c ON c.tube_id = j.tube_id WHERE c.tube_id IS NULL
    UNION ALL
    SELECT j.*, CASE WHEN said NOT IN ('superseded', 'withdrawn') AND row_number() OVER (
            PARTITION BY j.tube_id, said, laboratory, outcome, CASE outcome WHEN '' THEN given END, who_key
            ORDER BY known_at NULLS LAST, reported_at NULLS LAST, content_key
        ) > 1 THEN 'repeated' ELSE said END AS becomes
    FROM judged j JOIN crowded c ON c.tube_id = j.tube_id
)
"""

# Results get their state and tubes their conclusion. A positive beside a negative is never settled here, whoever reported last. A negative clears an indeterminate or
# invalid report only when it is known to be the later one.
CONCLUDE = f"""
WITH {JUDGED}, restated AS (
    UPDATE lab_testing_result r SET state = x.becomes, is_late = x.late
    FROM ranked x WHERE x.id = r.id AND (r.state, r.is_late) IS DISTINCT FROM (x.becomes, x.late)
), told AS (
    SELECT tube_id,
        bool_or(outcome = 'positive') AS has_positive,
        bool_or(outcome = 'negative') AS has_negative,
        bool_or(outcome IN ('indeterminate', 'invalid')) AS has_unclear,
        bool_or(outcome = 'indeterminate') AS has_indeterminate,
        max(known_at) FILTER (WHERE outcome = 'negative') AS last_negative_at,
        max(known_at) FILTER (WHERE outcome IN ('indeterminate', 'invalid')) AS last_unclear_at
    FROM ranked
    WHERE said = 'counted'
    GROUP BY tube_id
), concluded AS (
    SELECT w.tube_id,
        CASE
            WHEN s.has_positive AND s.has_negative THEN 'contradicting'
            WHEN s.has_positive THEN 'positive'
            WHEN s.has_negative AND (NOT s.has_unclear OR s.last_negative_at > s.last_unclear_at) THEN 'negative'
            WHEN s.has_indeterminate THEN 'indeterminate'
            WHEN s.has_unclear THEN 'invalid'
            ELSE ''
        END AS becomes
    FROM unnest(%(tubes)s::bigint[]) AS w(tube_id) LEFT JOIN told s ON s.tube_id = w.tube_id
)
UPDATE lab_testing_tube t
SET conclusion = CASE WHEN t.state = 'void' THEN '' ELSE c.becomes END,
    concluded_at = CASE WHEN t.state <> 'void' AND c.becomes <> '' THEN %(now)s END,
    state = CASE
        WHEN t.state = 'void' THEN t.state
        WHEN c.becomes <> '' THEN 'resulted'
        WHEN t.state <> 'resulted' THEN t.state
        WHEN t.received_at IS NOT NULL THEN 'received'
        WHEN t.handed_over_at IS NOT NULL THEN 'handed_over'
        WHEN t.sealed_at IS NOT NULL THEN 'sealed'
        ELSE 'open'
    END
FROM concluded c
WHERE c.tube_id = t.id AND t.conclusion <> CASE WHEN t.state = 'void' THEN '' ELSE c.becomes END
RETURNING t.id
"""
