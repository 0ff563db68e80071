"""The invented residents of a township, in walking order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from random import Random

from lianfang.demo import numbers
from lianfang.demo.names import NameBook
from lianfang.demo.places import Building, Community

REGIONS_PER_TOWNSHIP = 59
HEAD, SPOUSE, CHILD, PARENT, TENANT = "户主", "配偶", "子女", "父母", "租客"
_CHILDREN_FROM = 12


class Person:
    """A resident. ``number`` counts through the township from 0; visitors follow the residents."""

    __slots__ = (
        "age", "born", "building", "id_kind", "id_number", "male", "name", "number", "phone", "relation", "room",
        "unit",
    )  # fmt: skip

    def __init__(
        self, number: int, name: str, male: bool, born: int, age: int, building: Building, relation: str
    ) -> None:
        self.number = number
        self.name = name
        self.male = male
        self.born = born
        self.age = age
        self.building = building
        self.relation = relation
        self.id_kind = "居民身份证"
        self.id_number = ""
        self.phone = ""
        self.unit = 0
        self.room = ""


@dataclass(slots=True)
class Township:
    """One township's places and people; ``first_number`` makes person numbers unique over all townships."""

    index: int
    communities: list[Community]
    first_number: int
    people: list[Person] = field(default_factory=list)
    visitors: list[Person] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.communities[0].township

    @property
    def buildings(self) -> list[Building]:
        return [building for community in self.communities for building in community.buildings]


# What a household of each size looks like: (relation, who, years older than the head); "m"/"f" sex, "s" the
# head's spouse, "?" any.
_SHAPES: dict[int, tuple[tuple[tuple[str, str, int], ...], ...]] = {
    1: (((HEAD, "?", 0),),),
    2: (
        ((HEAD, "m", 0), (SPOUSE, "s", -2)),
        ((HEAD, "m", 0), (SPOUSE, "s", -2)),
        ((HEAD, "f", 0), (CHILD, "?", -27)),
        ((HEAD, "?", -12), (TENANT, "?", -12)),
    ),
    3: (
        ((HEAD, "m", 0), (SPOUSE, "s", -2), (CHILD, "?", -28)),
        ((HEAD, "m", 0), (SPOUSE, "s", -1), (CHILD, "?", -26)),
        ((HEAD, "m", -5), (SPOUSE, "s", -7), (PARENT, "f", 22)),
    ),
    4: (
        ((HEAD, "m", -6), (SPOUSE, "s", -8), (CHILD, "?", -33), (CHILD, "?", -37)),
        ((HEAD, "m", -6), (SPOUSE, "s", -8), (CHILD, "?", -34), (PARENT, "f", 20)),
    ),
    5: (((HEAD, "m", -8), (SPOUSE, "s", -9), (CHILD, "?", -34), (PARENT, "m", 18), (PARENT, "f", 16)),),
    6: (
        (
            (HEAD, "m", -8),
            (SPOUSE, "s", -9),
            (CHILD, "?", -33),
            (CHILD, "?", -36),
            (PARENT, "m", 18),
            (PARENT, "f", 16),
        ),
    ),
}
_HEAD_AGES = (
    *(24, 27, 29, 31, 32, 33, 34, 35, 36, 37, 38, 39, 41, 42, 43, 44, 46, 47, 48, 49),
    *(50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 61, 63, 65, 66, 68, 70, 72, 75, 79, 84),
)


class Settler:
    """Moves people into a township's buildings."""

    def __init__(self, rng: Random, names: NameBook, mint: numbers.IdentityMint, today: date) -> None:
        self._random: Callable[[], float] = rng.random
        self._names = names
        self._mint = mint
        self._today = (today - mint.first_day).days
        self._seen: set[str] = set()
        self._regions: list[str] = []
        self._foreigners = 0
        self._first_number = 0

    def settle(self, township: Township) -> None:
        """Fill ``township.people``; identity numbers are unique across townships with different index."""
        self._seen.clear()
        first = numbers.FIRST_REGION + township.index * REGIONS_PER_TOWNSHIP % (numbers.REGIONS - REGIONS_PER_TOWNSHIP)
        self._regions = [str(first + at) for at in range(REGIONS_PER_TOWNSHIP)]
        self._foreigners = township.index * 400
        self._first_number = township.first_number
        people = township.people
        for building in township.buildings:
            for at, size in enumerate(building.sizes):
                unit, room = building.room(at)
                start = len(people)
                self._household(people, building, size)
                for person in people[start:]:
                    person.unit = unit
                    person.room = room
            self._repeat_a_name(people, building)

    def visitor(self, township: Township, near: Person) -> Person:
        """Somebody found at the door of ``near``'s home who is on no list."""
        number = len(township.people) + len(township.visitors)
        age = 20 + int(self._random() * 40)
        male = self._random() < 0.5
        person = self._person(number, "", male, age, near.building, TENANT)
        person.unit, person.room = near.unit, near.room
        township.visitors.append(person)
        return person

    def _household(self, people: list[Person], building: Building, size: int) -> None:
        shapes = _SHAPES[size]
        shape = shapes[int(self._random() * len(shapes))]
        base = _HEAD_AGES[int(self._random() * 40)]
        surname = ""
        start = len(people)
        for relation, who, older in shape:
            male = who == "m" or (who == "?" and self._random() < 0.5)
            age = min(97, max(0, base + older + int(self._random() * 5) - 2))
            if relation == HEAD and age < 18:
                age += 18
            own = surname if relation == CHILD or (relation == PARENT and male) else ""
            person = self._person(len(people), own, male, age, building, relation)
            while any(person.name == other.name for other in people[start:]):
                person.name = (own or self._names.surname()) + self._names.given(male, 2)
            surname = surname or person.name[: 2 if person.name[:2] in _DOUBLE else 1]
            people.append(person)
        self._household_habits(people[start:])

    def _person(self, number: int, surname: str, male: bool, age: int, building: Building, relation: str) -> Person:
        draw = self._random
        born = self._today - int((age + draw()) * 365.2425)
        name = (surname or self._names.surname()) + self._names.given(male, 0 if age > 56 else 1 if age > 25 else 2)
        person = Person(number, name, male, born, age, building, relation)
        if age >= 14 or draw() < 0.9:
            # Six of ten were registered where they live.
            region = self._regions[0 if draw() < 0.6 else int(draw() * REGIONS_PER_TOWNSHIP)]
            serial = int(draw() * 250) * 2 + male
            person.id_number = self._unique(region, born, serial)
        else:
            person.id_number = self._unique(self._regions[0], born, 500 + int(draw() * 200) * 2 + male)
        if age >= _CHILDREN_FROM and (age < 76 or draw() < 0.4):
            person.phone = numbers.phone(self._first_number + number)
        rare = draw()
        if rare < 0.006 and age >= 16:
            self._from_elsewhere(person, rare)
        return person

    def _unique(self, region: str, born: int, serial: int) -> str:
        number = self._mint.number(region, born, serial)
        while number in self._seen:
            serial = (serial + 2) % 1000
            number = self._mint.number(region, born, serial)
        self._seen.add(number)
        return number

    def _from_elsewhere(self, person: Person, rare: float) -> None:
        if rare < 0.004:
            person.name = self._names.minority(person.male)
            return
        self._foreigners += 1
        if rare < 0.005:
            person.name = self._names.foreign()
            person.id_kind, person.id_number = "护照", numbers.passport(self._foreigners)
        elif rare < 0.0055:
            person.id_kind, person.id_number = "港澳居民来往内地通行证", numbers.hk_macao_permit(self._foreigners)
        else:
            person.id_kind, person.id_number = "台湾居民来往大陆通行证", numbers.taiwan_permit(self._foreigners)

    def _household_habits(self, members: list[Person]) -> None:
        """One phone for several, a newborn without papers, twins, a son named like his father."""
        head = members[0]
        if len(members) == 1:
            return
        for person in members[1:]:
            # Children and most of the very old are reached on the head's phone.
            if not person.phone and head.phone and self._random() < 0.7:
                person.phone = head.phone
            if person.age == 0 and self._random() < 0.3:
                person.id_number = ""
        children = [person for person in members if person.relation == CHILD]
        chance = self._random()
        if len(children) == 2 and chance < 0.04 and children[0].id_kind == children[1].id_kind == "居民身份证":
            self._make_twins(*children)
        elif chance > 0.997 and children and children[0].male and head.male:
            children[0].name = head.name

    def _make_twins(self, one: Person, two: Person) -> None:
        if not one.id_number or not two.id_number:
            return
        two.born, two.age, two.male = one.born, one.age, one.male
        two.id_number = self._unique(one.id_number[:6], one.born, (int(one.id_number[14:17]) + 2) % 1000)
        if "·" not in one.name and len(one.name) > 2:
            last = ("轩", "辰") if one.male else ("萱", "琪")
            two.name = one.name[:-1] + last[one.name[-1] == last[0]]

    def _repeat_a_name(self, people: list[Person], building: Building) -> None:
        """Now and then two neighbours have the same name; nobody made a mistake."""
        if building.people > 60 and self._random() < 0.3 and not building.is_balanced:
            end = building.first_person + building.people
            one = people[building.first_person]
            other = people[end - 1]
            if one.male == other.male and one.room != other.room and one.id_kind == other.id_kind:
                other.name = one.name


_DOUBLE = frozenset(("欧阳", "司徒", "上官", "诸葛", "司马", "皇甫", "令狐", "夏侯", "慕容"))
