"""The small world with v9 in force, and the shortest ways to infect, test and change a level in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from django.utils import timezone

from lianfang.domains.areas.assessment import Assessed, assess_places
from lianfang.domains.areas.models import AreaLevel, AreaProposal
from lianfang.domains.areas.services import approve_change, propose_change
from lianfang.domains.cases.models import Case
from lianfang.domains.cases.services import open_case
from lianfang.domains.lab_testing import services as testing
from lianfang.domains.lab_testing.models import Sample, Tube
from lianfang.domains.policy.previews import preview_for
from lianfang.domains.policy.services import approve_activation, propose_activation
from lianfang.domains.status.models import HealthStatus
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.services import handle_waiting
from tests.product.lab_testing.night import open_night
from tests.product.world import World

DAY_0 = datetime(2022, 8, 30, 3, 10, tzinfo=UTC)
COMPOUND = ("陈建国", "林秀英", "陈小宝", "王丽华", "赵大勇", "孙梅", "周志强", "吴桂芳")


@contextmanager
def on(day: float) -> Iterator[None]:
    """So many days after the world began, at the same time of day."""
    with time_machine.travel(DAY_0 + timedelta(days=day, minutes=1), tick=True):
        yield


@contextmanager
def acting(world: World, login: str) -> Iterator[Actor]:
    with acting_as(world.actor(login)) as actor:
        yield actor


def second_in_the_district(world: World) -> Actor:
    """Somebody else of the district's command post."""
    return replace(world.actor("district"), name="副指挥", account_id=world.accounts["supervisor"].pk)


def put_into_force(world: World, pack: str = "covid19/v9") -> None:
    """A pack in the whole county, by two people of the district."""
    terms = {"pack": pack, "version": 1, "place_id": world.places["county"].pk, "starts_at": timezone.now()}
    with acting_as(system_actor("test")):
        made = propose_activation(actor=world.actor("district"), **terms)
        seen = preview_for(made)
        approve_activation(actor=second_in_the_district(world), activation=made, seen=seen and seen.pk)


def infect(world: World, name: str) -> Case:
    with acting(world, "township") as actor:
        return open_case(
            actor=actor, person_id=world.people[name].pk, kind="confirmed", found_at=timezone.now(),
            evidence_kind="order",
        )  # fmt: skip


def hold_round(world: World, *, positive: str = "", waiting: str = "") -> None:
    """Everybody of the township is swabbed alone, now; all negative but one, or with one result still out."""
    night = open_night(world)
    with acting_as(system_actor("test")):
        for number, (name, person) in enumerate(world.people.items()):
            home = {key: getattr(person, key) for key in ("county_id", "township_id", "community_id", "building_id")}
            at = timezone.now()
            outcome = "positive" if name == positive else "" if name == waiting else "negative"
            tube = Tube.objects.create(
                **home, code=f"R{night.round.pk}N{number}", capacity=1, round=night.round, opened_at=at, opened_by="x",
                conclusion=outcome, concluded_at=at if outcome else None,
            )  # fmt: skip
            Sample.objects.create(
                **home, tube=tube, round_id=night.round.pk, person_id=person.pk, household_id=person.household_id,
                name=name, sampled_at=at, received_at=at, tube_community_id=person.community_id,
            )  # fmt: skip
    with acting(world, "township") as actor:
        # What is closed early leaves nobody behind who was swabbed beside the desk.
        testing.close_round(actor=actor, round_id=night.round.pk)


def proposed(world: World, action: str, level: str = "", place: str = "c1", by: str = "community", **given: Any) -> int:
    with acting(world, by) as actor:
        made = propose_change(
            actor=actor, place_id=world.places[place].pk, action=action, level=level,
            **{"reason": "流调组研判第 3 号", **given},
        )  # fmt: skip
    return int(made.pk)


def approved(world: World, proposal: int, by: str = "township") -> AreaProposal:
    with acting(world, by) as actor:
        return approve_change(actor=actor, proposal_id=proposal)


def changed(world: World, action: str, level: str = "", place: str = "c1", **given: Any) -> AreaProposal:
    """Proposed by the community, approved by the township, and told to everybody."""
    made = approved(world, proposed(world, action, level, place, **given))
    handle_waiting()
    return made


def assessed(world: World, place: str = "c1") -> Assessed:
    found = world.places[place]
    return assess_places([found], timezone.now())[found.pk]


def said(world: World, place: str = "c1") -> tuple[str, str | None]:
    proposal = assessed(world, place).proposal
    return proposal["action"], proposal["proposed"]


def rules(world: World, *names: str) -> list[str]:
    """The rule that decided about each of these people."""
    with acting_as(system_actor("test")):
        found = dict(HealthStatus.objects.values_list("person_id", "rule"))
    return [found.get(world.people[name].pk, "") for name in names]


def standing(world: World, place: str = "c1") -> AreaLevel | None:
    with acting_as(system_actor("test")):
        return AreaLevel.objects.filter(place=world.places[place], ended_at=None).first()
