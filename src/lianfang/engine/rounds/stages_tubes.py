"""Samples, tubes and results of a round: what became of each row, and the state of each tube.

Every constant here is one stage: a SELECT over the stages before it. Where several rows say the same,
the one that stands is picked by content and only then by record number, so that the order in which
files were given changes nothing.

People, tubes and laboratories are numbers here (``numbering``). ``samples.tube`` is the tube by its code,
or the swab itself where it was recorded without one; ``results.code`` is the code that a report names,
numbered together with those of the samples.

Joins run as they are written (``Stages``): what is read through on the left, what is looked up on the right.
"""

MACROS = """
CREATE OR REPLACE MACRO content(x) AS coalesce(CAST(x AS VARCHAR), '') || chr(31)
"""

# A clock that runs ahead cannot prove that one thing came after another: such an instant is kept as
# it was given and left out of every comparison.
SAMPLE_ROWS = """
SELECT
    s.record_id, s.person, s.tube, s.sampled_at, s.sampled_at_has_time,
    CASE WHEN s.sampled_at <= g.as_of + g.clock_tolerance THEN s.sampled_at END AS trusted_at,
    coalesce(s.sampled_at < g.starts_at OR s.sampled_at >= g.ends_at, false) AS is_outside,
    coalesce(s.status_code = 'void', false) AS is_void
FROM samples s CROSS JOIN settings g
"""

# Only swabs recorded more than once have to be ranked.
SAMPLE_REPEATS = """
SELECT
    record_id,
    first_value(record_id) OVER (
        PARTITION BY person, tube
        ORDER BY is_void, is_outside, trusted_at NULLS LAST,
            content(s.name) || content(s.phone) || content(s.id_number) || content(s.room) || content(s.box_code),
            record_id
    ) AS stands_for
FROM (SELECT record_id, name, phone, id_number, room, box_code FROM samples) s
JOIN (
    SELECT record_id, person, tube, is_void, is_outside, trusted_at
    FROM sample_rows
    SEMI JOIN (
        SELECT person, tube FROM sample_rows WHERE person IS NOT NULL GROUP BY person, tube HAVING count(*) > 1
    ) USING (person, tube)
) USING (record_id)
"""

SWABS = """
SELECT
    r.*,
    CASE
        WHEN person IS NULL THEN 'nobody'
        WHEN stands_for <> record_id THEN 'repeat'
        WHEN is_void THEN 'void'
        WHEN is_outside THEN 'outside_round'
        ELSE 'counted'
    END AS state,
    CASE WHEN stands_for <> record_id THEN stands_for END AS stands_for
FROM sample_rows r LEFT JOIN sample_repeats USING (record_id)
"""

# What is written on a tube, on whatever row.
TUBE_LABELS = """
SELECT
    tube,
    bool_or(tube_code IS NOT NULL) AS has_code,
    max(tube_capacity) FILTER (tube_capacity > 0) AS stated_capacity,
    coalesce(bool_or(tube_capacity = 0 OR test_kind = 'household'), false) AS is_household,
    coalesce(bool_or(test_kind = 'single'), false) AS is_stated_single,
    coalesce(bool_or(test_kind = 'pool'), false) AS is_stated_pool,
    CASE WHEN min(sampling_team) = max(sampling_team) THEN min(sampling_team) END AS sampling_team,
    CASE WHEN min(sampling_site) = max(sampling_site) THEN min(sampling_site) END AS sampling_site
FROM samples
WHERE tube IS NOT NULL
GROUP BY tube
"""

TUBE_BOXES = """
SELECT tube, list(box_code ORDER BY box_code) AS boxes
FROM (SELECT DISTINCT tube, box_code FROM samples WHERE tube IS NOT NULL AND box_code IS NOT NULL)
GROUP BY tube
"""

# A person has one counted row in a tube; the others are repeats.
TUBE_SWABS = """
SELECT
    tube,
    CAST(count(*) FILTER (state = 'counted') AS INTEGER) AS people,
    min(trusted_at) FILTER (state IN ('counted', 'nobody')) AS sampled_at,
    max(trusted_at) FILTER (state IN ('counted', 'nobody')) AS sampled_until,
    coalesce(bool_and(sampled_at_has_time), false) AS has_time,
    bool_and(is_void) AS is_void,
    bool_and(is_outside) AS is_outside
FROM swabs
WHERE tube IS NOT NULL
GROUP BY tube
"""

TUBE_HOUSEHOLDS = """
SELECT s.tube, count(DISTINCT coalesce(s.building, '') || '/' || coalesce(s.unit, '') || '/' || s.room) AS households
FROM (SELECT record_id, tube, building, unit, room FROM samples WHERE room IS NOT NULL) s
SEMI JOIN (SELECT tube FROM tube_labels WHERE is_household) USING (tube)
ANTI JOIN (SELECT record_id FROM swabs WHERE state <> 'counted') USING (record_id)
GROUP BY s.tube
"""

TUBE_FACTS = """
SELECT l.*, s.* EXCLUDE (tube), n.tube_key, CASE WHEN l.has_code THEN n.tube_key END AS tube_code
FROM tube_labels l
JOIN tube_swabs s USING (tube)
JOIN tube_names n USING (tube)
"""

# A laboratory that reports by person and names no tube means one of the person's swabs: the only one, the
# one whose time it repeats to the minute, or the only one taken before the test. Where nothing tells, a
# positive still holds the person through the last swab, and anything else is shown and counts for nobody.
# Who was swabbed anew after a tube was voided may still be reported from the void one: the time tells.
RESULT_BY_PERSON = """
SELECT
    record_id,
    tube,
    (swabs_of_person = 1 OR has_same_time OR (is_before_test AND swabs_before_test = 1)) AS is_told
FROM (
    SELECT
        r.record_id,
        s.tube,
        count(*) OVER (PARTITION BY r.record_id) AS swabs_of_person,
        coalesce(abs(date_diff('second', r.sampled_at, s.trusted_at)) < 60, false) AS has_same_time,
        coalesce(r.known_at >= s.trusted_at, false) AS is_before_test,
        count(*) FILTER (r.known_at >= s.trusted_at) OVER (PARTITION BY r.record_id) AS swabs_before_test,
        row_number() OVER (
            PARTITION BY r.record_id
            ORDER BY
                coalesce(abs(date_diff('second', r.sampled_at, s.trusted_at)) < 60, false) DESC,
                s.is_void,
                coalesce(r.known_at >= s.trusted_at, false) DESC,
                s.trusted_at DESC NULLS LAST,
                s.tube
        ) AS choice
    FROM (
        SELECT w.person, w.tube, w.trusted_at, w.state = 'void' AS is_void
        FROM swabs w JOIN tube_facts t USING (tube)
        WHERE w.state = 'counted' OR (w.state = 'void' AND t.is_void)
    ) s
    JOIN (
        SELECT record_id, person, sampled_at, coalesce(tested_at, reported_result_at) AS known_at
        FROM results WHERE code IS NULL AND person IS NOT NULL
    ) r USING (person)
    WHERE NOT s.is_void OR abs(date_diff('second', r.sampled_at, s.trusted_at)) < 60
)
WHERE choice = 1
"""

RESULT_PLACED = """
SELECT
    r.record_id, r.person, r.code, r.laboratory, r.result, r.tested_at, r.reported_result_at,
    r.result IS NULL AND r.result_given IS NULL AS is_empty,
    coalesce(r.status_code = 'void', false) AS is_void,
    coalesce(tested_at, reported_result_at) AS known_at,
    CASE WHEN tested_at IS NULL THEN reported_result_at_has_time ELSE tested_at_has_time END AS known_at_has_time,
    coalesce(t.tube, p.tube) AS tube,
    coalesce(p.is_told, true) AS is_told
FROM results r
LEFT JOIN (SELECT tube FROM tube_facts WHERE has_code) t ON t.tube = r.code
LEFT JOIN result_by_person p ON p.record_id = r.record_id
"""

# ``likeness`` is equal for reports that say the same.
RESULT_JUDGED = """
SELECT *, hash(judged, coalesce(tube, code), person, laboratory, result) AS likeness
FROM (
    SELECT
        r.record_id, r.person, r.code, r.laboratory, r.result, r.known_at, r.reported_result_at, r.tested_at, r.tube,
        CASE
            WHEN r.code IS NULL AND r.person IS NULL THEN 'nobody'
            WHEN r.is_void THEN 'void'
            WHEN r.is_empty THEN 'empty'
            WHEN r.result IS NULL THEN 'not_a_result'
            WHEN r.tube IS NULL AND r.code IS NOT NULL THEN 'unknown_tube'
            WHEN r.tube IS NULL THEN 'person_without_sample'
            WHEN NOT r.is_told AND r.result <> 'positive' THEN 'which_sample'
            WHEN t.is_void THEN 'void_tube'
            WHEN t.is_outside THEN 'outside_round'
            WHEN r.known_at_has_time AND t.has_time AND r.known_at < t.sampled_at - g.clock_tolerance
            THEN 'before_sample'
            WHEN date_trunc('day', r.known_at) < date_trunc('day', t.sampled_at) THEN 'before_sample'
            ELSE 'counted'
        END AS judged
    FROM result_placed r
    LEFT JOIN tube_facts t USING (tube)
    CROSS JOIN settings g
)
"""

# The same laboratory saying the same of the same tube or person is one report, however often it is sent.
RESULT_REPEATS = """
SELECT
    record_id,
    first_value(record_id) OVER (
        PARTITION BY judged, coalesce(tube, code), person, CASE WHEN person IS NULL THEN name END,
            laboratory, result, CASE WHEN result IS NULL THEN result_given END
        ORDER BY known_at NULLS LAST, reported_result_at NULLS LAST, record_id
    ) AS stands_for
FROM (SELECT record_id, name, result_given FROM results)
JOIN (
    FROM result_judged
    SEMI JOIN (SELECT likeness FROM result_judged GROUP BY likeness HAVING count(*) > 1) USING (likeness)
    WHERE judged <> 'nobody'
) USING (record_id)
"""

RESULT_ROWS = """
SELECT
    record_id,
    CASE WHEN stands_for <> record_id THEN 'repeat' ELSE judged END AS state,
    person,
    tube,
    CASE WHEN stands_for <> record_id THEN stands_for END AS stands_for,
    code,
    result,
    known_at
FROM result_judged LEFT JOIN result_repeats USING (record_id)
"""

TUBE_LABORATORIES = """
SELECT tube, list(n.name ORDER BY n.name) AS laboratories
FROM (SELECT DISTINCT tube, laboratory FROM result_judged WHERE judged = 'counted')
JOIN laboratories n USING (laboratory)
GROUP BY tube
"""

TUBE_RESULTS = """
SELECT
    tube,
    bool_or(result = 'positive') AS has_positive,
    bool_or(result = 'negative') AS has_negative,
    bool_or(result IN ('indeterminate', 'invalid')) AS has_unclear,
    max(known_at) FILTER (result = 'negative') AS last_negative_at,
    max(known_at) FILTER (result IN ('indeterminate', 'invalid')) AS last_unclear_at,
    min(coalesce(reported_result_at, tested_at)) AS reported_at,
    min(coalesce(reported_result_at, tested_at)) FILTER (result = 'positive') AS positive_at
FROM result_judged
WHERE judged = 'counted'
GROUP BY tube
"""

# A positive beside a negative is never settled here, whoever reported last: people are held until
# somebody decides. A negative clears an indeterminate or invalid report only when it is known to be later.
_TUBES = """
SELECT
    tube,
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
    coalesce({boxes}, []) AS boxes,
    f.sampled_at,
    f.sampled_until,
    f.sampling_team,
    f.sampling_site,
    coalesce({laboratories}, []) AS laboratories,
    r.reported_at,
    CASE
        WHEN r.has_positive IS NULL AND NOT f.is_void
        THEN round(date_diff('minute', f.sampled_at, g.as_of) / 60.0, 2)
    END AS hours_waiting,
    coalesce(r.has_positive IS NULL AND NOT f.is_void AND g.as_of - f.sampled_at > g.late_after, false) AS is_overdue,
    coalesce(f.has_time AND r.reported_at - f.sampled_at > g.late_after, false) AS is_late,
    CASE WHEN r.has_positive THEN coalesce(r.positive_at, g.as_of) + g.hold_at_most END AS held_until,
    coalesce({households}, 0) AS households,
    f.is_household
FROM {facts} f
LEFT JOIN {results} r USING (tube)
{more}
CROSS JOIN settings g
WHERE NOT f.is_outside
"""
_MORE = """
LEFT JOIN tube_boxes b USING (tube)
LEFT JOIN tube_laboratories l USING (tube)
LEFT JOIN tube_households h USING (tube)
"""
_NO_MORE = """
CROSS JOIN (SELECT CAST(NULL AS VARCHAR[]) AS boxes, CAST(NULL AS VARCHAR[]) AS laboratories, 0 AS households) b
"""
TUBES = _TUBES.format(
    facts="tube_facts", results="tube_results", more=_MORE, boxes="b.boxes", laboratories="l.laboratories",
    households="h.households",
)  # fmt: skip


def tubes_of(facts: str, results: str) -> str:
    """The same of tubes of which boxes, laboratories and households are not looked at."""
    return _TUBES.format(
        facts=facts, results=results, more=_NO_MORE, boxes="b.boxes", laboratories="b.laboratories",
        households="b.households",
    )  # fmt: skip


STEPS = {
    "sample_rows": SAMPLE_ROWS,
    "sample_repeats": SAMPLE_REPEATS,
    "swabs": SWABS,
    "tube_labels": TUBE_LABELS,
    "tube_boxes": TUBE_BOXES,
    "tube_swabs": TUBE_SWABS,
    "tube_households": TUBE_HOUSEHOLDS,
    "tube_facts": TUBE_FACTS,
    "result_by_person": RESULT_BY_PERSON,
    "result_placed": RESULT_PLACED,
    "result_judged": RESULT_JUDGED,
    "result_repeats": RESULT_REPEATS,
    "result_rows": RESULT_ROWS,
    "tube_laboratories": TUBE_LABORATORIES,
    "tube_results": TUBE_RESULTS,
    "tubes": TUBES,
}
