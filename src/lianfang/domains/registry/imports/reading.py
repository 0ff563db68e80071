"""Reads the files of an import in bounded processes of their own, never in the one that serves pages."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from lianfang.engine.intake.contract import FileReading, Problem
from lianfang.engine.intake.files import run_isolated
from lianfang.engine.intake.mapping import Memory
from lianfang.engine.intake.reading import read_given

# 200,000 rows of 15 columns are read in a third of this.
MEMORY_BYTES = 2 * 1024**3
_WORKERS = 2


def read_files(
    paths: Sequence[Path], *, as_of: datetime, memory: Memory, tell: Callable[[int, int], None]
) -> list[FileReading]:
    """One reading per file, in order; a process that died or ran out of memory gives a refused reading.

    ``tell(done, total)`` is called as each file ends.
    """
    done = 0

    def told(place: int, result: FileReading | Problem) -> None:
        nonlocal done
        done += 1
        tell(done, len(paths))

    found = run_isolated(
        read_given,
        [(path, "roster", as_of, memory) for path in paths],
        workers=min(_WORKERS, os.cpu_count() or 1),
        memory_bytes=MEMORY_BYTES,
        on_done=told,
    )
    return [_reading(path, one) for path, one in zip(paths, found, strict=True)]


def _reading(path: Path, result: FileReading | Problem) -> FileReading:
    if isinstance(result, FileReading):
        return result
    return FileReading(path.name, "", "", 0, problems=(result,))
