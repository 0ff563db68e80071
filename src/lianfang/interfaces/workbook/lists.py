"""One long list on one sheet: heading, header row, rows, filter, print set-up."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.interfaces.workbook.book import (
    LINE,
    ROW,
    Book,
    heading_width,
    lines_needed,
    set_widths,
    text_width,
)
from lianfang.interfaces.workbook.bulk import BulkSheet, Cells, Rows
from lianfang.interfaces.workbook.look import AMBER, AMBER_PALE, Kind, Tone

MOST_ROWS = 1_048_000
CHUNK = 20_000
MEASURED = 1_500

Values = Callable[[pa.Table], Cells]
Tones = Callable[[pa.Table], Sequence[Tone]]


@dataclass(frozen=True)
class ListColumn:
    """One column of a list.

    ``key`` names its heading (report.column). ``values`` gives its cells for a slice of the table.
    ``most`` bounds its width. A column that is not ``printed`` stands right of the print area; an
    ``optional`` one is left out where the whole list has nothing for it. A ``marked`` one shows in
    colour wherever it says something.
    """

    key: str
    values: Values
    kind: Kind = "text"
    most: float = 28.0
    least: float = 4.0
    printed: bool = True
    optional: bool = False
    marked: bool = False


def write_list(
    book: Book, key: str, table: pa.Table, columns: Sequence[ListColumn], *, tones: Tones | None = None
) -> None:
    """Write ``table`` as the sheet ``key``; more rows than a sheet takes go on to further sheets."""
    columns = present_columns(table, columns)
    widths = measured_widths(book, table, columns)
    starts = range(0, max(table.num_rows, 1), MOST_ROWS)
    for part, start in enumerate(starts, 1):
        piece = table.slice(start, MOST_ROWS)
        sheet = book.open_sheet(key, part=part)
        count = book.say("rows", count=table.num_rows)
        if len(starts) > 1:
            count += "  " + book.say("continued", part=part, parts=len(starts), first=start + 1)
        header = start_list(book, sheet, key, columns, widths, count=count)
        if not table.num_rows:
            write_nothing(book, sheet, header, len(columns), key)
            finish_list(book, sheet, columns, header, header + 1, filtered=False)
            continue
        end = _write_rows(book, sheet, header + 1, piece, columns, widths, tones)
        finish_list(book, sheet, columns, header, end - 1)


def present_columns(table: pa.Table, columns: Sequence[ListColumn]) -> list[ListColumn]:
    """Leave out optional columns that would be empty; those not printed go last."""
    kept = [
        column
        for column in columns
        if not column.optional or any(_says_something(column.values(chunk)) for chunk in _probes(table))
    ]
    return [c for c in kept if c.printed] + [c for c in kept if not c.printed]


def measured_widths(book: Book, table: pa.Table, columns: Sequence[ListColumn]) -> list[float]:
    """Widths by content of the first rows and by the heading, within each column's bounds."""
    first = table.slice(0, MEASURED)
    fixed = {"instant": 17.0, "day": 11.5, "percent": 8.5, "hours": 8.0, "number": 7.5}
    widths = []
    for column in columns:
        title = book.say(f"column.{column.key}")
        least = max(column.least, heading_width(title))
        if column.kind in fixed:
            widths.append(max(fixed[column.kind], least))
            continue
        # A few very long cells should not widen a column for all the others.
        found = sorted(text_width(str(value)) for value in as_list(column.values(first)) if value)
        usual = found[math.ceil(0.98 * (len(found) - 1))] if found else text_width(title)
        widths.append(max(least, min(column.most, usual + 2.0)))
    return widths


def start_list(
    book: Book,
    sheet: BulkSheet,
    key: str,
    columns: Sequence[ListColumn],
    widths: Sequence[float],
    *,
    count: str,
) -> int:
    """Heading and header row. Returns the header's row."""
    set_widths(sheet, widths)
    printed = sum(column.printed for column in columns)
    width = sum(widths[:printed])
    header = book.heading(sheet, key, printed - 1, count=count, width=width)
    titles = [book.say(f"column.{column.key}") for column in columns]
    needed = max(lines_needed(title, width) for title, width in zip(titles, widths, strict=True))
    sheet.set_row(header, LINE * needed + 6)
    for number, (column, title) in enumerate(zip(columns, titles, strict=True)):
        sheet.write_string(header, number, title, book.look.header(column.kind))
    return header


def finish_list(
    book: Book, sheet: BulkSheet, columns: Sequence[ListColumn], header: int, last_row: int, *, filtered: bool = True
) -> None:
    """Freeze, filter and print set-up of a list."""
    printed = sum(column.printed for column in columns)
    sheet.freeze_panes(header + 1, 0)
    if filtered:
        sheet.autofilter(header, 0, last_row, len(columns) - 1)
    sheet.repeat_rows(header)
    sheet.print_area(0, 0, last_row, printed - 1)
    sheet.fit_to_pages(1, 0)
    for number, column in enumerate(columns):
        if column.marked and last_row > header:
            filled = {"type": "no_blanks", "format": book.look.tint(bg_color=AMBER_PALE, font_color=AMBER)}
            sheet.conditional_format(header + 1, number, last_row, number, filled)


def write_nothing(book: Book, sheet: BulkSheet, header: int, columns: int, key: str) -> None:
    """The one line of an empty list, so that nobody wonders whether it was forgotten."""
    sheet.set_row(header + 1, 24)
    look = book.look(font_color="#1B6E3C", bold=True)
    sheet.write_string(header + 1, 0, book.say(f"none.{key}"), look)


def formats_of(book: Book, columns: Sequence[ListColumn], tone: Tone) -> list[Any]:
    return [book.look.cell(column.kind, tone) for column in columns]


def row_height(cells: Sequence[Any], wrapped: Sequence[tuple[int, float]]) -> float:
    """The height a row needs for its wrapped columns, given as (number, width)."""
    lines = 1
    for number, width in wrapped:
        value = cells[number]
        if value:
            lines = max(lines, lines_needed(str(value), width))
    return ROW if lines == 1 else LINE * lines + 4


def as_list(cells: Cells) -> Sequence[Any]:
    """The cells as Python values."""
    values: Sequence[Any] = cells.to_pylist() if isinstance(cells, pa.Array) else cells
    return values


def _says_something(cells: Cells) -> bool:
    if isinstance(cells, pa.Array):
        sizes = pc.binary_length(cells) if pa.types.is_string(cells.type) else cells
        return bool(pc.any(pc.not_equal(sizes, 0)).as_py())
    return any(cells)


def row_heights(columns: Sequence[Cells], wrapped: Sequence[tuple[int, float]], rows: int) -> Sequence[float]:
    """``row_height`` of every row, by columns."""
    lines = [1] * rows
    for number, width in wrapped:
        cells = as_list(columns[number])
        needed = {value: lines_needed(str(value), width) if value else 1 for value in set(cells)}
        lines = [max(most, needed[value]) for most, value in zip(lines, cells, strict=True)]
    return [ROW if most == 1 else LINE * most + 4 for most in lines]


def _write_rows(
    book: Book,
    sheet: BulkSheet,
    first_row: int,
    table: pa.Table,
    columns: Sequence[ListColumn],
    widths: Sequence[float],
    tones: Tones | None,
) -> int:
    styles: dict[Tone, int] = {"plain": 0, "red": 1, "amber": 2, "muted": 3, "green": 4}
    formats = [formats_of(book, columns, tone) for tone in styles]
    wrapped = [(n, widths[n]) for n, column in enumerate(columns) if column.kind == "wrapped"]
    name = sheet.get_name()

    def batches() -> Iterator[Rows]:
        done = 0
        for chunk in _chunks(table):
            worn = [styles[tone] for tone in tones(chunk)] if tones else [0] * chunk.num_rows
            cells = [column.values(chunk) for column in columns]
            yield Rows(worn, row_heights(cells, wrapped, chunk.num_rows), cells)
            done += chunk.num_rows
            book.on_progress(name, done, table.num_rows)

    return sheet.write_columns(first_row, formats, batches())


def _chunks(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, CHUNK):
        yield table.slice(start, CHUNK)


def _probes(table: pa.Table) -> Iterator[pa.Table]:
    """The whole table, a little of it first: most columns say something there already."""
    yield table.slice(0, MEASURED)
    yield from _chunks(table.slice(MEASURED))
