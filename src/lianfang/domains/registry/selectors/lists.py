"""Lists of people, rolls of buildings, a resident's own household."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from lianfang.domains.registry.models import Household, Person, Place, PlaceKind
from lianfang.domains.registry.selectors.searching import after_prefix, counties_of
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action, Level

COUNT_AT_MOST = 2_000
STATES = ("residents", "living", "away", "moved_out", "died", "all")


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """What a list shows. "any" for special_need or key_person means whoever has one; ``text`` begins the name."""

    place: Place | None = None
    state: str = "residents"
    class_kind: str = ""
    special_need: str = ""
    key_person: str = ""
    text: str = ""
    without_household: bool = False

    @property
    def is_bare(self) -> bool:
        return self == PeopleFilter(place=self.place)


def filtered_people(actor: Actor, wanted: PeopleFilter) -> QuerySet[Person]:
    """Everybody in the actor's places whom ``wanted`` describes, in no order."""
    actor.authorise(Action.REGISTRY_VIEW)
    people = Person.objects.visible_to(actor)
    if wanted.place is not None:
        people = people.filter(_inside(wanted.place))
    if wanted.state == "residents" or wanted.state not in STATES:
        people = people.filter(state__in=RESIDENT_STATES)
    elif wanted.state != "all":
        people = people.filter(state=wanted.state)
    if wanted.class_kind:
        people = people.filter(class_kind=wanted.class_kind)
    if wanted.special_need:
        people = people.exclude(special_needs=[])
        if wanted.special_need != "any":
            people = people.filter(special_needs__contains=[wanted.special_need])
    if wanted.key_person:
        people = people.exclude(key_person_kind="")
        if wanted.key_person != "any":
            people = people.filter(key_person_kind=wanted.key_person)
    if wanted.without_household:
        people = people.filter(household=None)
    if wanted.text:
        people = people.filter(_begins(wanted.text))
    return people


def along_names(actor: Actor, people: QuerySet[Person]) -> QuerySet[Person]:
    """The same people, said in the way that lets the database walk the index of names: it begins with the county."""
    counties = counties_of(actor)
    return people.filter(county_id=counties[0]) if len(counties) == 1 else people


def _begins(text: str) -> Q:
    begins = Q(name__gte=text, name__lt=after_prefix(text))
    if text.isascii():
        small = text.lower()
        begins |= Q(name_initials__gte=small, name_initials__lt=after_prefix(small))
        begins |= Q(name_pinyin__gte=small, name_pinyin__lt=after_prefix(small))
    return begins


def _inside(place: Place) -> Q:
    if place.kind in (PlaceKind.BUILDING, PlaceKind.COMMUNITY, PlaceKind.TOWNSHIP, PlaceKind.COUNTY):
        return Q(**{f"{place.kind}_id": place.pk})
    if place.kind == PlaceKind.UNIT:
        return Q(building_id=place.building_id, household__unit_id=place.pk)
    if place.kind == PlaceKind.COMPOUND:
        return Q(community_id=place.community_id, household__compound_id=place.pk)
    return Q(household__place__path__contains=[place.pk])


def count_people(actor: Actor, wanted: PeopleFilter) -> int:
    """How many there are, counted to COUNT_AT_MOST; that many and one more where there are more."""
    return filtered_people(actor, wanted).order_by()[: COUNT_AT_MOST + 1].count()


def needs_in_use(actor: Actor, place: Place | None = None) -> dict[str, int]:
    """Special needs and how many residents have each."""
    return _counted(
        filtered_people(actor, PeopleFilter(place=place, special_need="any")).values_list("special_needs", flat=True)
    )


def key_kinds_in_use(actor: Actor, place: Place | None = None) -> dict[str, int]:
    """Kinds of key people and how many residents are of each."""
    found = filtered_people(actor, PeopleFilter(place=place, key_person="any")).values_list(
        "key_person_kind", flat=True
    )
    return _counted([kind] for kind in found)


def _counted(rows: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for codes in rows:
        for code in codes:
            counts[code] = counts.get(code, 0) + 1
    return counts


@dataclass(slots=True)
class RollHousehold:
    """A line of a building's roll: a household and who lives there; None for people without a household."""

    household: Household | None
    people: list[Person] = field(default_factory=list)


def building_roll(actor: Actor, place: Place) -> list[RollHousehold]:
    """The residents of a place by household, in walking order, households without anybody included."""
    actor.authorise(Action.REGISTRY_VIEW)
    inside = Q(building_id=place.building_id) if place.kind == PlaceKind.UNIT else _inside(place)
    households = Household.objects.visible_to(actor).filter(**_households_inside(place)).order_by("sort_key", "id")
    lines = {household.pk: RollHousehold(household) for household in households}
    people = Person.objects.visible_to(actor).filter(inside, state__in=RESIDENT_STATES)
    homeless = RollHousehold(None)
    for person in sorted(
        people, key=lambda one: (one.sort_key, one.household_id or 0, one.relation_to_head != "head", one.pk)
    ):
        if person.household_id in lines:
            lines[person.household_id].people.append(person)
        elif person.household_id is None and place.kind != PlaceKind.UNIT:
            homeless.people.append(person)
    return [*lines.values(), *([homeless] if homeless.people else [])]


def _households_inside(place: Place) -> dict[str, Any]:
    column = {PlaceKind.UNIT: "unit_id", PlaceKind.COMPOUND: "compound_id"}.get(
        PlaceKind(place.kind), f"{place.kind}_id"
    )
    return {column: place.pk}


def my_households(actor: Actor) -> list[tuple[Household, list[Person]]]:
    """A resident's own households and the people in them."""
    actor.authorise(Action.OWN_HOUSEHOLD)
    if actor.level is not Level.HOUSEHOLD:
        return []
    households = Household.objects.visible_to(actor).select_related("place").order_by("sort_key")
    people: dict[int, list[Person]] = {household.pk: [] for household in households}
    for person in Person.objects.visible_to(actor).filter(state__in=RESIDENT_STATES).order_by("id"):
        people.setdefault(person.household_id or 0, []).append(person)
    return [(household, people[household.pk]) for household in households]
