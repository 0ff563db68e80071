"""From evidence rows to one decision per person, the other reasons ranked, and what was set aside."""

from __future__ import annotations

EMERGENCY_RULE = "emergency_override"

APPLIED = """
SELECT
    person_id,
    rule_id,
    min(since) AS since,
    CASE WHEN bool_or(until IS NULL) THEN NULL ELSE max(until) END AS until,
    max(sampled_at) AS sampled_at
FROM evidence_rows
GROUP BY person_id, rule_id
"""

EMERGENCIES = """
SELECT o.override_id, o.person_id, o.recorded_at, o.until
FROM (
    SELECT *, coalesce(ends_at, coalesce(starts_at, recorded_at) + emergency_span()) AS until
    FROM overrides
    WHERE recorded_at <= as_of() AND coalesce(starts_at, recorded_at) <= as_of()
        AND (revoked_at IS NULL OR revoked_at > as_of())
) o
JOIN seen_persons USING (person_id)
WHERE as_of() < o.until
"""

# Priorities are unique within a pack: the order is total.
RANKED = """
SELECT a.*, row_number() OVER (PARTITION BY a.person_id ORDER BY r.priority DESC) AS rank
FROM (SELECT * FROM applied UNION ALL BY NAME SELECT * FROM fallback) a
JOIN rules r ON r.rule_id = a.rule_id
"""

_SAID = "r.status, k.rule_id, r.reason, r.params, k.since, k.until, r.ends_when, r.next_step, r.appeal, k.sampled_at"

DECISIONS = f"""
SELECT
    k.person_id, {_SAID}, r.is_unverified,
    e.person_id IS NOT NULL AS is_emergency, e.until AS emergency_until,
    pack_id() AS pack_id, pack_version() AS pack_version, as_of() AS as_of
FROM ranked k
JOIN rules r ON r.rule_id = k.rule_id
LEFT JOIN (SELECT person_id, max(until) AS until FROM emergencies GROUP BY person_id) e ON e.person_id = k.person_id
WHERE k.rank = 1
ORDER BY k.person_id
"""

REASONS = f"""
SELECT k.person_id, k.rank, {_SAID}
FROM ranked k
JOIN rules r ON r.rule_id = k.rule_id
WHERE k.rank > 1
ORDER BY k.person_id, k.rank
"""

EVIDENCE = f"""
SELECT person_id, rule_id, evidence_table, evidence_id, at_time FROM evidence_rows
UNION ALL
SELECT person_id, '{EMERGENCY_RULE}', 'override', override_id, recorded_at FROM emergencies
ORDER BY person_id, rule_id, evidence_table, evidence_id
"""

SET_ASIDE = """
SELECT 'result' AS evidence_table, result_id AS evidence_id, person_id, judged AS code
FROM result_judged WHERE judged <> 'counted'
UNION ALL
SELECT 'order', order_id, person_id, judged FROM order_judged WHERE judged <> 'counted'
UNION ALL
SELECT 'override', override_id, person_id, 'override_revoked'
FROM overrides WHERE recorded_at <= as_of() AND revoked_at <= as_of()
ORDER BY evidence_table, evidence_id
"""
