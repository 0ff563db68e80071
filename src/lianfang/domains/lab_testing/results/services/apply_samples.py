# ruff: noqa: E501
"""Apply the rows of a load of samples: tubes, swabs, and who counts as sampled; set by set."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from lianfang.domains.lab_testing import events
from lianfang.domains.lab_testing.models import ResultLoad, Round
from lianfang.domains.lab_testing.results.services.batching import batches
from lianfang.domains.lab_testing.results.services.conclusions import Settled, settle_tubes
from lianfang.domains.lab_testing.results.services.reach import in_reach
from lianfang.domains.lab_testing.services.expected import restate
from lianfang.domains.lab_testing.services.swabs import CLOCK_TOLERANCE
from lianfang.foundation.outbox.services import emit

TWICE = """
UPDATE lab_testing_load_row w SET fate = 'repeated'
FROM (
    SELECT id, row_number() OVER (
        PARTITION BY tube_code, coalesce(person_id::text, encode(who_key, 'hex')) ORDER BY is_void, sampled_at NULLS LAST, number
    ) AS place
    FROM lab_testing_load_row WHERE load_id = %(load)s AND fate = ''
) x WHERE x.id = w.id AND x.place > 1
"""

# A tube of the file that is not known yet is taken into use as it is described: sealed by the file, its swabs counted.
# ``capacity`` as in the engine: stated; else one for a tube said to be single, or holding one person with nothing said.
NEW_TUBES = """
INSERT INTO lab_testing_tube (
    county_id, township_id, community_id, building_id, round_id, code, capacity, is_household, state, box_code, opened_at,
    opened_by, sealed_at, sealed_by, counted, handed_over_by, courier, received_by, laboratory, voided_at, voided_by,
    void_reason, conclusion
)
SELECT
    %(county)s, %(township)s,
    coalesce(mode() WITHIN GROUP (ORDER BY p.community_id), %(community)s),
    CASE WHEN count(DISTINCT p.building_id) = 1 AND count(p.id) = count(*) THEN min(p.building_id) END,
    %(round)s, w.tube_code,
    CASE
        WHEN bool_or(w.capacity = 0 OR w.test_kind = 'household') THEN %(pool)s
        WHEN max(w.capacity) > 0 THEN max(w.capacity)
        WHEN bool_or(w.test_kind = 'single') THEN 1
        WHEN count(*) FILTER (WHERE NOT w.is_void) <= 1 AND NOT coalesce(bool_or(w.test_kind = 'pool'), false) THEN 1
        ELSE %(pool)s
    END,
    coalesce(bool_or(w.capacity = 0 OR w.test_kind = 'household'), false),
    CASE WHEN bool_and(w.is_void) THEN 'void' ELSE 'sealed' END,
    coalesce(max(w.box_code), ''), coalesce(min(w.sampled_at), %(starts)s), %(by)s, coalesce(max(w.sampled_at), %(starts)s), %(by)s,
    least(count(*) FILTER (WHERE NOT w.is_void), 32767), '', '', '', '',
    CASE WHEN bool_and(w.is_void) THEN %(now)s END, CASE WHEN bool_and(w.is_void) THEN %(by)s ELSE '' END,
    CASE WHEN bool_and(w.is_void) THEN %(void_reason)s ELSE '' END, ''
FROM lab_testing_load_row w
LEFT JOIN registry_person p ON p.id = w.person_id
WHERE w.load_id = %(load)s AND (w.fate = '' OR (w.fate = 'nobody' AND w.tube_code <> ''))
GROUP BY w.tube_code
ON CONFLICT (township_id, code) DO NOTHING
"""

FIND_TUBES = """
UPDATE lab_testing_load_row w
SET tube_id = t.id,
    fate = CASE WHEN w.fate <> '' THEN w.fate WHEN t.round_id IS DISTINCT FROM %(round)s THEN 'other_round'
        WHEN NOT {reach} THEN 'elsewhere' ELSE '' END
FROM lab_testing_tube t
WHERE w.load_id = %(load)s AND w.fate IN ('', 'nobody') AND t.township_id = w.township_id AND t.code = w.tube_code
"""

KNOWN = """
UPDATE lab_testing_load_row w SET fate = 'known'
FROM lab_testing_sample s
WHERE w.load_id = %(load)s AND w.fate = '' AND s.tube_id = w.tube_id
  AND (s.client_id = encode(w.content_key, 'hex')::uuid OR (s.person_id = w.person_id AND (w.is_void OR NOT s.is_void)))
"""

INSERT = """
INSERT INTO lab_testing_sample (
    county_id, township_id, community_id, building_id, tube_id, round_id, person_id, household_id, tube_community_id, name,
    id_sealed, id_index, phone_sealed, position, sampled_at, received_at, sampler, recorded_by, client_id, is_void,
    void_reason, voided_at, voided_by, warnings
)
SELECT
    t.county_id, t.township_id, coalesce(p.community_id, t.community_id), CASE WHEN p.id IS NULL THEN t.building_id ELSE p.building_id END,
    t.id, t.round_id, p.id, p.household_id, t.community_id, coalesce(p.name, w.name), w.id_sealed, w.id_index, w.phone_sealed,
    coalesce(w.position, row_number() OVER (PARTITION BY t.id ORDER BY w.number) + there.most),
    coalesce(w.sampled_at, %(starts)s), %(now)s, coalesce(nullif(w.sampler, ''), %(by)s), %(by)s,
    encode(w.content_key, 'hex')::uuid, w.is_void OR t.state = 'void',
    CASE WHEN w.is_void OR t.state = 'void' THEN coalesce(nullif(t.void_reason, ''), %(void_reason)s) ELSE '' END,
    CASE WHEN w.is_void OR t.state = 'void' THEN %(now)s END, CASE WHEN w.is_void OR t.state = 'void' THEN %(by)s ELSE '' END,
    array_remove(ARRAY[
        CASE WHEN w.sampled_at > %(now)s + %(tolerance)s THEN 'future_clock' END,
        CASE WHEN w.sampled_at IS NULL THEN 'time_unknown' WHEN NOT w.sampled_at_has_time THEN 'day_only' END,
        CASE WHEN (w.sampled_at < %(starts)s OR w.sampled_at >= %(ends)s) AND w.sampled_at <= %(now)s + %(tolerance)s
            THEN 'outside_hours' END,
        CASE WHEN e.id IS NULL THEN 'not_on_roster' END,
        CASE e.claim WHEN 'exempt' THEN 'exempt_but_sampled' WHEN 'away' THEN 'away_but_sampled' END
    ]::varchar[], NULL)
FROM lab_testing_load_row w
JOIN lab_testing_tube t ON t.id = w.tube_id
LEFT JOIN registry_person p ON p.id = w.person_id
LEFT JOIN lab_testing_round_person e ON e.round_id = t.round_id AND e.person_id = p.id
LEFT JOIN LATERAL (SELECT coalesce(max(s.position), 0) AS most FROM lab_testing_sample s WHERE s.tube_id = t.id) there ON true
WHERE w.load_id = %(load)s AND w.fate = ''
ON CONFLICT DO NOTHING
RETURNING person_id
"""

# What only the whole shows: too many in a tube, two households in a household's tube, somebody in two tubes. Every step
# reads its rows once: a file of 60,000 swabs is newer than the statistics, and a subquery per swab would be planned as if
# the round were empty.
WHOLE = """
WITH swab AS MATERIALIZED (
    SELECT s.id, s.tube_id, s.person_id, s.household_id, s.position, s.warnings, t.capacity, t.is_household
    FROM lab_testing_sample s JOIN lab_testing_tube t ON t.id = s.tube_id
    WHERE s.tube_id IN (SELECT unnest(%(tubes)s::bigint[])) AND NOT s.is_void
), filled AS MATERIALIZED (
    SELECT tube_id, count(*) AS swabs, count(DISTINCT household_id) AS households FROM swab GROUP BY tube_id
), twice AS MATERIALIZED (
    SELECT o.person_id FROM lab_testing_sample o JOIN lab_testing_tube t ON t.id = o.tube_id
    WHERE o.person_id IN (SELECT person_id FROM swab WHERE capacity > 1) AND o.round_id + 0 = %(round)s
      AND NOT o.is_void AND t.capacity > 1
    GROUP BY o.person_id HAVING count(DISTINCT o.tube_id) > 1
), found AS (
    SELECT w.id, w.warnings, array_remove(ARRAY[
        CASE WHEN NOT w.is_household AND f.swabs > w.capacity AND w.position > w.capacity THEN 'over_full' END,
        CASE WHEN w.is_household AND f.households > 1 THEN 'mixed_households' END,
        CASE WHEN w.capacity > 1 AND two.person_id IS NOT NULL THEN 'twice_sampled' END
    ]::varchar[], NULL) AS more
    FROM swab w JOIN filled f USING (tube_id) LEFT JOIN twice two USING (person_id)
)
UPDATE lab_testing_sample s SET warnings = s.warnings || (SELECT array_agg(w) FROM unnest(f.more) w WHERE w <> ALL(s.warnings))
FROM found f WHERE f.id = s.id AND NOT f.more <@ f.warnings
"""

COUNT = """
UPDATE lab_testing_tube t SET counted = least(n.swabs, 32767)
FROM (SELECT tube_id, count(*) FILTER (WHERE NOT is_void) AS swabs FROM lab_testing_sample
    WHERE tube_id IN (SELECT unnest(%(tubes)s::bigint[])) GROUP BY tube_id) n
WHERE n.tube_id = t.id AND t.sealed_by = %(by)s AND t.counted IS DISTINCT FROM n.swabs
"""

FATES = """
UPDATE lab_testing_load_row w SET fate = CASE WHEN s.id IS NULL THEN 'known' WHEN w.is_void THEN 'void' WHEN s.is_void THEN 'tube_void'
    WHEN w.person_id IS NULL THEN 'stranger' WHEN 'future_clock' = ANY(s.warnings) THEN 'future_clock' ELSE 'counted' END
FROM lab_testing_load_row x LEFT JOIN lab_testing_sample s ON s.client_id = encode(x.content_key, 'hex')::uuid
WHERE x.id = w.id AND w.load_id = %(load)s AND w.fate = ''
"""


def apply_samples(load: ResultLoad, now: datetime) -> tuple[dict[str, Any], Settled]:
    """Swabs that are not there yet are recorded, and everybody in them counts as sampled."""
    round_ = Round.objects.get(pk=load.round_id)
    reach, asked = in_reach(load, "t")
    given: dict[str, Any] = {
        "load": load.pk, "now": now, "round": round_.pk, "county": load.county_id, "township": load.township_id,
        "community": load.community_id, "pool": round_.pool_size, "starts": round_.starts_at, "ends": round_.ends_at,
        "by": load.made_by[:80], "void_reason": "void", "tolerance": CLOCK_TOLERANCE, "tz": settings.TIME_ZONE, **asked,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("UPDATE lab_testing_load_row SET fate = '', tube_id = NULL WHERE load_id = %(load)s "
                       "AND fate NOT IN ('nobody', 'code_unusable')", given)  # fmt: skip
        cursor.execute(TWICE, given)
        cursor.execute(NEW_TUBES, given)
        new_tubes = cursor.rowcount
        cursor.execute(FIND_TUBES.format(reach=reach), given)
        cursor.execute(KNOWN, given)
        _lock_expected(cursor, load)
        cursor.execute(INSERT, given)
        people = sorted({pk for (pk,) in cursor.fetchall() if pk is not None})
        cursor.execute(FATES, given)
        cursor.execute("SELECT DISTINCT tube_id FROM lab_testing_load_row WHERE load_id = %(load)s AND tube_id IS NOT NULL "
                       "AND fate NOT IN ('other_round', 'elsewhere')", given)  # fmt: skip
        tubes = [pk for (pk,) in cursor.fetchall()]
        cursor.execute(WHOLE, {**given, "tubes": tubes})
        cursor.execute(COUNT, {**given, "tubes": tubes})
    restate(round_.pk, people)
    causes = [pk for pk in (load.made_by_id, load.applied_by_id) if pk is not None]
    settled = settle_tubes(tubes, now=now, tells_at_once=False, caused_by=causes)
    for part in batches(people, events.BATCH):
        emit(events.SAMPLES_LOADED, {"round_id": round_.pk, "person_ids": part, "caused_by_ids": causes})
    return {"new_tubes": new_tubes, "tubes": len(tubes), "sampled": len(people)}, settled


def _lock_expected(cursor: Any, load: ResultLoad) -> None:
    """The expected of the file, in the order in which the desk locks them (services.expected)."""
    cursor.execute(
        "SELECT count(*) FROM (SELECT 1 FROM lab_testing_round_person WHERE round_id = %s AND person_id IN "
        "(SELECT person_id FROM lab_testing_load_row WHERE load_id = %s) ORDER BY person_id FOR UPDATE) locked",
        [load.round_id, load.pk],
    )
