"""Paging, walked from end to end in SQLite: what a reader sees must be every row, once, in one order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, models
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext, isolate_apps

from lianfang.foundation.web.tables import Column, Table, by_keyset, by_page

COLUMNS = (
    Column("name", "web.crumbs", "name"),
    Column("seen", "web.unknown", "seen_at", kind="when"),
    Column("points", "web.close", "points", kind="number"),
    Column("secret", "web.undo"),
)
ALIAS = "pages"
START = datetime(2022, 8, 1, tzinfo=UTC)


@pytest.fixture
def visits(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """137 visits: names repeat, a third was never seen, instants differ by microseconds."""
    settings = {
        **connections.databases["default"],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "visits.db"),
        "OPTIONS": {},
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
    }
    connections.databases[ALIAS] = settings
    with isolate_apps("lianfang.foundation.web"):

        class Visit(models.Model):
            name = models.CharField(max_length=20)
            seen_at = models.DateTimeField(null=True)
            points = models.IntegerField()

            class Meta:
                app_label = "web"

        connection = connections[ALIAS]
        with connection.schema_editor() as editor:
            editor.create_model(Visit)
        Visit.objects.using(ALIAS).bulk_create(
            Visit(
                name=f"人{place % 9}",
                seen_at=None if place % 3 == 0 else START + timedelta(microseconds=place % 7),
                points=place * 7919 % 41,
            )
            for place in range(137)
        )
        yield Visit.objects.using(ALIAS)
        connection.close()
        delattr(connections._connections, ALIAS)  # type: ignore[attr-defined]
        del connections.databases[ALIAS]


def ask(**query: object) -> Any:
    return RequestFactory().get("/", query)


def walk(get: Callable[[dict[str, object]], Table], forwards: bool = True) -> list[list[int]]:
    pages, query = [], {}
    while True:
        table = get(query)
        pages.append([row.pk for row in table.rows])
        if not (table.has_next if forwards else table.has_previous):
            return pages
        query = {"after": table.after} if forwards else {"before": table.before}
        assert len(pages) < 50, "the pages never end"


ORDERS = ["name", "-name", "seen", "-seen", "points", "-points", ""]


@pytest.mark.parametrize("sort", ORDERS)
def test_leafing_by_keyset_shows_every_row_once_in_the_order_of_the_whole(visits: Any, sort: str) -> None:
    def get(query: dict[str, object]) -> Table:
        return by_keyset(ask(sort=sort, size=25, **query), visits.all(), COLUMNS)

    pages = walk(get)
    whole = [row.pk for row in by_page(ask(sort=sort, size=200), visits.all(), COLUMNS).rows]
    assert [pk for page in pages for pk in page] == whole
    assert len(whole) == len(set(whole)) == 137
    assert [len(page) for page in pages] == [25, 25, 25, 25, 25, 12]


@pytest.mark.parametrize("sort", ORDERS)
def test_leafing_back_shows_the_same_rows_in_the_same_order(visits: Any, sort: str) -> None:
    def get(query: dict[str, object]) -> Table:
        return by_keyset(ask(sort=sort, size=25, **query), visits.all(), COLUMNS)

    first = get({})
    assert not first.has_previous
    second = get({"after": first.after})
    third = get({"after": second.after})
    back = get({"before": third.before})
    assert [row.pk for row in back.rows] == [row.pk for row in second.rows]
    assert back.has_next and back.has_previous
    begin = get({"before": back.before})
    assert [row.pk for row in begin.rows] == [row.pk for row in first.rows]
    assert not begin.has_previous


@pytest.mark.parametrize("sort", ["seen", "-seen"])
def test_the_unknown_stand_at_the_end_in_either_direction(visits: Any, sort: str) -> None:
    rows = by_page(ask(sort=sort, size=200), visits.all(), COLUMNS).rows
    seen = [row.seen_at is not None for row in rows]
    assert seen == sorted(seen, reverse=True) and 0 < sum(seen) < len(seen)


def test_a_row_that_vanishes_meanwhile_hides_no_other(visits: Any) -> None:
    first = by_keyset(ask(sort="points", size=25), visits.all(), COLUMNS)
    whole = [row.pk for row in by_page(ask(sort="points", size=200), visits.all(), COLUMNS).rows]
    visits.filter(pk=first.rows[-1].pk).delete()
    second = by_keyset(ask(sort="points", size=25, after=first.after), visits.all(), COLUMNS)
    assert [row.pk for row in second.rows] == whole[25:50]


@pytest.mark.parametrize(
    "mark",
    ["x", "====", "bnVsbA", "W10", "eyJhIjoxfQ", "WyJwb2ludHMiLCAib25lIiwgMV0", "WyJwb2ludHMiLCAxLCAibm9uZSJd",
     "WyJwb2ludHMiLCB7ImEiOiAxfSwgMV0", "A" * 5000, "\x00"],
)  # fmt: skip
def test_a_damaged_mark_starts_from_the_front(visits: Any, mark: str) -> None:
    table = by_keyset(ask(sort="points", after=mark), visits.all(), COLUMNS)
    assert len(table.rows) == 50 and not table.has_previous


def test_a_mark_of_another_order_starts_from_the_front(visits: Any) -> None:
    mark = by_keyset(ask(sort="points", size=25), visits.all(), COLUMNS).after
    assert not by_keyset(ask(sort="name", size=25, after=mark), visits.all(), COLUMNS).has_previous


@pytest.mark.parametrize("sort", ["secret", "pk", "name__startswith", "-", "points;drop table", "?", "-secret"])
def test_only_listed_columns_sort(visits: Any, sort: str) -> None:
    table = by_page(ask(sort=sort, size=25), visits.all(), COLUMNS, sort="-points")
    assert table.sort == "-points"
    assert table.rows[0].points == 40


@pytest.mark.parametrize(
    ("page", "shown"), [("1", 1), ("6", 6), ("7", 6), ("0", 1), ("-3", 1), ("x", 1), ("9" * 30, 1), ("²", 1), ("", 1)]
)
def test_a_page_that_does_not_exist_gives_one_that_does(visits: Any, page: str, shown: int) -> None:
    table = by_page(ask(page=page, size=25), visits.all(), COLUMNS)
    assert (table.page, table.pages, table.total) == (shown, 6, 137)


@pytest.mark.parametrize(("size", "taken"), [("25", 25), ("1000000", 50), ("0", 50), ("x", 50), ("200", 137)])
def test_only_listed_page_sizes_are_given(visits: Any, size: str, taken: int) -> None:
    assert len(by_page(ask(size=size), visits.all(), COLUMNS).rows) == taken


def test_a_page_costs_two_queries_and_a_keyset_page_one(visits: Any) -> None:
    with CaptureQueriesContext(connections[ALIAS]) as counted:
        by_page(ask(page=3), visits.all(), COLUMNS)
    assert len(counted) == 2
    with CaptureQueriesContext(connections[ALIAS]) as counted:
        by_keyset(ask(), visits.all(), COLUMNS)
    assert len(counted) == 1


def test_a_known_total_saves_the_counting(visits: Any) -> None:
    with CaptureQueriesContext(connections[ALIAS]) as counted:
        assert by_page(ask(), visits.all(), COLUMNS, count=lambda: 137).pages == 3
    assert len(counted) == 1


def test_an_empty_list_has_one_page_without_rows(visits: Any) -> None:
    table = by_page(ask(page=3), visits.none(), COLUMNS)
    assert (table.rows, table.page, table.pages, table.has_next, table.has_previous) == ([], 1, 1, False, False)
    keyset = by_keyset(ask(), visits.none(), COLUMNS)
    assert (keyset.rows, keyset.has_next, keyset.has_previous) == ([], False, False)


def test_a_heading_says_its_direction_and_leads_to_the_other(visits: Any) -> None:
    heads = {head.column.key: head for head in by_page(ask(sort="name"), visits.all(), COLUMNS).heads}
    assert (heads["name"].direction, heads["name"].sort) == ("ascending", "-name")
    assert (heads["points"].direction, heads["points"].sort) == ("", "points")


def test_a_cell_of_a_column_that_is_not_there_is_an_error(visits: Any) -> None:
    with pytest.raises(KeyError, match="nonsense"):
        by_page(ask(), visits.all(), COLUMNS).column("nonsense")
