"""The memory of the product while nobody uses it: web server, worker and database, on one township's machine.

A page that several processes share is counted once (PSS, which the kernel divides among them). Measured twice: when the
product has just answered for the first time, and after people have signed in and opened the pages of every day.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.processes import MEBIBYTE, proportional_memory_of
from benchmarks.report import Report
from benchmarks.served import Product, served

PEOPLE, QUICK_PEOPLE = 20_000, 1_000
MOST_MEBIBYTES = 400.0
_PAGES = {
    "zhihui": ("", "registry/people/", "registry/places/", "registry/imports/", "testing/", "registry/search/?q=wang"),
    "shequ": ("", "registry/people/", "registry/special-needs/", "registry/people/?page=2"),
    "quxian": ("", "registry/people/", "testing/"),
    "admin": ("", "accounts/"),
}
_ROUNDS, _SETTLED_SECONDS = 5, 5.0


def _kind(pid: int) -> str:
    # What is forked from the web server has its command line, and a name of its own.
    name = Path(f"/proc/{pid}/comm").read_text().strip()
    if name.startswith("lianfang-"):
        return name.removeprefix("lianfang-")
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
    return next(
        (kind for kind, mark in (("web", "serving.web"), ("database", "postgres")) if mark in words), "supervisor"
    )


def _parts(product: Product) -> dict[str, float]:
    """MiB of each part of the product."""
    found: dict[str, float] = {}
    for pid, memory in proportional_memory_of(product.pids()).items():
        kind = _kind(pid)
        found[kind] = found.get(kind, 0.0) + memory / MEBIBYTE
    return found


def _shown(parts: Mapping[str, float]) -> str:
    return ", ".join(f"{kind} {parts[kind]:.0f}" for kind in sorted(parts))


def run(*, quick: bool) -> Report:
    report = Report("idle", "memory of the product at rest")
    people = QUICK_PEOPLE if quick else PEOPLE
    with served(people=people) as product:
        fresh = _parts(product)
        for _ in range(_ROUNDS):
            for login, pages in _PAGES.items():
                browser = product.sign_in(login)
                for page in pages:
                    browser.get(page)
        time.sleep(_SETTLED_SECONDS)
        used = _parts(product)
    report.at_most("just started", sum(fresh.values()), MOST_MEBIBYTES, "MiB", _shown(fresh))
    report.at_most(f"after use, {people:,} people", sum(used.values()), MOST_MEBIBYTES, "MiB", _shown(used))
    report.remarks.append("memory is the sum of PSS over all processes: shared pages count once")
    return report


if __name__ == "__main__":
    from benchmarks.report import table

    print(table(run(quick="--quick" in sys.argv)))
