"""Counts over whole townships, counted once for everybody who looks.

A count is kept in the memory of the web process together with how far the histories of its tables had come; whatever
is written moves a history on, so that the writer's next page counts anew. What is written by a transaction that lasts,
such as a load, may show up to KEPT_SECONDS late; where no transaction was writing, the count holds until one writes.

A count that takes long is not repeated for every look while a night goes on: who comes meanwhile reads the last one,
at most TIMES_ITS_COST as old as it took, and never older than LONGEST_SECONDS.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar, cast

from django.core.cache import cache
from django.db import connection

from lianfang.foundation.access.actor import Actor

KEPT_SECONDS = 5
# From here on a count is dear: 300,000 people took 0.1 s to 0.6 s to count, on every look of twenty.
DEAR_SECONDS = 0.1
TIMES_ITS_COST = 20
LONGEST_SECONDS = 15.0
_FORGOTTEN_SECONDS = 3600
Found = TypeVar("Found")

_at_work: dict[str, Lock] = {}
_at_work_lock = Lock()


@dataclass(frozen=True, slots=True)
class _Kept:
    """``is_settled``: nobody wrote when the count began. ``cost`` and ``counted_at`` in seconds."""

    how_far: tuple[int, ...]
    found: Any
    counted_at: float
    cost: float
    is_settled: bool

    def holds(self, how_far: tuple[int, ...], seconds: float) -> bool:
        age = time.monotonic() - self.counted_at
        if self.how_far == how_far and (self.is_settled or age < seconds):
            return True
        return self.cost >= DEAR_SECONDS and age < min(TIMES_ITS_COST * self.cost, LONGEST_SECONDS)


def counted(
    actor: Actor,
    name: str,
    histories: Sequence[str],
    count: Callable[[], Found],
    *given: object,
    seconds: float = KEPT_SECONDS,
) -> Found:
    """What ``count`` gives, for the places of ``actor`` and ``given``; ``histories`` are names of tables of events."""
    key = ":".join(map(str, ("counted", name, actor.level, *actor.scope_ids, *given)))
    how_far = _how_far(histories)
    kept: _Kept | None = cache.get(key)
    if kept is not None and kept.holds(how_far, seconds):
        return cast(Found, kept.found)
    lock = _lock_of(key)
    # Somebody counts this very number: the last one is good enough meanwhile, and two would only hinder each other.
    if not lock.acquire(blocking=kept is None or kept.cost < DEAR_SECONDS):
        assert kept is not None
        return cast(Found, kept.found)
    try:
        fresh: _Kept | None = cache.get(key)
        if fresh is not None and fresh is not kept and fresh.how_far == how_far and fresh.holds(how_far, seconds):
            return cast(Found, fresh.found)
        is_settled = not _is_anybody_writing()
        begun = time.monotonic()
        found = count()
        counted_at = time.monotonic()
        cache.set(key, _Kept(how_far, found, counted_at, counted_at - begun, is_settled), _FORGOTTEN_SECONDS)
        return found
    finally:
        lock.release()


def _lock_of(key: str) -> Lock:
    with _at_work_lock:
        if len(_at_work) > 10_000:
            # A lock that somebody holds goes on to work; at worst a number is counted twice.
            _at_work.clear()
        return _at_work.setdefault(key, Lock())


def _how_far(histories: Sequence[str]) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        # Names of tables of this program, never input. A sequence says 1 before and after its first number.
        cursor.execute(
            "SELECT " + ", ".join(f"(SELECT last_value + is_called::int FROM {name}_pgh_id_seq)" for name in histories)
        )
        return cast(tuple[int, ...], cursor.fetchone())


def _is_anybody_writing() -> bool:
    """Numbers of a history are given before their transaction is committed. Where none writes after they were read,
    whoever has one is done, and a count that begins now sees it. (The bounds of a snapshot do not tell: they leave out
    the transactions that began after the last one that ended.)"""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock')"
        )
        return bool(cursor.fetchone()[0])
