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
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from lianfang.engine.intake.contract import Problem
from lianfang.engine.intake.files.contract import MEBIBYTE

Result = TypeVar("Result")

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

    ``function`` must be importable by name, and arguments and results must pickle. A process takes one call
    after the other; one that dies costs the call it was at, and another takes its place. A call that ran out
    of ``memory_bytes`` gives ``Problem("out_of_memory", "refused")``, one whose process died or raised
    ``Problem("reader_died", "refused")`` with the last words in ``detail``. ``on_done(place, result)`` is
    called here as each ends. On any exception here, Ctrl-C included, every process is killed first.
    Call it from the main thread: on Linux a child dies with the thread that started it.
    """
    results: list[Any] = [None] * len(argument_tuples)
    waiting = list(reversed(range(len(argument_tuples))))
    running: list[_Worker] = []
    with tempfile.TemporaryDirectory(prefix="lianfang-") as folder:
        try:
            for number in range(min(max(1, workers), len(waiting))):
                running.append(_start(function, memory_bytes, Path(folder, str(number))))
                _give(running[-1], waiting, argument_tuples)
            while running:
                ready = wait([worker.pipe for worker in running])
                for worker in [worker for worker in running if worker.pipe in ready]:
                    results[worker.place], lives = _outcome(worker, memory_bytes)
                    done = worker.place
                    if not lives:
                        running.remove(worker)
                        worker.pipe.close()
                        if waiting:
                            worker = _start(function, memory_bytes, worker.said)
                            running.append(worker)
                    if waiting:
                        _give(worker, waiting, argument_tuples)
                    elif lives:
                        running.remove(worker)
                        worker.pipe.close()
                        worker.process.join()
                    if on_done is not None:
                        on_done(done, results[done])
        finally:
            for worker in running:
                worker.process.kill()
                worker.process.join()
    return results


def _start(function: Callable[..., Any], memory_bytes: int, said: Path) -> _Worker:
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
        return Problem("out_of_memory", "refused", params={"limit_mb": memory_bytes // MEBIBYTE})
    last = said.splitlines()[-1] if said else f"exit {code}"
    return Problem("reader_died", "refused", params={"detail": last[-_DETAIL_CHARACTERS:]})


def _child(function: Callable[..., Any], pipe: Connection, memory_bytes: int, said: Path, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(parent)
    # What a dying library writes belongs into the report, not across the clerk's screen.
    with said.open("wb", buffering=0) as log:
        os.dup2(log.fileno(), 2)
    _bound_memory(memory_bytes)
    while True:
        try:
            arguments = pipe.recv()
        except EOFError:
            return
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
    """Bound what the process may ask for beyond what it holds now, libraries included."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
