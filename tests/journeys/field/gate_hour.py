"""``python -m tests.journeys.field.gate_hour FILE``: an hour at the gates of one compound: residents, visitors, codes.


FILE gets what the test must know: whose code is which, with the private half that the holder's phone would keep.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django
from django.utils import timezone

from tests.journeys.first_day import post

CLERK = "wangfang"
RESIDENTS, VISITORS = 44, 4
HOUR = 3600


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
    django.setup()
    from lianfang.domains.registry.services import register_place
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.roles import Role
    from lianfang.foundation.access.scope import acting_as

    with acting_as(system_actor("gate hour")) as system:
        county = register_place(actor=system, parent=None, kind="county", name="示例县", code="990101000000")
        town = register_place(actor=system, parent=county, kind="township", name="青石镇", code="990101101000")
        home = register_place(actor=system, parent=town, kind="community", name="东湖社区", code="990101101001")
        other = register_place(actor=system, parent=town, kind="community", name="西湖社区", code="990101101002")
        compound = register_place(actor=system, parent=home, kind="compound", name="江滨花园")
        people = _people(system, compound, RESIDENTS, 1)
        visitors = _people(
            system, register_place(actor=system, parent=other, kind="compound", name="西湖里"), VISITORS, 500
        )
        told = {"codes": list(_codes(people, visitors, timezone.now())), "community": home.pk}
    desk = post(system, CLERK, "社区 王芳", Role.COMMUNITY, home.pk)
    with acting_as(desk):
        told |= _gates(desk, compound, home)
        told["permit"] = _permit(desk, people[41])
        told["printed"] = _printed(desk, people[30:32])
        told["numbers"] = [people[32]["identity"], people[33]["phone"], "990101197001010000"]
    told["invites"] = _invites(desk, home.pk)
    Path(sys.argv[1]).write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    return 0


def _people(system: Any, compound: Any, count: int, first: int) -> list[dict[str, Any]]:
    from lianfang.domains.registry.services import register_household, register_person, register_place
    from tests.product.world import demo_identity

    block = register_place(actor=system, parent=compound, kind="building", name="1")
    unit = register_place(actor=system, parent=block, kind="unit", name="1")
    found = []
    for number in range(first, first + count):
        household = register_household(actor=system, place=unit, room=f"{number}")
        identity, phone = demo_identity(number), f"1990001{number:04d}"
        person = register_person(
            actor=system,
            household=household,
            name=f"居民{number}",
            id_type="resident_id",
            id_number=identity,
            phone=phone,
        )
        found.append({"id": person.pk, "identity": identity, "phone": phone, "row": person})
    return found


def _codes(people: list[dict[str, Any]], visitors: list[dict[str, Any]], now: datetime) -> Iterator[dict[str, Any]]:
    """Each code with the answer that the gate must give. Residents are carried by the phone, visitors are not."""
    for at, one in enumerate(people):
        status = {34: "yellow", 35: "red", 41: "red"}.get(at, "green")
        _decide(one["row"], status, now - timedelta(minutes=30))
    for at, one in enumerate(visitors):
        _decide(one["row"], "red" if at == 0 else "green", now - timedelta(minutes=30))
    for one in people[:30]:
        yield _code(one, now, "pass", "all_met")
    yield _code(people[34], now, "second_look", "status_yellow")
    yield _code(people[35], now, "stop", "status_red")
    # Green when it was issued, red since: the carried status of a resident, the filter of changes for a visitor.
    yield _code(visitors[0], now, "second_look", "changed_since", status="green", issued=-2 * HOUR)
    yield _code(visitors[1], now, "pass", "all_met")
    yield _code(visitors[2], now, "second_look", "code_expired", issued=-30 * HOUR, lasts=24 * HOUR)
    yield _code(people[36], now, "second_look", "code_forged", is_forged=True)
    yield _code(people[37], now, "second_look", "code_stale", shown=-600)
    yield _code(people[38], now, "second_look", "code_picture", is_picture=True)
    yield _code(people[39], now, "stop", "negative_too_old", negative=-40 * HOUR)


def _decide(person: Any, status: str, at: datetime) -> None:
    from lianfang.domains.status.models import HealthStatus

    home = ("county_id", "township_id", "community_id", "building_id", "household_id")
    HealthStatus.objects.create(
        **{name: getattr(person, name) for name in home}, person_id=person.pk, status=status, rule="journey",
        reason="journey", pack="journey", pack_version=1, as_of=at, since_at=at,
    )  # fmt: skip


def _code(
    person: dict[str, Any], now: datetime, answer: str, reason: str, *, status: str = "", issued: int = -60,
    lasts: int = 24 * HOUR, negative: int = -6 * HOUR, shown: int = 0, is_forged: bool = False,
    is_picture: bool = False,
) -> dict[str, Any]:  # fmt: skip
    from lianfang.domains.status.codes import pseudonym_of
    from lianfang.domains.status.codes.keys import signing_key
    from lianfang.domains.status.models import HealthStatus, ProofKey
    from lianfang.engine.field.tokens import ProofClaims, public_of, sign

    at = int(now.timestamp())
    _, private = signing_key(now)
    # A key signs from the moment that it was made; this one is older than the oldest code here.
    ProofKey.objects.update(signs_from=now - timedelta(days=3))
    holder = os.urandom(32)
    said = status or HealthStatus.objects.get(person_id=person["id"]).status
    claims = ProofClaims(
        pseudonym_of(person["id"]), at + issued, at + issued + lasts, said, at + negative, public_of(holder)
    )
    raw = sign(claims, private)
    if is_forged:
        raw = raw[:-1] + bytes([raw[-1] ^ 1])
    return {"person": person["id"], "raw": raw.hex(), "holder": holder.hex(), "shown": shown, "picture": is_picture,
            "answer": answer, "reason": reason}  # fmt: skip


def _gates(desk: Any, compound: Any, home: Any) -> dict[str, Any]:
    from lianfang.domains.gates.services import GateSettings, open_gate, renew_place_code

    south = GateSettings(name="南门", negative_hours=24, basis="街道通知", grade="C")
    county = GateSettings(name="高速出口", kind="county", checks_out=False, asks_plate=True, asks_destination=True,
                          asks_travel=True, vaccine_doses=2, basis="县指挥部通知", grade="C")  # fmt: skip
    gate = open_gate(actor=desk, place_id=compound.pk, settings=south)
    renew_place_code(actor=desk, gate_id=gate.pk)
    return {"gate": gate.pk, "county_gate": open_gate(actor=desk, place_id=home.pk, settings=county).pk}


def _permit(desk: Any, person: dict[str, Any]) -> dict[str, Any]:
    from lianfang.domains.gates.services import PermitAsked, ask_permit

    now = timezone.now()
    asked = PermitAsked("dialysis", "每周三次透析", now - timedelta(hours=1), now + timedelta(days=2), companions=1)
    made = ask_permit(actor=desk, person_id=person["id"], asked=asked)
    return {"code": made.code, "person": person["id"]}


def _printed(desk: Any, people: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from lianfang.domains.status.codes import issue_printed_code

    now = timezone.now()
    return [
        {"person": one["id"], "text": issue_printed_code(actor=desk, person_id=one["id"], moment=now).text}
        for one in people
    ]


def _invites(desk: Any, place_id: int) -> list[dict[str, str]]:
    from lianfang.foundation.access.roles import Role
    from lianfang.foundation.access.scope import acting_as
    from lianfang.foundation.devices.services import Wanted, invite_device

    made = []
    with acting_as(desk):
        for number in range(8):
            wanted = Wanted(f"{number + 1}号岗", "李涛", Role.GUARD, place_id, timezone.now() + timedelta(days=2))
            device, token = invite_device(actor=desk, wanted=wanted)
            made.append({"device": str(device.pk), "token": token})
    return made


if __name__ == "__main__":
    sys.exit(main())
