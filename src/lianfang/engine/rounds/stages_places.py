"""Where the people of a round live, and in which order one walks to them.

Every constant is one stage: a SELECT over the stages before it and those of ``stages_people``.
"""

MACROS = """
CREATE OR REPLACE MACRO number_in(x) AS TRY_CAST(regexp_extract(x, '[0-9]+') AS BIGINT);
CREATE OR REPLACE MACRO floor_of(room) AS
    CASE WHEN regexp_matches(room, '^[0-9]{3,4}') THEN regexp_extract(room, '^([0-9]{1,2})[0-9]{2}', 1) END
"""

ROSTER_PLACES = "SELECT DISTINCT township, community, compound, building, unit FROM expected"

# Somebody who is on no roster is described by the first swab. A place named without its community is
# completed only where the rosters know one place of that name.
KNOWN_BUILDINGS = """
SELECT
    compound, building,
    min(township) AS township, min(community) AS community
FROM roster_places
WHERE building IS NOT NULL
GROUP BY compound, building
HAVING count(DISTINCT (township, community)) = 1
"""

KNOWN_COMMUNITIES = """
SELECT community, min(township) AS township
FROM roster_places
WHERE community IS NOT NULL AND township IS NOT NULL
GROUP BY community
HAVING count(DISTINCT township) = 1
"""

KNOWN_COMPOUNDS = """
SELECT building, min(compound) AS compound
FROM roster_places
WHERE building IS NOT NULL
GROUP BY building
HAVING count(DISTINCT (township, community, coalesce(compound, ''))) = 1
"""

STRANGERS = """
SELECT person, sample_record AS record_id
FROM person_outcomes
ANTI JOIN (SELECT person FROM expected) USING (person)
"""

UNROSTERED = """
SELECT
    u.* REPLACE (coalesce(u.township, k.township) AS township, coalesce(u.community, k.community) AS community)
FROM (
    SELECT s.* REPLACE (coalesce(s.compound, c.compound) AS compound)
    FROM samples s
    SEMI JOIN strangers USING (record_id)
    LEFT JOIN known_compounds c ON s.compound IS NULL AND c.building = s.building
) u
LEFT JOIN known_buildings k
    ON u.community IS NULL AND k.building = u.building AND k.compound IS NOT DISTINCT FROM u.compound
"""

_DESCRIBED = """
    SELECT true AS on_roster, * FROM expected
    UNION ALL
    SELECT
        false, person, record_id, name_place, address_place, township, community, compound, building, unit, floor,
        room, household_no, address
    FROM unrostered
"""

# Stairwells and flats in the order in which one walks. ``full_township`` is the township, or the only one
# that the rosters name with the community.
STAIRWELLS = """
SELECT
    *,
    dense_rank() OVER (ORDER BY full_township NULLS FIRST, community NULLS FIRST, compound NULLS FIRST,
        number_in(building) NULLS LAST, building NULLS LAST) AS building_place,
    dense_rank() OVER (ORDER BY full_township NULLS FIRST, community NULLS FIRST, compound NULLS FIRST,
        number_in(building) NULLS LAST, building, number_in(unit) NULLS LAST, unit) AS stairwell_place
FROM (
    SELECT d.*, coalesce(d.township, k.township) AS full_township
    FROM (
        FROM roster_places UNION SELECT township, community, compound, building, unit FROM unrostered
    ) d
    LEFT JOIN known_communities k ON d.township IS NULL AND k.community = d.community
)
"""

ROOMS = f"""
SELECT
    *,
    dense_rank() OVER (
        ORDER BY number_in(coalesce(floor, floor_of(room))) NULLS LAST, number_in(room) NULLS LAST, room
    ) AS room_place
FROM (SELECT DISTINCT floor, room FROM ({_DESCRIBED}))
"""

HOUSED = f"""
SELECT
    d.person, d.on_roster, d.record_id, s.full_township AS township, s.building_place,
    hash(d.community, d.compound, d.building, d.unit, coalesce(d.room, d.household_no, d.address, '#' || d.person))
        AS household,
    s.stairwell_place, r.room_place, d.address_place, d.name_place
FROM ({_DESCRIBED}) d
JOIN stairwells s ON s.township IS NOT DISTINCT FROM d.township AND s.community IS NOT DISTINCT FROM d.community
    AND s.compound IS NOT DISTINCT FROM d.compound AND s.building IS NOT DISTINCT FROM d.building
    AND s.unit IS NOT DISTINCT FROM d.unit
JOIN rooms r ON r.floor IS NOT DISTINCT FROM d.floor AND r.room IS NOT DISTINCT FROM d.room
"""

STEPS = {
    "roster_places": ROSTER_PLACES,
    "known_buildings": KNOWN_BUILDINGS,
    "known_communities": KNOWN_COMMUNITIES,
    "known_compounds": KNOWN_COMPOUNDS,
    "strangers": STRANGERS,
    "unrostered": UNROSTERED,
    "stairwells": STAIRWELLS,
    "rooms": ROOMS,
    "housed": HOUSED,
}
