"""Planning, opening and ending rounds."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from lianfang.domains.lab_testing import services
from lianfang.domains.lab_testing.models import Coverage, Kit, KitState, Round, RoundPerson, RoundState, TubeState
from lianfang.domains.lab_testing.refusals import NotFoundError, RefusedError
from lianfang.domains.lab_testing.transitions import (
    KIT,
    ROUND,
    TUBE,
    Move,
    next_kit_state,
    next_round_state,
    next_tube_state,
)
from lianfang.domains.registry.models import Person
from lianfang.foundation.access.actor import NotAllowedError, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.models import Event
from tests.product.lab_testing.night import Night, open_night, plan
from tests.product.world import World

MACHINES = [
    (ROUND, RoundState, next_round_state),
    (KIT, KitState, next_kit_state),
    (TUBE, TubeState, next_tube_state),
]


@pytest.mark.parametrize(("table", "states", "step"), MACHINES, ids=["round", "kit", "tube"])
def test_every_move_from_every_state_is_in_the_table_or_refused_in_words(table, states, step) -> None:
    for move in Move:
        for state in states:
            after = table.get(move, {}).get(state)
            if after is not None:
                assert step(move, state, "X1") == after
                continue
            with pytest.raises(RefusedError) as refused:
                step(move, state, "X1")
            assert "X1" in refused.value.text()


def test_a_round_expects_everybody_in_its_places_and_nobody_else(world: World) -> None:
    everybody = open_night(world)
    assert everybody.counts() == {"missing": 10, "sampled": 0, "exempt": 0, "away": 0}
    with acting_as(system_actor("test")):
        assert Event.objects.filter(name="lab_testing.round_opened", payload__people=10).count() == 1
    building = open_night(world, "community", ("b1",))
    assert building.counts()["missing"] == 6
    assert building.round.community_id == world.places["east"].pk
    assert (everybody.round.number, building.round.number) == (1, 2)


def test_places_inside_each_other_expect_nobody_twice(world: World) -> None:
    night = open_night(world, "community", ("b1", "east", "b1u1"))
    assert night.round.place_ids == [world.places["east"].pk]
    assert night.counts()["missing"] == 8


def test_people_who_are_away_with_a_reason_are_away_and_a_knock_without_answer_is_not_away(world: World) -> None:
    with acting_as(system_actor("test")):
        for name, reason, until in (
            ("陈建国", "外出务工", None),
            ("王丽华", "敲门无人", None),
            ("赵大勇", "", None),
            ("孙梅", "出差", date(2022, 8, 1)),
        ):
            Person.objects.filter(pk=world.people[name].pk).update(
                state="away", state_reason=reason, state_until_on=until
            )
    night = open_night(world)
    assert night.state("陈建国") == "away"
    assert [night.state(name) for name in ("王丽华", "赵大勇", "孙梅")] == ["missing"] * 3


def test_people_who_moved_out_or_died_are_not_expected(world: World) -> None:
    with acting_as(system_actor("test")):
        Person.objects.filter(pk=world.people["陈建国"].pk).update(state="moved_out")
        Person.objects.filter(pk=world.people["王丽华"].pk).update(state="died")
    assert sum(open_night(world).counts().values()) == 8


def test_planned_exemptions_and_exempt_needs_become_claims(world: World) -> None:
    with acting_as(system_actor("test")):
        Person.objects.filter(pk=world.people["陈小宝"].pk).update(special_needs=["infant"])
    round_ = plan(world, exempt_needs=["infant"])
    actor = world.actor("township")
    with acting_as(actor):
        services.add_exemption(
            actor=actor, round_id=round_.pk, person_id=world.people["王丽华"].pk, reason="48小时内接种疫苗"
        )
        services.add_exemption(actor=actor, round_id=round_.pk, person_id=world.people["郑海"].pk, reason="外地务工")
        services.open_round(actor=actor, round_id=round_.pk)
    night = Night(world, round_)
    assert [night.state(name) for name in ("陈小宝", "王丽华", "郑海")] == ["exempt", "exempt", "away"]
    assert night.counts() == {"missing": 7, "sampled": 0, "exempt": 2, "away": 1}


def test_a_round_of_groups_expects_only_them(world: World) -> None:
    with acting_as(system_actor("test")):
        Person.objects.filter(pk=world.people["陈建国"].pk).update(key_person_kind="courier")
        Person.objects.filter(pk=world.people["王丽华"].pk).update(class_kind="floating")
    night = open_night(world, groups=["courier", "floating"])
    assert sum(night.counts().values()) == 2


def test_a_drill_draws_places_and_the_same_seed_draws_the_same(world: World) -> None:
    first = plan(world, draw=services.Draw("building", 2, seed=7))
    second = plan(world, draw=services.Draw("building", 2, seed=7))
    assert first.is_drill and first.place_ids == second.place_ids and len(first.place_ids) == 2
    assert first.draw["seed"] == 7
    with pytest.raises(RefusedError) as refused:
        plan(world, draw=services.Draw("building", 60))
    assert refused.value.code == "draw_count"


def test_a_community_plans_no_round_outside_of_its_places(world: World) -> None:
    with pytest.raises(NotFoundError):
        plan(world, "community", ("west",))
    with pytest.raises(NotFoundError):
        plan(world, "community", ("township",))


def test_a_round_of_the_township_is_opened_and_ended_by_whoever_sees_all_of_it(world: World) -> None:
    round_ = plan(world)
    actor = world.actor("community")
    with acting_as(actor), pytest.raises(RefusedError) as refused:
        services.open_round(actor=actor, round_id=round_.pk)
    assert refused.value.code == "round_larger_than_scope"


def test_a_round_of_another_community_is_not_found(world: World) -> None:
    round_ = plan(world, places=("west",))
    actor = world.actor("community")
    with acting_as(actor), pytest.raises(NotFoundError):
        services.open_round(actor=actor, round_id=round_.pk)


def test_a_round_with_swabs_is_closed_but_not_cancelled(night: Night) -> None:
    night.swab(night.open_tube(), "陈建国")
    with night.as_("township") as actor:
        with pytest.raises(RefusedError) as refused:
            services.cancel_round(actor=actor, round_id=night.round.pk, reason="下雨")
        assert refused.value.code == "round_has_samples"
        services.close_round(actor=actor, round_id=night.round.pk)
    assert Round.objects.get(pk=night.round.pk).state == RoundState.CLOSED


def test_newcomers_are_expected_later_and_the_others_stay_as_they_are(night: Night) -> None:
    night.swab(night.open_tube(), "陈建国")
    with acting_as(system_actor("test")):
        person = Person.objects.get(pk=night.person("王丽华"))
        person.pk, person.id_index, person.name, person.pseudonym = None, None, "新来的", "f" * 32
        person.save(force_insert=True)
    with night.as_("township") as actor:
        assert services.expect_newcomers(actor=actor, round_id=night.round.pk) == 1
    assert night.counts() == {"missing": 10, "sampled": 1, "exempt": 0, "away": 0}


@pytest.mark.parametrize(
    "login", ["sampler", "courier", "guard", "building_chief", "supervisor", "auditor", "resident"]
)
def test_only_those_who_plan_open_rounds(world: World, login: str) -> None:
    round_ = plan(world)
    actor = world.actor(login)
    with acting_as(actor), pytest.raises(NotAllowedError):
        services.open_round(actor=actor, round_id=round_.pk)


def test_a_round_must_last(world: World) -> None:
    now = timezone.now()
    with pytest.raises(RefusedError) as refused:
        plan(world, starts_at=now, ends_at=now - timedelta(hours=1))
    assert refused.value.code == "round_ends_before_start"


def test_kits_add_up_or_are_not_returned(night: Night) -> None:
    with night.as_("community") as actor:
        team = services.create_team(
            actor=actor, round_id=night.round.pk, name="一组", route=[night.world.places["b1u1"].pk]
        )
        (kit,) = services.pack_kits(
            actor=actor, round_id=night.round.pk, team_id=team.pk, packing=services.Packing(capacity=10, count=5)
        )
        assert kit.codes[0].startswith("R1-000001") and len(kit.codes) == 5
        services.sign_out_kit(actor=actor, kit_id=kit.pk, taken_by="李护士")
    tube = night.open_tube(kit.codes[0])
    assert (tube.capacity, tube.team_id, tube.kit_id) == (10, team.pk, kit.pk)
    with night.as_("community") as actor:
        with pytest.raises(RefusedError) as refused:
            services.return_kit(actor=actor, kit_id=kit.pk, unused=3, lost=0, returned_by="李护士")
        assert refused.value.code == "kit_too_few" and "还差 1 个" in refused.value.text()
        with pytest.raises(RefusedError) as refused:
            services.return_kit(actor=actor, kit_id=kit.pk, unused=3, lost=1, returned_by="李护士")
        assert refused.value.code == "lost_needs_note"
        services.return_kit(actor=actor, kit_id=kit.pk, unused=3, lost=1, returned_by="李护士", note="掉在楼道")
    kept = Kit.objects.get(pk=kit.pk)
    assert (kept.state, kept.used_count, kept.unused_count, kept.lost_count) == ("returned", 1, 3, 1)


def test_no_label_is_packed_twice_in_a_township(night: Night) -> None:
    with night.as_("township") as actor:
        pack = services.pack_kits
        pack(
            actor=actor,
            round_id=night.round.pk,
            packing=services.Packing(10, first="22080001", last="22080020"),
            name="甲",
        )
        with pytest.raises(RefusedError) as refused:
            pack(actor=actor, round_id=night.round.pk, packing=services.Packing(10, first="22080020", last="22080025"))
        assert refused.value.code == "labels_used" and "22080020" in refused.value.text()
        one, two = pack(actor=actor, round_id=night.round.pk, packing=services.Packing(10, count=3), kits=2)
        assert not set(one.codes) & set(two.codes)


def test_the_history_of_an_expected_person_is_complete(night: Night) -> None:
    night.swab(night.open_tube(), "陈建国")
    with acting_as(system_actor("test")):
        row = RoundPerson.objects.get(round=night.round, person_id=night.person("陈建国"))
        before = list(row.events.order_by("pgh_id").values_list("state", flat=True))
    assert (before, row.state) == ([Coverage.MISSING], Coverage.SAMPLED)
