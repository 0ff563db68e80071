"""A township of 60,000 people decided day by day through four changes of pack, as a whole process."""

from __future__ import annotations

import json
import shutil
import sys

from benchmarks.processes import GIBIBYTE, measure
from benchmarks.report import OUT, Report

PEOPLE, QUICK_PEOPLE = 60_000, 2_000
QUICK_DAYS = ("--first", "2022-06-25", "--last", "2022-06-30")


def run(*, quick: bool) -> Report:
    people = QUICK_PEOPLE if quick else PEOPLE
    report = Report("history", f"{people:,} people through the changes of pack, facts made, page written")
    folder = OUT / "history"
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "lianfang", "policy", "history", "--quiet", "--people", str(people)]
    command += ["--folder", str(folder), "-o", str(folder / "history.html"), *(QUICK_DAYS if quick else ())]
    folder.mkdir(parents=True)
    done = measure(command)
    history = json.loads((folder / "policy-history.json").read_text(encoding="utf-8"))
    days, made = history["days"], history["made"]
    report.plain("whole command", done.seconds, "s", f"{done.processor_seconds:,.0f} s of processor")
    report.plain("all days", made["seconds"], "s", f"{len(days)} days, {made['rows']['samples']:,} swabs")
    report.plain("a day", made["seconds"] / len(days), "s")
    report.plain("peak memory", done.peak_tree / GIBIBYTE, "GiB")
    faults = sum(day["faults"] for day in days) + sum(change["unexplained"] for change in history["changes"])
    report.at_most("restrictions without reason, evidence, end or appeal", faults, 0, "")
    report.remarks.append(f"{len(made['proven_on'])} days decided again from all facts: the same, row by row")
    shutil.rmtree(folder)
    return report
