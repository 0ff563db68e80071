"""The daily table: counted figures, entered figures, what is not known, and who may write where."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from lianfang.domains.cases.models import Case
from lianfang.domains.command.daily import ENTERED, FIGURES, changes_of, daily_summary, first_day
from lianfang.domains.command.services import MOST, FigureProblemError, enter_figures
from lianfang.foundation.access.actor import NotAllowedError, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.texts import texts
from tests.product.world import World

Browse = Callable[..., Client]
WORDS = texts("zh-Hans")


def enter(world: World, login: str, place: str, on: date, **values: int | None) -> int:
    with acting_as(world.actor(login)) as actor:
        return enter_figures(actor=actor, community_id=world.places[place].pk, on=on, values=values)


def add_case(world: World, name: str, on: date) -> None:
    person = world.people[name]
    found_at = timezone.make_aware(datetime(on.year, on.month, on.day, 12))
    with acting_as(system_actor("test")):
        Case.objects.create(
            county_id=person.county_id, township_id=person.township_id, community_id=person.community_id,
            building_id=person.building_id, person_id=person.pk, kind="screening_positive", found_at=found_at,
            evidence_kind="result", made_by="test", recorded_at=found_at,
        )  # fmt: skip


def test_a_figure_that_nobody_entered_is_unknown_and_not_nought(world: World) -> None:
    today = timezone.localdate()
    enter(world, "township", "east", today, close_contacts=7)
    with acting_as(world.actor("township")) as actor:
        (line,) = daily_summary(actor, today, today).days
    assert (line.cells["close_contacts"].value, line.cells["close_contacts"].unknown_in) == (7, 1)
    assert (line.cells["isolation_sites"].value, line.cells["isolation_sites"].unknown_in) == (None, 2)
    assert line.cells["positives"].value == 0


def test_an_entered_nought_is_a_nought(world: World) -> None:
    today = timezone.localdate()
    enter(world, "township", "east", today, close_contacts=0)
    with acting_as(world.actor("community")) as actor:
        (line,) = daily_summary(actor, today, today).days
    assert line.cells["close_contacts"].value == 0


def test_the_table_begins_with_the_first_fact_and_sums_communities(world: World) -> None:
    today = timezone.localdate()
    add_case(world, "陈建国", today - timedelta(days=2))
    add_case(world, "郑海", today)
    with acting_as(world.actor("township")) as actor:
        assert first_day(actor, today) == today - timedelta(days=2)
        summary = daily_summary(actor, today - timedelta(days=2), today)
        assert [line.cells["positives"].value for line in summary.days] == [1, 0, 1]
        assert changes_of(summary)["positives"] == 1
        assert {line.name: line.cells["positives"].value for line in summary.by_community} == {
            "东湖社区": 0, "西湖社区": 1,
        }  # fmt: skip
    with acting_as(world.actor("community")) as actor:
        assert [line.name for line in daily_summary(actor, today, today).by_community] == ["东湖社区"]


def test_a_correction_replaces_and_none_takes_back(world: World) -> None:
    today = timezone.localdate()
    assert enter(world, "community", "east", today, close_contacts=3, isolation_sites=1) == 2
    assert enter(world, "community", "east", today, close_contacts=3) == 0
    assert enter(world, "community", "east", today, close_contacts=5, isolation_sites=None) == 2
    with acting_as(world.actor("community")) as actor:
        (line,) = daily_summary(actor, today, today).days
    assert line.cells["close_contacts"].value == 5
    assert line.cells["isolation_sites"].value is None


@pytest.mark.parametrize(
    ("login", "place", "days", "values", "code"),
    [
        ("community", "west", 0, {"close_contacts": 1}, "community_elsewhere"),
        ("community", "east", 1, {"close_contacts": 1}, "day_in_future"),
        ("community", "east", 0, {"positives": 1}, "figure_is_counted"),
        ("community", "east", 0, {"close_contacts": -1}, "number_out_of_range"),
        ("community", "east", 0, {"close_contacts": MOST + 1}, "number_out_of_range"),
    ],
)
def test_a_figure_is_refused_in_words(
    world: World, login: str, place: str, days: int, values: dict[str, int], code: str
) -> None:
    with pytest.raises(FigureProblemError) as refused:
        enter(world, login, place, timezone.localdate() + timedelta(days=days), **values)
    assert refused.value.code == code
    assert f"command_post.problem.{code}" in WORDS


def test_who_only_looks_enters_nothing(world: World) -> None:
    with pytest.raises(NotAllowedError):
        enter(world, "supervisor", "east", timezone.localdate(), close_contacts=1)


def test_one_wrong_cell_saves_nothing_and_keeps_what_was_typed(world: World, browse: Browse) -> None:
    east, west = world.places["east"].pk, world.places["west"].pk
    page = browse("township")
    given = {f"figure-{east}-close_contacts": "4", f"figure-{west}-close_contacts": "9999999"}
    answer = page.post("/daily/enter/", {"on": timezone.localdate().isoformat(), **given})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'value="4"' in text and 'value="9999999"' in text
    assert WORDS("command_post.problem.number_out_of_range") in text
    with acting_as(world.actor("township")) as actor:
        today = timezone.localdate()
        assert daily_summary(actor, today, today).days[0].cells["close_contacts"].value is None


def test_the_grid_is_saved_and_shown_again(world: World, browse: Browse) -> None:
    east = world.places["east"].pk
    page, on = browse("township"), timezone.localdate().isoformat()
    answer = page.post("/daily/enter/", {"on": on, f"figure-{east}-high_risk_areas": "2"}, follow=True)
    text = answer.content.decode()
    assert WORDS("command_post.done.entered") in text
    assert f'name="figure-{east}-high_risk_areas" value="2"' in text


def test_days_that_make_no_sense_show_all_days_and_say_so(world: World, browse: Browse) -> None:
    answer = browse("township").get("/daily/?since=2022-08-30&until=2022-08-01")
    assert answer.status_code == 200
    assert WORDS("command_post.problem.days_wrong", days=400) in answer.content.decode()


def test_the_export_has_the_forms_columns_and_marks_what_is_unknown(world: World, browse: Browse) -> None:
    enter(world, "township", "east", timezone.localdate(), close_contacts=7)
    answer = browse("township").get("/daily/export/")
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    by_day, by_community = book
    heads = [WORDS(f"command_post.figure.{figure}") for figure in FIGURES]
    assert [cell.value for cell in by_day[2]][1:] == heads
    contacts = 2 + FIGURES.index("close_contacts")
    assert by_day.cell(3, contacts).value == 7
    assert by_day.cell(3, contacts).comment is not None
    assert by_day.cell(3, 2 + FIGURES.index("isolation_sites")).value == WORDS("command_post.unknown_mark")
    rows = [[cell.value for cell in row] for row in by_community.iter_rows(min_row=3, max_row=5)]
    assert [row[0] for row in rows] == ["东湖社区", "西湖社区", WORDS("command_post.figure.total")]
    assert [row[contacts - 1] for row in rows] == [7, WORDS("command_post.unknown_mark"), 7]


def test_a_place_whose_name_looks_like_a_formula_stays_text(world: World, browse: Browse) -> None:
    with acting_as(system_actor("test")):
        type(world.places["east"]).objects.filter(pk=world.places["east"].pk).update(name="=1+1")
    answer = browse("township").get("/daily/export/")
    _, by_community = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    named = [by_community.cell(row, 1) for row in (3, 4)]
    assert {cell.value: cell.data_type for cell in named}["=1+1"] == "s"


def test_every_entered_figure_has_its_field(world: World, browse: Browse) -> None:
    text = browse("community").get("/daily/enter/").content.decode()
    for figure in ENTERED:
        assert f'name="figure-{world.places["east"].pk}-{figure}"' in text
    assert f'name="figure-{world.places["west"].pk}-' not in text
