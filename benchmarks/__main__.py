"""``python -m benchmarks [NAME…] [--quick]``: measure, print one table per benchmark, keep out/<name>.json.

Ratios are against a floor or a peer measured in the same run. Nothing here is a test: a target that is not met
is printed as such, and the exit code is 0; it is 1 where a benchmark could not be run at all.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks import (
    engine_bulk,
    engine_few,
    field_check,
    field_faults,
    field_load,
    follow,
    growth,
    history,
    idle,
    job,
    lists,
    reading,
    results,
    scores,
    start_up,
    web_import,
)
from benchmarks.processes import ProcessFailedError
from benchmarks.report import Report, keep, machine, table


def _linkage(*, quick: bool) -> Report:
    """The tables of benchmarks/linkage.py and linkage_febrl.py, which state their own targets."""
    from benchmarks import linkage, linkage_febrl

    report = Report("linkage", "who is the same person: speed, and quality against known truth")
    for title, call in (("generated rosters", lambda: linkage.main(quick=quick)), ("FEBRL", linkage_febrl.main)):
        written = io.StringIO()
        with contextlib.redirect_stdout(written):
            call()
        report.texts.append(f"-- {title}\n{written.getvalue().rstrip()}")
    return report


BENCHMARKS: dict[str, Callable[..., Report]] = {
    "start-up": start_up.run,
    "reading": reading.run,
    "linkage": _linkage,
    "job": job.run,
    "scores": scores.run,
    "growth": growth.run,
    "web-import": web_import.run,
    "results": results.run,
    "lists": lists.run,
    "follow": follow.run,
    "idle": idle.run,
    "engine-few": engine_few.run,
    "engine-bulk": engine_bulk.run,
    "history": history.run,
    "field-load": field_load.run,
    "field-faults": field_faults.run,
    "field-check": field_check.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it runs, not how fast")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    about = machine()
    print(f"{about['cores']} cores, Python {about['python']}, load before the start {about['load_average']}\n")
    broken = 0
    for name in options.names or BENCHMARKS:
        started = time.perf_counter()
        try:
            report = BENCHMARKS[name](quick=options.quick)
        except (ProcessFailedError, subprocess.CalledProcessError) as error:
            print(f"== {name}: could not be run\n{error}\n")
            broken += 1
            continue
        if options.quick:
            report.name += "-quick"
        print(table(report))
        kept = keep(report)
        print(f"  {time.perf_counter() - started:.0f} s; kept as {kept.parent.name}/{kept.name}\n", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
