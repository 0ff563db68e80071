"""The columns that several lists share, as functions from a slice of a table to its cells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.interfaces.masking import mask_identities
from lianfang.interfaces.workbook.book import Book
from lianfang.interfaces.workbook.lists import ListColumn, Values

_EPOCH_DAY = 25_569
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def column_of(table: pa.Table, name: str) -> pa.Array:
    """A column of a slice of a table as one array."""
    return table.column(name).combine_chunks()


def plain(name: str) -> Values:
    """The column as it is."""
    return lambda table: column_of(table, name)


def free(book: Book, name: str) -> Values:
    """Free text as given; identity numbers in it are masked like all others."""

    def values(table: pa.Table) -> Sequence[Any]:
        return [book.cell_text((name,), text) for text in table.column(name).to_pylist()]

    return values


def instant(name: str) -> Values:
    """Instants as the spreadsheet's serial numbers."""

    def values(table: pa.Table) -> pa.Array:
        seconds = column_of(table, name).cast(pa.int64()).cast(pa.float64())
        return pc.add(pc.divide(seconds, 86_400.0), float(_EPOCH_DAY))

    return values


def serial_of(at: datetime) -> float:
    """One instant as the spreadsheet's serial number."""
    return at.toordinal() - _EPOCH_ORDINAL + _EPOCH_DAY + (at.hour * 60 + at.minute) / 1440 + at.second / 86_400


def identity(book: Book) -> Values:
    def values(table: pa.Table) -> pa.Array:
        numbers = column_of(table, "id_number")
        return numbers if book.full_identity else mask_identities(numbers)

    return values


def sources(book: Book, name: str = "record_ids") -> Values:
    return lambda table: book.provenance.say_each(column_of(table, name))


def one_source(book: Book, name: str = "record_id") -> Values:
    def values(table: pa.Table) -> pa.Array:
        ids = column_of(table, name)
        said = book.provenance.say_one(ids.drop_null())
        return pc.replace_with_mask(pa.nulls(len(ids), pa.string()), ids.is_valid(), said)

    return values


def coded(book: Book, name: str, *tables: str) -> Values:
    """Codes of the engine in words."""

    def values(table: pa.Table) -> pa.Array:
        codes = column_of(table, name).dictionary_encode()
        words = [book.texts.of_code(tables, code) for code in codes.dictionary.to_pylist()]
        return pa.array(words, pa.string()).take(codes.indices)

    return values


def flagged(name: str, *, true: str | None, false: str | None) -> Values:
    """A word where a flag is set, another where it is not; nothing where it is not known."""

    def values(table: pa.Table) -> pa.Array:
        words = (pa.scalar(word, pa.string()) for word in (true, false))
        return pc.if_else(column_of(table, name), *words)

    return values


def joined(name: str) -> Values:
    """A list of texts in one cell."""
    return lambda table: pc.binary_join(column_of(table, name), ", ")


def age(book: Book) -> Values:
    """Full years on the day of as-of."""
    today = book.answer.settings.as_of.date()

    def values(table: pa.Table) -> pa.Array:
        born = column_of(table, "birth_on")
        later = pc.greater(pc.add(pc.multiply(pc.month(born), 100), pc.day(born)), today.month * 100 + today.day)
        return pc.subtract(pc.subtract(today.year, pc.year(born)), later.cast("int64"))

    return values


def years(born: date | None, today: date) -> int | None:
    if born is None:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def person(book: Book, *, with_identity: bool = True) -> list[ListColumn]:
    """Name, sex, age, phone, identity number."""
    shown = [
        ListColumn("name", plain("name"), least=9),
        ListColumn("sex", coded(book, "sex", "report.sex"), most=7, optional=True),
        ListColumn("age", age(book), "number", optional=True),
        ListColumn("phone", plain("phone"), least=13),
    ]
    if with_identity:
        shown.append(ListColumn("id_number", identity(book), least=20, most=24, optional=True))
    return shown


def place(*, printed: bool = True) -> list[ListColumn]:
    """Community, estate, building, stairwell, room, and the free text of the address."""
    most = {"community": 18, "compound": 18, "building": 9, "unit": 7, "room": 9}
    columns = [
        ListColumn(name, plain(name), most=width, optional=True, printed=printed) for name, width in most.items()
    ]
    return [*columns, ListColumn("address", plain("address"), most=30, optional=True, printed=False)]
