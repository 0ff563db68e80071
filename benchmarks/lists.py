"""Lists and pages of a township of 300,000 people over HTTP, with row-level security, to 20 clients at once.

Two loads, one after the other. People: each client reads for a second between its pages, as quick people do. Machines:
each client asks again at once, so that the server is never idle; with N cores and P seconds of work to a page nobody
can answer 20 such clients sooner than 20 × P ÷ N. The target is for the first; the second is told beside it.

Clients keep their connection, accept compressed answers and are signed in as three roles. The floor is the page
``/healthz`` of the same server under the second load: what the server and these clients cost without any work.
"""

from __future__ import annotations

import http.client
import json
import random
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from benchmarks.report import Report
from benchmarks.served import Browser, Product, served
from benchmarks.township import PASSWORD

PEOPLE, QUICK_PEOPLE = 300_000, 6_000
CLIENTS = {"community": 10, "township": 4, "building_chief": 6}
LIST_SECONDS, BUILDING_SECONDS = 0.150, 0.100
THINK_SECONDS = 1.0
SECONDS, QUICK_SECONDS = 40.0, 4.0
_EVERYBODY = {
    "people": "registry/people/",
    "search by name": f"registry/search/?q={quote('王伟')}",
    "search by initials": "registry/search/?q=ww",
    "building": "registry/places/{building}/building/",
    "household": "registry/places/households/{household}/",
    "rounds": "testing/",
    "missing": "testing/rounds/{round}/missing/",
    "tubes": "testing/rounds/{round}/tubes/",
    "statuses": "status/",
}
_OFFICE = {
    "round": "testing/rounds/{round}/",
    "waiting tubes": "testing/waiting/",
    "leftover results": "testing/leftovers/",
    "holds": "testing/holds/",
    "cases": "cases/",
    "command": "command/",
    "daily table": "daily/",
}
PAGES: Mapping[str, Mapping[str, str]] = {
    "community": {**_EVERYBODY, **_OFFICE},
    "township": {**_EVERYBODY, **_OFFICE},
    "building_chief": _EVERYBODY,
}


@dataclass(slots=True)
class Times:
    """Seconds to the last byte, by page; ``failed`` answers other than 200."""

    pages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def everything(self) -> list[float]:
        return [one for page in self.pages.values() for one in page]


def drive(
    product: Product, browsers: Sequence[tuple[Browser, Mapping[str, str]]], think: float, seconds: float
) -> Times:
    """Every browser asks for its pages in an order of its own until the time is over."""
    times, lock, started = Times(), threading.Lock(), time.perf_counter()

    def client(number: int, browser: Browser, pages: Mapping[str, str]) -> None:
        order, address = random.Random(number), urlsplit(product.address)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items()),
            "User-Agent": str(browser.headers["User-Agent"]), "Accept-Encoding": "gzip", "Accept-Language": "zh-CN",
        }  # fmt: skip
        # People do not begin in the same moment.
        time.sleep(order.random() * think)
        while time.perf_counter() - started < seconds:
            name = order.choice(list(pages))
            begun = time.perf_counter()
            connection.request("GET", f"/{pages[name]}", headers=headers)
            answer = connection.getresponse()
            answer.read()
            took = time.perf_counter() - begun
            with lock:
                times.pages[name].append(took)
                if answer.status != 200:
                    times.failed.append(f"{name}: {answer.status}")
            time.sleep(order.uniform(0.5, 1.5) * think)
        connection.close()

    threads = [threading.Thread(target=client, args=(at, *one)) for at, one in enumerate(browsers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.seconds = time.perf_counter() - started
    return times


def high(values: Sequence[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def run(*, quick: bool) -> Report:
    people, seconds = (QUICK_PEOPLE, QUICK_SECONDS) if quick else (PEOPLE, SECONDS)
    report = Report("lists", f"pages of {people:,} people, {sum(CLIENTS.values())} clients at once over HTTP")
    with served() as product:
        ids = json.loads(product.python("benchmarks.township", "people", str(people)).splitlines()[-1])
        browsers = [
            (product.sign_in(role, PASSWORD), {name: path.format(**ids) for name, path in PAGES[role].items()})
            for role, count in CLIENTS.items() for _ in range(count)
        ]  # fmt: skip
        drive(product, browsers, 0.0, seconds / 4)  # The first pages fill caches that stay filled.
        floor = drive(product, [(browser, {"floor": "healthz"}) for browser, _ in browsers], 0.0, seconds / 8)
        reading = drive(product, browsers, THINK_SECONDS, seconds)
        hurried = drive(product, browsers, 0.0, seconds)
        before = product.processor_seconds()
        alone = drive(product, browsers[:1], 0.0, seconds / 4)
        spent = (product.processor_seconds() - before) / len(alone.everything)
    _lines(report, reading, hurried, floor, spent)
    report.remarks.append(
        f"target: {sum(CLIENTS.values())} clients ({', '.join(f'{count} {role}' for role, count in CLIENTS.items())}) "
        f"that read for {THINK_SECONDS:.0f} s between pages; in brackets the same without any pause"
    )
    for load, times in (("reading", reading), ("without a pause", hurried)):
        if times.failed:
            report.remarks.append(f"{load}: {len(times.failed)} answers failed: {sorted(set(times.failed))}")
    return report


def _lines(report: Report, reading: Times, hurried: Times, floor: Times, spent: float) -> None:
    for name in sorted(reading.pages):
        values, without = reading.pages[name], hurried.pages.get(name) or [0.0]
        limit = BUILDING_SECONDS if name == "building" else LIST_SECONDS
        note = f"p50 {statistics.median(values) * 1000:.0f} ms; {len(values)} times (no pause: p50 " \
               f"{statistics.median(without) * 1000:.0f}, p95 {high(without) * 1000:.0f} ms)"  # fmt: skip
        report.at_most(f"{name}: p95", high(values) * 1000, limit * 1000, "ms", note)
    report.at_most(
        "all pages: p95", high(reading.everything) * 1000, LIST_SECONDS * 1000, "ms", "with a second to read"
    )
    report.plain("all pages without a pause: p95", high(hurried.everything) * 1000, "ms")
    report.plain("reading: answers", len(reading.everything) / reading.seconds, "a second")
    report.plain("without a pause: answers", len(hurried.everything) / hurried.seconds, "a second")
    report.plain("floor, /healthz: answers", len(floor.everything) / floor.seconds, "a second", "20 clients, no pause")
    report.plain("floor, /healthz: p95", high(floor.everything) * 1000, "ms")
    report.plain("p95 without a pause ÷ floor", high(hurried.everything) / high(floor.everything), "×")
    report.plain("processor time of a page", spent * 1000, "ms", "one client; web server, worker and database")
