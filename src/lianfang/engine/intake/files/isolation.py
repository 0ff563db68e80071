"""Runs a function on each of many inputs, each in a process of its own with a bound on its memory.

The last defence against a hostile or broken file: what kills a reader kills one process, costs one file, and
leaves the others. No process outlives its parent.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
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
class _Job:
    place: int
    process: BaseProcess
    receiver: Connection
    said: Path


def run_isolated(
    function: Callable[..., Result],
    argument_tuples: Sequence[tuple[Any, ...]],
    *,
    workers: int,
    memory_bytes: int,
    on_done: Callable[[int, Result | Problem], None] | None = None,
) -> list[Result | Problem]:
    """Call ``function(*arguments)`` for each tuple, at most ``workers`` at a time; results in order.

    ``function`` must be importable by name, and arguments and results must pickle. A call that ran out of
    ``memory_bytes`` gives ``Problem("out_of_memory", "refused")``, one whose process died or raised
    ``Problem("reader_died", "refused")`` with the last words in ``detail``. ``on_done(place, result)`` is
    called here as each ends. On any exception here, Ctrl-C included, every process is killed first.
    Call it from the main thread: on Linux a child dies with the thread that started it.
    """
    results: list[Any] = [None] * len(argument_tuples)
    waiting = list(reversed(range(len(argument_tuples))))
    running: list[_Job] = []
    with tempfile.TemporaryDirectory(prefix="lianfang-") as folder:
        try:
            while waiting or running:
                while waiting and len(running) < max(1, workers):
                    place = waiting.pop()
                    running.append(
                        _start(place, function, argument_tuples[place], memory_bytes, Path(folder, str(place)))
                    )
                ready = wait([job.receiver for job in running])
                for job in [job for job in running if job.receiver in ready]:
                    results[job.place] = _outcome(job, memory_bytes)
                    running.remove(job)
                    if on_done is not None:
                        on_done(job.place, results[job.place])
        finally:
            for job in running:
                job.process.kill()
                job.process.join()
    return results


def _start(place: int, function: Callable[..., Any], arguments: tuple[Any, ...], memory_bytes: int, said: Path) -> _Job:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=_child, args=(function, arguments, sender, memory_bytes, said, os.getpid()), daemon=True
    )
    process.start()
    sender.close()
    return _Job(place, process, receiver, said)


def _outcome(job: _Job, memory_bytes: int) -> Any:
    try:
        outcome = job.receiver.recv()
    except EOFError:
        job.process.join()
        return _why(job, memory_bytes)
    finally:
        job.receiver.close()
    job.process.join()
    return outcome


def _why(job: _Job, memory_bytes: int) -> Problem:
    said = job.said.read_text("utf-8", "replace").strip() if job.said.exists() else ""
    code = job.process.exitcode
    by_the_system = code == -signal.SIGKILL
    if code == _OUT_OF_MEMORY_EXIT or by_the_system or any(sign in said for sign in _ALLOCATION_FAILED):
        return Problem("out_of_memory", "refused", params={"limit_mb": memory_bytes // MEBIBYTE})
    last = said.splitlines()[-1] if said else f"exit {code}"
    return Problem("reader_died", "refused", params={"detail": last[-_DETAIL_CHARACTERS:]})


def _child(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    sender: Connection,
    memory_bytes: int,
    said: Path,
    parent: int,
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(parent)
    # What a dying library writes belongs into the report, not across the clerk's screen.
    with said.open("wb", buffering=0) as log:
        os.dup2(log.fileno(), 2)
    _bound_memory(memory_bytes)
    try:
        sender.send(function(*arguments))
    except MemoryError:
        os._exit(_OUT_OF_MEMORY_EXIT)
    sender.close()


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
