"""The workbook that a clerk prints: ``write_workbook``; its decisions come back by ``read_decisions``."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from xlsxwriter.exceptions import FileCreateError

from lianfang.engine.reconciliation.contract import Answer
from lianfang.foundation.texts import Texts
from lianfang.interfaces.provenance import Provenance
from lianfang.interfaces.workbook.archive import QuickWorkbook
from lianfang.interfaces.workbook.book import SHEETS, Book, Progress
from lianfang.interfaces.workbook.buildings import write_buildings
from lianfang.interfaces.workbook.cells import write_cells, write_changes
from lianfang.interfaces.workbook.conflicts import write_conflicts
from lianfang.interfaces.workbook.contradictions import write_contradictions
from lianfang.interfaces.workbook.look import Look
from lianfang.interfaces.workbook.method import write_method
from lianfang.interfaces.workbook.missing import write_missing
from lianfang.interfaces.workbook.overview import write_overview
from lianfang.interfaces.workbook.pairs import read_decisions, write_pairs
from lianfang.interfaces.workbook.positive import write_positive
from lianfang.interfaces.workbook.reading import write_reading
from lianfang.interfaces.workbook.simple_lists import (
    write_duplicates,
    write_pending,
    write_pending_tubes,
    write_uncounted,
    write_unmatched,
    write_unrostered,
)

__all__ = ["Progress", "read_decisions", "write_workbook"]

_WRITERS = {
    "overview": write_overview,
    "buildings": write_buildings,
    "missing": write_missing,
    "positive": write_positive,
    "pending_tubes": write_pending_tubes,
    "pending": write_pending,
    "unmatched": write_unmatched,
    "contradictions": write_contradictions,
    "uncounted": write_uncounted,
    "duplicates": write_duplicates,
    "conflicts": write_conflicts,
    "pairs": write_pairs,
    "unrostered": write_unrostered,
    "reading": write_reading,
    "cells": write_cells,
    "changes": write_changes,
    "method": write_method,
}


def _silent(sheet: str, done: int, total: int) -> None:
    """Progress that nobody asked for."""


def write_workbook(
    answer: Answer,
    path: Path,
    *,
    texts: Texts,
    made_at: datetime,
    version: str,
    full_identity: bool = False,
    objection_contact: str = "",
    on_progress: Progress = _silent,
) -> None:
    """Write the whole answer as one workbook that only its owner may read.

    ``on_progress`` is told (sheet, rows done, rows of the sheet). Identity numbers are masked unless
    ``full_identity``; phones are not, they must be called. Raises OSError where the file, or the
    working files beside it, cannot be written; then ``path`` is not a whole workbook.
    """
    path.touch(mode=0o600)
    path.chmod(0o600)
    with tempfile.TemporaryDirectory(prefix=".lianfang-", dir=path.parent) as folder:
        workbook = QuickWorkbook(str(path), {"constant_memory": True, "tmpdir": folder})
        workbook.set_properties(_properties(answer, texts, made_at, version))
        book = Book(
            workbook, Look(workbook, texts.language), texts, answer, Provenance(answer.records),
            full_identity, objection_contact, made_at, version, on_progress,
        )  # fmt: skip
        for key in SHEETS:
            _WRITERS[key](book)
        try:
            workbook.close()
        except FileCreateError as error:
            raise OSError(str(error)) from error


def _properties(answer: Answer, texts: Texts, made_at: datetime, version: str) -> dict[str, object]:
    as_of = answer.settings.as_of.strftime("%Y-%m-%d %H:%M")
    return {
        "title": texts("report.document_title", as_of=as_of),
        "subject": texts("report.document_subject"),
        "author": f"Lianfang {version}",
        "comments": texts("report.document_comment"),
        "created": made_at,
    }
