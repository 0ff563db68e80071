"""What intake says of a file: the sheets, the columns and how sure it is, the rows, the cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from lianfang.engine.tables import CELL_NOTES

Role = Literal["roster", "samples", "results", "exempt"]
ROLES: tuple[Role, ...] = ("roster", "samples", "results", "exempt")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person must know about a file, a sheet, a row or a column.

    ``code`` has a text in every language (intake.toml, [problem]); ``params`` fill its gaps.
    ``severity`` is "refused" (nothing of the file, or sheet, was used), "error" (part was not used),
    or "warning".
    """

    code: str
    severity: Literal["refused", "error", "warning"]
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    params: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnReading:
    """How one column was understood.

    ``fields`` is empty where the column means none of the canonical fields, and names two or more
    where one column holds several ("姓名/电话"). ``confidence`` is 0–1; ``how`` is "label",
    "content", "label+content", "memory" (a decision in the mapping file), "asked" or "none".
    ``group`` numbers repeated column groups (several people in one row) from 0.
    ``alternatives`` are the next best fields with their confidence. ``codes`` is the declared code
    table. ``examples`` are up to three cells as they stood.
    """

    column: str
    label: str
    fields: tuple[str, ...]
    confidence: float
    how: str
    group: int = 0
    alternatives: tuple[tuple[str, float], ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    filled: int = 0


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row inside the table that is not a record: "total", "repeated_header", "note", "empty" …"""

    row: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class SheetReading:
    """One table of one sheet. ``rows`` has ``row``, ``part`` and one column per canonical field and
    companion that was found; values are normalised, types as in ``engine.tables`` where listed there.
    """

    sheet: str
    header_rows: tuple[int, ...]
    columns: tuple[ColumnReading, ...]
    rows: pa.Table
    notes: pa.Table = field(default_factory=CELL_NOTES.empty)
    skipped: tuple[SkippedRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    looks_like: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class FileReading:
    """Everything understood of one file. ``refused`` where a problem of that severity names no sheet.

    ``encoding`` is given for text files.
    """

    file: str
    format: str
    sha256: str
    size: int
    sheets: tuple[SheetReading, ...] = ()
    problems: tuple[Problem, ...] = ()
    encoding: str | None = None

    @property
    def refused(self) -> bool:
        return any(problem.severity == "refused" and problem.sheet is None for problem in self.problems)
