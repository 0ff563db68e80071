"""Runs a function on each of many inputs, each in a process of its own with a bound on its memory.

The last defence against a hostile or broken file: what kills a reader kills one process, costs one file, and
leaves the others. No process outlives its parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from lianfang.engine.intake.contract import Problem

Result = TypeVar("Result")

_MEBIBYTE = 1024**2
_SET_DEATH_SIGNAL = 1
_OUT_OF_MEMORY_EXIT = 86
_ALLOCATION_FAILED = (
    "memory allocation of",
    "bad_alloc",
    "MemoryError",
    "Cannot allocate memory",
    "capacity overflow",
    "failed to map segment",
)
_DETAIL_CHARACTERS = 300


@dataclass(slots=True)
class _Worker:
    """One process, the call it is at, and the file that takes what it writes to standard error."""

    process: BaseProcess
    pipe: Connection
    said: Path
    place: int = -1


def run_isolated(
    function: Callable[..., Result],
    argument_tuples: Sequence[tuple[Any, ...]],
    *,
    workers: int,
    memory_bytes: int,
    on_done: Callable[[int, Result | Problem], None] | None = None,
) -> list[Result | Problem]:
    """Call ``function(*arguments)`` for each tuple, at most ``workers`` at a time; results in order.

    ``function`` must be importable by name. All else as ``Workers`` has it.
    """
    with Workers(function, workers=min(workers, len(argument_tuples)), memory_bytes=memory_bytes) as started:
        return started.run(argument_tuples, on_done=on_done)


class Workers:
    """Processes that wait for calls of one function, so that they may start while what they are called with is not
    known yet. ``function`` must be importable by name; it may be given as "module:name", which imports it there only.

    Arguments and results must pickle. A process takes one call after the other; one that dies costs the call it was
    at, and another takes its place. Use it as a context manager, in the main thread: on Linux a child dies with the
    thread that started it. On leaving, Ctrl-C included, every process that is left is killed first.
    """

    def __init__(self, function: Callable[..., Any] | str, *, workers: int, memory_bytes: int) -> None:
        self._function = function
        self._memory_bytes = memory_bytes
        self._running: list[_Worker] = []
        self._folder = tempfile.TemporaryDirectory(prefix="lianfang-")
        try:
            for number in range(workers):
                self._running.append(_start(function, memory_bytes, Path(self._folder.name, str(number))))
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(
        self, argument_tuples: Sequence[tuple[Any, ...]], *, on_done: Callable[[int, Any], None] | None = None
    ) -> list[Any]:
        """Call the function once for each tuple; results in order. To be called once: the processes end with it.

        A call that ran out of memory gives ``Problem("out_of_memory", "refused")``, one whose process died or raised
        ``Problem("reader_died", "refused")`` with the last words in ``detail``. ``on_done(place, result)`` is called
        here as each ends.
        """
        results: list[Any] = [None] * len(argument_tuples)
        waiting = list(reversed(range(len(argument_tuples))))
        for worker in [*self._running]:
            self._go_on(worker, waiting, argument_tuples)
        while self._running:
            ready = wait([worker.pipe for worker in self._running])
            for worker in [worker for worker in self._running if worker.pipe in ready]:
                done = worker.place
                results[done], lives = _outcome(worker, self._memory_bytes)
                if not lives:
                    self._running.remove(worker)
                    worker.pipe.close()
                    if waiting:
                        self._running.append(_start(self._function, self._memory_bytes, worker.said))
                        self._go_on(self._running[-1], waiting, argument_tuples)
                else:
                    self._go_on(worker, waiting, argument_tuples)
                if on_done is not None:
                    on_done(done, results[done])
        return results

    def _go_on(self, worker: _Worker, waiting: list[int], argument_tuples: Sequence[tuple[Any, ...]]) -> None:
        """Give the worker its next call; where there is none, let it end."""
        if waiting:
            _give(worker, waiting, argument_tuples)
            return
        self._running.remove(worker)
        worker.pipe.close()
        worker.process.join()

    def _end(self) -> None:
        for worker in self._running:
            worker.process.kill()
            worker.process.join()
        self._folder.cleanup()


def _start(function: Callable[..., Any] | str, memory_bytes: int, said: Path) -> _Worker:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_child, args=(function, there, memory_bytes, said, os.getpid()), daemon=True)
    process.start()
    there.close()
    return _Worker(process, here, said)


def _give(worker: _Worker, waiting: list[int], argument_tuples: Sequence[tuple[Any, ...]]) -> None:
    worker.place = waiting.pop()
    # A process that died at once is noticed when its answer is waited for.
    with contextlib.suppress(BrokenPipeError):
        worker.pipe.send(argument_tuples[worker.place])


def _outcome(worker: _Worker, memory_bytes: int) -> tuple[Any, bool]:
    """The result of the call that ``worker`` was at, and whether its process still lives."""
    try:
        return pickle.loads(worker.pipe.recv_bytes()), True
    except (EOFError, ConnectionResetError):
        worker.process.join()
        return _why(worker, memory_bytes), False


def _why(worker: _Worker, memory_bytes: int) -> Problem:
    said = worker.said.read_text("utf-8", "replace").strip() if worker.said.exists() else ""
    code = worker.process.exitcode
    by_the_system = code == -signal.SIGKILL
    if code == _OUT_OF_MEMORY_EXIT or by_the_system or any(sign in said for sign in _ALLOCATION_FAILED):
        return Problem("out_of_memory", "refused", params={"limit_mb": memory_bytes // _MEBIBYTE})
    last = said.splitlines()[-1] if said else f"exit {code}"
    return Problem("reader_died", "refused", params={"detail": last[-_DETAIL_CHARACTERS:]})


def _child(function: Callable[..., Any] | str, pipe: Connection, memory_bytes: int, said: Path, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(parent)
    # What a dying library writes belongs into the report, not across the clerk's screen.
    with said.open("wb", buffering=0) as log:
        os.dup2(log.fileno(), 2)
    _bound_memory(memory_bytes)
    if isinstance(function, str):
        module, _, name = function.partition(":")
        function = cast("Callable[..., Any]", getattr(import_module(module), name))
    while True:
        try:
            arguments = pipe.recv()
        except EOFError:
            # Whoever asked waits for this process, and there is nothing to put away.
            os._exit(0)
        os.ftruncate(2, 0)
        os.lseek(2, 0, os.SEEK_SET)
        try:
            # The newest protocol writes Arrow's buffers as they lie; the usual one copies them piece by piece.
            pipe.send_bytes(pickle.dumps(function(*arguments), pickle.HIGHEST_PROTOCOL))
        except MemoryError:
            os._exit(_OUT_OF_MEMORY_EXIT)


def _die_with(parent: int) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _bound_memory(memory_bytes: int) -> None:
    """Bound what the process may ask for beyond what it holds now.

    Only addresses can be bounded, and a library that is loaded already may have reserved a gigabyte of them without
    using any.
    """
    if sys.platform == "win32":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    most = pages * resource.getpagesize() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
