"""Places, accounts and invented people for ``served``: ``benchmarks.served_world PEOPLE PLACES_FOR PASSWORD``.

The people are those of linkage_rosters.Town, with their rooms; a township has twelve communities of about 5,000. There
are the communities of the first PLACES_FOR of the town, of whom the first PEOPLE are registered. Prints the ids of the
places as JSON: {"county": 1, "townships": [2, …], "communities": [3, …]}.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import date

import django
from django.utils import timezone

from benchmarks.linkage_rosters import Recipe, Town

SEED = 88
COMMUNITIES_OF_A_TOWNSHIP = 12
_AT_ONCE = 50_000


def people_of(count: int, seed: int = SEED) -> list[dict[str, object]]:
    """Invented people, one row each: the columns of linkage's RECORDS that tell of a person and a room."""
    return [one.row for one in Town(Recipe(people=count, seed=seed)).people] if count else []


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
    django.setup()
    count, places_for = int(sys.argv[1]), int(sys.argv[2])
    rows = people_of(max(count, places_for))
    names = list(dict.fromkeys(str(row["community"]) for row in rows)) or ["第1社区"]
    county, townships, communities = _places(names)
    _people(rows[:count], communities)
    _accounts(county, townships[0], next(iter(communities.values())), sys.argv[3])
    print(json.dumps({"county": county, "townships": townships, "communities": list(communities.values())}))


def _places(communities: Sequence[str]) -> tuple[int, list[int], dict[str, int]]:
    from lianfang.domains.registry.models import PlaceKind
    from lianfang.domains.registry.services import register_place
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.scope import acting_as

    found: dict[str, int] = {}
    townships = []
    with acting_as(system_actor("benchmark")) as system:
        county = register_place(actor=system, parent=None, kind=PlaceKind.COUNTY, name="示例县", code="990101000000")
        for at, name in enumerate(communities):
            number, order = divmod(at, COMMUNITIES_OF_A_TOWNSHIP)
            code = f"990101{number + 1:03d}"
            if order == 0:
                township = register_place(
                    actor=system, parent=county, kind=PlaceKind.TOWNSHIP, name=f"示例镇{number + 1}", code=f"{code}000"
                )
                townships.append(township.pk)
            found[name] = register_place(
                actor=system, parent=township, kind=PlaceKind.COMMUNITY, name=name, code=f"{code}{order + 1:03d}"
            ).pk
    return county.pk, townships, found


def _people(rows: Sequence[dict[str, object]], communities: dict[str, int]) -> None:
    from lianfang.domains.registry.services import NewResident, PersonFacts, normal_spot, register_people_in_bulk
    from lianfang.foundation.access.actor import system_actor
    from lianfang.foundation.access.scope import acting_as

    def text(value: object) -> str:
        return str(value or "")

    for first in range(0, len(rows), _AT_ONCE):
        made = []
        for row in rows[first : first + _AT_ONCE]:
            spot = normal_spot(
                communities[text(row["community"])], text(row["compound"]), text(row["building"]), text(row["unit"])
            )
            born = row["birth_on"]
            facts = PersonFacts(
                name=text(row["name"]), sex=text(row["sex"]), birth_on=born if isinstance(born, date) else None,
                id_type="resident_id", id_number=text(row["id_number"]), id_is_valid=True, phone=text(row["phone"]),
            )  # fmt: skip
            made.append(NewResident(spot, facts, text(row["room"])))
        with acting_as(system_actor("benchmark")) as system:
            register_people_in_bulk(actor=system, rows=made)


def _accounts(county: int, township: int, community: int, password: str) -> None:
    """Logins of the demo for the jobs that benchmarks need: county, township, community, administrator."""
    from lianfang.foundation.access.models import Account, Posting
    from lianfang.foundation.access.places import directory
    from lianfang.foundation.access.roles import Level, Role

    places = {
        "quxian": (Role.DISTRICT, county), "zhihui": (Role.TOWNSHIP, township), "shequ": (Role.COMMUNITY, community),
        "admin": (Role.ADMINISTRATOR, None),
    }  # fmt: skip
    for login, (role, place) in places.items():
        account = Account(login=login, name=login)
        account.set_password(password)
        account.save()
        scope = directory().scope_of(role, place) if place else None
        Posting.objects.create(
            account=account, role=role, level=scope.level if scope else Level.NOWHERE,
            scope_ids=list(scope.scope_ids) if scope else [], place_id=place,
            place_label=scope.label if scope else "", starts_at=timezone.now(), given_by="benchmark",
        )  # fmt: skip


if __name__ == "__main__":
    main()
