"""The cells that were not understood, and what was changed while reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.intake.contract import FileReading, SheetReading
from lianfang.interfaces.provenance import ranges
from lianfang.interfaces.workbook.book import Book
from lianfang.interfaces.workbook.columns import plain
from lianfang.interfaces.workbook.lists import ListColumn, write_list
from lianfang.interfaces.workbook.look import Tone

# Two hundred cells of one column with one fault are one thing to mend: these are shown, the rest named.
MOST_ALIKE = 8
MOST_EXAMPLES = 3
_NOTE_TABLES = ("note",)


def write_cells(book: Book) -> None:
    """Every cell that was not understood, or only with a doubt, with its reference and the fix."""
    table = _cells_table(book)
    columns = [
        ListColumn("file", plain("file"), most=30),
        ListColumn("sheet", plain("sheet"), most=16, optional=True),
        ListColumn("cell", plain("cell"), least=8, most=10),
        ListColumn("field", plain("field"), most=16),
        ListColumn("as_it_stood", plain("original"), most=30),
        ListColumn("wrong", plain("said"), "wrapped", most=52),
        ListColumn("read_as_value", plain("value"), most=24),
    ]
    severities: dict[str | None, Tone] = {"error": "red", "warning": "amber"}

    def tones(chunk: pa.Table) -> Sequence[Tone]:
        return [severities.get(severity, "plain") for severity in chunk.column("severity").to_pylist()]

    write_list(book, "cells", table, columns, tones=tones)


def _cells_table(book: Book) -> pa.Table:
    """Errors first; cells of one column with one fault together, the many of them in one line."""
    found = sorted(doubtful_cells(book.answer.readings), key=lambda cell: cell[2]["severity"] != "error")
    rows: list[dict[str, Any]] = []
    for _, group in groupby(found, key=_fault):
        alike = list(group)
        rows += [_cell_row(book, *cell) for cell in alike[:MOST_ALIKE]]
        if len(alike) > MOST_ALIKE:
            rows.append(_rest_row(book, alike[MOST_ALIKE:]))
    names = ("file", "sheet", "cell", "field", "original", "said", "value", "severity")
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in names]))


def _fault(cell: tuple[str, str, dict[str, Any]]) -> tuple[Any, ...]:
    file, sheet, note = cell
    return file, sheet, note["column"], note["field"], note["code"], note["severity"]


def _cell_row(book: Book, file: str, sheet: str, note: dict[str, Any]) -> dict[str, Any]:
    return {
        "file": file,
        "sheet": sheet,
        "cell": f"{note['column'] or ''}{note['row'] or ''}",
        "field": book.texts.of_code("field", note["field"]) if note["field"] else "",
        "original": book.cell_text((note["field"],), note["original"]),
        "said": book.texts.of_code(_NOTE_TABLES, note["code"]),
        "value": book.cell_text((note["field"],), note["value"]),
        "severity": note["severity"],
    }


def _rest_row(book: Book, alike: Sequence[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    file, sheet, note = alike[0]
    rows = ranges([(cell["row"] or 0, 0) for _, _, cell in alike])
    said = book.say("more_alike", count=len(alike), column=note["column"] or "", rows=rows)
    shown = {"cell": note["column"], "said": said, "original": "…", "value": None}
    return _cell_row(book, file, sheet, note) | shown


def doubtful_cells(
    readings: Sequence[tuple[str, FileReading]],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(file, sheet, note) of every cell note that is an error or a warning."""
    for _, reading in readings:
        for sheet in reading.sheets:
            severities = pc.is_in(sheet.notes.column("severity"), pa.array(["error", "warning"]))
            for note in sheet.notes.filter(severities).to_pylist():
                yield reading.file, sheet.sheet, note


def write_changes(book: Book) -> None:
    """What was changed while reading, by kind, with how often and a few examples."""
    columns = [
        ListColumn("change", plain("said"), "wrapped", most=56),
        ListColumn("field", plain("field"), most=20),
        ListColumn("times", plain("times"), "number"),
        ListColumn("change_examples", plain("examples"), "wrapped", most=70),
        ListColumn("files", plain("files"), "wrapped", most=40),
    ]
    write_list(book, "changes", _changes_table(book), columns)


def _changes_table(book: Book) -> pa.Table:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for _, reading in book.answer.readings:
        for sheet in reading.sheets:
            _count_changes(book, reading.file, sheet, found)
    rows = [
        {
            "said": book.texts.of_code(_NOTE_TABLES, code),
            "field": book.texts.of_code("field", field) if field else "",
            "times": seen["times"],
            "examples": "\n".join(seen["examples"]),
            "files": ", ".join(seen["files"]),
        }
        for (code, field), seen in sorted(found.items(), key=lambda item: (-item[1]["times"], item[0]))
    ]
    texts = [(name, pa.string()) for name in ("said", "field", "examples", "files")]
    return pa.Table.from_pylist(rows, schema=pa.schema([*texts, ("times", pa.int64())]))


def _count_changes(book: Book, file: str, sheet: SheetReading, found: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Add one sheet's changes: counted in Arrow, only the examples come to Python."""
    changed = sheet.notes.filter(pc.equal(sheet.notes.column("severity"), "changed"))
    counted = changed.group_by(["code", "field"]).aggregate([("row", "count")])
    for group in counted.to_pylist():
        key = (group["code"] or "", group["field"] or "")
        seen = found.setdefault(key, {"times": 0, "examples": [], "files": {}})
        seen["times"] += group["row_count"]
        seen["files"][file] = None
        room = MOST_EXAMPLES - len(seen["examples"])
        if room > 0:
            of_kind = pc.equal(changed.column("code"), group["code"])
            for note in changed.filter(of_kind).slice(0, room).to_pylist():
                before, after = (book.cell_text((note["field"],), note[name]) for name in ("original", "value"))
                cell = f"{note['column'] or ''}{note['row'] or ''}"
                seen["examples"].append(f"{cell}: {before} → {after or '—'}")
