"""The daily table as the form has it: one sheet per level, days down, seven figures across, ready to print."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime
from typing import IO, Any

from lianfang.domains.command.daily import FIGURES, Cell, DailySummary, Line
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.web.language import t

WIDTHS = (14, *(13 for _ in FIGURES))


def write_daily_table(summary: DailySummary, *, actor: Actor, place_label: str, at: datetime) -> IO[bytes]:
    """An .xlsx file, at its beginning. Names that look like formulas are written as text."""
    # Here, because it takes 10 MiB that a web process which writes no file need not hold.
    import xlsxwriter

    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer that it is sent with closes it
    book = xlsxwriter.Workbook(
        file, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"title": t("command_post.table.title", place=place_label), "author": actor.name})
    formats = _formats(book)
    days = _Sheet(book, t("command_post.table.by_day"), formats)
    days.write(
        t("command_post.table.title", place=place_label), t("command_post.figure.day"), summary.days, total=False
    )
    communities = _Sheet(book, t("command_post.table.by_community"), formats)
    on = summary.last_on.isoformat()
    communities.write(
        t("command_post.table.title_on", place=place_label, on=on),
        t("command_post.figure.community"),
        summary.by_community,
        total=True,
    )
    for sheet in (days, communities):
        sheet.sign(actor, at)
    book.close()
    file.seek(0)
    return file


def _formats(book: Any) -> dict[str, Any]:
    plain = {"font_name": "宋体", "font_size": 11, "border": 1, "align": "center", "valign": "vcenter"}
    return {
        "title": book.add_format({"font_name": "方正小标宋简体", "font_size": 18, "bold": True, "align": "center"}),
        "head": book.add_format({**plain, "bold": True, "text_wrap": True, "bg_color": "#E3EFF1"}),
        "cell": book.add_format(plain),
        "total": book.add_format({**plain, "bold": True, "bg_color": "#F4F6F8"}),
        "note": book.add_format({"font_name": "宋体", "font_size": 9, "font_color": "#4A5764", "text_wrap": True}),
    }


class _Sheet:
    def __init__(self, book: Any, name: str, formats: dict[str, Any]) -> None:
        self.sheet = book.add_worksheet(name)
        self.formats = formats
        self.row = 0

    def write(self, title: str, first: str, lines: Sequence[Line], *, total: bool) -> None:
        sheet, formats = self.sheet, self.formats
        sheet.merge_range(0, 0, 0, len(FIGURES), title, formats["title"])
        sheet.set_row(0, 30)
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width)
        sheet.set_row(1, 32)
        for column, head in enumerate((first, *(t(f"command_post.figure.{figure}") for figure in FIGURES))):
            sheet.write_string(1, column, head, formats["head"])
        for row, line in enumerate(lines, 2):
            sheet.write_string(row, 0, line.name or line.on.isoformat(), formats["cell"])
            for column, figure in enumerate(FIGURES, 1):
                self._cell(row, column, line.cells[figure], "cell")
        self.row = 2 + len(lines)
        if total and lines:
            self._totals(lines)
        sheet.freeze_panes(2, 1)
        sheet.repeat_rows(0, 1)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)

    def _totals(self, lines: Sequence[Line]) -> None:
        self.sheet.write_string(self.row, 0, t("command_post.figure.total"), self.formats["total"])
        for column, figure in enumerate(FIGURES, 1):
            values = [line.cells[figure].value for line in lines]
            known = [value for value in values if value is not None]
            self._cell(self.row, column, Cell(sum(known) if known else None, len(values) - len(known)), "total")
        self.row += 1

    def _cell(self, row: int, column: int, cell: Cell, form: str) -> None:
        if cell.value is None:
            self.sheet.write_string(row, column, t("command_post.unknown_mark"), self.formats[form])
            return
        self.sheet.write_number(row, column, cell.value, self.formats[form])
        if cell.unknown_in:
            self.sheet.write_comment(row, column, t("command_post.unknown_in", count=cell.unknown_in))

    def sign(self, actor: Actor, at: datetime) -> None:
        words = t("command_post.table.made", name=actor.name, at=at.strftime("%Y-%m-%d %H:%M"))
        self.sheet.merge_range(self.row + 1, 0, self.row + 1, len(FIGURES), words, self.formats["note"])
