"""Runs a whole process and measures it: wall time, processor time, memory of the process and all it starts.

Memory is read from /proc twenty-five times a second:

- ``peak_tree`` is the highest sum, at one moment, of the resident memory of all processes of the tree. Pages that
  processes share are counted for each of them, so this is an upper bound of what the job took, but for spikes
  shorter than the interval.
- ``peak_single`` is the largest high-water mark (VmHWM, kept by the kernel, no spike is missed) of one process.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

INTERVAL_SECONDS = 0.04
GIBIBYTE = 1024**3
MEBIBYTE = 1024**2
AS_INSTALLED = Path(__file__).parent / "as_installed"


class ProcessFailedError(RuntimeError):
    """A measured process ended with an exit code that means no answer."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured process. Bytes and seconds; ``output`` is what it wrote to standard output."""

    seconds: float
    processor_seconds: float
    peak_tree: int
    peak_single: int
    exit_code: int
    output: str
    errors: str


def measure(
    command: Sequence[str], *, accepted: Sequence[int] = (0,), as_installed: bool = True, cwd: Path | None = None
) -> Run:
    """Run ``command`` to its end; with ``as_installed`` without what only developers install (as_installed/).

    Raises ``ProcessFailedError`` where its exit code is not ``accepted``.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "160"}
    if as_installed:
        environment["PYTHONPATH"] = str(AS_INSTALLED)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, cwd=cwd, env=environment
        )
        peak_tree, peak_single, seconds, usage, exit_code = _watch(process, started)
        texts = []
        for stream in (out, errors):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", "replace"))
    run = Run(seconds, usage, peak_tree, peak_single, exit_code, *texts)
    if exit_code not in accepted:
        raise ProcessFailedError(f"exit code {exit_code}: {' '.join(command[:6])} …\n{run.errors[-2000:]}")
    return run


def _watch(process: subprocess.Popen[bytes], started: float) -> tuple[int, int, float, float, int]:
    peak_tree = peak_single = 0
    while True:
        now, high = memory_of(tree(process.pid))
        peak_tree, peak_single = max(peak_tree, now), max(peak_single, high)
        # wait4, because it alone tells the processor time of a child together with that of its own children.
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            return peak_tree, peak_single, seconds, usage.ru_utime + usage.ru_stime, process.returncode
        time.sleep(INTERVAL_SECONDS)


def tree(root: int) -> list[int]:
    """The process ids of ``root`` and of all that it and its children started, as far as they still run."""
    pids = [root]
    for pid in pids:
        try:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                pids += [int(child) for child in (thread / "children").read_text().split()]
        except OSError:
            continue  # It ended while we looked: it holds nothing any more.
    return pids


def memory_of(pids: Sequence[int]) -> tuple[int, int]:
    """Resident memory now, summed, and the largest high-water mark, in bytes."""
    total = highest = 0
    for pid in pids:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue  # As above.
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                highest = max(highest, int(line.split()[1]) * 1024)
            elif line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total, highest


def proportional_memory_of(pids: Sequence[int]) -> dict[int, int]:
    """Process id → bytes of memory (PSS): a page that n processes share counts as an n-th for each, so that a sum
    counts it once."""
    found = {}
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue  # As above.
        found[pid] = sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
    return found


def processor_seconds_of(pids: Sequence[int]) -> float:
    """User and system time so far, with that of children that ended and were waited for."""
    ticks = 0
    for pid in pids:
        try:
            # The name, in brackets, may hold blanks.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # As above.
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")
