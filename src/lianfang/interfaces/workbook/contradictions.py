"""Tubes on which the reports disagree: one row per tube, the reports side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from lianfang.interfaces.workbook.book import LINE, Book, lines_needed, set_widths
from lianfang.interfaces.workbook.bulk import BulkSheet
from lianfang.interfaces.workbook.look import Tone

MOST_ABREAST = 4
_WIDTH = 30.0
_TONES: dict[str | None, Tone] = {"positive": "red", "negative": "green", None: "muted"}


def write_contradictions(book: Book) -> None:
    """Every report in a cell of its own; what they disagree on shows by colour."""
    rows = sorted(book.answer.contradictions.to_pylist(), key=_order)
    tubes = [(code, list(group)) for code, group in groupby(rows, key=lambda row: row["tube_code"] or "")]
    abreast = min(MOST_ABREAST, max((len(group) for _, group in tubes), default=2))
    sheet = book.open_sheet("contradictions")
    widths = [18.0, *[_WIDTH] * abreast, 30.0]
    set_widths(sheet, widths)
    count = book.say("contradictions_count", count=len(tubes))
    header = book.heading(sheet, "contradictions", len(widths) - 1, count=count, width=sum(widths))
    sheet.set_row(header, LINE + 6)
    titles = [book.say("column.tube_code")]
    titles += [book.say("column.report", number=number) for number in range(1, abreast + 1)]
    titles.append(book.say("column.tick_remark"))
    for column, title in enumerate(titles):
        sheet.write_string(header, column, title, book.look.header("text"))
    row = header + 1
    if not tubes:
        sheet.write_string(row, 0, book.say("none.contradictions"), book.look(bold=True, font_color="#1B6E3C"))
    for code, group in tubes:
        for first in range(0, len(group), abreast):
            _write_reports(book, sheet, row, code if not first else "", group[first : first + abreast], abreast)
            row += 1
    sheet.freeze_panes(header + 1, 1)
    sheet.repeat_rows(header)
    sheet.print_area(0, 0, max(row, header + 1), len(widths) - 1)
    sheet.fit_to_pages(1, 0)
    book.on_progress(sheet.get_name(), len(tubes), len(tubes))


def _write_reports(
    book: Book, sheet: BulkSheet, row: int, code: str, reports: Sequence[dict[str, Any]], abreast: int
) -> None:
    cell = book.look.cell
    shown = [_report(book, report) for report in reports]
    sheet.set_row(row, LINE * max(lines_needed(text, _WIDTH) for text in shown) + 6)
    sheet.write_string(row, 0, code, cell("wrapped", bold=True))
    for column in range(1, abreast + 1):
        if column > len(reports):
            sheet.write_blank(row, column, None, cell("text"))
            continue
        tone = _TONES.get(reports[column - 1]["result"], "amber")
        sheet.write_string(row, column, shown[column - 1], cell("wrapped", tone))
    sheet.write_blank(row, abreast + 1, None, cell("tick"))


def _report(book: Book, report: dict[str, Any]) -> str:
    word = book.texts.of_code("report.result", report["result"] or "unknown")
    lines = (
        " · ".join(filter(None, (word, report["name"]))),
        report["laboratory"] or book.say("unknown"),
        book.instant(report["at"]) or book.say("no_time"),
        book.provenance.say((report["record_id"],)),
    )
    return "\n".join(lines)


def _order(row: dict[str, Any]) -> tuple[str, bool, str, int]:
    at = row["at"].isoformat() if row["at"] else ""
    return row["tube_code"] or "", not at, at, row["record_id"]
