"""The people already registered whom a row of the files might be, numbers in clear and in memory only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from lianfang.domains.registry.imports.drafts import Draft
from lianfang.domains.registry.models import Person, Place, PlaceKind
from lianfang.domains.registry.services.bulk import Spot, normal_spot
from lianfang.domains.registry.services.facts import PersonFacts
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.privacy.numbers import blind_index, unseal

_COLUMNS = (
    "pk",
    "version",
    "state",
    "community_id",
    "household_id",
    "household__place_id",
    "household__room",
    "name",
    "sex",
    "birth_on",
    "id_type",
    "id_sealed",
    "id_is_valid",
    "phone_sealed",
    "relation_to_head",
    "class_kind",
    "key_person_kind",
    "occupation",
    "employer",
    "special_needs",
    "remark",
    "building_id",
)


@dataclass(frozen=True, slots=True)
class Known:
    """One registered person, as far as an import compares them."""

    person_id: int
    version: int
    state: str
    spot: Spot
    room: str
    facts: PersonFacts


def known_people(actor: Actor, drafts: Sequence[Draft], communities: Collection[int]) -> list[Known]:
    """Everybody in the communities of the files, and whoever in the actor's other places has one of their numbers."""
    ids = {index for one in drafts if (index := blind_index("id", one.facts.id_number)) is not None}
    phones = {index for one in drafts if (index := blind_index("phone", one.facts.phone)) is not None}
    visible = Person.objects.visible_to(actor)
    rows = list(visible.filter(community_id__in=list(communities)).order_by("pk").values_list(*_COLUMNS))
    elsewhere = visible.exclude(community_id__in=list(communities))
    if elsewhere.exists():
        found = elsewhere.filter(Q(id_index__in=list(ids)) | Q(phone_index__in=list(phones)))
        rows += list(found.order_by("pk").values_list(*_COLUMNS))
    return list(_known(rows))


def _known(rows: Sequence[tuple[Any, ...]]) -> Iterator[Known]:
    described = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    spots = _Spots({one["household__place_id"] or one["building_id"] for one in described})
    for one in described:
        facts = PersonFacts(
            name=one["name"],
            sex=one["sex"],
            birth_on=one["birth_on"],
            id_type=one["id_type"],
            id_number=unseal(one["id_sealed"]) or "",
            id_is_valid=one["id_is_valid"],
            phone=unseal(one["phone_sealed"]) or "",
            relation_to_head=one["relation_to_head"],
            class_kind=one["class_kind"],
            key_person_kind=one["key_person_kind"],
            occupation=one["occupation"],
            employer=one["employer"],
            special_needs=tuple(one["special_needs"]),
            remark=one["remark"],
        )
        spot = spots.of(one["household__place_id"] or one["building_id"], one["community_id"])
        yield Known(one["pk"], one["version"], one["state"], spot, one["household__room"] or "", facts)


class _Spots:
    """Where places are, as spots."""

    def __init__(self, place_ids: set[int | None]) -> None:
        self._places = Place.objects.in_bulk({pk for pk in place_ids if pk is not None})
        above = {pk for place in self._places.values() for pk in place.path}
        self._names = dict(Place.objects.filter(pk__in=above).values_list("pk", "name"))
        self._kinds = dict(Place.objects.filter(pk__in=above).values_list("pk", "kind"))
        self._made: dict[int, Spot] = {}

    def of(self, place_id: int | None, community_id: int) -> Spot:
        if place_id is None or place_id not in self._places:
            return Spot(community_id)
        spot = self._made.get(place_id)
        if spot is None:
            named = {self._kinds[pk]: self._names[pk] for pk in self._places[place_id].path}
            spot = self._made[place_id] = normal_spot(
                community_id,
                named.get(PlaceKind.COMPOUND, ""),
                named.get(PlaceKind.BUILDING, ""),
                named.get(PlaceKind.UNIT, ""),
            )
        return spot
