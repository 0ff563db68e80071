"""A round that is open in the small world of the tests, and the shortest ways to act in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from lianfang.domains.lab_testing import services
from lianfang.domains.lab_testing.models import Coverage, Round, RoundPerson, Sample, Tube
from lianfang.domains.lab_testing.services import Opening, Recorded, Swab, Who
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.world import World


@dataclass
class Night:
    """The world with one round of its township, open for an hour."""

    world: World
    round: Round

    @contextmanager
    def as_(self, login: str) -> Iterator[Actor]:
        actor = self.world.actor(login)
        with acting_as(actor):
            yield actor

    def person(self, name: str) -> int:
        return int(self.world.people[name].pk)

    def open_tube(self, code: str = "T0001", login: str = "sampler", **given: Any) -> Tube:
        with self.as_(login) as actor:
            return services.open_tube(actor=actor, round_id=self.round.pk, code=code, given=Opening(**given))

    def swab(self, tube: Tube, name: str, login: str = "sampler", **given: Any) -> Recorded:
        with self.as_(login) as actor:
            return services.record_sample(actor=actor, tube_id=tube.pk, who=Who(self.person(name)), swab=Swab(**given))

    def state(self, name: str) -> str:
        with acting_as(system_actor("test")):
            return str(RoundPerson.objects.get(round=self.round, person_id=self.person(name)).state)

    def counts(self) -> dict[str, int]:
        with acting_as(system_actor("test")):
            states = list(RoundPerson.objects.filter(round=self.round).values_list("state", flat=True))
        return {str(state): states.count(state) for state in Coverage}

    def swabs(self, tube: Tube) -> list[Sample]:
        with acting_as(system_actor("test")):
            return list(Sample.objects.filter(tube=tube, is_void=False).order_by("position"))


def plan(world: World, login: str = "township", places: tuple[str, ...] = ("township",), **given: Any) -> Round:
    """A planned round of these places that began an hour ago."""
    now = timezone.now()
    terms = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=5), **given}
    actor = world.actor(login)
    with acting_as(actor):
        return services.plan_round(actor=actor, place_ids=[world.places[name].pk for name in places], **terms)


def open_night(world: World, login: str = "township", places: tuple[str, ...] = ("township",), **given: Any) -> Night:
    round_ = plan(world, login, places, **given)
    actor = world.actor(login)
    with acting_as(actor):
        services.open_round(actor=actor, round_id=round_.pk)
        round_.refresh_from_db()
    return Night(world, round_)
