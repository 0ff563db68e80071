"""From the record numbers in an answer back to file, sheet and row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_SEPARATOR = " · "


class Provenance:
    """Looks records up by their number in ``Answer.records``."""

    def __init__(self, records: pa.Table) -> None:
        self._records = records
        ids = records.column("record_id").combine_chunks()
        self._ids: pa.Array | None = None if ids.equals(pa.arange(0, len(ids))) else ids
        self._table = pa.table(
            {
                "file": _coded(records, "file"),
                "sheet": _coded(records, "sheet"),
                "row": records.column("row").combine_chunks(),
                "part": records.column("part").fill_null(0).combine_chunks(),
            }
        )

    def places(self, record_ids: pa.Array) -> pa.Table:
        """File, sheet, row and part of each of ``record_ids``, which holds no null.

        ``row`` counts from 1 as the spreadsheet program does; ``part`` is 0, or 1, 2 … where one row held
        several people. Raises KeyError or IndexError for a number that is not a record.
        """
        return self._table.take(self._positions(record_ids))

    def records(self, record_ids: pa.Array) -> pa.Table:
        """The whole rows of ``Answer.records``, one for each of ``record_ids``. One call for many: the
        table is put together from many sheets, and every call goes through all of them."""
        at = self._positions(record_ids)
        columns = zip(self._records.column_names, self._records.columns, strict=True)
        return pa.table({name: column.combine_chunks().take(at) for name, column in columns})

    def by_number(self, record_ids: Iterable[int | None]) -> dict[int, dict[str, Any]]:
        """The whole rows of these records by their numbers; None is passed over."""
        wanted = list(dict.fromkeys(number for number in record_ids if number is not None))
        return dict(zip(wanted, self.records(pa.array(wanted, pa.int64())).to_pylist(), strict=True))

    def say(self, record_ids: Sequence[int] | None) -> str:
        """``roster.xlsx · Sheet1 · 3–5, 9; lab.csv · 12``, in the order of the files."""
        if not record_ids:
            return ""
        names, sheets, rows, parts = self._spoken
        if len(record_ids) == 1:
            at = self._position(record_ids[0])
            return f"{names[sheets[at]]}{_SEPARATOR}{_row_name(rows[at], parts[at])}"
        found = sorted({(sheets[at], rows[at], parts[at]) for at in map(self._position, record_ids)})
        if len(found) == 2 and found[0][0] != found[1][0]:
            (one, row, part), (other, last_row, last_part) = found
            return (
                f"{names[one]}{_SEPARATOR}{_row_name(row, part)}; "
                f"{names[other]}{_SEPARATOR}{_row_name(last_row, last_part)}"
            )
        pieces = []
        for sheet, group in groupby(found, key=itemgetter(0)):
            pieces.append(f"{names[sheet]}{_SEPARATOR}{ranges([(row, part) for _, row, part in group])}")
        return "; ".join(pieces)

    def say_each(self, lists: pa.Array) -> pa.Array:
        """``say`` of every list of record numbers in a column."""
        lengths = pc.fill_null(pc.list_value_length(lists), 0)
        is_one = pc.equal(lengths, 1)
        told = [self.say(ids) for ids in lists.filter(pc.greater(lengths, 1)).to_pylist()]
        said = pc.replace_with_mask(pa.repeat("", len(lists)), is_one, self.say_one(lists.filter(is_one).flatten()))
        return pc.replace_with_mask(said, pc.greater(lengths, 1), pa.array(told, pa.string()))

    def say_one(self, record_ids: pa.Array) -> pa.Array:
        """``say`` of single records, one text each; none may be null."""
        places = self._table.take(self._positions(record_ids))
        files, sheets, rows, parts = (places.column(name).combine_chunks() for name in places.column_names)
        pairs = pc.add(pc.multiply(files.indices, len(sheets.dictionary)), sheets.indices)
        names = pa.array(self._names, pa.string()).take(pairs)
        numbers = rows.cast(pa.string())
        of_several = pc.binary_join_element_wise(numbers, parts.cast(pa.string()), "#")
        return pc.binary_join_element_wise(names, pc.if_else(pc.equal(parts, 0), numbers, of_several), _SEPARATOR)

    def _positions(self, record_ids: pa.Array) -> pa.Array:
        if self._ids is None:
            return record_ids
        at = pc.index_in(record_ids, value_set=self._ids)
        if at.null_count:
            raise KeyError(record_ids.filter(at.is_null())[0].as_py())
        return at

    @cached_property
    def _position(self) -> Callable[[int], int]:
        if self._ids is None:
            return int
        return {number: position for position, number in enumerate(self._ids.to_pylist())}.__getitem__

    @cached_property
    def _names(self) -> list[str]:
        """The name of every pair of a file and a sheet."""
        file, sheet = (self._table.column(name).combine_chunks() for name in ("file", "sheet"))
        return [_place(named, one) for named in file.dictionary.to_pylist() for one in sheet.dictionary.to_pylist()]

    @cached_property
    def _spoken(self) -> tuple[list[str], list[int], list[int], list[int]]:
        """The name of every sheet; and of every record the number of its sheet, its row and its part."""
        file, sheet = (self._table.column(name).combine_chunks() for name in ("file", "sheet"))
        numbers = pc.add(pc.multiply(file.indices, len(sheet.dictionary)), sheet.indices)
        return self._names, numbers.to_pylist(), *(self._table.column(name).to_pylist() for name in ("row", "part"))


def _place(file: str, sheet: str) -> str:
    # A CSV file has no sheets: intake names its one table after the file, or not at all.
    named = bool(sheet) and sheet != file and sheet != file.rsplit(".", 1)[0]
    return f"{file}{_SEPARATOR}{sheet}" if named else file


def _coded(records: pa.Table, column: str) -> pa.Array:
    return records.column(column).fill_null("").combine_chunks().dictionary_encode()


def _row_name(row: int, part: int | None) -> str:
    return f"{row}#{part}" if part else str(row)


def ranges(rows: Sequence[tuple[int, int]]) -> str:
    """``3–5, 9, 12#2`` for (row, part) pairs in order."""
    pieces: list[str] = []
    start: int | None = None
    last: int | None = None
    for row, part in rows:
        if part:
            pieces.append(_row_name(row, part))
            last = None
            continue
        if last is not None and row == last + 1:
            pieces[-1] = f"{start}–{row}"
        elif row != last:
            pieces.append(str(row))
            start = row
        last = row
    return ", ".join(pieces)
