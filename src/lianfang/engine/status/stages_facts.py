"""Facts as they were known at ``as_of``: which swabs stand, which results count, the state of each tube.

Every constant is one stage: a SELECT over the facts and the stages before it. The meaning of the states is
that of a testing round (docs/algorithms/rounds.md). Of an instant of which only the day is known, the first
and the last second are kept, so that "later" always means *known to be later*.
"""

MACROS = """
CREATE OR REPLACE MACRO trusted(x) AS CASE WHEN x <= trusted_until() THEN x END;
CREATE OR REPLACE MACRO first_second(x, has_time) AS
    CASE WHEN coalesce(has_time, true) THEN x ELSE date_trunc('day', x) END;
CREATE OR REPLACE MACRO last_second(x, has_time) AS
    CASE WHEN coalesce(has_time, true) THEN x ELSE date_trunc('day', x) + INTERVAL 86399 SECOND END;
CREATE OR REPLACE MACRO known_void(is_void, voided_at) AS
    coalesce(is_void, false) AND coalesce(voided_at <= as_of(), true);
CREATE OR REPLACE MACRO known_latest(tested, tested_has_time, reported, reported_has_time) AS
    CASE WHEN trusted(tested) IS NOT NULL THEN last_second(trusted(tested), tested_has_time)
        ELSE last_second(trusted(reported), reported_has_time) END
"""

SEEN_PERSONS = """
SELECT person_id FROM persons WHERE known_since IS NULL OR known_since <= as_of()
"""

# A swab without a tube is a tube of its own.
SEEN_SAMPLES = """
SELECT
    sample_id,
    person_id,
    coalesce(tube_id, -1 - sample_id) AS tube_key,
    round_id,
    recorded_at,
    first_second(trusted(sampled_at), sampled_at_has_time) AS earliest_at,
    last_second(trusted(sampled_at), sampled_at_has_time) AS latest_at,
    NOT known_void(is_void, voided_at) AS stands
FROM samples
WHERE recorded_at <= as_of()
"""

# A person is in a tube once, however often the swab was recorded: one person in it, or several, is told without
# putting the records together.
TUBE_SWABS = """
SELECT
    tube_key,
    min(person_id) FILTER (stands) AS first_person,
    max(person_id) FILTER (stands) AS last_person,
    min(earliest_at) FILTER (stands) AS earliest_at,
    max(earliest_at) FILTER (stands) AS last_at
FROM seen_samples
GROUP BY tube_key
"""

# What was reported of a tube by its number. Plain: negatives, never corrected nor taken back.
TUBE_REPORTS = """
SELECT
    tube_id,
    bool_and(coalesce(outcome = 'negative', false) AND superseded_by IS NULL AND withdrawn_at IS NULL) AS is_plain,
    min(received_at) AS received_at,
    min(trusted(reported_at)) AS reported_at,
    min(trusted(tested_at)) AS tested_at,
    min(result_id) AS result_id,
    min(known_latest(tested_at, tested_at_has_time, reported_at, reported_at_has_time)) AS known_latest
FROM results
WHERE received_at <= as_of() AND tube_id IS NOT NULL
GROUP BY tube_id
"""

NAMED_PEOPLE = """
SELECT DISTINCT person_id FROM results WHERE tube_id IS NULL AND person_id IS NOT NULL AND received_at <= as_of()
"""

NAMED_SWABS = """
SELECT s.person_id, s.tube_key, min(s.earliest_at) AS earliest_at
FROM seen_samples s
JOIN named_people n ON n.person_id = s.person_id
WHERE s.stands
GROUP BY s.person_id, s.tube_key
"""

# Plain: all reports count and all say the same, as of nearly all tubes; nothing there has to be judged row by row.
TUBE_FACTS = """
SELECT
    f.tube_key, f.is_single, f.is_void, f.earliest_at, f.last_at, f.first_person, f.last_person,
    r.received_at, r.reported_at, r.tested_at, r.result_id,
    coalesce(r.is_plain, false) AND NOT f.is_void AND n.tube_key IS NULL
        AND NOT coalesce(r.known_latest < f.earliest_at - tolerance(), false) AS is_plain
FROM (
    SELECT
        s.tube_key, s.earliest_at, s.last_at, s.first_person, s.last_person,
        coalesce(s.first_person = s.last_person, true)
            AND NOT coalesce(t.is_household, false) AND coalesce(t.capacity, 1) = 1 AS is_single,
        s.first_person IS NULL OR coalesce(known_void(t.is_void, t.voided_at), false) AS is_void
    FROM tube_swabs s
    LEFT JOIN tubes t ON t.tube_id = s.tube_key
) f
LEFT JOIN tube_reports r ON r.tube_id = f.tube_key
LEFT JOIN (SELECT DISTINCT tube_key FROM named_swabs) n ON n.tube_key = f.tube_key
"""

ODD_REPORTED = """
SELECT r.tube_id
FROM tube_reports r
LEFT JOIN (SELECT tube_key FROM tube_facts WHERE is_plain) p ON p.tube_key = r.tube_id
WHERE p.tube_key IS NULL
"""

ODD_RESULTS = """
SELECT {columns}
FROM results r JOIN odd_reported o ON o.tube_id = r.tube_id
WHERE r.received_at <= as_of()
UNION ALL
SELECT {columns} FROM results r WHERE r.tube_id IS NULL AND r.received_at <= as_of()
""".format(
    columns="r.result_id, r.tube_id, r.person_id, r.outcome, r.tested_at, r.tested_at_has_time, r.reported_at, "
    "r.reported_at_has_time, r.received_at, r.superseded_by, r.withdrawn_at"
)

# A correction must come after what it corrects; so two results can never strike each other out.
SUPERSEDED = """
SELECT DISTINCT r.result_id
FROM odd_results r
JOIN results n ON n.result_id = r.superseded_by
WHERE n.received_at <= as_of()
    AND (n.received_at > r.received_at OR (n.received_at = r.received_at AND n.result_id > r.result_id))
"""

RESULT_ROWS = """
SELECT
    r.result_id, r.tube_id, r.person_id, r.outcome, r.received_at,
    trusted(r.tested_at) AS tested_at,
    trusted(r.reported_at) AS reported_at,
    coalesce(trusted(r.tested_at), trusted(r.reported_at)) AS known_at,
    known_latest(r.tested_at, r.tested_at_has_time, r.reported_at, r.reported_at_has_time) AS known_latest,
    CASE
        WHEN s.result_id IS NOT NULL THEN 'result_superseded'
        WHEN r.withdrawn_at <= as_of() THEN 'result_withdrawn'
        WHEN r.tube_id IS NULL AND r.person_id IS NULL THEN 'result_of_nobody'
    END AS dropped
FROM odd_results r
LEFT JOIN superseded s ON s.result_id = r.result_id
"""

RESULTS_BY_NAME = """
SELECT result_id, person_id, known_latest FROM result_rows WHERE tube_id IS NULL AND dropped IS NULL
"""

# By person and without a tube: the only swab, or the only one taken before the test. Where nothing tells,
# a positive still counts for the last swab, and anything else for nobody.
RESULT_BY_PERSON = """
SELECT
    result_id,
    tube_key,
    swabs_of_person = 1 OR (is_before_test AND swabs_before_test = 1) AS is_told
FROM (
    SELECT
        r.result_id,
        s.tube_key,
        coalesce(r.known_latest >= s.earliest_at, false) AS is_before_test,
        count(*) OVER (PARTITION BY r.result_id) AS swabs_of_person,
        count(*) FILTER (r.known_latest >= s.earliest_at) OVER (PARTITION BY r.result_id) AS swabs_before_test,
        row_number() OVER (
            PARTITION BY r.result_id
            ORDER BY
                coalesce(r.known_latest >= s.earliest_at, false) DESC,
                s.earliest_at DESC NULLS LAST,
                s.tube_key
        ) AS choice
    FROM results_by_name r
    JOIN named_swabs s ON s.person_id = r.person_id
) chosen
WHERE choice = 1
"""

RESULT_JUDGED = """
SELECT
    r.result_id, r.person_id, r.outcome, r.received_at, r.tested_at, r.reported_at, r.known_at,
    f.tube_key,
    CASE
        WHEN r.dropped IS NOT NULL THEN r.dropped
        WHEN f.tube_key IS NULL AND r.tube_id IS NOT NULL THEN 'result_unknown_tube'
        WHEN f.tube_key IS NULL THEN 'result_person_without_sample'
        WHEN NOT coalesce(p.is_told, true) AND r.outcome <> 'positive' THEN 'result_which_sample'
        WHEN f.is_void THEN 'result_void_tube'
        WHEN r.known_latest < f.earliest_at - tolerance() THEN 'result_before_sample'
        ELSE 'counted'
    END AS judged
FROM result_rows r
LEFT JOIN result_by_person p ON p.result_id = r.result_id
LEFT JOIN tube_facts f ON f.tube_key = coalesce(r.tube_id, p.tube_key)
"""

RESULTS_ASIDE = """
SELECT result_id, person_id, outcome, received_at, judged FROM result_judged WHERE judged <> 'counted'
"""

COUNTED = """
SELECT result_id, tube_key, outcome, received_at, tested_at, reported_at, known_at
FROM result_judged
WHERE judged = 'counted'
"""

TUBE_RESULTS = """
SELECT
    tube_key,
    min(received_at) AS first_received_at,
    min(received_at) FILTER (outcome = 'positive') AS positive_received_at,
    min(reported_at) FILTER (outcome = 'positive') AS positive_reported_at,
    min(received_at) FILTER (outcome = 'negative') AS negative_received_at,
    min(reported_at) FILTER (outcome = 'negative') AS negative_reported_at,
    min(tested_at) FILTER (outcome = 'negative') AS negative_tested_at,
    min(result_id) FILTER (outcome = 'negative') AS negative_result_id,
    max(known_at) FILTER (outcome = 'negative') AS negative_known_at,
    min(received_at) FILTER (outcome IN ('indeterminate', 'invalid')) AS unclear_received_at,
    min(received_at) FILTER (outcome = 'indeterminate') AS indeterminate_received_at,
    min(reported_at) FILTER (outcome = 'indeterminate') AS indeterminate_reported_at,
    max(known_at) FILTER (outcome IN ('indeterminate', 'invalid')) AS unclear_known_at
FROM counted
GROUP BY tube_key
"""

# What was reported on tubes of which more was reported than negatives: the evidence of every kind but the plain one.
TELLING = """
SELECT c.result_id, c.tube_key, c.outcome, c.received_at
FROM counted c
JOIN tube_results t ON t.tube_key = c.tube_key
WHERE t.positive_received_at IS NOT NULL OR t.unclear_received_at IS NOT NULL
"""

# A positive beside a negative is never settled here; a negative clears an unclear report only when it is
# known to be the later one.
TUBE_STATES = """
SELECT
    tube_key, is_single, last_at, first_person, last_person, 'negative' AS state,
    received_at AS negative_received_at, reported_at AS negative_reported_at, tested_at AS negative_tested_at,
    result_id AS negative_result_id
FROM tube_facts
WHERE is_plain
UNION ALL
SELECT
    f.tube_key,
    f.is_single,
    f.last_at,
    f.first_person,
    f.last_person,
    CASE
        WHEN r.positive_received_at IS NOT NULL AND r.negative_received_at IS NOT NULL THEN 'contradicting'
        WHEN r.positive_received_at IS NOT NULL THEN 'positive'
        WHEN r.negative_received_at IS NOT NULL
            AND (r.unclear_received_at IS NULL OR r.negative_known_at > r.unclear_known_at)
        THEN 'negative'
        WHEN r.unclear_received_at IS NOT NULL THEN 'unclear'
        ELSE 'pending'
    END AS state,
    r.negative_received_at, r.negative_reported_at, r.negative_tested_at, r.negative_result_id
FROM tube_facts f
LEFT JOIN tube_results r ON r.tube_key = f.tube_key
WHERE NOT f.is_plain AND NOT f.is_void
"""

# Tubes that may still say something of somebody: all but the negatives too old for any certificate.
LIVE_TUBES = """
SELECT
    t.tube_key, t.is_single, t.first_person, t.last_person, t.state,
    t.negative_received_at, t.negative_reported_at, t.negative_tested_at, t.negative_result_id
FROM tube_states t
CROSS JOIN (SELECT max(span) AS span FROM rules WHERE kind = 'negative_result') r
WHERE t.state <> 'negative'
    OR as_of() < t.negative_tested_at + r.span
    OR as_of() < t.negative_reported_at + r.span
    OR as_of() < t.last_at + r.span
"""

# As often as they were recorded: nearly everybody has one, and only those of several have to be told apart.
NEGATIVE_SWABS = """
SELECT s.person_id, s.tube_key, s.earliest_at
FROM seen_samples s
JOIN live_tubes t ON t.tube_key = s.tube_key
WHERE s.stands AND t.state = 'negative'
"""

SEVERAL_NEGATIVES = "SELECT person_id FROM negative_swabs GROUP BY person_id HAVING count(*) > 1"

OTHER_SWABS = """
SELECT
    s.person_id, s.tube_key, t.is_single, t.state, t.negative_received_at,
    s.sample_id, s.earliest_at, s.latest_at, s.recorded_at
FROM (
    SELECT
        s.person_id, s.tube_key,
        min(s.sample_id) AS sample_id, min(s.earliest_at) AS earliest_at, max(s.latest_at) AS latest_at,
        min(s.recorded_at) AS recorded_at
    FROM seen_samples s
    JOIN live_tubes t ON t.tube_key = s.tube_key
    WHERE s.stands AND t.state <> 'negative'
    GROUP BY s.person_id, s.tube_key
) s
JOIN seen_persons p ON p.person_id = s.person_id
JOIN live_tubes t ON t.tube_key = s.tube_key
"""

# Every swab that stands, once, with the state of its tube: for those who are asked about more than a certificate.
PERSON_TUBES = """
SELECT
    p.person_id, p.sample_id, p.earliest_at, p.latest_at, p.recorded_at,
    t.tube_key, t.is_single, t.state,
    t.negative_received_at, t.negative_reported_at, t.negative_tested_at, t.negative_result_id
FROM (
    SELECT
        s.person_id, s.tube_key,
        min(s.sample_id) AS sample_id, min(s.earliest_at) AS earliest_at, max(s.latest_at) AS latest_at,
        min(s.recorded_at) AS recorded_at
    FROM seen_samples s
    JOIN seen_persons n ON n.person_id = s.person_id
    WHERE s.stands
    GROUP BY s.person_id, s.tube_key
) p
JOIN tube_states t ON t.tube_key = p.tube_key
"""

SEEN_CASES = """
SELECT
    case_id,
    person_id,
    least(coalesce(confirmed_at, recorded_at), recorded_at) AS since,
    CASE WHEN released_at <= as_of() AND coalesce(release_recorded_at, released_at) <= as_of() THEN released_at END
        AS released_at
FROM cases
JOIN seen_persons USING (person_id)
WHERE recorded_at <= as_of()
"""

# Everything about a person that is not plainly negative or pending. A swab without a time was taken before
# its first result came in.
TROUBLED = """
SELECT
    p.person_id, p.tube_key, p.earliest_at, coalesce(p.latest_at, t.first_received_at) AS latest_at,
    p.is_single, p.state, p.negative_received_at,
    t.positive_received_at, t.positive_reported_at, t.unclear_received_at,
    t.indeterminate_received_at, t.indeterminate_reported_at
FROM other_swabs p
JOIN tube_results t ON t.tube_key = p.tube_key
WHERE p.state IN ('positive', 'contradicting', 'unclear')
"""

# Of whom every swab is asked, however old: who is in trouble, and who once missed a round.
ASKED_PEOPLE = """
SELECT person_id, bool_or(owes_a_round) AS owes_a_round, bool_or(NOT owes_a_round) AS is_in_trouble
FROM (
    SELECT person_id, false AS owes_a_round FROM troubled
    UNION ALL
    SELECT o.person_id, true FROM obligations o
    JOIN seen_persons p ON p.person_id = o.person_id
)
GROUP BY person_id
"""

ASKED_SWABS = """
SELECT s.person_id, s.tube_key, s.round_id, s.earliest_at, a.owes_a_round, a.is_in_trouble
FROM seen_samples s
JOIN asked_people a ON a.person_id = s.person_id
WHERE s.stands
"""

LATER_PROOF = """
SELECT
    s.person_id,
    max(s.earliest_at) FILTER (t.state = 'negative' AND t.is_single) AS single_negative_at,
    max(s.earliest_at) FILTER (t.state = 'positive' AND t.is_single) AS single_positive_at,
    max(s.earliest_at) FILTER (t.state = 'negative') AS any_negative_at
FROM (
    SELECT person_id, tube_key, min(earliest_at) AS earliest_at
    FROM asked_swabs
    WHERE is_in_trouble
    GROUP BY person_id, tube_key
) s
JOIN tube_states t ON t.tube_key = s.tube_key
GROUP BY s.person_id
"""

RELEASES = """
SELECT person_id, max(released_at) AS released_at FROM seen_cases WHERE released_at IS NOT NULL GROUP BY person_id
"""

# released: a single negative known to be later. A pool never clears a pool.
TROUBLES = """
SELECT
    t.*,
    coalesce(p.any_negative_at > t.latest_at, false) AS has_later_negative,
    CASE
        WHEN c.released_at >= t.latest_at THEN 'settled'
        WHEN t.state = 'positive' AND t.is_single THEN 'positive'
        WHEN t.state <> 'unclear' AND p.single_negative_at > t.latest_at THEN 'released'
        WHEN t.state <> 'unclear' AND p.single_positive_at > t.latest_at THEN 'settled'
        WHEN t.state <> 'unclear' THEN 'held'
        WHEN p.any_negative_at > t.latest_at THEN 'released'
        ELSE 'unclear'
    END AS trouble
FROM troubled t
LEFT JOIN later_proof p USING (person_id)
LEFT JOIN releases c USING (person_id)
"""

BLOCKED = """
SELECT person_id, max(latest_at) AS blocked_at
FROM troubles
WHERE trouble IN ('positive', 'held', 'unclear')
GROUP BY person_id
"""

# Stages with a row per tube, read by those of people: a tube is asked for by ``first_person`` to ``last_person`` only.
OF_TUBES = ("tube_states", "live_tubes")

STEPS = {
    "seen_persons": SEEN_PERSONS,
    "seen_samples": SEEN_SAMPLES,
    "tube_swabs": TUBE_SWABS,
    "tube_reports": TUBE_REPORTS,
    "named_people": NAMED_PEOPLE,
    "named_swabs": NAMED_SWABS,
    "tube_facts": TUBE_FACTS,
    "odd_reported": ODD_REPORTED,
    "odd_results": ODD_RESULTS,
    "superseded": SUPERSEDED,
    "result_rows": RESULT_ROWS,
    "results_by_name": RESULTS_BY_NAME,
    "result_by_person": RESULT_BY_PERSON,
    "result_judged": RESULT_JUDGED,
    "results_aside": RESULTS_ASIDE,
    "counted": COUNTED,
    "tube_results": TUBE_RESULTS,
    "telling": TELLING,
    "tube_states": TUBE_STATES,
    "live_tubes": LIVE_TUBES,
    "negative_swabs": NEGATIVE_SWABS,
    "several_negatives": SEVERAL_NEGATIVES,
    "other_swabs": OTHER_SWABS,
    "seen_cases": SEEN_CASES,
    "troubled": TROUBLED,
    "asked_people": ASKED_PEOPLE,
    "asked_swabs": ASKED_SWABS,
    "later_proof": LATER_PROOF,
    "releases": RELEASES,
    "troubles": TROUBLES,
    "blocked": BLOCKED,
}
