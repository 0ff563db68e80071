"""From the record numbers in an answer back to file, sheet and row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import pyarrow as pa

_SEPARATOR = " · "


class Origin(NamedTuple):
    """Where a record stands. ``row`` counts from 1 as the spreadsheet program does; ``part`` is 0, or
    1, 2 … where one row held several people."""

    file: str
    sheet: str
    row: int
    part: int


class Provenance:
    """Looks records up by their number in ``Answer.records``."""

    def __init__(self, records: pa.Table) -> None:
        self._columns = tuple(zip(records.column_names, records.columns, strict=True))
        ids = records.column("record_id").to_pylist()
        self._position: Callable[[int], int]
        if ids == list(range(len(ids))):
            self._position = int
        else:
            by_id = {record_id: position for position, record_id in enumerate(ids)}
            self._position = by_id.__getitem__
        self._files, self._file_of = _coded(records, "file")
        self._sheets, self._sheet_of = _coded(records, "sheet")
        self._rows: list[int] = records.column("row").to_pylist()
        self._parts: list[int] = records.column("part").to_pylist()
        self._places: dict[tuple[int, int], str] = {}

    def origin(self, record_id: int) -> Origin:
        """Where one record stands. Raises KeyError or IndexError for a number that is not a record."""
        at = self._position(record_id)
        return Origin(
            self._files[self._file_of[at]],
            self._sheets[self._sheet_of[at]],
            self._rows[at],
            self._parts[at] or 0,
        )

    def origins(self, record_ids: Iterable[int] | None) -> list[Origin]:
        return [self.origin(record_id) for record_id in record_ids or ()]

    def record(self, record_id: int) -> dict[str, Any]:
        """The whole row of ``Answer.records``, cell by cell: taking rows out of the table costs more each
        time the more sheets it was put together from."""
        at = self._position(record_id)
        return {name: column[at].as_py() for name, column in self._columns}

    def say(self, record_ids: Sequence[int] | None) -> str:
        """``roster.xlsx · Sheet1 · 3–5, 9; lab.csv · 12``, in the order of the files."""
        if not record_ids:
            return ""
        if len(record_ids) == 1:
            at = self._position(record_ids[0])
            return f"{self._place(at)}{_SEPARATOR}{_row_name(self._rows[at], self._parts[at])}"
        ats = sorted({self._position(record_id) for record_id in record_ids}, key=self._order)
        pieces = []
        for place, group in groupby(ats, key=self._place):
            rows = [(self._rows[at], self._parts[at] or 0) for at in group]
            pieces.append(f"{place}{_SEPARATOR}{ranges(rows)}")
        return "; ".join(pieces)

    def _order(self, at: int) -> tuple[int, int, int, int]:
        return self._file_of[at], self._sheet_of[at], self._rows[at], self._parts[at] or 0

    def _place(self, at: int) -> str:
        codes = (self._file_of[at], self._sheet_of[at])
        place = self._places.get(codes)
        if place is None:
            file, sheet = self._files[codes[0]], self._sheets[codes[1]]
            # A CSV file has no sheets: intake names its one table after the file, or not at all.
            named = bool(sheet) and sheet != file and sheet != file.rsplit(".", 1)[0]
            place = f"{file}{_SEPARATOR}{sheet}" if named else file
            self._places[codes] = place
        return place


def _coded(records: pa.Table, column: str) -> tuple[list[str], list[int]]:
    coded = records.column(column).fill_null("").combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = pa.concat_arrays(coded.chunks) if coded.num_chunks else pa.array([], pa.string())
    encoded = coded.dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_pylist()


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
