# ruff: noqa: E501
"""Sweeps from door to door: split, visited, gone to again, held against the roster, settled."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import ProgrammingError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from lianfang.domains.registry.models import DoorOutcome, DoorVisit, Person, Sweep, SweepDifference
from lianfang.domains.registry.services import Door
from lianfang.domains.registry.sweeps import selectors, services
from lianfang.domains.registry.sweeps.refusals import SweepRefusedError
from lianfang.domains.registry.sweeps.splitting import split_evenly
from lianfang.domains.registry.sweeps.visits import Knock, record_visit
from lianfang.foundation.access.actor import Actor, NotAllowedError, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.kinds import Applied
from lianfang.foundation.devices.services.packages import package_content
from tests.product.devices.world import enrolled
from tests.product.lab_testing.field.phone import Phone, short
from tests.product.world import World, demo_identity


@pytest.fixture
def sweep(world: World) -> Sweep:
    with as_(world, "community") as actor:
        plan = services.SweepPlan([world.places["c1"].pk], 2, "十一月扫楼")
        sweep = services.plan_sweep(actor=actor, plan=plan)
        Sweep.objects.update(made_at=timezone.now() - timedelta(hours=2))
        return Sweep.objects.get(pk=sweep.pk)


@contextmanager
def as_(world: World, login: str) -> Iterator[Actor]:
    with acting_as(world.actor(login)) as actor:
        yield actor


def knock(world: World, sweep: Sweep, room: str, outcome: str, minutes: int = 0, **told: object) -> DoorVisit:
    with as_(world, "community") as actor:
        at = timezone.now() - timedelta(minutes=60 - minutes)
        door = Door(world.households[room].pk)
        return record_visit(
            actor=actor,
            sweep_id=sweep.pk,
            door=door,
            knock=Knock(DoorOutcome(outcome), at=at, **told),  # type: ignore[arg-type]
        ).visit


def open_ones(sweep: Sweep) -> list[tuple[str, int | None, int]]:
    with acting_as(system_actor("test")):
        found = SweepDifference.objects.filter(sweep=sweep, settled_at=None).order_by("kind", "person_id")
        return list(found.values_list("kind", "person_id", "people"))


@given(st.lists(st.integers(1, 300), min_size=1, max_size=40), st.integers(1, 14))
def test_stairwells_are_split_into_neighbours_and_evenly(doors: list[int], teams: int) -> None:
    runs = split_evenly(doors, teams)
    assert [at for run in runs for at in run] == list(range(len(doors)))
    assert len(runs) == min(teams, len(doors)) and all(len(run) for run in runs)
    loads = [sum(doors[at] for at in run) for run in runs]
    assert max(loads) <= sum(doors) / len(runs) + max(doors)


def test_thirty_seven_stairwells_with_5111_households_go_evenly_to_twelve_teams() -> None:
    draw = random.Random(37)
    doors = [draw.randrange(110, 167) for _ in range(36)]
    doors.append(5_111 - sum(doors))
    loads = [sum(doors[at] for at in run) for run in split_evenly(doors, 12)]
    assert len(loads) == 12 and sum(loads) == 5_111 and max(loads) - min(loads) <= max(doors)


def test_a_sweep_is_planned_over_teams_and_a_stairwell_given_to_another(world: World, sweep: Sweep) -> None:
    places = world.places
    assert sweep.unit_ids == [places["b1u1"].pk, places["b1u2"].pk, places["b2u1"].pk]
    with as_(world, "community") as actor:
        first, second = sweep.teams.order_by("number")
        assert sorted([*first.unit_ids, *second.unit_ids]) == sorted(sweep.unit_ids)
        services.give_stairwell(actor=actor, team_id=second.pk, unit_id=places["b1u1"].pk)
        first.refresh_from_db()
        assert places["b1u1"].pk not in first.unit_ids
        services.change_team(actor=actor, team_id=first.pk, name="先锋组", members="张三、李四")
        with pytest.raises(SweepRefusedError, match="not_in_sweep"):
            services.give_stairwell(actor=actor, team_id=first.pk, unit_id=places["w1u1"].pk)
        with pytest.raises(SweepRefusedError, match="one_township"):
            services.plan_sweep(actor=actor, plan=services.SweepPlan([], 2))
    with as_(world, "sampler") as actor, pytest.raises(NotAllowedError):
        services.plan_sweep(actor=actor, plan=services.SweepPlan([places["c1"].pk], 2))
    with as_(world, "community") as actor, pytest.raises(NotAllowedError):
        services.plan_sweep(actor=actor, plan=services.SweepPlan([places["west"].pk], 2))


def test_who_was_met_is_done_and_who_was_not_at_home_is_gone_to_again(world: World, sweep: Sweep) -> None:
    knock(world, sweep, "b1-101", "not_home", 1)
    knock(world, sweep, "b1-101", "met", 9, counted=3)
    knock(world, sweep, "b1-101", "not_home", 5)
    knock(world, sweep, "b1-102", "refused", 2, note="隔着门说忙")
    knock(world, sweep, "b1-102", "not_home", 3)
    knock(world, sweep, "b2-101", "not_home", 3)
    with as_(world, "community") as actor:
        counts = sum((team.counts for team in selectors.progress(actor, sweep)), selectors.DoorCounts())
        assert (counts.doors, counts.met, counts.not_home, counts.left, counts.done) == (4, 1, 2, 1, 1)
        again = selectors.revisits(actor, sweep)
    assert [(row.household.room, row.tries, row.last.outcome) for row in again] == [
        ("102", 2, "not_home"),
        ("101", 1, "not_home"),
    ]
    with as_(world, "building_chief") as actor:
        assert [row.household.room for row in selectors.revisits(actor, sweep)] == ["102"]
        assert sum(len(team.stairwells) for team in selectors.progress(actor, sweep)) == 2


def test_differences_follow_the_deciding_visit_in_whatever_order_visits_arrive(world: World, sweep: Sweep) -> None:
    chen, lin, child = (world.people[name].pk for name in ("陈建国", "林秀英", "陈小宝"))
    told = [
        ("met", 10, {"counted": 4, "living_ids": [chen, lin], "gone_ids": [child]}),
        ("not_home", 20, {}),
        ("met", 5, {"counted": 3}),
    ]
    seen = set()
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        with transaction.atomic():
            for at in order:
                outcome, minutes, given = told[at]
                knock(world, sweep, "b1-101", outcome, minutes, **given)
            seen.add(tuple(open_ones(sweep)))
            transaction.set_rollback(True)
    assert seen == {(("not_living", child, 1), ("unregistered", None, 2))}


def test_a_difference_is_settled_once_and_puts_the_roster_right(world: World, sweep: Sweep) -> None:
    child = world.people["陈小宝"]
    knock(world, sweep, "b1-101", "met", 1, counted=2, gone_ids=[child.pk])
    knock(world, sweep, "b1-102", "empty", 1)
    knock(world, sweep, "b1-201", "met", 1, counted=1)
    with as_(world, "community") as actor:
        rows = selectors.differences(actor, sweep)
        assert [(row.person and row.person.name, row.ways[0]) for row in rows] == [
            ("陈小宝", "moved_out"), ("王丽华", "moved_out"), (None, "stays")]  # fmt: skip
        services.settle_difference(actor=actor, difference_id=rows[0].difference.pk, how="moved_out")
        child.refresh_from_db()
        assert child.state == "moved_out" and "十一月扫楼" in child.state_reason
        with pytest.raises(SweepRefusedError, match="settled"):
            services.settle_difference(actor=actor, difference_id=rows[0].difference.pk, how="stays")
        services.settle_difference(actor=actor, difference_id=rows[1].difference.pk, how="away", note="去了女儿家")
        assert Person.objects.get(pk=world.people["王丽华"].pk).state == "away"
        assert len(selectors.differences(actor, sweep, settled=True)) == 2
    with as_(world, "sampler") as actor, pytest.raises(NotAllowedError):
        services.settle_difference(actor=actor, difference_id=rows[2].difference.pk, how="stays")


def test_a_visit_is_never_changed_or_removed(world: World, sweep: Sweep) -> None:
    visit = knock(world, sweep, "b1-101", "met", counted=3)
    for change in (lambda: DoorVisit.objects.filter(pk=visit.pk).update(counted=9), visit.delete):
        with as_(world, "community"), pytest.raises(ProgrammingError), transaction.atomic():
            change()


def test_a_device_tells_of_doors_people_and_needs(world: World, sweep: Sweep) -> None:
    phone = Phone(world, "周姐", "building_chief")
    told = {"sweep": sweep.pk, "unit": world.places["b1u1"].pk}
    item = phone.item("door.visited", {**told, "household": world.households["b1-101"].pk, "outcome": "met", "counted": 3,
                                       "people": [world.people["陈建国"].pk], "needs": ["infant"], "note": "奶粉"})  # fmt: skip
    came = phone.apply(item)
    assert isinstance(came, Applied) and came.warnings == () and phone.apply(item) == came
    empty = phone.do("door.visited", **told, room="104", outcome="empty")
    added = phone.item("person.added", {"unit": world.places["b1u1"].pk, "room": "105", "name": "何新来"})
    person = phone.apply(added)
    assert isinstance(person, Applied)
    met = phone.do("door.visited", **told, room="105", outcome="met", counted=1, added=[str(added.id)])
    assert short(met) == ["differs"] and met.refs["household"] == person.refs["household"] != empty.refs["household"]
    phone.do("person.changed", client=str(added.id), needs=["no_phone"], phone="13800000000")
    chen = world.people["陈建国"]
    phone.do("person.changed", person=chen.pk, needs=["bedridden"], version=chen.version)
    phone.do("person.changed", person=chen.pk, needs=["no_phone"], needs_gone=["bedridden"], version=chen.version)
    with acting_as(system_actor("test")):
        chen.refresh_from_db()
    assert chen.special_needs == ["no_phone"]
    assert phone.refused("person.changed", person=chen.pk, occupation="司机", version=1) == "changed_meanwhile"
    phone.do("person.changed", person=world.people["王丽华"].pk, state="away", reason="住院")
    with acting_as(system_actor("test")):
        visit = DoorVisit.objects.get(client_id=item.id)
        assert (visit.visited_by, visit.device_id, visit.needs, DoorVisit.objects.count()) == (
            "周姐",
            phone.id,
            ["infant"],
            3,
        )
        assert Person.objects.get(pk=world.people["王丽华"].pk).state == "away"


def test_what_a_device_may_not_tell_of_goes_to_the_review_list(world: World, sweep: Sweep) -> None:
    chief, sampler = Phone(world, "周姐", "building_chief"), Phone(world, "李四")
    elsewhere = {"sweep": sweep.pk, "household": world.households["b2-101"].pk}
    assert chief.refused("door.visited", **elsewhere, outcome="met") == "household_unknown"
    assert (
        chief.refused("door.visited", sweep=sweep.pk, unit=world.places["w1u1"].pk, room="1", outcome="met")
        == "elsewhere"
    )
    assert chief.refused("door.visited", sweep=sweep.pk + 9, household=1, outcome="met") == "unknown"
    assert chief.refused("door.visited", sweep=sweep.pk, household=1, outcome="maybe") == "incomplete"
    assert chief.refused("person.changed", person=world.people["郑海"].pk) == "person_unknown"
    noted = sampler.do("person.changed", person=world.people["陈建国"].pk, needs=["bedridden"], note="卧床")
    assert short(noted) == ["noted_only"]
    with acting_as(system_actor("test")):
        assert Person.objects.get(name="陈建国").special_needs == []


def test_a_device_carries_the_doors_of_its_building_or_of_its_team(world: World, sweep: Sweep) -> None:
    import json

    from lianfang.foundation.access.roles import Role

    knock(world, sweep, "b1-101", "not_home")
    chief, _ = enrolled(world, role=Role.BUILDING_CHIEF, place="b1")
    sampler, _ = enrolled(world)
    now = timezone.now()
    told = json.loads(package_content(device=chief, name="door", moment=now).content)
    assert [one["room"] for one in told["households"]] == ["101", "102", "201"]
    assert told["sweeps"][0]["visits"][0]["outcome"] == "not_home"
    assert demo_identity(1) not in json.dumps(told)
    nothing = json.loads(package_content(device=sampler, name="door", moment=now).content)
    assert nothing["people"] == [] and nothing["sweeps"][0]["units"] == []
    with as_(world, "community") as actor:
        team = sweep.teams.get(number=2)
        services.change_team(actor=actor, team_id=team.pk, name="第2组", members="李娜、张三")
    mine = json.loads(package_content(device=sampler, name="door", moment=now).content)
    assert mine["sweeps"][0]["units"] == team.unit_ids and mine["people"]
    with as_(world, "community") as actor:
        services.close_sweep(actor=actor, sweep_id=sweep.pk)
    assert json.loads(package_content(device=chief, name="door", moment=now).content)["people"] == []


@pytest.mark.parametrize("login", ["community", "building_chief"])
def test_the_pages_show_plan_progress_revisits_and_differences(world: World, sweep: Sweep, browse, login: str) -> None:  # type: ignore[no-untyped-def]
    knock(world, sweep, "b1-101", "met", counted=2, gone_ids=[world.people["陈小宝"].pk])
    knock(world, sweep, "b1-102", "not_home")
    client = browse(login)
    pages = {name: client.get(f"/registry/sweeps/{path}").content.decode() for name, path in (
        ("list", ""), ("sweep", f"{sweep.pk}/"), ("revisits", f"{sweep.pk}/revisits/"), ("differences", f"{sweep.pk}/differences/"))}  # fmt: skip
    assert "十一月扫楼" in pages["list"] and "1单元" in pages["sweep"] and "王丽华" in pages["revisits"]
    assert "陈小宝" in pages["differences"]
    difference = open_id(sweep)
    answer = client.post(f"/registry/sweeps/{sweep.pk}/differences/{difference}/", {"how": "stays", "note": "刚回来"})
    assert answer.status_code == 302 and open_ones(sweep) == []
    file = client.post(f"/registry/sweeps/{sweep.pk}/form/")
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(file.streaming_content)))
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[0][0] == "小区扫楼入户情况登记表" and rows[3][1] == "101室" and "（陈小宝）" in rows[3][6]


def open_id(sweep: Sweep) -> int:
    with acting_as(system_actor("test")):
        return SweepDifference.objects.get(sweep=sweep, settled_at=None).pk


def test_the_desk_plans_names_teams_and_closes(world: World, browse) -> None:  # type: ignore[no-untyped-def]
    client = browse("community")
    page = client.get("/registry/sweeps/new/").content.decode()
    assert "江滨花园" in page
    assert client.post("/registry/sweeps/new/", {"teams": 0}).status_code == 422
    answer = client.post("/registry/sweeps/new/", {"places": [world.places["c1"].pk], "teams": 2})
    with acting_as(system_actor("test")):
        sweep = Sweep.objects.get()
        first, second = sweep.teams.order_by("number")
    assert answer["Location"] == f"/registry/sweeps/{sweep.pk}/"
    change = f"/registry/sweeps/{sweep.pk}/change/"
    client.post(change, {"do": "team", "team": first.pk, "name": "先锋组", "members": "张三"})
    client.post(change, {"do": "give", "team": second.pk, "unit": sweep.unit_ids[0]})
    client.post(change, {"do": "close"})
    assert "先锋组" in client.get(f"/registry/sweeps/{sweep.pk}/").content.decode()
    with acting_as(system_actor("test")):
        sweep.refresh_from_db()
        assert sweep.state == "closed" and sweep.unit_ids[0] in sweep.teams.get(pk=second.pk).unit_ids
