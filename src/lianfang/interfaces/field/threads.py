"""Where the database is asked: a few threads, each with a session of its own, given back when nothing happens."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

from lianfang.interfaces.field.problems import RequestProblemError

THREADS = 4
# More than this wait already: whoever comes now is served sooner by coming again.
MOST_WAITING = 400
_IDLE_SECONDS, _TRUSTED_SECONDS = 30.0, 1.0
_session = threading.local()

Given = ParamSpec("Given")
Found = TypeVar("Found")


class Threads:
    """Runs functions that use the database. Made inside of the event loop that uses it."""

    def __init__(self, count: int = THREADS) -> None:
        self._count = count
        self._executor = self._new()
        self._waiting = 0
        self._used_at = 0.0
        self._is_open = False

    async def run(self, function: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
        """Raises RequestProblemError 503 where too many wait already."""
        if self._waiting >= MOST_WAITING:
            raise RequestProblemError(503, "busy", retry_after=2)
        self._waiting += 1
        self._used_at, self._is_open = time.monotonic(), True
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._executor, lambda: _with_database(function, *args, **kwargs)
            )
        finally:
            self._waiting -= 1

    async def rest(self) -> None:
        """Give back threads and database sessions whenever nothing was asked for a while; never returns."""
        while True:
            await asyncio.sleep(_IDLE_SECONDS / 2)
            if self._is_open and not self._waiting and time.monotonic() - self._used_at > _IDLE_SECONDS:
                await self.close()

    async def close(self) -> None:
        """End the threads, each after closing its session; they start again when there is something to do."""
        old, self._executor, self._is_open = self._executor, self._new(), False
        started = len(old._threads)
        barrier = threading.Barrier(started + 1)
        loop = asyncio.get_running_loop()
        closings = [loop.run_in_executor(old, _close_sessions, barrier) for _ in range(started)]
        await asyncio.to_thread(barrier.wait, 10)
        await asyncio.gather(*closings)
        old.shutdown(wait=False)

    def _new(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._count, "field")


def _close_sessions(barrier: threading.Barrier) -> None:
    connections.close_all()
    # Each thread takes one of these, as none is free again before all have.
    barrier.wait(10)


def _with_database(function: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
    # A session is asked whether it still works only where it rested: a request of a busy server would wait for that
    # as long as for a query.
    if time.monotonic() - getattr(_session, "used_at", 0.0) > _TRUSTED_SECONDS:
        close_old_connections()
    try:
        return function(*args, **kwargs)
    except Exception:
        close_old_connections()
        raise
    finally:
        _session.used_at = time.monotonic()
