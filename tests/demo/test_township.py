"""The invented township has the shape that the demo's story needs."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from random import Random

import pytest

from lianfang.demo.names import NameBook, misheard
from lianfang.demo.numbers import IdentityMint, check_digit
from lianfang.demo.people import Settler, Township
from lianfang.demo.places import Community, chinese_number, lay_out_township

TODAY = date(2022, 8, 30)


def _settle(people: int, index: int = 0) -> Township:
    rng = Random(5)
    township = Township(index, lay_out_township(rng, index, people), 0)
    Settler(rng, NameBook(rng), IdentityMint(TODAY), TODAY).settle(township)
    return township


@pytest.fixture(scope="module")
def township() -> Township:
    return _settle(60_000)


def test_a_township_has_twelve_communities_and_sixty_thousand_people(township: Township) -> None:
    assert len(township.communities) == 12
    assert len(township.people) == 60_000
    assert sum(community.is_village for community in township.communities) == 4


def test_the_sealed_compound_has_664_households_and_building_10_has_74_with_143_people(
    township: Township,
) -> None:
    sealed = [building for building in township.buildings if building.sealed]
    assert sum(len(building.sizes) for building in sealed) == 664
    assert sum(building.people for building in sealed) == 1_704
    ten = next(building for building in sealed if building.number == 10)
    assert (len(ten.sizes), ten.people) == (74, 143)
    inside = township.people[ten.first_person : ten.first_person + ten.people]
    assert len({(person.unit, person.room) for person in inside}) == 74


def test_everybody_lives_where_the_building_says(township: Township) -> None:
    for building in township.buildings:
        inside = township.people[building.first_person : building.first_person + building.people]
        assert all(person.building is building for person in inside)
        homes = Counter((person.unit, person.room) for person in inside)
        assert list(homes.values()) == building.sizes
        if building.is_village:
            assert {person.unit for person in inside} == {0}
        else:
            assert max(person.unit for person in inside) <= building.units


@pytest.mark.parametrize("people", [100, 101, 333, 1_000, 4_321, 5_999, 6_000, 6_001])
def test_every_size_houses_exactly_the_people_asked_for(people: int) -> None:
    communities: list[Community] = lay_out_township(Random(1), 0, people)
    assert sum(sum(building.sizes) for c in communities for building in c.buildings) == people
    assert all(size > 0 for c in communities for building in c.buildings for size in building.sizes)


def test_identity_numbers_are_unique_valid_and_of_no_region(township: Township) -> None:
    numbers = [p.id_number for p in township.people if p.id_kind == "居民身份证" and p.id_number]
    assert len(set(numbers)) == len(numbers)
    assert all(number[:2] == "99" and check_digit(number[:17]) == number[17] for number in numbers)
    assert all(int(p.id_number[16]) % 2 == p.male for p in township.people if p.id_kind == "居民身份证" and p.id_number)


def test_townships_share_no_identity_number() -> None:
    one, other = _settle(3_000, 3), _settle(3_000, 4)
    assert not {p.id_number for p in one.people if p.id_number} & {p.id_number for p in other.people}


def test_names_follow_the_frequency_of_real_ones(township: Township) -> None:
    surnames = Counter(person.name[0] for person in township.people)
    share = sum(surnames[name] for name in "王李张刘陈") / len(township.people)
    assert 0.25 < share < 0.36
    assert any("·" in person.name for person in township.people)
    assert any(person.name[:2] == "欧阳" for person in township.people)
    assert max(Counter(person.name for person in township.people).values()) > 5


def test_foreigners_permits_infants_twins_and_shared_phones_occur(township: Township) -> None:
    kinds = Counter(person.id_kind for person in township.people)
    assert len(kinds) == 4
    assert any(person.age == 0 and not person.id_number for person in township.people)
    assert any(person.age > 80 and not person.phone for person in township.people)
    homes = defaultdict(list)
    for person in township.people:
        homes[person.building.index, person.unit, person.room].append(person)
    members = homes.values()
    assert any(
        a.born == b.born and a is not b and abs(int(a.id_number[14:17]) - int(b.id_number[14:17])) == 2
        for home in members
        for a in home
        for b in home
        if len(a.id_number) == len(b.id_number) == 18 and a.id_number[:14] == b.id_number[:14]
    )
    assert any(len({p.phone for p in home if p.phone}) < sum(bool(p.phone) for p in home) for home in members)
    assert any(
        a.name == b.name and a.relation == "户主" and b.relation == "子女"
        for home in members
        for a in home
        for b in home
    )


def test_chinese_numerals_are_written_as_people_write_them() -> None:
    assert [chinese_number(n) for n in (1, 10, 11, 20, 22)] == ["一", "十", "十一", "二十", "二十二"]


def test_a_misheard_name_differs_in_one_character_and_keeps_the_surname() -> None:
    assert misheard("王建伟") == "王建炜"
    assert misheard("李") is None
