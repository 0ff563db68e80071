"""A compound gate and a county gate of the small world, a guard's device at each, and people whose status is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from lianfang.domains.gates.field.online import forget_rules
from lianfang.domains.gates.field.packages import forget_kept
from lianfang.domains.gates.models import Gate
from lianfang.domains.gates.services import GateSettings, open_gate
from lianfang.domains.status.codes import pseudonym_of
from lianfang.domains.status.models import HealthStatus
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.roles import Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.models import Device
from lianfang.foundation.devices.services import apply_waiting
from tests.product.devices.world import enrolled, item, send
from tests.product.world import World

COUNTY_GATE = GateSettings(
    name="高速出口", kind="county", checks_out=False, asks_plate=True, asks_destination=True, asks_travel=True,
    vaccine_doses=2, basis="县指挥部口头通知", grade="D",
)  # fmt: skip


@dataclass
class Gates:
    """The world, its gates, and the device of the guard at each."""

    world: World
    compound: Gate
    county: Gate
    guard: Device
    secret: str
    far_guard: Device
    seqs: dict[object, int] = field(default_factory=dict)

    def code(self, name: str) -> str:
        return pseudonym_of(self.world.people[name].pk).hex()

    def body(self, name: str = "陈建国", *, gate: Gate | None = None, **given: Any) -> dict[str, Any]:
        at = gate or self.compound
        usual = {"gate": at.pk, "direction": "in", "proof": "token", "pseudonym": self.code(name), "answer": "pass",
                 "reason": "all_met", "companions": 0}  # fmt: skip
        return usual | given

    def sent(
        self,
        body: dict[str, Any],
        *,
        kind: str = "gate.checked",
        device: Device | None = None,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """One item of a device, the guard's where none is named; not sent yet."""
        to = (device or self.guard).pk
        self.seqs[to] = self.seqs.get(to, 0) + 1
        return item(self.seqs[to], body, kind=kind, at=at)

    def bring(self, *items: dict[str, Any], device: Device | None = None) -> list[dict[str, Any]]:
        """Send the items and have them applied; gives back what the device is told of each."""
        from lianfang.foundation.devices.selectors import answers_after

        to = device or self.guard
        send(to, list(items))
        apply_waiting(to.pk)
        with acting_as(system_actor("test")):
            told = {one["id"]: one for one in answers_after(to, 0)}
        return [told[one["id"]] for one in items]


def decided(world: World, name: str, status: str, *, since: datetime | None = None) -> HealthStatus:
    """Somebody's decision in force, as a run would write it."""
    person = world.people[name]
    with acting_as(system_actor("test")):
        HealthStatus.objects.filter(person_id=person.pk).delete()
        return HealthStatus.objects.create(
            county_id=person.county_id, township_id=person.township_id, community_id=person.community_id,
            building_id=person.building_id, household_id=person.household_id, person_id=person.pk, status=status,
            rule="test", reason="test", pack="test", pack_version=1, as_of=since or timezone.now(), since_at=since,
        )  # fmt: skip


@pytest.fixture
def gates(world: World) -> Iterator[Gates]:
    forget_kept()
    forget_rules()
    with acting_as(world.actor("community")) as actor:
        compound = open_gate(
            actor=actor, place_id=world.places["c1"].pk, settings=GateSettings(name="南门", negative_hours=None)
        )
    with acting_as(world.actor("township")) as actor:
        county = open_gate(actor=actor, place_id=world.places["township"].pk, settings=COUNTY_GATE)
    guard, secret = enrolled(world, role=Role.GUARD)
    far, _ = enrolled(world, role=Role.GUARD, place="township", by="township")
    yield Gates(world, compound, county, guard, secret, far)
    forget_kept()
    forget_rules()


YESTERDAY = timedelta(days=1)
