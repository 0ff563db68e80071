"""The place tree: normal forms, walking order, who may change it, tables of official codes."""

from __future__ import annotations

import gzip

import pytest
from django.utils import timezone

from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.models import Place
from lianfang.domains.registry.selectors import NotThereError, place_for, places_inside
from lianfang.domains.registry.services import (
    close_place,
    register_household,
    register_person,
    register_place,
    rename_place,
    reopen_place,
)
from lianfang.domains.registry.services.divisions import import_division_table
from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.roles import Level, Role
from lianfang.foundation.access.scope import acting_as
from tests.product.registry.factories import SYSTEM, a_household, a_unit, clerk, two_communities

ADMINISTRATOR = Actor(name="管", role=Role.ADMINISTRATOR, level=Level.NOWHERE)


def test_buildings_and_rooms_are_kept_in_the_normal_form_of_intake():
    with two_communities() as (east, _):
        estate = register_place(actor=SYSTEM, parent=east, kind="compound", name="临江花园")
        block = register_place(actor=SYSTEM, parent=estate, kind="building", name="第１０号楼")
        assert block.name == "10"
        assert register_place(actor=SYSTEM, parent=estate, kind="building", name="十栋") == block
        unit = register_place(actor=SYSTEM, parent=block, kind="unit", name="二单元")
        household = register_household(actor=SYSTEM, place=unit, room="0301室")
        assert (unit.name, household.room, household.floor) == ("2", "301", 3)
        assert household.address == "临江花园10号楼2单元301室"
        assert register_household(actor=SYSTEM, place=unit, room="301") == household


def test_places_stand_in_walking_order_by_number_not_by_text():
    with two_communities() as (east, _):
        for number in ("10", "2", "1"):
            a_unit(east, building=number)
        assert [place.name for place in places_inside(east, "building")] == ["1", "2", "10"]
        kinds = [place.kind for place in places_inside(east)]
        assert kinds == ["compound", *["building", "unit"] * 3]


def test_a_household_needs_a_place_small_enough_to_live_in():
    with two_communities() as (east, _), pytest.raises(RegistryError) as problem:
        register_household(actor=SYSTEM, place=Place.objects.get(pk=east.township_id), room="301")
    assert problem.value.code == "no_home_here"


def test_renaming_a_place_rewrites_the_addresses_and_the_order_inside():
    with two_communities() as (east, _):
        household = a_household(east, building="2")
        person = register_person(actor=SYSTEM, household=household, name="陈建国")
        estate = Place.objects.get(kind="compound", community_id=east.pk)
        rename_place(actor=SYSTEM, place=estate, name="望江苑")
        household.refresh_from_db()
        person.refresh_from_db()
        assert household.address == "望江苑2号楼1单元301室"
        assert person.sort_key == household.sort_key
        assert "wang jiang" in household.sort_key


def test_nobody_changes_a_place_of_a_neighbour():
    with two_communities() as (east, west):
        pass
    actor = clerk(east)
    with acting_as(actor):
        register_place(actor=actor, parent=east, kind="building", name="7号楼")
        for act in (
            lambda: register_place(actor=actor, parent=west, kind="building", name="7号楼"),
            lambda: rename_place(actor=actor, place=west, name="我的"),
            lambda: close_place(actor=actor, place=west, on=timezone.localdate()),
            lambda: register_place(actor=actor, parent=None, kind="province", name="某省"),
        ):
            with pytest.raises(NotAllowedError):
                act()
        with pytest.raises(NotThereError):
            place_for(actor, west.pk)
        assert place_for(actor, east.parent_id).kind == "township"


def test_an_administrator_keeps_places_and_sees_nobody_in_them():
    with two_communities() as (east, _):
        household = a_household(east)
    with acting_as(ADMINISTRATOR):
        assert register_place(actor=ADMINISTRATOR, parent=east, kind="compound", name="新村").community_id == east.pk
        with pytest.raises(NotAllowedError):
            register_person(actor=ADMINISTRATOR, household=household, name="陈建国")


def test_a_place_with_residents_is_not_closed_and_an_empty_one_can_be_reopened():
    with two_communities() as (east, _):
        household = a_household(east)
        register_person(actor=SYSTEM, household=household, name="陈建国")
        block = Place.objects.get(pk=household.building_id)
        with pytest.raises(RegistryError) as problem:
            close_place(actor=SYSTEM, place=block, on=timezone.localdate())
        assert problem.value.gaps == {"count": 1}
        empty = a_unit(east, building="9")
        close_place(actor=SYSTEM, place=empty.parent, on=timezone.localdate())
        empty.refresh_from_db()
        assert empty.closed_on is not None
        with pytest.raises(RegistryError):
            register_household(actor=SYSTEM, place=empty, room="101")
        with pytest.raises(RegistryError):
            reopen_place(actor=SYSTEM, place=empty)
        reopen_place(actor=SYSTEM, place=empty.parent)
        assert reopen_place(actor=SYSTEM, place=empty).closed_on is None


TABLES = [
    ("provinces.csv", 'code,name\n98,"示范省"\n'),
    ("cities.csv", 'code,name,provinceCode\n9801,"示范市",98\n'),
    ("areas.csv", 'code,name,cityCode,provinceCode\n980101,"东区",9801,98\n980102,"西区",9801,98\n'),
    ("streets.csv", 'code,name,areaCode,provinceCode,cityCode\n980101001,"云溪街道",980101,98,9801\n'),
    ("villages.csv", 'code,name,streetCode\n980101001001,"临江社区",980101001\n980101001002,"望海村",980101001\n'),
]


def _files(tables):
    return [(name, text.encode()) for name, text in tables]


def test_division_tables_become_a_tree_and_again_change_nothing():
    with acting_as(ADMINISTRATOR):
        first = import_division_table(actor=ADMINISTRATOR, files=_files(TABLES))
        assert (first.added, first.problem_count) == (7, 0)
        community = Place.objects.get(code="980101001001")
        names = [place.name for place in Place.objects.filter(pk__in=community.path).order_by("code")]
        assert names == ["示范省", "示范市", "东区", "云溪街道", "临江社区"]
        assert (community.community_id, community.kind) == (community.pk, "community")
        assert community.township_id == community.parent_id
        again = import_division_table(actor=ADMINISTRATOR, files=_files(TABLES))
        assert (again.added, again.renamed, again.unchanged) == (0, 0, 7)
        renamed = [("villages.csv", 'code,name\n980101001002,"望海社区"\n')]
        assert import_division_table(actor=ADMINISTRATOR, files=_files(renamed)).renamed == 1


def test_a_packed_table_may_be_cut_to_one_district():
    packed = [(f"{name}.gz", gzip.compress(text.encode())) for name, text in TABLES]
    with acting_as(ADMINISTRATOR):
        outcome = import_division_table(actor=ADMINISTRATOR, files=packed, within="980102")
    assert (outcome.added, outcome.outside) == (3, 4)
    assert not Place.objects.filter(name="东区").exists()


def test_a_wrong_row_is_named_and_nothing_is_written():
    wrong = [*TABLES[:3], ("streets.csv", "code,name\n98010,短\nABC,x\n980101002,\n980199001,无上级\n980101,东区二\n")]
    with acting_as(ADMINISTRATOR):
        outcome = import_division_table(actor=ADMINISTRATOR, files=_files(wrong))
    assert [(one.file, one.row, one.code) for one in outcome.problems[:4]] == [
        ("streets.csv", 2, "code_length"),
        ("streets.csv", 3, "code_digits"),
        ("streets.csv", 4, "name_missing"),
        ("streets.csv", 6, "code_twice"),
    ]
    assert not Place.objects.exists()


def test_a_community_whose_township_nobody_knows_is_refused():
    with acting_as(ADMINISTRATOR):
        outcome = import_division_table(
            actor=ADMINISTRATOR, files=_files([("v.csv", "code,name\n970101001001,孤村\n")])
        )
    assert [one.code for one in outcome.problems] == ["parent_absent"]


@pytest.mark.parametrize("content", [b"\x1f\x8bnot gzip", b"\xff\xfe\x00\x81", b"a,b\n1,2\n", b""])
def test_a_file_that_is_no_table_gives_a_message(content):
    with acting_as(ADMINISTRATOR):
        outcome = import_division_table(actor=ADMINISTRATOR, files=[("x.csv", content)])
    assert outcome.problem_count == 1


def test_only_who_keeps_the_whole_tree_imports_a_province():
    with two_communities() as (east, _):
        pass
    actor = clerk(east)
    with acting_as(actor), pytest.raises(NotAllowedError):
        import_division_table(actor=actor, files=_files(TABLES))
