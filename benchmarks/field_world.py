"""Devices at work for the benchmarks of the field server: ``benchmarks.field_world DEVICES PEOPLE_OF_EACH ROLE``.

Opens a round in every township of ``served_world`` and enrols devices in its communities, each with people of its own
community whom nobody else samples. Prints JSON: {"devices": [{"id", "secret", "round", "people": [...]}]}.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta

import django
from django.utils import timezone


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
    django.setup()
    from lianfang.domains.registry.models import Person, Place, PlaceKind
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.roles import Role
    from lianfang.foundation.access.scope import acting_as
    from lianfang.foundation.devices.services import Wanted, enrol_device, invite_device

    count, each, role = int(sys.argv[1]), int(sys.argv[2]), Role(sys.argv[3])
    with acting_as(system_actor("benchmark")) as system:
        communities = list(Place.objects.filter(kind=PlaceKind.COMMUNITY).order_by("pk"))
        rounds = {place.township_id: _open_round(place.township_id) for place in communities} if each else {}
        people: dict[int, list[int]] = {}
        for person_id, community_id in Person.objects.order_by("pk").values_list("pk", "community_id"):
            people.setdefault(community_id, []).append(person_id)
        free = [place for place in communities for _ in range(len(people.get(place.pk, [])) // each)] if each else []
        if len(free) < count and each:
            raise SystemExit(f"only {len(free)} devices of {each} people fit in")
        devices = []
        for number in range(count):
            place = free[number * len(free) // count] if each else communities[number % len(communities)]
            wanted = Wanted(f"机 {number}", f"员 {number}", role, place.pk, timezone.now() + timedelta(days=2))
            _, token = invite_device(actor=system, wanted=wanted)
            done = enrol_device(token=token)
            mine, people[place.pk] = people.get(place.pk, [])[:each], people.get(place.pk, [])[each:]
            devices.append({
                "id": str(done.device.pk), "secret": done.secret, "round": rounds.get(place.township_id),
                "people": mine, "community": place.pk,
            })  # fmt: skip
    print(json.dumps({"devices": devices}))


def _open_round(township_id: int | None) -> int:
    from lianfang.domains.lab_testing.services import open_round, plan_round
    from lianfang.foundation.access.scope import current_actor

    now = timezone.now()
    made = plan_round(
        actor=current_actor(), place_ids=[township_id or 0], starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=20),
    )  # fmt: skip
    open_round(actor=current_actor(), round_id=made.pk)
    return int(made.pk)


if __name__ == "__main__":
    main()
