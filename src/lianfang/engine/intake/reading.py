"""From a file to understood rows: the door of intake."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from lianfang.engine.intake.assembling import assemble
from lianfang.engine.intake.columns import ASK, ColumnCells, Mapped, map_columns
from lianfang.engine.intake.contract import FileReading, Problem, Role, SheetReading
from lianfang.engine.intake.detection import Grid, Table, find_tables
from lianfang.engine.intake.files import Limits, RawSheet, open_file
from lianfang.engine.intake.mapping import Memory
from lianfang.engine.intake.neighbours import side_by_side
from lianfang.engine.intake.roles import looks_like, role_problem
from lianfang.engine.intake.values.contract import Cell

Progress = Callable[[str, int, int], None]
_USEFUL = 0.5


def read_file(
    path: Path,
    *,
    as_of: datetime,
    role: Role | None = None,
    memory: Memory | None = None,
    limits: Limits | None = None,
    on_progress: Progress | None = None,
) -> FileReading:
    """Everything that can be understood of a file; never raises for what is in it.

    ``role`` is what the file is given for: sheets that cannot serve it are named in ``problems``.
    ``on_progress(stage, done, total)`` is told "opening" and "understanding", in sheets.
    """
    with _collector_at_rest():
        return _read_file(path, as_of, role, memory, limits or Limits(), on_progress or _tell_nobody)


def read_given(path: Path, role: Role | None, as_of: datetime, memory: Memory) -> FileReading:
    """``read_file`` as a reading process runs it: importable by name, without the rest of the program."""
    return read_file(path, as_of=as_of, role=role, memory=memory)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Millions of cells are created and none of them is in a cycle: walking them again and again looking for one
    takes longer than reading them (3.2 against 2.0 times the bare reader on 200,000 × 12 cells)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read_file(
    path: Path, as_of: datetime, role: Role | None, memory: Memory | None, limits: Limits, tell: Progress
) -> FileReading:
    tell("opening", 0, 1)
    opened = open_file(path, limits=limits)
    tell("opening", 1, 1)
    waiting = list(opened.sheets)
    about = replace(opened, sheets=())
    del opened
    total = len(waiting)
    sheets: list[SheetReading] = []
    for number in range(total):
        tell("understanding", number, total)
        # Each sheet's raw cells are let go as soon as its columns are built.
        sheets += understand_sheet(waiting.pop(0), as_of=as_of, memory=memory, role=role)
    tell("understanding", total, total)
    problems = [*about.problems]
    if role is not None and sheets:
        problems += _role_problems(sheets, role)
    return FileReading(
        about.file, about.format, about.sha256, about.size, tuple(sheets), tuple(problems), about.encoding
    )


def _tell_nobody(stage: str, done: int, total: int) -> None:
    """Progress that nobody asked for."""


def _role_problems(sheets: Sequence[SheetReading], role: Role) -> list[Problem]:
    """Nothing where a sheet serves the role: the others of a workbook are lists beside it."""
    found = [role_problem(sheet.sheet, fields_of(sheet), role) for sheet in sheets]
    if any(problem is None or problem.severity == "warning" for problem in found):
        return [problem for problem in found if problem is not None and problem.severity == "warning"]
    return [problem for problem in found if problem is not None]


def fields_of(sheet: SheetReading) -> frozenset[str]:
    """The fields that a sheet has columns for, as sure as makes them useful; and those filled otherwise."""
    named = {name for column in sheet.columns if column.confidence >= _USEFUL for name in column.fields}
    return frozenset(named | (set(sheet.rows.column_names) & {"building", "unit", "compound", "community"}))


def understand_sheet(
    raw: RawSheet, *, as_of: datetime, memory: Memory | None = None, role: Role | None = None
) -> tuple[SheetReading, ...]:
    """The tables of one sheet, from left to right, each part from top to bottom."""
    whole = Grid(_evened(raw))
    parts = side_by_side(whole)
    grids = [Grid(part) for part in parts] if parts else [whole]
    return tuple(_understand_table(grid, table, as_of, memory, role) for grid in grids for table in find_tables(grid))


def _evened(raw: RawSheet) -> RawSheet:
    """The sheet with rows of one length."""
    widths = set(map(len, raw.rows))
    if len(widths) <= 1:
        return raw
    width = max(widths)
    return replace(raw, rows=[row if len(row) == width else row + [None] * (width - len(row)) for row in raw.rows])


def _understand_table(
    grid: Grid, table: Table, as_of: datetime, memory: Memory | None, role: Role | None
) -> SheetReading:
    raw = grid.raw
    sources = _columns_of(grid, table)
    title = f"{table.title} {raw.name}"
    recall = memory.recall if memory else None
    unpivot = role not in ("roster", "exempt")
    mapped = map_columns(sources, sheet=raw.name, title=title, recall=recall, unpivot=unpivot)
    cells: Mapping[int, Sequence[Cell]] = {i: source.cells for i, source in enumerate(sources)}
    rows, notes, problems = assemble(raw, table, mapped, cells, as_of)
    reading = SheetReading(
        sheet=raw.name,
        header_rows=tuple(raw.first_row + row for row in table.header),
        columns=mapped.columns,
        rows=rows,
        notes=notes,
        skipped=table.skipped,
        problems=(*mapped.problems, *problems, *_unsure(raw.name, mapped), *_no_header(raw.name, table)),
    )
    return replace(reading, looks_like=looks_like(fields_of(reading)))


def _columns_of(grid: Grid, table: Table) -> list[ColumnCells]:
    """The columns that have a label or a cell."""
    columns = [column.chosen(table.records) for column in grid.columns]
    return [
        ColumnCells(grid.raw.first_column + index, levels, cells)
        for index, (levels, cells) in enumerate(zip(table.levels, columns, strict=True))
        if levels or cells.filled()
    ]


def _unsure(sheet: str, mapped: Mapped) -> list[Problem]:
    """Columns that hold something and about which a person should be asked."""
    return [
        Problem(
            "column_unsure",
            "warning",
            sheet=sheet,
            column=column.column,
            params={"label": column.label, "field": "+".join(column.fields), "confidence": column.confidence},
        )
        for column in mapped.columns
        if column.fields and column.confidence < ASK
    ]


def _no_header(sheet: str, table: Table) -> list[Problem]:
    return [] if table.header or not table.records else [Problem("no_header", "warning", sheet=sheet)]
