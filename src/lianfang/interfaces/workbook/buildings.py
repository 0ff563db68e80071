"""The summary by building, with community subtotals and the whole at the top."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range

from lianfang.interfaces.workbook.book import (
    LINE,
    ROW,
    Book,
    heading_width,
    lines_needed,
    set_widths,
    text_width,
)
from lianfang.interfaces.workbook.bulk import BulkSheet
from lianfang.interfaces.workbook.look import AMBER_PALE, RED, Kind, Tone

# A rule over more pieces than this makes spreadsheet programs slow; it then covers the subtotals too.
MOST_RUNS = 500
PLACES = ("township", "community", "compound", "building")
COUNTS = (
    "households", "expected", "exempt", "away", "sampled", "missing", "coverage",
    "negative", "released", "pending", "unclear", "held", "positive", "unrostered",
)  # fmt: skip
_SUMMED = tuple(name for name in COUNTS if name != "coverage")


def write_buildings(book: Book) -> None:
    """One row per building in walking order; the subtotal of each community above its buildings."""
    rows = book.answer.round.buildings.to_pylist()
    places = [name for name in PLACES if name == "building" or any(row[name] for row in rows)]
    sheet = book.open_sheet("buildings")
    header, last_column = _start(book, sheet, rows, places)
    if not rows:
        sheet.write_string(header + 1, 0, book.say("none.buildings"), book.look(bold=True))
        return
    kinds: list[Kind] = ["text"] * len(places)
    kinds += ["percent" if name == "coverage" else "number" for name in COUNTS]
    formats = [_formats(book, kinds), _formats(book, kinds, "group"), _formats(book, kinds, "group", font_size=11)]
    total = book.answer.round.totals.to_pylist()
    records = _layout(book, rows, places, total[0] if total else _sum(rows))
    end = sheet.write_bulk(header + 1, formats, ((style, height, cells) for style, height, cells in records))
    _emphasise(book, sheet, header + 1, end - 1, len(places), _runs_of_buildings(rows, header + 2))
    sheet.freeze_panes(header + 1, len(places))
    sheet.autofilter(header, 0, end - 1, last_column)
    sheet.repeat_rows(header)
    sheet.print_area(0, 0, end - 1, last_column)
    sheet.fit_to_pages(1, 0)
    book.on_progress(sheet.get_name(), len(rows), len(rows))


def _start(book: Book, sheet: BulkSheet, rows: Sequence[dict[str, Any]], places: Sequence[str]) -> tuple[int, int]:
    least = {name: heading_width(book.say(f"column.{name}")) for name in (*places, *COUNTS)}
    widths = [max(8.0, least[name], min(20.0, _widest(rows, name) + 2)) for name in places]
    widths += [max(7.5, least[name]) for name in COUNTS]
    widths.append(7.0)
    last_column = len(widths) - 1
    set_widths(sheet, widths)
    count = book.say("buildings_count", count=len(rows))
    header = book.heading(sheet, "buildings", last_column, count=count, width=sum(widths))
    titles = [book.say(f"column.{name}") for name in (*places, *COUNTS, "adds_up")]
    needed = max(lines_needed(title, width) for title, width in zip(titles, widths, strict=True))
    sheet.set_row(header, LINE * needed + 6)
    for column, title in enumerate(titles):
        number = len(places) <= column < last_column
        sheet.write_string(header, column, title, book.look.header("number" if number else "text"))
    return header, last_column


def _widest(rows: Sequence[dict[str, Any]], name: str) -> float:
    return max((text_width(row[name] or "") for row in rows), default=0.0)


def _layout(
    book: Book, rows: Sequence[dict[str, Any]], places: Sequence[str], total: dict[str, Any]
) -> Iterator[tuple[int, float, list[Any]]]:
    """The whole, then every community followed by its buildings; a lone community needs no subtotal."""
    yield 2, ROW + 3, _cells(book, [book.say("whole"), *[None] * (len(places) - 1)], total)
    communities = [(key, list(group)) for key, group in groupby(rows, key=_community)]
    for (_, community), group in communities:
        if len(communities) > 1:
            name = book.say("subtotal", place=community or book.say("no_community"))
            labels = [group[0][place] if place == "township" else None for place in places]
            labels[places.index("community") if "community" in places else 0] = name
            yield 1, ROW, _cells(book, labels, _sum(group))
        for row in group:
            labels = [row[place] for place in places]
            labels[-1] = labels[-1] or book.say("no_building")
            yield 0, ROW, _cells(book, labels, row)


def _cells(book: Book, labels: Sequence[str | None], counts: dict[str, Any]) -> list[Any]:
    mark = book.say("adds_up") if counts["adds_up"] else book.say("does_not_add_up")
    return [*labels, *[counts[name] for name in COUNTS], mark]


def _sum(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    counts: dict[str, Any] = {name: sum(row[name] or 0 for row in rows) for name in _SUMMED}
    due = counts["expected"] - counts["exempt"] - counts["away"]
    counts["coverage"] = counts["sampled"] / due if due else None
    counts["adds_up"] = all(row["adds_up"] for row in rows)
    return counts


def _formats(book: Book, kinds: Sequence[Kind], tone: Tone = "plain", **more: Any) -> list[Format]:
    mark = book.look.cell("text", tone, align="center", **more)
    return [*(book.look.cell(kind, tone, **more) for kind in kinds), mark]


def _runs_of_buildings(rows: Sequence[dict[str, Any]], first: int) -> list[tuple[int, int]]:
    """The sheet rows that hold buildings, without the subtotals between them."""
    runs = []
    groups = [len(list(group)) for _, group in groupby(rows, key=_community)]
    for size in groups:
        first += len(groups) > 1
        runs.append((first, first + size - 1))
        first += size
    return runs


def _emphasise(
    book: Book, sheet: BulkSheet, first: int, last: int, places: int, runs: Sequence[tuple[int, int]]
) -> None:
    """Bars for the missing, warmth for low coverage, red for positives; zeros step back."""
    at = {name: places + number for number, name in enumerate(COUNTS)}
    bar = {"type": "data_bar", "bar_color": "#F2C98A", "bar_solid": True, "min_type": "num", "min_value": 0}
    warmth = {
        "type": "2_color_scale", "min_color": AMBER_PALE, "max_color": "#FFFFFF",
        "max_type": "num", "max_value": 1, "min_type": "min",
    }  # fmt: skip
    for name, rule in (("missing", bar), ("coverage", warmth)):
        column = at[name]
        if len(runs) <= MOST_RUNS:
            rule["multi_range"] = " ".join(xl_range(top, column, end, column) for top, end in runs)
        sheet.conditional_format(runs[0][0], column, runs[-1][1], column, rule)
    alarm = book.look.tint(font_color=RED, bold=True)
    quiet = book.look.tint(font_color="#9AA4AE")
    for name in ("positive", "held"):
        some = {"type": "cell", "criteria": ">", "value": 0, "format": alarm}
        sheet.conditional_format(first, at[name], last, at[name], some)
    zero = {"type": "cell", "criteria": "==", "value": 0, "format": quiet}
    sheet.conditional_format(first, places, last, places + len(COUNTS) - 1, zero)


def _community(row: dict[str, Any]) -> tuple[str, str]:
    return row["township"] or "", row["community"] or ""
