"""Where people live, and the levels of those places, as the engine takes them: SQL over the registry's history.

The registry keeps what is said of a person and when it was said; it does not keep when somebody really moved. So a home
is one from when it was written down, the first one always was; and whoever is away is away since that was written down.

- Whoever is away when a level begins is not in the area; whoever is noted away afterwards stays in it, for a note at a
  door frees nobody. Moved out and died end a home.
- Who has no household lives in the building that is known, else in the community.

%(ids)s: the people; %(places)s: their homes; %(zone)s: the time zone of the place.
"""

from __future__ import annotations

_LOCAL = "date_trunc('second', {} AT TIME ZONE %(zone)s)"


def _local(column: str, name: str) -> str:
    return f"{_LOCAL.format(column)} AS {name}"


RESIDENCIES = f"""
WITH said AS (
    SELECT DISTINCT ON (e.pgh_obj_id, date_trunc('second', e.pgh_created_at))
           e.pgh_obj_id AS person_id, e.pgh_id, date_trunc('second', e.pgh_created_at) AS said_at, e.state,
           coalesce(h.place_id, e.building_id, e.community_id) AS place_id, e.created_at
    FROM registry_personevent e
    JOIN unnest(%(ids)s::bigint[]) AS w(person_id) ON w.person_id = e.pgh_obj_id
    LEFT JOIN registry_household h ON h.id = e.household_id
    WHERE e.pgh_label <> 'delete'
    ORDER BY e.pgh_obj_id, date_trunc('second', e.pgh_created_at), e.pgh_id DESC
),
stays AS (
    SELECT * FROM (
        SELECT s.*, lag(place_id) OVER person AS place_before, lag(state) OVER person AS state_before
        FROM said s WINDOW person AS (PARTITION BY person_id ORDER BY pgh_id)
    ) s WHERE state_before IS NULL OR state_before <> state OR place_before <> place_id
),
judged AS (
    SELECT s.person_id, s.pgh_id, s.said_at, s.place_id, s.created_at,
           s.state = 'living' OR (s.state = 'away' AND EXISTS (
               SELECT FROM registry_place p JOIN areas_area_level l ON l.place_id = ANY(p.path)
               WHERE p.id = s.place_id AND l.starts_at <= s.said_at AND (l.ended_at IS NULL OR l.ended_at > s.said_at)
           )) AS lives_here
    FROM stays s
),
turns AS (
    SELECT * FROM (
        SELECT j.*, lag(place_id) OVER person AS place_before, lag(lives_here) OVER person AS lived_before
        FROM judged j WINDOW person AS (PARTITION BY person_id ORDER BY pgh_id)
    ) j WHERE lived_before IS NULL OR lived_before <> lives_here OR place_before <> place_id
)
SELECT person_id, place_id, {_local("CASE WHEN lived_before IS NOT NULL THEN said_at END", "from_at")},
       {_local("next_at", "to_at")},
       {_local("CASE WHEN lived_before IS NULL THEN least(created_at, said_at) ELSE said_at END", "recorded_at")},
       {_local("next_at", "to_recorded_at")}
FROM (
    SELECT t.*, lead(said_at) OVER (PARTITION BY person_id ORDER BY pgh_id) AS next_at FROM turns t
) t WHERE lives_here
"""

PLACE_ANCESTORS = """
    SELECT p.id AS place_id, unnest(p.path) AS ancestor_id FROM registry_place p WHERE p.id = ANY(%(places)s::bigint[])
"""

AREA_LEVELS = f"""
    SELECT l.id AS level_id, l.place_id, l.level, {_local("l.starts_at", "from_at")}, {_local("l.ended_at", "to_at")},
           {_local("l.recorded_at", "recorded_at")}, {_local("l.end_recorded_at", "to_recorded_at")}
    FROM areas_area_level l
    WHERE l.place_id IN (SELECT unnest(p.path) FROM registry_place p WHERE p.id = ANY(%(places)s::bigint[]))
"""
