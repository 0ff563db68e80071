# ruff: noqa: E501
"""Apply the rows of a list of exempt or absent people to a round: the reason decides, as in `lianfang reconcile`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from lianfang.domains.lab_testing import events
from lianfang.domains.lab_testing.models import ResultLoad, Round, RoundState
from lianfang.domains.lab_testing.results.services.conclusions import Settled
from lianfang.foundation.outbox.services import emit

TWICE = """
UPDATE lab_testing_load_row w SET fate = 'repeated'
FROM (
    SELECT id, row_number() OVER (PARTITION BY person_id, reason ORDER BY content_key, number) AS place
    FROM lab_testing_load_row WHERE load_id = %(load)s AND fate = ''
) x WHERE x.id = w.id AND x.place > 1
"""
NOT_EXPECTED = """
UPDATE lab_testing_load_row w SET fate = 'not_on_roster'
WHERE w.load_id = %(load)s AND w.fate = ''
  AND NOT EXISTS (SELECT 1 FROM lab_testing_round_person e WHERE e.round_id = %(round)s AND e.person_id = w.person_id)
"""

# Of several claims for one person an exemption stands before an absence; of one kind the first reason. A claim that is
# there already stands.
CLAIM = """
WITH wanted AS (
    SELECT DISTINCT ON (person_id) person_id, claim, reason, source
    FROM lab_testing_load_row WHERE load_id = %(load)s AND fate IN ('', 'repeated') AND claim <> ''
    ORDER BY person_id, claim = 'away', reason = '', reason COLLATE "C"
)
UPDATE lab_testing_round_person e
SET claim = w.claim, reason = CASE WHEN w.reason = '' THEN w.claim ELSE w.reason END, evidence = left(w.source, 200), recorded_by = %(by)s,
    recorded_at = %(now)s, state = CASE WHEN e.state = 'sampled' THEN e.state ELSE w.claim END
FROM wanted w
WHERE e.round_id = %(round)s AND e.person_id = w.person_id
  AND (e.claim = '' OR (e.claim = 'away' AND w.claim = 'exempt'))
RETURNING e.person_id, e.claim, e.state
"""
PLAN = """
INSERT INTO lab_testing_planned_exemption (
    county_id, township_id, community_id, building_id, round_id, person_id, household_id, claim, reason, evidence, recorded_by, recorded_at
)
SELECT DISTINCT ON (p.id) p.county_id, p.township_id, p.community_id, p.building_id, %(round)s, p.id, p.household_id, w.claim,
    CASE WHEN w.reason = '' THEN w.claim ELSE w.reason END, left(w.source, 200), %(by)s, %(now)s
FROM lab_testing_load_row w JOIN registry_person p ON p.id = w.person_id
WHERE w.load_id = %(load)s AND w.fate IN ('', 'repeated') AND w.claim <> ''
ORDER BY p.id, w.claim = 'away', w.reason = '', w.reason COLLATE "C"
ON CONFLICT (round_id, person_id) DO NOTHING
RETURNING person_id, claim, 'planned'
"""


def apply_exempt(load: ResultLoad, now: datetime) -> tuple[dict[str, Any], Settled]:
    """Whoever is on the list with a reason that excuses is exempt or away; who was sampled stays sampled."""
    round_ = Round.objects.get(pk=load.round_id)
    given: dict[str, Any] = {"load": load.pk, "now": now, "round": round_.pk, "by": load.made_by[:80]}
    is_planned = round_.state == RoundState.PLANNED
    with connection.cursor() as cursor:
        cursor.execute("UPDATE lab_testing_load_row SET fate = '' WHERE load_id = %(load)s AND claim <> ''", given)
        cursor.execute(TWICE, given)
        if not is_planned:
            cursor.execute(NOT_EXPECTED, given)
        cursor.execute(PLAN if is_planned else CLAIM, given)
        done = cursor.fetchall()
        cursor.execute("UPDATE lab_testing_load_row SET fate = claim WHERE load_id = %(load)s AND fate = ''", given)
    for person_id, claim, _ in done:
        emit(events.PERSON_EXCUSED, {"round_id": round_.pk, "person_id": person_id, "claim": claim})
    return {"excused": len(done), "sampled_all_the_same": sum(state == "sampled" for _, _, state in done)}, Settled()
