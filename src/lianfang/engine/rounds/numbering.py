"""People, tubes and laboratories as numbers, which are compared and grouped faster than their names.

The numbers count from 0 in the order of the names: ordering by number is ordering by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Numbering:
    """Distinct names in their order (by their bytes, as SQL orders them); a name's number is its place."""

    names: pa.Array

    def name(self, numbers: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """The names of these numbers; null for null."""
        return self.names.take(numbers)

    def table(self, number: str, name: str) -> pa.Table:
        """All of them as a table of two columns."""
        return pa.table({number: pa.arange(0, len(self.names)).cast(pa.int32()), name: self.names})


def numbered(*columns: pa.ChunkedArray) -> tuple[Numbering, list[pa.Array]]:
    """Number the texts of several columns together: the same text has the same number in all of them."""
    coded = pa.chunked_array([part for column in columns for part in column.chunks], pa.string())
    coded = coded.combine_chunks().dictionary_encode()
    ranks = pc.subtract(pc.rank(coded.dictionary), 1).cast(pa.int32())
    numbers = ranks.take(coded.indices)
    starts = [0]
    for column in columns:
        starts.append(starts[-1] + len(column))
    parts = [numbers.slice(start, end - start) for start, end in pairwise(starts)]
    return Numbering(coded.dictionary.take(pc.array_sort_indices(coded.dictionary))), parts
