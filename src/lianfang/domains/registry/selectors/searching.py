"""Finding people by what is at hand: name, sound, initials, phone or its tail, identity number, room.

Every way goes through an index that row-level security lets through: equality, or a range in code-point order. A part
of a name (the given name alone) needs an operator that it does not, and is found by ``registry_people_named``, a
function of the tables' owner that checks the caller's scope itself (migration 0002). What it finds is read again here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet

from lianfang.domains.registry.models import Household, Person, Place, PlaceKind
from lianfang.domains.registry.selectors.reading import in_walking_order
from lianfang.engine.intake.values.addresses import parse_address
from lianfang.engine.intake.values.contract import ValueContext
from lianfang.engine.intake.values.folding import fold_text
from lianfang.engine.intake.values.phones import phone_normaliser
from lianfang.engine.intake.values.places import read_room
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action, Level
from lianfang.foundation.privacy.numbers import blind_index

MOST = 50
_LONGEST_QUERY = 60
_HAN = re.compile("[\u3400-\u9fff]")
_IDENTITY = re.compile(r"[1-9][0-9]{16}[0-9X]|[1-9][0-9]{14}|[A-Z]{1,3}[0-9]{6,12}").fullmatch
_TAIL = re.compile(r"[0-9]{4}").fullmatch
_ROOM = re.compile(r"[0-9]{1,5}[A-Z]?").fullmatch
_PHONE = re.compile(r"[0-9+][0-9\- ]{6,18}").fullmatch
_HAS_PLACE = re.compile(
    r"[0-9一二三四五六七八九十]+(?:号?[楼栋幢座]|单元|室|组)|[0-9A-Z]+[-/#][0-9A-Z]+", re.IGNORECASE
)
_read_phone = phone_normaliser(with_companions=False)


@dataclass(frozen=True, slots=True)
class RoomQuery:
    """The parts of an address that a query names."""

    compound: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""


@dataclass(slots=True)
class SearchPage:
    """What was found. ``cursor`` leads to the next page, "" at the end; ``understood`` is a text key under
    ``registry.search.as`` that says what the query was taken for."""

    people: list[Person] = field(default_factory=list)
    households: list[Household] = field(default_factory=list)
    buildings: list[Place] = field(default_factory=list)
    cursor: str = ""
    understood: str = "nothing"


def search_people(actor: Actor, query: str, limit: int = 20, cursor: str = "") -> list[Person]:
    """People in the actor's places whom ``query`` describes, with ``household``; see ``search``."""
    return search(actor, query, limit, cursor).people


def search(actor: Actor, query: str, limit: int = 20, cursor: str = "") -> SearchPage:
    """People, households and buildings in the actor's places that ``query`` describes.

    Four digits are a phone's tail and perhaps a room. Who has moved out or died is found too, and says so.
    """
    actor.authorise(Action.REGISTRY_SEARCH)
    limit = max(1, min(limit, MOST))
    start = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 6 else 0
    text = fold_text(query[:_LONGEST_QUERY])[0].strip()
    if not text:
        return SearchPage()
    compact = re.sub(r"\s+", "", text).upper()
    for way in (_by_number, _by_room, _by_name):
        page = way(actor, text, compact, start, limit)
        if page is not None:
            return page
    return SearchPage(understood="name")


def _by_number(actor: Actor, text: str, compact: str, start: int, limit: int) -> SearchPage | None:
    if _IDENTITY(compact):
        return _page(_where(actor, id_index=blind_index("id", compact)), start, limit, "identity")
    if _TAIL(compact):
        page = _page(_where(actor, phone_tail_index=blind_index("phone_tail", compact)), start, limit, "phone_tail")
        page.households = _households(actor, RoomQuery(room=compact), limit)
        return page
    if _PHONE(text) and sum(char.isdigit() for char in text) >= 7:
        number = _read_phone(text, ValueContext(datetime(2020, 1, 1))).value
        if number:
            return _page(_where(actor, phone_index=blind_index("phone", str(number))), start, limit, "phone")
    return None


def _by_room(actor: Actor, text: str, compact: str, start: int, limit: int) -> SearchPage | None:
    wanted = read_address_query(compact)
    if wanted is None:
        return None
    if wanted.room:
        households = _households(actor, wanted, limit)
        people = Person.objects.visible_to(actor).filter(household__in=households) if wanted.building else None
        page = _page(people, start, limit, "room") if people is not None else SearchPage(understood="room")
        page.households = households
        return page
    return SearchPage(buildings=_buildings(actor, wanted)[:limit], understood="building")


def read_address_query(compact: str) -> RoomQuery | None:
    """10-1-301, 3号楼1单元301, 临江花园10-301, 10号楼, 301; None for what is no address."""
    if _ROOM(compact):
        return RoomQuery(room=re.sub(r"^0+(?=[0-9])", "", compact))
    if not _HAS_PLACE.search(compact):
        return None
    if not _HAN.search(compact):
        reading = read_room(compact, ValueContext(datetime(2020, 1, 1), siblings=frozenset()))
        if reading.value and reading.companions:
            found = {name: str(reading.companions.get(name) or "") for name in ("compound", "building", "unit")}
            return RoomQuery(**found, room=str(reading.value))
    parts = parse_address(compact)
    if parts.building is None and parts.room is None:
        return None
    return RoomQuery(parts.compound or "", parts.building or "", parts.unit or "", parts.room or "")


def _by_name(actor: Actor, text: str, compact: str, start: int, limit: int) -> SearchPage | None:
    counties = counties_of(actor)
    needed = start + limit + 1
    if _HAN.search(text):
        ranges = [("name", compact)]
        part = compact
    else:
        part = re.sub(r"[^a-z]", "", text.lower())
        if not part:
            return None
        ranges = [("name_initials", part), ("name_pinyin", text.lower())]
    found: list[Person] = []
    seen: set[int] = set()
    for column, prefix in ranges:
        _extend(found, seen, _starting_with(actor, counties, column, prefix)[:needed])
    # One letter is inside of half of all names; one Chinese character is not.
    if len(found) < needed and (len(part) > 1 or _HAN.match(part)):
        ids = people_named(part, needed)
        _extend(
            found,
            seen,
            Person.objects.visible_to(actor).filter(pk__in=ids).select_related("household").order_by("sort_key", "id"),
        )
    page = found[start : start + limit]
    return SearchPage(page, cursor=str(start + limit) if len(found) > start + limit else "", understood="name")


def _extend(found: list[Person], seen: set[int], more: Iterable[Person]) -> None:
    for person in more:
        if person.pk not in seen:
            seen.add(person.pk)
            found.append(person)


def _starting_with(actor: Actor, counties: list[int], column: str, prefix: str) -> QuerySet[Person]:
    people = Person.objects.visible_to(actor).filter(
        **{f"{column}__gte": prefix, f"{column}__lt": after_prefix(prefix)}
    )
    if len(counties) == 1:
        people = people.filter(county_id=counties[0])
    return people.select_related("household").order_by(column, "id")


def after_prefix(prefix: str) -> str:
    """The first text in code-point order after all that begin with ``prefix``."""
    last = ord(prefix[-1]) + 1
    return prefix[:-1] + chr(0xE000 if 0xD800 <= last <= 0xDFFF else last)


def people_named(part: str, most: int) -> list[int]:
    """Ids of people in the scope of this session with ``part`` inside their name, or inside its sound."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT registry_people_named(%s, %s)", [part, most])
        return [pk for (pk,) in cursor.fetchall()]


def counties_of(actor: Actor) -> list[int]:
    """The counties that hold the actor's places: their ids begin the indexes of names."""
    if actor.level is Level.COUNTY:
        return list(actor.scope_ids)
    found = Place.objects.filter(pk__in=actor.scope_ids).values_list("county_id", flat=True)
    return sorted({pk for pk in found if pk is not None})


def _townships(actor: Actor) -> list[int]:
    """The townships that hold the actor's places: their ids begin the indexes of names."""
    if actor.level is Level.TOWNSHIP:
        return list(actor.scope_ids)
    if actor.level is Level.COUNTY:
        inside = Place.objects.filter(county_id__in=actor.scope_ids, kind=PlaceKind.TOWNSHIP)
        return list(inside.values_list("pk", flat=True))
    found = Place.objects.filter(pk__in=actor.scope_ids).values_list("township_id", flat=True)
    return [pk for pk in found if pk is not None]


def _where(actor: Actor, **exactly: object) -> QuerySet[Person]:
    return Person.objects.visible_to(actor).filter(**exactly)


def _page(people: QuerySet[Person], start: int, limit: int, understood: str) -> SearchPage:
    found = list(people.select_related("household").order_by("sort_key", "id")[start : start + limit + 1])
    return SearchPage(found[:limit], cursor=str(start + limit) if len(found) > limit else "", understood=understood)


def _buildings(actor: Actor, wanted: RoomQuery) -> list[Place]:
    buildings = Place.objects.filter(_own(actor), kind=PlaceKind.BUILDING, name=wanted.building, closed_on=None)
    if wanted.compound:
        buildings = buildings.filter(parent__name__contains=wanted.compound)
    return in_walking_order(buildings.select_related("parent"))


def _households(actor: Actor, wanted: RoomQuery, limit: int) -> list[Household]:
    households = Household.objects.visible_to(actor).filter(room=wanted.room)
    if not wanted.building:
        if actor.level is not Level.SYSTEM:
            households = households.filter(township_id__in=_townships(actor))
    else:
        buildings = {place.pk for place in _buildings(actor, wanted)}
        homes = Place.objects.filter(building_id__in=buildings)
        if wanted.unit:
            homes = homes.filter(kind=PlaceKind.UNIT, name=wanted.unit)
        households = households.filter(place_id__in=list(homes.values_list("pk", flat=True)))
    return list(households.order_by("sort_key", "id")[:limit])


def _own(actor: Actor) -> Q:
    column = {
        Level.BUILDING: "building_id", Level.COMMUNITY: "community_id", Level.TOWNSHIP: "township_id",
        Level.COUNTY: "county_id",
    }.get(actor.level)  # fmt: skip
    if column is None:
        return Q() if actor.level is Level.SYSTEM else Q(pk__in=[])
    return Q(**{f"{column}__in": actor.scope_ids})
