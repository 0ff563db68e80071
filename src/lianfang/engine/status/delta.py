"""What is different between two runs: whose decision appeared, went, got worse, better, or a new reason or end."""

from __future__ import annotations

import pyarrow as pa

from lianfang.engine.backends import Stages
from lianfang.engine.status.contract import DECISIONS, DELTA

_COMPARED = """
SELECT
    coalesce(b.person_id, n.person_id) AS person_id,
    CASE
        WHEN b.person_id IS NULL THEN 'appeared'
        WHEN n.person_id IS NULL THEN 'gone'
        WHEN b.status <> n.status THEN 'status'
        WHEN b.rule_id <> n.rule_id OR b.reason <> n.reason THEN 'reason'
        WHEN b.until IS DISTINCT FROM n.until THEN 'end'
        WHEN b.is_emergency <> n.is_emergency OR b.emergency_until IS DISTINCT FROM n.emergency_until THEN 'emergency'
        WHEN {is_other_pack} THEN 'pack'
    END AS change,
    coalesce(severity(n.status) > coalesce(severity(b.status), severity('unknown')), false) AS is_worse,
    b.status AS previous_status, n.status AS status,
    b.rule_id AS previous_rule_id, n.rule_id AS rule_id,
    b.reason AS previous_reason, n.reason AS reason,
    b.until AS previous_until, n.until AS until
FROM before b
FULL OUTER JOIN after n ON n.person_id = b.person_id
"""
COMPARED = _COMPARED.format(is_other_pack="b.pack_id <> n.pack_id OR b.pack_version <> n.pack_version")
# Where all of ``after`` is of one pack: two texts less for everybody whose row is looked up.
COMPARED_WITH_ONE_PACK = _COMPARED.format(is_other_pack="b.is_other_pack")
SEVERITY = """
CREATE OR REPLACE MACRO severity(status) AS
    CASE status WHEN 'green' THEN 0 WHEN 'unknown' THEN 1 WHEN 'yellow' THEN 2 WHEN 'red' THEN 3 END
"""


def delta(previous: pa.Table, decisions: pa.Table) -> pa.Table:
    """Every person whose decision differs, by person, in the shape of ``DELTA``.

    Both tables follow ``DECISIONS``, one row per person. Who had no decision before counts as unknown.
    That ``as_of``, ``since`` or a gap in the words differ is no change.
    """
    with Stages() as db:
        db.load(before=DECISIONS.conform(previous), after=DECISIONS.conform(decisions))
        db.define(SEVERITY)
        db.stage("compared", COMPARED)
        return DELTA.conform(db.table("SELECT * FROM compared WHERE change IS NOT NULL ORDER BY person_id"))
