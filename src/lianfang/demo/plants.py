"""What goes wrong, and to whom: every error that the demo plants is decided here, before any row is written.

Each person carries at most one error, so that every error has one right answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from lianfang.demo import numbers
from lianfang.demo.names import NameBook, misheard
from lianfang.demo.people import Person, Settler, Township
from lianfang.demo.places import Building

AWAY_REASONS = ("外出", "出差", "在外地", "住院", "不在本地", "外出务工", "住院治疗")
EXEMPT_REASONS = ("康复未满三个月", "接种疫苗未满48小时", "卧床无法采样", "孕晚期", "居家隔离单独采样")
INFANT_REASON = "婴幼儿"

# Per thousand residents; at least one of each kind is planted where somebody fits.
_RATES: tuple[tuple[str, float], ...] = (
    ("away", 28.0),
    ("exempt", 14.0),
    ("missing", 11.0),
    ("exempt_sampled", 0.4),
    ("exempt_without_reason", 0.4),
    ("roster_same_sheet", 0.8),
    ("roster_other_building", 0.8),
    ("roster_other_name", 0.3),
    ("roster_id_digit", 0.3),
    ("roster_id_lost_digits", 0.4),
    ("roster_phone_short", 0.3),
    ("sample_row_twice", 0.8),
    ("two_tubes", 0.6),
    ("sample_id_digit", 1.2),
    ("sample_name_mistaken", 1.2),
    ("sample_without_id", 2.0),
    ("sample_other_name", 0.4),
)
_SHARED_PHONE_PER_THOUSAND = 0.1
_UNROSTERED_PER_THOUSAND = 1.5
_STAIRWELL_FROM = 400


@dataclass(slots=True)
class Plants:
    """The errors of one township. Keys are person numbers within the township."""

    reasons: dict[int, str] = field(default_factory=dict)
    away: set[int] = field(default_factory=set)
    exempt: set[int] = field(default_factory=set)
    missing: dict[int, str] = field(default_factory=dict)
    exempt_sampled: set[int] = field(default_factory=set)
    exempt_without_reason: set[int] = field(default_factory=set)
    roster_same_sheet: set[int] = field(default_factory=set)
    roster_other_building: dict[int, Building] = field(default_factory=dict)
    roster_other_name: dict[int, str] = field(default_factory=dict)
    roster_id_digit: dict[int, str] = field(default_factory=dict)
    roster_id_lost_digits: set[int] = field(default_factory=set)
    roster_phone_short: set[int] = field(default_factory=set)
    sample_row_twice: set[int] = field(default_factory=set)
    two_tubes: set[int] = field(default_factory=set)
    sample_id_digit: dict[int, str] = field(default_factory=dict)
    sample_name_mistaken: dict[int, str] = field(default_factory=dict)
    sample_without_id: set[int] = field(default_factory=set)
    sample_other_name: dict[int, str] = field(default_factory=dict)
    shared_phones: list[list[int]] = field(default_factory=list)
    unrostered: dict[int, Person] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)

    @property
    def unsampled(self) -> set[int]:
        """Residents who give no swab."""
        return (self.away | self.exempt | set(self.missing)) - self.exempt_sampled


def _has_id(person: Person) -> bool:
    return person.id_kind == "居民身份证" and bool(person.id_number)


def _reachable(person: Person) -> bool:
    """Name and phone tell who it is, even without the identity number."""
    return _has_id(person) and person.age >= 16 and bool(person.phone)


_FITS: dict[str, Callable[[Person], bool]] = {
    "exempt_sampled": _has_id,
    "exempt_without_reason": _has_id,
    "missing": lambda person: bool(person.id_number),
    "away": lambda person: person.age >= 1 and bool(person.id_number),
    "exempt": lambda person: bool(person.id_number),
    "roster_same_sheet": _has_id,
    "roster_other_building": _reachable,
    "roster_other_name": _reachable,
    "roster_id_digit": _reachable,
    "roster_id_lost_digits": lambda person: _reachable(person) and not person.id_number.endswith("X"),
    "roster_phone_short": _reachable,
    "sample_row_twice": lambda person: _has_id(person) and person.age < 80,
    "two_tubes": _has_id,
    "sample_id_digit": _reachable,
    "sample_name_mistaken": lambda person: _reachable(person) and misheard(person.name) is not None,
    "sample_without_id": _reachable,
    "sample_other_name": _reachable,
}


class Planter:
    """Decides the errors of one township after another."""

    def __init__(self, rng: Random, names: NameBook, settler: Settler) -> None:
        self._rng = rng
        self._names = names
        self._settler = settler

    def plant(self, township: Township) -> Plants:
        plants = Plants()
        people = township.people
        size = len(people)
        if size >= _STAIRWELL_FROM:
            self._forget_a_stairwell(township, plants)
        order = self._candidates(township, plants)
        for kind, rate in _RATES:
            self._plant_kind(plants, township, kind, max(1, round(size * rate / 1000)), order)
        for _ in range(max(1, round(size * _SHARED_PHONE_PER_THOUSAND / 1000 * 1.0))):
            self._share_a_phone(plants, township, order)
        for _ in range(max(1, round(size * _UNROSTERED_PER_THOUSAND / 1000))):
            near = people[int(self._rng.random() * size)]
            if not near.building.is_balanced:
                visitor = self._settler.visitor(township, near)
                plants.unrostered[visitor.number] = near
        return plants

    def _candidates(self, township: Township, plants: Plants) -> Iterator[Person]:
        """Residents in random order, each once; the balanced building and the forgotten stairwell apart."""
        size = len(township.people)
        # Three times what the errors need: most kinds fit most people.
        wanted = min(size, int(size * 0.22) + 100)
        phones_of_one = self._rng.sample(range(size), wanted)
        for number in phones_of_one:
            person = township.people[number]
            if not person.building.is_balanced and number not in plants.touched:
                yield person

    def _plant_kind(self, plants: Plants, township: Township, kind: str, count: int, order: Iterator[Person]) -> None:
        fits = _FITS[kind]
        tries = count * 4 + 20
        while count and tries:
            tries -= 1
            person = next(order, None)
            if person is None:
                return
            if fits(person) and self._set(plants, township, kind, person):
                plants.touched.add(person.number)
                count -= 1

    def _set(self, plants: Plants, township: Township, kind: str, person: Person) -> bool:
        number = person.number
        if kind in {"away", "exempt", "exempt_sampled", "exempt_without_reason"}:
            self._excuse(plants, kind, person)
        elif kind == "missing":
            plants.missing[number] = "spread"
        elif kind == "roster_other_building":
            others = [
                building
                for building in self._same_committee(township, person)
                if building is not person.building and not building.is_balanced
            ]
            if not others:
                return False
            plants.roster_other_building[number] = others[int(self._rng.random() * len(others))]
        elif kind in {"roster_id_digit", "sample_id_digit"}:
            wrong = numbers.one_digit_wrong(
                person.id_number, 14 + int(self._rng.random() * 3), 1 + int(self._rng.random() * 8)
            )
            getattr(plants, kind)[number] = wrong
        elif kind == "roster_other_name":
            # Twice on a roster under names without anything in common would be two people to any clerk.
            other = misheard(person.name)
            if other is None:
                return False
            plants.roster_other_name[number] = other
        elif kind == "sample_other_name":
            other = self._names.surname() + self._names.given(person.male, 1)
            if other[0] == person.name[0] or set(other) & set(person.name):
                return False
            plants.sample_other_name[number] = other
        elif kind == "sample_name_mistaken":
            plants.sample_name_mistaken[number] = misheard(person.name) or person.name
        else:
            getattr(plants, kind).add(number)
        return True

    def _same_committee(self, township: Township, person: Person) -> list[Building]:
        for community in township.communities:
            if community.name == person.building.community:
                return community.buildings
        return []

    def _excuse(self, plants: Plants, kind: str, person: Person) -> None:
        number = person.number
        if kind == "away":
            plants.away.add(number)
            plants.reasons[number] = AWAY_REASONS[int(self._rng.random() * len(AWAY_REASONS))]
            return
        if kind == "exempt_without_reason":
            plants.exempt_without_reason.add(number)
            plants.missing[number] = "exempt_without_reason"
            plants.reasons[number] = ""
            return
        plants.exempt.add(number)
        if person.age < 3:
            reason = INFANT_REASON
        elif person.age > 78:
            reason = EXEMPT_REASONS[2]
        else:
            reason = EXEMPT_REASONS[int(self._rng.random() * 2) if person.male or person.age > 45 else 3]
        plants.reasons[number] = reason
        if kind == "exempt_sampled":
            plants.exempt_sampled.add(number)

    def _forget_a_stairwell(self, township: Township, plants: Plants) -> None:
        fitting = [
            building
            for building in township.buildings
            if building.units > 1 and not building.sealed and building.people >= 16
        ]
        if not fitting:
            return
        building = fitting[int(self._rng.random() * len(fitting))]
        unit = 1 + int(self._rng.random() * building.units)
        for number in range(building.first_person, building.first_person + building.people):
            if township.people[number].unit == unit and township.people[number].id_number:
                plants.missing[number] = "stairwell"
                plants.touched.add(number)

    def _share_a_phone(self, plants: Plants, township: Township, order: Iterator[Person]) -> None:
        """A registrar types his own phone for people of several homes who had none at hand."""
        group: list[int] = []
        homes = set()
        shared = ""
        for person in order:
            home = (person.building.index, person.unit, person.room)
            if not _reachable(person) or home in homes:
                continue
            homes.add(home)
            shared = shared or numbers.phone(90_000_000 + township.first_number + person.number)
            person.phone = shared
            plants.touched.add(person.number)
            group.append(person.number)
            if len(group) == 7:
                break
        if group:
            plants.shared_phones.append(group)
