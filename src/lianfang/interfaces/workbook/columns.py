"""The columns that several lists share, as functions from a slice of a table to its cells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.interfaces.workbook.book import Book
from lianfang.interfaces.workbook.lists import ListColumn, Values

_EPOCH_DAY = 25_569
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def plain(name: str) -> Values:
    """The column as it is."""

    def values(table: pa.Table) -> Sequence[Any]:
        cells: list[Any] = table.column(name).to_pylist()
        return cells

    return values


def free(book: Book, name: str) -> Values:
    """Free text as given; identity numbers in it are masked like all others."""

    def values(table: pa.Table) -> Sequence[Any]:
        return [book.cell_text((name,), text) for text in table.column(name).to_pylist()]

    return values


def instant(name: str) -> Values:
    """Instants as the spreadsheet's serial numbers."""

    def values(table: pa.Table) -> Sequence[Any]:
        seconds = table.column(name).cast(pa.int64()).to_pylist()
        return [None if second is None else second / 86_400 + _EPOCH_DAY for second in seconds]

    return values


def serial_of(at: datetime) -> float:
    """One instant as the spreadsheet's serial number."""
    return at.toordinal() - _EPOCH_ORDINAL + _EPOCH_DAY + (at.hour * 60 + at.minute) / 1440 + at.second / 86_400


def identity(book: Book) -> Values:
    def values(table: pa.Table) -> Sequence[Any]:
        return [book.identity(number) for number in table.column("id_number").to_pylist()]

    return values


def sources(book: Book, name: str = "record_ids") -> Values:
    def values(table: pa.Table) -> Sequence[Any]:
        return [book.provenance.say(ids) for ids in table.column(name).to_pylist()]

    return values


def one_source(book: Book, name: str = "record_id") -> Values:
    def values(table: pa.Table) -> Sequence[Any]:
        ids = table.column(name).to_pylist()
        return [None if record is None else book.provenance.say((record,)) for record in ids]

    return values


def coded(book: Book, name: str, *tables: str) -> Values:
    """Codes of the engine in words."""
    words: dict[str | None, str | None] = {None: None}

    def word(code: str | None) -> str | None:
        if code not in words and code is not None:
            words[code] = book.texts.of_code(tables, code)
        return words[code]

    def values(table: pa.Table) -> Sequence[Any]:
        return [word(code) for code in table.column(name).to_pylist()]

    return values


def joined(name: str) -> Values:
    """A list of texts in one cell."""

    def values(table: pa.Table) -> Sequence[Any]:
        return [", ".join(texts) if texts else None for texts in table.column(name).to_pylist()]

    return values


def age(book: Book) -> Values:
    """Full years on the day of as-of."""
    today = book.answer.settings.as_of.date()

    def values(table: pa.Table) -> Sequence[Any]:
        born = table.column("birth_on")
        later = pc.greater(pc.add(pc.multiply(pc.month(born), 100), pc.day(born)), today.month * 100 + today.day)
        ages: list[int | None] = pc.subtract(pc.subtract(today.year, pc.year(born)), later.cast("int64")).to_pylist()
        return ages

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
