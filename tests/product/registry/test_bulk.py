"""Many people at once: places and households on the way, nobody twice, nobody elsewhere."""

from __future__ import annotations

import pytest
from django.db import connection

from lianfang.domains.registry import events
from lianfang.domains.registry.models import Household, Person, Place
from lianfang.domains.registry.selectors import building_grid, counters_by_child, counters_of
from lianfang.domains.registry.services import NewResident, PersonFacts, normal_spot, register_people_in_bulk
from lianfang.foundation.access.actor import NotAllowedError
from lianfang.foundation.access.roles import Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.outbox.models import Event
from lianfang.foundation.privacy.numbers import unseal
from tests.product.registry.factories import SYSTEM, clerk, identity, settle, two_communities


def rows_of(community_id: int, count: int = 6) -> list[NewResident]:
    spot = normal_spot(community_id, "临江花园", "10号楼", "一单元")
    return [
        NewResident(spot, PersonFacts(name=f"某{number}", id_number=identity(number)), room=f"{number // 2 + 1}01")
        for number in range(count)
    ]


def test_places_and_households_come_into_being_once():
    with two_communities() as (east, _):
        outcome = register_people_in_bulk(actor=SYSTEM, rows=rows_of(east.pk))
        assert (outcome.added, outcome.places_added, outcome.households_added) == (6, 3, 3)
        person = Person.objects.select_related("household__place").get(name="某0")
        assert person.pk == outcome.person_ids[0]
        assert person.household.address == "临江花园10号楼1单元101室"
        assert (person.household.place.kind, person.household.place.name) == ("unit", "1")
        assert unseal(person.id_sealed) == identity(0)
        more = [
            NewResident(row.spot, PersonFacts(name=f"又{at}"), room=row.room) for at, row in enumerate(rows_of(east.pk))
        ]
        again = register_people_in_bulk(actor=SYSTEM, rows=more)
        assert (again.added, again.places_added, again.households_added) == (6, 0, 0)


def test_a_number_that_is_there_already_is_refused_and_said():
    with two_communities() as (east, west):
        register_people_in_bulk(actor=SYSTEM, rows=rows_of(east.pk, 2))
        rows = [*rows_of(east.pk, 3), rows_of(east.pk, 3)[2], *rows_of(west.pk, 1)]
        outcome = register_people_in_bulk(actor=SYSTEM, rows=rows)
        assert outcome.refused == [0, 1, 3]
        assert [pk is None for pk in outcome.person_ids] == [True, True, False, True, False]
        assert outcome.added == 2


def test_people_of_one_name_without_numbers_stay_two_people():
    with two_communities() as (east, _):
        spot = normal_spot(east.pk, "", "1", "")
        rows = [NewResident(spot, PersonFacts(name="张伟"), room="101")] * 2
        register_people_in_bulk(actor=SYSTEM, rows=rows)
        register_people_in_bulk(actor=SYSTEM, rows=rows)
        assert len(set(Person.objects.values_list("pseudonym", flat=True))) == 4


def test_whoever_has_no_room_has_no_household_yet():
    with two_communities() as (east, _):
        rows = [NewResident(normal_spot(east.pk, "", "3栋", ""), PersonFacts(name="张伟"))]
        register_people_in_bulk(actor=SYSTEM, rows=rows)
        person = Person.objects.get()
        assert person.household_id is None
        assert Place.objects.get(pk=person.building_id).name == "3"


def test_text_longer_than_its_column_ends_in_the_remark():
    with two_communities() as (east, _):
        facts = PersonFacts(name="张伟", occupation="长" * 70, remark="原话")
        register_people_in_bulk(actor=SYSTEM, rows=[NewResident(normal_spot(east.pk), facts)])
        person = Person.objects.get()
        assert (len(person.occupation), person.remark) == (60, "原话 " + "长" * 70)


def test_a_community_registers_in_its_own_places_only():
    with two_communities() as (east, west):
        pass
    actor = clerk(east)
    with acting_as(actor):
        assert register_people_in_bulk(actor=actor, rows=rows_of(east.pk)).added == 6
        with pytest.raises(NotAllowedError):
            register_people_in_bulk(actor=actor, rows=rows_of(west.pk))
    sampler = clerk(east, Role.SAMPLER)
    with acting_as(sampler), pytest.raises(NotAllowedError):
        register_people_in_bulk(actor=sampler, rows=rows_of(east.pk))
    with acting_as(SYSTEM):
        assert not Person.objects.filter(community_id=west.pk).exists()


def test_the_registration_is_audited_and_told_in_batches(monkeypatch):
    monkeypatch.setattr(events, "BATCH", 4)
    with two_communities() as (east, _):
        outcome = register_people_in_bulk(actor=SYSTEM, rows=rows_of(east.pk), import_id=7)
        told = [event.payload for event in Event.objects.filter(name=events.PEOPLE_REGISTERED).order_by("id")]
        assert [len(one["person_ids"]) for one in told] == [4, 2]
        assert [pk for one in told for pk in one["person_ids"]] == outcome.person_ids
        assert Entry.objects.get(action="registry.people_registered").details == {"added": 6, "refused": 0}


def test_every_row_has_its_history():
    with two_communities() as (east, _):
        register_people_in_bulk(actor=SYSTEM, rows=rows_of(east.pk))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), count(pgh_context_id) FROM registry_personevent")
            assert cursor.fetchone() == (6, 6)
            cursor.execute("SELECT count(*) FROM registry_householdevent")
            assert cursor.fetchone() == (3,)


def test_building_ten_has_its_74_households_and_143_people():
    with acting_as(SYSTEM):
        township, outcome = settle(6_000)
        assert outcome.added == 6_000
        estate = Place.objects.get(kind="compound", name="临江花园")
        block = Place.objects.get(parent=estate, kind="building", name="10")
    actor = clerk(Place.objects.get(pk=estate.community_id))
    with acting_as(actor):
        grid = building_grid(actor, block)
        assert (grid.counters.households, grid.counters.people) == (74, 143)
        assert sum(well.households for well in grid.stairwells) == 74
        assert len(grid.rooms) == 74
        assert [well.place.name for well in grid.stairwells] == ["1", "2"]
        first = grid.stairwells[0]
        assert [floor.number for floor in first.floors] == sorted((f.number for f in first.floors), reverse=True)
        assert {room.household.floor for floor in first.floors[:1] for room in floor.cells if room} == {
            first.floors[0].number
        }
        assert counters_of(actor, block) == grid.counters
        below = counters_by_child(actor, estate, list(Place.objects.filter(parent=estate)))
        assert below[block.pk] == grid.counters
        assert sum(one.people for one in below.values()) == counters_of(actor, estate).people == 1_704
        assert sum(one.households for one in below.values()) == counters_of(actor, estate).households == 664
        units = list(Place.objects.filter(parent=block))
        assert sum(one.people for one in counters_by_child(actor, block, units).values()) == 143
    commander = clerk(township, Role.TOWNSHIP)
    with acting_as(commander):
        children = list(Place.objects.filter(parent=township))
        found = counters_by_child(commander, township, children)
        assert sum(one.people for one in found.values()) == 6_000
        assert sum(one.households for one in found.values()) == Household.objects.count()
