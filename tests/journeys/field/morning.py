"""``python -m tests.journeys.field.morning FILE``: two compounds on the morning of a round.

One of 74 households and 143 people, for the whole morning; a small one in another community, for everything else.
Written by the services that the desk uses; FILE gets what the tests must know: ids, codes, labels and invitations.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from django.utils import timezone

from tests.journeys.first_day import post

HOUSEHOLDS, PEOPLE = 74, 143
CLERK, OTHER_CLERK, HOLDER = "wangfang", "lihong", "张敏"
_FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
_GIVEN = "建国秀英志强桂芳大勇丽华明远淑珍文博雅琴国栋玉兰思源晓燕海涛春梅"


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
    django.setup()
    from lianfang.domains.registry.services import register_place
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.scope import acting_as

    with acting_as(system_actor("morning")) as system:
        county = register_place(actor=system, parent=None, kind="county", name="示例县", code="990101000000")
        town = register_place(actor=system, parent=county, kind="township", name="青石镇", code="990101101000")
        east = register_place(actor=system, parent=town, kind="community", name="东湖社区", code="990101101001")
        west = register_place(actor=system, parent=town, kind="community", name="西湖社区", code="990101101002")
        told = {
            "large": _compound(system, east, "江滨花园", (HOUSEHOLDS, PEOPLE), 0, CLERK, invites=4),
            "small": _compound(system, west, "河滨里", (8, 14), PEOPLE, OTHER_CLERK, invites=18),
        }
    Path(sys.argv[1]).write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    return 0


def _compound(
    system: Any, community: Any, name: str, size: tuple[int, int], after: int, clerk: str, *, invites: int
) -> dict[str, Any]:
    """A compound with everybody in it, its open round, a team with its way and labels, and the community's clerk."""
    from lianfang.domains.lab_testing.services import open_round, pack_kits, plan_round
    from lianfang.domains.lab_testing.services.kits import Packing, create_team
    from lianfang.domains.registry.services import register_place
    from lianfang.foundation.access.roles import Role

    compound = register_place(actor=system, parent=community, kind="compound", name=name)
    told = _homes(system, compound, *size, after)
    now = timezone.now()
    round_ = plan_round(
        actor=system, place_ids=[compound.pk], starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=12)
    )
    open_round(actor=system, round_id=round_.pk)
    team = create_team(actor=system, round_id=round_.pk, name="采样1组", members=f"{HOLDER}、李涛", route=told["units"])
    packing = Packing(10, count=20, prefix=f"R{round_.number}")
    kits = pack_kits(actor=system, round_id=round_.pk, packing=packing, team_id=team.pk)
    desk = post(system, clerk, "社区 王芳", Role.COMMUNITY, community.pk)
    return told | {
        "labels": [code for kit in kits for code in kit.codes],
        "invites": _invites(desk, community.pk, invites),
        "clerk": clerk,
    }


def _homes(system: Any, compound: Any, households: int, count: int, after: int) -> dict[str, Any]:
    """Two buildings of two stairwells; rooms of two people, the first few of one."""
    from lianfang.domains.lab_testing.codes import household_code, person_code
    from lianfang.domains.registry.services import register_household, register_person, register_place
    from tests.product.world import demo_identity

    units, homes, people = [], [], []
    for building in ("1", "2"):
        block = register_place(actor=system, parent=compound, kind="building", name=building)
        units += [register_place(actor=system, parent=block, kind="unit", name=unit) for unit in ("1", "2")]
    for at in range(households):
        unit, place = units[at * 4 // households], at - (at * 4 // households * households + 3) // 4
        room = f"{place // 4 + 1}{place % 4 + 1:02d}"
        household = register_household(actor=system, place=unit, room=room)
        size = 2 if at >= 2 * households - count else 1
        members = []
        for _ in range(size):
            number = after + len(people) + 1
            name = _FAMILY[at % 20] + _GIVEN[(number * 2) % 32 : (number * 2) % 32 + 2]
            person = register_person(
                actor=system, household=household, name=name, id_type="resident_id", id_number=demo_identity(number),
                phone=f"1990001{number:04d}",
            )  # fmt: skip
            members.append(person.pk)
            people.append({
                "id": person.pk, "name": name, "code": person_code(person.pk), "identity": demo_identity(number),
                "phone": f"1990001{number:04d}", "household": household.pk, "unit": unit.pk,
            })  # fmt: skip
        homes.append({"id": household.pk, "room": room, "unit": unit.pk, "code": household_code(household.pk),
                      "people": members})  # fmt: skip
    return {"units": [unit.pk for unit in units], "homes": homes, "people": people}


def _invites(desk: Any, place_id: int, count: int) -> list[dict[str, str]]:
    from lianfang.foundation.access.roles import Role
    from lianfang.foundation.access.scope import acting_as
    from lianfang.foundation.devices.services import Wanted, invite_device

    made = []
    with acting_as(desk):
        for number in range(count):
            wanted = Wanted(f"采样{number + 1}号机", HOLDER, Role.SAMPLER, place_id, timezone.now() + timedelta(days=2))
            device, token = invite_device(actor=desk, wanted=wanted)
            made.append({"device": str(device.pk), "token": token})
    return made


if __name__ == "__main__":
    sys.exit(main())
