"""``python -m tests.journeys.first_day DEMO_FOLDER``: what is there before the night begins.

The place tree down to the communities, a commander with a deputy, and the rules for drills: each written by the
service that the product's own commands call. Nobody lives anywhere yet: people come with the journey's roster.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.utils import timezone

if TYPE_CHECKING:
    from lianfang.foundation.access.actor import Actor
    from lianfang.foundation.access.roles import Role

PASSWORD = "lianfang-demo"
COMMANDER, DEPUTY = "zhihui", "fuzhihui"


def communities_of(demo: Path) -> list[tuple[str, str]]:
    """(township, community), in the order of the demo's truth."""
    with (demo / "truth.jsonl").open(encoding="utf-8") as lines:
        found = next(line["buildings"] for line in map(json.loads, lines) if "buildings" in line)
    return list(dict.fromkeys((one["township"], one["community"]) for one in found))


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
    django.setup()
    # Models may be imported only now.
    from lianfang.domains.policy.services import approve_activation, propose_activation
    from lianfang.domains.registry.services import register_place
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.roles import Role
    from lianfang.foundation.access.scope import acting_as

    with acting_as(system_actor("first day")) as system:
        county = register_place(actor=system, parent=None, kind="county", name="示例县", code="990101000000")
        for number, (name, community) in enumerate(communities_of(Path(sys.argv[1])), 1):
            if number == 1:
                town = register_place(actor=system, parent=county, kind="township", name=name, code="990101001000")
            register_place(actor=system, parent=town, kind="community", name=community, code=f"990101001{number:03d}")
    commander = post(system, COMMANDER, "指挥部 钟明", Role.TOWNSHIP, town.pk)
    deputy = post(system, DEPUTY, "副指挥 方岚", Role.TOWNSHIP, town.pk)
    with acting_as(commander):
        made = propose_activation(
            actor=commander, pack="practice/v1", version=1, place_id=town.pk, starts_at=timezone.now()
        )
    with acting_as(deputy):
        approve_activation(actor=deputy, activation=made)
    return 0


def post(system: Actor, login: str, name: str, role: Role, place_id: int) -> Actor:
    """An account that may sign in at once, and the actor that it acts as."""
    from lianfang.foundation.access.actor import Actor
    from lianfang.foundation.access.models import Account
    from lianfang.foundation.access.roles import Level
    from lianfang.foundation.access.services import give_posting

    account = Account(login=login, name=name)
    account.set_password(PASSWORD)
    account.save()
    posting = give_posting(actor=system, account=account, role=role, place_id=place_id)
    return Actor(name, role, Level(posting.level), tuple(posting.scope_ids), account.pk, posting.pk, place_id)


if __name__ == "__main__":
    sys.exit(main())
