"""Pairs of records that may be one person: what differs, and a column for the decision.

The saved sheet is a decision file: ``read_decisions`` gives its rows back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lianfang.engine.intake.contract import Problem
from lianfang.engine.intake.files import open_file
from lianfang.foundation.texts import LANGUAGES, texts
from lianfang.interfaces.masking import mask_apart
from lianfang.interfaces.workbook.book import LINE, Book, lines_needed, set_widths
from lianfang.interfaces.workbook.missing import percent
from lianfang.interfaces.workbook.positive import place_in_words

_COLUMNS: tuple[tuple[str, float], ...] = (
    ("number", 5), ("decision", 13), ("likely", 14), ("clears_missing", 12), ("pair_side", 4), ("name", 10),
    ("id_number", 20), ("phone", 13), ("where", 35), ("differs", 22), ("sources", 34),
)  # fmt: skip
_NUMBER, _DECISION, _LIKELY, _CLEARS, _SIDE, _NAME, _ID, _PHONE, _WHERE, _DIFFERS, _SOURCES = range(11)
_MARKED = {"name": _NAME, "id": _ID, "phone": _PHONE, "room": _WHERE, "building": _WHERE, "place": _WHERE}
_LIKELIHOODS = ((0.9, "very"), (0.7, "rather"), (0.4, "perhaps"), (0.0, "hardly"))


def write_pairs(book: Book) -> None:
    """One row per pair, both records one above the other in each cell, most urgent first."""
    rows = book.answer.unsure_matches.to_pylist()
    rows.sort(key=lambda row: (not row["clears_missing"], -(row["score"] or 0.0), row["pair_key"]))
    sheet = book.open_sheet("pairs")
    widths = [width for _, width in _COLUMNS]
    set_widths(sheet, [*widths, 26.0])
    count = book.say("pairs_count", count=len(rows), clears=sum(bool(row["clears_missing"]) for row in rows))
    header = book.heading(sheet, "pairs", _SOURCES, count=count, width=sum(widths))
    sheet.set_row(header, LINE * 2 + 6)
    titles = [book.say(f"column.{name}") for name, _ in _COLUMNS]
    for column, title in enumerate([*titles, book.say("column.pair_key")]):
        sheet.write_string(header, column, title, book.look.header("number" if not column else "text"))
    decided = book.answer.decided
    end = header + 1
    if not rows and not decided:
        sheet.write_string(end, 0, book.say("none.pairs"), book.look(bold=True, font_color="#1B6E3C"))
    else:
        end = sheet.write_bulk(end, _formats(book), _layout(book, rows))
        end = sheet.write_bulk(end, _formats(book), _earlier(book, decided))
        choices = [book.say("same"), book.say("different")]
        rule = {"validate": "list", "source": choices, "error_message": " / ".join(choices)}
        sheet.data_validation(header + 1, _DECISION, end - 1, _DECISION, rule)
        sheet.autofilter(header, 0, end - 1, _SOURCES + 1)
    sheet.freeze_panes(header + 1, _DECISION + 1)
    sheet.repeat_rows(header)
    sheet.print_area(0, 0, max(end - 1, header + 1), _SOURCES)
    sheet.fit_to_pages(1, 0)
    book.on_progress(sheet.get_name(), len(rows), len(rows))


def read_decisions(path: Path) -> list[tuple[str | None, str | None]]:
    """The (pair_key, decision) rows of a saved workbook or a CSV, for ``Decisions.from_rows``.

    Looks on every sheet for a row that holds the headings of the pair's key and of the decision, by their
    code names or in any language. Raises ``NoDecisionsError`` where no sheet has both.
    """
    keys, decisions = (
        {name, *(texts(one)(f"report.column.{name}").casefold() for one in LANGUAGES)}
        for name in ("pair_key", "decision")
    )
    opened = open_file(path)
    for sheet in opened.sheets:
        rows = [["" if cell is None else str(cell).strip() for cell in row] for row in sheet.rows]
        found = _decisions_of(rows, keys, decisions)
        if found is not None:
            return found
    raise NoDecisionsError(path, opened.problems)


class NoDecisionsError(ValueError):
    """A file has no sheet with the columns pair_key and decision; ``problems`` say why it could not be read."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        super().__init__(path.name)
        self.problems = problems


def _decisions_of(
    rows: Sequence[Sequence[str]], keys: set[str], decisions: set[str]
) -> list[tuple[str | None, str | None]] | None:
    for at, row in enumerate(rows[:50]):
        key = next((n for n, cell in enumerate(row) if cell.casefold() in keys), None)
        decision = next((n for n, cell in enumerate(row) if cell.casefold() in decisions), None)
        if key is not None and decision is not None:
            lines = [line for line in rows[at + 1 :] if len(line) > max(key, decision)]
            return [(line[key] or None, line[decision] or None) for line in lines]
    return None


def _formats(book: Book) -> list[list[Any]]:
    """Sixteen styles: each of name, identity, phone and place is marked or not."""
    cell = book.look.cell
    styles = []
    for marks in range(16):
        row = [cell("wrapped")] * (len(_COLUMNS) + 1)
        row[_NUMBER] = cell("number")
        row[_DECISION] = cell("wrapped", "yellow", border=1, border_color="#D9C75A", bold=True)
        row[_CLEARS] = cell("wrapped", "plain", bold=True, font_color="#8A5A00")
        row[_SIDE] = row[_SOURCES] = row[-1] = cell("wrapped", "muted")
        for bit, column in enumerate((_NAME, _ID, _PHONE, _WHERE)):
            if marks & 1 << bit:
                row[column] = cell("wrapped", "amber")
        styles.append(row)
    return styles


def _earlier(book: Book, decided: Sequence[tuple[str, str]]) -> Iterator[tuple[int, float, list[Any]]]:
    """Earlier decisions, so that the newest report is always the whole decision file."""
    for key, decision in decided:
        cells: list[Any] = [None] * (len(_COLUMNS) + 1)
        cells[_DECISION], cells[_LIKELY], cells[-1] = book.say(decision), book.say("decided_earlier"), key
        yield 0, LINE + 3, cells


def _layout(book: Book, rows: Sequence[dict[str, Any]]) -> Iterator[tuple[int, float, list[Any]]]:
    widths = [width for _, width in _COLUMNS]
    told = book.provenance.by_number(row[side] for row in rows for side in ("record_a", "record_b"))
    for number, row in enumerate(rows, 1):
        a, b = told[row["record_a"]], told[row["record_b"]]
        ids = [a["id_number"], b["id_number"]]
        shown = ids if book.full_identity else mask_apart(ids)
        differs = book.say("comma").join(book.texts.of_code("differs", code) for code in row["differs"] or ())
        cells: list[Any] = [
            number, None, likelihood(book, row["score"]),
            book.say("clears_missing") if row["clears_missing"] else None,
            book.say("pair_sides"), _both(a["name"], b["name"]), _both(*shown), _both(a["phone"], b["phone"]),
            _both(place_in_words(book, a), place_in_words(book, b)), differs,
            _both(*(book.provenance.say((record["record_id"],)) for record in (a, b))), row["pair_key"],
        ]  # fmt: skip
        tall = (_WHERE, _DIFFERS, _SOURCES, _CLEARS)
        lines = max(2, *(lines_needed(cells[n] or "", widths[n]) for n in tall))
        yield _marks(a, b, row["differs"] or ()), LINE * lines + 6, cells


def likelihood(book: Book, score: float | None) -> str:
    """A probability in words and percent."""
    if score is None:
        return book.say("unknown")
    word = next(word for least, word in _LIKELIHOODS if score >= least)
    return book.say(f"likely.{word}", percent=percent(score))


def _both(first: str | None, second: str | None) -> str:
    return f"{first or '—'}\n{second or '—'}"


def _marks(a: dict[str, Any], b: dict[str, Any], differs: Sequence[str]) -> int:
    """Which cells are marked: by the codes of what differs, and by what plainly does."""
    # What one side does not say marks nothing: there is no difference to be seen.
    told = [code for code in differs if not code.endswith("_missing")]
    columns = {column for code in told for stem, column in _MARKED.items() if code.startswith(stem)}
    for name, column in (("name", _NAME), ("id_number", _ID), ("phone", _PHONE), ("room", _WHERE)):
        if a[name] and b[name] and a[name] != b[name]:
            columns.add(column)
    return sum(1 << bit for bit, column in enumerate((_NAME, _ID, _PHONE, _WHERE)) if column in columns)
