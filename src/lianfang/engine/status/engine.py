"""The status engine: facts + pack + as_of → decisions, in bulk or for one person, by the same stages."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from threading import Lock
from types import TracebackType

import pyarrow as pa

from lianfang.engine.backends import Stages
from lianfang.engine.packs import Pack, RuleInForce
from lianfang.engine.packs.kinds import FALLBACK
from lianfang.engine.status import kinds, stages_decisions, stages_facts
from lianfang.engine.status.contract import (
    ASIDE,
    CLOCK_TOLERANCE,
    DECISIONS,
    EVIDENCE,
    FACT_CONTRACTS,
    REASONS,
    Decisions,
    StatusFacts,
)

_RULES_SCHEMA = pa.schema(
    [
        ("rule_id", pa.string()),
        ("kind", pa.string()),
        ("priority", pa.int64()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("params", pa.string()),
        ("ends_when", pa.list_(pa.string())),
        ("next_step", pa.string()),
        ("appeal", pa.string()),
        ("is_unverified", pa.bool_()),
        ("anchors", pa.list_(pa.string())),
        ("pool_results", pa.list_(pa.string())),
        ("span", pa.duration("s")),
    ]
)


class StatusEngine:
    """Decides by one pack, again and again, over one embedded database that is opened once.

    May be shared between threads: it takes one decision at a time. Use as a context manager, or call ``close``.
    """

    def __init__(self, pack: Pack, *, threads: int | None = None, memory: str | None = None) -> None:
        self.pack = pack
        self._stages = Stages(threads=threads, memory=memory)
        self._one_at_a_time = Lock()
        self._rules: tuple[RuleInForce, ...] = ()
        self._stages.define(f"CREATE OR REPLACE MACRO tolerance() AS INTERVAL {_seconds(CLOCK_TOLERANCE)} SECOND")
        self._stages.define(f"CREATE OR REPLACE MACRO pack_id() AS '{pack.id}'")
        self._stages.define(f"CREATE OR REPLACE MACRO pack_version() AS {pack.version}")
        # A macro must exist before another names it; the moment is defined anew for each decision.
        _define_moment(self._stages, pack.manifest.effective.from_, timedelta())
        self._stages.define(stages_facts.MACROS)
        self._stages.define(kinds.MACROS)

    def __enter__(self) -> StatusEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with self._one_at_a_time:
            self._stages.__exit__(None, None, None)

    def decide(self, facts: StatusFacts, as_of: datetime) -> Decisions:
        """One decision for every person known at ``as_of``, with what was known then.

        ``as_of`` is local time of the place, to the second. Raises ``NotInForceError`` where the pack is not in
        force then, and ``FactsError`` where the facts break their contract.
        """
        if as_of.tzinfo is not None:
            raise ValueError("as_of is local time of the place, without a zone")
        moment = as_of.replace(microsecond=0)
        rules = self.pack.rules_at(moment)
        tables = facts.conformed()
        with self._one_at_a_time:
            try:
                return self._decide(tables, rules, moment)
            finally:
                if not _are_few(tables):  # an engine that rests must not hold a city in memory
                    self._forget()

    def _decide(self, tables: dict[str, pa.Table], rules: tuple[RuleInForce, ...], as_of: datetime) -> Decisions:
        db = self._stages
        db.load(**tables)
        self._load_rules(rules)
        _define_moment(db, as_of, self.pack.emergency_span(as_of))
        steps = _steps(rules)
        if _are_few(tables):
            # Thinking about the best plan, and tidying up, would take longer than the worst plan.
            db.define("PRAGMA disable_optimizer")
            db.stages(steps, keep=steps.keys())
        else:
            db.define("PRAGMA enable_optimizer")
            db.stages(steps, keep=_GIVEN_OUT)
        return Decisions(
            decisions=DECISIONS.conform(db.table(stages_decisions.DECISIONS)),
            reasons=REASONS.conform(db.table(stages_decisions.REASONS)),
            evidence=EVIDENCE.conform(db.table(stages_decisions.EVIDENCE)),
            set_aside=ASIDE.conform(db.table(stages_decisions.SET_ASIDE)),
        )

    def _forget(self) -> None:
        self._stages.load(**{name: contract.empty() for name, contract in FACT_CONTRACTS.items()})
        for name in _GIVEN_OUT:
            self._stages.define(f'DROP TABLE IF EXISTS "{name}"')

    def _load_rules(self, rules: tuple[RuleInForce, ...]) -> None:
        if rules != self._rules:
            self._stages.load(given_rules=_rules_table(rules))
            self._stages.stage("rules", "SELECT * FROM given_rules")
            self._rules = rules


_FEW_ROWS = 5_000
_GIVEN_OUT = frozenset(("ranked", "emergencies", "evidence_rows", "result_judged", "order_judged"))


def _are_few(tables: dict[str, pa.Table]) -> bool:
    rows: int = sum(table.num_rows for table in tables.values())
    return rows <= _FEW_ROWS


def decide(facts: StatusFacts, pack: Pack, as_of: datetime) -> Decisions:
    """``StatusEngine.decide`` for a single use."""
    with StatusEngine(pack) as engine:
        return engine.decide(facts, as_of)


def _define_moment(db: Stages, as_of: datetime, emergency_span: timedelta) -> None:
    db.define(f"CREATE OR REPLACE MACRO as_of() AS TIMESTAMP '{as_of.isoformat(sep=' ')}'")
    trusted_until = (as_of + CLOCK_TOLERANCE).isoformat(sep=" ")
    db.define(f"CREATE OR REPLACE MACRO trusted_until() AS TIMESTAMP '{trusted_until}'")
    db.define(f"CREATE OR REPLACE MACRO emergency_span() AS INTERVAL {_seconds(emergency_span)} SECOND")


def _steps(rules: tuple[RuleInForce, ...]) -> dict[str, str]:
    used = {entry.rule.kind for entry in rules} - {FALLBACK}
    functions = {f"kind_{kind}": sql for kind, sql in kinds.TABLE_FUNCTIONS.items() if kind in used}
    return {
        **stages_facts.STEPS,
        "holds": kinds.HOLDS,
        "order_judged": kinds.ORDER_JUDGED,
        **functions,
        "evidence_rows": " UNION ALL BY NAME ".join(f"SELECT * FROM {name}" for name in functions),
        "applied": stages_decisions.APPLIED,
        "fallback": kinds.TABLE_FUNCTIONS[FALLBACK],
        "emergencies": stages_decisions.EMERGENCIES,
        "ranked": stages_decisions.RANKED,
    }


def _rules_table(rules: tuple[RuleInForce, ...]) -> pa.Table:
    rows = []
    for entry in rules:
        rule, limit = entry.rule, entry.limit
        params = {} if limit is None else {"limit": limit.value, "unit": entry.unit}
        rows.append(
            {
                "rule_id": rule.id,
                "kind": rule.kind,
                "priority": rule.priority,
                "status": rule.status,
                "reason": rule.reason,
                "params": json.dumps(params),
                "ends_when": list(rule.ends_when),
                "next_step": rule.next_step,
                "appeal": rule.appeal,
                "is_unverified": entry.is_unverified,
                "anchors": list(rule.until.counted_from) if rule.until else [],
                "pool_results": list(rule.pool_results or ("positive",)),
                "span": entry.span,
            }
        )
    return pa.Table.from_pylist(rows, schema=_RULES_SCHEMA)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
