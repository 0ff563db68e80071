# ruff: noqa: E501
"""Apply the rows of a load of results: set by set, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from lianfang.domains.lab_testing.models import ResultLoad
from lianfang.domains.lab_testing.results.services.conclusions import Settled, place_by_person, settle_tubes
from lianfang.domains.lab_testing.results.services.reach import in_reach

# Every row is a result, whatever became of it, unless the very same one is there: from a load before, or from a row before.
# What is out of the loader's reach is kept for the township to decide on.
INSERT = """
INSERT INTO lab_testing_result (
    county_id, township_id, community_id, building_id, tube_id, tube_code, person_id, name, outcome, given, state, is_late,
    is_told, ct_value_orf, ct_value_n, laboratory, sampled_at, tested_at, tested_at_has_time, reported_at,
    reported_at_has_time, received_at, load_id, entered_by, source, correction_reason, withdrawn_at, who_key, content_key
)
SELECT
    w.county_id, w.township_id, CASE WHEN f.is_elsewhere THEN w.township_id ELSE coalesce(t.community_id, w.community_id) END,
    t.building_id, t.id, w.tube_code, w.person_id, w.name, w.outcome, w.given,
    CASE WHEN f.is_elsewhere THEN 'elsewhere' WHEN w.fate = 'nobody' THEN 'unreadable' WHEN t.id IS NULL THEN 'orphan'
         WHEN w.is_void THEN 'withdrawn' WHEN w.outcome <> '' THEN 'counted' WHEN w.given = '' THEN 'empty' ELSE 'unreadable' END,
    false, true, w.ct_value_orf, w.ct_value_n, w.laboratory, w.sampled_at, w.tested_at, w.tested_at_has_time, w.reported_at,
    w.reported_at_has_time, %(now)s, w.load_id, '', w.source, '', CASE WHEN w.is_void THEN %(now)s END, w.who_key, w.content_key
FROM lab_testing_load_row w
LEFT JOIN (SELECT t.*, {reach} AS is_in_reach FROM lab_testing_tube t) named
    ON w.fate <> 'nobody' AND w.tube_code <> '' AND named.township_id = w.township_id AND named.code = w.tube_code
CROSS JOIN LATERAL (SELECT coalesce(NOT named.is_in_reach, false) AS is_elsewhere) f
LEFT JOIN lab_testing_tube t ON t.id = named.id AND NOT f.is_elsewhere
WHERE w.load_id = %(load)s
ORDER BY w.number
ON CONFLICT (township_id, content_key) DO NOTHING
RETURNING tube_id, CASE WHEN tube_code = '' AND state <> 'unreadable' THEN person_id END
"""

# What became of the rows, told in the words of the results that they made.
FATES = """
SELECT w.id, w.number, CASE
    WHEN w.fate = 'nobody' THEN 'nobody'
    WHEN r.load_id IS DISTINCT FROM w.load_id THEN 'known'
    WHEN row_number() OVER (PARTITION BY w.content_key ORDER BY w.number) > 1 THEN 'repeated'
    WHEN r.state = 'counted' AND t.conclusion = 'contradicting' THEN 'contradicting'
    WHEN r.state = 'counted' AND r.is_late THEN 'late' ELSE r.state END AS fate
FROM lab_testing_load_row w
JOIN lab_testing_result r ON r.township_id = w.township_id AND r.content_key = w.content_key
LEFT JOIN lab_testing_tube t ON t.id = r.tube_id
WHERE w.load_id = %(load)s
"""


def apply_results(load: ResultLoad, now: datetime) -> tuple[dict[str, Any], Settled]:
    """Every row is a result afterwards, whatever became of it, unless the very same one was there."""
    reach, asked = in_reach(load, "t")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE lab_testing_load_row SET fate = '' WHERE load_id = %s AND fate NOT IN ('', 'nobody')", [load.pk]
        )
        cursor.execute(INSERT.format(reach=reach), {"load": load.pk, "now": now, **asked})
        made = cursor.fetchall()
    tubes = {tube for tube, _ in made if tube is not None}
    tubes.update(place_by_person({person for _, person in made if person is not None}))
    settled = settle_tubes(tubes, now=now, tells_at_once=False, caused_by=(load.made_by_id, load.applied_by_id))
    return {"inserted": len(made), "tubes": len(tubes)}, settled
