"""Findings and counts of a round, from its people and tubes."""

FINDINGS = """
SELECT
    md5(f.kind || '|' || coalesce(t.tube_key, '') || '|' || coalesce(p.person_key, '')) AS finding_key,
    f.kind, t.tube_key, p.person_key, f.record_id, coalesce(f.detail, d.tube_key) AS detail
FROM (
    SELECT 'over_full' AS kind, t.tube, NULL AS person, s.record_id,
        t.people || '/' || coalesce(nullif(t.capacity, 0), g.largest_pool) AS detail, NULL AS detail_tube
    FROM swabs s JOIN tubes t ON t.tube = s.tube AND s.state = 'counted' CROSS JOIN settings g
    WHERE NOT t.is_household AND t.people > coalesce(t.capacity, g.largest_pool)
    UNION ALL
    SELECT 'mixed_households', t.tube, NULL, s.record_id, CAST(t.households AS VARCHAR), NULL
    FROM swabs s JOIN tubes t ON t.tube = s.tube AND s.state = 'counted'
    WHERE t.is_household AND t.households > 1
    UNION ALL
    SELECT 'two_boxes', t.tube, NULL, b.record_id, b.box_code, NULL
    FROM (SELECT record_id, tube, box_code FROM samples) b
    JOIN (SELECT tube FROM tubes WHERE len(boxes) > 1) t ON t.tube = b.tube
    ANTI JOIN (SELECT record_id FROM swabs WHERE state <> 'counted') s ON s.record_id = b.record_id
    UNION ALL
    SELECT 'twice_sampled', NULL, p.person, p.record_id, NULL, p.tube
    FROM swabs_of_several p
    SEMI JOIN (
        SELECT a.person
        FROM swabs_of_several a
        JOIN swabs_of_several b ON b.person = a.person AND b.tube <> a.tube
        WHERE NOT coalesce(
            a.state IN ('positive', 'contradicting', 'unclear') AND b.is_single AND b.trusted_at > a.trusted_at
            OR b.state IN ('positive', 'contradicting', 'unclear') AND a.is_single AND a.trusted_at > b.trusted_at,
            false)
    ) USING (person)
    UNION ALL
    SELECT 'not_in_tube', r.tube, r.person, r.record_id, n.name, NULL
    FROM (SELECT record_id, name FROM results) n
    JOIN (
        SELECT record_id, tube, person
        FROM result_rows
        SEMI JOIN (SELECT tube FROM tubes) USING (tube)
        ANTI JOIN person_tubes USING (tube, person)
        WHERE state = 'counted' AND person IS NOT NULL AND code IS NOT NULL
    ) r USING (record_id)
    UNION ALL
    SELECT 'future_clock', tube, person, record_id, CAST(sampled_at AS VARCHAR), NULL
    FROM swabs WHERE sampled_at IS NOT NULL AND trusted_at IS NULL
    UNION ALL
    SELECT 'future_clock', code, person, record_id, CAST(known_at AS VARCHAR), NULL
    FROM result_rows CROSS JOIN settings g WHERE known_at > g.as_of + g.clock_tolerance
    UNION ALL
    SELECT p.kind || '_but_sampled', NULL, p.person, unnest([p.record_id, o.sample_record]), p.reason, NULL
    FROM person_outcomes o JOIN claims p USING (person)
    UNION ALL
    SELECT 'contradicting', r.tube, r.person, r.record_id, r.result, NULL
    FROM result_rows r JOIN tubes t ON t.tube = r.tube
    WHERE t.state = 'contradicting' AND r.state = 'counted'
) f
LEFT JOIN tube_names t ON t.tube = f.tube
LEFT JOIN tube_names d ON d.tube = f.detail_tube
LEFT JOIN person_names p ON p.person = f.person
"""


def _counts(weight: str | None) -> str:
    def rows(which: str) -> str:
        if weight is None:
            return f"count(*) FILTER ({which})"
        return f"CAST(coalesce(sum({weight}) FILTER ({which}), 0) AS BIGINT)"

    outcomes = "".join(
        f"    {rows(f'on_roster AND outcome = {chr(39)}{outcome}{chr(39)}')} AS {outcome},\n" for outcome in _OUTCOMES
    )
    states = "".join(f"    {rows(f'state = {chr(39)}{state}{chr(39)}')} AS {state},\n" for state in _STATES)
    sampled, due = rows("state = 'sampled'"), rows("state IN ('sampled', 'missing')")
    return f"""
    count(DISTINCT household) FILTER (on_roster) AS households,
    {rows("on_roster")} AS expected,
{states}    round({sampled} / nullif({due}, 0), 4) AS coverage,
{outcomes}    {rows("NOT on_roster")} AS unrostered,
    true AS adds_up
"""


_STATES = ("exempt", "away", "sampled", "missing")
_OUTCOMES = ("negative", "released", "pending", "unclear", "held", "positive")


def buildings_of(people: str, weight: str | None = None) -> str:
    """The counts by building of this stage of people; a row stands for ``weight`` people alike."""
    return f"""
SELECT p.*, c.* EXCLUDE (building_place)
FROM (SELECT building_place, {_counts(weight)} FROM {people} GROUP BY building_place) c
JOIN (
    SELECT DISTINCT building_place, full_township AS township, community, compound, building FROM stairwells
) p USING (building_place)
"""


def totals_of(people: str, weight: str | None = None) -> str:
    """The counts of all of this stage of people; a row stands for ``weight`` people alike."""
    return f"SELECT {_counts(weight)} FROM {people}"


BUILDINGS = buildings_of("people")
TOTALS = totals_of("people")

STEPS = {"findings": FINDINGS, "buildings": BUILDINGS, "totals": TOTALS}
