"""Samples, tubes and results of a round: what became of each row, and the state of each tube.

Every constant here is one stage: a SELECT over the stages before it. Where several rows say the same,
the one that stands is picked by content and only then by record number, so that the order in which
files were given changes nothing.
"""

MACROS = """
CREATE OR REPLACE MACRO content(x) AS coalesce(CAST(x AS VARCHAR), '') || chr(31)
"""

# A clock that runs ahead cannot prove that one thing came after another: such an instant is kept as
# it was given and left out of every comparison.
SAMPLE_ROWS = """
SELECT
    s.record_id, s.person_key, s.tube_code, s.box_code, s.tube_capacity, s.test_kind, s.sampled_at,
    s.sampled_at_has_time, s.sampling_site, s.sampling_team, s.building, s.unit, s.room,
    CASE WHEN s.sampled_at <= g.as_of + g.clock_tolerance THEN s.sampled_at END AS trusted_at,
    CASE
        WHEN s.tube_code IS NOT NULL THEN s.tube_code
        WHEN s.person_key IS NOT NULL THEN '#' || s.person_key || coalesce('@' || s.sampled_at, '')
    END AS tube_key,
    coalesce(s.sampled_at < g.starts_at OR s.sampled_at >= g.ends_at, false) AS is_outside,
    coalesce(s.status_code = 'void', false) AS is_void
FROM samples s CROSS JOIN settings g
"""

# Only swabs recorded more than once have to be ranked.
SAMPLE_REPEATS = """
SELECT
    record_id,
    first_value(record_id) OVER (
        PARTITION BY person_key, tube_key
        ORDER BY is_void, is_outside, trusted_at NULLS LAST,
            content(s.name) || content(s.phone) || content(s.id_number) || content(s.room) || content(s.box_code),
            record_id
    ) AS stands_for
FROM (
    SELECT record_id, person_key, tube_key, is_void, is_outside, trusted_at
    FROM sample_rows
    WHERE person_key IS NOT NULL
    QUALIFY count(*) OVER (PARTITION BY person_key, tube_key) > 1
)
JOIN (SELECT record_id, name, phone, id_number, room, box_code FROM samples) s USING (record_id)
"""

SAMPLE_STATES = """
SELECT
    record_id,
    CASE
        WHEN person_key IS NULL THEN 'nobody'
        WHEN stands_for <> record_id THEN 'repeat'
        WHEN is_void THEN 'void'
        WHEN is_outside THEN 'outside_round'
        ELSE 'counted'
    END AS state,
    person_key,
    tube_key,
    CASE WHEN stands_for <> record_id THEN stands_for END AS stands_for
FROM sample_rows LEFT JOIN sample_repeats USING (record_id)
"""

SWABS = """
SELECT r.*, s.state
FROM sample_rows r JOIN sample_states s USING (record_id)
"""

TUBE_FACTS = """
SELECT
    tube_key,
    any_value(tube_code) AS tube_code,
    CAST(count(DISTINCT person_key) FILTER (state = 'counted') AS INTEGER) AS people,
    max(tube_capacity) FILTER (tube_capacity > 0) AS stated_capacity,
    coalesce(bool_or(tube_capacity = 0 OR test_kind = 'household'), false) AS is_household,
    coalesce(bool_or(test_kind = 'single'), false) AS is_stated_single,
    coalesce(bool_or(test_kind = 'pool'), false) AS is_stated_pool,
    coalesce(list_sort(list(DISTINCT box_code) FILTER (box_code IS NOT NULL)), []) AS boxes,
    min(trusted_at) FILTER (state IN ('counted', 'nobody')) AS sampled_at,
    max(trusted_at) FILTER (state IN ('counted', 'nobody')) AS sampled_until,
    coalesce(bool_and(sampled_at_has_time), false) AS has_time,
    CASE WHEN count(DISTINCT sampling_team) = 1 THEN min(sampling_team) END AS sampling_team,
    CASE WHEN count(DISTINCT sampling_site) = 1 THEN min(sampling_site) END AS sampling_site,
    count(DISTINCT coalesce(building, '') || '/' || coalesce(unit, '') || '/' || room)
        FILTER (state = 'counted' AND room IS NOT NULL) AS households,
    bool_and(is_void) AS is_void,
    bool_and(is_outside) AS is_outside
FROM swabs
WHERE tube_key IS NOT NULL
GROUP BY tube_key
"""

RESULT_ROWS = """
SELECT
    record_id, person_key, name, tube_code, result, result_given, laboratory, status_code, sampled_at,
    reported_result_at, tested_at,
    coalesce(tested_at, reported_result_at) AS known_at,
    CASE WHEN tested_at IS NULL THEN reported_result_at_has_time ELSE tested_at_has_time END AS known_at_has_time
FROM results
"""

# A laboratory that reports by person and names no tube means one of the person's swabs: the only one, the
# one whose time it repeats to the minute, or the only one taken before the test. Where nothing tells, a
# positive still holds the person through the last swab, and anything else is shown and counts for nobody.
RESULT_BY_PERSON = """
SELECT
    record_id,
    tube_key,
    (swabs_of_person = 1 OR has_same_time OR (is_before_test AND swabs_before_test = 1)) AS is_told
FROM (
    SELECT
        r.record_id,
        s.tube_key,
        count(*) OVER (PARTITION BY r.record_id) AS swabs_of_person,
        coalesce(abs(date_diff('second', r.sampled_at, s.trusted_at)) < 60, false) AS has_same_time,
        coalesce(r.known_at >= s.trusted_at, false) AS is_before_test,
        count(*) FILTER (r.known_at >= s.trusted_at) OVER (PARTITION BY r.record_id) AS swabs_before_test,
        row_number() OVER (
            PARTITION BY r.record_id
            ORDER BY
                coalesce(abs(date_diff('second', r.sampled_at, s.trusted_at)) < 60, false) DESC,
                coalesce(r.known_at >= s.trusted_at, false) DESC,
                s.trusted_at DESC NULLS LAST,
                s.tube_key
        ) AS choice
    FROM result_rows r
    JOIN swabs s ON s.person_key = r.person_key AND s.state = 'counted'
    WHERE r.tube_code IS NULL
)
WHERE choice = 1
"""

RESULT_PLACED = """
SELECT
    r.*,
    coalesce(t.tube_key, p.tube_key) AS tube_key,
    coalesce(p.is_told, true) AS is_told
FROM result_rows r
LEFT JOIN (SELECT tube_key, tube_code FROM tube_facts WHERE tube_code IS NOT NULL) t ON t.tube_code = r.tube_code
LEFT JOIN result_by_person p ON p.record_id = r.record_id
"""

RESULT_JUDGED = """
SELECT
    r.record_id, r.tube_code, r.person_key, r.name, r.result, r.result_given, r.laboratory, r.known_at,
    r.reported_result_at, r.tested_at, r.tube_key,
    CASE
        WHEN r.tube_code IS NULL AND r.person_key IS NULL THEN 'nobody'
        WHEN r.status_code = 'void' THEN 'void'
        WHEN r.result IS NULL AND r.result_given IS NULL THEN 'empty'
        WHEN r.result IS NULL THEN 'not_a_result'
        WHEN r.tube_key IS NULL AND r.tube_code IS NOT NULL THEN 'unknown_tube'
        WHEN r.tube_key IS NULL THEN 'person_without_sample'
        WHEN NOT r.is_told AND r.result <> 'positive' THEN 'which_sample'
        WHEN t.is_void THEN 'void_tube'
        WHEN t.is_outside THEN 'outside_round'
        WHEN r.known_at_has_time AND t.has_time AND r.known_at < t.sampled_at - g.clock_tolerance
        THEN 'before_sample'
        WHEN date_trunc('day', r.known_at) < date_trunc('day', t.sampled_at) THEN 'before_sample'
        ELSE 'counted'
    END AS judged
FROM result_placed r
LEFT JOIN tube_facts t ON t.tube_key = r.tube_key
CROSS JOIN settings g
"""

# The same laboratory saying the same of the same tube or person is one report, however often it is sent.
RESULT_RANKED = """
SELECT
    *,
    first_value(record_id) OVER (
        PARTITION BY judged, coalesce(tube_key, tube_code), person_key, CASE WHEN person_key IS NULL THEN name END,
            laboratory, result, CASE WHEN result IS NULL THEN result_given END
        ORDER BY known_at NULLS LAST, reported_result_at NULLS LAST, record_id
    ) AS stands_for
FROM result_judged
"""

RESULT_STATES = """
SELECT
    record_id,
    CASE WHEN judged <> 'nobody' AND stands_for <> record_id THEN 'repeat' ELSE judged END AS state,
    person_key,
    tube_key,
    CASE WHEN judged <> 'nobody' AND stands_for <> record_id THEN stands_for END AS stands_for
FROM result_ranked
"""

TUBE_RESULTS = """
SELECT
    tube_key,
    bool_or(result = 'positive') AS has_positive,
    bool_or(result = 'negative') AS has_negative,
    bool_or(result IN ('indeterminate', 'invalid')) AS has_unclear,
    max(known_at) FILTER (result = 'negative') AS last_negative_at,
    max(known_at) FILTER (result IN ('indeterminate', 'invalid')) AS last_unclear_at,
    min(coalesce(reported_result_at, tested_at)) AS reported_at,
    min(coalesce(reported_result_at, tested_at)) FILTER (result = 'positive') AS positive_at,
    list_sort(list(DISTINCT laboratory) FILTER (laboratory IS NOT NULL)) AS laboratories
FROM result_ranked
WHERE judged = 'counted'
GROUP BY tube_key
"""

# A positive beside a negative is never settled here, whoever reported last: people are held until
# somebody decides. A negative clears an indeterminate or invalid report only when it is known to be later.
TUBES = """
SELECT
    f.tube_key,
    f.tube_code,
    CASE
        WHEN f.is_void THEN 'void'
        WHEN r.has_positive AND r.has_negative THEN 'contradicting'
        WHEN r.has_positive THEN 'positive'
        WHEN r.has_negative AND (NOT r.has_unclear OR r.last_negative_at > r.last_unclear_at) THEN 'negative'
        WHEN r.has_unclear THEN 'unclear'
        ELSE 'pending'
    END AS state,
    f.people <= 1 AND NOT f.is_household AND NOT f.is_stated_pool
        AND coalesce(f.stated_capacity, 1) = 1 AS is_single,
    CASE
        WHEN f.is_household THEN 0
        WHEN f.is_stated_single THEN 1
        ELSE f.stated_capacity
    END AS capacity,
    f.people,
    f.boxes,
    f.sampled_at,
    f.sampled_until,
    f.sampling_team,
    f.sampling_site,
    coalesce(r.laboratories, []) AS laboratories,
    r.reported_at,
    CASE
        WHEN r.tube_key IS NULL AND NOT f.is_void
        THEN round(date_diff('minute', f.sampled_at, g.as_of) / 60.0, 2)
    END AS hours_waiting,
    coalesce(r.tube_key IS NULL AND NOT f.is_void AND g.as_of - f.sampled_at > g.late_after, false) AS is_overdue,
    coalesce(f.has_time AND r.reported_at - f.sampled_at > g.late_after, false) AS is_late,
    CASE WHEN r.has_positive THEN coalesce(r.positive_at, g.as_of) + g.hold_at_most END AS held_until,
    f.households,
    f.is_household
FROM tube_facts f
LEFT JOIN tube_results r USING (tube_key)
CROSS JOIN settings g
WHERE NOT f.is_outside
"""

STEPS = {
    "sample_rows": SAMPLE_ROWS,
    "sample_repeats": SAMPLE_REPEATS,
    "sample_states": SAMPLE_STATES,
    "swabs": SWABS,
    "tube_facts": TUBE_FACTS,
    "result_rows": RESULT_ROWS,
    "result_by_person": RESULT_BY_PERSON,
    "result_placed": RESULT_PLACED,
    "result_judged": RESULT_JUDGED,
    "result_ranked": RESULT_RANKED,
    "result_states": RESULT_STATES,
    "tube_results": TUBE_RESULTS,
    "tubes": TUBES,
}
