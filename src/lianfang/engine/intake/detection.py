"""Finding the tables of a messy sheet: where a header is, which rows are records, and what the others are."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.intake.cell_column import CellColumn
from lianfang.engine.intake.content import profile_of
from lianfang.engine.intake.contract import SkippedRow
from lianfang.engine.intake.files import RawSheet
from lianfang.engine.intake.headers import (
    LOOK_ROWS,
    column_levels,
    header_block,
    is_filled,
    is_header,
    known_label,
    label_share,
    merged_texts,
    plain_header,
    text_of,
)
from lianfang.engine.intake.values.contract import Cell
from lianfang.engine.intake.vocabulary import vocabulary

_TOTAL = re.compile(
    r"\s*(?:合\s*计|小\s*计|总\s*计|共\s*计|總\s*計|合\s*計|小\s*計|总人数|总户数|累计|total|subtotal|sum).{0,12}",
    re.IGNORECASE,
)
_TOTAL_OF_LINES = re.compile(_TOTAL.pattern, re.IGNORECASE | re.DOTALL)
# Begins as a total may, and little else does: told of a whole column at once (RE2, whose \\s is only that of ASCII).
_MAY_BE_TOTAL = r"^[\s\v\x1c-\x1f\x{85}\p{Z}]*(?:[合小总共總累]|[tT][oO]|[sSſ][uU])"
_NOTE = re.compile(
    r"\s*(?:注[:：]|注意|说明|備註[:：]|备注[:：]|填表说明|填报说明|填表要求|填写说明|填表人|填报人|制表|审核人?[:：]|审批|负责人[:：]|联系人[:：]|"
    r"填报单位|填报日期|填表日期|单位[(（]?盖章|签字|签名|\*|※|note|prepared by|共\s*\d+\s*[人户条页])",
    re.IGNORECASE,
)
_NUMBERED_NOTE = re.compile(r"\s*[(（]?\d{1,2}\s*[)）.、．]\s*[^\d\s].{7,}")
_EXAMPLE = re.compile(r"\s*[(（【\[]?(?:示例|样例|范例|填写示例|填写范例|例[:：如]|example)", re.IGNORECASE)
_STEMS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
_NUMBERED = re.compile(r"[(（\[]?\s*(\d{1,3}|[A-Z]{1,2}|[甲乙丙丁戊己庚辛壬癸])\s*[)）\]]?")
_BANNER = re.compile(
    r".{0,30}?(?:号楼|號樓|栋|幢|棟|座|单元|單元|小区|小區|社区|社區|村|网格|網格|街道|镇|苑|花园|公寓|组|弄)(?:\s*[(（:：].{0,40})?.{0,12}"
)
_RARE = 3000


@dataclass(frozen=True, slots=True)
class Banner:
    """A row between sections whose text holds for the rows below it."""

    row: int
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a sheet. All rows are indexes into ``RawSheet.rows``.

    ``records`` are the rows that hold records, in order. ``levels[c]`` are the texts above column c.
    """

    header: tuple[int, ...]
    levels: tuple[tuple[str, ...], ...]
    records: Sequence[int]
    title: str = ""
    banners: tuple[Banner, ...] = ()
    skipped: tuple[SkippedRow, ...] = ()
    span: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class _Sorted:
    records: list[int] = field(default_factory=list)
    banners: list[Banner] = field(default_factory=list)
    skipped: list[SkippedRow] = field(default_factory=list)


class Grid:
    """A sheet whose rows are equally long, by row and by column."""

    def __init__(self, raw: RawSheet) -> None:
        self.raw = raw
        self.columns: list[CellColumn] = [CellColumn.of(column) for column in zip(*raw.rows, strict=True)]
        self.are_filled: list[pa.BooleanArray] = [column.are_filled() for column in self.columns]

    def filled_by_row(self) -> list[int]:
        """How many cells of each row hold anything."""
        total = pa.repeat(pa.scalar(0, pa.int16()), len(self.raw.rows))
        for one in self.are_filled:
            total = pc.add(total, one.cast(pa.int16()))
        counts: list[int] = total.to_pylist()
        return counts


def find_tables(grid: Grid) -> tuple[Table, ...]:
    """The tables of a sheet from top to bottom; none where it is empty."""
    raw = grid.raw
    filled = grid.filled_by_row()
    if not any(filled):
        return ()
    width = max(map(len, raw.rows))
    blocks = _header_blocks(grid, filled, width)
    if not blocks:
        first = next(index for index, count in enumerate(filled) if count)
        start = _first_record(raw, filled, first)
        return (_table(grid, (), start, len(raw.rows), filled, width, first),)
    tables = []
    for number, block in enumerate(blocks):
        end = _above_title(raw, filled, blocks[number + 1][0]) if number + 1 < len(blocks) else len(raw.rows)
        above = _above_title(raw, filled, block[0]) if number else 0
        tables.append(_table(grid, block, block[-1] + 1, end, filled, width, above))
    return tuple(table for table in tables if table.records or len(tables) == 1 or len(table.header) > 0)


def _above_title(raw: RawSheet, filled: Sequence[int], header: int) -> int:
    """The first of the rows right above a header that are its title: empty, or with a single text."""
    first = header
    while first > 0 and (
        not filled[first - 1] or (filled[first - 1] == 1 and any(text_of(cell) for cell in raw.rows[first - 1]))
    ):
        first -= 1
    return first


def _header_blocks(grid: Grid, filled: Sequence[int], width: int) -> list[tuple[int, ...]]:
    raw = grid.raw
    merged = merged_texts(raw, range(len(raw.rows))) if raw.merged else {}
    candidates = _candidates(grid, filled)
    blocks: list[tuple[int, ...]] = []
    seen: list[frozenset[str]] = []
    taken = -1
    for row in candidates:
        if row <= taken or (blocks and not _begins_a_table(grid, filled, row)):
            continue
        block = header_block(raw, row, merged, taken + 1)
        labels = frozenset(text for one in column_levels(raw, block, width, merged) for text in one)
        if seen and _alike(labels, seen[-1]):
            taken = block[-1]
            continue
        blocks.append(block)
        seen.append(labels)
        taken = block[-1]
    if not blocks and max(filled) == 1:
        first = next(row for row, count in enumerate(filled) if count)
        named = any(known_label(text) for cell in raw.rows[first] if (text := text_of(cell)))
        return [(first,)] if named else []
    if not blocks:
        for row in range(min(LOOK_ROWS, len(raw.rows))):
            if filled[row] >= 2:
                return [(row,)] if plain_header(raw.rows, row) else []
    return blocks


def _begins_a_table(grid: Grid, filled: Sequence[int], row: int) -> bool:
    """Whether a further row of labels is a header, and no record whose values happen to be labels (身份证, 户主,
    核酸): it stands after a gap or is all labels, and its texts are not what its columns hold."""
    cells = grid.raw.rows[row]
    known, count = label_share(cells)
    after_gap = row > 0 and filled[row - 1] <= 1
    if not after_gap and (known < 3 or known < 0.8 * count):
        return False
    often = max(2, len(grid.raw.rows) // 20)
    common = sum(
        1
        for column, cell in zip(grid.columns, cells, strict=True)
        if is_filled(cell) and column.count(cell) > often and not _repeats(grid, row, cell)
    )
    return common <= 0.3 * count


def _repeats(grid: Grid, row: int, cell: Cell) -> bool:
    """Whether a label is one that a header above has in the same column, printed again on every page."""
    return any(
        column[row] == cell and cell in column[: min(row, LOOK_ROWS)] and is_header(grid.raw.rows[column.index(cell)])
        for column in grid.columns
    )


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= 0.7 * max(len(one), len(other), 1)


def _candidates(grid: Grid, filled: Sequence[int]) -> list[int]:
    """Rows that may be headers: looked at one by one at the top, found by their labels further down."""
    raw = grid.raw
    top = [row for row in range(min(LOOK_ROWS, len(raw.rows))) if filled[row] >= 2 and is_header(raw.rows[row])]
    if len(raw.rows) <= LOOK_ROWS:
        return top
    known = vocabulary().labels
    hits: Counter[int] = Counter()
    for column in grid.columns:
        for text in known.keys() & column.cells:
            rows = column.rows_of(text)
            if len(rows) <= _RARE:
                hits.update(rows)
    below = [row for row, count in sorted(hits.items()) if row >= LOOK_ROWS and count >= 2 and is_header(raw.rows[row])]
    return top + below


def _first_record(raw: RawSheet, filled: Sequence[int], first: int) -> int:
    """The first row of a table without header: titles above it have fewer cells than its rows."""
    usual = Counter(count for count in filled[first : first + LOOK_ROWS] if count).most_common(1)[0][0]
    for row in range(first, min(first + LOOK_ROWS, len(raw.rows))):
        if filled[row] >= max(1, 0.6 * usual):
            return row
    return first


def _table(
    grid: Grid, block: tuple[int, ...], start: int, end: int, filled: Sequence[int], width: int, above: int
) -> Table:
    raw = grid.raw
    merged = merged_texts(raw, range(min(block, default=0), max(block, default=-1) + 1)) if raw.merged else {}
    levels = column_levels(raw, block, width, merged) if block else [()] * width
    title = " ".join(
        text for row in raw.rows[above : block[0] if block else start] for cell in row if (text := text_of(cell))
    )
    start = _after_column_numbers(raw, start, end)
    sorted_rows = _sort_rows(grid, levels, start, end, filled)
    return Table(
        block,
        tuple(levels),
        sorted_rows.records,
        title[:200],
        tuple(sorted_rows.banners),
        tuple(sorted_rows.skipped),
        (block[0] if block else start, end),
    )


def _after_column_numbers(raw: RawSheet, start: int, end: int) -> int:
    """Skip a row that only counts the columns: 1 2 3 …, (1) (2), A B C, 甲 乙 丙."""
    if start >= end:
        return start
    cells = [cell for cell in raw.rows[start] if is_filled(cell)]
    texts = [str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell) for cell in cells]
    numbers = [match[1] for text in texts if (match := _NUMBERED.fullmatch(text.strip()))]
    if len(cells) < 3 or len(numbers) < len(cells):
        return start
    digits = [int(number) for number in numbers if number.isdigit()]
    letters = [number for number in numbers if not number.isdigit()]
    counts = all(b - a == 1 for a, b in itertools.pairwise(digits))
    ordered = all(_rank(b) - _rank(a) == 1 for a, b in itertools.pairwise(letters))
    return start + 1 if counts and ordered and (not digits or digits[0] <= 2) else start


def _rank(letter: str) -> int:
    return _STEMS.index(letter) if letter in _STEMS else ord(letter[-1])


def _sort_rows(grid: Grid, levels: Sequence[tuple[str, ...]], start: int, end: int, filled: Sequence[int]) -> _Sorted:
    """Tell the records from totals, repeated headers, banners, notes and empty rows."""
    found = _Sorted()
    raw = grid.raw
    last = max((row for row in range(start, end) if filled[row]), default=start - 1)
    suspects = _suspects(grid, levels, start, last + 1, filled)
    if not suspects:
        found.records = list(range(start, last + 1))
        return found
    few = max(2, sum(1 for level in levels if level) // 4)
    for row in range(start, last + 1):
        reason = suspects.get(row)
        if reason is None:
            found.records.append(row)
            continue
        text = " ".join(text for cell in raw.rows[row] if (text := _shown(cell)))[:200]
        kind = reason or _kind_of_sparse(raw, row, text, filled[row], few, levels)
        if kind == "banner":
            found.banners.append(Banner(row, text))
        if kind == "record":
            found.records.append(row)
        else:
            found.skipped.append(SkippedRow(raw.first_row + row, kind, text))
    return found


def _shown(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _suspects(
    grid: Grid, levels: Sequence[tuple[str, ...]], start: int, end: int, filled: Sequence[int]
) -> dict[int, str]:
    """Rows that may be no records, with the reason where it is clear already ("" where not)."""
    raw = grid.raw
    labelled = sum(1 for level in levels if level)
    few = max(2, labelled // 4) if labelled > 2 else 1
    suspects = {row: "" if filled[row] else "empty" for row in range(start, end) if filled[row] <= few}
    for column in grid.columns[:8]:
        for text in _texts_of_totals(column):
            for row in column.rows_of(text):
                if start <= row < end and _is_total(raw.rows[row]):
                    suspects[row] = "total"
    repeated = _repeated_headers(grid, levels, range(start, end))
    suspects.update(dict.fromkeys(repeated, "repeated_header"))
    for row in range(start, min(start + 3, end)):
        if any(_EXAMPLE.match(text_of(cell)) for cell in raw.rows[row][:3]):
            suspects[row] = "example"
    return suspects


def _texts_of_totals(column: CellColumn) -> list[str]:
    """The different texts that begin with 合计, 小计 …"""
    likely = column.texts.filter(pc.match_substring_regex(column.texts, _MAY_BE_TOTAL))
    return [text for text in likely.unique().to_pylist() if _TOTAL_OF_LINES.fullmatch(text)]


def _is_total(row: Sequence[Cell]) -> bool:
    """A row of totals has, besides the word, numbers and sums but nothing that identifies a person."""
    texts = [cell for cell in row if isinstance(cell, str) and cell.strip()]
    return len(texts) <= max(3, len(row) // 2) and not any(
        name in ("id_number", "phone") for name, _ in profile_of(texts).likely
    )


def _repeated_headers(grid: Grid, levels: Sequence[tuple[str, ...]], rows: range) -> list[int]:
    hits: Counter[int] = Counter()
    labelled = 0
    for column, level in zip(grid.columns, levels, strict=True):
        if level:
            labelled += 1
            hits.update(row for row in column.rows_of(level[-1]) if row in rows)
    return [row for row, count in hits.items() if count >= max(2, 0.5 * labelled) or count == labelled]


def _kind_of_sparse(
    raw: RawSheet, row: int, text: str, filled: int, few: int, levels: Sequence[tuple[str, ...]]
) -> str:
    """What a row with very few cells is."""
    first = next((text_of(cell) for cell in raw.rows[row] if text_of(cell)), "")
    if _TOTAL.fullmatch(first) or re.match(r"(?:合计|小计|总计|共计)", first):
        return "total"
    if _NOTE.match(first) and len(text) > 2:
        return "note"
    if filled == 1 and len(levels) > 2 and _NUMBERED_NOTE.fullmatch(first):
        return "note"
    wide = _width_of_merge(raw, row)
    if filled == 1 and first and not known_label(first) and (wide >= 3 or _BANNER.fullmatch(first)):
        column = next(index for index, cell in enumerate(raw.rows[row]) if is_filled(cell))
        if wide >= 3 or column == 0 or not levels[column]:
            return "banner" if len(first) <= 40 else "note"
    if filled <= 2 and (len(first) > 30 or wide >= 3):
        return "note"
    if filled == 1 and isinstance(first, str) and not first:
        return "note" if len(levels) > 3 and _only_row_number(raw.rows[row], levels) else "record"
    return "record"


def _only_row_number(row: Sequence[Cell], levels: Sequence[tuple[str, ...]]) -> bool:
    """A prepared line: it has its number, and nobody is written in it yet."""
    column = next(index for index, cell in enumerate(row) if is_filled(cell))
    return column == next((index for index, level in enumerate(levels) if level), 0)


def _width_of_merge(raw: RawSheet, row: int) -> int:
    absolute = raw.first_row - 1 + row
    return max((right - left + 1 for top, left, bottom, right in raw.merged if top <= absolute <= bottom), default=1)


def fill_down_of(raw: RawSheet) -> Mapping[int, list[tuple[int, int]]]:
    """The vertically merged ranges by column: column index → [(first row, last row)], indexes into the sheet."""
    ranges: dict[int, list[tuple[int, int]]] = {}
    for top, left, bottom, _ in raw.merged:
        if bottom > top:
            column, first = left - raw.first_column, top - (raw.first_row - 1)
            ranges.setdefault(column, []).append((first, bottom - (raw.first_row - 1)))
    return ranges
