"""The status engine: facts + pack + as_of → decisions, in bulk or for one person, by the same stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from threading import Lock
from types import TracebackType

import pyarrow as pa

from lianfang.engine.backends import FewRows, Stages, Translations, UntranslatableError
from lianfang.engine.packs import Pack
from lianfang.engine.status.considering import considered
from lianfang.engine.status.contract import FACT_CONTRACTS, Decisions, StatusFacts
from lianfang.engine.status.plan import MACROS, Plan, Plans, moment, tables_given


class StatusEngine:
    """Decides by one pack, again and again, over one embedded database that is opened once.

    ``superseded`` are the packs before it, under which orders and exposures may have been opened: what becomes of
    those is the pack's ``transition``. ``translations`` may have the stages from an earlier process. May be shared
    between threads: it takes one decision at a time. Use as a context manager, or call ``close``.
    """

    def __init__(
        self,
        pack: Pack,
        *,
        superseded: Iterable[Pack] = (),
        threads: int | None = None,
        memory: str | None = None,
        translations: Translations | None = None,
    ) -> None:
        self.pack = pack
        self._translations = translations
        self._plans = Plans(pack, superseded)
        self._threads, self._memory = threads, memory
        self._stages: Stages | None = None
        self._few: dict[tuple[object, ...], FewRows | None] = {}
        self._one_at_a_time = Lock()
        self._tables: Mapping[str, pa.Table] = {}

    def __enter__(self) -> StatusEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with self._one_at_a_time:
            if self._stages is not None:
                self._stages.__exit__(None, None, None)
            for few in self._few.values():
                if few is not None:
                    few.close()
            self._stages, self._few = None, {}

    def decide(self, facts: StatusFacts, as_of: datetime, *, considers: bool = False) -> Decisions:
        """One decision for every person known at ``as_of``, with what was known then.

        ``as_of`` is local time of the place, to the second. Raises ``NotInForceError`` where the pack is not in
        force then, and ``FactsError`` where the facts break their contract. ``considers`` asks for every rule that was
        considered too, which is meant for one person or a few.
        """
        at = moment(as_of)
        tables = facts.conformed()
        plan = self._plans.at(at, tables_given(tables, self.pack), considers=considers)
        with self._one_at_a_time:
            if _are_few(tables):
                few = self._few_rows(plan)
                return _said(self._in_bulk(tables, plan) if few is None else _by_few(few, tables, plan), plan)
            try:
                return _said(self._in_bulk(tables, plan), plan)
            finally:
                self._forget(plan)  # an engine that rests must not hold a city in memory

    def _few_rows(self, plan: Plan) -> FewRows | None:
        """The stages of this plan for a few people; None where a stage says what only DuckDB can."""
        stages = (*plan.steps.items(), *plan.constants)
        if stages not in self._few:
            schemas = {name: contract.schema for name, contract in FACT_CONTRACTS.items()}
            schemas |= {name: table.schema for name, table in plan.tables.items()}
            try:
                few = FewRows(
                    schemas=schemas,
                    macros=MACROS,
                    constants=plan.constants,
                    steps=plan.steps,
                    outputs=plan.outputs,
                    translations=self._translations,
                )
            except UntranslatableError:
                self._few[stages] = None
            else:
                self._few[stages] = few
        return self._few[stages]

    def _in_bulk(self, tables: dict[str, pa.Table], plan: Plan) -> dict[str, pa.Table]:
        db = self._opened(plan)
        db.load(**tables)
        self._load(db, plan.tables)
        db.constants(plan.constants)
        db.stages(plan.steps, keep=plan.kept)
        return {name: contract.conform(db.table(sql)) for name, (contract, sql) in plan.outputs.items()}

    def _opened(self, plan: Plan) -> Stages:
        if self._stages is None:
            self._stages = Stages(threads=self._threads, memory=self._memory)
            # A macro must exist before another names it; the moment is defined anew for each decision.
            self._stages.constants(plan.constants)
            for macros in MACROS:
                self._stages.define(macros)
        return self._stages

    def _forget(self, plan: Plan) -> None:
        if self._stages is None:
            return
        self._stages.load(**{name: contract.empty() for name, contract in FACT_CONTRACTS.items()})
        for name in plan.kept:
            self._stages.define(f'DROP TABLE IF EXISTS "{name}"')

    def _load(self, db: Stages, tables: Mapping[str, pa.Table]) -> None:
        for name, table in tables.items():
            if name not in self._tables or not table.equals(self._tables[name]):
                db.load(**{f"given_{name}": table})
                db.stage(name, f"SELECT * FROM given_{name}")
        self._tables = tables


# Up to here SQLite is quicker than DuckDB (benchmarks/engine_few.py).
_FEW_ROWS = 5_000


def _are_few(tables: Mapping[str, pa.Table]) -> bool:
    rows: int = sum(table.num_rows for table in tables.values())
    return rows <= _FEW_ROWS


def _said(found: dict[str, pa.Table], plan: Plan) -> Decisions:
    outputs = {each.name for each in fields(Decisions)}
    given = {name: table for name, table in found.items() if name in outputs}
    if "endings" in found and plan.said is not None:
        people = found["decisions"]["person_id"].to_pylist()
        given["considered"] = considered(plan.said, people, found)
    return Decisions(**given)


def _by_few(few: FewRows, tables: Mapping[str, pa.Table], plan: Plan) -> dict[str, pa.Table]:
    return few.run({**tables, **plan.tables}, plan.constants)


def decide(facts: StatusFacts, pack: Pack, as_of: datetime, superseded: Iterable[Pack] = ()) -> Decisions:
    """``StatusEngine.decide`` for a single use."""
    with StatusEngine(pack, superseded=superseded) as engine:
        return engine.decide(facts, as_of)
