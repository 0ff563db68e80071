"""Many people at once, with their places and households: the door of imports and of the demo.

COPY into a staging table, then one INSERT … SELECT: row-level security checks every row, and nothing is written row by
row (architecture.md, "Writing many rows"). Values are taken as they are given: intake has normalised them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from lianfang.domains.registry import events
from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.models import LivingState, Person, Place, PlaceKind
from lianfang.domains.registry.naming import (
    floor_of,
    initials_of,
    name_pinyin,
    normal_place_name,
    normal_room,
    place_sort_key,
)
from lianfang.domains.registry.reach import require_reach
from lianfang.domains.registry.services.facts import (
    PersonFacts,
    number_columns,
    pseudonym_of,
)
from lianfang.domains.registry.services.households import address_of, order_of
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.row_security import MEMBERS
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit
from lianfang.foundation.privacy.numbers import current_key_number, seal


class Spot(NamedTuple):
    """Where a building's stairwell is: names in normal form, "" where there is no such level."""

    community_id: int
    compound: str = ""
    building: str = ""
    unit: str = ""


class Home(NamedTuple):
    """One household's room."""

    spot: Spot
    room: str
    floor: int | None = None
    tenancy: str = ""


@dataclass(frozen=True, slots=True)
class NewResident:
    """One row to register: a person and where they live. Without a room there is no household yet."""

    spot: Spot
    facts: PersonFacts
    room: str = ""
    floor: int | None = None
    tenancy: str = ""
    state: str = LivingState.LIVING
    state_reason: str = ""
    state_until_on: date | None = None
    last_contact_at: datetime | None = None


@dataclass(slots=True)
class BulkOutcome:
    """``person_ids`` runs parallel to the rows; None where the community had somebody with that identity number."""

    person_ids: list[int | None]
    added: int = 0
    places_added: int = 0
    households_added: int = 0
    refused: list[int] = field(default_factory=list)


def normal_spot(community_id: int, compound: str = "", building: str = "", unit: str = "") -> Spot:
    """The spot with its names in normal form. A stairwell without a building stands in for one."""
    compound = normal_place_name(PlaceKind.COMPOUND, compound)
    building = normal_place_name(PlaceKind.BUILDING, building)
    unit = normal_place_name(PlaceKind.UNIT, unit)
    if unit and not building:
        building, unit = f"{unit}单元", ""
    return Spot(community_id, compound, building, unit)


def register_people_in_bulk(*, actor: Actor, rows: Sequence[NewResident], import_id: int | None = None) -> BulkOutcome:
    """Register all rows in one transaction, with the places and households they name.

    A row whose identity number its community has already, or an earlier row has, is not written and reported as
    refused. Raises NotAllowedError where a community is not the actor's.
    """
    actor.authorise(Action.REGISTRY_IMPORT)
    spots = {row.spot for row in rows}
    places_before = Place.objects.filter(community_id__in={spot.community_id for spot in spots}).count()
    places = ensure_places(actor=actor, spots=spots)
    homes = {Home(row.spot, row.room, row.floor, row.tenancy): None for row in rows if row.room}
    households, households_added = _ensure_households(homes, places)
    outcome = _insert_people(rows, places, households, import_id)
    outcome.households_added = households_added
    outcome.places_added = (
        Place.objects.filter(community_id__in={spot.community_id for spot in spots}).count() - places_before
    )
    record(actor=actor, action="registry.people_registered", target_kind="import", target_id=import_id or "",
           details={"added": outcome.added, "refused": len(outcome.refused)})  # fmt: skip
    added = [pk for pk in outcome.person_ids if pk is not None]
    for batch in _batches(added, events.BATCH):
        emit(events.PEOPLE_REGISTERED, {"person_ids": batch, "import_id": import_id})
    return outcome


def ensure_places(*, actor: Actor, spots: Collection[Spot]) -> dict[Spot, Place]:
    """The deepest place of each spot, made where it is absent. Two imports at once wait for one another here."""
    if not actor.may(Action.REGISTRY_IMPORT):
        actor.authorise(Action.PLACES_EDIT)
    ids = sorted({spot.community_id for spot in spots})
    communities = {
        one.pk: one for one in Place.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    }
    for community_id in ids:
        community = communities.get(community_id)
        if community is None or community.kind != PlaceKind.COMMUNITY:
            raise RegistryError("community_unknown", "community")
        require_reach(actor, community)
    known: dict[tuple[int | None, str, str], Place] = {
        (place.parent_id, place.kind, place.name): place
        for place in Place.objects.filter(community_id__in=ids, kind__in=_LEVELS).order_by("pk")
    }
    at: dict[Spot, Place] = {Spot(pk): place for pk, place in communities.items()}
    for depth, kind in enumerate(_LEVELS, start=1):
        wanted = dict.fromkeys(_up_to(spot, depth + 1) for spot in spots)
        missing: list[Place] = []
        for spot in wanted:
            above, name = at[_up_to(spot, depth)], str(spot[depth])
            if not name:
                at[spot] = above
                continue
            place = known.get((above.pk, str(kind), name))
            if place is None:
                place = _place_below(above, kind, name)
                missing.append(place)
            at[spot] = place
        _insert_places(missing)
    return {spot: at[spot] for spot in spots}


def _up_to(spot: Spot, count: int) -> Spot:
    """The spot's first ``count`` levels, the community being the first."""
    names = (spot.compound, spot.building, spot.unit)[: count - 1]
    return Spot(spot.community_id, *names)


_LEVELS = (PlaceKind.COMPOUND, PlaceKind.BUILDING, PlaceKind.UNIT)


def _place_below(above: Place, kind: str, name: str) -> Place:
    keys = {column: getattr(above, column) for column in ("county_id", "township_id", "community_id", "building_id")}
    # ``parent`` is read for its key only after ``_insert_places`` has numbered it.
    return Place(parent=above, kind=kind, name=name[:120], sort_key=place_sort_key(kind, name), **keys)


def _insert_places(places: list[Place]) -> None:
    for place, pk in zip(places, next_ids("registry_place", len(places)), strict=True):
        assert place.parent is not None
        place.pk = pk
        place.parent_id = place.parent.pk
        place.path = [*place.parent.path, pk]
        if place.kind == PlaceKind.BUILDING:
            place.building_id = pk
    Place.objects.bulk_create(places, batch_size=1000)


def ensure_households(
    *, actor: Actor, homes: Collection[Home], places: Mapping[Spot, Place]
) -> dict[tuple[int, str], int]:
    """(id of the place, room) → id of the household, made where it is absent; ``places`` as ``ensure_places`` gives."""
    actor.authorise(Action.REGISTRY_IMPORT)
    found, _ = _ensure_households(homes, places)
    return {key: home.pk for key, home in found.items()}


class _Found(NamedTuple):
    """A household that is there now."""

    pk: int
    sort_key: str


def _ensure_households(
    homes: Collection[Home], places: Mapping[Spot, Place]
) -> tuple[dict[tuple[int, str], _Found], int]:
    if not homes:
        return {}, 0
    above = Place.objects.in_bulk({pk for place in places.values() for pk in place.path})
    lineages = {spot: [above[pk] for pk in place.path] for spot, place in places.items()}
    rows: dict[tuple[int, str], tuple[Any, ...]] = {}
    for home in homes:
        place = places[home.spot]
        rows.setdefault((place.pk, home.room), _household_row(home, place, lineages[home.spot]))
    with staged_rows("registry_household", _HOUSEHOLD_COLUMNS, rows.values()) as (cursor, staged):
        columns = ", ".join(_HOUSEHOLD_COLUMNS)
        cursor.execute(
            f"INSERT INTO registry_household ({columns}) SELECT {columns} FROM {staged} "
            "ON CONFLICT (place_id, room) DO NOTHING"
        )
        added = cursor.rowcount
        cursor.execute(
            "SELECT household.place_id, household.room, household.id, household.sort_key "
            f"FROM registry_household household JOIN {staged} USING (place_id, room)"
        )
        return {(place_id, room): _Found(pk, key) for place_id, room, pk, key in cursor.fetchall()}, added


_HOUSEHOLD_COLUMNS = (
    "county_id", "township_id", "community_id", "building_id", "compound_id", "unit_id", "place_id", "room", "floor",
    "address", "sort_key", "tenancy", "remark", "version",
)  # fmt: skip


def _household_row(home: Home, place: Place, lineage: list[Place]) -> tuple[Any, ...]:
    is_unit = place.kind == PlaceKind.UNIT
    floor = home.floor if home.floor is not None else floor_of(home.room) if is_unit else None
    compound = next((one.pk for one in lineage if one.kind == PlaceKind.COMPOUND), None)
    return (
        place.county_id, place.township_id, place.community_id, place.building_id, compound,
        place.pk if is_unit else None, place.pk, home.room, floor, address_of(lineage, home.room),
        order_of(lineage, floor, home.room), home.tenancy[:20], "", 1,
    )  # fmt: skip


_PERSON_COLUMNS = (
    "id", "county_id", "township_id", "community_id", "building_id", "household_id", "sort_key", "name", "name_pinyin",
    "name_initials", "sex", "birth_on", "id_type", "id_is_valid", "id_sealed", "id_index", "phone_sealed",
    "phone_index", "phone_tail_index", "pseudonym", "relation_to_head", "class_kind", "key_person_kind",
    "occupation", "employer", "special_needs", "state", "state_reason", "state_until_on", "last_contact_at", "remark",
)  # fmt: skip


def _insert_people(
    rows: Sequence[NewResident],
    places: Mapping[Spot, Place],
    households: Mapping[tuple[int, str], _Found],
    import_id: int | None,
) -> BulkOutcome:
    ids = next_ids("registry_person", len(rows))
    homes = [households.get((places[row.spot].pk, row.room)) if row.room else None for row in rows]
    staging = staged_rows("registry_person", _PERSON_COLUMNS, _person_rows(rows, ids, homes, places))
    with staging as (cursor, staged):
        columns = ", ".join(_PERSON_COLUMNS)
        # A temporary table is read in the order in which it was written: of two rows with one number the first stays.
        cursor.execute(
            f"INSERT INTO registry_person ({columns}, created_at, import_id, version, last_contact_note) "
            f"SELECT {columns}, %s, %s, 1, '' FROM {staged} ON CONFLICT DO NOTHING RETURNING id",
            [timezone.now(), import_id],
        )
        written = {pk for (pk,) in cursor.fetchall()}
    outcome = BulkOutcome([pk if pk in written else None for pk in ids], added=len(written))
    outcome.refused = [number for number, pk in enumerate(outcome.person_ids) if pk is None]
    return outcome


def _person_rows(
    rows: Sequence[NewResident], ids: Sequence[int], homes: Sequence[_Found | None], places: Mapping[Spot, Place]
) -> Iterator[tuple[Any, ...]]:
    """The rows for COPY, as _PERSON_COLUMNS. All that must be asked of the database is asked before the first one is
    made: while COPY runs, its connection answers nothing else."""
    key_number = current_key_number()
    seal("0", key_number)
    above = Place.objects.in_bulk({pk for place in places.values() for pk in place.path})
    bare = {spot: order_of([above[pk] for pk in place.path], None, "") for spot, place in places.items()}
    repeated = _Repeats(rows, [home.pk if home else None for home in homes])

    def made() -> Iterator[tuple[Any, ...]]:
        for number, (row, pk, home) in enumerate(zip(rows, ids, homes, strict=True)):
            place, facts = places[row.spot], _cut(row.facts)
            pinyin = name_pinyin(facts.name)
            household_id = home.pk if home else None
            yield (
                pk, place.county_id, place.township_id, place.community_id, place.building_id, household_id,
                home.sort_key if home else bare[row.spot], facts.name, pinyin, initials_of(pinyin), facts.sex,
                facts.birth_on, facts.id_type, facts.id_is_valid,
                *number_columns(facts.id_number, facts.phone, key_number).values(),
                pseudonym_of(facts, household_id, repeated.of(number)), facts.relation_to_head, facts.class_kind,
                facts.key_person_kind, facts.occupation, facts.employer, list(facts.special_needs), row.state,
                row.state_reason[:200], row.state_until_on, row.last_contact_at, facts.remark,
            )  # fmt: skip

    return made()


def _cut(facts: PersonFacts) -> PersonFacts:
    """Text that is longer than its column ends in the remark rather than being lost."""
    longest = {
        "name": 80,
        "relation_to_head": 20,
        "class_kind": 12,
        "key_person_kind": 40,
        "occupation": 60,
        "employer": 120,
    }
    over = {name: getattr(facts, name) for name, most in longest.items() if len(getattr(facts, name)) > most}
    if not over and len(facts.remark) <= 400:
        return facts
    remark = " ".join(filter(None, (facts.remark, *over.values())))[:400]
    return replace(facts, remark=remark, **{name: text[: longest[name]] for name, text in over.items()})


class _Repeats:
    """Tells apart people without a number who share name, phone and household, with those already registered."""

    def __init__(self, rows: Sequence[NewResident], homes: Sequence[int | None]) -> None:
        self._numbers: dict[int, int] = {}
        seen: Counter[tuple[object, ...]] = Counter()
        doubtful = [at for at, row in enumerate(rows) if not row.facts.id_number]
        households = {home for at in doubtful if (home := homes[at]) is not None}
        taken = (
            set(Person.objects.filter(household_id__in=households).values_list("pseudonym", flat=True))
            if households
            else set()
        )
        for at in doubtful:
            facts, home = rows[at].facts, homes[at]
            # Without a household nothing ties two rows of one name together.
            key = (facts.name, facts.phone, home, None if home is not None else rows[at].spot)
            while pseudonym_of(facts, home, seen[key]) in taken:
                seen[key] += 1
            self._numbers[at] = seen[key]
            seen[key] += 1

    def of(self, at: int) -> int:
        return self._numbers.get(at, 0)


@contextmanager
def staged_rows(table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, str]]:
    """A temporary table with ``rows``, gone after the block. Row-level security forbids COPY into the table itself.

    The login of the pages makes it: the roles of the levels may make no table. What is read from it is still checked
    in the level's role.
    """
    staged = f"staged_{table}"
    with connection.cursor() as cursor:
        with _as_login(cursor):
            cursor.execute(f"CREATE TEMPORARY TABLE {staged} AS SELECT {', '.join(columns)} FROM {table} WITH NO DATA")
            with cursor.copy(f"COPY {staged} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(f"GRANT SELECT ON {staged} TO {MEMBERS}")
        yield cursor, staged
        with _as_login(cursor):
            cursor.execute(f"DROP TABLE {staged}")


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> int:
    """Insert many rows into a scoped table; how many. Row-level security checks each of them."""
    named = [f'"{name}"' for name in columns]
    with staged_rows(table, named, rows) as (cursor, made):
        listed = ", ".join(named)
        cursor.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {made}")
        return int(cursor.rowcount)


@contextmanager
def _as_login(cursor: Any) -> Iterator[None]:
    """Put the session's role aside for the block. Where the block raises, the rollback puts it back."""
    cursor.execute("SELECT current_setting('role')")
    (role,) = cursor.fetchone()
    cursor.execute("SET LOCAL ROLE NONE")
    yield
    # As PostgreSQL itself named it: "none" or a role of ``row_security``.
    cursor.execute(f"SET LOCAL ROLE {role}")


def next_ids(table: str, count: int) -> list[int]:
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT nextval(pg_get_serial_sequence('{table}', 'id')) FROM generate_series(1, %s)", [count])
        return sorted(pk for (pk,) in cursor.fetchall())


def _batches(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    left = iter(ids)
    while batch := list(islice(left, size)):
        yield batch


__all__ = [
    "BulkOutcome", "Home", "NewResident", "Spot", "ensure_households", "ensure_places", "normal_room", "normal_spot",
    "register_people_in_bulk",
]  # fmt: skip
