"""How the files were read: every file, sheet and column, and what was passed over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from lianfang.engine.intake.contract import ColumnReading, FileReading, Problem, SheetReading
from lianfang.interfaces.problems import problem_words
from lianfang.interfaces.workbook.book import LINE, Book, lines_needed, set_widths
from lianfang.interfaces.workbook.bulk import BulkSheet
from lianfang.interfaces.workbook.look import Tone

LOW_CONFIDENCE = 0.75
_COLUMNS: tuple[tuple[str, float], ...] = (
    ("letter", 9), ("label", 28), ("read_as", 26), ("sureness", 12), ("how_read", 20), ("filled", 9),
    ("examples", 42),
)  # fmt: skip
_LAST = len(_COLUMNS) - 1
_GROUP, _HEADER, _PLAIN, _AMBER, _MUTED, _TEXT, _PROBLEM, _REFUSED = range(8)
_ACROSS = frozenset((_GROUP, _TEXT, _PROBLEM, _REFUSED))
_BY_SEVERITY = {"refused": _REFUSED, "error": _REFUSED, "warning": _PROBLEM}
# More would bury the sheet; the JSON answer has them all.
MOST_SKIPPED = 30

Line = tuple[int, float, list[Any]]


def write_reading(book: Book) -> None:
    """A block per file and sheet."""
    sheet = book.open_sheet("reading")
    widths = [width for _, width in _COLUMNS]
    set_widths(sheet, widths)
    readings = book.answer.readings
    count = book.say("reading_count", count=len(readings))
    row = book.heading(sheet, "reading", _LAST, count=count, width=sum(widths))
    lines = [line for role, reading in readings for line in _file_lines(book, role, reading)]
    for repeated, first in book.answer.repeated_files:
        lines.append(_text(book, _PROBLEM, book.say("repeated_file", file=repeated, first=first)))
    end = _write_lines(book, sheet, row, lines)
    if not lines:
        sheet.write_string(row, 0, book.say("none.reading"), book.look(bold=True))
    sheet.print_area(0, 0, max(end - 1, row), _LAST)
    sheet.fit_to_pages(1, 0)
    sheet.freeze_panes(row, 0)


def _write_lines(book: Book, sheet: BulkSheet, row: int, lines: Sequence[Line]) -> int:
    """Texts run across the whole width; the rows of the column tables keep their cells."""
    formats = _formats(book)
    for style, height, cells in lines:
        sheet.set_row(row, height)
        if style in _ACROSS:
            sheet.merge_range(row, 0, row, _LAST, "", formats[style][0])
            sheet.write_string(row, 0, cells[0] or "", formats[style][0])
        else:
            for column, (cell, look) in enumerate(zip(cells, formats[style], strict=True)):
                if isinstance(cell, int):
                    sheet.write_number(row, column, cell, look)
                else:
                    sheet.write_string(row, column, cell or "", look)
        row += 1
    return row


def _formats(book: Book) -> list[list[Any]]:
    cell, look = book.look.cell, book.look
    number, columns = cell("number"), len(_COLUMNS)
    filled = columns - 2

    def row_of(tone: Tone) -> list[Any]:
        formats = [cell("wrapped", tone)] * columns
        formats[filled] = cell("number", tone) if tone != "plain" else number
        return formats

    header = [look.header("text")] * columns
    header[filled] = look.header("number")
    return [
        [cell("wrapped", "group", font_size=11)] * columns,
        header, row_of("plain"), row_of("amber"), row_of("muted"),
        [look(text_wrap=True)] * columns,
        [cell("wrapped", "amber")] * columns,
        [cell("wrapped", "red", bold=True)] * columns,
    ]  # fmt: skip


def _file_lines(book: Book, role: str, reading: FileReading) -> Iterator[Line]:
    band = book.say(
        "file_band", file=reading.file, role=book.say(f"role.{role}"), format=reading.format,
        size=_size(reading.size), sha=reading.sha256[:12],
    )  # fmt: skip
    yield _text(book, _GROUP, band)
    for problem in reading.problems:
        yield _problem(book, problem)
    for sheet in reading.sheets:
        yield from _sheet_lines(book, sheet)
    yield _text(book, _TEXT, "")


def _sheet_lines(book: Book, sheet: SheetReading) -> Iterator[Line]:
    headers = ", ".join(map(str, sheet.header_rows)) or "—"
    count = sheet.rows.num_rows
    yield _text(book, _TEXT, book.say("sheet_line", sheet=sheet.sheet, rows=count, headers=headers))
    for problem in sheet.problems:
        yield _problem(book, problem)
    yield _HEADER, LINE + 6, [book.say(f"column.{name}") for name, _ in _COLUMNS]
    for column in sheet.columns:
        yield _column_line(book, column)
    for reason, rows in groupby(sorted(sheet.skipped, key=lambda row: (row.reason, row.row)), key=lambda r: r.reason):
        skipped = list(rows)
        shown = "; ".join(f"{row.row}: {row.text[:24]}" if row.text else str(row.row) for row in skipped[:MOST_SKIPPED])
        if len(skipped) > MOST_SKIPPED:
            shown += " …"
        said = book.texts.of_code("skipped", reason)
        yield _text(
            book, _TEXT, book.say("skipped_line", count=len(skipped), reason=said, rows=book.cell_text((), shown) or "")
        )


def _column_line(book: Book, column: ColumnReading) -> Line:
    names = " + ".join(book.texts.of_code("field", name) for name in column.fields)
    if column.group:
        names = book.say("nth_person", number=column.group + 1, field=names)
    if not column.fields:
        names = book.say("not_used")
    elif column.confidence < LOW_CONFIDENCE and column.alternatives:
        second = book.texts.of_code("field", column.alternatives[0][0])
        names = book.say("or_perhaps", field=names, other=second)
    if column.codes:
        codes = ", ".join(f"{code}={_code_word(book, word)}" for code, word in column.codes.items())
        names += f"\n{book.say('codes', codes=codes)}"
    examples = " / ".join(book.cell_text(column.fields, example) or "" for example in column.examples)
    sure = book.say("percent", percent=round(100 * column.confidence)) if column.fields else ""
    cells = [
        column.column, column.label.replace("\n", " "), names, sure,
        book.texts.of_code("report.how_read", column.how), column.filled, examples,
    ]  # fmt: skip
    style = _PLAIN if column.confidence >= LOW_CONFIDENCE else _AMBER
    style = style if column.fields else _MUTED
    widths = [width for _, width in _COLUMNS]
    lines = max(lines_needed(str(cells[n]), widths[n]) for n in (1, 2, 4, 6))
    return style, LINE * lines + 4, cells


def _code_word(book: Book, word: str) -> str:
    return book.texts.of_code("report.result", word)


def _problem(book: Book, problem: Problem) -> Line:
    where = problem_place(book, problem)
    said = problem_words(book.texts, problem)
    text = f"{book.say(f'severity.{problem.severity}')}　{where}{said}"
    return _text(book, _BY_SEVERITY[problem.severity], text)


def problem_place(book: Book, problem: Problem) -> str:
    """``Sheet1 · C12: `` or as much of it as is known."""
    cell = f"{problem.column or ''}{problem.row or ''}"
    place = " · ".join(part for part in (problem.sheet, cell) if part)
    return f"{place}: " if place else ""


def _text(book: Book, style: int, text: str) -> Line:
    height = LINE * lines_needed(text, sum(width for _, width in _COLUMNS)) + 5
    return style, height, [text or None, *[None] * _LAST]


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1000))} KB"
