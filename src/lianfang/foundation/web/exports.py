"""Rows → a file to take away: .xlsx or .csv, saying who made it, when and what for.

Text stays text: a cell that begins like a formula is written as a string in .xlsx, and behind an apostrophe in .csv,
because a spreadsheet would run it on the reader's machine.
"""

from __future__ import annotations

import csv
import io
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Any, Literal

from django.http import FileResponse
from django.utils import timezone

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.web.language import t

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

CONTENT_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
LAST_ROW = 1_048_576
LONGEST_CELL = 32_767
# A spreadsheet keeps 15 digits of a number; a longer one (an identity number) is text.
EXACT_DIGITS = 15
ROWS_MEASURED = 300
NARROWEST, WIDEST = 8, 60


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """``width`` in characters; None takes it from the first rows."""

    title: str
    width: float | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """What stands above the rows."""

    title: str
    actor: Actor
    purpose: str
    at: datetime

    def lines(self) -> list[str]:
        at = timezone.localtime(self.at).strftime("%Y-%m-%d %H:%M")
        who = f"{self.actor.name}（{self.actor.place_label}）" if self.actor.place_label else self.actor.name
        purpose = t("web.export.purpose", purpose=self.purpose)
        return [t("web.export.made", name=who, at=at), purpose, t("web.export.care")]


def export_rows(
    rows: Iterable[Sequence[object]],
    columns: Sequence[ExportColumn],
    *,
    title: str,
    actor: Actor,
    purpose: str,
    form: Literal["xlsx", "csv"] = "xlsx",
) -> FileResponse:
    """The rows as a download named after ``title``; all of them are read before the answer starts.

    ``purpose`` is the words of why the data leaves the system. Memory does not grow with the rows. The caller
    authorises and audits.
    """
    provenance = Provenance(title, actor, purpose, timezone.now())
    file = write_xlsx(rows, columns, provenance) if form == "xlsx" else write_csv(rows, columns, provenance)
    stamp = timezone.localtime(provenance.at).strftime("%Y-%m-%d %H%M")
    name = f"{_file_name(title)} {stamp}.{form}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPES[form])


def write_csv(rows: Iterable[Sequence[object]], columns: Sequence[ExportColumn], provenance: Provenance) -> IO[bytes]:
    """UTF-8 with the mark that Excel needs, heading first; the provenance stands after the rows."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the answer closes it)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_harmless(column.title) for column in columns])
    count = 0
    for row in rows:
        writer.writerow([_csv_cell(value) for value in row])
        count += 1
    writer.writerow([])
    for line in (provenance.title, *provenance.lines(), t("web.export.rows", count=count)):
        writer.writerow([_harmless(line)])
    text.flush()
    text.detach()
    file.seek(0)
    return file


def write_xlsx(rows: Iterable[Sequence[object]], columns: Sequence[ExportColumn], provenance: Provenance) -> IO[bytes]:
    """One sheet, or as many as the rows need; the heading is frozen, filtered and repeated in print."""
    # Here, because it takes 10 MiB that a web process which writes no file need not hold.
    import xlsxwriter

    file = tempfile.TemporaryFile()  # noqa: SIM115  (the answer closes it)
    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    book.set_properties({"title": provenance.title, "author": provenance.actor.name, "created": _naive(provenance.at)})
    _Sheets(book, columns, provenance).write(rows)
    book.close()
    file.seek(0)
    return file


class _Sheets:
    """Writes rows into a workbook, opening another sheet where one is full."""

    def __init__(self, book: Any, columns: Sequence[ExportColumn], provenance: Provenance) -> None:
        self.book = book
        self.columns = columns
        self.provenance = provenance
        font = {"font_name": "等线", "font_size": 11, "valign": "vcenter"}
        self.plain = book.add_format(font)
        self.title = book.add_format({**font, "bold": True, "font_size": 14})
        self.note = book.add_format({**font, "font_color": "#4A5764", "font_size": 9})
        self.head = book.add_format({**font, "bold": True, "bg_color": "#E3EFF1", "bottom": 1})
        self.when = book.add_format({**font, "num_format": "yyyy-mm-dd hh:mm"})
        self.day = book.add_format({**font, "num_format": "yyyy-mm-dd"})
        self.part = 0

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        sheet, at, head_at = self._open()
        widths = [_shown_width(column.title) for column in self.columns]
        for count, row in enumerate(rows):
            if at == LAST_ROW:
                self._finish(sheet, head_at, at, widths)
                sheet, at, head_at = self._open()
            for place, value in enumerate(row):
                self._cell(sheet, at, place, value)
                if count < ROWS_MEASURED and place < len(widths):
                    widths[place] = max(widths[place], _shown_width(value))
            at += 1
        self._finish(sheet, head_at, at, widths)

    def _open(self) -> tuple[Any, int, int]:
        self.part += 1
        name = t("web.export.sheet")
        if self.part > 1:
            name = t("web.export.more_sheets", name=name, part=self.part)
        sheet = self.book.add_worksheet(name)
        sheet.write_string(0, 0, self.provenance.title, self.title)
        lines = self.provenance.lines()
        for place, line in enumerate(lines, 1):
            sheet.write_string(place, 0, line, self.note)
        head_at = len(lines) + 1
        for place, column in enumerate(self.columns):
            sheet.write_string(head_at, place, column.title, self.head)
        return sheet, head_at + 1, head_at

    def _finish(self, sheet: Any, head_at: int, end: int, widths: list[int]) -> None:
        for place, column in enumerate(self.columns):
            width = column.width or min(WIDEST, max(NARROWEST, widths[place] + 2))
            sheet.set_column(place, place, width, self.plain)
        sheet.freeze_panes(head_at + 1, 0)
        sheet.autofilter(head_at, 0, max(head_at, end - 1), max(0, len(self.columns) - 1))
        sheet.repeat_rows(head_at)
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&L&8&A&R&8&P / &N")

    def _cell(self, sheet: Any, at: int, place: int, value: object) -> None:
        if value is None or value == "":
            return
        if isinstance(value, datetime):
            sheet.write_datetime(at, place, _naive(value), self.when)
        elif isinstance(value, date):
            sheet.write_datetime(at, place, value, self.day)
        elif isinstance(value, int | float) and not isinstance(value, bool) and _is_exact(value):
            sheet.write_number(at, place, value, self.plain)
        else:
            sheet.write_string(at, place, str(value)[:LONGEST_CELL], self.plain)


def _is_exact(value: float) -> bool:
    return abs(value) < 10**EXACT_DIGITS and value == value  # NaN is unlike itself


def _csv_cell(value: object) -> object:
    if isinstance(value, datetime):
        return _naive(value).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, int | float) or value is None:
        return value
    return _harmless(str(value))


def _harmless(text: str) -> str:
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def _naive(at: datetime) -> datetime:
    """Spreadsheets know no time zones: the installation's local time."""
    return timezone.localtime(at).replace(tzinfo=None) if timezone.is_aware(at) else at


def _shown_width(value: object) -> int:
    """Characters on screen: one of Chinese is as wide as two of Latin."""
    if isinstance(value, datetime):
        return 16
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in str(value)[:WIDEST])


def _file_name(title: str) -> str:
    kept = "".join("_" if letter in '\\/:*?"<>|' or ord(letter) < 32 else letter for letter in title)
    return kept.strip(" .")[:80] or "lianfang"
