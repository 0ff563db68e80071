"""One person and a hundred, in process: what stands between a new fact and the status that follows it."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from pathlib import Path

import duckdb

from benchmarks.engine_facts import AS_OF, City, city
from benchmarks.engine_run import PACK
from benchmarks.report import Report
from lianfang.engine.packs import load_pack
from lianfang.engine.status import StatusEngine, StatusFacts

PEOPLE, TIMES, QUICK_TIMES = 10_000, 200, 10
TARGETS = {1: 10.0, 100: 40.0}


def facts_of(town: City, first: int, many: int) -> StatusFacts:
    """The facts of neighbours, as the engine's contract asks for them: with everybody in their tubes."""
    folder: Path = town.folder
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE near AS SELECT DISTINCT tube_id FROM '{folder}/samples/*/*.parquet' "
            f"WHERE person_id >= {first} AND person_id < {first + many}"
        )

        def rows(name: str, where: str) -> object:
            found = connection.execute(f"SELECT * EXCLUDE (dt) FROM '{folder}/{name}/*/*.parquet' WHERE {where}")
            return found.to_arrow_table()

        own = f"person_id >= {first} AND person_id < {first + many}"
        by_tube = "tube_id IN (SELECT tube_id FROM near)"
        tables = {name: rows(name, by_tube) for name in ("samples", "tubes", "results")}
        tables |= {name: rows(name, own) for name in ("persons", "cases", "obligations", "orders", "overrides")}
    return StatusFacts(**tables)


def run(*, quick: bool) -> Report:
    report = Report("engine-few", "a decision in process, from Arrow facts to Arrow decisions")
    town, times = city(PEOPLE), QUICK_TIMES if quick else TIMES
    with StatusEngine(load_pack(PACK), threads=1) as engine:
        for many, target in TARGETS.items():
            facts = facts_of(town, 4_000, many)
            started = time.perf_counter()
            answer = engine.decide(facts, AS_OF)
            first = (time.perf_counter() - started) * 1e3
            wall, processor = [], []
            for turn in range(times):
                began, used = time.perf_counter(), time.process_time()
                engine.decide(facts, AS_OF + timedelta(seconds=turn))
                wall.append((time.perf_counter() - began) * 1e3)
                processor.append((time.process_time() - used) * 1e3)
            note = f"{facts.samples.num_rows} swabs, {facts.results.num_rows} results, each time another moment"
            report.at_most(f"{many} people: median wall time", statistics.median(wall), target, "ms", note)
            report.plain(f"{many} people: median processor time", statistics.median(processor), "ms")
            report.plain(f"{many} people: the first time", first, "ms", "translates the stages")
            if answer.decisions.num_rows != many:
                raise RuntimeError(f"{answer.decisions.num_rows} decisions about {many} people")
    return report
