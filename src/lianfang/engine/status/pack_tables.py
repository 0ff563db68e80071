"""What a pack says at an instant, as small tables: its rules, and what follows from categories, areas and orders.

A row of ``rules`` is one way to be decided upon: a rule of a kind that needs no more is one row; a rule for the
stages of categories is one row per stage, with the stage's own reason and next step; a rule with a guard has one
more row per fact that may be missing. ``rule_id`` is unique, ``given_id`` is what is said: the rule's id in the
pack, preceded by the id of its pack and a colon where that is one that was superseded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from lianfang.engine.packs import Pack, RuleInForce
from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.kinds import FACT_MISSING
from lianfang.engine.packs.standing import GroupInForce, LevelInForce
from lianfang.engine.status.guards import facts_of, stored_name
from lianfang.engine.status.transitions import CategoryPlan, PlannedStage, Transitions, chain_of

_TEXT, _WORDS, _SPAN = pa.string(), pa.list_(pa.string()), pa.duration("s")
RULES_SCHEMA = pa.schema(
    [
        ("rule_id", _TEXT),
        ("given_id", _TEXT),
        ("kind", _TEXT),
        ("priority", pa.int64()),
        ("status", _TEXT),
        ("reason", _TEXT),
        ("params", _TEXT),
        ("ends_when", _WORDS),
        ("next_step", _TEXT),
        ("appeal", _TEXT),
        ("is_unverified", pa.bool_()),
        ("anchors", _WORDS),
        ("pool_results", _WORDS),
        ("span", _SPAN),
    ]
)
_SCHEMAS = {
    "rules": RULES_SCHEMA,
    "known_openings": pa.schema([("opened_under", _TEXT)]),
    "category_plans": pa.schema(
        [
            ("opened_under", _TEXT),
            ("category", _TEXT),
            ("release_key", _TEXT),
            ("first_after", _SPAN),
            ("first_test_after", _SPAN),
            ("last_test_after", _SPAN),
            ("ends_after", _SPAN),
            ("tests", pa.int64()),
            *((name, pa.bool_()) for name in ("needs_last", "needs_all", "needs_two", "needs_case")),
        ]
    ),
    "category_stages": pa.schema(
        [
            ("opened_under", _TEXT),
            ("category", _TEXT),
            ("rule_key", _TEXT),
            ("starts_after", _SPAN),
            ("ends_after", _SPAN),
        ]
    ),
    "category_tests": pa.schema([("opened_under", _TEXT), ("category", _TEXT), ("stage", _TEXT), ("due_after", _SPAN)]),
    "level_rules": pa.schema([("level", _TEXT), ("rule_key", _TEXT), ("span", _SPAN)]),
    "order_plans": pa.schema([("opened_under", _TEXT), ("rule_id", _TEXT), ("rule_key", _TEXT), ("span", _SPAN)]),
    "guard_reads": pa.schema([("rule_id", _TEXT), ("fact", _TEXT)]),
    "test_groups": pa.schema([("rule_or_category", _TEXT), ("every", _SPAN)]),
}
_NEEDS = {
    "needs_last": "last_test_negative",
    "needs_all": "all_tests_negative",
    "needs_two": "two_tests_negative",
    "needs_case": "case_released",
}


@dataclass(frozen=True, slots=True)
class PackTables:
    """The tables by name, guards by the ``rule_id`` of the row that they stand before, ``given_id`` by ``rule_id``."""

    tables: Mapping[str, pa.Table]
    guards: Mapping[str, Guard]
    release_guards: Mapping[str, Guard]
    groups: tuple[GroupInForce, ...]
    given: Mapping[str, str]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that rules in force are of."""
        return frozenset(self.tables["rules"]["kind"].to_pylist()) - {FACT_MISSING}


def pack_tables(pack: Pack, as_of: datetime, superseded: Iterable[Pack] = ()) -> PackTables:
    """Everything for one instant. Raises ``NotInForceError`` where the pack is not in force then."""
    maker = _Maker(Transitions(chain_of(pack, superseded), as_of))
    maker.plain_rules()
    maker.levels(pack.levels_at(as_of))
    maker.categories()
    maker.orders()
    maker.groups(pack.groups_at(as_of))
    maker.missing_facts()
    return maker.made()


class _Maker:
    """Collects rows; ``_rows`` by table."""

    def __init__(self, transitions: Transitions) -> None:
        self._transitions = transitions
        self._now = transitions.chain[0]
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _SCHEMAS}
        self._guards: dict[str, Guard] = {}
        self._release_guards: dict[str, Guard] = {}
        self._given: dict[str, str] = {}
        self._groups: tuple[GroupInForce, ...] = ()
        openings = (transitions.opened_under(index) for index in range(len(transitions.chain)))
        self._rows["known_openings"] = [{"opened_under": opened} for opened in openings]

    def made(self) -> PackTables:
        tables = {name: pa.Table.from_pylist(self._rows[name], schema=schema) for name, schema in _SCHEMAS.items()}
        return PackTables(tables, self._guards, self._release_guards, self._groups, self._given)

    def plain_rules(self) -> None:
        for entry in self._transitions.rules[self._now.id]:
            if entry.rule.kind not in ("category_stage", "area_level"):
                self._rule(self._now, entry, entry.rule.id)

    def levels(self, levels: Iterable[LevelInForce]) -> None:
        rules = {entry.rule.id: entry for entry in self._transitions.rules[self._now.id]}
        for level in levels:
            entry = rules.get(level.level.status_rule or "")
            if entry is not None and entry.rule.kind == "area_level":
                key = f"{entry.rule.id}/{level.level.id}"
                unverified = level.is_unverified
                self._rule(self._now, entry, key, params={"level": level.level.id}, is_unverified=unverified)
                row = {"level": level.level.id, "rule_key": key, "span": entry.span}
                self._rows["level_rules"].append(row)

    def categories(self) -> None:
        for (opened, name), plan in self._transitions.category_plans().items():
            row: dict[str, Any] = {"opened_under": opened, "category": name}
            if plan is None or not plan.stages:
                self._rows["category_plans"].append(row)
                continue
            for planned in plan.stages:
                self._stage(opened, name, planned)
            self._rows["category_plans"].append(row | self._plan(name, plan))

    def orders(self) -> None:
        for (opened, rule_id), plan in self._transitions.order_plans().items():
            if plan is not None:
                key = self._prefix(plan.pack) + rule_id
                self._rule(plan.pack, plan.rule, key)
                row = {"opened_under": opened, "rule_id": rule_id, "rule_key": key, "span": plan.span}
                self._rows["order_plans"].append(row)

    def groups(self, groups: Iterable[GroupInForce]) -> None:
        """Groups that are obliged to be tested every so many days, and of whom it is said who belongs."""
        self._groups = tuple(
            each
            for each in groups
            if each.group.obligation == "must"
            and each.every_days is not None
            and (each.who is not None or each.group.category is not None or each.group.in_level is not None)
        )
        spans = {each.group.id: timedelta(days=each.every_days or 0) for each in self._groups}
        self._rows["test_groups"] = [{"rule_or_category": name, "every": span} for name, span in spans.items()]

    def missing_facts(self) -> None:
        """What is said where a guard cannot be answered: the rule's place, status unknown, and the fact by name."""
        for row in list(self._rows["rules"]):
            guard = self._guards.get(row["rule_id"])
            if guard is None:
                continue
            facts = facts_of(guard)
            unanswered = [] if row["status"] == "green" else [f"{row['rule_id']}?{fact}" for fact in facts]
            for key in (row["rule_id"], *unanswered):
                self._rows["guard_reads"].extend({"rule_id": key, "fact": stored_name(fact)} for fact in facts)
            for key, fact in zip(unanswered, facts, strict=False):
                params = json.loads(row["params"]) | {"fact": fact}
                unknown = {"rule_id": key, "kind": FACT_MISSING, "status": "unknown", "reason": FACT_MISSING}
                self._rows["rules"].append(row | unknown | {"params": json.dumps(params)})
                self._given[key] = row["given_id"]

    def _prefix(self, pack: Pack) -> str:
        return "" if pack.id == self._now.id else f"{pack.id}:"

    def _rules_for(self, pack: Pack, status: str | None) -> Iterator[RuleInForce]:
        for entry in self._transitions.rules[pack.id]:
            if entry.rule.kind == "category_stage" and entry.rule.status == status:
                yield entry

    def _stage(self, opened: str, category: str, planned: PlannedStage) -> None:
        stage = planned.stage.stage
        for day in planned.test_days:
            row = {"opened_under": opened, "category": category, "stage": stage.id, "due_after": timedelta(days=day)}
            self._rows["category_tests"].append(row)
        for entry in self._rules_for(planned.pack, stage.status):
            key = f"{self._prefix(planned.pack)}{entry.rule.id}/{category}/{stage.id}"
            params = {"category": category, "stage": stage.id, "limit": planned.stage.days, "unit": "days"}
            unverified = planned.stage.is_unverified
            self._rule(planned.pack, entry, key, said=stage, params=params, is_unverified=unverified)
            span = {"starts_after": timedelta(days=planned.first_day), "ends_after": timedelta(days=planned.end_day)}
            row = {"opened_under": opened, "category": category, "rule_key": key, **span}
            self._rows["category_stages"].append(row)

    def _plan(self, category: str, plan: CategoryPlan) -> dict[str, Any]:
        tests = sorted(day for stage in plan.stages for day in stage.test_days)
        first = plan.stages[0].first_day
        needs = set() if plan.release is None else set(plan.release.needs or ())
        return {
            "release_key": self._release(category, plan),
            "first_after": timedelta(days=first),
            "first_test_after": timedelta(days=min(tests, default=first)),
            "last_test_after": timedelta(days=max(tests, default=first)),
            "ends_after": timedelta(days=plan.end_day),
            "tests": max(len(tests), 1),
            **{column: need in needs for column, need in _NEEDS.items()},
        }

    def _release(self, category: str, plan: CategoryPlan) -> str | None:
        entry = next(self._rules_for(plan.pack, "unknown"), None)
        if plan.release is None or entry is None:
            return None
        key = f"{self._prefix(plan.pack)}{entry.rule.id}/{category}/release"
        params = {"category": category}
        self._rule(plan.pack, entry, key, said=plan.release, params=params, is_unverified=plan.is_unverified)
        self._guards.pop(key, None)  # the rule's own guard stands before its stages, not before what ends them
        guard = self._filled(plan.pack, plan.release.when)
        if guard is not None:
            self._release_guards[key] = guard
        return key

    def _filled(self, pack: Pack, guard: Guard | None) -> Guard | None:
        """With numbers for parameters; a guard whose value is retired asks nothing."""
        if guard is None:
            return None
        at = self._transitions.moments[self._transitions.chain.index(pack)]

        def value(name: str) -> int | float | None:
            dated = pack.value_at(name, at)
            return None if dated is None else dated.value

        return guard.with_values(value)

    def _rule(
        self,
        pack: Pack,
        entry: RuleInForce,
        key: str,
        *,
        said: Any = None,
        params: Mapping[str, Any] | None = None,
        is_unverified: bool = False,
    ) -> None:
        """One row, unless it is there already; ``said`` has reason, next step and appeal where not the rule itself."""
        if key in self._given:
            return
        rule = entry.rule
        words = rule if said is None else said
        limit = {} if entry.limit is None else {"limit": entry.limit.value, "unit": entry.unit}
        self._given[key] = self._prefix(pack) + rule.id
        if entry.when is not None:
            self._guards[key] = entry.when
        self._rows["rules"].append(
            {
                "rule_id": key,
                "given_id": self._given[key],
                "kind": rule.kind,
                "priority": rule.priority,
                "status": rule.status,
                "reason": words.reason,
                "params": json.dumps(limit | dict(params or {})),
                "ends_when": list(rule.ends_when),
                "next_step": words.next_step,
                "appeal": words.appeal or rule.appeal,
                "is_unverified": entry.is_unverified or is_unverified,
                "anchors": list(rule.until.counted_from) if rule.until else [],
                "pool_results": list(rule.pool_results or ("positive",)),
                "span": entry.span,
            }
        )
