"""The people who were missed, in walking order, ready to be printed and ticked off at the doors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa

from lianfang.interfaces.workbook.book import LINE, ROW, Book, lines_needed
from lianfang.interfaces.workbook.bulk import BulkSheet
from lianfang.interfaces.workbook.columns import (
    age,
    coded,
    free,
    identity,
    instant,
    plain,
    sources,
)
from lianfang.interfaces.workbook.lists import (
    CHUNK,
    MOST_ROWS,
    ListColumn,
    as_list,
    finish_list,
    formats_of,
    measured_widths,
    present_columns,
    row_height,
    start_list,
    write_nothing,
)

ORDER_OF_PLACES = ("township", "community", "compound", "building")
# Excel takes no more breaks on a sheet; what is beyond them simply runs on.
MOST_BREAKS = 1_000


def write_missing(book: Book) -> None:
    """The missing grouped by building and numbered through; each community begins on a page of its own."""
    table = book.answer.missing.sort_by("walking_order")
    order = pa.array(range(1, table.num_rows + 1), pa.int32())
    table = table.set_column(table.column_names.index("walking_order"), "walking_order", order)
    columns = present_columns(table, _columns(book))
    widths = measured_widths(book, table, columns)
    for part, start in enumerate(range(0, max(table.num_rows, 1), MOST_ROWS // 2), 1):
        piece = table.slice(start, MOST_ROWS // 2)
        sheet = book.open_sheet("missing", part=part)
        count = book.say("missing_count", count=table.num_rows, buildings=_buildings(table))
        header = start_list(book, sheet, "missing", columns, widths, count=count)
        if not piece.num_rows:
            write_nothing(book, sheet, header, len(columns), "missing")
            finish_list(book, sheet, columns, header, header + 1, filtered=False)
            continue
        end, breaks = _write_groups(book, sheet, header + 1, piece, columns, widths)
        finish_list(book, sheet, columns, header, end - 1)
        sheet.set_h_pagebreaks(breaks[:MOST_BREAKS])


def _columns(book: Book) -> list[ListColumn]:
    def blank(chunk: pa.Table) -> Sequence[None]:
        return [None] * chunk.num_rows

    def perhaps(chunk: pa.Table) -> Sequence[str | None]:
        scores = chunk.column("possible_score").to_pylist()
        return [None if score is None else book.say("perhaps_sampled", percent=percent(score)) for score in scores]

    def why(chunk: pa.Table) -> Sequence[str]:
        because = as_list(coded(book, "because", "report.missing_because")(chunk))
        reasons = as_list(free(book, "reason")(chunk))
        both = zip(because, reasons, strict=True)
        return [book.say("noted", why=a or "", reason=b) if b else a or "" for a, b in both]

    return [
        ListColumn("walking_order", plain("walking_order"), "number"),
        ListColumn("unit", plain("unit"), most=7, least=5, optional=True),
        ListColumn("room", plain("room"), least=7, most=10),
        ListColumn("name", plain("name"), least=9, most=16),
        ListColumn("sex", coded(book, "sex", "report.sex"), most=7, optional=True),
        ListColumn("age", age(book), "number", optional=True),
        ListColumn("phone", plain("phone"), least=13, most=16),
        ListColumn("special_need", free(book, "special_need"), "wrapped", most=13, optional=True),
        ListColumn("why_missing", why, "wrapped", least=12, most=28),
        ListColumn("perhaps_sampled", perhaps, "wrapped", most=15, optional=True, marked=True),
        ListColumn("called", blank, "tick", least=10, most=10),
        ListColumn("at_home", blank, "tick", least=7, most=7),
        ListColumn("tick_remark", blank, "tick", least=18, most=18),
        ListColumn("community", plain("community"), optional=True, printed=False),
        ListColumn("compound", plain("compound"), optional=True, printed=False),
        ListColumn("building", plain("building"), optional=True, printed=False),
        ListColumn("address", plain("address"), optional=True, printed=False),
        ListColumn("id_number", identity(book), least=20, optional=True, printed=False),
        ListColumn("last_contact_at", instant("last_contact_at"), "instant", optional=True, printed=False),
        ListColumn("chief_name", plain("chief_name"), optional=True, printed=False),
        ListColumn("chief_phone", plain("chief_phone"), optional=True, printed=False),
        ListColumn("possible_pair", plain("possible_pair"), optional=True, printed=False),
        ListColumn("sources", sources(book), most=40, printed=False),
    ]


def percent(score: float) -> int:
    """A probability in whole percent that never rounds up to certainty."""
    return min(99, max(1, round(100 * score)))


def _write_groups(
    book: Book,
    sheet: BulkSheet,
    first_row: int,
    table: pa.Table,
    columns: Sequence[ListColumn],
    widths: Sequence[float],
) -> tuple[int, list[int]]:
    """Write a band per building and its people. Returns the row after the last, and the page breaks."""
    band = book.look.cell("text", "group")
    formats = [formats_of(book, columns, "plain"), [band] * len(columns)]
    wrapped = [(n, widths[n]) for n, column in enumerate(columns) if column.kind == "wrapped"]
    reach = sum(width for width, column in zip(widths, columns, strict=True) if column.printed)
    breaks: list[int] = []
    name = sheet.get_name()

    def rows() -> Iterator[tuple[int, float, Sequence[Any]]]:
        at, community = first_row, None
        for number, (key, people) in enumerate(groupby(_people(table, columns), key=lambda person: person[0])):
            group = list(people)
            if number and key[:2] != community:
                breaks.append(at)
            community = key[:2]
            title = _band(book, key, group)
            yield 1, LINE * lines_needed(title, reach) + 5, [title, *[None] * (len(columns) - 1)]
            for _, _, cells in group:
                yield 0, max(row_height(cells, wrapped), ROW + 2), cells
            at += len(group) + 1
        book.on_progress(name, table.num_rows, table.num_rows)

    return sheet.write_bulk(first_row, formats, rows()), breaks


def _people(
    table: pa.Table, columns: Sequence[ListColumn]
) -> Iterator[tuple[tuple[str, ...], tuple[str, str], Sequence[Any]]]:
    """(building, its chief, the cells) of every missing person."""
    for start in range(0, table.num_rows, CHUNK):
        chunk = table.slice(start, CHUNK)
        keys = zip(*(chunk.column(name).fill_null("").to_pylist() for name in ORDER_OF_PLACES), strict=True)
        chiefs = zip(*(chunk.column(f"chief_{x}").fill_null("").to_pylist() for x in ("name", "phone")), strict=True)
        cells = zip(*(as_list(column.values(chunk)) for column in columns), strict=True)
        yield from zip(keys, chiefs, cells, strict=True)


def _band(book: Book, key: tuple[str, ...], group: Sequence[tuple[Any, tuple[str, str], Any]]) -> str:
    where = " · ".join([*[name for name in key[1:3] if name], building_name(book, key[3])])
    band = f"{where}　{book.say('missing_in_building', count=len(group))}"
    chiefs = dict.fromkeys(" ".join(filter(None, chief)) for _, chief, _ in group if any(chief))
    if chiefs:
        band += "　" + book.say("chiefs", who=", ".join(list(chiefs)[:3]))
    return band


def building_name(book: Book, building: str | None) -> str:
    """10 → 10号楼; a building with a name of its own keeps it."""
    if not building:
        return book.say("no_building")
    return book.say("building_number", number=building) if building.isascii() else building


def _buildings(table: pa.Table) -> int:
    return len(set(zip(*(table.column(name).to_pylist() for name in ORDER_OF_PLACES), strict=True)))
