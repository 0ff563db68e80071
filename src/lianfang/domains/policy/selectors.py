"""Which pack is in force: by place, by instant."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from lianfang.domains.policy.models import PackActivation
from lianfang.domains.policy.packs import pack_at_division, packs_on_disk
from lianfang.domains.registry.models import Place
from lianfang.engine.packs import Pack


class PackChangedError(RuntimeError):
    """The files of an active pack are not those that were approved, or are gone."""


def activations() -> QuerySet[PackActivation]:
    """Every activation, the latest start first; rules are public."""
    return PackActivation.objects.order_by("-starts_at", "-pk")


def packs_by_community(community_ids: Iterable[int], at: datetime) -> dict[int, Pack | None]:
    """The pack in force in each community at an instant, with the layers of its county; None where none is."""
    wanted = set(community_ids)
    paths = dict(Place.objects.filter(pk__in=wanted).values_list("pk", "path"))
    above = {place for path in paths.values() for place in path}
    standing = list(_standing(at).filter(Q(place_id__in=above) | Q(place_id=None)))
    codes = _codes(above)
    return {
        community: _most_specific(standing, paths.get(community, []), _division(paths.get(community, []), codes))
        for community in wanted
    }


def packs_by_community_under(
    proposed: PackActivation, community_ids: Iterable[int], at: datetime
) -> dict[int, Pack | None]:
    """As ``packs_by_community`` if ``proposed`` had been approved: it is the latest of its place."""
    wanted = set(community_ids)
    paths = dict(Place.objects.filter(pk__in=wanted).values_list("pk", "path"))
    above = {place for path in paths.values() for place in path}
    others = _standing(at).filter(Q(place_id__in=above) | Q(place_id=None)).exclude(pk=proposed.pk)
    standing = [one for one in others if (one.place_id, one.starts_at) != (proposed.place_id, proposed.starts_at)]
    codes = _codes(above)
    under = [*standing, proposed]
    return {community: _most_specific(under, path, _division(path, codes)) for community, path in paths.items()}


def pack_for(place: Place, at: datetime) -> Pack | None:
    """The pack in force at a place, with the layers of its county."""
    path = list(place.path)
    standing = list(_standing(at).filter(Q(place_id__in=path) | Q(place_id=None)))
    return _most_specific(standing, path, _division(path, _codes(path)))


def _standing(at: datetime) -> QuerySet[PackActivation]:
    return PackActivation.objects.filter(starts_at__lte=at, approved_at__lte=at, withdrawn_at=None)


def _codes(places: Iterable[int]) -> dict[int, str]:
    """Division codes of the places that have one."""
    return {
        pk: code
        for pk, code in Place.objects.filter(pk__in=places).values_list("pk", "code")
        if code and code.isdigit()
    }


def _division(path: Iterable[int], codes: dict[int, str]) -> str:
    """The longest code on the way down to a place: it begins with that of its county."""
    return max((codes[place] for place in path if place in codes), key=lambda code: len(code.rstrip("0")), default="")


def _most_specific(standing: list[PackActivation], path: list[int], division: str) -> Pack | None:
    depth: dict[int | None, int] = {None: -1}
    depth.update((place, level) for level, place in enumerate(path))
    fitting = [one for one in standing if one.place_id in depth]
    if not fitting:
        return None
    best = max(fitting, key=lambda one: (depth[one.place_id], one.starts_at, one.pk))
    pack = packs_on_disk().get((best.pack, best.version))
    if pack is None or pack.digest != best.digest:
        raise PackChangedError(f"{best.pack} version {best.version}")
    return pack_at_division(best.pack, best.version, division)
