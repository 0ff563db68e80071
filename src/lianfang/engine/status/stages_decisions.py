"""From evidence rows to one decision per person, the other reasons ranked, and what was set aside."""

from __future__ import annotations

EMERGENCY_RULE = "emergency_override"
# What every kind but the fallback gives.
EVIDENCE_ROW = ("person_id", "rule_id", "since", "until", "sampled_at", "evidence_table", "evidence_id", "at_time")
# Where a pack has no rule but the fallback for what is given, as when nothing restricts anybody any more.
NO_EVIDENCE = """
SELECT
    person_id, CAST(NULL AS VARCHAR) AS rule_id, CAST(NULL AS TIMESTAMP) AS since, CAST(NULL AS TIMESTAMP) AS until,
    CAST(NULL AS TIMESTAMP) AS sampled_at, CAST(NULL AS VARCHAR) AS evidence_table, CAST(NULL AS BIGINT) AS evidence_id,
    CAST(NULL AS TIMESTAMP) AS at_time
FROM seen_persons
WHERE 1 = 0
"""

_APPLIED = """
SELECT
    person_id,
    rule_id,
    min(since) AS since,
    CASE WHEN bool_or(until IS NULL) THEN NULL ELSE max(until) END AS until,
    max(sampled_at) AS sampled_at
FROM {rows}
GROUP BY person_id, rule_id
"""
APPLIED = _APPLIED.format(rows="evidence_rows")
# A kind that gives a person one row at most is as it stands what applies: of a city, nearly all that does.
APPLIED_OF_SEVERAL = _APPLIED.format(rows="several_rows")
CONTESTED = "SELECT DISTINCT person_id FROM applied_of_several"

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

_RANKED = """
SELECT
    a.person_id, a.rule_id, a.since, a.until, a.sampled_at,
    row_number() OVER (PARTITION BY a.person_id ORDER BY {order}) AS rank
FROM ({rows}) a
JOIN rules r ON r.rule_id = a.rule_id
"""
_ANY = """
    SELECT person_id, rule_id, since, until, sampled_at FROM applied
    UNION ALL
    SELECT person_id, rule_id, since, until, sampled_at FROM fallback
"""
# Priorities are unique within a pack: the order is total. Several rows of one rule (stages, levels): the longest first.
RANKED = _RANKED.format(rows=_ANY, order="r.priority DESC")
RANKED_WITH_TIES = _RANKED.format(rows=_ANY, order="r.priority DESC, a.until DESC NULLS FIRST, a.rule_id")
# Only those of whom several rules hold, or a rule that may hold several times, have to be ranked.
RANKED_OF_SEVERAL = _RANKED.format(
    rows="""
    SELECT person_id, rule_id, since, until, sampled_at FROM applied_of_several
    UNION ALL
    SELECT k.person_id, k.rule_id, k.since, k.until, k.sampled_at
    FROM kind_{one} k JOIN contested c ON c.person_id = k.person_id
""",
    order="r.priority DESC",
)
RANKED_OR_ONE = """
SELECT person_id, rule_id, since, until, sampled_at, rank FROM ranked_of_several
UNION ALL
SELECT k.person_id, k.rule_id, k.since, k.until, k.sampled_at, 1 AS rank
FROM kind_{one} k
LEFT JOIN contested c ON c.person_id = k.person_id
WHERE c.person_id IS NULL
UNION ALL
SELECT person_id, rule_id, since, until, sampled_at, 1 AS rank FROM fallback
"""

_SAID = """
    r.status, r.given_id AS rule_id, r.reason, r.params, k.since, k.until, r.ends_when, r.next_step, r.appeal,
    k.sampled_at"""

DECISIONS = f"""
SELECT
    k.person_id, {_SAID}, r.is_unverified,
    e.person_id IS NOT NULL AS is_emergency, e.until AS emergency_until,
    pack_id() AS pack_id, pack_version() AS pack_version, as_of() AS as_of
FROM ranked k
JOIN rules r ON r.rule_id = k.rule_id
LEFT JOIN (SELECT person_id, max(until) AS until FROM emergencies GROUP BY person_id) e ON e.person_id = k.person_id
WHERE k.rank = 1
"""

REASONS = f"""
SELECT k.person_id, k.rank, {_SAID}
FROM ranked k
JOIN rules r ON r.rule_id = k.rule_id
WHERE k.rank > 1
"""

_EMERGENCY = f"""
UNION ALL
SELECT person_id, '{EMERGENCY_RULE}', 'override', override_id, recorded_at{{more}} FROM emergencies
"""
EVIDENCE = f"""
SELECT person_id, rule_id, evidence_table, evidence_id, at_time FROM evidence_rows
{_EMERGENCY.format(more="")}
"""
# Where a rule has several rows, a guard read facts, or something was opened under another pack.
EVIDENCE_IN_FULL = """
SELECT
    e.person_id, r.given_id AS rule_id, e.evidence_table AS evidence_table, e.evidence_id AS evidence_id,
    e.at_time, {opened_under} AS opened_under
FROM (
    SELECT person_id, rule_id, evidence_table, evidence_id, at_time FROM evidence_rows
    {guard_evidence}
) e
JOIN rules r ON r.rule_id = e.rule_id
{openings}
""" + _EMERGENCY.format(more=", CAST(NULL AS VARCHAR)")
NO_OPENINGS = {"opened_under": "CAST(NULL AS VARCHAR)", "openings": ""}
WITH_OPENINGS = {
    "opened_under": "o.opened_under",
    "openings": "LEFT JOIN openings o ON o.evidence_table = e.evidence_table AND o.evidence_id = e.evidence_id",
}
OPENINGS = """
SELECT 'order' AS evidence_table, order_id AS evidence_id, opened_under FROM orders WHERE opened_under IS NOT NULL
UNION ALL
SELECT 'exposure', exposure_id, opened_under FROM exposures WHERE opened_under IS NOT NULL
"""
WITH_GUARDS = "UNION ALL SELECT person_id, rule_id, evidence_table, evidence_id, at_time FROM guard_evidence"
# What a guard read of those whom its rule, or its unknown, was said of.
GUARD_EVIDENCE = """
SELECT
    a.person_id, min(a.rule_id) AS rule_id, 'person_fact' AS evidence_table, f.person_fact_id AS evidence_id,
    f.recorded_at AS at_time
FROM applied a
JOIN guard_reads g ON g.rule_id = a.rule_id
JOIN rules r ON r.rule_id = a.rule_id
JOIN facts_in_force f ON f.person_id = a.person_id AND f.fact = g.fact AND f.choice = 1
GROUP BY a.person_id, r.given_id, f.person_fact_id, f.recorded_at
"""

_SET_ASIDE = """
SELECT 'result' AS evidence_table, result_id AS evidence_id, person_id, judged AS code
FROM results_aside
UNION ALL
SELECT 'order', order_id, person_id, judged FROM order_judged WHERE judged <> 'counted'
UNION ALL
SELECT 'override', override_id, person_id, 'override_revoked'
FROM overrides WHERE recorded_at <= as_of() AND revoked_at <= as_of()
{exposures}
"""
SET_ASIDE = _SET_ASIDE.format(exposures="")
SET_ASIDE_WITH_EXPOSURES = _SET_ASIDE.format(
    exposures="""
UNION ALL
SELECT 'exposure', exposure_id, person_id, judged FROM exposures_judged WHERE judged <> 'counted'
"""
)

ORDERED_BY = {
    "decisions": "person_id",
    "reasons": "person_id, rank",
    "evidence": "person_id, rule_id, evidence_table, evidence_id",
    "set_aside": "evidence_table, evidence_id",
    "tests_due": "person_id, due_on, rule_or_category, stage",
}
