"""From the columns of a table to rows: one per person, with everything the sheet says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.intake.cell_column import CellColumn
from lianfang.engine.intake.column_values import FieldValues, NoteRows, join_day_and_time, read_column
from lianfang.engine.intake.columns import Mapped
from lianfang.engine.intake.contract import ColumnReading, Problem
from lianfang.engine.intake.detection import Table, fill_down_of
from lianfang.engine.intake.fields import FIELDS
from lianfang.engine.intake.files import RawSheet
from lianfang.engine.intake.sections import (
    FILLED_DOWN,
    fill_down,
    from_banners,
    places_in,
    places_in_title,
    spread_merged,
    written_once,
)
from lianfang.engine.intake.values import COMPANIONS, TYPES
from lianfang.engine.intake.values.contract import Cell

_LIVES = ("compound", "building", "unit", "floor", "room")
_RUN_TOGETHER = frozenset(("from_place", "to_place", "registered_address"))


@dataclass(slots=True)
class Assembly:
    """What is being put together from one table. All arrays of ``cells`` are as long as ``rows``."""

    sheet: str
    as_of: datetime
    rows: list[int]
    parts: list[int]
    cells: dict[int, Sequence[Cell]]
    notes: NoteRows = field(default_factory=NoteRows)
    problems: list[Problem] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)


def assemble(
    raw: RawSheet, table: Table, mapped: Mapped, columns: Mapping[int, Sequence[Cell]], as_of: datetime
) -> tuple[pa.Table, pa.Table, tuple[Problem, ...]]:
    """The rows table, the cell notes, and what must be said of the whole.

    ``columns`` are the cells of the records, by column index of ``mapped``.
    """
    rows = [raw.first_row + row for row in table.records]
    work = Assembly(raw.name, as_of, rows, [0] * len(rows), dict(columns))
    _spread_merged_cells(work, raw, table, mapped)
    shared_places = from_banners(table.banners, table.records)
    if mapped.grouping.count == 1:
        shared_places = _split_lines(work, mapped, shared_places)
    per_group = _read_groups(work, mapped)
    for group in range(1, mapped.grouping.count):
        per_group[group] = _inherited(per_group[0], mapped) | per_group[group]
    shared_places |= _places_of_title(work, table.title, per_group[0], shared_places)
    shared_places |= _place_of_sheet(work, per_group[0], shared_places)
    if mapped.grouping.rounds:
        return _stacked(_rounds(work, mapped, per_group, shared_places)), work.notes.table(), tuple(work.problems)
    tables = [_part(work, values, shared_places, group) for group, values in enumerate(per_group)]
    return _stacked(tables), work.notes.table(), tuple(work.problems)


def _spread_merged_cells(work: Assembly, raw: RawSheet, table: Table, mapped: Mapped) -> None:
    if not raw.merged:
        return
    ranges = fill_down_of(raw)
    places = {row: position for position, row in enumerate(table.records)}
    for index, column in enumerate(mapped.columns):
        at = _sheet_column(column, raw)
        if at in ranges and column.fields and "row_no" not in column.fields:
            work.cells[index], _ = spread_merged(work.cells[index], ranges[at], places)


def _sheet_column(column: ColumnReading, raw: RawSheet) -> int:
    number = 0
    for letter in column.column:
        number = number * 26 + ord(letter) - 64
    return number - 1 - raw.first_column


def _split_lines(work: Assembly, mapped: Mapped, places: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """A cell with several names, one per line, is several people: the lines of the other columns that
    have as many are theirs; those with one line hold for all."""
    names = next((i for i, column in enumerate(mapped.columns) if "name" in column.fields), None)
    if names is None or not work.rows:
        return places
    lines = {
        cell: parts
        for cell in CellColumn.of(work.cells[names]).containing("\n")
        if len(parts := [part for part in cell.splitlines() if part.strip()]) > 1 and _are_people(parts)
    }
    if not lines:
        return places
    counts = [len(lines[cell]) if isinstance(cell, str) and cell in lines else 1 for cell in work.cells[names]]
    sources: list[int] = []
    parts_of: list[int] = []
    for position, count in enumerate(counts):
        sources += [position] * count
        parts_of += range(1, count + 1) if count > 1 else [0]
    for index, column in enumerate(mapped.columns):
        work.cells[index] = _lines_of(work, index, column, sources, parts_of, counts)
    work.rows = [work.rows[position] for position in sources]
    work.parts = parts_of
    return {name: array.take(pa.array(sources)) for name, array in places.items()}


def _are_people(parts: Sequence[str]) -> bool:
    return all(2 <= len(part.strip()) <= 20 and not any(ch.isdigit() for ch in part) for part in parts)


def _lines_of(
    work: Assembly,
    index: int,
    column: ColumnReading,
    sources: Sequence[int],
    parts_of: Sequence[int],
    counts: Sequence[int],
) -> list[Cell]:
    cells, spread = work.cells[index], []
    for position, part in zip(sources, parts_of, strict=True):
        cell = cells[position]
        if not part:
            spread.append(cell)
            continue
        own = [one for one in cell.splitlines() if one.strip()] if isinstance(cell, str) else [cell]
        if len(own) == counts[position]:
            spread.append(own[part - 1])
        elif len(own) <= 1 and not (column.fields and FIELDS[column.fields[0]].kind == "id_number"):
            spread.append(cell)
        else:
            spread.append(None)
            if part == 1 and cell is not None and column.fields:
                shown = str(cell)[:200]
                name = column.fields[0]
                work.notes.add(work.rows[position], column.column, name, "lines_do_not_align", "error", shown, None)
    return spread


def _read_groups(work: Assembly, mapped: Mapped) -> list[dict[str, pa.Array]]:
    """The fields of each group, by name, with companions."""
    groups: list[dict[str, list[FieldValues]]] = [{} for _ in range(mapped.grouping.count)]
    rows = pa.array(work.rows, pa.int32())
    order = sorted(range(len(mapped.columns)), key=lambda i: (mapped.columns[i].how not in ("memory", "asked"), i))
    done = _joined_instants(work, mapped)
    kinds = {column.group: i for i, column in enumerate(mapped.columns) if column.fields == ("id_type",)}
    for index in order:
        column = mapped.columns[index]
        if not column.fields or index in mapped.unused or index in done:
            continue
        cells = work.cells[index]
        work.letters |= {name: column.column for name in column.fields if name not in work.letters}
        once = column.fields[0] in FILLED_DOWN and len(column.fields) == 1 and written_once(cells)
        beside = work.cells[kinds[column.group]] if column.group in kinds and "id_number" in column.fields else ()
        for read in read_column(cells, column, rows, work.as_of, work.notes, beside):
            if once:
                read = FieldValues(read.name, fill_down(read.values), read.companions)
                work.problems.append(_filled_down(work, column, cells))
            groups[column.group].setdefault(read.name, []).append(read)
    return [_combined(work, group) for group in groups]


def _filled_down(work: Assembly, column: ColumnReading, cells: Sequence[Cell]) -> Problem:
    blanks = sum(1 for cell in cells if cell is None or cell == "")
    params: dict[str, str | int | float] = {"label": column.label, "field": column.fields[0], "count": blanks}
    return Problem("filled_from_above", "warning", sheet=work.sheet, column=column.column, params=params)


def _joined_instants(work: Assembly, mapped: Mapped) -> set[int]:
    """采样日期 and 采样时间 in two columns are one instant. Returns the columns of times that are used up."""
    done: set[int] = set()
    instants: dict[tuple[str, int], list[int]] = {}
    for index, column in enumerate(mapped.columns):
        if len(column.fields) == 1 and FIELDS[column.fields[0]].kind == "instant":
            instants.setdefault((column.fields[0], column.group), []).append(index)
    for indexes in instants.values():
        for days, times in ((a, b) for a in indexes for b in indexes if a != b):
            joined = join_day_and_time(work.cells[days], work.cells[times])
            if joined is not None and times not in done and days not in done:
                work.cells[days] = joined
                done.add(times)
    return done


def _combined(work: Assembly, group: Mapping[str, list[FieldValues]]) -> dict[str, pa.Array]:
    """One array per field and companion of a group."""
    found: dict[str, pa.Array] = {}
    for name, reads in group.items():
        arrays = [read.values for read in reads]
        if len(arrays) > 1 and FIELDS[name].several == "join" and pa.types.is_string(TYPES[name]):
            found[name] = _run_on(arrays, "" if name in _RUN_TOGETHER else " ")
        else:
            found[name] = pc.coalesce(*arrays) if len(arrays) > 1 else arrays[0]
    for reads in group.values():
        for read in reads:
            for companion, values in read.companions.items():
                _add_companion(work, found, group, read.name, companion, values)
    return found


def _run_on(arrays: Sequence[pa.Array], between: str) -> pa.Array:
    rows = zip(*(array.to_pylist() for array in arrays), strict=True)
    texts = [between.join(dict.fromkeys(part for part in row if part)) or None for row in rows]
    return pa.array(texts, pa.string())


def _add_companion(
    work: Assembly,
    found: dict[str, pa.Array],
    group: Mapping[str, list[FieldValues]],
    source: str,
    companion: str,
    values: pa.Array,
) -> None:
    """A companion fills its field where the sheet leaves it empty; where both speak and differ, the column
    of its own is taken and the difference is noted."""
    if companion not in found:
        found[companion] = values
        return
    if companion in group and companion in _LIVES:
        own = found[companion]
        differs = pc.fill_null(pc.not_equal(own, values), False)
        if pc.any(differs).as_py():
            _note_differences(work, companion, source, own, values, differs)
    found[companion] = pc.coalesce(found[companion], values)


def _note_differences(
    work: Assembly, name: str, source: str, own: pa.Array, other: pa.Array, differs: pa.Array
) -> None:
    for index in pc.indices_nonzero(differs).to_pylist():
        value, given = own[index].as_py(), other[index].as_py()
        work.notes.add(
            work.rows[index],
            work.letters.get(name, ""),
            name,
            "differs_within_row",
            "warning",
            f"{source}: {given}",
            value,
        )


def _inherited(first: Mapping[str, pa.Array], mapped: Mapped) -> dict[str, pa.Array]:
    """What the later people of a row share with the first: the columns that stand there once."""
    shared = {name for i in mapped.grouping.shared for name in mapped.columns[i].fields}
    own = {name for i, column in enumerate(mapped.columns) if i not in mapped.grouping.shared for name in column.fields}
    companions = {name for name in first if name in _LIVES}
    if mapped.grouping.rounds:
        companions |= {one for name in shared for one in COMPANIONS.get(name, ())}
    return {name: values for name, values in first.items() if name in shared | companions and name not in own}


def _places_of_title(
    work: Assembly, title: str, values: Mapping[str, pa.Array], places: Mapping[str, pa.Array]
) -> dict[str, pa.Array]:
    """What the title says of where everybody lives, for the places that no column and no banner names."""
    if not work.rows or values.keys().isdisjoint(("name", "id_number", "room")):
        return {}
    found = {}
    for name, value in places_in_title(title).items():
        if name in values or name in places or (name in ("building", "unit") and "address" in values):
            continue
        if name in ("township", "community") and not values.keys().isdisjoint(("tube_code", "result", "sampling_site")):
            continue  # where they were sampled or tested, not where they live
        if name == "township" and "community" in values:
            continue  # the column says more than that, and a warning on every sheet would only be noise
        params = {"field": name, "value": value}
        work.problems.append(Problem("place_from_title", "warning", sheet=work.sheet, params=params))
        found[name] = pa.array([value] * len(work.rows), pa.string())
    return found


def _rounds(
    work: Assembly, mapped: Mapped, per_group: Sequence[Mapping[str, pa.Array]], places: Mapping[str, pa.Array]
) -> list[pa.Table]:
    """One table per round: of the first everybody who is in no other, of each those who have something in it."""
    filled = []
    for number, values in enumerate(per_group):
        own = {
            name for i, one in enumerate(mapped.columns) if mapped.grouping.group[i] == number for name in one.fields
        }
        own -= {name for i in mapped.grouping.shared for name in mapped.columns[i].fields}
        mask = pa.array([False] * len(work.rows))
        for name in own & values.keys():
            mask = pc.or_(mask, values[name].is_valid())
        filled.append(mask)
    later = pa.array([False] * len(work.rows))
    for mask in filled[1:]:
        later = pc.or_(later, mask)
    keep = [pc.or_(filled[0], pc.invert(later)), *filled[1:]]
    params = {"count": len(per_group)}
    work.problems.append(Problem("rounds_side_by_side", "warning", sheet=work.sheet, params=params))
    return [
        _part(work, values, places, 0).set_column(1, "part", pa.array([group] * len(work.rows), pa.int8())).filter(mask)
        for group, (values, mask) in enumerate(zip(per_group, keep, strict=True))
    ]


def _place_of_sheet(
    work: Assembly, values: Mapping[str, pa.Array], places: Mapping[str, pa.Array]
) -> dict[str, pa.Array]:
    """A workbook with one sheet per building names the building there and nowhere else."""
    if "building" in values or "building" in places or "room" not in values:
        return {}
    building = places_in(work.sheet).get("building")
    if building is None:
        return {}
    params = {"building": building}
    work.problems.append(Problem("building_from_sheet_name", "warning", sheet=work.sheet, params=params))
    return {"building": pa.array([building] * len(work.rows), pa.string())}


def _part(work: Assembly, values: Mapping[str, pa.Array], places: Mapping[str, pa.Array], group: int) -> pa.Table:
    """The rows of one group; those of later groups only where somebody is named."""
    merged = dict(values)
    for name, array in places.items():
        merged[name] = pc.coalesce(merged[name], array) if name in merged else array
    numbers = pa.array(work.rows, pa.int32())
    parts = pa.array([group] * len(work.rows) if group else work.parts, pa.int8())
    table = pa.table({"row": numbers, "part": parts, **merged})
    if group:
        named = [table[name].is_valid() for name in ("name", "id_number", "id_mask") if name in table.column_names]
        keep = named[0] if named else pa.chunked_array([pa.array([False] * len(table))])
        for one in named[1:]:
            keep = pc.or_(keep, one)
        table = table.filter(keep)
    return table


def _stacked(tables: Sequence[pa.Table]) -> pa.Table:
    if len(tables) == 1:
        return tables[0]
    several = {row for table in tables[1:] for row in table["row"].to_pylist()}
    first = tables[0]
    parts = [1 if row in several else 0 for row in first["row"].to_pylist()]
    first = first.set_column(1, "part", pa.array(parts, pa.int8()))
    later = [table.set_column(1, "part", pc.add(table["part"], 1).cast(pa.int8())) for table in tables[1:]]
    stacked = pa.concat_tables([first, *later], promote_options="default")
    return stacked.sort_by([("row", "ascending"), ("part", "ascending")])
