"""Whole columns of rows as PostgreSQL's binary arrays: one parameter for each column, whatever number of rows.

Written here rather than by the driver, which looks at every value: packing takes a third of its time.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from psycopg import Connection, postgres
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

_HEAD = struct.Struct(">iiiii").pack
_LENGTH = struct.Struct(">i").pack


class Column:
    """A column of the type that its class says; ``packed`` is the array as PostgreSQL reads it."""

    type_name = ""
    __slots__ = ("packed",)

    def __init__(self, values: Sequence[Any]) -> None:
        """Of bytes: one value each, none of them NULL."""
        self.packed = self._head(len(values)) + self._pack(values)

    @classmethod
    def _head(cls, count: int) -> bytes:
        return _HEAD(1, 0, postgres.types[cls.type_name].oid, count, 1)

    def _pack(self, values: Sequence[Any]) -> bytes:
        parts: list[bytes] = []
        for value in values:
            parts += (_LENGTH(len(value)), value)
        return b"".join(parts)


class Bytes(Column):
    type_name = "bytea"
    __slots__ = ()


class Texts(Column):
    """Of texts in UTF-8."""

    type_name = "text"
    __slots__ = ()


class Ids(Column):
    """Of the 16 bytes of each id."""

    type_name = "uuid"
    __slots__ = ()

    def _pack(self, values: Sequence[bytes]) -> bytes:
        return b"".join([b"\0\0\0\x10" + value for value in values])


class Numbers(Column):
    """Of whole numbers below 2**63."""

    type_name = "int8"
    __slots__ = ()

    def _pack(self, values: Sequence[int]) -> bytes:
        told = [8] * (2 * len(values))
        told[1::2] = values
        return struct.pack(">" + "iq" * len(values), *told)


class Instants(Numbers):
    """Of microseconds since 2000."""

    type_name = "timestamptz"
    __slots__ = ()


class _PackedDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Column) -> Buffer:
        return obj.packed


_DUMPERS = {
    kind: type(f"{kind.__name__}Dumper", (_PackedDumper,), {"oid": postgres.types[kind.type_name].array_oid})
    for kind in (Bytes, Texts, Ids, Numbers, Instants)
}


def teach(connection: Connection[Any]) -> None:
    """Let the session take columns as parameters."""
    for kind, dumper in _DUMPERS.items():
        connection.adapters.register_dumper(kind, dumper)
