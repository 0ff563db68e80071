"""What disagrees: a band per kind, the rows of each conflict together, the field that differs marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from lianfang.interfaces.masking import mask_apart
from lianfang.interfaces.workbook.book import LINE, ROW, Book, set_widths
from lianfang.interfaces.workbook.look import MUTED, Kind
from lianfang.interfaces.workbook.positive import place_in_words

KIND_TABLES = ("conflict", "round.finding")
_COLUMNS: tuple[tuple[str, float], ...] = (
    ("number", 6), ("field", 16), ("value", 24), ("name", 12), ("id_number", 22), ("phone", 14), ("where", 34),
    ("tube_code", 17), ("sources", 44),
)  # fmt: skip
_NUMBER, _FIELD, _VALUE, _NAME, _ID, _PHONE, _HOME, _TUBE, _SOURCES = range(9)
_MARKED = {"name": _NAME, "id_number": _ID, "phone": _PHONE, "tube_code": _TUBE}
_MARKED |= dict.fromkeys(("place", "township", "community", "compound", "building", "unit", "room", "address"), _HOME)
_BAND = 0


def write_conflicts(book: Book) -> None:
    """Conflicts of one kind after another; each with all its rows."""
    rows = book.answer.conflicts.to_pylist()
    rows.sort(key=lambda row: (row["kind"] or "", row["conflict_key"] or ""))
    groups = [list(group) for _, group in groupby(rows, key=lambda row: (row["kind"], row["conflict_key"]))]
    sheet = book.open_sheet("conflicts")
    widths = [width for _, width in _COLUMNS]
    set_widths(sheet, [*widths, 16.0])
    count = book.say("conflicts_count", count=len(groups))
    last = len(_COLUMNS) - 1
    header = book.heading(sheet, "conflicts", last, count=count, width=sum(widths))
    sheet.set_row(header, LINE + 6)
    for column, (name, _) in enumerate((*_COLUMNS, ("kind_code", 0))):
        kind: Kind = "number" if name == "number" else "text"
        sheet.write_string(header, column, book.say(f"column.{name}"), book.look.header(kind))
    row = header + 1
    if not groups:
        sheet.write_string(row, 0, book.say("none.conflicts"), book.look(bold=True, font_color="#1B6E3C"))
    else:
        row = sheet.write_bulk(row, _formats(book), _layout(book, groups))
    sheet.freeze_panes(header + 1, 0)
    sheet.repeat_rows(header)
    sheet.print_area(0, 0, max(row - 1, header + 1), last)
    sheet.fit_to_pages(1, 0)
    book.on_progress(sheet.get_name(), len(groups), len(groups))


def _formats(book: Book) -> list[list[Any]]:
    """Style 0 is the band; then for each cell that may be marked (or none, _VALUE) the first row of a
    conflict, with a line above it, and its other rows."""
    band = [book.look.cell("text", "group", font_size=11)] * (len(_COLUMNS) + 1)
    styles = [band]
    for marked in range(_VALUE, _SOURCES):
        styles += [_row_formats(book, marked, {"top": 1, "top_color": MUTED}), _row_formats(book, marked, {})]
    return styles


def _row_formats(book: Book, marked: int, edge: dict[str, Any]) -> list[Any]:
    cell = book.look.cell
    formats = [cell("text", **edge)] * (len(_COLUMNS) + 1)
    formats[_NUMBER] = cell("number", "muted", **edge)
    formats[marked] = cell("text", "amber", **edge)
    formats[_VALUE] = cell("text", "amber", bold=True, **edge)
    formats[_SOURCES] = formats[-1] = cell("text", "muted", **edge)
    return formats


def _style(field: str | None, is_first: bool) -> int:
    return 1 + 2 * (_MARKED.get(field or "", _VALUE) - _VALUE) + (not is_first)


def _layout(book: Book, groups: Sequence[list[dict[str, Any]]]) -> Iterator[tuple[int, float, list[Any]]]:
    told = book.provenance.by_number(row["record_id"] for group in groups for row in group)
    for kind, of_kind in groupby(groups, key=lambda group: group[0]["kind"]):
        conflicts = list(of_kind)
        band = book.say("band_count", what=book.texts.of_code(KIND_TABLES, kind), count=len(conflicts))
        yield _BAND, LINE + 6, [band, *[None] * (len(_COLUMNS) - 1), kind]
        for number, group in enumerate(conflicts, 1):
            yield from _rows(book, number, group, told)


def _rows(
    book: Book, number: int, group: Sequence[dict[str, Any]], told: Mapping[int, dict[str, Any]]
) -> Iterator[tuple[int, float, list[Any]]]:
    records = [told.get(row["record_id"]) for row in group]
    ids: list[str | None] = [record["id_number"] if record else None for record in records]
    shown = ids if book.full_identity else mask_apart(ids)
    values = _values(book, group)
    for place, (row, record, identity, value) in enumerate(zip(group, records, shown, values, strict=True)):
        about = record or dict.fromkeys(("name", "phone", "tube_code"))
        cells = [
            None if place else number,
            book.texts.of_code("field", row["field"]) if row["field"] else None,
            value, about["name"], identity, about["phone"],
            place_in_words(book, record) if record else None,
            row["tube_code"] or about["tube_code"],
            book.provenance.say((row["record_id"],)) if record else None,
            row["kind"],
        ]  # fmt: skip
        yield _style(row["field"], not place), ROW, cells


def _values(book: Book, group: Sequence[dict[str, Any]]) -> list[str | None]:
    """The differing values; identity numbers masked but where they differ."""
    given = [row["value"] for row in group]
    if book.full_identity:
        return given
    apart = iter(mask_apart([row["value"] for row in group if row["field"] == "id_number"]))
    return [
        next(apart) if row["field"] == "id_number" else book.cell_text((row["field"] or "",), row["value"])
        for row in group
    ]
