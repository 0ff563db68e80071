"""Lines as people paste them (a name, a phone, a number of a document) → people in the actor's places."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import people_for
from lianfang.engine.intake.values.contract import ValueContext
from lianfang.engine.intake.values.folding import fold_text
from lianfang.engine.intake.values.phones import phone_normaliser
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.privacy.numbers import blind_index

LONGEST_LINE = 200
_APART = re.compile(r"[\s,，;；、|]+")
_read_phone = phone_normaliser(with_companions=False)


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was typed; ``person``, or why there is none (a code of ``exposures.problem``), ``others`` the
    names that it may mean."""

    number: int
    typed: str
    person: Person | None = None
    problem: str = ""
    others: tuple[str, ...] = ()


def people_of_lines(actor: Actor, text: str) -> list[Line]:
    """Each line that is not empty, in order. A number must be whole; a name alone must be one person's."""
    actor.authorise(Action.REGISTRY_SEARCH)
    typed = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    parts = {number: _parts(line) for number, line in typed}
    found = _Found(actor, list(parts.values()))
    return [_line(number, line, *parts[number], found) for number, line in typed]


def _parts(line: str) -> tuple[list[str], list[str]]:
    """(numbers, names) in a line."""
    folded = fold_text(line[:LONGEST_LINE])[0]
    pieces = [piece for piece in _APART.split(folded) if piece]
    numbers = [piece.upper() for piece in pieces if sum(char.isdigit() for char in piece) >= 6]
    words = (piece for piece in pieces if not any(char.isdigit() for char in piece))
    return numbers, [word for word in words if any(char.isalpha() for char in word)]


class _Found:
    """Everybody whom the lines may mean, in two questions however many lines there are."""

    def __init__(self, actor: Actor, parts: Sequence[tuple[list[str], list[str]]]) -> None:
        context = ValueContext(timezone.localtime().replace(tzinfo=None))
        numbers = {number for given, _ in parts for number in given}
        self._indexes: dict[str, set[bytes]] = {}
        for number in numbers:
            phone = _read_phone(number, context).value
            known = {blind_index("id", number), blind_index("phone", number)}
            known.add(blind_index("phone", str(phone)) if phone else None)
            self._indexes[number] = {index for index in known if index is not None}
        wanted = {index for some in self._indexes.values() for index in some}
        # Names matter where a line has no number; where it has one, they tell apart who shares a phone.
        bare = {name for given, names in parts if not given for name in names}
        asked = Q(id_index__in=wanted) | Q(phone_index__in=wanted) | Q(name__in=bare)
        ids = Person.objects.visible_to(actor).filter(asked).values_list("pk", flat=True)
        self._by_index: dict[bytes, list[Person]] = defaultdict(list)
        self._by_name: dict[str, list[Person]] = defaultdict(list)
        for person in people_for(actor, ids):
            for index in (person.id_index, person.phone_index):
                if index is not None:
                    self._by_index[bytes(index)].append(person)
            self._by_name[person.name].append(person)

    def by_number(self, number: str) -> list[Person]:
        found = [person for index in self._indexes[number] for person in self._by_index[index]]
        return list(dict.fromkeys(found))

    def by_name(self, name: str) -> list[Person]:
        return self._by_name[name]


def _line(number: int, typed: str, numbers: list[str], names: list[str], found: _Found) -> Line:
    if not numbers and not names:
        return Line(number, typed, problem="line_unreadable")
    people = found.by_number(numbers[0]) if numbers else found.by_name(names[0])
    for more in numbers[1:]:
        also = found.by_number(more)
        people = [person for person in people if person in also]
    if not people:
        return Line(number, typed, problem="nobody_found" if numbers else "name_not_found")
    if numbers and names:
        named = [person for person in people if person.name in names]
        if not named:
            return Line(number, typed, problem="name_differs", others=tuple(one.name for one in people))
        people = named
    if len(people) > 1:
        return Line(number, typed, problem="several_people", others=tuple(_told(one) for one in people[:6]))
    return Line(number, typed, person=people[0])


def _told(person: Person) -> str:
    return person.name if person.household is None else f"{person.name} {person.household.address}"
