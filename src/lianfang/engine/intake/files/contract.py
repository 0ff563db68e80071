"""What opening a file gives back, and how much a file may be before it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lianfang.engine.intake.contract import Problem
from lianfang.engine.intake.values.contract import Cell

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read before it is refused; every value may be set by the caller.

    A full sheet of 1,048,576 rows and 15 columns passes all of them.

    - ``max_file_bytes``: size on disk; looked at before a byte is read.
    - ``max_inflated_bytes``: all parts of a zipped workbook together, unpacked. Measured by
      unpacking, since the sizes that an archive declares may be untrue.
    - ``max_ratio``: unpacked to packed size of one part, looked at beyond ``ratio_free_bytes``.
      The same word in 2 million cells makes 25; the most that deflate can do is 1,032.
    - ``max_shared_text_bytes``: the table of shared strings, which is held in memory whole.
    - ``max_text_bytes``: text of all cells of one sheet, each repetition of a shared string counted.
    - ``max_rows_per_sheet``, ``max_columns``: the rectangle from the first to the last filled cell.
    - ``max_cells``: area of these rectangles, all sheets of the file together, because readers hold
      the empty cells of a rectangle too (about 100 bytes per filled cell at the peak).
    - ``max_line_bytes``: one line of a text file. ``max_sheets``: sheets read of one workbook.
    """

    max_file_bytes: int = 200 * MEBIBYTE
    max_inflated_bytes: int = 2048 * MEBIBYTE
    max_ratio: int = 100
    ratio_free_bytes: int = 64 * MEBIBYTE
    max_shared_text_bytes: int = 1024 * MEBIBYTE
    max_text_bytes: int = 2048 * MEBIBYTE
    max_rows_per_sheet: int = 1_100_000
    max_columns: int = 1_000
    max_cells: int = 25_000_000
    max_sheets: int = 300
    max_line_bytes: int = 8 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class RawSheet:
    """The filled rectangle of one sheet, as it stood.

    ``rows`` are equally long for workbooks and may differ in length for text files; an empty cell
    and an error cell (#N/A) are None. ``rows[0]`` is row ``first_row`` (from 1) of the spreadsheet
    program and its first cell column ``first_column`` (from 0). ``merged`` holds (top, left, bottom,
    right), absolute, from 0. ``formulas_without_value`` of the ``formulas`` were saved uncalculated.
    """

    name: str
    rows: list[list[Cell]]
    first_row: int = 1
    first_column: int = 0
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden: bool = False
    formulas: int = 0
    formulas_without_value: int = 0


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file that was read, or the reason why not: then ``sheets`` is empty and a problem of
    severity "refused" that names no sheet says why.

    ``format`` is what the content is, not what the name says: xlsx, xlsm, xlsb, xls, et, ods, csv, tsv,
    html (a table saved as .xls), xml (Excel 2003 XML), or "" where it is none of these. ``encoding`` is
    given for text. ``sha256`` is "" where the file was refused unread.
    """

    file: str
    format: str
    encoding: str | None
    sha256: str
    size: int
    sheets: tuple[RawSheet, ...] = ()
    problems: tuple[Problem, ...] = ()


class RefusedError(Exception):
    """A check found a reason not to read the file, or the sheet. Never leaves this package."""

    def __init__(
        self,
        code: str,
        *,
        sheet: str | None = None,
        row: int | None = None,
        column: str | None = None,
        **params: str | int | float,
    ) -> None:
        super().__init__(code)
        self.problem = Problem(code, "refused", sheet=sheet, row=row, column=column, params=params)


@dataclass(slots=True)
class Marked:
    """Cells that share a peculiarity: how many, and the first few with what they showed."""

    count: int = 0
    first: list[tuple[int, int, str]] = field(default_factory=list)

    SHOWN = 20

    def add(self, row: int, column: int, text: str = "") -> None:
        """Count the cell at ``row`` (from 0), ``column`` (from 0)."""
        self.count += 1
        if len(self.first) < self.SHOWN:
            self.first.append((row, column, text))

    def problem(self, code: str, severity: Literal["error", "warning"], sheet: str) -> Problem:
        """The problem that names these cells; there must be at least one."""
        names = [f"{cell_name(row, column)} {text}".strip() for row, column, text in self.first]
        row, column, _ = self.first[0]
        listed = ", ".join(names) + (" …" if self.count > len(names) else "")
        params: Mapping[str, str | int] = {"count": self.count, "cells": listed}
        return Problem(code, severity, sheet=sheet, row=row + 1, column=column_letters(column), params=params)


@dataclass(slots=True)
class SheetScan:
    """What is known of a sheet before it is read: a bound of its filled rectangle, and its formulas.

    ``last_row`` and ``last_column`` count from 0 and are never less than those of the last filled cell;
    ``first_row`` and ``first_column`` are never more than the true ones. ``zero_formulas`` were saved with
    the value 0, as programs do that write formulas without calculating them.
    """

    first_row: int = 0
    first_column: int = 0
    last_row: int = -1
    last_column: int = -1
    formulas: int = 0
    zero_formulas: int = 0
    uncalculated: Marked = field(default_factory=Marked)
    errors: Marked = field(default_factory=Marked)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    text_bytes: int = 0

    @property
    def rows(self) -> int:
        return max(0, self.last_row - self.first_row + 1)

    @property
    def columns(self) -> int:
        return max(0, self.last_column - self.first_column + 1)

    def fill(self, row: int, column: int) -> None:
        """Widen the rectangle to hold one more filled cell."""
        if self.last_row < 0:
            self.first_row, self.first_column = row, column
        self.first_row = min(self.first_row, row)
        self.first_column = min(self.first_column, column)
        self.last_row = max(self.last_row, row)
        self.last_column = max(self.last_column, column)

    def fits(self, limits: Limits) -> bool:
        return (
            self.rows <= limits.max_rows_per_sheet
            and self.columns <= limits.max_columns
            and self.rows * self.columns <= limits.max_cells
            and self.text_bytes <= limits.max_text_bytes
        )

    def refuse_if_too_big(self, limits: Limits, sheet: str | None) -> None:
        """Raise ``RefusedError`` naming the farthest cell where the rectangle is over a limit."""
        cell = cell_name(max(self.last_row, 0), max(self.last_column, 0))
        if self.columns > limits.max_columns:
            raise RefusedError("sheet_too_wide", sheet=sheet, columns=self.columns, limit=limits.max_columns, cell=cell)
        if self.rows > limits.max_rows_per_sheet:
            raise RefusedError(
                "sheet_too_long", sheet=sheet, rows=self.rows, limit=limits.max_rows_per_sheet, cell=cell
            )
        if self.rows * self.columns > limits.max_cells:
            raise RefusedError(
                "sheet_too_many_cells",
                sheet=sheet,
                cells=self.rows * self.columns,
                limit=limits.max_cells,
                cell=cell,
            )
        if self.text_bytes > limits.max_text_bytes:
            raise RefusedError("sheet_too_much_text", sheet=sheet, limit_mb=limits.max_text_bytes // MEBIBYTE)


def column_letters(index: int) -> str:
    """The letters of a column counted from 0: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index > 0:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """The column, from 0, of capital letters as a spreadsheet program shows them."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def cell_name(row: int, column: int) -> str:
    """The name of a cell counted from 0: (0, 1) is B1."""
    return f"{column_letters(column)}{row + 1}"
