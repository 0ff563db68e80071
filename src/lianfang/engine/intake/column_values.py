"""Reading the cells of one column: each different cell once, then spread over the rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.intake.cell_column import CellColumn
from lianfang.engine.intake.content import cell_as_text
from lianfang.engine.intake.contract import ColumnReading
from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.intake.splitting import split_cells
from lianfang.engine.intake.values import COMPANIONS, NORMALISERS, PLAIN, TYPES
from lianfang.engine.intake.values.contract import Cell, Reading, ValueContext
from lianfang.engine.intake.values.identity import kind_named
from lianfang.engine.intake.values.plain import Plain
from lianfang.engine.tables import CELL_NOTES

DateOrder = Literal["", "ymd", "dmy", "mdy"]
_SLASHED = re.compile(r"\s*([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{4}|[0-9]{2})(?![0-9])")
_EMPTY = Reading(None)
_NUMBERS = frozenset((int, float, type(None)))


class NoteRows:
    """The notes of cells as they are found; ``table`` gives them as CELL_NOTES."""

    def __init__(self) -> None:
        self._chunks: list[pa.Table] = []
        self._single: list[tuple[int, str, str, str, str, str, str | None]] = []

    def add(self, row: int, column: str, name: str, code: str, severity: str, original: str, value: str | None) -> None:
        """One note."""
        self._single.append((row, column, name, code, severity, original, value))

    def add_column(
        self, rows: pa.Array, ids: pa.Array, column: str, name: str, seen: Sequence[tuple[Cell, Reading]]
    ) -> None:
        """The notes of the cells of a column: in row ``rows[i]`` stands the ``ids[i]``-th of the cells ``seen``."""
        noted = [number for number, (_, reading) in enumerate(seen) if reading.notes]
        if not noted:
            return
        # Where each of the cells that have notes stands among these; null for the others.
        places = pc.index_in(ids, pa.array(noted, ids.type))
        position = 0
        while noted:
            at = pc.indices_nonzero(places.is_valid())
            chosen = places.take(at)
            readings = [seen[number][1] for number in noted]
            columns = (
                [reading.notes[position].code for reading in readings],
                [reading.notes[position].severity for reading in readings],
                [_as_stood(seen[number][0]) for number in noted],
                [None if reading.value is None else str(reading.value) for reading in readings],
            )
            arrays = [
                rows.take(at),
                pa.repeat(pa.scalar(column), len(at)),
                pa.repeat(pa.scalar(name), len(at)),
                *(pa.array(texts, pa.string()).take(chosen) for texts in columns),
            ]
            self._chunks.append(pa.table(arrays, schema=CELL_NOTES.schema))
            position += 1
            noted = [number for number in noted if len(seen[number][1].notes) > position]
            places = pc.index_in(ids, pa.array(noted, ids.type))

    def table(self) -> pa.Table:
        """All notes, by column, then by row."""
        columns = list(zip(*self._single, strict=True)) or [()] * len(CELL_NOTES.schema)
        single = pa.table(
            [pa.array(values, one.type) for values, one in zip(columns, CELL_NOTES.schema, strict=True)],
            schema=CELL_NOTES.schema,
        )
        return pa.concat_tables([*self._chunks, single])


@dataclass(frozen=True, slots=True)
class FieldValues:
    """One field as read from one column: an array per row, and the companions."""

    name: str
    values: pa.Array
    companions: Mapping[str, pa.Array]


def date_order(cells: Iterable[Cell]) -> DateOrder:
    """What the column proves about 03/04/2022: "dmy", "mdy", "ymd", or "" where nothing is proved or
    its cells contradict each other."""
    proved: set[DateOrder] = set()
    for cell in cells:
        if not isinstance(cell, str) or (match := _SLASHED.match(cell)) is None:
            continue
        first, second, third = int(match[1]), int(match[2]), int(match[3])
        if len(match[3]) == 2 and (first > 31 or (first > 12 and third > 12 and second <= 12 and first > third)):
            proved.add("ymd" if first > 31 else "")
        elif 12 < first <= 31 and second <= 12 and (len(match[3]) == 4 or third > 31):
            proved.add("dmy")
        elif 12 < second <= 31 and first <= 12:
            proved.add("mdy")
    proved.discard("")
    return proved.pop() if len(proved) == 1 else ""


def canonical_codes(name: str, codes: Mapping[str, str], context: ValueContext) -> dict[str, str]:
    """A declared code table with its meanings as values of the field: {"0": "阴性"} → {"0": "negative"}."""
    plain = replace(context, codes={})
    found = {}
    for code, meaning in codes.items():
        value = NORMALISERS[name](meaning, plain).value
        found[code] = value if isinstance(value, str) else meaning
    return found


def read_column(
    cells: Sequence[Cell],
    reading: ColumnReading,
    rows: pa.Array,
    as_of: datetime,
    notes: NoteRows,
    beside: Sequence[Cell] = (),
) -> list[FieldValues]:
    """Every field of one column. ``rows[i]`` is the spreadsheet row of ``cells[i]``; ``beside`` are the cells of
    the column that names the kind of document, for numbers that do not show it themselves."""
    pieces: Mapping[str, Sequence[Cell]] = {reading.fields[0]: cells}
    if len(reading.fields) > 1:
        pieces = split_cells(cells, reading.fields)
    return [_read_field(part, name, reading, rows, as_of, notes, beside) for name, part in pieces.items()]


def _read_field(
    cells: Sequence[Cell],
    name: str,
    reading: ColumnReading,
    rows: pa.Array,
    as_of: datetime,
    notes: NoteRows,
    beside: Sequence[Cell],
) -> FieldValues:
    column = CellColumn.of(cells)
    if name == "row_no" and set(map(type, cells)) <= _NUMBERS:
        return FieldValues(name, _plain_numbers(cells), {})
    context = ValueContext(as_of=as_of, label=reading.label)
    if reading.codes:
        context = replace(context, codes=canonical_codes(name, reading.codes, context))
    plain = PLAIN[name](column.texts, context) if name in PLAIN else None
    if plain is None or plain.values.null_count == len(column):
        return FieldValues(name, *_read_cells(column, name, reading, rows, context, notes, beside))
    is_left = pc.and_not(column.are_filled(), plain.values.is_valid())
    at = pc.indices_nonzero(is_left)
    left = column.chosen(at.to_pylist())
    beside = [beside[row] for row in at.to_pylist()] if beside else ()
    values, companions = _read_cells(left, name, reading, rows.take(at), context, notes, beside)
    return _together(name, plain, is_left, values, companions)


def _read_cells(
    column: CellColumn,
    name: str,
    reading: ColumnReading,
    rows: pa.Array,
    context: ValueContext,
    notes: NoteRows,
    beside: Sequence[Cell],
) -> tuple[pa.Array, dict[str, pa.Array]]:
    """The values and companions of a field's cells, each different cell read by itself."""
    ids, distinct = _numbered(column)
    if FIELDS[name].kind in ("day", "instant"):
        # A plain day begins with its year and proves nothing of the order of the others.
        context = replace(context, date_order=date_order(distinct))
    normalise = NORMALISERS[name]
    if name == "id_number" and (kinds := {cell: kind_named(cell) for cell in set(beside)}) and any(kinds.values()):
        ids, seen = _by_kind(column, [kinds[cell] for cell in beside], context)
    else:
        seen = [(cell, _EMPTY if cell is None else normalise(cell, context)) for cell in distinct]
    notes.add_column(rows, ids, reading.column, name, seen)
    return pa.array([one.value for _, one in seen], TYPES[name]).take(ids), _companions(name, seen, ids)


def _together(
    name: str, plain: Plain, is_left: pa.BooleanArray, values: pa.Array, companions: Mapping[str, pa.Array]
) -> FieldValues:
    """What was read by the column, with what was read by the cell put where ``is_left`` says."""
    if not len(values):
        return FieldValues(name, plain.values, plain.companions)
    read = {}
    for companion, kind in COMPANIONS.get(name, {}).items():
        if companion in plain.companions or companion in companions:
            by_column = plain.companions.get(companion, pa.nulls(len(plain.values), kind))
            by_cell = companions.get(companion, pa.nulls(len(values), kind))
            read[companion] = pc.replace_with_mask(by_column, is_left, by_cell)
    return FieldValues(name, pc.replace_with_mask(plain.values, is_left, values), read)


def _by_kind(
    cells: Sequence[Cell], kinds: Sequence[str | None], context: ValueContext
) -> tuple[pa.Array, list[tuple[Cell, Reading]]]:
    """Identity numbers read by the kind of document that stands beside each."""
    normalise = NORMALISERS["id_number"]
    keyed = list(zip(map(type, cells), cells, kinds, strict=True))
    number_of = {key: number for number, key in enumerate(dict.fromkeys(keyed))}
    seen = [
        (cell, _EMPTY if cell is None else normalise(cell, replace(context, label=kind) if kind else context))
        for _, cell, kind in number_of
    ]
    return pa.array([number_of[key] for key in keyed], pa.int32()), seen


def _numbered(column: CellColumn) -> tuple[pa.Array, Sequence[Cell]]:
    """The different cells, and for every cell the number of its own among them. 1 and True are different."""
    if not column.others:
        encoded = column.texts.dictionary_encode(null_encoding="encode")
        return encoded.indices, encoded.dictionary.to_pylist()
    kinds = {type(column[at]) for at in column.others}
    if bool in kinds and kinds & {int, float}:
        keyed = [(type(cell), cell) for cell in column]
        number_of_key = {key: number for number, key in enumerate(dict.fromkeys(keyed))}
        return pa.array([number_of_key[key] for key in keyed], pa.int32()), [key[1] for key in number_of_key]
    number_of = {cell: number for number, cell in enumerate(dict.fromkeys(column))}
    return pa.array(list(map(number_of.__getitem__, column)), pa.int32()), list(number_of)


def _plain_numbers(cells: Sequence[Cell]) -> pa.Array:
    return pa.array(cells, pa.float64()).cast(pa.int64(), safe=False).cast(pa.string())


def _companions(name: str, seen: Sequence[tuple[Cell, Reading]], ids: pa.Array) -> dict[str, pa.Array]:
    filled = {one for _, reading in seen if reading.companions for one in reading.companions}
    return {
        companion: pa.array([reading.companions.get(companion) for _, reading in seen], kind).take(ids)
        for companion, kind in COMPANIONS.get(name, {}).items()
        if companion in filled
    }


def _as_stood(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def join_day_and_time(days: Sequence[Cell], times: Sequence[Cell]) -> list[Cell] | None:
    """A column of days and one of times of day as one column of instants; None where they are not that."""
    shown = [cell for cell in times if cell is not None and cell != ""][:50]
    if not shown or not all(_is_time_of_day(cell) for cell in shown):
        return None
    if any(isinstance(cell, datetime) and cell.time() != time() for cell in days[:50]):
        return None
    return [_joined(day, moment) for day, moment in zip(days, times, strict=True)]


def _is_time_of_day(cell: Cell) -> bool:
    if isinstance(cell, float):
        return 0 <= cell < 1
    return isinstance(cell, time) or (
        isinstance(cell, str)
        and re.fullmatch(r"\s*[0-2]?[0-9][:：][0-5][0-9](?:[:：][0-5][0-9])?\s*", cell) is not None
    )


def _joined(day: Cell, moment: Cell) -> Cell:
    if day is None or day == "" or moment is None or moment == "":
        return day
    if isinstance(moment, float):
        seconds = round(moment * 86400)
        moment = time(seconds // 3600 % 24, seconds % 3600 // 60, seconds % 60)
    if isinstance(day, (date, datetime)) and isinstance(moment, time):
        return datetime(day.year, day.month, day.day, moment.hour, moment.minute, moment.second)
    shown = day.strftime("%Y-%m-%d") if isinstance(day, (date, datetime)) else str(cell_as_text(day))
    return f"{shown} {moment}"
