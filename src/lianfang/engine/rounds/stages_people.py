"""People of a round: who was sampled, exempt, away or missing, and what came back for the sampled.

Every constant is one stage: a SELECT over the stages before it and those of ``stages_tubes``; the last
also uses those of ``stages_places``. A person is a number (``numbering``), and a stage carries the record that
stands for a person, not what it says: the module ``people`` puts names and places to the answer.
"""

from lianfang.engine.rounds import stages_places

# The row that says most stands for a person who is on the roster twice; equal rows are told apart by
# content, so that the order of the files changes nothing.
ROSTER_REPEATS = """
SELECT
    record_id,
    first_value(record_id) OVER (PARTITION BY person ORDER BY filled DESC, content_key, record_id) AS stands_for
FROM (
    SELECT
        record_id,
        person,
        (id_number IS NOT NULL)::INT + (phone IS NOT NULL)::INT + (building IS NOT NULL)::INT
            + (unit IS NOT NULL)::INT + (room IS NOT NULL)::INT + (community IS NOT NULL)::INT
            + (compound IS NOT NULL)::INT + (address IS NOT NULL)::INT + (special_need IS NOT NULL)::INT
            + (household_no IS NOT NULL)::INT + (remark IS NOT NULL)::INT + (id_is_valid IS TRUE)::INT AS filled,
        content(community) || content(compound) || content(building) || content(unit) || content(room)
            || content(name) || content(id_number) || content(phone) || content(address) || content(remark)
            AS content_key
    FROM roster
    SEMI JOIN (
        SELECT person FROM roster WHERE person IS NOT NULL GROUP BY person HAVING count(*) > 1
    ) USING (person)
)
"""

ROSTER_ROWS = """
SELECT
    record_id,
    CASE
        WHEN person IS NULL THEN 'nobody'
        WHEN stands_for <> record_id THEN 'repeat'
        ELSE 'counted'
    END AS state,
    person,
    CAST(NULL AS INTEGER) AS tube,
    CASE WHEN stands_for <> record_id THEN stands_for END AS stands_for
FROM (SELECT record_id, person FROM roster) LEFT JOIN roster_repeats USING (record_id)
"""

# The rows that stand for the expected people, with what tells the order on foot.
EXPECTED = """
SELECT
    person, record_id, name_place, address_place, township, community, compound, building, unit, floor, room,
    household_no, address
FROM roster
ANTI JOIN (SELECT record_id FROM roster_rows WHERE state <> 'counted') USING (record_id)
"""

NOTED = """
SELECT person, record_id, untested_reason AS reason
FROM roster
ANTI JOIN (SELECT record_id FROM roster_rows WHERE state <> 'counted') USING (record_id)
WHERE untested_reason IS NOT NULL
"""

EXEMPT_RANKED = """
SELECT
    e.record_id, e.person, e.reason, e.reason_is_asked,
    k.kind,
    x.person IS NOT NULL AS is_expected,
    first_value(e.record_id) OVER (
        PARTITION BY e.person, e.reason ORDER BY content(e.remark), e.record_id
    ) AS stands_for
FROM exempt e
LEFT JOIN reason_kinds k ON k.reason = e.reason
LEFT JOIN (FROM (SELECT person FROM expected) SEMI JOIN exempt USING (person)) x ON x.person = e.person
"""

EXEMPT_ROWS = """
SELECT
    record_id,
    CASE
        WHEN person IS NULL THEN 'nobody'
        WHEN stands_for <> record_id THEN 'repeat'
        WHEN reason_is_asked AND reason IS NULL THEN 'no_reason'
        WHEN kind = 'missing' THEN 'not_a_reason'
        WHEN NOT is_expected THEN 'not_on_roster'
        ELSE 'accepted'
    END AS state,
    person,
    CAST(NULL AS INTEGER) AS tube,
    CASE WHEN person IS NOT NULL AND stands_for <> record_id THEN stands_for END AS stands_for
FROM exempt_ranked
"""

# What the roster itself notes counts only where its words are known: a list of exemptions is a
# decision, a remark on a roster is not.
CLAIMS = """
SELECT
    person,
    min_by(kind, rank) AS kind,
    min_by(reason, rank) AS reason,
    min_by(record_id, rank) AS record_id
FROM (
    SELECT *, row_number() OVER (
        PARTITION BY person ORDER BY kind = 'away', is_from_roster, reason NULLS LAST, record_id
    ) AS rank
    FROM (
        SELECT e.person, coalesce(e.kind, 'exempt') AS kind, e.reason, e.record_id, false AS is_from_roster
        FROM exempt_ranked e JOIN exempt_rows s USING (record_id)
        WHERE s.state = 'accepted'
        UNION ALL
        SELECT n.person, k.kind, n.reason, n.record_id, true
        FROM noted n JOIN reason_kinds k USING (reason)
        WHERE k.kind IN ('exempt', 'away')
    )
)
GROUP BY person
"""

REFUSED_CLAIMS = """
SELECT e.person, min(e.reason) AS reason
FROM exempt_ranked e JOIN exempt_rows s USING (record_id)
WHERE s.state IN ('no_reason', 'not_a_reason')
GROUP BY e.person
"""

# One row per person and tube of the round.
PERSON_TUBES = """
SELECT
    s.person,
    s.tube,
    s.record_id,
    s.trusted_at,
    s.sampled_at,
    coalesce(s.sampled_at_has_time, false) AS has_time,
    t.state,
    t.is_single
FROM swabs s JOIN (SELECT tube, state, is_single FROM tubes) t USING (tube)
WHERE s.state = 'counted'
"""

# What may clear somebody, or is under way, is looked for only where there is something to clear.
DOUBTED = """
SELECT DISTINCT person FROM person_tubes WHERE state IN ('positive', 'contradicting', 'unclear')
"""

LAST_GOOD = """
SELECT
    person,
    max(trusted_at) FILTER (is_single) AS last_single_at,
    max(trusted_at) FILTER (is_single AND has_time) AS last_single_timed_at,
    max(trusted_at) AS last_any_at
FROM person_tubes SEMI JOIN doubted USING (person)
WHERE state = 'negative'
GROUP BY person
"""

WAITING_SINGLE = """
SELECT person, max(trusted_at) AS last_single_at
FROM person_tubes SEMI JOIN doubted USING (person)
WHERE state = 'pending' AND is_single
GROUP BY person
"""

# The worst outcome counts: its place in this list (from 1) is how bad it is.
_OUTCOMES = ("positive", "held", "unclear", "pending", "released", "negative")
_PLACE = {outcome: place for place, outcome in enumerate(_OUTCOMES, 1)}

# A negative single sample clears a positive or contradicting pool only when it is known to have been
# taken later (dossier §2 "Positive pool": negative → release at once). A pool never clears a pool.
PERSON_TUBE_OUTCOMES = f"""
SELECT
    p.*,
    CASE
        WHEN p.state = 'positive' AND p.is_single THEN {_PLACE["positive"]}
        WHEN p.state IN ('positive', 'contradicting')
            AND CASE WHEN p.has_time THEN g.last_single_timed_at > p.trusted_at
                ELSE date_trunc('day', g.last_single_at) > date_trunc('day', p.trusted_at) END
        THEN {_PLACE["released"]}
        WHEN p.state IN ('positive', 'contradicting') THEN {_PLACE["held"]}
        WHEN p.state = 'unclear' AND g.last_any_at > p.trusted_at THEN {_PLACE["negative"]}
        WHEN p.state = 'unclear' THEN {_PLACE["unclear"]}
        WHEN p.state = 'pending' THEN {_PLACE["pending"]}
        ELSE {_PLACE["negative"]}
    END AS outcome,
    coalesce(w.last_single_at > p.trusted_at, false) AS has_single_waiting
FROM person_tubes p
LEFT JOIN last_good g USING (person)
LEFT JOIN waiting_single w USING (person)
"""

SUMMED_OUTCOMES = f"""
SELECT
    person,
    {list(_OUTCOMES)}[min(outcome)] AS outcome,
    coalesce(bool_and(has_single_waiting) FILTER (outcome = {_PLACE["held"]}), false) AS has_single_waiting,
    min(sampled_at) AS first_sampled_at,
    max(sampled_at) AS last_sampled_at,
    count(*) AS swabs,
    min(record_id) AS a_record
FROM person_tube_outcomes
GROUP BY person
"""

# Nearly everybody has one swab; which of several is the first must be looked for.
SWABS_OF_SEVERAL = """
SELECT p.person, p.tube, p.record_id, p.trusted_at, p.state, p.is_single
FROM person_tubes p SEMI JOIN (SELECT person FROM summed_outcomes WHERE swabs > 1) USING (person)
"""

PERSON_OUTCOMES = """
SELECT s.* EXCLUDE (swabs, a_record), coalesce(f.record_id, s.a_record) AS sample_record
FROM summed_outcomes s
LEFT JOIN (
    SELECT person, min_by(record_id, (coalesce(trusted_at, TIMESTAMP '9999-01-01'), tube)) AS record_id
    FROM swabs_of_several
    GROUP BY person
) f USING (person)
"""

SEEN = """
SELECT
    person,
    max(trusted_at) AS last_contact_at,
    bool_or(state = 'void') AS has_void,
    bool_or(state = 'outside_round') AS has_outside
FROM swabs
WHERE person IS NOT NULL
GROUP BY person
"""

PEOPLE = """
SELECT
    d.person, d.on_roster, d.record_id, d.township, d.building_place, d.household,
    CASE
        WHEN NOT d.on_roster THEN 'unrostered'
        WHEN o.person IS NOT NULL THEN 'sampled'
        ELSE coalesce(c.kind, 'missing')
    END AS state,
    CASE WHEN o.person IS NULL AND c.kind IS NULL THEN
        CASE
            WHEN e.has_void THEN 'sample_void'
            WHEN f.person IS NOT NULL THEN 'exemption_refused'
            WHEN e.has_outside THEN 'outside_round'
            ELSE 'not_sampled'
        END
    END AS because,
    coalesce(c.reason, f.reason, n.reason) AS reason,
    o.outcome,
    CASE
        WHEN o.outcome = 'positive' THEN 'report_case'
        WHEN o.outcome = 'held' AND o.has_single_waiting THEN 'await_single_result'
        WHEN o.outcome = 'held' THEN 'hold_and_sample_singly'
        WHEN o.outcome = 'unclear' THEN 'sample_again'
        WHEN o.outcome = 'pending' THEN 'await_result'
        WHEN o.outcome = 'released' THEN 'release'
        WHEN o.person IS NULL AND c.kind IS NULL THEN 'sample'
        ELSE 'none'
    END AS action,
    o.first_sampled_at,
    o.last_sampled_at,
    e.last_contact_at,
    CASE WHEN d.on_roster THEN d.record_id END AS roster_record,
    o.sample_record,
    c.record_id AS exempt_record,
    d.stairwell_place, d.room_place, d.address_place, d.name_place
FROM housed d
LEFT JOIN person_outcomes o USING (person)
LEFT JOIN claims c USING (person)
LEFT JOIN refused_claims f USING (person)
LEFT JOIN noted n ON n.person = d.person AND d.on_roster
LEFT JOIN seen e USING (person)
"""

STEPS = (
    {
        "roster_repeats": ROSTER_REPEATS,
        "roster_rows": ROSTER_ROWS,
        "expected": EXPECTED,
        "noted": NOTED,
        "exempt_ranked": EXEMPT_RANKED,
        "exempt_rows": EXEMPT_ROWS,
        "claims": CLAIMS,
        "refused_claims": REFUSED_CLAIMS,
        "person_tubes": PERSON_TUBES,
        "doubted": DOUBTED,
        "last_good": LAST_GOOD,
        "waiting_single": WAITING_SINGLE,
        "person_tube_outcomes": PERSON_TUBE_OUTCOMES,
        "summed_outcomes": SUMMED_OUTCOMES,
        "swabs_of_several": SWABS_OF_SEVERAL,
        "person_outcomes": PERSON_OUTCOMES,
        "seen": SEEN,
    }
    | stages_places.STEPS
    | {"people": PEOPLE}
)
