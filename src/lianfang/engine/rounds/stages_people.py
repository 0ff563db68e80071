"""People of a round: who was sampled, exempt, away or missing, and what came back for the sampled.

Every constant is one stage: a SELECT over the stages before it and those of ``stages_tubes``.
"""

# The row that says most stands for a person who is on the roster twice; equal rows are told apart by
# content, so that the order of the files changes nothing.
ROSTER_REPEATS = """
SELECT
    record_id,
    first_value(record_id) OVER (PARTITION BY person_key ORDER BY filled DESC, content_key, record_id) AS stands_for
FROM (
    SELECT
        record_id,
        person_key,
        (id_number IS NOT NULL)::INT + (phone IS NOT NULL)::INT + (building IS NOT NULL)::INT
            + (unit IS NOT NULL)::INT + (room IS NOT NULL)::INT + (community IS NOT NULL)::INT
            + (compound IS NOT NULL)::INT + (address IS NOT NULL)::INT + (special_need IS NOT NULL)::INT
            + (household_no IS NOT NULL)::INT + (remark IS NOT NULL)::INT + (id_is_valid IS TRUE)::INT AS filled,
        content(community) || content(compound) || content(building) || content(unit) || content(room)
            || content(name) || content(id_number) || content(phone) || content(address) || content(remark)
            AS content_key
    FROM roster
    WHERE person_key IN (SELECT person_key FROM roster GROUP BY person_key HAVING count(*) > 1)
)
"""

ROSTER_STATES = """
SELECT
    record_id,
    CASE
        WHEN person_key IS NULL THEN 'nobody'
        WHEN stands_for <> record_id THEN 'repeat'
        ELSE 'counted'
    END AS state,
    person_key,
    CAST(NULL AS VARCHAR) AS tube_key,
    CASE WHEN stands_for <> record_id THEN stands_for END AS stands_for
FROM (SELECT record_id, person_key FROM roster) LEFT JOIN roster_repeats USING (record_id)
"""

EXPECTED = """
SELECT r.* FROM roster r SEMI JOIN (SELECT record_id FROM roster_states WHERE state = 'counted') s USING (record_id)
"""

EXEMPT_RANKED = """
SELECT
    e.*,
    k.kind,
    x.person_key IS NOT NULL AS is_expected,
    first_value(e.record_id) OVER (
        PARTITION BY e.person_key, e.reason ORDER BY content(e.remark), e.record_id
    ) AS stands_for
FROM exempt e
LEFT JOIN reason_kinds k ON k.reason = e.reason
LEFT JOIN expected x ON x.person_key = e.person_key
"""

EXEMPT_STATES = """
SELECT
    record_id,
    CASE
        WHEN person_key IS NULL THEN 'nobody'
        WHEN stands_for <> record_id THEN 'repeat'
        WHEN reason_is_asked AND reason IS NULL THEN 'no_reason'
        WHEN kind = 'missing' THEN 'not_a_reason'
        WHEN NOT is_expected THEN 'not_on_roster'
        ELSE 'accepted'
    END AS state,
    person_key,
    CAST(NULL AS VARCHAR) AS tube_key,
    CASE WHEN person_key IS NOT NULL AND stands_for <> record_id THEN stands_for END AS stands_for
FROM exempt_ranked
"""

# What the roster itself notes counts only where its words are known: a list of exemptions is a
# decision, a remark on a roster is not.
CLAIMS = """
SELECT
    person_key,
    min_by(kind, rank) AS kind,
    min_by(reason, rank) AS reason,
    min_by(record_id, rank) AS record_id
FROM (
    SELECT *, row_number() OVER (
        PARTITION BY person_key ORDER BY kind = 'away', is_from_roster, reason NULLS LAST, record_id
    ) AS rank
    FROM (
        SELECT e.person_key, coalesce(e.kind, 'exempt') AS kind, e.reason, e.record_id, false AS is_from_roster
        FROM exempt_ranked e JOIN exempt_states s USING (record_id)
        WHERE s.state = 'accepted'
        UNION ALL
        SELECT x.person_key, k.kind, x.untested_reason, x.record_id, true
        FROM expected x JOIN reason_kinds k ON k.reason = x.untested_reason
        WHERE k.kind IN ('exempt', 'away')
    )
)
GROUP BY person_key
"""

REFUSED_CLAIMS = """
SELECT e.person_key, min(e.reason) AS reason
FROM exempt_ranked e JOIN exempt_states s USING (record_id)
WHERE s.state IN ('no_reason', 'not_a_reason')
GROUP BY e.person_key
"""

# One row per person and tube of the round.
PERSON_TUBES = """
SELECT
    s.person_key,
    s.tube_key,
    s.record_id,
    s.trusted_at,
    s.sampled_at,
    coalesce(s.sampled_at_has_time, false) AS has_time,
    t.state,
    t.is_single,
    t.held_until
FROM swabs s JOIN tubes t USING (tube_key)
WHERE s.state = 'counted'
"""

LAST_GOOD = """
SELECT
    person_key,
    max(trusted_at) FILTER (is_single) AS last_single_at,
    max(trusted_at) FILTER (is_single AND has_time) AS last_single_timed_at,
    max(trusted_at) AS last_any_at
FROM person_tubes
WHERE state = 'negative'
GROUP BY person_key
"""

WAITING_SINGLE = """
SELECT person_key, max(trusted_at) AS last_single_at
FROM person_tubes
WHERE state = 'pending' AND is_single
GROUP BY person_key
"""

# A negative single sample clears a positive or contradicting pool only when it is known to have been
# taken later (dossier §2 "Positive pool": negative → release at once). A pool never clears a pool.
PERSON_TUBE_OUTCOMES = """
SELECT
    p.*,
    CASE
        WHEN p.state = 'positive' AND p.is_single THEN 'positive'
        WHEN p.state IN ('positive', 'contradicting')
            AND CASE WHEN p.has_time THEN g.last_single_timed_at > p.trusted_at
                ELSE date_trunc('day', g.last_single_at) > date_trunc('day', p.trusted_at) END
        THEN 'released'
        WHEN p.state IN ('positive', 'contradicting') THEN 'held'
        WHEN p.state = 'unclear' AND g.last_any_at > p.trusted_at THEN 'negative'
        WHEN p.state = 'unclear' THEN 'unclear'
        WHEN p.state = 'pending' THEN 'pending'
        ELSE 'negative'
    END AS outcome,
    coalesce(w.last_single_at > p.trusted_at, false) AS has_single_waiting
FROM person_tubes p
LEFT JOIN last_good g USING (person_key)
LEFT JOIN waiting_single w USING (person_key)
"""

PERSON_OUTCOMES = """
SELECT
    person_key,
    CASE
        WHEN bool_or(outcome = 'positive') THEN 'positive'
        WHEN bool_or(outcome = 'held') THEN 'held'
        WHEN bool_or(outcome = 'unclear') THEN 'unclear'
        WHEN bool_or(outcome = 'pending') THEN 'pending'
        WHEN bool_or(outcome = 'released') THEN 'released'
        ELSE 'negative'
    END AS outcome,
    coalesce(bool_and(has_single_waiting) FILTER (outcome = 'held'), false) AS has_single_waiting,
    list(tube_key ORDER BY trusted_at NULLS LAST, tube_key) AS tubes,
    min(sampled_at) AS first_sampled_at,
    max(sampled_at) AS last_sampled_at,
    min_by(record_id, (coalesce(trusted_at, TIMESTAMP '9999-01-01'), tube_key)) AS sample_record
FROM person_tube_outcomes
GROUP BY person_key
"""

SEEN = """
SELECT
    person_key,
    max(trusted_at) AS last_contact_at,
    bool_or(state = 'void') AS has_void,
    bool_or(state = 'outside_round') AS has_outside
FROM swabs
WHERE person_key IS NOT NULL
GROUP BY person_key
"""

RECORDS_OF = """
SELECT person_key, list(record_id ORDER BY record_id) AS record_ids
FROM (
    SELECT record_id, person_key FROM roster
    UNION ALL SELECT record_id, person_key FROM samples
    UNION ALL SELECT record_id, person_key FROM results
    UNION ALL SELECT record_id, person_key FROM exempt
)
WHERE person_key IS NOT NULL
GROUP BY person_key
"""

# Somebody who is on no roster is described by the first swab. A place named without its community is
# completed only where the rosters know one place of that name.
KNOWN_BUILDINGS = """
SELECT
    compound, building,
    min(township) AS township, min(community) AS community
FROM expected
WHERE building IS NOT NULL
GROUP BY compound, building
HAVING count(DISTINCT (township, community)) = 1
"""

KNOWN_COMMUNITIES = """
SELECT community, min(township) AS township
FROM expected
WHERE community IS NOT NULL AND township IS NOT NULL
GROUP BY community
HAVING count(DISTINCT township) = 1
"""

KNOWN_COMPOUNDS = """
SELECT building, min(compound) AS compound
FROM expected
WHERE building IS NOT NULL
GROUP BY building
HAVING count(DISTINCT (township, community, coalesce(compound, ''))) = 1
"""

_PERSON_FIELDS = "sex, birth_on, id_type, id_number, phone, building, unit, floor, room, address, household_no"

UNROSTERED = f"""
SELECT
    s.record_id, s.person_key, s.name, {_PERSON_FIELDS.replace("building", "s.building")},
    coalesce(s.compound, c.compound) AS compound, s.township, s.community
FROM person_outcomes o
JOIN samples s ON s.record_id = o.sample_record
LEFT JOIN known_compounds c ON s.compound IS NULL AND c.building = s.building
ANTI JOIN expected x ON x.person_key = o.person_key
"""

DESCRIBED = f"""
SELECT d.* REPLACE (coalesce(d.township, k.township) AS township)
FROM (
    SELECT
        person_key, true AS on_roster, record_id, name, {_PERSON_FIELDS}, township, community, compound,
        special_need, chief_name, chief_phone, remark, untested_reason
    FROM expected
    UNION ALL BY NAME
    SELECT
        u.person_key, false AS on_roster, u.record_id, u.name, {_PERSON_FIELDS.replace("building", "u.building")},
        coalesce(u.township, k.township) AS township, coalesce(u.community, k.community) AS community, u.compound
    FROM unrostered u
    LEFT JOIN known_buildings k
        ON u.community IS NULL AND k.building = u.building AND k.compound IS NOT DISTINCT FROM u.compound
) d
LEFT JOIN known_communities k ON d.township IS NULL AND k.community = d.community
"""

PEOPLE = """
SELECT
    d.*,
    CASE
        WHEN NOT d.on_roster THEN 'unrostered'
        WHEN o.person_key IS NOT NULL THEN 'sampled'
        ELSE coalesce(c.kind, 'missing')
    END AS state,
    CASE WHEN o.person_key IS NULL AND c.kind IS NULL THEN
        CASE
            WHEN e.has_void THEN 'sample_void'
            WHEN f.person_key IS NOT NULL THEN 'exemption_refused'
            WHEN e.has_outside THEN 'outside_round'
            ELSE 'not_sampled'
        END
    END AS because,
    coalesce(c.reason, f.reason, d.untested_reason) AS reason,
    o.outcome,
    CASE
        WHEN o.outcome = 'positive' THEN 'report_case'
        WHEN o.outcome = 'held' AND o.has_single_waiting THEN 'await_single_result'
        WHEN o.outcome = 'held' THEN 'hold_and_sample_singly'
        WHEN o.outcome = 'unclear' THEN 'sample_again'
        WHEN o.outcome = 'pending' THEN 'await_result'
        WHEN o.outcome = 'released' THEN 'release'
        WHEN o.person_key IS NULL AND c.kind IS NULL THEN 'sample'
        ELSE 'none'
    END AS action,
    coalesce(o.tubes, []) AS tubes,
    o.first_sampled_at,
    o.last_sampled_at,
    e.last_contact_at,
    CASE WHEN d.on_roster THEN d.record_id END AS roster_record,
    o.sample_record,
    c.record_id AS exempt_record,
    r.record_ids,
    CAST(row_number() OVER (
        ORDER BY
            d.township NULLS FIRST, d.community NULLS FIRST, d.compound NULLS FIRST,
            number_in(d.building) NULLS LAST, d.building, number_in(d.unit) NULLS LAST, d.unit,
            number_in(coalesce(d.floor, floor_of(d.room))) NULLS LAST, number_in(d.room) NULLS LAST, d.room,
            d.address, d.name, d.person_key
    ) AS INTEGER) AS walking_order
FROM described d
LEFT JOIN person_outcomes o USING (person_key)
LEFT JOIN claims c USING (person_key)
LEFT JOIN refused_claims f USING (person_key)
LEFT JOIN seen e USING (person_key)
LEFT JOIN records_of r USING (person_key)
"""

MACROS = """
CREATE OR REPLACE MACRO number_in(x) AS TRY_CAST(regexp_extract(x, '[0-9]+') AS BIGINT);
CREATE OR REPLACE MACRO floor_of(room) AS
    CASE WHEN regexp_matches(room, '^[0-9]{3,4}') THEN regexp_extract(room, '^([0-9]{1,2})[0-9]{2}', 1) END
"""

STEPS = {
    "roster_repeats": ROSTER_REPEATS,
    "roster_states": ROSTER_STATES,
    "expected": EXPECTED,
    "exempt_ranked": EXEMPT_RANKED,
    "exempt_states": EXEMPT_STATES,
    "claims": CLAIMS,
    "refused_claims": REFUSED_CLAIMS,
    "person_tubes": PERSON_TUBES,
    "last_good": LAST_GOOD,
    "waiting_single": WAITING_SINGLE,
    "person_tube_outcomes": PERSON_TUBE_OUTCOMES,
    "person_outcomes": PERSON_OUTCOMES,
    "seen": SEEN,
    "records_of": RECORDS_OF,
    "known_buildings": KNOWN_BUILDINGS,
    "known_communities": KNOWN_COMMUNITIES,
    "known_compounds": KNOWN_COMPOUNDS,
    "unrostered": UNROSTERED,
    "described": DESCRIBED,
    "people": PEOPLE,
}
