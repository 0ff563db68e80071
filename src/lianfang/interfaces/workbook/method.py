"""How the numbers are made, and what each word means."""

from __future__ import annotations

from lianfang.interfaces.workbook.book import LINE, Book, lines_needed, set_widths
from lianfang.interfaces.workbook.bulk import BulkSheet

_WIDTHS = (20.0, 80.0)
_LINES = ("proof", "sampled", "exempt", "away", "missing", "walking", "tubes", "results", "empty", "positive_pool",
          "hold", "late", "link", "masking", "intake")  # fmt: skip
_WORDS = (
    ("round.outcome", ("negative", "released", "pending", "unclear", "held", "positive")),
    ("round.tube_state", ("negative", "positive", "contradicting", "unclear", "pending", "void")),
)


def write_method(book: Book) -> None:
    """Definitions first, then the words, the settings of this run, the sources and the version."""
    sheet = book.open_sheet("method", portrait=True)
    widths = list(_WIDTHS)
    set_widths(sheet, widths)
    row = book.heading(sheet, "method", 1, count="", width=sum(widths))
    entries = [(book.say(f"method.{name}.term"), book.say(f"method.{name}.meaning")) for name in _LINES]
    row = _section(book, row, sheet, book.say("method_title.definitions"), entries)
    for table, codes in _WORDS:
        title = book.say(f"method_title.{table.split('.')[1]}")
        meanings = [(book.texts(f"{table}.{code}"), book.texts(f"{table}_meaning.{code}")) for code in codes]
        row = _section(book, row, sheet, title, meanings)
    row = _section(book, row, sheet, book.say("method_title.settings"), _settings(book))
    row = _section(book, row, sheet, book.say("method_title.sources"), _sources(book))
    sheet.print_area(0, 0, row, 1)
    sheet.fit_to_pages(1, 0)


def _section(book: Book, row: int, sheet: BulkSheet, title: str, entries: list[tuple[str, str]]) -> int:
    sheet.set_row(row, 24)
    sheet.write_string(row, 0, title, book.look(bold=True, font_size=12, font_color="#1F4E79"))
    row += 1
    for term, meaning in entries:
        sheet.set_row(row, LINE * max(lines_needed(term, _WIDTHS[0]), lines_needed(meaning, _WIDTHS[1])) + 4)
        sheet.write_string(row, 0, term, book.look.cell("wrapped", bold=True, valign="top"))
        sheet.write_string(row, 1, meaning, book.look.cell("wrapped", valign="top"))
        row += 1
    return row + 1


def _settings(book: Book) -> list[tuple[str, str]]:
    settings = book.answer.settings
    unset = book.say("not_set")
    values = {
        "as_of": book.instant(settings.as_of),
        "starts_at": book.instant(settings.starts_at) or unset,
        "ends_at": book.instant(settings.ends_at) or unset,
        "late_after": book.say("hours", hours=f"{settings.late_after.total_seconds() / 3600:g}"),
        "hold_at_most": book.say("hours", hours=f"{settings.hold_at_most.total_seconds() / 3600:g}"),
        "clock_tolerance": book.say("minutes", minutes=f"{settings.clock_tolerance.total_seconds() / 60:g}"),
        "largest_pool": str(settings.largest_pool),
    }
    return [(book.say(f"setting.{name}"), value) for name, value in values.items()]


def _sources(book: Book) -> list[tuple[str, str]]:
    entries = [(book.say(f"origin.{name}.term"), book.say(f"origin.{name}.meaning")) for name in ("pool", "report")]
    made = book.say("made_with", version=book.version, at=book.instant(book.made_at))
    return [*entries, (book.say("version"), made)]
