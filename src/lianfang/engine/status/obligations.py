"""Tests that fall due: those of a category's stages, and of groups that are tested every so many days.

A test of a day counts from its midnight to the next, half open. What became known later asks for no test of a day
that was over by then. Stages are as in ``engine.status.kinds``.
"""

from __future__ import annotations

from collections.abc import Sequence

from lianfang.engine.packs.standing import GroupInForce
from lianfang.engine.status.guards import condition, quoted, stored_name
from lianfang.engine.status.guards import facts_of as facts_of_guard

# Asked of whoever is under way; when the last stage is over, nothing is due any more.
EXPOSURE_TESTS = """
SELECT
    e.person_id, e.category AS rule_or_category, t.stage, e.anchor_at + t.due_after AS due_at,
    'exposure' AS evidence_table, min(e.exposure_id) AS evidence_id
FROM exposure_plans e
JOIN category_tests t ON t.opened_under = e.opened_under AND t.category = e.category
WHERE e.known_at <= as_of() AND as_of() < e.ends_at
    AND e.known_at < e.anchor_at + t.due_after + INTERVAL 1 DAY
GROUP BY e.person_id, e.category, t.stage, e.anchor_at + t.due_after
"""

EXPOSURE_TESTS_DONE = """
SELECT
    t.person_id, t.rule_or_category, t.stage, t.due_at, t.evidence_table, t.evidence_id,
    min(CASE
        WHEN s.earliest_at >= t.due_at AND s.latest_at < t.due_at + INTERVAL 1 DAY THEN s.sample_id
    END) AS sample_id,
    max(CASE WHEN s.earliest_at IS NULL AND s.recorded_at >= t.due_at THEN 1 ELSE 0 END) AS may_be_done,
    CAST(NULL AS TIMESTAMP) AS free_until
FROM exposure_tests t
LEFT JOIN person_tubes s ON s.person_id = t.person_id
GROUP BY t.person_id, t.rule_or_category, t.stage, t.due_at, t.evidence_table, t.evidence_id
"""

# At least once in every so many days: counted from the last swab, and for who has none from joining the group.
GROUP_TESTS = """
SELECT
    m.person_id, m.rule_or_category, CAST(NULL AS VARCHAR) AS stage,
    CASE
        WHEN s.swabbed_on + INTERVAL 1 DAY > m.since_on THEN s.swabbed_on + g.every
        ELSE m.since_on + g.every - INTERVAL 1 DAY
    END AS due_at,
    m.evidence_table, m.evidence_id, s.sample_id,
    CASE WHEN s.untimed_at >= m.since_on THEN 1 ELSE 0 END AS may_be_done,
    s.swabbed_on + g.every AS free_until
FROM group_members m
JOIN test_groups g ON g.rule_or_category = m.rule_or_category
LEFT JOIN (
    SELECT
        p.person_id, l.swabbed_on, min(CASE WHEN p.latest_at >= l.swabbed_on THEN p.sample_id END) AS sample_id,
        max(CASE WHEN p.earliest_at IS NULL THEN p.recorded_at END) AS untimed_at
    FROM person_tubes p
    JOIN (
        SELECT person_id, max(date_trunc('day', earliest_at)) AS swabbed_on FROM person_tubes GROUP BY person_id
    ) l ON l.person_id = p.person_id
    GROUP BY p.person_id, l.swabbed_on
) s ON s.person_id = m.person_id
"""

_DUE = """
SELECT
    person_id, rule_or_category, stage, CAST(due_at AS DATE) AS due_on, due_at + INTERVAL 1 DAY AS due_by,
    CASE
        WHEN {done} THEN 'done'
        WHEN as_of() < due_at + INTERVAL 1 DAY THEN 'due'
        WHEN may_be_done = 1 THEN 'unknown'
        ELSE 'overdue'
    END AS state,
    CASE WHEN {done} THEN 'sample' ELSE evidence_table END AS evidence_table,
    CASE WHEN {done} THEN sample_id ELSE evidence_id END AS evidence_id
FROM {stage}
"""
_DONE = {
    "exposure_tests_done": "sample_id IS NOT NULL",
    "group_tests": "(sample_id IS NOT NULL AND free_until = due_at AND as_of() < due_at)",
}


def tests_due(stages: Sequence[str]) -> str:
    """The output, from those of ``exposure_tests_done`` and ``group_tests`` that are there."""
    rows = "\nUNION ALL\n".join(_DUE.format(done=_DONE[stage], stage=stage) for stage in stages)
    return f"SELECT * FROM ({rows}) t"


def group_members(groups: Sequence[GroupInForce]) -> str:
    """Who must be tested every so many days, by group, since which midnight, and the fact that says so.

    A group asks what all of ``who``, ``category`` and ``in_level`` ask; who is not known to belong is no member.
    """
    return "\nUNION ALL\n".join(_members(group) for group in groups)


def _members(group: GroupInForce) -> str:
    asked = group.group
    sources = []
    if group.who is not None:
        names = ", ".join(quoted(stored_name(fact)) for fact in facts_of_guard(group.who))
        sources.append(
            "SELECT f.person_id, max(i.known_at) AS since, 'person_fact' AS evidence_table,"
            " min(i.person_fact_id) AS evidence_id FROM guard_facts f JOIN facts_in_force i"
            f" ON i.person_id = f.person_id AND i.choice = 1 AND i.fact IN ({names})"
            f" WHERE {condition(group.who)} GROUP BY f.person_id"
        )
    if asked.category is not None:
        sources.append(
            "SELECT person_id, min(known_at) AS since, 'exposure' AS evidence_table, min(exposure_id) AS evidence_id"
            f" FROM exposure_plans WHERE category = {quoted(asked.category)} AND known_at <= as_of()"
            " AND as_of() < ends_at GROUP BY person_id"
        )
    if asked.in_level is not None:
        sources.append(
            "SELECT person_id, min(CASE WHEN from_at > known_at THEN from_at ELSE known_at END) AS since,"
            " 'area_level' AS evidence_table, min(level_id) AS evidence_id"
            f" FROM lives_under WHERE level = {quoted(asked.in_level)} GROUP BY person_id"
        )
    joined, latest = f"({sources[0]}) m0", "m0.since"
    for number, source in enumerate(sources[1:], start=1):
        joined += f" JOIN ({source}) m{number} ON m{number}.person_id = m0.person_id"
        latest = f"CASE WHEN m{number}.since > {latest} THEN m{number}.since ELSE {latest} END"
    return (
        f"SELECT m0.person_id, {quoted(asked.id)} AS rule_or_category, date_trunc('day', {latest}) AS since_on,"
        f" m0.evidence_table, m0.evidence_id FROM {joined}"
    )
