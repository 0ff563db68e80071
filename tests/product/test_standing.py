"""What stands for the tests of a file is for each of them as it was made, in the database and in memory."""

from __future__ import annotations

import pytest
from django.utils import timezone

from lianfang.domains.registry.models import Person, Place
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.lab_testing.night import Night
from tests.product.world import World

NAME = "陈建国"


def check_and_change(world: World) -> None:
    with acting_as(system_actor("test")):
        assert Person.objects.count() == len(world.people) == 10
        assert Person.objects.get(pk=world.people[NAME].pk).name == world.people[NAME].name == NAME
        assert all(person.created_at < timezone.now() for person in world.people.values())
        world.people[NAME].name = "changed"
        world.people[NAME].save()
        del world.people["冯雪"]
        Person.objects.filter(name="冯雪").delete()


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_changes_no_other_sees(world: World, turn: int) -> None:
    check_and_change(world)


@pytest.mark.parametrize("turn", [1, 2])
def test_a_layer_above_stands_on_the_same_objects(night_of_all: Night, world: World, turn: int) -> None:
    assert night_of_all.world is world
    assert night_of_all.state(NAME) == "missing"
    tube = night_of_all.open_tube()
    night_of_all.swab(tube, NAME)
    assert night_of_all.state(NAME) == "sampled"
    check_and_change(world)


def test_what_stood_above_is_gone_for_a_test_that_wants_only_the_world(world: World) -> None:
    from lianfang.domains.lab_testing.models import Round

    with acting_as(system_actor("test")):
        assert not Round.objects.exists()
    check_and_change(world)


def test_nothing_stands_for_a_test_that_wants_nothing() -> None:
    with acting_as(system_actor("test")):
        assert not Person.objects.exists()
        assert not Place.objects.exists()


@pytest.mark.committed
def test_a_test_that_commits_has_a_world_of_its_own(world: World) -> None:
    check_and_change(world)


def test_nothing_of_it_is_left_after_a_test_that_committed(world: World) -> None:
    check_and_change(world)
