"""Lists cut into pages: by page with a total, or by keyset where counting and skipping would cost too much."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Model, OrderBy, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from lianfang.foundation.web.language import t

SIZES = (25, 50, 100, 200)
USUAL_SIZE = 50

# Beyond this a reader filters instead of leafing; skipping rows costs the database as much as reading them.
LAST_PAGE = 2_000

Kind = Literal["text", "number", "when", "code", "action"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list.

    ``label_key`` is a text key. ``order_by`` is the field it sorts by (one field of the model, or a path to one);
    empty where readers may not sort by it. Only what stands here can be asked for in the address.
    """

    key: str
    label_key: str
    order_by: str = ""
    kind: Kind = "text"

    @property
    def label(self) -> str:
        return t(self.label_key) if self.label_key else ""


@dataclass(frozen=True, slots=True)
class Head:
    """A column heading as drawn; ``sort`` is the value of the query parameter that a click sets."""

    column: Column
    sort: str
    direction: Literal["", "ascending", "descending"]


class Table:
    """One page of a list, with what its headings and its pager need. Made by ``by_page`` or ``by_keyset``."""

    def __init__(self, columns: Sequence[Column], rows: list[Any], *, sort: str, size: int) -> None:
        self.columns = tuple(columns)
        self.rows = rows
        self.sort = sort
        self.size = size
        self.sizes = SIZES
        self.total: int | None = None
        self.page = 1
        self.pages = 1
        self.first = 1
        self.after = ""
        self.before = ""
        self.has_next = False
        self.has_previous = False

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Any:
        return iter(self.rows)

    def column(self, key: str) -> Column:
        """Raises KeyError for a column that the table does not have."""
        for column in self.columns:
            if column.key == key:
                return column
        raise KeyError(f"the table has no column {key!r}")

    @cached_property
    def cells(self) -> dict[str, SafeString]:
        """Attributes of the <td> of each column, written once for all rows."""
        return {
            column.key: format_html('data-label="{}" class="lf-cell-{}"', column.label, column.kind)
            for column in self.columns
        }

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def heads(self) -> list[Head]:
        found = []
        for column in self.columns:
            is_sorted = self.sort.lstrip("-") == column.key
            direction: Literal["", "ascending", "descending"] = ""
            if is_sorted:
                direction = "descending" if self.sort.startswith("-") else "ascending"
            found.append(Head(column, f"-{column.key}" if direction == "ascending" else column.key, direction))
        return found


def by_page(
    request: HttpRequest,
    rows: QuerySet[Any, Any] | Sequence[Any],
    columns: Sequence[Column],
    *,
    sort: str = "",
    count: Callable[[], int] | None = None,
) -> Table:
    """The page that ``?page=`` asks for, with the total. A page past the end gives the last one.

    ``sort`` is the usual order, a column's key, with ``-`` for descending. A sequence that is not a queryset keeps its
    order. ``count`` replaces counting the queryset where a cheaper total is known.
    """
    table = _empty_table(request, columns, sort)
    if isinstance(rows, QuerySet):
        rows = rows.order_by(*_order(rows.model, table, backwards=False))
        table.total = count() if count is not None else rows.count()
    else:
        table.total = len(rows)
    table.pages = max(1, -(-table.total // table.size))
    table.page = min(_positive(request.GET.get("page", ""), 1), table.pages, LAST_PAGE)
    table.first = (table.page - 1) * table.size + 1
    table.rows = list(rows[table.first - 1 : table.first - 1 + table.size])
    table.has_previous = table.page > 1
    table.has_next = table.page < min(table.pages, LAST_PAGE)
    return table


def by_keyset(request: HttpRequest, rows: QuerySet[Any, Any], columns: Sequence[Column], *, sort: str = "") -> Table:
    """The rows after ``?after=`` or before ``?before=``: as fast on the last page as on the first, no total.

    Rows that appear or vanish meanwhile neither repeat nor hide others. A mark that is damaged starts from the front.
    """
    table = _empty_table(request, columns, sort)
    backwards = "before" in request.GET and "after" not in request.GET
    field, is_descending = _sorted_by(table)
    mark = _read_mark(request.GET.get("before" if backwards else "after", ""), table.sort, rows.model, field)
    found = rows.order_by(*_order(rows.model, table, backwards=backwards))
    if mark is not None:
        is_down = is_descending != backwards
        found = found.filter(_beyond(rows.model, field, mark, is_down=is_down, backwards=backwards))
    window = list(found[: table.size + 1])
    more, window = len(window) > table.size, window[: table.size]
    if backwards:
        window.reverse()
    table.rows = window
    table.has_next = (mark is not None and bool(window)) if backwards else more
    table.has_previous = more if backwards else mark is not None
    if window:
        table.before, table.after = (_write_mark(row, field, table.sort) for row in (window[0], window[-1]))
    return table


def _empty_table(request: HttpRequest, columns: Sequence[Column], sort: str) -> Table:
    sortable = {column.key for column in columns if column.order_by}
    asked = request.GET.get("sort", "")
    usual = sort if sort.removeprefix("-") in sortable else ""
    size = _positive(request.GET.get("size", ""), USUAL_SIZE)
    chosen = asked if asked.removeprefix("-") in sortable else usual
    return Table(columns, [], sort=chosen, size=size if size in SIZES else USUAL_SIZE)


def _positive(given: str, otherwise: int) -> int:
    return int(given) if given.isascii() and given.isdecimal() and 0 < len(given) < 10 and int(given) > 0 else otherwise


def _sorted_by(table: Table) -> tuple[str, bool]:
    key = table.sort.removeprefix("-")
    return (table.column(key).order_by if key else "pk"), table.sort.startswith("-")


def _order(model: type[Model], table: Table, *, backwards: bool) -> list[OrderBy]:
    """The asked order, then the primary key, so that equal rows keep one order on every page."""
    field, is_descending = _sorted_by(table)
    is_down = is_descending != backwards
    order = [] if field == "pk" else [_ordered(model, field, is_down=is_down, backwards=backwards)]
    return [*order, F("pk").desc() if is_down else F("pk").asc()]


def _ordered(model: type[Model], field: str, *, is_down: bool, backwards: bool) -> OrderBy:
    """Unknown values stand at the end in either direction; where none can be, the plain order uses an index."""
    expression = F(field)
    if not _may_be_null(model, field):
        return expression.desc() if is_down else expression.asc()
    place = {"nulls_first": True} if backwards else {"nulls_last": True}
    return expression.desc(**place) if is_down else expression.asc(**place)


def _fields(model: type[Model], path: str) -> list[Any]:
    """The fields that a path of lookups walks over."""
    found: list[Any] = []
    at: Any = model
    for name in path.split("__"):
        found.append(at._meta.pk if name == "pk" else at._meta.get_field(name))
        at = found[-1].related_model
    return found


def _may_be_null(model: type[Model], path: str) -> bool:
    return any(field.null for field in _fields(model, path))


def _beyond(model: type[Model], field: str, mark: tuple[Any, Any], *, is_down: bool, backwards: bool) -> Q:
    value, pk = mark
    than = "lt" if is_down else "gt"
    after_key = Q(**{f"pk__{than}": pk})
    if field == "pk":
        return after_key
    if value is None:
        among_unknown = Q(**{f"{field}__isnull": True}) & after_key
        return among_unknown | Q(**{f"{field}__isnull": False}) if backwards else among_unknown
    # The first test is implied by the second; it is what lets the database start inside the index.
    beyond = Q(**{f"{field}__{than}e": value}) & (Q(**{f"{field}__{than}": value}) | after_key)
    if _may_be_null(model, field) and not backwards:
        return beyond | Q(**{f"{field}__isnull": True})
    return beyond


def _write_mark(row: Any, field: str, sort: str) -> str:
    value: Any = row
    for name in field.split("__"):
        value = None if value is None else getattr(value, name)
    text = json.dumps([sort, value, row.pk], cls=_ExactEncoder, ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_mark(given: str, sort: str, model: type[Model], field: str) -> tuple[Any, Any] | None:
    """(value, primary key) of a row; None where there is no mark, it is damaged, or belongs to another order."""
    try:
        order, value, pk = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
        value = _fields(model, field)[-1].to_python(value)
        pk = _fields(model, "pk")[-1].to_python(pk)
    except (ValueError, TypeError, ValidationError):
        return None
    return (value, pk) if order == sort and pk is not None else None


class _ExactEncoder(DjangoJSONEncoder):
    """Keeps microseconds: a shortened instant would repeat or skip the rows of that millisecond."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime | date) else super().default(o)
