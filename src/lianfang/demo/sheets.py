"""Writing the demo's spreadsheets: .xlsx, .xls (also under the name .et) and .csv behind one small door.

A ``Book`` is one list that may have several sheets and may spill over into further files. Rows are
written in blocks; every block answers with where it landed, so that the truth can point at cells.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TextIO

import xlsxwriter
import xlwt

Cell = str | int | float | datetime | None
Row = Sequence[Cell]

MARK = "演示数据·人员均为虚构"
"""Stands in the title row of every sheet and on the first line of every CSV file."""

ROWS_PER_CSV = 1_000_000
"""A CSV file rolls over here, so that a spreadsheet program (1,048,576 rows) still opens it whole."""


class Ref(NamedTuple):
    """A row of a file as the spreadsheet program shows it, from 1. ``sheet`` is "" for CSV."""

    file: str
    sheet: str
    row: int

    def as_json(self) -> dict[str, str | int]:
        return {"file": self.file, "sheet": self.sheet, "row": self.row}


_WIDTHS = (
    *(("证", 22), ("身份", 22), ("电话", 15), ("手机", 15), ("联系", 15), ("址", 28), ("时间", 20), ("码", 16)),
    *(("编号", 16), ("采样点", 20), ("采样组", 24), ("机构", 24), ("单位", 24), ("结果", 14), ("Ct", 16)),
    *(("原因", 22), ("备注", 28), ("社区", 14), ("小区", 16), ("序号", 6), ("性别", 6)),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands above the rows: a title, then one or two header rows.

    In a two-row header a blank to the right of a label belongs to that label, and a blank below a
    label continues it; .xlsx merges those cells.
    """

    title: str
    header: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> int:
        return len(self.header[-1])

    def widths(self) -> list[int]:
        """Column widths in characters, wide enough that nothing is hidden."""
        labels = [lower or upper for upper, lower in zip(self.header[0], self.header[-1], strict=True)]
        return [next((w for word, w in _WIDTHS if word in label), 10) for label in labels]


class Span(NamedTuple):
    """Cells of a header that are one: rows and columns from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


def header_spans(header: tuple[tuple[str, ...], ...]) -> list[Span]:
    """The merged areas of a one- or two-row header, counted from the header's first row."""
    if len(header) == 1:
        return []
    upper, lower = header
    spans = []
    column = 0
    while column < len(upper):
        end = column
        while end + 1 < len(upper) and not upper[end + 1] and lower[end + 1]:
            end += 1
        if not lower[column]:
            spans.append(Span(0, column, 1, column))
        elif end > column:
            spans.append(Span(0, column, 0, end))
        column = end + 1
    return spans


class SheetWriter(Protocol):
    """One open file. Rows go to the sheet that was started last."""

    def start(self, sheet: str, layout: Layout) -> int:
        """Begin a sheet; return the row number (from 1) on which the first record will stand."""
        ...

    def write(self, row: int, rows: Sequence[Row]) -> None:
        """Write ``rows`` from spreadsheet row ``row`` (from 1) on."""
        ...

    def close(self) -> None: ...


class XlsxWriter:
    """Streams rows out, one in memory at a time, where the header is one row.

    Cells merged over two header rows need both in memory: such lists, which are small, are kept whole.
    """

    def __init__(self, path: Path, created: datetime, streams: bool) -> None:
        self._book = xlsxwriter.Workbook(
            str(path), {"constant_memory": streams, "default_date_format": "yyyy-mm-dd hh:mm"}
        )
        self._book.set_properties({"created": created, "comments": MARK})
        self._title = self._book.add_format({"bold": True, "font_size": 14, "align": "center"})
        self._label = self._book.add_format({"bold": True, "align": "center", "border": 1, "text_wrap": True})
        self._sheet: Any = None

    def start(self, sheet: str, layout: Layout) -> int:
        self._sheet = page = self._book.add_worksheet(sheet)
        for column, width in enumerate(layout.widths()):
            page.set_column(column, column, width)
        page.merge_range(0, 0, 0, layout.columns - 1, layout.title, self._title)
        for index, labels in enumerate(layout.header):
            for column, label in enumerate(labels):
                page.write_string(index + 1, column, label, self._label)
        page.freeze_panes(len(layout.header) + 1, 0)
        for span in header_spans(layout.header):
            text = layout.header[span.top][span.left]
            page.merge_range(span.top + 1, span.left, span.bottom + 1, span.right, text, self._label)
        return len(layout.header) + 2

    def write(self, row: int, rows: Sequence[Row]) -> None:
        text, number = self._sheet.write_string, self._sheet.write_number
        for index, cells in enumerate(rows, row - 1):
            for column, cell in enumerate(cells):
                if cell is None or cell == "":
                    continue
                if isinstance(cell, str):
                    text(index, column, cell)
                elif isinstance(cell, datetime):
                    self._sheet.write_datetime(index, column, cell)
                else:
                    number(index, column, cell)

    def close(self) -> None:
        self._book.close()


class XlsWriter:
    """BIFF8, for .xls and for .et, which WPS writes in the same format."""

    ROWS = 65_536

    def __init__(self, path: Path) -> None:
        self._path = path
        self._book = xlwt.Workbook(encoding="utf-8")
        self._sheet: Any = None
        self._bold = xlwt.easyxf("font: bold on; align: horiz centre")
        self._moment = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm")

    def start(self, sheet: str, layout: Layout) -> int:
        self._sheet = page = self._book.add_sheet(sheet)
        for column, width in enumerate(layout.widths()):
            page.col(column).width = width * 256
        page.write_merge(0, 0, 0, layout.columns - 1, layout.title, self._bold)
        covered = set()
        for span in header_spans(layout.header):
            text = layout.header[span.top][span.left]
            page.write_merge(span.top + 1, span.bottom + 1, span.left, span.right, text, self._bold)
            covered |= {
                (row, column) for row in range(span.top, span.bottom + 1) for column in range(span.left, span.right + 1)
            }
        for index, labels in enumerate(layout.header):
            for column, label in enumerate(labels):
                if (index, column) not in covered:
                    page.write(index + 1, column, label, self._bold)
        return len(layout.header) + 2

    def write(self, row: int, rows: Sequence[Row]) -> None:
        put = self._sheet.write
        for index, cells in enumerate(rows, row - 1):
            for column, cell in enumerate(cells):
                if cell is None or cell == "":
                    continue
                if isinstance(cell, datetime):
                    put(index, column, cell, self._moment)
                else:
                    put(index, column, cell)
        self._sheet.flush_row_data()

    def close(self) -> None:
        self._book.save(str(self._path))


class CsvWriter:
    """The title and the header rows stand above the records, as when a sheet is saved as CSV."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._stream: TextIO = path.open("w", encoding=encoding, newline="")
        self._rows = csv.writer(self._stream)

    def start(self, sheet: str, layout: Layout) -> int:
        blanks = [""] * (layout.columns - 1)
        self._rows.writerow([layout.title, *blanks])
        self._rows.writerows(layout.header)
        return len(layout.header) + 2

    def write(self, row: int, rows: Sequence[Row]) -> None:
        self._rows.writerows(rows)

    def close(self) -> None:
        self._stream.close()


@dataclass(slots=True)
class Landing:
    """Where a block of rows was put: its first row stands on ``row``, the others below it."""

    file: str
    sheet: str
    row: int

    def ref(self, index: int) -> Ref:
        return Ref(self.file, self.sheet, self.row + index)


@dataclass(slots=True)
class Book:
    """One list on disk: ``folder/stem.suffix``, and ``stem-002.suffix`` … once a file is full."""

    folder: Path
    stem: str
    suffix: str
    layout: Layout
    created: datetime
    encoding: str = "utf-8-sig"
    paths: list[Path] = field(default_factory=list)
    serial: int = 0
    _writer: SheetWriter | None = None
    _sheet: str = ""
    _next_row: int = 1

    @property
    def is_csv(self) -> bool:
        return self.suffix == ".csv"

    def _row_limit(self) -> int:
        if self.is_csv:
            return ROWS_PER_CSV
        return XlsWriter.ROWS - 16 if self.suffix in {".xls", ".et"} else 1_048_560

    def _open_file(self) -> None:
        self.finish_file()
        number = len(self.paths) + 1
        name = f"{self.stem}{self.suffix}" if number == 1 else f"{self.stem}-{number:03d}{self.suffix}"
        path = self.folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.paths.append(path)
        if self.is_csv:
            self._writer = CsvWriter(path, self.encoding)
        elif self.suffix == ".xlsx":
            self._writer = XlsxWriter(path, self.created, streams=len(self.layout.header) == 1)
        else:
            self._writer = XlsWriter(path)

    def start_sheet(self, name: str, title: str) -> None:
        """Begin a sheet. A CSV file has no sheets: only its first call has an effect."""
        if self.is_csv and self._writer is not None:
            return
        if self._writer is None:
            self._open_file()
        else:
            self._write_notes()
        self._begin(name, title)

    def _begin(self, name: str, title: str) -> None:
        assert self._writer is not None
        layout = Layout(f"{title}（{MARK}）", self.layout.header, self.layout.notes)
        self._next_row = self._writer.start(name, layout)
        self._sheet = "" if self.is_csv else name
        self.layout = layout

    def write(self, rows: Sequence[Row]) -> Landing:
        """Write a block that stays together in one file and sheet; say where it landed."""
        assert self._writer is not None, "start_sheet comes first"
        if self._next_row + len(rows) > self._row_limit():
            sheet = self._sheet or self.stem
            title = self.layout.title.removesuffix(f"（{MARK}）")
            self._open_file()
            self._begin(sheet, title)
        landing = Landing(self.paths[-1].name, self._sheet, self._next_row)
        self._writer.write(self._next_row, rows)
        self._next_row += len(rows)
        return landing

    def _write_notes(self) -> None:
        if self._writer is not None and self.layout.notes:
            self._writer.write(self._next_row, [(note,) for note in self.layout.notes])
            self._next_row += len(self.layout.notes)

    def finish_file(self) -> None:
        """Write the notes below the table and close the file; more can be written to a next one."""
        if self._writer is not None:
            self._write_notes()
            self._writer.close()
            self._writer = None
