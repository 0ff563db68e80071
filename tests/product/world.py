"""A small invented place with one account per role: what most tests of the product begin with."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.test import Client
from django.utils import timezone

from lianfang.domains.registry.models import Household, Person, Place
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.models import Account, Posting
from lianfang.foundation.access.roles import Level, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.access.sessions import DEVICE
from lianfang.foundation.privacy.numbers import blind_index, seal

PASSWORD = "long-enough-for-a-test"


@dataclass
class World:
    """Places by short name (county, township, east, west, b1, b2, w1), people by name, accounts by login."""

    places: dict[str, Place] = field(default_factory=dict)
    households: dict[str, Household] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)

    def actor(self, login: str, purpose: str = "duty") -> Actor:
        """The actor that the account acts as."""
        posting = Posting.objects.get(account=self.accounts[login])
        return Actor(
            name=self.accounts[login].name, role=Role(posting.role), level=Level(posting.level),
            scope_ids=tuple(posting.scope_ids), account_id=self.accounts[login].pk, posting_id=posting.pk,
            place_id=posting.place_id, place_label=posting.place_label, purpose=purpose,
        )  # fmt: skip


def make_world() -> World:
    world = World()
    with acting_as(system_actor("world")):
        _places(world)
        _people(world)
    for role, level, place in _POSTINGS:
        _account(world, role, level, place)
    return world


_POSTINGS = (
    (Role.RESIDENT, Level.HOUSEHOLD, "b1-101"),
    (Role.BUILDING_CHIEF, Level.BUILDING, "b1"),
    (Role.SAMPLER, Level.COMMUNITY, "east"),
    (Role.COURIER, Level.COMMUNITY, "east"),
    (Role.GUARD, Level.COMMUNITY, "east"),
    (Role.COMMUNITY, Level.COMMUNITY, "east"),
    (Role.TOWNSHIP, Level.TOWNSHIP, "township"),
    (Role.DISTRICT, Level.COUNTY, "county"),
    (Role.SUPERVISOR, Level.COUNTY, "county"),
    (Role.AUDITOR, Level.NOWHERE, None),
    (Role.ADMINISTRATOR, Level.NOWHERE, None),
)


def _places(world: World) -> None:
    tree = (
        ("county", None, "county", "示范县", "990101000000"),
        ("township", "county", "township", "青石镇", "990101100000"),
        ("east", "township", "community", "东湖社区", "990101100001"),
        ("west", "township", "community", "西湖社区", "990101100002"),
        ("c1", "east", "compound", "江滨花园", None),
        ("b1", "c1", "building", "1号楼", None),
        ("b2", "c1", "building", "2号楼", None),
        ("b1u1", "b1", "unit", "1单元", None),
        ("b1u2", "b1", "unit", "2单元", None),
        ("b2u1", "b2", "unit", "1单元", None),
        ("w1", "west", "building", "1号楼", None),
        ("w1u1", "w1", "unit", "1单元", None),
    )
    for short, above, kind, name, code in tree:
        parent = world.places[above] if above else None
        place = Place(parent=parent, kind=kind, name=name, code=code, sort_key=f"{name:>20}")
        for column in ("county_id", "township_id", "community_id", "building_id"):
            setattr(place, column, getattr(parent, column) if parent else None)
        place.save()
        if kind in ("county", "township", "community", "building"):
            setattr(place, f"{kind}_id", place.pk)
        place.path = [*(parent.path if parent else []), place.pk]
        place.save()
        world.places[short] = place


def _people(world: World) -> None:
    homes = (
        ("b1-101", "b1u1", "101", ("陈建国", "林秀英", "陈小宝")),
        ("b1-102", "b1u1", "102", ("王丽华",)),
        ("b1-201", "b1u2", "201", ("赵大勇", "孙梅")),
        ("b2-101", "b2u1", "101", ("周志强", "吴桂芳")),
        ("w1-101", "w1u1", "101", ("郑海", "冯雪")),
    )
    number = 0
    for short, unit, room, names in homes:
        place = world.places[unit]
        keys = {key: getattr(place, key) for key in ("county_id", "township_id", "community_id", "building_id")}
        household = Household.objects.create(
            **keys, place=place, unit_id=place.pk, room=room, floor=int(room[0]), address=f"{place.name}{room}",
            sort_key=f"{short:>20}",
        )  # fmt: skip
        world.households[short] = household
        for name in names:
            number += 1
            identity, phone = demo_identity(number), f"1990000{number:04d}"
            world.people[name] = Person.objects.create(
                **keys, household=household, name=name, sex="female" if number % 2 else "male",
                id_type="resident_id", id_sealed=seal(identity), id_index=blind_index("id", identity), id_is_valid=True,
                phone_sealed=seal(phone), phone_index=blind_index("phone", phone),
                phone_tail_index=blind_index("phone_tail", phone[-4:]), pseudonym=f"{number:032x}",
                created_at=timezone.now(),
            )  # fmt: skip


def demo_identity(number: int) -> str:
    """A number of the range that cannot belong to a person, with a right check digit."""
    digits = f"9901011980010{number:04d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]


def _account(world: World, role: Role, level: Level, place: str | None) -> None:
    account = Account(login=str(role), name=f"{role}员")
    account.set_password(PASSWORD)
    account.save()
    home = world.households.get(place or "")
    at = world.places.get(place or "")
    scope = [home.pk] if home else [at.pk] if at else []
    Posting.objects.create(
        account=account, role=role, level=level, scope_ids=scope, place_id=scope[0] if scope else None,
        place_label=at.name if at else "", starts_at=timezone.now(), given_by="test",
    )  # fmt: skip
    world.accounts[str(role)] = account


def sign_in(client: Client, account: Account) -> None:
    """Sign in without the form, with the session record that the form would make."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from lianfang.foundation.access.models import AccountSession

    session = client.session
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = "lianfang.foundation.access.backend.AccountBackend"
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session[DEVICE] = ""
    session.save()
    client.cookies["lianfang_session"] = session.session_key
    AccountSession.objects.create(
        account=account, session_key=session.session_key, device="", address="127.0.0.1",
        started_at=timezone.now(), seen_at=timezone.now(),
    )  # fmt: skip
