"""Every rule that was considered for a person, with its outcome and why: for explaining one person or a few.

A rule that does not hold may have held: ``ENDINGS`` finds what it read then, by kind, and what ended it. This runs only
when it is asked for; a run over many people never does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from lianfang.engine.packs.kinds import FACT_MISSING, FALLBACK
from lianfang.engine.status.contract_people import CONSIDERED
from lianfang.engine.status.guards import facts_of
from lianfang.engine.status.pack_tables import PackTables
from lianfang.engine.tables import INSTANT, Column, TableContract

HELD = TableContract(
    "held",
    (
        Column("person_id", pa.int64(), "whom it is about"),
        Column("rule_id", pa.string(), "row of rules"),
        Column("why", pa.string(), "what ended it; null where a guard alone decides"),
        Column("ended_at", INSTANT, "when, where it has an instant"),
        Column("evidence_table", pa.string(), "the fact"),
        Column("evidence_id", pa.int64(), "its id"),
    ),
)
RANKS = TableContract(
    "ranks",
    (
        Column("person_id", pa.int64(), "whom it is about"),
        Column("rule_id", pa.string(), "row of rules"),
        Column("rank", pa.int64(), "1 decides"),
    ),
)
RANKED_ROWS = "SELECT person_id, rule_id, rank FROM ranked"

_TROUBLED = """
SELECT
    t.person_id, r.rule_id, {why} AS why, {ended_at} AS ended_at, 'result' AS evidence_table,
    c.result_id AS evidence_id
FROM troubles t
JOIN rules r ON r.kind = '{kind}'
JOIN counted c ON c.tube_key = t.tube_key AND {results}
LEFT JOIN releases e ON e.person_id = t.person_id
WHERE {where}
"""
_POSITIVE = "c.outcome = 'positive'"
_CLEARED = "CASE WHEN t.trouble = 'settled' THEN 'case_released' ELSE 'single_negative' END"
_CLEARED_AT = "CASE WHEN t.trouble = 'settled' THEN e.released_at END"


def _troubled(kind: str, why: str, ended_at: str, results: str, where: str) -> str:
    return _TROUBLED.format(kind=kind, why=why, ended_at=ended_at, results=results, where=where)


def _over(kind: str) -> str:
    return f"""
SELECT h.person_id, h.rule_id, 'limit_reached' AS why, h.until AS ended_at, 'result' AS evidence_table,
    c.result_id AS evidence_id
FROM holds h
JOIN counted c ON c.tube_key = h.tube_key AND {_POSITIVE}
WHERE h.kind = '{kind}' AND h.until <= as_of()
"""


_HELD_BEFORE: Mapping[str, Sequence[str]] = {
    "positive_result": (
        _troubled(
            "positive_result",
            "'case_released'",
            "e.released_at",
            _POSITIVE,
            "t.trouble = 'settled' AND t.state = 'positive' AND t.is_single",
        ),
        """
SELECT c.person_id, r.rule_id, 'case_released' AS why, c.released_at AS ended_at, 'case' AS evidence_table,
    c.case_id AS evidence_id
FROM seen_cases c JOIN rules r ON r.kind = 'positive_result' WHERE c.released_at IS NOT NULL
""",
    ),
    "positive_pool_hold": (
        _over("positive_pool_hold"),
        _troubled(
            "positive_pool_hold",
            _CLEARED,
            _CLEARED_AT,
            _POSITIVE,
            "t.trouble IN ('released', 'settled') AND t.state = 'positive' AND NOT t.is_single",
        ),
    ),
    "contradicting_results": (
        _over("contradicting_results"),
        _troubled(
            "contradicting_results",
            _CLEARED,
            _CLEARED_AT,
            _POSITIVE,
            "t.trouble IN ('released', 'settled') AND t.state = 'contradicting'",
        ),
    ),
    "unresolved_positive": (
        _troubled(
            "unresolved_positive",
            "'negative_result'",
            "CAST(NULL AS TIMESTAMP)",
            _POSITIVE,
            "t.trouble = 'held' AND t.has_later_negative",
        ),
    ),
    "unclear_result": (
        _troubled(
            "unclear_result",
            "'negative_result'",
            "CAST(NULL AS TIMESTAMP)",
            "c.outcome IN ('indeterminate', 'invalid')",
            "t.trouble = 'released' AND t.state = 'unclear'",
        ),
    ),
    "manual_order": (
        """
SELECT o.person_id, r.rule_id,
    CASE
        WHEN o.judged = 'order_revoked' THEN 'order_revoked'
        WHEN o.starts_at > as_of() THEN 'not_begun'
        WHEN o.starts_at + r.span < o.ends_at THEN 'limit_reached'
        ELSE 'order_ended'
    END AS why,
    CASE WHEN o.judged = 'counted' AND o.starts_at <= as_of() THEN least(o.ends_at, o.starts_at + r.span) END
        AS ended_at,
    'order' AS evidence_table, o.order_id AS evidence_id
FROM order_judged o
JOIN rules r ON r.kind = 'manual_order' AND r.rule_id = o.rule_id
WHERE o.judged = 'order_revoked' OR o.judged = 'counted'
    AND (o.starts_at > as_of() OR least(o.ends_at, o.starts_at + r.span) <= as_of())
""",
    ),
    "negative_result": (
        """
SELECT n.person_id, n.rule_id,
    CASE WHEN n.until <= as_of() THEN 'certificate_expired' ELSE 'later_trouble' END AS why,
    CASE WHEN n.until <= as_of() THEN n.until END AS ended_at,
    'result' AS evidence_table, n.result_id AS evidence_id
FROM (
    SELECT
        p.person_id, r.rule_id, p.negative_result_id AS result_id, p.earliest_at, b.blocked_at,
        anchored(r.anchors, p.negative_tested_at, p.earliest_at, p.negative_reported_at, NULL) + r.span AS until
    FROM person_tubes p
    JOIN rules r ON r.kind = 'negative_result'
    LEFT JOIN blocked b ON b.person_id = p.person_id
    WHERE p.state = 'negative'
) n
WHERE n.until <= as_of() OR (n.blocked_at IS NOT NULL AND (n.earliest_at IS NULL OR n.earliest_at <= n.blocked_at))
""",
    ),
    "test_overdue": (
        """
SELECT o.person_id, r.rule_id,
    CASE
        WHEN o.withdrawn_at <= as_of() THEN 'obligation_withdrawn'
        WHEN o.recorded_at + r.span <= as_of() THEN 'limit_reached'
        ELSE 'sampled'
    END AS why,
    CASE WHEN o.withdrawn_at <= as_of() THEN o.withdrawn_at ELSE o.recorded_at + r.span END AS ended_at,
    'obligation' AS evidence_table, o.round_id AS evidence_id
FROM obligations o
JOIN rules r ON r.kind = 'test_overdue'
LEFT JOIN kind_test_overdue k ON k.person_id = o.person_id AND k.evidence_id = o.round_id AND k.rule_id = r.rule_id
WHERE o.recorded_at <= as_of() AND o.ended_at <= as_of() AND k.person_id IS NULL
""",
    ),
    "result_pending": (
        """
SELECT p.person_id, r.rule_id, CASE WHEN p.state = 'pending' THEN 'limit_reached' ELSE 'result_received' END AS why,
    CAST(NULL AS TIMESTAMP) AS ended_at, 'sample' AS evidence_table, p.sample_id AS evidence_id
FROM person_tubes p
JOIN rules r ON r.kind = 'result_pending'
LEFT JOIN kind_result_pending k ON k.person_id = p.person_id AND k.evidence_id = p.sample_id AND k.rule_id = r.rule_id
WHERE k.person_id IS NULL
""",
    ),
    "category_stage": (
        """
SELECT e.person_id, s.rule_key AS rule_id,
    CASE
        WHEN e.judged <> 'counted' THEN e.judged
        WHEN e.closed_at IS NOT NULL THEN 'exposure_closed'
        WHEN e.anchor_at + s.ends_after <= as_of() THEN 'stage_ended'
        ELSE 'not_begun'
    END AS why,
    CASE
        WHEN e.judged <> 'counted' THEN CAST(NULL AS TIMESTAMP)
        WHEN e.closed_at IS NOT NULL THEN e.closed_at
        WHEN e.anchor_at + s.ends_after <= as_of() THEN e.anchor_at + s.ends_after
    END AS ended_at,
    'exposure' AS evidence_table, e.exposure_id AS evidence_id
FROM exposures_judged e
JOIN category_stages s ON s.opened_under = e.opened_under AND s.category = e.category
LEFT JOIN kind_category_stage k
    ON k.person_id = e.person_id AND k.evidence_id = e.exposure_id AND k.rule_id = s.rule_key
WHERE k.person_id IS NULL
""",
        """
SELECT e.person_id, e.release_key AS rule_id,
    CASE WHEN as_of() < e.ends_at THEN 'not_begun' ELSE 'released' END AS why,
    CAST(NULL AS TIMESTAMP) AS ended_at, 'exposure' AS evidence_table, e.exposure_id AS evidence_id
FROM exposure_plans e
LEFT JOIN kind_category_stage k
    ON k.person_id = e.person_id AND k.evidence_id = e.exposure_id AND k.rule_id = e.release_key
WHERE e.release_key IS NOT NULL AND k.person_id IS NULL
""",
    ),
    "area_level": (
        """
SELECT h.person_id, r.rule_key AS rule_id,
    CASE
        WHEN l.to_at <= as_of() AND coalesce(l.to_recorded_at, l.to_at) <= as_of() THEN 'level_lowered'
        WHEN h.to_at <= as_of() AND coalesce(h.to_recorded_at, h.to_at) <= as_of() THEN 'left_the_area'
        WHEN l.from_at > as_of() OR h.from_at > as_of() THEN 'not_begun'
        ELSE 'limit_reached'
    END AS why,
    CASE
        WHEN l.to_at <= as_of() AND coalesce(l.to_recorded_at, l.to_at) <= as_of() THEN l.to_at
        WHEN h.to_at <= as_of() AND coalesce(h.to_recorded_at, h.to_at) <= as_of() THEN h.to_at
    END AS ended_at,
    'area_level' AS evidence_table, l.level_id AS evidence_id
FROM residencies h
JOIN place_ancestors a ON a.place_id = h.place_id
JOIN area_levels l ON l.place_id = a.ancestor_id AND l.recorded_at <= as_of()
JOIN level_rules r ON r.level = l.level
LEFT JOIN kind_area_level k ON k.person_id = h.person_id AND k.evidence_id = l.level_id AND k.rule_id = r.rule_key
WHERE h.recorded_at <= as_of() AND k.person_id IS NULL
""",
    ),
}


def endings(kinds: Iterable[str]) -> str:
    """What rules of these kinds read of each person that holds no more, or not yet."""
    parts = [part for kind in kinds for part in _HELD_BEFORE.get(kind, ())]
    said = "person_id, rule_id, why, ended_at, evidence_table, evidence_id"
    if not parts:
        nothing = "CAST(NULL AS VARCHAR) AS why, CAST(NULL AS TIMESTAMP) AS ended_at, evidence_table, evidence_id"
        return f"SELECT person_id, rule_id, {nothing} FROM evidence_rows WHERE 1 = 0"
    return "\nUNION ALL\n".join(f"SELECT {said} FROM ({part}) e{number}" for number, part in enumerate(parts))


def guarded_rows() -> str:
    """What kinds gave before guards were asked."""
    nothing = "CAST(NULL AS VARCHAR) AS why, CAST(NULL AS TIMESTAMP) AS ended_at"
    return f"SELECT person_id, rule_id, {nothing}, evidence_table, evidence_id FROM kind_rows"


# Of several rows of one rule (stages, levels, a missing fact) the first of these is said.
_ORDER = ("applied", "unknown", "outranked", "not_met", "ended")


def considered(said: PackTables, people: Sequence[int], found: Mapping[str, pa.Table]) -> pa.Table:
    """One row per person and rule in force. ``found``: ranks, endings, perhaps guarded; and the evidence given out."""
    rules = {row["rule_id"]: row for row in said.tables["rules"].to_pylist()}
    answers = _Answers(said, rules)
    evidence = {(row["person_id"], row["rule_id"]): row for row in found["evidence"].to_pylist()}
    for row in found["ranks"].to_pylist():
        answers.note_rank(row, evidence.get((row["person_id"], said.given[row["rule_id"]])))
    for row in found["guarded"].to_pylist() if "guarded" in found else ():
        answers.note_guard(row)
    for row in found["endings"].to_pylist():
        answers.note_ending(row)
    return pa.Table.from_pylist(list(answers.rows(people)), schema=CONSIDERED.schema)


class _Answers:
    """The weightiest thing that can be said of each person and rule."""

    def __init__(self, said: PackTables, rules: Mapping[str, dict[str, Any]]) -> None:
        self._said = said
        self._rules = rules
        self._best: dict[tuple[int, str], tuple[tuple[Any, ...], dict[str, Any]]] = {}

    def _note(self, person: int, key: str, outcome: str, why: str, **more: Any) -> None:
        name = (person, self._said.given[key])
        ended_at: datetime | None = more.get("ended_at")
        order = (_ORDER.index(outcome), -(ended_at or datetime(1900, 1, 1)).timestamp(), more.get("evidence_id") or 0)
        if name not in self._best or order < self._best[name][0]:
            self._best[name] = (order, {"outcome": outcome, "why": why, **more})

    def note_rank(self, row: Mapping[str, Any], evidence: Mapping[str, Any] | None) -> None:
        key, fact = row["rule_id"], None
        shown = {} if evidence is None else {name: evidence[name] for name in ("evidence_table", "evidence_id")}
        if self._rules[key]["kind"] == FACT_MISSING:
            fact = key.rpartition("?")[2]
            self._note(row["person_id"], key, "unknown", FACT_MISSING, fact=fact, **shown)
        elif row["rank"] == 1:
            self._note(row["person_id"], key, "applied", "decides", **shown)
        else:
            self._note(row["person_id"], key, "outranked", "outranked", **shown)

    def note_guard(self, row: Mapping[str, Any]) -> None:
        guard = self._said.guards.get(row["rule_id"])
        if guard is not None:
            shown = {name: row[name] for name in ("evidence_table", "evidence_id")}
            self._note(row["person_id"], row["rule_id"], "not_met", "guard_not_met", fact=facts_of(guard)[0], **shown)

    def note_ending(self, row: Mapping[str, Any]) -> None:
        outcome = "not_met" if row["why"] in ("not_begun", "later_trouble") else "ended"
        shown = {name: row[name] for name in ("ended_at", "evidence_table", "evidence_id")}
        self._note(row["person_id"], row["rule_id"], outcome, row["why"], **shown)

    def rows(self, people: Sequence[int]) -> Iterable[dict[str, Any]]:
        priorities: dict[str, int] = {}
        kinds: dict[str, str] = {}
        for row in self._rules.values():
            priorities.setdefault(row["given_id"], row["priority"])
            kinds.setdefault(row["given_id"], row["kind"])
        by_weight = sorted(priorities, key=lambda rule: (-priorities[rule], rule))
        for person in sorted(people):
            for rule in by_weight:
                otherwise = "something_else_holds" if kinds[rule] == FALLBACK else "nothing_known"
                said = self._best.get((person, rule), ((), {"outcome": "not_met", "why": otherwise}))[1]
                yield {"person_id": person, "rule_id": rule, "priority": priorities[rule], **said}
