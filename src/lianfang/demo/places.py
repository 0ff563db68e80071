"""An invented township: communities, compounds, buildings, and how many live in each household."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

SEALED_COMPOUND = "临江花园"
SEALED_HOUSEHOLDS = 664
SEALED_PEOPLE = 1_704
BALANCED_BUILDING = 10
"""Building 10 of the sealed compound: everybody in it is on the roll and was sampled."""
BALANCED_HOUSEHOLDS = 74
BALANCED_PEOPLE = 143
WHOLE_TOWNSHIP = 60_000
COMMUNITIES = 12
VILLAGES = 4
_SEALED_FROM = 6_000
_SMALL_BUILDING = 30

_TOWNSHIP_FIRST = "云临清江望石枫松梅兰龙凤金银玉星月春秋长"
_TOWNSHIP_SECOND = "溪湖塘桥坪岭湾洲浦港泉源山田林峰川台门亭"
_PLACE_FIRST = "新东南西北上中下大小前后青红白黄绿明光和安福寿康宁文武仁义礼信德永昌盛华兴丰乐平"
_PLACE_SECOND = "塘桥园湖岭湾洲浦港泉源山田林峰川台门亭坊街苑里井家庄村沟坡堂阁城洞场站渡畈岸畔"
_ESTATE_FIRST = "金银碧翠紫蓝锦绣阳光世纪星海东方时代春夏秋瑞祥鸿嘉丽华美盛恒万福和"
_ESTATE_SECOND = "江城湖山林庭都景苑泽园华府域郡岸湾庄台泉桥"
_ESTATE_THIRD = ("花园", "小区", "新村", "家园", "公寓", "名苑", "雅居", "华庭")
# Household sizes of the 2020 census, per hundred households.
_SIZES = (1,) * 25 + (2,) * 30 + (3,) * 21 + (4,) * 13 + (5,) * 6 + (6,) * 5
_CHINESE_DIGITS = "零一二三四五六七八九"


@dataclass(slots=True)
class Building:
    """A block of flats; in a village, a villagers' group (组), whose rooms are house numbers."""

    index: int
    township: str
    community: str
    compound: str
    number: int
    units: int
    per_floor: int
    sizes: list[int]
    sealed: bool = False
    first_person: int = 0
    people: int = 0

    @property
    def is_village(self) -> bool:
        return not self.compound

    @property
    def is_balanced(self) -> bool:
        return self.sealed and self.number == BALANCED_BUILDING and len(self.sizes) == BALANCED_HOUSEHOLDS

    def room(self, household: int) -> tuple[int, str]:
        """Unit (0 where there is none) and room of the building's ``household``-th household."""
        if self.is_village:
            return 0, str(household + 1)
        rooms = -(-len(self.sizes) // self.units)
        unit, place = divmod(household, rooms)
        floor, door = divmod(place, self.per_floor)
        return unit + 1, f"{floor + 1}0{door + 1}"


@dataclass(slots=True)
class Community:
    """A residents' or villagers' committee and its buildings in walking order."""

    index: int
    township: str
    name: str
    is_village: bool
    buildings: list[Building] = field(default_factory=list)
    first_person: int = 0
    people: int = 0


def _pick(index: int, *lists: str | tuple[str, ...]) -> str:
    """The ``index``-th name of all combinations, neighbours unlike each other; unique until exhausted."""
    total = 1
    for parts in lists:
        total *= len(parts)
    step = int(total * 0.618) | 1
    while _share_factor(step, total):
        step += 2
    place = (index * step + 7) % total
    name = ""
    for parts in lists:
        place, at = divmod(place, len(parts))
        name += parts[at]
    return name if index < total else f"{name}{index // total + 1}"


def _share_factor(a: int, b: int) -> bool:
    while b:
        a, b = b, a % b
    return a != 1


def township_name(index: int) -> str:
    return _pick(index, _TOWNSHIP_FIRST, _TOWNSHIP_SECOND) + ("街道", "镇")[index % 2]


def _community_name(index: int, is_village: bool) -> str:
    return _pick(index, _PLACE_FIRST, _PLACE_SECOND) + ("村" if is_village else "社区")


def _estate_name(index: int) -> str:
    return _pick(index, _ESTATE_FIRST, _ESTATE_SECOND, _ESTATE_THIRD)


def chinese_number(number: int) -> str:
    """1–99 in Chinese numerals, as people write them: 十, 十二, 二十, 二十一."""
    tens, ones = divmod(number, 10)
    if not tens:
        return _CHINESE_DIGITS[ones]
    head = "" if tens == 1 else _CHINESE_DIGITS[tens]
    return f"{head}十{_CHINESE_DIGITS[ones] if ones else ''}"


def sizes_with_sum(rng: Random, households: int, people: int) -> list[int]:
    """Household sizes 1–6 that add up to ``people`` exactly."""
    sizes = [_SIZES[int(rng.random() * 100)] for _ in range(households)]
    while (surplus := sum(sizes) - people) != 0:
        at = int(rng.random() * households)
        if surplus > 0 and sizes[at] > 1:
            sizes[at] -= 1
        elif surplus < 0 and sizes[at] < 6:
            sizes[at] += 1
    return sizes


def _sealed_buildings(rng: Random, community: Community, people: int) -> Iterator[Building]:
    """The sealed compound; with 6,000 people or more, the one that the demo's story is about."""
    if people < SEALED_PEOPLE:
        for number in range(1, -(-people // _SMALL_BUILDING) + 1):
            sizes = sizes_with_sum(rng, _SMALL_BUILDING * 2 // 5, _SMALL_BUILDING)
            yield _building(community, SEALED_COMPOUND, number, 2, 2, sizes, sealed=True)
        return
    others = [number for number in range(1, 15) if number != BALANCED_BUILDING]
    households = SEALED_HOUSEHOLDS - BALANCED_HOUSEHOLDS
    sizes = sizes_with_sum(rng, households, SEALED_PEOPLE - BALANCED_PEOPLE)
    ends = [households * at // len(others) for at in range(len(others) + 1)]
    parts = {number: sizes[ends[at] : ends[at + 1]] for at, number in enumerate(others)}
    parts[BALANCED_BUILDING] = sizes_with_sum(rng, BALANCED_HOUSEHOLDS, BALANCED_PEOPLE)
    for number in sorted(parts):
        yield _building(community, SEALED_COMPOUND, number, 2, 2, parts[number], sealed=True)


def _building(
    community: Community,
    compound: str,
    number: int,
    units: int,
    per_floor: int,
    sizes: list[int],
    sealed: bool = False,
) -> Building:
    return Building(0, community.township, community.name, compound, number, units, per_floor, sizes, sealed)


def _estate_buildings(rng: Random, community: Community, first_estate: int) -> Iterator[Building]:
    estate = 0
    while True:
        compound = _estate_name(first_estate + estate)
        floors = rng.choice((6, 6, 6, 11, 18))
        per_floor = rng.choice((2, 2, 3, 4))
        for number in range(1, rng.randint(6, 22) + 1):
            units = rng.randint(1, 4) if floors < 18 else rng.randint(1, 2)
            households = int(units * floors * per_floor * rng.uniform(0.75, 1.0)) or 1
            sizes = [_SIZES[int(rng.random() * 100)] for _ in range(households)]
            yield _building(community, compound, number, units, per_floor, sizes)
        estate += 1


def _village_groups(rng: Random, community: Community) -> Iterator[Building]:
    number = 1
    while True:
        households = rng.randint(25, 70)
        sizes = [min(6, 1 + _SIZES[int(rng.random() * 100)]) for _ in range(households)]
        yield _building(community, "", number, 0, 0, sizes)
        number += 1


def _fit(buildings: Iterator[Building], people: int) -> list[Building]:
    """Take buildings until ``people`` are housed; the last households are cut to fit exactly."""
    taken: list[Building] = []
    left = people
    while left > 0:
        building = next(buildings)
        sizes = building.sizes
        total = sum(sizes)
        if total > left:
            kept: list[int] = []
            for size in sizes:
                kept.append(min(size, left - sum(kept)))
                if sum(kept) == left:
                    break
            building.sizes = sizes = kept
            total = left
        left -= total
        building.people = total
        building.units = min(building.units, len(sizes)) or building.units
        taken.append(building)
    return taken


def lay_out_township(rng: Random, index: int, people: int) -> list[Community]:
    """Communities with buildings that hold exactly ``people``, numbered from 0 in walking order."""
    count = min(COMMUNITIES, max(2, people // 50))
    villages = count // 3 if count < COMMUNITIES else VILLAGES
    name = township_name(index)
    shares = [rng.uniform(0.75, 1.25) for _ in range(count)]
    sealed = SEALED_PEOPLE if index == 0 and people >= _SEALED_FROM else 0
    ends = [sealed + round((people - sealed) * sum(shares[: at + 1]) / sum(shares)) for at in range(count)]
    communities, first = [], 0
    for at, end in enumerate(ends):
        is_village = at >= count - villages
        serial = index * COMMUNITIES + at
        community = Community(serial, name, _community_name(serial, is_village), is_village, [], first)
        community.people = end - first
        communities.append(community)
        _fill(rng, community, sealed)
        first = end
    _number(communities)
    return communities


def _fill(rng: Random, community: Community, sealed: int) -> None:
    left = community.people
    if community.index == 0:
        inside = sealed or left // 2
        community.buildings = _fit(_sealed_buildings(rng, community, inside), inside)
        left -= inside
    source = (
        _village_groups(rng, community)
        if community.is_village
        else _estate_buildings(rng, community, community.index * 8)
    )
    community.buildings += _fit(source, left)


def _number(communities: list[Community]) -> None:
    index = first = 0
    for community in communities:
        for building in community.buildings:
            building.index, building.first_person = index, first
            index += 1
            first += building.people
