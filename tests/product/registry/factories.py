"""Invented people for the registry's tests, made through its own services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from random import Random

from lianfang.demo.names import NameBook
from lianfang.demo.numbers import IdentityMint
from lianfang.demo.people import Settler, Township
from lianfang.demo.places import lay_out_township
from lianfang.domains.registry.models import Household, Place
from lianfang.domains.registry.services import (
    BulkOutcome,
    NewResident,
    PersonFacts,
    normal_spot,
    register_household,
    register_people_in_bulk,
    register_place,
)
from lianfang.domains.registry.words import SPECIAL_NEEDS, read_relation
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Level, Role
from lianfang.foundation.access.scope import acting_as

TODAY = date(2022, 8, 30)
SYSTEM = system_actor("test")


def identity(number: int, born: str = "19800101") -> str:
    """A number of the range that belongs to nobody, with a right check digit."""
    digits = f"990101{born}{number:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]


def clerk(place: Place, role: Role = Role.COMMUNITY, name: str = "甲") -> Actor:
    """Somebody who serves at ``place``."""
    level = Level.BUILDING if role is Role.BUILDING_CHIEF else Level(place.kind)
    return Actor(name=name, role=role, level=level, scope_ids=(place.pk,), place_id=place.pk, place_label=place.name)


def a_county() -> Place:
    return register_place(actor=SYSTEM, parent=None, kind="county", name="示范县", code="990102000000")


def a_township(county: Place, number: int = 1) -> Place:
    return register_place(
        actor=SYSTEM, parent=county, kind="township", name=f"青石镇{number}", code=f"990102{number:03d}000"
    )


def a_community(township: Place, number: int = 1) -> Place:
    code = f"{township.code[:9]}{number:03d}"
    return register_place(actor=SYSTEM, parent=township, kind="community", name=f"社区{number}", code=code)


def a_unit(community: Place, building: str = "1", unit: str = "1", compound: str = "临江花园") -> Place:
    estate = register_place(actor=SYSTEM, parent=community, kind="compound", name=compound)
    block = register_place(actor=SYSTEM, parent=estate, kind="building", name=building)
    return register_place(actor=SYSTEM, parent=block, kind="unit", name=unit)


def a_household(community: Place, room: str = "301", building: str = "1", unit: str = "1") -> Household:
    return register_household(actor=SYSTEM, place=a_unit(community, building, unit), room=room)


@contextmanager
def two_communities() -> Iterator[tuple[Place, Place]]:
    """Two neighbours of one township; the block runs as the system."""
    with acting_as(SYSTEM):
        township = a_township(a_county())
        yield a_community(township, 1), a_community(township, 2)


def settle(people: int, seed: int = 7, index: int = 0) -> tuple[Place, BulkOutcome]:
    """The demo's township, registered: with 6,000 people or more its building 10 has 74 households and 143 people."""
    rng = Random(seed)
    settler = Settler(rng, NameBook(rng), IdentityMint(TODAY), TODAY)
    town = Township(index, lay_out_township(rng, index, people), index * people)
    settler.settle(town)
    county = a_county()
    township = register_place(
        actor=SYSTEM, parent=county, kind="township", name=town.name, code=f"990102{800 + index:03d}000"
    )
    rows: list[NewResident] = []
    for number, community in enumerate(town.communities, 1):
        place = register_place(
            actor=SYSTEM,
            parent=township,
            kind="community",
            name=community.name,
            code=f"{township.code[:9]}{number:03d}",
        )
        for building in community.buildings:
            first = building.first_person
            rows += [_row(place.pk, one, rng) for one in town.people[first : first + building.people]]
    return township, register_people_in_bulk(actor=SYSTEM, rows=rows)


def _row(community_id: int, person: object, rng: Random) -> NewResident:
    building = person.building
    name = f"{building.number}组" if building.is_village else f"{building.number}号楼"
    needs = (SPECIAL_NEEDS[int(rng.random() * len(SPECIAL_NEEDS))],) if rng.random() < 0.04 else ()
    facts = PersonFacts(
        name=person.name, sex="male" if person.male else "female", id_type="resident_id", id_number=person.id_number,
        id_is_valid=True, phone=person.phone, relation_to_head=read_relation(person.relation), special_needs=needs,
    )  # fmt: skip
    spot = normal_spot(community_id, building.compound, name, str(person.unit) if person.unit else "")
    return NewResident(spot=spot, facts=facts, room=person.room)
