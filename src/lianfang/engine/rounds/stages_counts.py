"""Findings and counts of a round, from its people and tubes."""

FINDINGS = """
SELECT
    md5(kind || '|' || coalesce(tube_key, '') || '|' || coalesce(person_key, '')) AS finding_key,
    kind, tube_key, person_key, record_id, detail
FROM (
    SELECT 'over_full' AS kind, t.tube_key, NULL AS person_key, s.record_id,
        t.people || '/' || coalesce(nullif(t.capacity, 0), g.largest_pool) AS detail
    FROM tubes t CROSS JOIN settings g JOIN swabs s ON s.tube_key = t.tube_key AND s.state = 'counted'
    WHERE NOT t.is_household AND t.people > coalesce(t.capacity, g.largest_pool)
    UNION ALL
    SELECT 'mixed_households', t.tube_key, NULL, s.record_id, CAST(t.households AS VARCHAR)
    FROM tubes t JOIN swabs s ON s.tube_key = t.tube_key AND s.state = 'counted'
    WHERE t.is_household AND t.households > 1
    UNION ALL
    SELECT 'two_boxes', t.tube_key, NULL, s.record_id, s.box_code
    FROM tubes t JOIN swabs s ON s.tube_key = t.tube_key AND s.state = 'counted'
    WHERE len(t.boxes) > 1
    UNION ALL
    SELECT 'twice_sampled', NULL, p.person_key, p.record_id, p.tube_key
    FROM person_tubes p
    WHERE p.person_key IN (
        SELECT a.person_key
        FROM person_tubes a
        JOIN person_tubes b ON b.person_key = a.person_key AND b.tube_key <> a.tube_key
        WHERE NOT coalesce(
            a.state IN ('positive', 'contradicting', 'unclear') AND b.is_single AND b.trusted_at > a.trusted_at
            OR b.state IN ('positive', 'contradicting', 'unclear') AND a.is_single AND a.trusted_at > b.trusted_at,
            false)
    )
    UNION ALL
    SELECT 'not_in_tube', s.tube_key, r.person_key, s.record_id, r.name
    FROM result_states s
    JOIN result_rows r USING (record_id)
    JOIN tubes t ON t.tube_key = s.tube_key
    ANTI JOIN person_tubes p ON p.tube_key = s.tube_key AND p.person_key = r.person_key
    WHERE s.state = 'counted' AND r.person_key IS NOT NULL AND r.tube_code IS NOT NULL
    UNION ALL
    SELECT 'future_clock', tube_key, person_key, record_id, CAST(sampled_at AS VARCHAR)
    FROM swabs WHERE sampled_at IS NOT NULL AND trusted_at IS NULL
    UNION ALL
    SELECT 'future_clock', tube_code, person_key, record_id, CAST(known_at AS VARCHAR)
    FROM result_rows CROSS JOIN settings g WHERE known_at > g.as_of + g.clock_tolerance
    UNION ALL
    SELECT p.kind || '_but_sampled', NULL, p.person_key, unnest([p.record_id, o.sample_record]), p.reason
    FROM claims p JOIN person_outcomes o USING (person_key)
    UNION ALL
    SELECT 'contradicting', s.tube_key, r.person_key, s.record_id, r.result
    FROM result_states s JOIN result_rows r USING (record_id) JOIN tubes t ON t.tube_key = s.tube_key
    WHERE t.state = 'contradicting' AND s.state = 'counted'
)
"""

_COUNTS = """
    count(DISTINCT household) FILTER (on_roster) AS households,
    count(*) FILTER (on_roster) AS expected,
    count(*) FILTER (state = 'exempt') AS exempt,
    count(*) FILTER (state = 'away') AS away,
    count(*) FILTER (state = 'sampled') AS sampled,
    count(*) FILTER (state = 'missing') AS missing,
    round(count(*) FILTER (state = 'sampled')
        / nullif(count(*) FILTER (state IN ('sampled', 'missing')), 0), 4) AS coverage,
    count(*) FILTER (on_roster AND outcome = 'negative') AS negative,
    count(*) FILTER (on_roster AND outcome = 'released') AS released,
    count(*) FILTER (on_roster AND outcome = 'pending') AS pending,
    count(*) FILTER (on_roster AND outcome = 'unclear') AS unclear,
    count(*) FILTER (on_roster AND outcome = 'held') AS held,
    count(*) FILTER (on_roster AND outcome = 'positive') AS positive,
    count(*) FILTER (NOT on_roster) AS unrostered,
    true AS adds_up
"""

HOUSED = """
SELECT
    on_roster, state, outcome, township, community, compound, building,
    hash(community, compound, building, unit, coalesce(room, household_no, address, person_key)) AS household
FROM people
"""

BUILDINGS = f"""
SELECT township, community, compound, building, {_COUNTS}
FROM housed
GROUP BY township, community, compound, building
ORDER BY township NULLS FIRST, community NULLS FIRST, compound NULLS FIRST,
    number_in(building) NULLS LAST, building NULLS LAST
"""

TOTALS = f"SELECT {_COUNTS} FROM housed"

# Counted another way, straight from the rows that came in: what the counts above must add up to.
EXPECTED_AGAIN = "SELECT count(DISTINCT person_key) AS expected FROM roster"

STEPS = {"findings": FINDINGS, "housed": HOUSED, "buildings": BUILDINGS, "totals": TOTALS}
