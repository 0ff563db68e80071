# ruff: noqa: E501
"""The files of a load: kept under a name nobody can guess, read in bounded processes, removed when the load is closed."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from lianfang.engine.intake.columns import ASK
from lianfang.engine.intake.contract import FileReading, Problem, Role, SheetReading
from lianfang.engine.intake.files import run_isolated
from lianfang.engine.intake.mapping import Memory
from lianfang.engine.intake.questions import Question, questions
from lianfang.engine.intake.reading import read_given

# One sheet as large as .xlsx allows is read in this much (config/cli/readings).
MEMORY_BYTES = 6 * 1024**3
WORTH_A_PROCESS = 1024**2
SUFFIXES = (".xlsx", ".xlsm", ".xls", ".et", ".ods", ".csv", ".tsv", ".txt", ".zip")
_CHUNK = 1024 * 1024


def folder() -> Path:
    return Path(settings.UPLOADS) / "results"


def keep(name: str, chunks: Iterable[bytes]) -> dict[str, Any]:
    """Store one file; gives back its line of ``ResultLoad.files``."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    stored = f"{uuid.uuid4().hex}{Path(name).suffix.lower()}"
    digest, size = hashlib.sha256(), 0
    with (folder() / stored).open("xb") as out:
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            out.write(chunk)
    return {"name": Path(name).name[:200], "size": size, "digest": digest.hexdigest(), "stored_as": stored}


def chunks_of(file: BinaryIO) -> Iterable[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def remove(files: Sequence[dict[str, Any]]) -> None:
    """The content is in the database by now, or nobody wants it any more."""
    for file in files:
        (folder() / file["stored_as"]).unlink(missing_ok=True)


def read_files(files: Sequence[dict[str, Any]], role: Role, *, as_of: datetime, memory: Memory) -> list[FileReading]:
    """Read each file in a process of its own; one that died gives a refused reading of that file."""
    paths = [folder() / file["stored_as"] for file in files]
    workers = max(1, min(len(paths), os.cpu_count() or 1, 1 + sum(map(_size, paths)) // WORTH_A_PROCESS))
    found = run_isolated(
        read_given, [(path, role, as_of, memory) for path in paths], workers=workers, memory_bytes=MEMORY_BYTES
    )
    return [_named(file, result) for file, result in zip(files, found, strict=True)]


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _named(file: dict[str, Any], result: FileReading | Problem) -> FileReading:
    """Under the name that the clerk knows; a laboratory that names itself nowhere is named after the file."""
    if isinstance(result, Problem):
        return FileReading(file["name"], "", file["digest"], file["size"], problems=(result,))
    return FileReading(
        file["name"], result.format, result.sha256, result.size, result.sheets, result.problems, result.encoding
    )


def understood(reading: FileReading) -> dict[str, Any]:
    """What the page shows of a file: sheets, columns, problems, questions. Examples are cells of columns only where a
    question must be answered; they are kept with the load and go with it."""
    return {
        "format": reading.format, "refused": reading.refused, "problems": [_problem(one) for one in reading.problems],
        "sheets": [_sheet(sheet) for sheet in reading.sheets], "questions": [_question(one) for one in questions(reading)],
    }  # fmt: skip


def _sheet(sheet: SheetReading) -> dict[str, Any]:
    return {
        "name": sheet.sheet, "header_rows": list(sheet.header_rows), "rows": sheet.rows.num_rows,
        "skipped": len(sheet.skipped), "problems": [_problem(one) for one in sheet.problems],
        "unread": sum(severity == "error" for severity in sheet.notes["severity"].to_pylist()),
        "columns": [
            {"column": one.column, "label": one.label, "fields": list(one.fields), "confidence": round(one.confidence, 3),
             "how": one.how, "is_sure": one.confidence >= ASK, "codes": dict(one.codes), "filled": one.filled}
            for one in sheet.columns
        ],
    }  # fmt: skip


def _problem(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "severity": problem.severity, "sheet": problem.sheet, "row": problem.row,
            "column": problem.column, "params": dict(problem.params)}  # fmt: skip


def _question(question: Question) -> dict[str, Any]:
    return {"kind": question.kind, "sheet": question.sheet, "column": question.column, "label": question.label,
            "code": question.code, "field": question.field, "options": [name for name, _ in question.options][:8],
            "examples": [one[:40] for one in question.examples[:3]]}  # fmt: skip
