"""What every normaliser does first: a cell as text, empty cells, words that stand for nothing."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time, timedelta

from lianfang.engine.intake.values.contract import Cell, Note, Reading
from lianfang.engine.intake.values.folding import fold_text

EMPTY = Reading(None)
TRIMMED = Note("spaces_trimmed", "changed")
SPACES_REMOVED = Note("spaces_removed", "changed")
PLACEHOLDER = Reading(None, (Note("placeholder", "changed"),))
NOT_UNDERSTOOD = Reading(None, (Note("not_understood", "error"),))
NOT_A_NUMBER = Reading(None, (Note("not_a_number", "error"),))
BECAME_DATE = Reading(None, (Note("became_date", "error"),))
CODE_NOT_DECLARED = Reading(None, (Note("code_not_declared", "error"),))
CODE_NOT_IN_TABLE = Reading(None, (Note("code_not_in_table", "error"),))
SEVERAL_VALUES = Note("several_values", "error")

# Spreadsheets keep 15 significant digits: every digit after that has been replaced by a zero.
LARGEST_EXACT = 10**15


def words_in(text: str) -> tuple[str, ...]:
    """The words of a list that is written with spaces between them."""
    return tuple(text.split())


_PLACEHOLDERS = frozenset(
    words_in(
        "无 无无 暂无 没有 未知 不详 不明 不清楚 未填 未填写 待填 待填写 待补 待补充 待核实 待定 未提供 拒绝提供 "
        "不愿提供 拒填 "
        "空 空白 略 同上 未登记 未采集 無 暫無 沒有 不詳 未填寫 N/A NA N.A. #N/A NULL NONE NIL NAN NAT UNKNOWN UNK "
        "TBD"
    )
)
_ONLY_MARKS = re.compile(r"[-—–─_/\\.…~?？、。,]{1,12}").fullmatch


def is_placeholder(text: str) -> bool:
    """Whether ``text`` (folded, trimmed) stands for "nothing here": 无, 不详, N/A, -, / …"""
    return text in _PLACEHOLDERS or text.upper() in _PLACEHOLDERS or _ONLY_MARKS(text) is not None


def folded(text: str, *, keep_punctuation: bool = False) -> tuple[str, tuple[Note, ...]]:
    """``text`` folded and trimmed, with the notes of both."""
    result, notes = fold_text(text, keep_punctuation=keep_punctuation)
    stripped = result.strip(" \n")
    if len(stripped) != len(result):
        notes = (*notes, TRIMMED)
    return stripped, notes


def number_text(cell: int | float) -> str | None:
    """A numeric cell as the digits a spreadsheet shows, or None where digits were lost or it is no number."""
    if isinstance(cell, float):
        if not math.isfinite(cell) or abs(cell) >= LARGEST_EXACT:
            return None
        return str(int(cell)) if cell.is_integer() else format(cell, ".15g")
    return str(cell) if abs(cell) < LARGEST_EXACT else None


def is_number(cell: Cell) -> bool:
    """Whether the cell holds a number (a truth value is none)."""
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def is_moment(cell: Cell) -> bool:
    """Whether the cell holds a date, a time or a duration."""
    return isinstance(cell, (date, datetime, time, timedelta))


def cell_text(cell: Cell) -> str | None:
    """Any cell as the text a clerk sees; None for an empty one and for a number that lost digits."""
    if cell is None:
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, (int, float)):
        return number_text(cell)
    if isinstance(cell, datetime):
        midnight = cell.time() == time()
        return cell.date().isoformat() if midnight else cell.isoformat(" ", timespec="seconds")
    if isinstance(cell, time):
        return cell.isoformat(timespec="seconds")
    return str(cell)


def with_notes(reading: Reading, *more: Note) -> Reading:
    """``reading`` with ``more`` notes before its own."""
    return reading._replace(notes=(*more, *reading.notes)) if more else reading


def without_repeats(notes: list[Note] | tuple[Note, ...]) -> tuple[Note, ...]:
    """The notes, each once, in order."""
    return tuple(dict.fromkeys(notes))
