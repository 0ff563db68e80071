"""Many texts as one, without a Python object for each."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def joined(texts: pa.Array, separator: str = "") -> pa.Array:
    """The texts one after the other, as the only text of a column; none may be null."""
    whole = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    return pc.binary_join(whole, separator)


def as_bytes(texts: pa.Array, separator: str = "") -> pa.Buffer:
    """The same in UTF-8, as it is written to a file."""
    return joined(texts, separator)[0].as_buffer()
