"""Rows of the product → the engine's fact tables; its decisions → rows. The only place that knows both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from django.conf import settings
from django.db import connection

from lianfang.engine.status import StatusFacts
from lianfang.engine.status.contract import FACT_CONTRACTS

# %(ids)s: the people to decide on. %(zone)s: the place's time zone; the engine works in local time, to the second.
_LOCAL = "date_trunc('second', {} AT TIME ZONE %(zone)s)"


def _local(column: str, name: str) -> str:
    return f"{_LOCAL.format(column)} AS {name}"


_TUBES = """
    SELECT DISTINCT s.tube_id FROM lab_testing_sample s JOIN unnest(%(ids)s::bigint[]) AS w(person_id) USING (person_id)
"""

FACTS: dict[str, str] = {
    "persons": f"""
        SELECT p.id AS person_id, {_local("p.created_at", "known_since")}
        FROM registry_person p JOIN unnest(%(ids)s::bigint[]) AS w(person_id) ON w.person_id = p.id
    """,
    # Everybody who shares a tube is needed; a swab of somebody on no roster still makes the tube a pool.
    "samples": f"""
        SELECT s.id AS sample_id, coalesce(s.person_id, -s.id) AS person_id, s.tube_id,
               {_local("s.sampled_at", "sampled_at")}, s.round_id, s.is_void,
               {_local("s.voided_at", "voided_at")}, {_local("s.received_at", "recorded_at")}
        FROM lab_testing_sample s WHERE s.tube_id IN ({_TUBES})
    """,
    "tubes": f"""
        SELECT t.id AS tube_id, t.capacity, t.is_household, t.state = 'void' AS is_void, {
        _local("t.voided_at", "voided_at")
    } FROM lab_testing_tube t WHERE t.id IN ({_TUBES})
    """,
    "results": f"""
        SELECT r.id AS result_id, r.tube_id, r.outcome, {_local("r.tested_at", "tested_at")},
               {_local("r.reported_at", "reported_at")}, {_local("r.received_at", "received_at")}, r.laboratory,
               r.superseded_by_id AS superseded_by
        FROM lab_testing_result r WHERE r.outcome <> '' AND r.tube_id IN ({_TUBES})
    """,
    "cases": f"""
        SELECT c.id AS case_id, c.person_id, {_local("c.found_at", "confirmed_at")}, {
        _local("c.recorded_at", "recorded_at")
    },
               {_local("c.released_at", "released_at")}, {_local("c.release_recorded_at", "release_recorded_at")}
        FROM cases_case c JOIN unnest(%(ids)s::bigint[]) AS w(person_id) USING (person_id)
    """,
    "obligations": f"""
        SELECT o.round_id, o.person_id, {_local("r.ends_at", "ended_at")}, {_local("r.closed_at", "recorded_at")}
        FROM lab_testing_round_person o JOIN unnest(%(ids)s::bigint[]) AS w(person_id) USING (person_id)
        JOIN lab_testing_round r ON r.id = o.round_id
        WHERE o.state = 'missing' AND r.state = 'closed' AND r.is_must_test AND NOT r.is_drill
    """,
    "orders": f"""
        SELECT o.id AS order_id, o.person_id, o.rule AS rule_id, o.reason, o.proposed_by_id AS proposed_by,
               o.approved_by_id AS approved_by, {_local("o.starts_at", "starts_at")}, {_local("o.ends_at", "ends_at")},
               {_local("o.approved_at", "recorded_at")}, {_local("o.withdrawn_at", "revoked_at")}
        FROM status_order o JOIN unnest(%(ids)s::bigint[]) AS w(person_id) USING (person_id)
        WHERE o.approved_at IS NOT NULL
    """,
    "overrides": f"""
        SELECT o.id AS override_id, o.person_id, {_local("o.starts_at", "starts_at")}, {_local("o.ends_at", "ends_at")},
               {_local("o.given_at", "recorded_at")}, {_local("o.ended_at", "revoked_at")}
        FROM status_emergency_override o JOIN unnest(%(ids)s::bigint[]) AS w(person_id) USING (person_id)
    """,
}


def facts_of(person_ids: Sequence[int]) -> StatusFacts:
    """What is known of these people and of whoever shares a tube with them. The caller acts as the system."""
    given = {"ids": list(person_ids), "zone": settings.TIME_ZONE}
    return StatusFacts(**{name: _table(name, sql, given) for name, sql in FACTS.items()})


def _table(name: str, sql: str, given: dict[str, Any]) -> pa.Table:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        columns = [column.name for column in cursor.description]
        rows = cursor.fetchall()
    types = {column.name: column.type for column in FACT_CONTRACTS[name].columns}
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pa.table({column: pa.array(part, types[column]) for column, part in zip(columns, values, strict=True)})


def evidence_by_person(evidence: pa.Table) -> dict[tuple[int, str], list[list[Any]]]:
    """(person, rule) → [table, id, instant] of each fact, for the page that explains."""
    found: dict[tuple[int, str], list[list[Any]]] = defaultdict(list)
    for row in evidence.to_pylist():
        at = row["at_time"]
        found[row["person_id"], row["rule_id"]].append([row["evidence_table"], row["evidence_id"], _text(at)])
    return found


def others_by_person(reasons: pa.Table) -> dict[int, list[dict[str, Any]]]:
    """What else holds of a person, by rank."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(reasons.to_pylist(), key=lambda one: (one["person_id"], one["rank"])):
        found[row["person_id"]].append({
            "status": row["status"], "rule": row["rule_id"], "reason": row["reason"], "params": row["params"],
            "until": _text(row["until"]),
        })  # fmt: skip
    return found


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(sep=" ")
