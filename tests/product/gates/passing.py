"""Somebody passes a gate, somebody has to, and somebody asks for leave: one row of each, for tests of other things."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from lianfang.domains.gates.services import GateSettings, PermitAsked, ask_permit, open_gate, renew_place_code
from lianfang.domains.status.codes import pseudonym_of
from lianfang.foundation.access.roles import Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.services import apply_waiting
from tests.product.devices.world import enrolled, item, send
from tests.product.world import World


def passing(world: World) -> None:
    person = world.people["陈建国"].pk
    with acting_as(world.actor("community")) as actor:
        gate = open_gate(actor=actor, place_id=world.places["c1"].pk, settings=GateSettings(name="南门"))
        renew_place_code(actor=actor, gate_id=gate.pk)
    now = timezone.now()
    with acting_as(world.actor("building_chief")) as actor:
        ask_permit(actor=actor, person_id=person, asked=PermitAsked("hospital", "复诊", now, now + timedelta(days=1)))
    guard, _ = enrolled(world, role=Role.GUARD)
    checked = {"gate": gate.pk, "direction": "in", "proof": "token", "pseudonym": pseudonym_of(person).hex(),
               "answer": "pass", "reason": "all_met", "plate": "闽A12345"}  # fmt: skip
    had_to = {"gate": gate.pk, "direction": "out", "words": "临产"}
    send(guard, [item(1, checked, kind="gate.checked"), item(2, had_to, kind="gate.emergency")])
    apply_waiting(guard.pk)
