"""Reads many files at once, each in a process of its own, and says what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lianfang.config.cli.console import Console
from lianfang.engine.intake.contract import FileReading, Problem, Role
from lianfang.engine.intake.isolation import Workers
from lianfang.interfaces.problems import problem_words

if TYPE_CHECKING:
    from lianfang.engine.intake.mapping import Memory

# By name: the processes that read need it, this one does not, and its import takes as long as starting them.
_READ_GIVEN = "lianfang.engine.intake.reading:read_given"
# One sheet as large as .xlsx allows (1,048,576 rows of 15 columns) is read in this much.
MEMORY_BYTES = 6 * 1024**3
WORTH_A_PROCESS = 1024**2
_ZIP, _ZIPPED = b"PK\x03\x04", 3


@dataclass(frozen=True, slots=True)
class Given:
    """A file as it was given on the command line."""

    role: Role | None
    path: Path


def workers_for(files: int, size: int, *, cores: int) -> int:
    """How many processes to read so many files of ``size`` bytes together with."""
    # Few files do not come out even: with one process more the last of them does not leave a processor idle.
    at_once = cores + 1 if cores < files < 2 * cores else cores
    # Starting a process costs about as much as reading this much.
    return max(1, min(files, at_once, 1 + size // WORTH_A_PROCESS))


def readers_for(given: Sequence[Given]) -> Workers:
    """As many reading processes as these files are worth; they get ready while the caller prepares the rest."""
    size = sum(_size(one.path) for one in given)
    workers = workers_for(len(given), size, cores=os.cpu_count() or 1)
    return Workers(_READ_GIVEN, workers=workers, memory_bytes=MEMORY_BYTES)


def read_all(
    given: Sequence[Given], *, as_of: datetime, memory: Memory, console: Console, readers: Workers
) -> list[FileReading]:
    """Read every file with ``readers``, which end with it; a process that died or ran out of memory gives a refused
    reading of that file."""
    with console.progress() as progress:
        task = progress.add_task(console.text("command.reading", file=""), total=len(given))

        def tell(place: int, result: FileReading | Problem) -> None:
            reading = _as_reading(given[place], result)
            rows = sum(sheet.rows.num_rows for sheet in reading.sheets)
            progress.update(task, advance=1, description=console.text("command.reading", file=reading.file))
            done = int(progress.tasks[0].completed)
            line = console.text(
                "command.read",
                done=done,
                total=len(given),
                file=reading.file,
                sheets=len(reading.sheets),
                rows=f"{rows:,}",
            )
            console.tell(line)

        # The longest first, so that no process is left alone with it at the end.
        order = sorted(range(len(given)), key=lambda place: -_effort(given[place].path))
        found = readers.run(
            [(given[place].path, given[place].role, as_of, memory) for place in order],
            on_done=lambda position, result: tell(order[position], result),
        )
    results = dict(zip(order, found, strict=True))
    return [_as_reading(one, results[place]) for place, one in enumerate(given)]


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _effort(path: Path) -> int:
    """How long reading takes, in bytes of text: zipped workbooks hold several times as much as they are long."""
    if not path.is_file():
        return 0
    try:
        with path.open("rb") as handle:
            is_zipped = handle.read(len(_ZIP)) == _ZIP
    except OSError:
        # Whoever reads it will meet the same and say so.
        return 0
    return _size(path) * (_ZIPPED if is_zipped else 1)


def _as_reading(given: Given, result: FileReading | Problem) -> FileReading:
    if isinstance(result, FileReading):
        return result
    return FileReading(given.path.name, "", "", 0, problems=(result,))


def problem_line(console: Console, file: str, problem: Problem) -> str:
    """One problem as a line that names file, sheet, row or cell, what is wrong and the fix."""
    text = problem_words(console.texts, problem)
    if problem.row is not None and problem.column is not None:
        cell = f"{problem.column}{problem.row}"
        return console.text("command.problem.cell", file=file, sheet=problem.sheet or "", cell=cell, text=text)
    if problem.row is not None and problem.sheet:
        return console.text("command.problem.row", file=file, sheet=problem.sheet, row=problem.row, text=text)
    if problem.column is not None:
        return console.text(
            "command.problem.cell", file=file, sheet=problem.sheet or "", cell=problem.column, text=text
        )
    if problem.sheet:
        return console.text("command.problem.sheet", file=file, sheet=problem.sheet, text=text)
    return console.text("command.problem.file", file=file, text=text)


def tell_problems(console: Console, file: str, problems: Iterable[Problem]) -> bool:
    """Print problems, the refused in red. Returns whether there was one."""
    any_told = False
    for problem in problems:
        any_told = True
        line = problem_line(console, file, problem)
        if problem.severity == "warning":
            console.warn(line)
        else:
            console.error(line)
    return any_told
