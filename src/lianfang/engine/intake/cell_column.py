"""A column's cells, as Python objects and, its texts, as one Arrow array for what is done to all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.intake.values.contract import Cell


class CellColumn(Sequence[Cell]):
    """The cells of one column. ``texts[i]`` is null where cell i is no text; ``others`` are the positions, ascending,
    of the cells that are neither text nor None."""

    __slots__ = ("cells", "others", "texts")

    def __init__(self, cells: Sequence[Cell], texts: pa.StringArray, others: Sequence[int]) -> None:
        self.cells = cells
        self.texts = texts
        self.others = others

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> CellColumn:
        """The column of these cells; ``cells`` itself where it is one."""
        if isinstance(cells, CellColumn):
            return cells
        try:
            return cls(cells, pa.array(cells, pa.string()), ())
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            kinds = set(map(type, cells))
            if str not in kinds and type(None) not in kinds:
                return cls(cells, pa.nulls(len(cells), pa.string()), range(len(cells)))
            texts = pa.array([cell if type(cell) is str else None for cell in cells], pa.string())
            others = [at for at, cell in enumerate(cells) if cell is not None and type(cell) is not str]
            return cls(cells, texts, others)

    @overload
    def __getitem__(self, index: int) -> Cell: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Cell]: ...
    def __getitem__(self, index: int | slice) -> Cell | Sequence[Cell]:
        return self.cells[index]

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.cells)

    def count(self, value: object) -> int:
        """How many of the cells are equal to ``value``."""
        return self.cells.count(value)

    def index(self, value: object, start: int = 0, stop: int | None = None) -> int:
        """The position of the first cell that is equal to ``value``. Raises ``ValueError`` where there is none."""
        return self.cells.index(value, start, len(self.cells) if stop is None else stop)

    def are_filled(self) -> pa.BooleanArray:
        """For each cell whether it holds anything."""
        if self.others:
            return pa.array([cell is not None and cell != "" for cell in self.cells], pa.bool_())
        return pc.fill_null(pc.not_equal(self.texts, ""), False)

    def filled(self) -> int:
        """How many cells hold anything."""
        filled: int = self.are_filled().true_count
        return filled

    def rows_of(self, text: str) -> list[int]:
        """The positions of the cells that are this text."""
        rows: list[int] = pc.indices_nonzero(pc.equal(self.texts, text)).to_pylist()
        return rows

    def containing(self, part: str) -> list[str]:
        """The different texts that contain ``part``."""
        texts: list[str] = self.texts.filter(pc.match_substring(self.texts, part)).unique().to_pylist()
        return texts

    def chosen(self, rows: Sequence[int]) -> CellColumn:
        """The cells at ``rows``, ascending."""
        if not rows:
            return CellColumn.of(())
        first, last = rows[0], rows[-1]
        if last - first + 1 == len(rows):
            others = [at - first for at in self.others if first <= at <= last]
            return CellColumn(self.cells[first : last + 1], self.texts.slice(first, len(rows)), others)
        cells = tuple(map(self.cells.__getitem__, rows))
        if self.others:
            return CellColumn.of(cells)
        return CellColumn(cells, self.texts.take(pa.array(rows, pa.int32())), ())
