"""Header rows: which rows of a sheet name the columns, and what stands above each column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lianfang.engine.intake.content import profile_of
from lianfang.engine.intake.files import RawSheet
from lianfang.engine.intake.labels import is_known_label
from lianfang.engine.intake.values.contract import Cell

LOOK_ROWS = 60
_MOST_LEVELS = 4
_LONGEST_LABEL = 120
_TELLING = frozenset(("id_number", "phone", "sex", "result", "plate", "ethnicity", "name", "known_name"))

Merged = Mapping[tuple[int, int], str]


# A number, a date, a time: no label is made of these alone, and many cells of a sheet's first rows are.
_ONLY_NUMBERS = re.compile("[0-9][0-9 :./-]*").fullmatch
_MOST_REMEMBERED = 50_000
_judged: dict[str, bool] = {}


def known_label(text: str) -> bool:
    """``is_known_label``, remembered: header rows repeat."""
    if _ONLY_NUMBERS(text):
        return False
    known = _judged.get(text)
    if known is None:
        if len(_judged) >= _MOST_REMEMBERED:
            _judged.clear()
        known = _judged[text] = is_known_label(text)
    return known


def text_of(cell: Cell) -> str:
    """A cell of text, without spaces around; "" for anything else."""
    return cell.strip() if isinstance(cell, str) else ""


def is_filled(cell: Cell) -> bool:
    return cell is not None and cell != ""


def label_share(row: Sequence[Cell]) -> tuple[int, int]:
    """How many cells of a row are known labels, and how many are filled."""
    filled = [cell for cell in row if is_filled(cell)]
    known = sum(1 for cell in filled if isinstance(cell, str) and len(cell) <= _LONGEST_LABEL and known_label(cell))
    return known, len(filled)


def is_header(row: Sequence[Cell]) -> bool:
    """Whether a row by itself names columns: at least two labels, and most of its cells are."""
    cells = [cell for cell in row if is_filled(cell)]
    return len(set(cells)) >= 0.4 * len(cells) and not is_form_line(cells) and _are_labels(cells)


def _are_labels(cells: Sequence[Cell]) -> bool:
    """Whether at least two of the cells, and half of them, are known labels.

    A row of values is told by the first few of its cells: judging a text that was never seen costs as much as
    reading ten cells, so those that need no judging come first.
    """
    may_be = [cell for cell in cells if isinstance(cell, str) and len(cell) <= _LONGEST_LABEL]
    needed = max(2, 0.5 * len(cells))
    known, left = 0, len(may_be)
    for text in sorted(may_be, key=lambda text: text not in _judged and _ONLY_NUMBERS(text) is None):
        if known + left < needed:
            return False
        known += known_label(text)
        left -= 1
    return known >= needed


def is_form_line(row: Sequence[Cell]) -> bool:
    """填报单位：…  填报日期：… or 填表人：  审核人：, above or below a table: blanks to be filled in, no columns."""
    texts = [text_of(cell) for cell in row if is_filled(cell)]
    return sum(":" in text or "：" in text for text in texts if len(text) < 40) > 0.5 * len(texts)


def merged_texts(raw: RawSheet, rows: range) -> dict[tuple[int, int], str]:
    """The text of each merged range in ``rows`` (indexes into ``raw.rows``), at each of its cells."""
    texts: dict[tuple[int, int], str] = {}
    top_row, left_column = raw.first_row - 1, raw.first_column
    for top, left, bottom, right in raw.merged:
        anchor = top - top_row
        if anchor not in rows or not 0 <= left - left_column < len(raw.rows[anchor]):
            continue
        text = text_of(raw.rows[anchor][left - left_column])
        if text:
            for row in range(anchor, min(bottom - top_row, rows.stop - 1) + 1):
                for column in range(left - left_column, right - left_column + 1):
                    texts[row, column] = text
    return texts


def header_block(raw: RawSheet, main: int, merged: Merged, floor: int) -> tuple[int, ...]:
    """The rows that make up the header of which ``main`` is one, top to bottom; none above ``floor``."""
    block = [main]
    while block[0] - 1 >= floor and len(block) < _MOST_LEVELS and _is_upper(raw, block[0] - 1, block[0], merged):
        block.insert(0, block[0] - 1)
    while block[-1] + 1 < len(raw.rows) and len(block) < _MOST_LEVELS and _is_lower(raw, block[-1], merged):
        block.append(block[-1] + 1)
    return tuple(block)


def _is_upper(raw: RawSheet, row: int, below: int, merged: Merged) -> bool:
    """Whether a row above the labels groups them: it spans some of the columns, not all (a title)."""
    cells = raw.rows[row]
    filled = [i for i, cell in enumerate(cells) if is_filled(cell)]
    if not filled or any(not isinstance(cells[i], str) or len(text_of(cells[i])) > 40 for i in filled):
        return False
    width = sum(1 for cell in raw.rows[below] if is_filled(cell))
    spans = {merged.get((row, column), "") for column in range(len(cells))} - {""}
    if len(filled) == 1:
        covered = sum(1 for column in range(len(cells)) if merged.get((row, column)))
        return 2 <= covered < 0.7 * max(width, 1) and filled[0] > 0
    if is_form_line(cells):
        return False
    known, _ = label_share(cells)
    if known >= 2 and known >= 0.5 * len(filled):
        return not _same_labels(raw.rows[row], raw.rows[below]) and _complements(raw, row, below, merged)
    return len(spans) >= 2 or (len(filled) >= 2 and width >= 2 * len(filled) and known >= 1)


def _complements(raw: RawSheet, row: int, below: int, merged: Merged) -> bool:
    """Whether two label rows share out the columns: where the lower one has a label, the upper one spans
    or is empty; a full row over a full row is a table of its own."""
    upper, lower = raw.rows[row], raw.rows[below]
    both = alone = 0
    for column in range(min(len(upper), len(lower))):
        above, under = is_filled(upper[column]), is_filled(lower[column])
        both += above and under
        alone += above != under
    return alone > 0 and (both <= alone or any(merged.get((row, column)) for column in range(len(upper))))


def _is_lower(raw: RawSheet, last: int, merged: Merged) -> bool:
    """Whether the row after a header row goes on with it."""
    row = raw.rows[last + 1]
    known, filled = label_share(row)
    if not filled or any(is_filled(cell) and not isinstance(cell, str) for cell in row):
        return False
    if known < 0.5 * filled or _same_labels(raw.rows[last], row):
        return False
    if known < 2 and not any((last, column) in merged for column in range(len(row))):
        return False
    return _complements(raw, last, last + 1, merged)


def _same_labels(one: Sequence[Cell], other: Sequence[Cell]) -> bool:
    pairs = [(text_of(a), text_of(b)) for a, b in zip(one, other, strict=False) if is_filled(a) or is_filled(b)]
    return bool(pairs) and sum(a == b for a, b in pairs) >= 0.8 * len(pairs)


def column_levels(raw: RawSheet, block: Sequence[int], width: int, merged: Merged) -> list[tuple[str, ...]]:
    """For each column the texts above it, top to bottom, each once. A spanning cell counts for all of the
    columns that it spans, also where it was centred without merging."""
    levels: list[list[str]] = [[] for _ in range(width)]
    for position, row in enumerate(block):
        carried = ""
        for column in range(width):
            cells = raw.rows[row]
            text = merged.get((row, column)) or (text_of(cells[column]) if column < len(cells) else "")
            if not text and column < len(cells) and is_filled(cells[column]):
                text = str(cells[column])
            lower = any(_text_at(raw, below, column, merged) for below in block[position + 1 :])
            if text:
                carried = text if lower and (row, column) not in merged else ""
            elif carried and lower:
                text = carried
            if text and (not levels[column] or levels[column][-1] != text):
                levels[column].append(text)
    return [tuple(one) for one in levels]


def _text_at(raw: RawSheet, row: int, column: int, merged: Merged) -> str:
    cells = raw.rows[row]
    return merged.get((row, column)) or (text_of(cells[column]) if column < len(cells) else "")


def plain_header(rows: Sequence[Sequence[Cell]], start: int) -> bool:
    """Whether row ``start`` names columns although no label is known: all text, all different, none
    looks like a value, and below it there are values."""
    cells = [cell for cell in rows[start] if is_filled(cell)]
    if len(cells) < 2 or not all(isinstance(cell, str) for cell in cells) or len(set(cells)) < len(cells):
        return False
    if any(name in _TELLING for cell in cells for name, _ in profile_of([cell]).likely if name != "name"):
        return False
    below = rows[start + 1 : start + 30]
    for column in range(len(rows[start])):
        cell = rows[start][column]
        values = [row[column] for row in below if column < len(row)]
        likely = profile_of(values).likely
        numbers = sum(not isinstance(value, str) for value in values if is_filled(value))
        if isinstance(cell, str) and ((likely and likely[0][1] >= 0.6) or numbers >= 3):
            own = profile_of([cell]).likely
            if not own or not likely or own[0][0] != likely[0][0]:
                return True
    return False
