"""Devices that send while everything goes wrong: nothing is lost, nothing is doubled.

``python -m benchmarks.field_faults [--devices N] [--scans N] [--seed N]`` against a served product of its own: the
field server and the worker are killed at random, connections are cut in the middle of a request or before its answer,
requests overtake one another, come twice or by halves, two devices fill one tube, clocks are nine hours wrong. When
every device has its answers, the inbox, the samples and the answers are compared person by person. The seed is printed;
the same seed makes the same faults in the same order of each device (what the machine does in between is its own).
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import random
import signal
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks.processes import ProcessFailedError, tree
from benchmarks.report import Report
from benchmarks.served import Product, served

DEVICES, SCANS = 200, 500
QUICK_DEVICES, QUICK_SCANS = 8, 40
POOL, MOST_OPEN = 10, 64
BATCHES = (10, 30, 100)
LONGEST_SECONDS = 3_600.0
_PATIENCE = 30.0
_KILL_EVERY = (0.7, 2.5)
# A small storm is over within a second.
_FIRST_KILL = (0.05, 0.2)
_CLOCK_WRONG = timedelta(hours=9)


@dataclass
class Tally:
    """What went wrong on purpose, and what the network saw."""

    cut: int = 0
    unheard: int = 0
    doubled: int = 0
    halved: int = 0
    overtaken: int = 0
    killed: int = 0
    failed: int = 0
    requests: int = 0


@dataclass
class Phone:
    """One device: what it recorded, and the answers it has."""

    number: int
    id: str
    secret: str
    round: int
    people: Sequence[int]
    rng: random.Random
    items: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def clock(self) -> timedelta:
        return (timedelta(), timedelta(), _CLOCK_WRONG, timedelta(), -_CLOCK_WRONG)[self.number % 5]

    def record(self, shared: str) -> None:
        """A morning's work. Two neighbours fill one tube first, half of it each."""
        # Longer ago than the enrolment would be doubted, and rightly so.
        begun = datetime.now(UTC) + self.clock
        self._tube(shared, self.people[: POOL // 2], begun)
        for at in range(POOL // 2, len(self.people), POOL):
            self._tube(f"T{self.number}-{at:05d}X", self.people[at : at + POOL], begun)

    def _tube(self, code: str, people: Sequence[int], begun: datetime) -> None:
        self._add("tube.opened", {"round": self.round, "code": code, "capacity": POOL, "is_household": False}, begun)
        for position, person in enumerate(people, 1):
            self._add(
                "sample.taken", {"round": self.round, "tube": code, "person": person, "position": position}, begun
            )

    def _add(self, kind: str, body: dict[str, Any], begun: datetime) -> None:
        seq = len(self.items) + 1
        at = begun + timedelta(milliseconds=20 * seq)
        item_id = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        self.items.append({"id": item_id, "seq": seq, "kind": kind, "happened_at": at.isoformat(), "body": body})

    def waiting(self) -> list[dict[str, Any]]:
        return [one for one in self.items if one["id"] not in self.answers]

    def is_done(self) -> bool:
        return all(self.answers.get(one["id"], {}).get("state") in ("accepted", "refused") for one in self.items)

    def request(self, items: Sequence[Mapping[str, Any]]) -> bytes:
        body = {
            "batch": str(uuid.uuid4()), "sent_at": (datetime.now(UTC) + self.clock).isoformat(), "items": list(items),
            "clock": {"offset_ms": round(-self.clock.total_seconds() * 1000), "rtt_ms": 20},
        }  # fmt: skip
        content = gzip.compress(json.dumps(body).encode(), 1)
        return self.head("POST", "items", len(content)) + content

    def head(self, method: str, path: str, length: int, *, encoding: str = "gzip", keeps: bool = False) -> bytes:
        said = f"Content-Type: application/json\r\nContent-Encoding: {encoding}\r\n" if length else ""
        return (
            f"{method} /field/api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Device {self.id}.{self.secret}\r\n{said}"
            f"Content-Length: {length}\r\nConnection: {'keep-alive' if keeps else 'close'}\r\n\r\n"
        ).encode()


class Storm:
    """All devices at once against one field server. ``victims`` gives the processes that may be killed now."""

    def __init__(
        self, host: str, port: int, phones: Sequence[Phone], seed: int,
        victims: Callable[[random.Random], Sequence[int]],
    ) -> None:  # fmt: skip
        self.host, self.port = host, port
        self.phones = phones
        self.victims = victims
        self.rng = random.Random(seed ^ 0x5EED)
        self.tally = Tally()
        self.open = asyncio.Semaphore(MOST_OPEN)

    async def run(self, longest: float = LONGEST_SECONDS) -> None:
        killing = asyncio.create_task(self._kill())
        try:
            await asyncio.wait_for(asyncio.gather(*(self._work(one) for one in self.phones)), longest)
        finally:
            killing.cancel()

    async def _work(self, phone: Phone) -> None:
        after = 0
        while not phone.is_done():
            waiting = phone.waiting()
            if waiting:
                await self._send(phone, waiting)
            else:
                told = await self._ask(phone, phone.head("GET", f"answers?after={after}", 0))
                for one in (told or {}).get("answers", []):
                    after = max(after, one["n"])
                    phone.answers[one["id"]] = one
                await asyncio.sleep(phone.rng.uniform(0.2, 0.6))

    async def _send(self, phone: Phone, waiting: list[dict[str, Any]]) -> None:
        """One to three batches in some order, each perhaps cut, unheard, by halves or twice."""
        size = phone.rng.choice(BATCHES)
        parts = [waiting[at : at + size] for at in range(0, min(len(waiting), 3 * size), size)]
        if len(parts) > 1 and phone.rng.random() < 0.4:
            phone.rng.shuffle(parts)
            self.tally.overtaken += 1
        for part in parts:
            await self._send_part(phone, part)

    async def _send_part(self, phone: Phone, part: Sequence[dict[str, Any]]) -> None:
        fault = phone.rng.choices(("none", "cut", "unheard", "twice", "half"), (10, 2, 2, 2, 2))[0]
        if fault == "cut":
            self.tally.cut += 1
            await self._ask(phone, phone.request(part), cut_at=phone.rng.random())
            return
        if fault == "unheard":
            self.tally.unheard += 1
            await self._ask(phone, phone.request(part), hears=False)
            return
        if fault == "half":
            self.tally.halved += 1
            await self._ask(phone, phone.request(part[: len(part) // 2]), hears=False)
        twice = fault == "twice"
        self.tally.doubled += twice
        told = await asyncio.gather(*(self._ask(phone, phone.request(part)) for _ in range(1 + twice)))
        for found in told:
            for one in (found or {}).get("answers", []):
                if phone.answers.get(one["id"], {}).get("state") not in ("accepted", "refused"):
                    phone.answers[one["id"]] = one

    async def _ask(
        self, phone: Phone, request: bytes, *, cut_at: float | None = None, hears: bool = True
    ) -> dict[str, Any] | None:
        """The answer; None where it did not come, whoever was to blame."""
        self.tally.requests += 1
        async with self.open:
            try:
                return await asyncio.wait_for(self._exchange(request, cut_at, hears), _PATIENCE)
            except (OSError, EOFError, ValueError, TimeoutError):
                self.tally.failed += 1
        # The server is being killed and started: as a phone does, wait a little longer than last time.
        await asyncio.sleep(phone.rng.uniform(0.1, 0.8))
        return None

    async def _exchange(self, request: bytes, cut_at: float | None, hears: bool) -> dict[str, Any] | None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(request if cut_at is None else request[: int(cut_at * len(request))])
            await writer.drain()
            if cut_at is not None:
                return None
            head = await reader.readuntil(b"\r\n\r\n")
            if not hears:
                return None
            status = int(head.split(b" ", 2)[1])
            body = await reader.read()
            if status in (429, 503):
                await asyncio.sleep(0.5)
            if status >= 400:
                raise ValueError(f"{status} {body[:200]!r}")
            found: dict[str, Any] = json.loads(body)
            return found
        finally:
            # A reset, as a network that goes down makes: no farewell.
            writer.transport.abort()

    async def _kill(self) -> None:
        pause = _FIRST_KILL
        while True:
            await asyncio.sleep(self.rng.uniform(*pause))
            pids = self.victims(self.rng)
            if pids:
                os.kill(self.rng.choice(pids), signal.SIGKILL)
                self.tally.killed += 1
                pause = _KILL_EVERY


_WORKER_LIVES = 120.0


def victims_of(product: Product) -> Callable[[random.Random], Sequence[int]]:
    """The field server, and now and then the worker that applies what it took.

    What a killed worker was at is begun again half a minute to a minute and a half later: one that dies sooner than
    that again and again applies nothing at all, and the devices would wait for ever."""
    killed_at = -_WORKER_LIVES

    def victims(rng: random.Random) -> Sequence[int]:
        nonlocal killed_at
        name = "worker" if rng.random() < 0.15 else "field"
        if name == "worker" and time.monotonic() - killed_at < _WORKER_LIVES:
            name = "field"
        elif name == "worker":
            killed_at = time.monotonic()
        return [pid for pid in tree(product.pid) if is_process(pid, name)]

    return victims


def is_process(pid: int, name: str) -> bool:
    """Whether a process is the field server, the worker, or of the database."""
    try:
        comm = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return False
    return comm == ("postgres" if name == "database" else f"lianfang-{name}")


@dataclass
class Found:
    """What is wrong when all is over: every list is empty where nothing is."""

    lost_items: list[str] = field(default_factory=list)
    strange_items: list[str] = field(default_factory=list)
    other_answers: list[str] = field(default_factory=list)
    lost_people: list[int] = field(default_factory=list)
    doubled_people: list[int] = field(default_factory=list)
    misplaced: list[int] = field(default_factory=list)
    wrong_times: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def compare(database: str, phones: Sequence[Phone]) -> Found:
    """The inbox, the samples and the answers, against what the devices recorded."""
    found = Found()
    with psycopg.connect(database) as connection:
        kept = {
            str(row[0]): row[1:]
            for row in connection.execute("SELECT id, state, number, code, refs FROM devices_item").fetchall()
        }
        samples: dict[int, list[tuple[Any, ...]]] = {}
        for row in connection.execute(
            "SELECT s.person_id, t.code, s.client_id::text, s.sampled_at FROM lab_testing_sample s "
            "JOIN lab_testing_tube t ON t.id = s.tube_id WHERE NOT s.is_void"
        ).fetchall():
            samples.setdefault(row[0], []).append(row[1:])
    sent = {one["id"] for phone in phones for one in phone.items}
    found.strange_items = sorted(set(kept) - sent)
    for phone in phones:
        _compare_phone(phone, kept, samples, found)
    return found


def _compare_phone(
    phone: Phone, kept: Mapping[str, Any], samples: Mapping[int, list[tuple[Any, ...]]], found: Found
) -> None:
    for one in phone.items:
        row, told = kept.get(one["id"]), phone.answers[one["id"]]
        if row is None:
            found.lost_items.append(one["id"])
            continue
        if (told["state"], told["n"], told["code"]) != (row[0], row[1], row[2] or ""):
            found.other_answers.append(one["id"])
        if row[0] != "accepted":
            found.refused.append(f"{one['kind']} {row[0]} {row[2]}")
        if one["kind"] != "sample.taken":
            continue
        person, taken = one["body"]["person"], samples.get(one["body"]["person"], [])
        if not taken:
            found.lost_people.append(person)
        elif len(taken) > 1:
            found.doubled_people.append(person)
        elif taken[0][:2] != (one["body"]["tube"], one["id"]):
            found.misplaced.append(person)
        elif abs(taken[0][2] - (datetime.fromisoformat(one["happened_at"]) - phone.clock)) > timedelta(seconds=1):
            found.wrong_times.append(person)


def storm(*, devices: int, scans: int, seed: int, as_installed: bool = True) -> Report:
    """Run it. The report has a line for each way in which something could be wrong."""
    report = Report("field-faults", f"{devices} devices × {scans} scans under faults, seed {seed}")
    with served(people=devices * scans * 5 // 4, as_installed=as_installed) as product:
        world = json.loads(product.python("benchmarks.field_world", str(devices), str(scans), "sampler"))
        phones = phones_of(world["devices"], seed)
        began = time.perf_counter()
        parts = urlsplit(product.address)
        running = Storm(parts.hostname or "", (parts.port or 80) + 1, phones, seed, victims_of(product))
        asyncio.run(running.run())
        seconds = time.perf_counter() - began
        found = compare(product.environment["DATABASE_OWNER_URL"], phones)
    _write(report, running.tally, found, phones, seconds, seed)
    return report


def phones_of(devices: Sequence[Mapping[str, Any]], seed: int) -> list[Phone]:
    """A phone for each, with its morning recorded."""
    phones = []
    for at, one in enumerate(devices):
        phone = Phone(at, one["id"], one["secret"], one["round"], one["people"], random.Random(f"{seed}/{at}"))
        phone.record(shared=_shared(at, devices, one))
        phones.append(phone)
    return phones


def _shared(number: int, devices: Sequence[Mapping[str, Any]], mine: Mapping[str, Any]) -> str:
    """The tube of a pair of neighbours in one community; who has none has it alone."""
    pair = number - number % 2
    partner = devices[pair + 1 - number % 2] if pair + 1 - number % 2 < len(devices) else mine
    is_shared = partner["community"] == mine["community"]
    return f"S{pair}-00000X" if is_shared else f"S{number}-00000Y"


def _write(report: Report, tally: Tally, found: Found, phones: Sequence[Phone], seconds: float, seed: int) -> None:
    items = sum(len(phone.items) for phone in phones)
    lost = len(found.lost_items) + len(found.lost_people)
    doubled = len(found.doubled_people) + len(found.strange_items)
    report.at_most("lost", lost, 0, "", f"of {items:,} items, {sum(len(one.people) for one in phones):,} people")
    report.at_most("doubled", doubled, 0, "", "people with two samples, items that nobody sent")
    report.at_most("in another tube", len(found.misplaced), 0, "", "person by person")
    report.at_most("answers unlike the inbox", len(found.other_answers), 0, "", "state, number and code of every item")
    report.at_most("times off by more than 1 s", len(found.wrong_times), 0, "", "two clocks of five are 9 hours wrong")
    report.at_most("refused", len(found.refused), 0, "", "; ".join(sorted(set(found.refused))[:3]))
    report.plain("until every device had every answer", seconds, "s", "faults included")
    report.remarks.append(
        f"{tally.requests:,} requests: {tally.cut} cut, {tally.unheard} unheard, {tally.doubled} twice, {tally.halved} "
        f"by halves, {tally.overtaken} out of order, {tally.killed} processes killed, {tally.failed} failed thereby"
    )
    report.remarks.append(f"again with: python -m benchmarks.field_faults --seed {seed}")


def run(*, quick: bool) -> Report:
    devices, scans = (QUICK_DEVICES, QUICK_SCANS) if quick else (DEVICES, SCANS)
    return storm(devices=devices, scans=scans, seed=random.SystemRandom().randrange(10**6))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=DEVICES)
    parser.add_argument("--scans", type=int, default=SCANS)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    from benchmarks.report import table

    try:
        report = storm(devices=options.devices, scans=options.scans, seed=seed)
    except ProcessFailedError as error:
        print(error)
        return 2
    print(table(report))
    return 0 if all(line.met is not False for line in report.lines) else 1


if __name__ == "__main__":
    sys.exit(main())
