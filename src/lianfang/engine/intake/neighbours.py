"""Tables that stand side by side in one sheet, with a blank column between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lianfang.engine.intake.detection import Grid
from lianfang.engine.intake.files import RawSheet
from lianfang.engine.intake.headers import LOOK_ROWS, is_filled, is_header, text_of
from lianfang.engine.intake.labels import read_label
from lianfang.engine.intake.values.contract import Cell

_SAID_ONCE = frozenset(("name", "row_no", "id_number", "tube_code"))


@dataclass(frozen=True, slots=True)
class _Strip:
    """Neighbouring columns without a blank one between them, ``left`` to before ``right``."""

    left: int
    right: int
    header: int
    last: int
    labels: frozenset[str]
    fields: frozenset[str]


def side_by_side(grid: Grid) -> list[RawSheet]:
    """The sheet cut at its blank columns where what stands left and right of them are different tables; else [].

    A blank column inside one table does not cut it, nor do people who are listed in two blocks under one header.
    """
    blank = [not one.true_count for one in grid.are_filled]
    if not any(blank[1:-1]):
        return []
    strips = [_strip(grid.raw, left, right) for left, right in _runs(blank)]
    tables: list[_Strip] = []
    for strip in strips:
        if strip is None:
            return []
        if tables and not _are_two(tables[-1], strip):
            first = tables.pop()
            last = max(first.last, strip.last)
            labels, fields = first.labels | strip.labels, first.fields | strip.fields
            strip = _Strip(first.left, strip.right, first.header, last, labels, fields)
        tables.append(strip)
    return [_cut(grid.raw, table) for table in tables] if len(tables) > 1 else []


def _runs(blank: Sequence[bool]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for column, empty in enumerate(blank):
        if empty:
            continue
        if runs and runs[-1][1] == column:
            runs[-1] = (runs[-1][0], column + 1)
        else:
            runs.append((column, column + 1))
    return runs


def _strip(raw: RawSheet, left: int, right: int) -> _Strip | None:
    """The strip with its header row; None where it has none of its own."""
    for row in range(min(LOOK_ROWS, len(raw.rows))):
        cells = raw.rows[row][left:right]
        if right - left >= 2 and is_header(cells):
            labels = [text for cell in cells if (text := text_of(cell))]
            fields = {name for label in labels for name in read_label((label,)).fields}
            last = max(index for index in range(row, len(raw.rows)) if any(map(is_filled, raw.rows[index][left:right])))
            return _Strip(left, right, row, last, frozenset(labels), frozenset(fields))
    return None


def _are_two(one: _Strip, other: _Strip) -> bool:
    """Whether two strips are tables of their own: they repeat what a table says once, under other headers; or
    one of them ends well above the other."""
    if one.labels == other.labels:
        return False
    if one.header != other.header or one.fields & other.fields & _SAID_ONCE:
        return True
    rows = max(one.last, other.last) - one.header
    return abs(one.last - other.last) > max(2, 0.3 * rows)


def _cut(raw: RawSheet, strip: _Strip) -> RawSheet:
    rows: list[list[Cell]] = [row[strip.left : strip.right] for row in raw.rows]
    first = raw.first_column + strip.left
    end = raw.first_column + strip.right
    merged = tuple(
        (top, max(left, first), bottom, min(right, end - 1))
        for top, left, bottom, right in raw.merged
        if left < end and right >= first
    )
    return replace(raw, rows=rows, first_column=first, merged=merged)
