"""Which community a row speaks of, and whether it is the actor's."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Q

from lianfang.domains.registry.models import Place, PlaceKind
from lianfang.domains.registry.reach import reaches
from lianfang.domains.registry.services.places import register_place
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Level

_OFFICE = re.compile(r"(?:社区)?(?:居民委员会|村民委员会|居委会|村委会|社区|村)$")
_COLUMNS = {Level.COUNTY: "county_id", Level.TOWNSHIP: "township_id", Level.COMMUNITY: "community_id"}


@dataclass(frozen=True, slots=True)
class Locality:
    """A community, or why a row's cannot be used (a code of ``registry_import.refused``)."""

    community_id: int = 0
    name: str = ""
    refused: str = ""


def core_name(name: str) -> str:
    """The name without its office: 东湖 of 东湖社区居委会."""
    bare = name.strip()
    return _OFFICE.sub("", bare) or bare


class Localities:
    """The communities of the whole place tree by name; those in the actor's places can be used.

    ``new_below``: a township or county in which communities, and townships, that nobody registered yet are made.
    """

    def __init__(self, actor: Actor, new_below: Place | None = None) -> None:
        self._actor = actor
        self._new_below = new_below
        self._known: dict[tuple[str, str], Locality] = {}
        self._townships: dict[str, list[Place]] = defaultdict(list)
        self._communities: dict[str, list[Place]] = defaultdict(list)
        kinds = (PlaceKind.TOWNSHIP, PlaceKind.COMMUNITY)
        for place in Place.objects.filter(self._county(), kind__in=kinds, closed_on=None).order_by("pk"):
            if place.kind == PlaceKind.TOWNSHIP:
                self._townships[place.name].append(place)
            else:
                self._communities[core_name(place.name)].append(place)
        own = [
            place
            for places in self._communities.values()
            for place in places
            if actor.level is not Level.SYSTEM and reaches(actor, place)
        ]
        self._only = own[0] if len(own) == 1 else None

    def _county(self) -> Q:
        """The counties that the actor's places lie in: names are looked for no farther away."""
        column = _COLUMNS.get(self._actor.level)
        if column is None:
            return Q()
        counties = Place.objects.filter(pk__in=self._actor.scope_ids).values_list("county_id", flat=True)
        return Q(county_id__in=[pk for pk in counties if pk is not None])

    def find(self, township: str | None, community: str | None) -> Locality:
        key = (township or "", community or "")
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._look_up(*key)
        return found

    def used(self) -> set[int]:
        """The communities that rows were found to speak of."""
        return {one.community_id for one in self._known.values() if one.community_id and not one.refused}

    def _look_up(self, township: str, community: str) -> Locality:
        if not community:
            if self._only is not None:
                return Locality(self._only.pk, self._only.name)
            return Locality(refused="community_missing")
        same = self._communities.get(core_name(community), [])
        exact = [place for place in same if place.name == community] or same
        if township:
            parents = {place.pk for place in self._townships.get(township, [])}
            exact = [place for place in exact if place.township_id in parents]
        own = [place for place in exact if reaches(self._actor, place)]
        if len(own) == 1:
            return Locality(own[0].pk, own[0].name)
        if len(own) > 1:
            return Locality(name=community, refused="community_ambiguous")
        if exact:
            return Locality(name=community, refused="community_not_yours")
        if self._new_below is not None:
            return self._register(township, community, self._new_below)
        return Locality(name=community, refused="community_unknown")

    def _register(self, township: str, community: str, below: Place) -> Locality:
        parent = below
        if below.kind == PlaceKind.COUNTY:
            known = [place for place in self._townships.get(township, []) if place.county_id == below.pk]
            if not known and township:
                known = [register_place(actor=self._actor, parent=below, kind=PlaceKind.TOWNSHIP, name=township)]
                self._townships[township] += known
            if len(known) != 1:
                return Locality(name=community, refused="community_unknown")
            parent = known[0]
        place = register_place(actor=self._actor, parent=parent, kind=PlaceKind.COMMUNITY, name=community)
        self._communities[core_name(community)].append(place)
        return Locality(place.pk, place.name)
