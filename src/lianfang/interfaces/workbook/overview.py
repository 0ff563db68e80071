"""The first page: the numbers, the proof, and what must be done now, on one sheet of A4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.interfaces.workbook.book import LINE, Book, lines_needed, set_widths
from lianfang.interfaces.workbook.bulk import BulkSheet
from lianfang.interfaces.workbook.look import (
    AMBER,
    AMBER_PALE,
    BLUE,
    GREEN,
    GREEN_PALE,
    INK,
    MUTED,
    PALE,
    RED,
    RED_PALE,
    RULE,
)
from lianfang.interfaces.workbook.reading import LOW_CONFIDENCE

_COLUMNS = 12
_WIDTH = 8.0
_ALL = _COLUMNS * _WIDTH
_ROLES = ("roster", "samples", "results", "exempt")
_COLOURS = {"red": (RED, RED_PALE), "amber": (AMBER, AMBER_PALE), "green": (GREEN, GREEN_PALE), "plain": (INK, PALE)}


@dataclass(frozen=True)
class Todo:
    """One thing to do: how many, how urgent, on which sheet."""

    key: str
    count: int
    sheet: str
    tone: str = "plain"
    more: int = 0


def write_overview(book: Book) -> None:
    """Everything a commander needs in ten seconds."""
    sheet = book.open_sheet("overview", portrait=True)
    set_widths(sheet, [_WIDTH] * _COLUMNS)
    total = _total(book)
    todos = things_to_do(book)
    row = _title(book, sheet)
    row = _headline(book, sheet, row, todos)
    row = _tiles(book, sheet, row, [
        ("expected", total["expected"], "plain"), ("sampled", total["sampled"], "plain"),
        ("exempt", total["exempt"], "plain"), ("away", total["away"], "plain"),
        ("missing", total["missing"], "amber" if total["missing"] else "green"),
        ("coverage", total["coverage"], "plain"),
    ])  # fmt: skip
    row = _proof(book, sheet, row, "proof", total, total["expected"], ("exempt", "away", "sampled", "missing"))
    outcomes = ("negative", "released", "pending", "unclear", "held", "positive")
    tones = {"pending": "plain", "unclear": "amber", "held": "amber", "positive": "red"}
    tiles = [(name, total[name], tones.get(name, "plain") if total[name] else "plain") for name in outcomes]
    row = _tiles(book, sheet, row + 1, tiles)
    row = _proof(book, sheet, row, "proof_outcomes", total, total["sampled"], outcomes)
    row = _to_do(book, sheet, row + 1, todos)
    row = _fates(book, sheet, row + 1)
    row = _quality(book, sheet, row + 1)
    row = _ask(book, sheet, row + 1)
    sheet.print_area(0, 0, row, _COLUMNS - 1)
    sheet.fit_to_pages(1, 1)
    sheet.center_horizontally()
    sheet.activate()


def _total(book: Book) -> dict[str, Any]:
    rows: list[dict[str, Any]] = book.answer.round.totals.to_pylist()
    return rows[0]


def things_to_do(book: Book) -> list[Todo]:
    """What the lists ask for, most urgent first; what is nothing stays in, with a count of 0."""
    answer = book.answer
    pending = answer.pending_tubes
    overdue = _true(pending, "is_overdue")
    clears = _true(answer.unsure_matches, "clears_missing")
    stray_positive = pc.sum(pc.equal(answer.unmatched_results.column("result"), "positive")).as_py() or 0
    errors = sum(_errors(sheet.notes) for _, reading in answer.readings for sheet in reading.sheets)
    contradicting = pc.count_distinct(answer.contradictions.column("tube_code"), mode="all").as_py()
    conflicts = pc.count_distinct(answer.conflicts.column("conflict_key"), mode="all").as_py()
    return [
        Todo("positive", answer.positive_pools.num_rows, "positive", "red", answer.positive_pool_people.num_rows),
        Todo("stray_positive", stray_positive, "unmatched", "red"),
        Todo("contradictions", contradicting, "contradictions", "red"),
        Todo("missing", answer.missing.num_rows, "missing", "amber"),
        Todo("overdue", overdue, "pending_tubes", "amber"),
        Todo("unmatched", answer.unmatched_results.num_rows - stray_positive, "unmatched", "amber"),
        Todo("pairs", answer.unsure_matches.num_rows, "pairs", "plain", clears),
        Todo("pending", pending.num_rows, "pending", "plain", answer.pending.num_rows),
        Todo("uncounted", answer.uncounted_results.num_rows, "uncounted"),
        Todo("conflicts", conflicts, "conflicts"),
        Todo("unrostered", answer.unrostered.num_rows, "unrostered"),
        Todo("duplicates", answer.duplicates.num_rows, "duplicates"),
        Todo("cells", errors, "cells"),
    ]


def _true(table: pa.Table, column: str) -> int:
    count: int | None = pc.sum(table.column(column)).as_py()
    return count or 0


def _errors(notes: pa.Table) -> int:
    count: int | None = pc.sum(pc.equal(notes.column("severity"), "error")).as_py()
    return count or 0


def place_of(book: Book) -> str:
    """The place that the answer is about: the names that all buildings share, else how many there are."""
    buildings = book.answer.round.buildings
    parts = []
    for level in ("township", "community", "compound"):
        names = _names(buildings, level)
        if len(names) > 1:
            parts.append(book.say(f"places.{level}", count=len(names)))
            break
        parts += names
    return " ".join(parts)


def _names(buildings: pa.Table, level: str) -> list[str]:
    return sorted(name for name in pc.unique(buildings.column(level)).to_pylist() if name)


def _merged(sheet: BulkSheet, row: int, first: int, last: int, text: str, look: Any) -> None:
    """A text across columns; merge first, so that constant memory keeps the text."""
    sheet.merge_range(row, first, row, last, "", look)
    sheet.write_string(row, first, text, look)


def _title(book: Book, sheet: BulkSheet) -> int:
    place = place_of(book)
    title = book.say("title", place=place) if place else book.say("title_without_place")
    size = 20 if lines_needed(title, _ALL / 2) == 1 else 15
    sheet.set_row(0, 34)
    _merged(sheet, 0, 0, _COLUMNS - 1, title, book.look(font_size=size, bold=True, font_color=BLUE))
    settings = book.answer.settings
    first, last = _round_times(book)
    about = book.say("subtitle", first=first, last=last, as_of=book.instant(settings.as_of))
    sheet.set_row(1, 20)
    _merged(sheet, 1, 0, _COLUMNS - 1, about, book.look(font_size=10, font_color=MUTED))
    return 2


def _round_times(book: Book) -> tuple[str, str]:
    """The round as it was set; where it was not, from the first swab to the last."""
    settings, tubes = book.answer.settings, book.answer.round.tubes
    first = settings.starts_at or pc.min(tubes.column("sampled_at")).as_py()
    last = settings.ends_at or pc.max(tubes.column("sampled_until")).as_py()
    unknown = book.say("unknown")
    return book.instant(first) or unknown, book.instant(last) or unknown


def _headline(book: Book, sheet: BulkSheet, row: int, todos: Sequence[Todo]) -> int:
    """One sentence: what is worst."""
    by_key = {todo.key: todo for todo in todos}
    said = [
        book.say(f"headline.{key}", count=by_key[key].count, more=by_key[key].more)
        for key in ("positive", "missing", "pending")
        if by_key[key].count
    ]
    worst = "red" if by_key["positive"].count else "amber" if said else "green"
    text = book.say("comma").join(said) if said else book.say("headline.nothing")
    colour, pale = _COLOURS[worst]
    sheet.set_row(row, 34)
    look = book.look(font_size=14, bold=True, font_color=colour, bg_color=pale, indent=1)
    _merged(sheet, row, 0, _COLUMNS - 1, text, look)
    sheet.set_row(row + 1, 8)
    return row + 2


def _tiles(book: Book, sheet: BulkSheet, row: int, tiles: Sequence[tuple[str, Any, str]]) -> int:
    sheet.set_row(row, 18)
    sheet.set_row(row + 1, 32)
    for line, size in ((0, 9), (1, 20)):
        for number, (name, value, tone) in enumerate(tiles):
            colour, pale = _COLOURS[tone]
            edge = {"top": 2, "top_color": colour if tone != "plain" else BLUE} if line == 0 else {}
            look = book.look(
                font_size=size, bold=line == 1, font_color=MUTED if line == 0 else colour, bg_color=pale,
                align="center", right=5, right_color="#FFFFFF", **edge,
            )  # fmt: skip
            text = book.say(f"tile.{name}") if line == 0 else _number(book, name, value)
            _merged(sheet, row + line, 2 * number, 2 * number + 1, text, look)
    return row + 2


def _number(book: Book, name: str, value: Any) -> str:
    if name == "coverage":
        return "—" if value is None else coverage(value)
    return f"{value:,}"


def coverage(share: float) -> str:
    """A share in percent; 100 % only where nobody is missing."""
    return "100%" if share >= 1 else f"{min(99.9, round(100 * share, 1)):.1f}%"


def _proof(
    book: Book, sheet: BulkSheet, row: int, key: str, total: dict[str, Any], whole: int, parts: Sequence[str]
) -> int:
    numbers = " + ".join(f"{total[name]:,}" for name in parts)
    holds = whole == sum(total[name] for name in parts)
    verdict = book.say("proof_holds" if holds else "proof_fails")
    sign = "=" if holds else "≠"
    proof = book.say("proof_line", name=book.say(key), whole=f"{whole:,}", sign=sign, numbers=numbers)
    text = f"{proof}　{verdict}"
    sheet.set_row(row, LINE * lines_needed(text, 0.92 * _ALL) + 6)
    look = book.look(bold=True, font_color=GREEN if holds else RED, indent=1, text_wrap=True)
    _merged(sheet, row, 0, _COLUMNS - 1, text, look)
    return row + 1


def _section(book: Book, sheet: BulkSheet, row: int, title: str) -> int:
    sheet.set_row(row, 24)
    look = book.look(font_size=12, bold=True, font_color=BLUE, bottom=2, bottom_color=BLUE)
    _merged(sheet, row, 0, _COLUMNS - 1, title, look)
    return row + 1


def _to_do(book: Book, sheet: BulkSheet, row: int, todos: Sequence[Todo]) -> int:
    row = _section(book, sheet, row, book.say("to_do"))
    number = 0
    for todo in todos:
        if not todo.count:
            continue
        number += 1
        colour = _COLOURS[todo.tone][0] if todo.tone != "plain" else INK
        rule = {"bottom": 1, "bottom_color": RULE}
        text = book.say(f"todo.{todo.key}", count=todo.count, more=todo.more)
        sheet.set_row(row, LINE * lines_needed(text, 8 * _WIDTH) + 5)
        sheet.write_number(row, 0, number, book.look(bold=True, font_color=colour, align="center", **rule))
        bold = todo.tone != "plain"
        _merged(sheet, row, 1, 8, text, book.look(font_color=colour, bold=bold, text_wrap=True, **rule))
        link = book.look.link(align="right", **rule)
        sheet.merge_range(row, 9, row, 11, "", link)
        sheet.write_url(row, 9, book.link_to(todo.sheet), link, f"→ {book.say(f'sheet.{todo.sheet}')}")
        row += 1
    none = [book.say(f"nothing.{todo.key}") for todo in todos if not todo.count]
    if none:
        text = book.say("nothing_of", what=book.say("listing").join(none))
        sheet.set_row(row, LINE * lines_needed(text, _ALL) + 4)
        _merged(sheet, row, 0, _COLUMNS - 1, text, book.look(font_color=GREEN, text_wrap=True, indent=1))
        row += 1
    return row


def _fates(book: Book, sheet: BulkSheet, row: int) -> int:
    """Every row that came in, by what it was and what became of it."""
    row = _section(book, sheet, row, book.say("fates"))
    rows = book.answer.row_fates.to_pylist()
    for role in _ROLES:
        read = sum(source.rows for source in book.answer.sources if source.role == role)
        fates = sorted((fate for fate in rows if fate["role"] == role), key=lambda fate: -fate["rows"])
        if not read and not fates:
            continue
        told = sum(fate["rows"] for fate in fates)
        said = book.say("listing").join(
            f"{book.texts.of_code(f'round.fate.{role}', fate['state'])} {fate['rows']:,}" for fate in fates
        )
        look = book.look(text_wrap=True, bottom=1, bottom_color=RULE)
        sheet.set_row(row, LINE * lines_needed(said, 7 * _WIDTH) + 5)
        _merged(sheet, row, 0, 1, book.say(f"role.{role}"), book.look(bold=True, indent=1, bottom=1, bottom_color=RULE))
        count = book.say("rows_read", count=read)
        _merged(sheet, row, 2, 3, count, book.look(align="right", indent=2, bottom=1, bottom_color=RULE))
        _merged(sheet, row, 4, 10, said, look)
        mark = book.say("adds_up") if told == read else book.say("does_not_add_up")
        colour = GREEN if told == read else RED
        look = book.look(bold=True, align="center", font_color=colour, bottom=1, bottom_color=RULE)
        sheet.write_string(row, 11, mark, look)
        row += 1
    return row


def _quality(book: Book, sheet: BulkSheet, row: int) -> int:
    row = _section(book, sheet, row, book.say("quality"))
    for text, bad in quality_lines(book):
        sheet.set_row(row, LINE * lines_needed(text, _ALL) + 4)
        look = book.look(font_color=AMBER if bad else INK, text_wrap=True, indent=1)
        _merged(sheet, row, 0, _COLUMNS - 1, text, look)
        row += 1
    return row


def quality_lines(book: Book) -> list[tuple[str, bool]]:
    """What to know about the files before trusting the numbers; bad news are marked."""
    readings = [reading for _, reading in book.answer.readings]
    sheets = [sheet for reading in readings for sheet in reading.sheets]
    problems = [p for reading in readings for p in reading.problems] + [p for s in sheets for p in s.problems]
    refused = [reading.file for reading in readings if reading.refused]
    unsure = sum(bool(c.fields) and c.confidence < LOW_CONFIDENCE for sheet in sheets for c in sheet.columns)
    errors = sum(_errors(sheet.notes) for sheet in sheets)
    lines = [(book.say("quality_files", files=len(readings), sheets=len(book.answer.sources)), False)]
    if refused:
        lines.append((book.say("quality_refused", files=book.say("listing").join(refused)), True))
    if book.answer.repeated_files:
        names = book.say("listing").join(name for name, _ in book.answer.repeated_files)
        lines.append((book.say("quality_repeated", files=names), True))
    others = sum(problem.severity != "refused" or problem.sheet is not None for problem in problems)
    if others:
        lines.append((book.say("quality_problems", count=others, sheet=book.say("sheet.reading")), True))
    if unsure:
        lines.append((book.say("quality_unsure", count=unsure, sheet=book.say("sheet.reading")), True))
    if errors:
        lines.append((book.say("quality_cells", count=errors, sheet=book.say("sheet.cells")), True))
    if len(lines) == 1:
        lines.append((book.say("quality_good"), False))
    return lines


def _ask(book: Book, sheet: BulkSheet, row: int) -> int:
    contact = book.objection_contact or book.say("objection_blank")
    text = book.say("ask", contact=contact, sheet=book.say("sheet.method"))
    made = book.say("made_with", version=book.version, at=book.instant(book.made_at))
    sheet.set_row(row, LINE * lines_needed(text, _ALL) + 6)
    _merged(sheet, row, 0, _COLUMNS - 1, text, book.look(text_wrap=True, top=1, top_color=RULE))
    sheet.set_row(row + 1, 16)
    _merged(sheet, row + 1, 0, _COLUMNS - 1, made, book.look(font_size=8, font_color=MUTED))
    return row + 1
