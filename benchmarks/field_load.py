"""The field server under load: items accepted against the floor of writing them, gate checks against a trivial answer.

The floor of accepting: the same rows, by binary COPY to a bare staging table and INSERT … ON CONFLICT into a bare keyed
table of the same database, in the same batches, each committed, by one writer.
Accepting is more: HTTP, gzip, JSON, who sends it, sealing, row-level security, an answer to each. While it is measured
the worker is stopped, so that nothing is applied beside it; sending with applying is measured before it.

The trivial answer is the server's clock, by the same server; a gate check is somebody's live status.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import struct
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks.field_faults import Phone, is_process
from benchmarks.processes import ProcessFailedError, processor_seconds_of, tree
from benchmarks.report import Report
from benchmarks.served import Product, served
from lianfang.interfaces.field.threads import THREADS

DEVICES, EACH, MORE_BATCHES = 20, 100, 8
QUICK_DEVICES, QUICK_EACH, QUICK_MORE = 4, 50, 1
CHECKS, QUICK_CHECKS, GATES = 20_000, 500, 64
BATCH, POOL, REPEATS = 500, 10, 3
FLOOR_SHARE, CHECK_SHARE = 0.6, 0.5
_APPLIED_SECONDS = 1_800.0

Request = bytes


def run(*, quick: bool) -> Report:
    devices, each, more = (QUICK_DEVICES, QUICK_EACH, QUICK_MORE) if quick else (DEVICES, EACH, MORE_BATCHES)
    report = Report("field-load", "the field server under load")
    with served(people=devices * each * 5 // 4) as product:
        world = json.loads(product.python("benchmarks.field_world", str(devices), str(each), "sampler"))
        phones = [Phone(at, one["id"], one["secret"], one["round"], one["people"], random.Random(at))
                  for at, one in enumerate(world["devices"])]  # fmt: skip
        _applying(report, product, phones)
        _accepting(report, product, phones, more)
        _checking(report, product, QUICK_CHECKS if quick else CHECKS)
    return report


def _applying(report: Report, product: Product, phones: Sequence[Phone]) -> None:
    """What the devices really did, from the first request until the worker has applied the last item."""
    for phone in phones:
        phone.record(f"A{phone.number}-00000X")
    requests = [phone.request(part) for phone in phones for part in _parts(phone.items)]
    items = sum(len(phone.items) for phone in phones)
    began, before = time.perf_counter(), _processor(product, "worker")
    asyncio.run(_send_all(_where(product), requests, THREADS, _all_received))
    with psycopg.connect(product.environment["DATABASE_OWNER_URL"], autocommit=True) as connection:
        until = time.monotonic() + _APPLIED_SECONDS
        while _count(connection, "state = 'waiting'") and time.monotonic() < until:
            time.sleep(0.2)
        refused = _count(connection, "state <> 'accepted'")
    if refused:
        raise ProcessFailedError(f"{refused} of {items} items were not accepted")
    seconds, spent = time.perf_counter() - began, _processor(product, "worker") - before
    report.plain("sent and applied", items / seconds, "rows/s", f"{items:,} items of {len(phones)} devices, one worker")
    report.plain("applied, by the worker's processor time", items / spent, "rows/s", "without the database's own time")


def _accepting(report: Report, product: Product, phones: Sequence[Phone], more: int) -> None:
    """The best of a few runs of each, one after the other: who else uses the machine slows both."""
    workers = [pid for pid in tree(product.pid) if is_process(pid, "worker")]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    ours, floors, spent, floor_spent = [], [], [], []
    try:
        for _ in range(REPEATS):
            requests, items = _batches(phones, more)
            before, began = _processor(product, "field", "database"), time.perf_counter()
            asyncio.run(_send_all(_where(product), requests, THREADS * 2, _all_received))
            ours.append(items / (time.perf_counter() - began))
            spent.append((_processor(product, "field", "database") - before) / items)
            rate, used = _floor(product)
            floors.append(rate)
            floor_spent.append(used)
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    report.plain("floor: staged COPY", max(floors), "rows/s", f"batches of {BATCH}, each committed, one writer")
    report.plain("accepted", max(ours), "rows/s", "answered as kept; HTTP, gzip, JSON, sealed, row-level security")
    report.at_least("accepted ÷ floor", max(ours) / max(floors), FLOOR_SHARE, "×", "rows a second")
    report.plain("floor ÷ accepted, processor time of a row", min(floor_spent) / min(spent), "×",
                 "the server and the database against the writer and the database")  # fmt: skip


def _batches(phones: Sequence[Phone], more: int) -> tuple[list[Request], int]:
    """Full batches of new items, ready to be sent."""
    requests = []
    for phone in phones:
        for _ in range(more):
            at, first = datetime.now(UTC).isoformat(), len(phone.items)
            part = [
                {"id": str(uuid.uuid4()), "seq": first + seq, "kind": "sample.taken", "happened_at": at,
                 "body": {"round": phone.round, "tube": f"B{phone.number}-{seq // POOL:05d}X",
                          "position": seq % POOL + 1, "person": phone.people[seq % len(phone.people)]}}
                for seq in range(BATCH)
            ]  # fmt: skip
            requests.append(phone.request(part))
    return requests, len(requests) * BATCH


_ROW = struct.Struct(">hi16si16siqi12siqiqiq").pack
_COPY_HEAD, _COPY_END = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0), struct.pack(">h", -1)
_BARE = """
DROP TABLE IF EXISTS bare_item, bare_staged;
CREATE TABLE bare_item (id uuid PRIMARY KEY, device uuid, seq bigint, kind text, raw_at timestamptz,
    happened_at timestamptz, received_at timestamptz, digest bytea, body bytea, state text);
CREATE UNLOGGED TABLE bare_staged (LIKE bare_item)"""
_TYPES = "id, device, seq, kind, raw_at, happened_at, received_at, digest, body, state"


def _floor(product: Product) -> tuple[float, float]:
    """(rows a second, processor seconds of a row) of writing the rows that the inbox has, and nothing else."""
    address = product.environment["DATABASE_OWNER_URL"]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(_BARE)
        rows = connection.execute(
            "SELECT id, device_id, seq, kind, raw_at, happened_at, received_at, digest, body_sealed, state "
            "FROM devices_item WHERE kind = 'sample.taken' AND state = 'waiting' ORDER BY received_at DESC LIMIT 60000"
        ).fetchall()
    batches = [_copied(rows[at : at + BATCH]) for at in range(0, len(rows), BATCH)]
    before, began, own = _processor(product, "database"), time.perf_counter(), time.process_time()
    _write(address, batches)
    seconds = time.perf_counter() - began
    used = _processor(product, "database") - before + time.process_time() - own
    return len(rows) / seconds, used / len(rows)


def _copied(rows: Sequence[tuple[Any, ...]]) -> bytes:
    epoch = datetime(2000, 1, 1, tzinfo=UTC)

    def field(value: bytes) -> bytes:
        return struct.pack(">i", len(value)) + value

    def moment(value: datetime) -> bytes:
        return field(struct.pack(">q", round((value - epoch).total_seconds() * 1_000_000)))

    parts = [_COPY_HEAD]
    for id_, device, seq, kind, raw, happened, received, digest, body, state in rows:
        parts += [
            struct.pack(">h", 10), field(id_.bytes), field(device.bytes), field(struct.pack(">q", seq)),
            field(kind.encode()), moment(raw), moment(happened), moment(received), field(bytes(digest)),
            field(bytes(body)), field(state.encode()),
        ]  # fmt: skip
    parts.append(_COPY_END)
    return b"".join(parts)


def _write(address: str, batches: Sequence[bytes]) -> None:
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE staged (LIKE bare_item) ON COMMIT DELETE ROWS")
        connection.commit()
        for batch in batches:
            with cursor.copy(f"COPY staged ({_TYPES}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(batch)
            cursor.execute("INSERT INTO bare_item SELECT * FROM staged ON CONFLICT DO NOTHING")
            connection.commit()


def _checking(report: Report, product: Product, checks: int) -> None:
    world = json.loads(product.python("benchmarks.field_world", str(GATES), "0", "guard"))
    names = json.loads(product.python("benchmarks.field_names", "2000"))
    guards = [Phone(at, one["id"], one["secret"], 0, (), random.Random(at)) for at, one in enumerate(world["devices"])]
    rng = random.Random(9)

    def check(guard: Phone) -> Request:
        body = json.dumps({"pseudonym": rng.choice(names)}).encode()
        return guard.head("POST", "gate/check", len(body), encoding="identity", keeps=True) + body

    def now(guard: Phone) -> Request:
        return guard.head("GET", "now", 0, keeps=True)

    where = _where(product)
    rates: dict[str, float] = {}
    spent: dict[str, float] = {}
    for name, made in (("trivial", now), ("check", check)) * REPEATS:
        shares = [[made(guard) for _ in range(checks // GATES)] for guard in guards]
        before, began = _processor(product, "field"), time.perf_counter()
        asyncio.run(_ask_all(where, shares))
        seconds = time.perf_counter() - began
        total = sum(map(len, shares))
        rates[name] = max(rates.get(name, 0.0), total / seconds)
        spent[name] = min(spent.get(name, 9.9), (_processor(product, "field") - before) / total)
    report.plain("trivial answers", rates["trivial"], "rows/s", f"{GATES} gates ask at once; the server's clock")
    report.plain("gate checks", rates["check"], "rows/s", "the live status of somebody, by pseudonym")
    report.at_least("gate checks ÷ trivial answers", rates["check"] / rates["trivial"], CHECK_SHARE, "×", "a second")
    report.plain("trivial ÷ check, processor time of one", spent["trivial"] / spent["check"], "×", "the field server's")


def _where(product: Product) -> tuple[str, int]:
    parts = urlsplit(product.address)
    return parts.hostname or "", (parts.port or 80) + 1


def _parts(items: Sequence[dict[str, Any]]) -> list[Sequence[dict[str, Any]]]:
    return [items[at : at + BATCH] for at in range(0, len(items), BATCH)]


async def _send_all(
    where: tuple[str, int], requests: Sequence[Request], at_once: int, is_good: Callable[[Any], bool]
) -> None:
    waiting = list(reversed(requests))

    async def send() -> None:
        while waiting:
            request = waiting.pop()
            reader, writer = await asyncio.open_connection(*where)
            writer.write(request)
            answer = await reader.read()
            writer.close()
            head, _, body = answer.partition(b"\r\n\r\n")
            if b" 200 " not in head[:20] or not is_good(json.loads(body)):
                raise ProcessFailedError(f"refused: {answer[:300]!r}")

    await asyncio.gather(*(send() for _ in range(at_once)))


def _all_received(told: Any) -> bool:
    return all(one["state"] in ("received", "accepted") for one in told["answers"])


async def _ask_all(where: tuple[str, int], shares: Sequence[Sequence[Request]]) -> None:
    """Each share over one connection, one question after the other."""

    async def ask(share: Sequence[Request]) -> None:
        reader, writer = await asyncio.open_connection(*where)
        for request in share:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
            body = await reader.readexactly(length)
            if b" 200 " not in head[:20]:
                raise ProcessFailedError(f"refused: {head!r} {body!r}")
        writer.close()

    await asyncio.gather(*(ask(share) for share in shares))


def _processor(product: Product, *kinds: str) -> float:
    return processor_seconds_of([pid for pid in tree(product.pid) for kind in kinds if is_process(pid, kind)])


def _count(connection: psycopg.Connection, condition: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM devices_item WHERE {condition}").fetchone()  # type: ignore[call-overload]
    return int(row[0]) if row else 0


if __name__ == "__main__":
    from benchmarks.report import table

    print(table(run(quick="--quick" in sys.argv)))
