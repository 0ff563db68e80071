"""A morning in building 10: 74 households, 143 people, two phones. However their items are cut into batches and mixed,
and however often they are sent, the round counts as it does when the desk does the same."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from lianfang.domains.lab_testing import engine_adapter, services
from lianfang.domains.lab_testing.models import ContactOutcome, ContactWay, RoundPerson, Sample, Tube
from lianfang.domains.lab_testing.services import Opening, Swab, Try, Who
from lianfang.domains.registry.services import NewResident, PersonFacts, normal_spot, register_people_in_bulk
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.models import Device
from lianfang.foundation.devices.services.applying import apply_waiting
from tests.product.devices.world import enrolled, item, send
from tests.product.lab_testing.night import Night, open_night
from tests.product.world import World

HOUSEHOLDS, PEOPLE, AWAY = 74, 143, 4


@pytest.fixture
def people(world: World) -> list[int]:
    """74 households with 143 people in building 10."""
    draw = random.Random(10)
    sizes = [1] * HOUSEHOLDS
    for _ in range(PEOPLE - HOUSEHOLDS):
        sizes[draw.randrange(HOUSEHOLDS)] += 1
    rows = [
        NewResident(normal_spot(world.places["east"].pk, "江滨花园", "10号楼", f"{1 + home // 40}单元"),
                    PersonFacts(name=f"住户{chr(0x4E00 + home)}{chr(0x5000 + number)}"),
                    room=f"{2 + home // 4}0{1 + home % 4}")
        for home, size in enumerate(sizes) for number in range(size)
    ]  # fmt: skip
    with acting_as(system_actor("test")) as actor:
        found = register_people_in_bulk(actor=actor, rows=rows).person_ids
    return [pk for pk in found if pk is not None]


@pytest.fixture
def night(world: World, people: list[int]) -> Night:
    return open_night(world)


def plan(people: list[int]) -> tuple[list[list[int]], list[int]]:
    """Who goes into which tube of ten, and who is away."""
    away = people[::40][:AWAY]
    due = [pk for pk in people if pk not in away]
    return [due[at : at + 10] for at in range(0, len(due), 10)], away


def result(night: Night) -> dict[str, object]:
    with acting_as(system_actor("test")) as actor:
        proof = engine_adapter.prove_round(actor=actor, round_id=night.round.pk)
        swabs = Sample.objects.filter(is_void=False).values_list("tube__code", "name")
        return {
            "holds": proof.holds, "counts": proof.product, "swabs": sorted(swabs),
            "sealed": sorted(Tube.objects.values_list("code", "state", "counted")),
            "states": sorted(RoundPerson.objects.values_list("person_id", "state", "claim")),
        }  # fmt: skip


def by_desk(night: Night, people: list[int]) -> dict[str, object]:
    tubes, away = plan(people)
    with night.as_("sampler") as actor:
        for number, inside in enumerate(tubes):
            tube = services.open_tube(actor=actor, round_id=night.round.pk, code=f"AM{number:05d}", given=Opening(10))
            for pk in inside:
                services.record_sample(actor=actor, tube_id=tube.pk, who=Who(pk), swab=Swab())
            services.seal_tube(actor=actor, tube_id=tube.pk, counted=len(inside))
        for pk in away:
            given = Try(ContactWay.DOOR, ContactOutcome.AWAY, "回老家了")
            services.note_contact(actor=actor, round_id=night.round.pk, person_id=pk, given=given)
    return result(night)


def recorded(night: Night, people: list[int]) -> list[dict[str, object]]:
    """What one sampler's phone holds at the end of the morning, in order."""
    tubes, away = plan(people)
    at, told, found = timezone.now() - timedelta(minutes=50), night.round.pk, []
    for number, inside in enumerate(tubes):
        code = f"AM{number:05d}"
        bodies = [("tube.opened", {"round": told, "code": code, "capacity": 10, "is_household": False})]
        bodies += [("sample.taken", {"round": told, "tube": code, "person": pk, "how": "picked"}) for pk in inside]
        bodies += [("tube.sealed", {"tube": code, "counted": len(inside)})]
        found += bodies
    found += [("claim.made", {"round": told, "person": pk, "claim": "away", "reason": "回老家了"}) for pk in away]
    return [
        item(seq, body, kind=kind, at=at + timedelta(seconds=10 * seq)) for seq, (kind, body) in enumerate(found, 1)
    ]


def sent_at_random(device: Device, items: list[dict[str, object]], seed: int) -> None:
    """Batches of any size, some twice, some overtaking others."""
    draw, left, batches = random.Random(seed), list(items), []
    while left:
        size = draw.randrange(1, 60)
        batches.append(left[:size])
        left = left[size:]
    batches += draw.sample(batches, len(batches) // 3)
    for at in range(len(batches) - 1):
        if draw.random() < 0.3:
            batches[at], batches[at + 1] = batches[at + 1], batches[at]
    for batch in batches:
        send(device, batch)
        if draw.random() < 0.5:
            apply_waiting(device.pk)
    while apply_waiting(device.pk):
        pass


def test_a_morning_of_74_households_counts_the_same_from_phone_and_desk(
    world: World, night: Night, people: list[int]
) -> None:
    with transaction.atomic():
        desk = by_desk(night, people)
        transaction.set_rollback(True)
    assert desk["holds"] and len(desk["swabs"]) == PEOPLE - AWAY  # type: ignore[arg-type]
    for seed in (1, 2):
        with transaction.atomic():
            device, _ = enrolled(world)
            sent_at_random(device, recorded(night, people), seed)
            assert result(night) == desk, seed
            transaction.set_rollback(True)
