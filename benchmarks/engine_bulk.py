"""Everybody of a city: a round, statuses and delta from Parquet to Parquet, by size, with a floor and pandas beside."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

import duckdb

from benchmarks.engine_facts import AS_OF, LAST_ROUND, City, city
from benchmarks.growth import exponent
from benchmarks.processes import GIBIBYTE, Run, measure
from benchmarks.report import OUT, Report

SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000, 10_000_000), (2_000, 10_000)
PEER_SIZE = 1_000_000
OF_FLOOR, BYTES, FASTER, GROWTH, CHANGED, CHANGED_SECONDS = 1.8, 6 * GIBIBYTE, 4.0, 1.05, 100_000, 3.0
MEMORY = "5GB"
_BEFORE = AS_OF - timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Measured:
    """A process, and the seconds that it says its work took (without starting Python)."""

    run: Run
    seconds: float
    processor_seconds: float
    said: dict[str, object]


def _python(module: str, *words: object) -> Measured:
    run = measure(
        [sys.executable, "-m", f"benchmarks.{module}", *map(str, words)],
        as_installed=False,
        cwd=Path(__file__).parents[1],
    )
    said = json.loads(run.output)
    return Measured(run, said["seconds"], said.get("processor_seconds", run.processor_seconds), said)


def _empty(name: str) -> Path:
    folder = OUT / "runs" / name
    if folder.exists():
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def _engine(town: City, output: Path, as_of: object, *more: str) -> Measured:
    threads = len(os.sched_getaffinity(0))
    return _python("engine_run", town.folder, output, as_of, threads, MEMORY, *more)


def _floor(part: str, facts: Path, output: Path) -> Measured:
    return _python("engine_floor", part, facts, output, len(os.sched_getaffinity(0)), MEMORY)


def _size(report: Report, town: City) -> tuple[Measured, Measured]:
    """One size: an earlier run, the run without and with the delta to it, the last round, and the floors of them."""
    before, now, again = (_empty(name) for name in ("before", "now", "again"))
    _engine(town, before, _BEFORE.isoformat())
    alone = _engine(town, now, AS_OF.isoformat())
    both = _engine(town, again, AS_OF.isoformat(), f"previous={before}")
    counted = _engine(town, _empty("round"), AS_OF.isoformat(), f"round={LAST_ROUND}")
    floors = [_floor(*each) for each in (
        ("status", town.folder, now), ("delta", before, now), ("reconciliation", town.folder, now))]  # fmt: skip
    rows = both.said["rows"]
    name, floor = f"{town.people:,} people", sum(each.seconds for each in floors)
    results = town.rows("results")
    report.plain(f"{name}: status", alone.seconds, "s", f"{results:,} results; {rows['evidence']:,} evidence rows")
    report.plain(f"{name}: status + delta", both.seconds, "s",
                 f"{both.processor_seconds:,.1f} s of processor; "
                 f"{both.run.peak_tree / GIBIBYTE:.2f} GiB")  # fmt: skip
    report.plain(f"{name}: reconciliation of the last round", counted.seconds, "s",
                 f"{counted.processor_seconds:,.1f} s of processor; "
                 f"{counted.run.peak_tree / GIBIBYTE:.2f} GiB")  # fmt: skip
    parts = ", ".join(f"{what} {each.seconds:,.2f}" for what, each in zip(
        ("status", "delta", "reconciliation"), floors, strict=True))  # fmt: skip
    report.plain(f"{name}: floor", floor, "s", f"scan of the same columns, one hash join, write: {parts}")
    ratio, what = (both.seconds + counted.seconds) / floor, f"{name}: all three ÷ floor"
    if town.people >= PEER_SIZE:
        report.at_most(what, ratio, OF_FLOOR, "×")
        peak = max(both.run.peak_tree, counted.run.peak_tree)
        report.at_most(f"{name}: peak memory", peak / GIBIBYTE, BYTES / GIBIBYTE, "GiB")
    else:
        report.plain(what, ratio, "×")
    return both, counted


def _against_pandas(report: Report, town: City, both: Measured, counted: Measured) -> None:
    output = _empty("peer.parquet")
    peer = _python("engine_peer", town.folder, output, AS_OF.isoformat(), OUT / "runs" / "before", LAST_ROUND)
    parts: dict[str, float] = cast("dict[str, float]", peer.said["parts"])
    report.plain(f"{town.people:,} people: pandas", peer.seconds, "s",
                 f"{peer.run.peak_tree / GIBIBYTE:.2f} GiB; "
                 + ", ".join(f"{what} {seconds:,.2f}" for what, seconds in parts.items())
                 + "; no evidence, no other reasons, no findings")  # fmt: skip
    whole = both.seconds + counted.seconds
    report.at_least(f"{town.people:,} people: pandas ÷ all three", peer.seconds / whole, FASTER, "×", "wall time")
    status_alone = (parts["status"] + parts["delta"]) / both.seconds
    report.plain(f"{town.people:,} people: pandas ÷ status + delta", status_alone, "×", "wall time")
    with duckdb.connect() as connection:
        same = connection.execute(
            f"SELECT count(*) FILTER (a.status = b.status), count(*) FROM '{OUT}/runs/again/decisions/*/*.parquet' a "
            f"JOIN '{output}' b USING (person_id)"
        ).fetchone()
    if same is not None:
        report.remarks.append(f"pandas says the same status of {same[0]:,} of {same[1]:,} people")
    for written in output.parent.glob(f"{output.name}*"):
        written.unlink()


def _changed(report: Report, town: City) -> None:
    """Some people decided anew from the city's Parquet: whole groups of ten, as results come in, and one of each."""
    many = min(CHANGED, town.people // 20)
    apart = town.people // many
    whom = {
        "whole pools": f"SELECT (range // 10) * {apart * 10} + range % 10 AS person_id FROM range({many})",
        "no two of a pool": f"SELECT range * {apart} AS person_id FROM range({many})",
    }
    chosen = OUT / "runs" / "only.parquet"
    for how, sql in whom.items():
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({sql}) TO '{chosen}' (FORMAT parquet)")
        run = _engine(town, _empty("some"), AS_OF.isoformat(), f"only={chosen}")
        note = f"{run.processor_seconds:,.1f} s of processor"
        name = f"{many:,} changed of {town.people:,} people, {how}"
        if many == CHANGED:
            report.at_most(name, run.seconds, CHANGED_SECONDS, "s", note)
        else:
            report.plain(name, run.seconds, "s", note)
    chosen.unlink()


def run(*, quick: bool) -> Report:
    sizes = QUICK_SIZES if quick else SIZES
    report = Report("engine-bulk", "statuses of a city, Parquet to Parquet, one process")
    seconds = []
    for people in sizes:
        town = city(people)
        both, counted = _size(report, town)
        seconds.append(both.seconds)
        if people == PEER_SIZE or (quick and people == sizes[-1]):
            _against_pandas(report, town, both, counted)
        if people == sizes[-1]:
            _changed(report, town)
            shutil.rmtree(town.folder)
    flat = [(size, each) for size, each in zip(sizes, seconds, strict=True) if size >= 100_000 or quick]
    report.at_most("exponent of wall time", exponent(*zip(*flat, strict=True)), GROWTH, "", "from 100,000 people on")
    shutil.rmtree(OUT / "runs")
    report.remarks.append(
        "times are those of the work; starting Python and loading the pack, about a second, not counted"
    )
    return report
