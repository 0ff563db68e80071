"""A laboratory's file of 100,000 rows, from the upload over HTTP to the statuses of everybody whom it touches.

The file names a tube in each row; ten are positive. Two shapes: a tube for each person, and ten people to a tube as in
mass testing, where a tenth of the rows touches as many. Waiting for a clerk who looks at the preview is not counted:
it is approved as soon as it is there.

The floor is the least that could be done with the same file: read by Python's csv, written by COPY to a bare table of
the same database.
"""

from __future__ import annotations

import csv
import json
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks.processes import ProcessFailedError
from benchmarks.report import Report
from benchmarks.served import Browser, Product, served
from benchmarks.township import PASSWORD

PEOPLE, QUICK_PEOPLE = 200_000, 6_000
ROWS, QUICK_ROWS = 100_000, 2_000
SECONDS = 20.0
_LOOK_SECONDS, _LONGEST_SECONDS = 0.1, 900.0


def run(*, quick: bool) -> Report:
    people, rows = (QUICK_PEOPLE, QUICK_ROWS) if quick else (PEOPLE, ROWS)
    report = Report("results", f"a laboratory file applied, statuses corrected, in a township of {people:,}")
    with served() as product, tempfile.TemporaryDirectory() as folder:
        product.python("benchmarks.township", "people", str(people))
        clerk = product.sign_in("township", PASSWORD)
        _shape(report, product, clerk, Path(folder) / "single.csv", rows, 1, has_target=True)
        _shape(report, product, clerk, Path(folder) / "pools.csv", rows // 10, 10, has_target=False)
    report.remarks.append("upload to preview holds the whole trial of applying: what the preview says is what happens")
    return report


def _shape(
    report: Report, product: Product, clerk: Browser, path: Path, rows: int, per: int, *, has_target: bool
) -> None:
    said = product.python("benchmarks.township", "file", str(rows), str(per), str(path))
    made = json.loads(said.splitlines()[-1])
    what = f"{made['rows']:,} rows, {made['people']:,} people"
    floor = _floor(product, path)
    before, started = product.processor_seconds(), time.perf_counter()
    page = _upload(clerk, made["round"], path)
    shown = time.perf_counter()
    clerk.post(f"{page}change/", {"do": "apply"})
    _await(clerk, page)
    applied = time.perf_counter()
    _await_statuses(product, made["round"], made["people"])
    done = time.perf_counter()
    spent = product.processor_seconds() - before
    if has_target:
        report.at_most(f"{what}: approved to statuses corrected", done - shown, SECONDS, "s", "applied and followed")
    else:
        report.plain(f"{what}: approved to statuses corrected", done - shown, "s", "applied and followed")
    report.plain(f"{what}: upload to preview", shown - started, "s")
    report.plain(f"{what}: approved to applied", applied - shown, "s")
    report.plain(f"{what}: upload to statuses corrected", done - started, "s")
    report.plain(f"{what}: processor time", spent, "s", "web server, worker, readers and database")
    report.plain(f"{what}: floor", floor, "s", "csv read, COPY to a bare table")
    report.plain(f"{what}: upload to statuses ÷ floor", (done - started) / floor, "×")


def _floor(product: Product, path: Path) -> float:
    started = time.perf_counter()
    with psycopg.connect(product.environment["DATABASE_OWNER_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE floor (code text, outcome text, tested text, reported text, laboratory text)"
        )
        with path.open(encoding="utf-8", newline="") as file, cursor.copy("COPY floor FROM STDIN") as copy:
            lines = csv.reader(file)
            next(lines)
            for line in lines:
                copy.write_row(line)
        connection.commit()
    return time.perf_counter() - started


def _upload(clerk: Browser, round_id: int, path: Path) -> str:
    """The path of the load's page, once its preview is there."""
    with path.open("rb") as file:
        answer = clerk.post("testing/loads/", {"round": round_id, "kind": "results"}, files={"files": file})
    page = "/".join(answer.url.split("/", 3)[3:])
    _await(clerk, page)
    return page


def _await(clerk: Browser, page: str) -> None:
    until = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < until:
        answer = clerk.get(f"{page}?part=job", headers={"HX-Request": "true"})
        if "HX-Redirect" in answer.headers:
            return
        time.sleep(_LOOK_SECONDS)
    raise ProcessFailedError(f"{page} was not done in {_LONGEST_SECONDS:.0f} s")


def _await_statuses(product: Product, round_id: int, people: int) -> None:
    """Until nothing waits to be followed; then each person with a swab of the round has a decision, and none still
    awaits a result. (A decision that comes out as it was keeps its instant.)"""
    until = time.monotonic() + _LONGEST_SECONDS
    with psycopg.connect(product.environment["DATABASE_OWNER_URL"], autocommit=True) as connection:
        while time.monotonic() < until:
            waiting = connection.execute("SELECT count(*) FROM outbox_event WHERE handled_at IS NULL").fetchone()
            if waiting == (0,):
                break
            time.sleep(_LOOK_SECONDS)
        decided = connection.execute(
            "SELECT count(DISTINCT s.person_id) FROM lab_testing_sample s JOIN status_health_status h "
            "ON h.person_id = s.person_id WHERE s.round_id = %s AND h.rule <> 'result_pending'",
            [round_id],
        ).fetchone()
    if decided != (people,):
        raise ProcessFailedError(f"of {people} people {decided} have a decision that knows of the results")
