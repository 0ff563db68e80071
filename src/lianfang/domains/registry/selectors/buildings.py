"""A building as a grid: stairwells × floors × rooms, read at a glance; and how many live where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Q

from lianfang.domains.registry.models import Household, Person, Place, PlaceKind
from lianfang.domains.registry.naming import floor_of, place_name
from lianfang.domains.registry.selectors.reading import place_for
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.domains.registry.words import URGENT_NEEDS
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scoped import columns_of

CACHED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Counters:
    """Who lives in a place: households with at least one resident, residents, and of these who is away."""

    households: int = 0
    people: int = 0
    away: int = 0


@dataclass(slots=True)
class Room:
    """One room of the grid and who lives in it."""

    household: Household
    people: int = 0
    away: int = 0
    needs: tuple[str, ...] = ()
    key_people: int = 0

    @property
    def is_urgent(self) -> bool:
        return not URGENT_NEEDS.isdisjoint(self.needs)


@dataclass(slots=True)
class Floor:
    """``number`` is None for rooms that do not say their floor. None in ``cells`` is a gap."""

    number: int | None
    cells: list[Room | None] = field(default_factory=list)


@dataclass(slots=True)
class Stairwell:
    """``place`` is the building itself where it has no stairwells. Floors stand from the top down."""

    place: Place
    floors: list[Floor] = field(default_factory=list)
    households: int = 0
    people: int = 0

    @property
    def name(self) -> str:
        return place_name(self.place) if self.place.kind == PlaceKind.UNIT else ""

    @property
    def width(self) -> int:
        return max((len(floor.cells) for floor in self.floors), default=0)


@dataclass(slots=True)
class BuildingGrid:
    """``has_floors`` is false for a village group, whose rooms are house numbers: they stand in one list."""

    building: Place
    stairwells: list[Stairwell]
    counters: Counters
    empty_households: int
    without_household: int

    @property
    def rooms(self) -> list[Room]:
        return [room for well in self.stairwells for floor in well.floors for room in floor.cells if room is not None]


def building_grid(actor: Actor, building: Place) -> BuildingGrid:
    """The grid of ``building``; raises NotThereError where it is not the actor's. Four queries whatever its size."""
    actor.authorise(Action.REGISTRY_VIEW)
    building = place_for(actor, building.pk)
    households = list(Household.objects.visible_to(actor).filter(building_id=building.pk).order_by("sort_key", "id"))
    rooms = {household.pk: Room(household) for household in households}
    without_household = _fill_rooms(actor, building, rooms)
    units = list(Place.objects.filter(parent=building, kind=PlaceKind.UNIT).order_by("sort_key"))
    wells = {place.pk: Stairwell(place) for place in (*units, building)}
    by_well: dict[int, list[Room]] = {}
    for household in households:
        home = household.unit_id if household.unit_id in wells else building.pk
        by_well.setdefault(home, []).append(rooms[household.pk])
    shown = []
    for pk, well in wells.items():
        inside = by_well.get(pk, [])
        if pk == building.pk and units and not inside:
            continue
        if pk in by_well or not well.place.closed_on:
            _lay_out(well, inside)
            shown.append(well)
    lived_in = [room for room in rooms.values() if room.people]
    counters = Counters(
        len(lived_in), sum(room.people for room in lived_in) + without_household, sum(room.away for room in lived_in)
    )
    return BuildingGrid(building, shown, counters, len(rooms) - len(lived_in), without_household)


def _fill_rooms(actor: Actor, building: Place, rooms: Mapping[int, Room]) -> int:
    people = Person.objects.visible_to(actor).filter(building_id=building.pk, state__in=RESIDENT_STATES)
    homeless = 0
    needs: dict[int, Counter[str]] = {}
    for household_id, state, needed, key_kind in people.values_list(
        "household_id", "state", "special_needs", "key_person_kind"
    ):
        room = rooms.get(household_id)
        if room is None:
            homeless += 1
            continue
        room.people += 1
        room.away += state == "away"
        room.key_people += bool(key_kind)
        if needed:
            needs.setdefault(household_id, Counter()).update(needed)
    for household_id, counted in needs.items():
        rooms[household_id].needs = tuple(sorted(counted, key=lambda code: (code not in URGENT_NEEDS, code)))
    return homeless


def _lay_out(well: Stairwell, rooms: Sequence[Room]) -> None:
    """Put rooms on floors, doors above doors: 301 stands over 201 even where 202 has no household."""
    well.households = sum(1 for room in rooms if room.people)
    well.people = sum(room.people for room in rooms)
    by_floor: dict[int | None, list[Room]] = {}
    for room in rooms:
        # House numbers are no floors: a village group, or a building of single houses.
        number = room.household.floor if well.place.kind == PlaceKind.UNIT else _floor_without_stairwell(room, rooms)
        by_floor.setdefault(number, []).append(room)
    doors = {number: _doors(number, inside) for number, inside in by_floor.items() if number is not None}
    columns = sorted({door for found in doors.values() for door in found})
    for number in sorted(by_floor, key=lambda one: (one is not None, one), reverse=True):
        if number is None or not columns:
            well.floors.append(Floor(number, list(by_floor[number])))
        else:
            well.floors.append(Floor(number, [doors[number].get(door) for door in columns]))


def _floor_without_stairwell(room: Room, rooms: Sequence[Room]) -> int | None:
    if room.household.floor is not None:
        return room.household.floor
    numbered = [one for one in rooms if floor_of(one.household.room) is not None]
    return floor_of(room.household.room) if len(numbered) * 10 >= len(rooms) * 9 else None


def _doors(floor: int | None, rooms: Iterable[Room]) -> dict[str, Room]:
    """Rooms by what follows the floor in their number; rooms that do not fit get a column after the others."""
    found: dict[str, Room] = {}
    for room in rooms:
        number = room.household.room
        door = number.removeprefix(str(floor)).lstrip("0") if number.startswith(str(floor)) else f"~{number}"
        key = f"{door:>4}" if door[:1].isdigit() else f"~{door}"
        found[key if key not in found else f"{key}~{room.household.pk}"] = room
    return found


_CHILD_COLUMNS: Mapping[str, str] = {
    PlaceKind.TOWNSHIP: "township_id", PlaceKind.COMMUNITY: "community_id", PlaceKind.BUILDING: "building_id",
}  # fmt: skip


def counters_of(actor: Actor, place: Place) -> Counters:
    """Who lives in ``place`` as far as the actor may see."""
    actor.authorise(Action.REGISTRY_VIEW)
    return _counted(actor, place, "").get(None, Counters())


def counters_by_child(actor: Actor, place: Place, children: Sequence[Place]) -> dict[int, Counters]:
    """The counters of each of ``children`` of ``place``, in one query for each kind among them.

    Of a township or more they may be CACHED_SECONDS old.
    """
    actor.authorise(Action.REGISTRY_VIEW)
    found: dict[int, Counters] = {}
    for kind in {child.kind for child in children}:
        mine = [child for child in children if child.kind == kind]
        column = _CHILD_COLUMNS.get(kind)
        if column is not None:
            counted = _counted(actor, place, column)
        else:
            counted = {child.pk: _counted(actor, child, "").get(None, Counters()) for child in mine}
        found |= {child.pk: counted.get(child.pk, Counters()) for child in mine}
    return found


def _inside(place: Place) -> tuple[str, int]:
    for kind in ("building", "community", "township", "county"):
        if place.kind == kind:
            return f"{kind}_id", place.pk
    return "", 0


def _counted(actor: Actor, place: Place, column: str) -> dict[int | None, Counters]:
    """By the values of ``column``, of people or a path to one; the whole place under None where it is ""."""
    own_column, own_id = _inside(place)
    if not own_column or "__" in column:
        return _counted_through_households(actor, place, column)
    is_wide = own_column in ("township_id", "county_id")
    key = f"registry.counters.{actor.level}.{'-'.join(map(str, actor.scope_ids))}.{place.pk}.{column}"
    if is_wide and (kept := cache.get(key)) is not None:
        return dict(kept)
    grouped = column or "NULL::bigint"
    scope_sql, scope_values = _scope(actor)
    with connection.cursor() as cursor:
        # Two steps are a third of the time of count(DISTINCT …): no sort. Column names come from the tables above.
        cursor.execute(
            f"SELECT place, count(household_id), sum(people), sum(away) FROM (SELECT {grouped} AS place, household_id, "
            "count(*) AS people, count(*) FILTER (WHERE state = 'away') AS away FROM registry_person "
            f"WHERE {own_column} = %s AND ({scope_sql}) AND state IN ('living', 'away') "
            "GROUP BY 1, 2) AS households GROUP BY 1",
            [own_id, *scope_values],
        )
        found = {
            place_id: Counters(households, int(people), int(away)) for place_id, households, people, away in cursor
        }
    if is_wide:
        cache.set(key, found, CACHED_SECONDS)
    return found


def _scope(actor: Actor) -> tuple[str, list[Any]]:
    columns = columns_of(Person.scope_columns, actor.level)
    if not columns:
        return ("true" if str(actor.level) == "system" else "false"), []
    return " OR ".join(f"{column} = ANY(%s)" for column in columns), [list(actor.scope_ids)] * len(columns)


def _counted_through_households(actor: Actor, place: Place, column: str) -> dict[int | None, Counters]:
    """Where the place or the column is one that only households know: compound or stairwell."""
    people = Person.objects.visible_to(actor).filter(state__in=RESIDENT_STATES)
    own_column, own_id = _inside(place)
    if own_column:
        people = people.filter(**{own_column: own_id})
    elif place.kind == PlaceKind.UNIT:
        people = people.filter(building_id=place.building_id, household__unit_id=place.pk)
    elif place.kind == PlaceKind.COMPOUND:
        people = people.filter(household__compound_id=place.pk)
    else:
        people = people.filter(household__place__path__contains=[place.pk])
    counts = {
        "households": Count("household", distinct=True),
        "people": Count("id"),
        "away": Count("id", filter=Q(state="away")),
    }
    if not column:
        row = people.aggregate(**counts)
        return {None: Counters(row["households"], row["people"], row["away"])}
    return {
        row[column]: Counters(row["households"], row["people"], row["away"])
        for row in people.values(column).annotate(**counts)
    }
