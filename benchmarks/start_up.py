"""What a clerk waits for at least: help, and the whole job on one compound."""

from __future__ import annotations

import statistics
import sys

from benchmarks.demo_files import OPTIONS, demo
from benchmarks.job import reconcile
from benchmarks.processes import MEBIBYTE, measure
from benchmarks.report import Report

HELP_SECONDS = 0.5
COMPOUND = 1_700
RUNS = 7


def run(*, quick: bool) -> Report:
    report = Report("start-up", "the least that a clerk waits for")
    runs = 3 if quick else RUNS
    bare = [measure([sys.executable, "-c", ""]).seconds for _ in range(runs)]
    helps = [measure([sys.executable, "-m", "lianfang", "--help"]).seconds for _ in range(runs)]
    report.plain("python alone", statistics.median(bare), "s", "the floor")
    report.at_most("lianfang --help", statistics.median(helps), HELP_SECONDS, "s", f"median of {runs}")
    night = demo(COMPOUND)
    whole = [reconcile(night)[0] for _ in range(2 if quick else 3)]
    files = sum(len(night.files(part)) for part in OPTIONS)
    peak = max(one.peak_tree for one in whole) / MEBIBYTE
    seconds = statistics.median(one.seconds for one in whole)
    report.plain(f"a compound of {COMPOUND:,} people", seconds, "s", f"{files} files, {peak:,.0f} MiB")
    return report
