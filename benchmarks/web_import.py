"""A roster imported as a clerk does it: over HTTP, with the worker, from the upload to people in the registry.

The file is one .xlsx of linkage_rosters: one row in a hundred repeats a person, three in a hundred are damaged, and a
tenth of the people are registered already. What a human being would think about is not counted: conflicts are decided
as suggested, many at once, as soon as they are shown.

The floor is the least that could be done with the same file: read by calamine, written by COPY to a bare table.
"""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psycopg
import xlsxwriter
from python_calamine import CalamineWorkbook

from benchmarks.demo_files import KEPT, digest_of
from benchmarks.linkage_rosters import Recipe, generate
from benchmarks.processes import GIBIBYTE, proportional_memory_of
from benchmarks.report import Report
from benchmarks.served import Browser, Product, served
from benchmarks.served_world import SEED
from lianfang.config.embedded import running_database

SECONDS = {10_000: 10.0, 200_000: 90.0}
BYTES = 2 * GIBIBYTE
QUICK_PEOPLE = 2_000
REGISTERED_SHARE = 10
_LOOK_SECONDS, _WEIGH_SECONDS = 0.2, 0.25
_LONGEST_SECONDS = 900.0
_COLUMNS = {
    "社区": ("community",), "小区": ("compound",), "楼栋": ("building",), "单元": ("unit",), "房号": ("room",),
    "姓名": ("name",), "身份证号": ("id_number", "id_mask"), "联系电话": ("phone", "phone_mask"),
}  # fmt: skip
_SETTLED = re.compile(r'data-import-state="(\w+)"')


@dataclass(slots=True)
class Steps:
    """Seconds of each step, as the clerk waits for it; what all processes took meanwhile."""

    seconds: dict[str, float] = field(default_factory=dict)
    processor_seconds: float = 0.0
    peak: int = 0

    @property
    def whole(self) -> float:
        return sum(self.seconds.values())


@cache
def roster(people: int) -> Path:
    """The file; written where it is not kept yet."""
    here = Path(__file__)
    path = KEPT / f"web-import-{people}-{digest_of(here, here.with_name('linkage_rosters.py'))}.xlsx"
    if not path.exists():
        for stale in KEPT.glob(f"web-import-{people}-*"):
            stale.unlink()
        KEPT.mkdir(parents=True, exist_ok=True)
        rows = generate(Recipe(people=people, seed=SEED, samples=0, results=0)).records.to_pylist()
        book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(_COLUMNS))
        for at, row in enumerate(rows, 1):
            sheet.write_row(
                at, 0, [next((row[name] for name in names if row[name]), "") for names in _COLUMNS.values()]
            )
        book.close()
    return path


def imported(product: Product, path: Path) -> Steps:
    """Take the file in. Raises RuntimeError where the import fails or takes too long."""
    steps = Steps()
    clerk = product.sign_in("quxian")
    before = product.processor_seconds()
    with _weighed(product, steps):
        with _timed(steps, "upload"), path.open("rb") as file:
            page = clerk.post("registry/imports/", files={"files": (path.name, file)})
        here = page.url.removeprefix(product.address)
        with _timed(steps, "understood and compared"):
            _await(clerk, here, "review")
        with _timed(steps, "conflicts decided"):
            clerk.get(f"{here}conflicts/")
            clerk.post(f"{here}conflicts/", {"all": "1"})
        with _timed(steps, "preview"):
            clerk.get(f"{here}preview/")
        with _timed(steps, "applied"):
            clerk.post(f"{here}step/", {"step": "apply"})
            _await(clerk, here, "applied")
    steps.processor_seconds = product.processor_seconds() - before
    return steps


def _await(clerk: Browser, here: str, wanted: str) -> None:
    until = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < until:
        found = _SETTLED.search(clerk.get(here).text)
        if found and found[1] == wanted:
            return
        if found and found[1] == "failed":
            raise RuntimeError("the import failed")
        time.sleep(_LOOK_SECONDS)
    raise RuntimeError(f"the import was not {wanted} after {_LONGEST_SECONDS:.0f} s")


@contextlib.contextmanager
def _timed(steps: Steps, what: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    steps.seconds[what] = time.perf_counter() - started


@contextlib.contextmanager
def _weighed(product: Product, steps: Steps) -> Iterator[None]:
    over = threading.Event()

    def weigh() -> None:
        while not over.wait(_WEIGH_SECONDS):
            steps.peak = max(steps.peak, sum(proportional_memory_of(product.pids()).values()))

    thread = threading.Thread(target=weigh)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _count(product: Product, table: str) -> int:
    """Rows of a table, whosever they are."""
    database = running_database(product.folder)
    assert database is not None
    with psycopg.connect(database.root_url) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def floor(product: Product, path: Path) -> float:
    """Seconds of reading the file and writing its rows to a bare table."""
    started = time.perf_counter()
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    with psycopg.connect(product.environment["DATABASE_OWNER_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bare ({', '.join(f'c{at} text' for at in range(len(_COLUMNS)))})")
        with cursor.copy("COPY bare FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    return time.perf_counter() - started


def run(*, quick: bool) -> Report:
    report = Report("web-import", "a roster taken in over HTTP, duplicates and conflicts checked")
    for people in (QUICK_PEOPLE,) if quick else SECONDS:
        path = roster(people)
        with served(people=people // REGISTERED_SHARE, places_for=people) as product:
            steps = imported(product, path)
            registered = _count(product, "registry_person")
            conflicts = _count(product, "registry_import_conflict")
            bare = floor(product, path)
        target = SECONDS.get(people, SECONDS[10_000])
        each = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in steps.seconds.items())
        report.at_most(f"{people:,} people: all steps", steps.whole, target, "s", each)
        report.plain(
            f"{people:,} people: registered in the end", registered, "people", f"{conflicts:,} conflicts decided"
        )
        report.plain(
            f"{people:,} people: processor time", steps.processor_seconds, "s", "all processes, pages asked for too"
        )
        report.at_most(f"{people:,} people: peak memory", steps.peak / GIBIBYTE, BYTES / GIBIBYTE, "GiB",
                       "all processes with the database, shared pages once")  # fmt: skip
        report.plain(f"{people:,} people: times the floor", steps.whole / bare, "×",
                     f"calamine and COPY to a bare table: {bare:.2f} s")  # fmt: skip
    return report


if __name__ == "__main__":
    from benchmarks.report import table

    print(table(run(quick="--quick" in sys.argv)))
