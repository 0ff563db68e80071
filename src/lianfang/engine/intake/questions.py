"""What a person should be asked before a file is used, and what their answer means for the mapping file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.intake.columns import ASK
from lianfang.engine.intake.contract import ColumnReading, FileReading, SheetReading
from lianfang.engine.intake.mapping import NO_FIELD, Decision

CODE_MEANINGS = {
    "result": ("negative", "positive", "indeterminate", "invalid"),
    "last_result": ("negative", "positive", "indeterminate", "invalid"),
    "igm": ("negative", "positive", "indeterminate", "invalid"),
    "igg": ("negative", "positive", "indeterminate", "invalid"),
    "sex": ("male", "female"),
}
_UNDECLARED = ("code_not_declared", "code_not_in_table")
_ESSENTIAL = frozenset(
    ("name", "id_number", "phone", "building", "unit", "room", "address", "tube_code", "sampled_at", "result", "reason")
)


@dataclass(frozen=True, slots=True)
class Question:
    """A column that is not sure ("column"), or a code that nothing declares ("code").

    ``options`` are the answers to choose from, the likeliest first; any other field, or "-" for none,
    may be answered to a question about a column.
    """

    kind: Literal["column", "code"]
    sheet: str
    column: str
    label: str
    options: tuple[tuple[str, float], ...]
    examples: tuple[str, ...]
    code: str = ""
    field: str = ""


def questions(reading: FileReading) -> list[Question]:
    """Everything worth asking about a file, each label and each code once, the most important first."""
    found: dict[tuple[str, str, str], Question] = {}
    for sheet in reading.sheets:
        for question in (*_about_columns(sheet), *_about_codes(sheet)):
            found.setdefault((question.kind, question.label, question.code), question)
    return sorted(found.values(), key=_importance)


def _importance(question: Question) -> tuple[int, int]:
    essential = any(name in _ESSENTIAL for name, _ in question.options) or question.field in _ESSENTIAL
    return (0 if essential else 1, 0 if question.kind == "code" else 1)


def _about_columns(sheet: SheetReading) -> Iterable[Question]:
    for column in sheet.columns:
        if column.how in ("memory", "asked") or not column.filled or not column.label:
            continue
        if column.confidence >= ASK or not (column.fields or column.alternatives):
            continue
        yield Question("column", sheet.sheet, column.column, column.label, _options(column), column.examples)


def _options(column: ColumnReading) -> tuple[tuple[str, float], ...]:
    first = (("+".join(column.fields), column.confidence),) if column.fields else ()
    return (*first, *column.alternatives, (NO_FIELD, 0.0))


def _about_codes(sheet: SheetReading) -> Iterable[Question]:
    notes = sheet.notes
    if not notes.num_rows:
        return
    wanted = notes.filter(pc.is_in(notes["code"], value_set=pa.array(_UNDECLARED)))
    if not wanted.num_rows:
        return
    labels = {column.column: column for column in sheet.columns}
    seen = dict.fromkeys(zip(*(wanted[name].to_pylist() for name in ("column", "field", "original")), strict=True))
    for letter, name, code in seen:
        column = labels.get(letter)
        if column is None or not column.label or len(code) > 4:
            continue
        options = tuple((meaning, 0.0) for meaning in CODE_MEANINGS.get(name, ()))
        yield Question("code", sheet.sheet, letter, column.label, options, (code,), code, name)


def answer(question: Question, chosen: str, *, decided_on: date) -> Decision:
    """The line of the mapping file that an answer makes. ``chosen`` is one or more fields joined by "+", "-"
    for none, or what the code means."""
    example = question.examples[0] if question.examples else ""
    if question.kind == "code":
        return Decision("code", question.label, question.code, chosen, example, decided_on.isoformat())
    return Decision("column", question.label, chosen, "", example, decided_on.isoformat())
