"""Rows of a table as JSON texts, made column by column: a dict per row costs ten times as much."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

# What JSON lets stand between two quotation marks only behind a backslash.
_NEEDS_ESCAPE = r'["\\\x00-\x1f]'
_NULL = "null"

encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def object_texts(table: pa.Table, nested: Mapping[str, pa.Array] | None = None) -> pa.Array:
    """One JSON object per row: the columns by name, then ``nested``, whose values are JSON already.

    Days and instants become ISO 8601 without a zone, instants to the second. Raises ValueError for a
    number that is not finite, ``pa.ArrowInvalid`` for an instant with a fraction of a second.
    """
    members = {name: value_texts(table.column(name).combine_chunks()) for name in table.column_names}
    members |= nested or {}
    pieces: list[pa.Array | str] = []
    for name, texts in members.items():
        pieces += [f"{',' if pieces else '{'}{encode(name)}:", texts]
    return pc.binary_join_element_wise(*pieces, "}", "")


def value_texts(column: pa.Array) -> pa.Array:
    """Every value as JSON; never null, but ``null``."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        texts = value_texts(column.dictionary).take(column.indices)
    elif pa.types.is_string(kind):
        texts = _quoted(column)
    elif pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        texts = column.cast(pa.string())
    elif pa.types.is_date(kind):
        texts = _between_marks(column.cast(pa.string()))
    elif pa.types.is_timestamp(kind):
        spaced = column.cast(pa.timestamp("s")).cast(pa.string())
        texts = _between_marks(pc.replace_substring(spaced, " ", "T"))
    elif pa.types.is_list(kind):
        lists = list_texts(column, value_texts(column.flatten()))
        texts = pc.if_else(column.is_valid(), lists, pa.scalar(None, pa.string()))
    else:
        told = [None if value is None else encode(value) for value in column.to_pylist()]
        texts = pa.array(told, pa.string())
    return texts.fill_null(_NULL)


def list_texts(lists: pa.Array, items: pa.Array) -> pa.Array:
    """JSON arrays with the lengths of ``lists`` over ``items``, their flattened values as JSON; a null
    list is an empty one."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    ends = pc.cumulative_sum(lengths.cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, items), ",")
    return pc.binary_join_element_wise("[", joined, "]", "")


def _quoted(column: pa.Array) -> pa.Array:
    texts = _between_marks(column)
    careful = pc.fill_null(pc.match_substring_regex(column, _NEEDS_ESCAPE), False)
    if pc.any(careful).as_py():
        escaped = [encode(text) for text in column.filter(careful).to_pylist()]
        texts = pc.replace_with_mask(texts, careful, pa.array(escaped, pa.string()))
    return texts


def _between_marks(column: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', column, '"', "")
