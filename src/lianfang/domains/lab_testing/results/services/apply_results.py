# ruff: noqa: E501
"""Apply the rows of a load of results: set by set, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from lianfang.domains.lab_testing.models import ResultLoad
from lianfang.domains.lab_testing.results.services.conclusions import Settled, place_by_person, settle_tubes
from lianfang.domains.lab_testing.results.services.reach import in_reach

# Which tube each row names; what is out of the loader's reach is kept for the township to decide on.
FIND_TUBES = """
UPDATE lab_testing_load_row w SET tube_id = t.id, fate = CASE WHEN {reach} THEN '' ELSE 'elsewhere' END
FROM lab_testing_tube t
WHERE w.load_id = %(load)s AND w.fate = '' AND w.tube_code <> '' AND t.township_id = w.township_id AND t.code = w.tube_code
"""

# The same row twice: within these files, or in a load before.
KNOWN = """
UPDATE lab_testing_load_row w SET fate = 'known'
FROM lab_testing_result r
WHERE w.load_id = %(load)s AND w.fate <> 'nobody' AND r.township_id = w.township_id AND r.content_key = w.content_key
"""
TWICE = """
UPDATE lab_testing_load_row w SET fate = 'repeated'
FROM (
    SELECT id, row_number() OVER (PARTITION BY content_key ORDER BY number) AS place
    FROM lab_testing_load_row WHERE load_id = %(load)s AND fate NOT IN ('nobody', 'known')
) x WHERE x.id = w.id AND x.place > 1
"""

INSERT = """
INSERT INTO lab_testing_result (
    county_id, township_id, community_id, building_id, tube_id, tube_code, person_id, name, outcome, given, state, is_late,
    is_told, ct_value_orf, ct_value_n, laboratory, sampled_at, tested_at, tested_at_has_time, reported_at,
    reported_at_has_time, received_at, load_id, entered_by, source, correction_reason, withdrawn_at, who_key, content_key
)
SELECT
    w.county_id, w.township_id,
    CASE WHEN w.fate = 'elsewhere' THEN w.township_id ELSE coalesce(t.community_id, w.community_id) END,
    t.building_id, t.id, w.tube_code, w.person_id, w.name, w.outcome, w.given,
    CASE WHEN w.fate = 'elsewhere' THEN 'elsewhere' WHEN w.fate = 'nobody' THEN 'unreadable' WHEN t.id IS NULL THEN 'orphan'
         WHEN w.is_void THEN 'withdrawn' WHEN w.outcome <> '' THEN 'counted' WHEN w.given = '' THEN 'empty' ELSE 'unreadable' END,
    false, true, w.ct_value_orf, w.ct_value_n, w.laboratory, w.sampled_at, w.tested_at, w.tested_at_has_time, w.reported_at,
    w.reported_at_has_time, %(now)s, w.load_id, '', w.source, '', CASE WHEN w.is_void THEN %(now)s END, w.who_key, w.content_key
FROM lab_testing_load_row w
LEFT JOIN lab_testing_tube t ON t.id = w.tube_id AND w.fate = ''
WHERE w.load_id = %(load)s AND w.fate IN ('', 'elsewhere', 'nobody')
ON CONFLICT (township_id, content_key) DO NOTHING
"""

# What became of the rows, told in the words of the results that they made.
FATES = """
UPDATE lab_testing_load_row w SET fate = CASE WHEN r.state = 'counted' AND t.conclusion = 'contradicting' THEN 'contradicting'
    WHEN r.state = 'counted' AND r.is_late THEN 'late' WHEN w.fate = 'nobody' THEN 'nobody' ELSE r.state END
FROM lab_testing_result r LEFT JOIN lab_testing_tube t ON t.id = r.tube_id
WHERE w.load_id = %(load)s AND w.fate IN ('', 'elsewhere', 'nobody') AND r.township_id = w.township_id
  AND r.content_key = w.content_key
"""


def apply_results(load: ResultLoad, now: datetime) -> tuple[dict[str, Any], Settled]:
    """Every row is a result afterwards, whatever became of it, unless the very same one was there."""
    given: dict[str, Any] = {"load": load.pk, "now": now}
    reach, asked = in_reach(load, "t")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE lab_testing_load_row SET fate = '', tube_id = NULL WHERE load_id = %(load)s AND fate <> 'nobody'",
            given,
        )
        cursor.execute(FIND_TUBES.format(reach=reach), {**given, **asked})
        cursor.execute(KNOWN, given)
        cursor.execute(TWICE, given)
        cursor.execute(INSERT, given)
        inserted = cursor.rowcount
        cursor.execute("SELECT DISTINCT tube_id FROM lab_testing_load_row WHERE load_id = %(load)s AND tube_id IS NOT NULL "
                       "AND fate = ''", given)  # fmt: skip
        tubes = [pk for (pk,) in cursor.fetchall()]
        cursor.execute("SELECT DISTINCT person_id FROM lab_testing_load_row WHERE load_id = %(load)s AND person_id IS NOT NULL "
                       "AND tube_code = '' AND fate = ''", given)  # fmt: skip
        tubes += place_by_person([pk for (pk,) in cursor.fetchall()])
    settled = settle_tubes(tubes, now=now, tells_at_once=False)
    with connection.cursor() as cursor:
        cursor.execute(FATES, given)
    return {"inserted": inserted, "tubes": len(set(tubes))}, settled
