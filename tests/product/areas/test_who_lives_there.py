"""Whose status a level touches: who lives there by the registry's history, who moves in, who moves out, who is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lianfang.domains.areas.problems import AreaProblemError
from lianfang.domains.areas.services import approve_change, propose_change
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import NotThereError
from lianfang.domains.registry.services import mark_moved_out, move_person, register_person
from lianfang.domains.status.engine_adapter import facts_of
from lianfang.domains.status.full_check import check_everything
from lianfang.domains.status.limits import WorseningLimit
from lianfang.domains.status.models import RunState, StatusRun
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.runs import approve_run
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.services import handle_waiting
from tests.product.areas.township import (
    DAY_0,
    acting,
    assessed,
    changed,
    infect,
    on,
    proposed,
    put_into_force,
    rules,
    said,
    second_in_the_district,
    standing,
)
from tests.product.status.test_recompute import in_force
from tests.product.world import World

__all__ = ["in_force"]


def note(person: Person, day: float, **said: Any) -> None:
    """What the registry's history says of a person from a day on: its own clock is the database's."""
    events = Person.pgh_event_model.objects  # type: ignore[attr-defined]
    last = events.filter(pgh_obj_id=person.pk).order_by("-pgh_id").values().first()
    with time_machine.travel(DAY_0 + timedelta(days=day)):
        events.create(**{**last, **said, "pgh_id": None, "pgh_label": "update"})


def homes(person: Person) -> list[tuple[int, float | None, float | None]]:
    """(place, from day, to day) of each home, the first from always."""

    def day(at: datetime | None) -> float | None:
        return None if at is None else round((timezone.make_aware(at) - DAY_0) / timedelta(days=1), 2)

    rows = facts_of([person.pk]).residencies.to_pylist()
    return [(row["place_id"], day(row["from_at"]), day(row["to_at"])) for row in rows]


def test_homes_are_read_from_what_the_registry_said_and_when(in_force: World) -> None:
    world = in_force
    moved, away, noted, still, untouched = (
        world.people[name] for name in ("王丽华", "赵大勇", "孙梅", "林秀英", "郑海")
    )
    west, own = world.households["w1-101"], {name: one.household.place_id for name, one in world.people.items()}
    with acting_as(system_actor("test")):
        assert homes(moved) == [], "where no place has a level nobody's history is read"
        note(away, -3, state="away")
    infect(world, "陈建国")
    changed(world, "draw", "high")
    with acting_as(system_actor("test")):
        note(moved, 2, household_id=west.pk, building_id=west.building_id, community_id=west.community_id)
        note(moved, 3, remark="改了备注")
        note(noted, 1, state="away")
        note(noted, 4, state="living")
        note(away, 5, state="living")
        note(still, 1, state="moved_out")
        assert homes(untouched) == [], "nor where none of them has lived under one"
        assert homes(moved) == [(own["王丽华"], None, 2), (west.place_id, 2, None)]
        left, back = (own["赵大勇"], None, -3), (own["赵大勇"], 5, None)
        assert homes(away) == [left, back], "away before the level began: not in it until back"
        assert homes(noted) == [(own["孙梅"], None, None)], "a note at the door frees nobody"
        assert homes(still) == [(own["林秀英"], None, 1)]


@pytest.fixture
def today(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """v9 as if it held on the day of the database's clock, by which the registry keeps its history."""
    pack = packs_on_disk()["covid19/v9", 1]
    monkeypatch.setattr(type(pack), "is_in_force", lambda one, at: True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (now,) = cursor.fetchone()
    with time_machine.travel(now + timedelta(seconds=1), tick=True):
        put_into_force(world)
        yield world


def test_who_moves_in_gets_the_status_and_who_moves_out_is_freed(today: World) -> None:
    world = today
    infect(world, "陈建国")
    changed(world, "draw", "high")
    assert rules(world, "孙梅", "郑海") == ["area_high", "no_recent_result"]
    with acting(world, "township") as actor:
        move_person(actor=actor, person=world.people["郑海"], household=world.households["b2-101"])
        move_person(actor=actor, person=world.people["孙梅"], household=world.households["w1-101"])
        mark_moved_out(actor=actor, person=world.people["王丽华"], reason="回老家")
        born = register_person(actor=actor, household=world.households["b1-102"], name="新来的")
    handle_waiting()
    world.people["新来的"] = born
    assert rules(world, "郑海", "孙梅", "王丽华", "新来的") == [
        "area_high", "no_recent_result", "no_recent_result", "area_high",
    ]  # fmt: skip
    assert check_everything(mend=False).is_equal, "what many small runs wrote is what one full run says"


def test_a_level_that_would_worsen_too_many_waits_for_a_person(
    in_force: World, browse: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = in_force
    limit = WorseningLimit(people=2, share=1.0, always=1)
    monkeypatch.setattr(settings, "STATUS_WORSENING_LIMIT", limit, raising=False)
    infect(world, "陈建国")
    handle_waiting()
    changed(world, "draw", "high")
    assert standing(world) is not None and "area_high" not in rules(world, "孙梅", "王丽华")
    with acting_as(system_actor("test")):
        run = StatusRun.objects.get(state=RunState.WAITING)
    assert (run.why, run.withheld, run.caused_by_ids) == ("area", 7, [world.accounts["community"].pk])
    page = browse("district").get(reverse("areas:area", args=[world.places["c1"].pk])).content.decode()
    assert "这里有 7 人的健康码还没跟着变" in page
    with acting(world, "community") as actor, pytest.raises(StatusProblemError, match="second_person"):
        approve_run(actor=actor, run_id=run.pk, because="自己提的自己批")
    with acting(world, "township") as actor:
        approve_run(actor=actor, run_id=run.pk, because="看过名单")
    assert rules(world, "孙梅", "王丽华") == ["area_high", "area_high"]


def test_under_the_twenty_measures_one_building_is_drawn_and_its_compound_is_not(world: World) -> None:
    """Down to one building, as the pack in force has it; a county's own level by two people of the district."""
    with on(82):
        put_into_force(world, "covid19/v9+20")
        infect(world, "陈建国")
        handle_waiting()
        assert said(world, "b1") == ("draw", "high") and not assessed(world, "c1").is_assessed
        changed(world, "draw", "high", place="b1")
        assert rules(world, "王丽华", "孙梅", "周志强") == ["area_high", "area_high", "no_recent_result"]
        with acting_as(world.actor("district")) as district, pytest.raises(AreaProblemError, match="no_level"):
            propose_change(actor=district, place_id=world.places["county"].pk, action="lift", reason="x")
        made = proposed(world, "draw", "low", place="county", by="district")
        with acting_as(second_in_the_district(world)) as second:
            approve_change(actor=second, proposal_id=made)
        handle_waiting()
        county = standing(world, "county")
        assert county is not None and (county.is_restrictive, county.review_at) == (False, None)
        with acting_as(world.actor("township")) as township, pytest.raises(NotThereError):
            propose_change(actor=township, place_id=world.places["county"].pk, action="lift", reason="x")
        assert rules(world, "周志强") == ["no_recent_result"], "a level that restricts nobody changes no status"
