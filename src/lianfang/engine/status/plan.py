"""What is computed, whichever backend runs it: constants of the moment, macros, stages, and what is given out."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.backends import Constant
from lianfang.engine.packs import Pack
from lianfang.engine.packs.kinds import FACT_MISSING, FALLBACK
from lianfang.engine.status import considering, guards, kinds, kinds_people, obligations, stages_decisions, stages_facts
from lianfang.engine.status.contract import ASIDE, CLOCK_TOLERANCE, DECISIONS, EVIDENCE, REASONS
from lianfang.engine.status.contract_people import TESTS_DUE
from lianfang.engine.status.pack_tables import PackTables, pack_tables
from lianfang.engine.status.transitions import chain_of, instants_of_change
from lianfang.engine.tables import TableContract

MACROS = (stages_facts.MACROS, kinds.MACROS)
OPENED_ELSEWHERE = "opened_elsewhere"
"""Stands among the facts that are given where an order or exposure was opened under another pack."""
# Of which tables of facts it matters for the stages whether they have rows.
_MATTERS = frozenset(("exposures", "area_levels", "residencies", "person_facts", OPENED_ELSEWHERE))
Given = Collection[str] | None
Outputs = dict[str, tuple[TableContract, str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """One moment under one pack.

    ``tables`` are small tables of the pack that stand beside the facts; ``outputs`` what is given out, by name: its
    columns and the SELECT over the stages, of which ``kept`` are needed until then. ``unordered`` are the same SELECTs
    where nobody asks for an order.
    """

    constants: Mapping[str, Constant]
    tables: Mapping[str, pa.Table]
    steps: Mapping[str, str]
    outputs: Mapping[str, tuple[TableContract, str]]
    unordered: Mapping[str, str]
    kept: frozenset[str] = field(default=frozenset())
    said: PackTables | None = None


class Plans:
    """The plans of one pack; ``superseded`` are packs under which something may have been opened before."""

    def __init__(self, pack: Pack, superseded: Iterable[Pack] = ()) -> None:
        self.pack = pack
        self._superseded = tuple(superseded)
        self._changes = instants_of_change(chain_of(pack, self._superseded))
        self._tables: dict[int, PackTables] = {}
        self._plans: dict[tuple[int, Given, bool], Plan] = {}

    def at(self, as_of: datetime, given: Given = None, *, considers: bool = False) -> Plan:
        """The plan for one moment. Raises ``NotInForceError`` where the pack is not in force then.

        ``given`` names the tables of facts that have rows (``tables_given``), so that stages that would find nothing
        are left out; without it every stage is there that the pack has use for. With ``considers`` there is also what
        ``considering`` asks.
        """
        if not self.pack.is_in_force(as_of):
            self.pack.rules_at(as_of)  # says so
        span = bisect_right(self._changes, as_of)
        if span not in self._tables:
            self._tables[span] = pack_tables(self.pack, as_of, self._superseded)
        said = self._tables[span]
        key = (span, None if given is None else _MATTERS.intersection(given), considers)
        if key not in self._plans:
            steps, unordered = _Steps(said, key[1]).all(considers=considers)
            outputs = {name: (contract, _ordered(name, sql)) for name, (contract, sql) in unordered.items()}
            named = {name for sql in steps.values() for name in said.tables if name in sql} | {"rules"}
            tables = {name: table for name, table in said.tables.items() if name in named}
            texts = {name: sql for name, (_, sql) in unordered.items()}
            self._plans[key] = Plan({}, tables, steps, outputs, texts, _kept(steps, outputs), said)
        return replace(self._plans[key], constants=constants_at(self.pack, as_of, said))


def plan_at(pack: Pack, as_of: datetime, superseded: Iterable[Pack] = (), given: Given = None) -> Plan:
    """``Plans.at`` for a single use."""
    return Plans(pack, superseded).at(as_of, given)


def tables_given(tables: Mapping[str, pa.Table], pack: Pack) -> frozenset[str]:
    """Names of the tables that have rows, and ``OPENED_ELSEWHERE`` where that is so."""
    named = {name for name, table in tables.items() if table.num_rows}
    for name in ("orders", "exposures"):
        if name in named:
            opened = tables[name]["opened_under"]
            if opened.null_count < len(opened) and pc.any(pc.not_equal(opened, pack.id)).as_py():
                named.add(OPENED_ELSEWHERE)
    return frozenset(named)


def constants_at(pack: Pack, as_of: datetime, said: PackTables | None = None) -> dict[str, Constant]:
    """The values that the stages name like functions without arguments: ``as_of()``, ``tolerance()`` …"""
    asked = () if said is None else (*said.guards.values(), *said.release_guards.values())
    groups = () if said is None else tuple(each.who for each in said.groups if each.who is not None)
    moments = {name: at for guard in (*asked, *groups) for name, at in guards.moments(guard, as_of).items()}
    return {
        "tolerance": CLOCK_TOLERANCE,
        "pack_id": pack.id,
        "pack_version": pack.version,
        "as_of": as_of,
        "trusted_until": as_of + CLOCK_TOLERANCE,
        "emergency_span": pack.emergency_span(as_of),
        **moments,
    }


def _ordered(name: str, sql: str) -> str:
    by = stages_decisions.ORDERED_BY.get(name)
    return sql if by is None else f"SELECT * FROM ({sql}) o ORDER BY {by}"


def _kept(steps: Mapping[str, str], outputs: Outputs) -> frozenset[str]:
    return frozenset(name for name in steps if any(name in sql for _, sql in outputs.values()))


class _Steps:
    """Puts the stages together that a pack has use for, of facts of which only some are given."""

    def __init__(self, said: PackTables, given: Given) -> None:
        self._said = said
        self._given = given
        rows = {name for name, table in said.tables.items() if table.num_rows}
        self._has_exposures = self._is_given("exposures")
        self._has_stages = self._has_exposures and "category_plans" in rows
        self._has_areas = self._is_given("area_levels") and self._is_given("residencies")
        self._groups = [each for each in said.groups if self._may_have_members(each)]
        used = said.kinds - {FALLBACK}
        if not self._has_stages:
            used -= {"category_stage"}
        if not self._has_areas:
            used -= {"area_level"}
        self._kinds = [kind for kind in kinds.TABLE_FUNCTIONS if kind in used]
        kind_of = dict(zip(*(said.tables["rules"][each].to_pylist() for each in ("rule_id", "kind")), strict=True))
        rules_of = Counter(said.tables["rules"]["kind"].to_pylist())
        # One row per person and rule of that kind: with one rule, one per person.
        self._has_one_certificate = kinds.CERTIFICATE in self._kinds and rules_of[kinds.CERTIFICATE] == 1
        self._guards = {key: guard for key, guard in said.guards.items() if kind_of[key] in self._kinds}

    def _is_given(self, name: str) -> bool:
        return self._given is None or name in self._given

    def _may_have_members(self, entry: object) -> bool:
        group, who = entry.group, entry.who  # type: ignore[attr-defined]
        return (
            (who is None or self._is_given("person_facts"))
            and (group.category is None or self._has_stages)
            and (group.in_level is None or self._has_areas)
        )

    def all(self, *, considers: bool) -> tuple[dict[str, str], Outputs]:
        """The stages in order, and what is given out."""
        steps = dict(stages_facts.STEPS)
        if considers or self._groups or self._asks_release() or self._asks_stage_tests():
            steps["person_tubes"] = stages_facts.PERSON_TUBES
        steps |= {**self._fact_steps(), **self._people_steps(), "holds": kinds.HOLDS}
        if kinds.CERTIFICATE in self._kinds:
            steps |= {
                "certificates": kinds.CERTIFICATES,
                "certified": kinds.CERTIFIED,
                "certified_of_several": kinds.CERTIFIED_OF_SEVERAL,
            }
        if "test_overdue" in self._kinds:
            steps["sampled_since"] = kinds.SAMPLED_SINCE
        elsewhere = self._is_given(OPENED_ELSEWHERE)
        steps["order_judged"] = kinds_people.ORDER_JUDGED_BY_PACK if elsewhere else kinds.ORDER_JUDGED
        steps |= {f"kind_{kind}": self._kind(kind) for kind in self._kinds}
        several = self._has_several_rows_of_a_rule(elsewhere=elsewhere)
        steps |= self._decided(several=several)
        if elsewhere:
            steps["openings"] = stages_decisions.OPENINGS
        steps |= (tests := self._test_steps())
        outputs = self._outputs(tests, elsewhere=elsewhere)
        if considers:
            steps["endings"] = considering.endings(self._kinds)
            outputs |= {"ranks": (considering.RANKS, considering.RANKED_ROWS)}
            outputs |= {"endings": (considering.HELD, "SELECT * FROM endings")}
            if self._guards:
                outputs |= {"guarded": (considering.HELD, considering.guarded_rows())}
        return steps, outputs

    def _decided(self, *, several: bool) -> dict[str, str]:
        """From the kinds' rows to what applies to whom, by rank."""
        said = ", ".join(stages_decisions.EVIDENCE_ROW)
        given = {kind: f"SELECT {said} FROM kind_{kind}" for kind in self._kinds}
        rows = " UNION ALL ".join(given.values()) or stages_decisions.NO_EVIDENCE
        fallback, emergencies = kinds.TABLE_FUNCTIONS[FALLBACK], stages_decisions.EMERGENCIES
        if not several and self._has_one_certificate:
            others = " UNION ALL ".join(sql for kind, sql in given.items() if kind != kinds.CERTIFICATE)
            return {
                "several_rows": others or stages_decisions.NO_EVIDENCE,
                "applied_of_several": stages_decisions.APPLIED_OF_SEVERAL,
                "evidence_rows": rows,
                "contested": stages_decisions.CONTESTED,
                "fallback": kinds.NO_RECENT_RESULT_NOR_CERTIFICATE,
                "emergencies": emergencies,
                "ranked_of_several": stages_decisions.RANKED_OF_SEVERAL.format(one=kinds.CERTIFICATE),
                "ranked": stages_decisions.RANKED_OR_ONE.format(one=kinds.CERTIFICATE),
            }
        steps = {"evidence_rows": rows}
        if self._guards:
            steps = {"kind_rows": rows, "evidence_rows": self._guarded()}
        steps["applied"] = stages_decisions.APPLIED
        if self._guards:
            steps["guard_evidence"] = stages_decisions.GUARD_EVIDENCE
        ranked = stages_decisions.RANKED_WITH_TIES if several else stages_decisions.RANKED
        return {**steps, "fallback": fallback, "emergencies": emergencies, "ranked": ranked}

    def _has_several_rows_of_a_rule(self, *, elsewhere: bool) -> bool:
        """Rows of ``rules`` may be read that are not simply one rule; otherwise evidence and rank are cheaper."""
        return elsewhere or bool(self._guards) or not {"category_stage", "area_level"}.isdisjoint(self._kinds)

    def _fact_steps(self) -> dict[str, str]:
        releases = self._said.release_guards.values() if self._has_stages else ()
        members = [each.who for each in self._groups if each.who is not None]
        facts = [fact for guard in (*self._guards.values(), *releases, *members) for fact in guards.facts_of(guard)]
        if not facts:
            return {}
        return {"facts_in_force": guards.facts_in_force(facts), "guard_facts": guards.guard_facts(facts)}

    def _people_steps(self) -> dict[str, str]:
        steps = {}
        if self._has_exposures:
            steps["exposures_judged"] = kinds_people.EXPOSURES_JUDGED
        if self._has_stages:
            steps["exposure_plans"] = kinds_people.EXPOSURE_PLANS
            if self._asks_release():
                steps["release_tests"] = kinds_people.RELEASE_TESTS
        return steps | (kinds_people.AREA_STEPS if self._has_areas else {})

    def _asks_release(self) -> bool:
        releases = self._said.tables["category_plans"]["release_key"]
        return self._has_stages and releases.null_count < len(releases)

    def _asks_stage_tests(self) -> bool:
        return self._has_stages and self._said.tables["category_tests"].num_rows > 0

    def _kind(self, kind: str) -> str:
        if kind != "category_stage":
            return kinds.TABLE_FUNCTIONS[kind]
        asked = {key: guards.condition(guard) for key, guard in self._said.release_guards.items()}
        return kinds_people.category_stage(asked, asks_release=self._asks_release())

    def _guarded(self) -> str:
        """The kinds' rows whose guard holds; where it cannot be answered, the same as unknown, naming the fact."""
        holds, lacks = [], []
        for key, guard in self._guards.items():
            is_key = f"WHEN k.rule_id = {guards.quoted(key)} THEN"
            holds.append(f"{is_key} ({guards.condition(guard)})")
            lacks.append(f"{is_key} {guards.missing_fact(guard)}")
        return f"""
SELECT
    g.person_id, CASE WHEN g.holds THEN g.rule_id ELSE u.rule_id END AS rule_id, g.since, g.until, g.sampled_at,
    g.evidence_table, g.evidence_id, g.at_time
FROM (
    SELECT
        k.person_id, k.rule_id, k.since, k.until, k.sampled_at, k.evidence_table, k.evidence_id, k.at_time,
        CASE {" ".join(holds)} ELSE TRUE END AS holds,
        CASE {" ".join(lacks)} END AS lacks
    FROM kind_rows k
    LEFT JOIN guard_facts f ON f.person_id = k.person_id
) g
LEFT JOIN rules u ON u.rule_id = g.rule_id || '?' || g.lacks AND u.kind = '{FACT_MISSING}'
WHERE g.holds OR (g.holds IS NULL AND u.rule_id IS NOT NULL)
"""

    def _test_steps(self) -> dict[str, str]:
        steps = {}
        if self._asks_stage_tests():
            steps["exposure_tests"] = obligations.EXPOSURE_TESTS
            steps["exposure_tests_done"] = obligations.EXPOSURE_TESTS_DONE
        if self._groups:
            steps["group_members"] = obligations.group_members(self._groups)
            steps["group_tests"] = obligations.GROUP_TESTS
        return steps

    def _outputs(self, tests: Mapping[str, str], *, elsewhere: bool) -> Outputs:
        outputs: Outputs = {
            "decisions": (DECISIONS, stages_decisions.DECISIONS),
            "reasons": (REASONS, stages_decisions.REASONS),
            "evidence": (EVIDENCE, stages_decisions.EVIDENCE),
            "set_aside": (ASIDE, stages_decisions.SET_ASIDE),
        }
        if self._has_several_rows_of_a_rule(elsewhere=elsewhere):
            said = stages_decisions.WITH_OPENINGS if elsewhere else stages_decisions.NO_OPENINGS
            guarded = stages_decisions.WITH_GUARDS if self._guards else ""
            in_full = stages_decisions.EVIDENCE_IN_FULL.format(**said, guard_evidence=guarded)
            outputs["evidence"] = (EVIDENCE, in_full)
        if self._has_exposures:
            outputs["set_aside"] = (ASIDE, stages_decisions.SET_ASIDE_WITH_EXPOSURES)
        due = [stage for stage in ("exposure_tests_done", "group_tests") if stage in tests]
        if due:
            outputs["tests_due"] = (TESTS_DUE, obligations.tests_due(due))
        return outputs


def moment(as_of: datetime) -> datetime:
    """``as_of`` to the second. Raises ValueError where it carries a zone."""
    if as_of.tzinfo is not None:
        raise ValueError("as_of is local time of the place, without a zone")
    return as_of.replace(microsecond=0)


__all__ = [
    "MACROS",
    "OPENED_ELSEWHERE",
    "Plan",
    "Plans",
    "constants_at",
    "moment",
    "plan_at",
    "tables_given",
]
