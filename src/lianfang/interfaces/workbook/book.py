"""The workbook while it is being written: its sheets, texts, formats, and what every sheet shares."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import xlsxwriter

from lianfang.engine.reconciliation.contract import Answer
from lianfang.foundation.texts import Texts
from lianfang.interfaces.masking import mask_cell, mask_identity
from lianfang.interfaces.provenance import Provenance
from lianfang.interfaces.workbook.bulk import BulkSheet
from lianfang.interfaces.workbook.look import AMBER, BLUE, MUTED, RED, Look

Progress = Callable[[str, int, int], None]

SHEETS = (
    "overview", "buildings", "missing", "positive", "pending_tubes", "pending", "unmatched",
    "contradictions", "uncounted", "duplicates", "conflicts", "pairs", "unrostered", "reading", "cells",
    "changes", "method",
)  # fmt: skip
_TAB_COLOURS = {
    "overview": BLUE, "buildings": BLUE, "missing": AMBER, "positive": RED, "pairs": AMBER,
    "contradictions": RED, "reading": MUTED, "cells": MUTED, "changes": MUTED, "method": MUTED,
}  # fmt: skip

ROW = 18.0
LINE = 15.5


@dataclass(frozen=True)
class Book:
    """Everything the writers of single sheets need."""

    workbook: xlsxwriter.Workbook
    look: Look
    texts: Texts
    answer: Answer
    provenance: Provenance
    full_identity: bool
    objection_contact: str
    made_at: datetime
    version: str
    on_progress: Progress

    def say(self, key: str, **gaps: str | int | float) -> str:
        """A text of the report: ``say("sheet.missing")``."""
        return self.texts(f"report.{key}", **gaps)

    def identity(self, number: str | None) -> str | None:
        return number if self.full_identity else mask_identity(number)

    def cell_text(self, fields: Collection[str], text: str | None) -> str | None:
        """What stood in a cell of these fields, masked as the workbook masks."""
        return text if self.full_identity else mask_cell(fields, text)

    def instant(self, at: datetime | None) -> str:
        return at.strftime("%Y-%m-%d %H:%M") if at else ""

    def link_to(self, sheet: str) -> str:
        return f"internal:'{self.say(f'sheet.{sheet}')}'!A1"

    def open_sheet(self, key: str, *, part: int = 1, portrait: bool = False) -> BulkSheet:
        """Add the sheet with its page set-up: A4, margins, footer with file, page and as-of."""
        name = self.say(f"sheet.{key}")
        sheet: BulkSheet = self.workbook.add_worksheet(
            name if part == 1 else f"{name} ({part})", worksheet_class=BulkSheet
        )
        sheet.set_paper(9)
        if not portrait:
            sheet.set_landscape()
        sheet.set_margins(left=0.4, right=0.4, top=0.45, bottom=0.6)
        sheet.hide_gridlines(2)
        as_of = self.say("footer.as_of", at=self.instant(self.answer.settings.as_of))
        page = self.say("footer.page", page="&P", pages="&N")
        sheet.set_footer(f"&L&8&F · &A&C&8{page}&R&8{as_of}", {"margin": 0.25})
        if key in _TAB_COLOURS:
            sheet.set_tab_color(_TAB_COLOURS[key])
        self.on_progress(name, 0, 0)
        return sheet

    def heading(self, sheet: BulkSheet, key: str, last_column: int, *, count: str, width: float) -> int:
        """Title, what the sheet is and what to do with it, the way back. Returns the next free row."""
        look = self.look
        sheet.set_row(0, 28)
        sheet.write_string(0, 0, self.say(f"sheet.{key}"), look.title())
        sentence = self.say(f"about.{key}")
        sheet.set_row(1, LINE * lines_needed(sentence, width) + 3)
        sheet.merge_range(1, 0, 1, max(last_column, 1), "", look.sentence())
        sheet.write_string(1, 0, sentence, look.sentence())
        sheet.set_row(2, 20)
        if key != "overview":
            back = self.say("back", sheet=self.say("sheet.overview"))
            sheet.write_url(2, 0, self.link_to("overview"), look.link(font_size=9), back)
        sheet.write_string(2, min(3, max(last_column, 1)), count, look(bold=True, font_color=MUTED))
        return 3


def text_width(text: str) -> float:
    """How wide a text stands, in column-width units at 10 points; the widest of its lines."""
    return max(map(_line_width, text.split("\n"))) if "\n" in text else _line_width(text)


def lines_needed(text: str, width: float) -> int:
    """How many lines a text takes in a column of ``width``."""
    room = max(width - 0.8, 1.0)
    return sum(max(1, math.ceil(_line_width(line) / room)) for line in text.split("\n"))


def _line_width(line: str) -> float:
    spaces = 0.5 * line.count(" ")
    if line.isascii():
        return 1.06 * len(line) - spaces
    return sum(map(_letter_width, line)) - spaces


@lru_cache(maxsize=65_536)
def _letter_width(letter: str) -> float:
    return 1.92 if unicodedata.east_asian_width(letter) in "WFA" else 1.06


def heading_width(title: str) -> float:
    """The least width of a column under a bold heading of at most two lines, with the filter's button."""
    words = (_line_width(word) / (1 if word.isascii() else 2) for word in title.split())
    return 1.08 * max(words, default=0.0) + 2.2


def set_widths(sheet: BulkSheet, widths: Sequence[float]) -> None:
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)


def pick(row: dict[str, Any], *names: str) -> list[str]:
    """The texts of a row's columns that are filled, in order."""
    return [str(row[name]) for name in names if row.get(name)]
