"""How time grows with people: the whole job at 10 thousand, 100 thousand and 1 million, all files CSV."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmarks.demo_files import demo
from benchmarks.job import reconcile
from benchmarks.processes import GIBIBYTE
from benchmarks.report import Report

SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000), (1_000, 10_000)
TARGET = 1.1


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of the least-squares line through log(size), log(seconds)."""
    x, y = [math.log(size) for size in sizes], [math.log(second) for second in seconds]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((a - mean_x) ** 2 for a in x)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread


def run(*, quick: bool) -> Report:
    sizes = QUICK_SIZES if quick else SIZES
    report = Report("growth", "the whole job by size, CSV files")
    nights = [demo(people, "csv") for people in sizes]
    runs = [reconcile(night)[0] for night in nights]
    for people, one in zip(sizes, runs, strict=True):
        note = (
            f"{one.processor_seconds:,.1f} s of processor; {one.peak_tree / GIBIBYTE:.2f} GiB all processes, "
            f"{one.peak_single / GIBIBYTE:.2f} GiB the largest"
        )
        report.plain(f"{people:,} people", one.seconds, "s", note)
    seconds = [one.seconds for one in runs]
    report.at_most("exponent of wall time", exponent(sizes, seconds), TARGET, "", "log-log fit, nothing subtracted")
    for low, high in ((0, 1), (1, 2)):
        if high < len(sizes):
            slope = exponent([sizes[low], sizes[high]], [seconds[low], seconds[high]])
            report.plain(f"exponent {sizes[low]:,} → {sizes[high]:,}", slope, "")
    cpu = [one.processor_seconds for one in runs]
    report.plain("exponent of processor time", exponent(sizes, cpu), "")
    memory = [float(one.peak_tree) for one in runs]
    report.plain("exponent of memory", exponent(sizes, memory), "")
    return report
