"""Which pack is in force: by place, by instant."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from lianfang.domains.policy.models import PackActivation
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.registry.models import Place
from lianfang.engine.packs import Pack


class PackChangedError(RuntimeError):
    """The files of an active pack are not those that were approved, or are gone."""


def activations() -> QuerySet[PackActivation]:
    """Every activation, the latest start first; rules are public."""
    return PackActivation.objects.order_by("-starts_at", "-pk")


def packs_by_community(community_ids: Iterable[int], at: datetime) -> dict[int, Pack | None]:
    """The pack in force in each community at an instant; None where none is."""
    wanted = set(community_ids)
    paths = dict(Place.objects.filter(pk__in=wanted).values_list("pk", "path"))
    above = {place for path in paths.values() for place in path}
    standing = list(
        PackActivation.objects.filter(Q(place_id__in=above) | Q(place_id=None), starts_at__lte=at, withdrawn_at=None)
        .exclude(approved_at=None)
        .filter(approved_at__lte=at)
    )
    return {community: _most_specific(standing, paths.get(community, [])) for community in wanted}


def pack_for(place: Place, at: datetime) -> Pack | None:
    """The pack in force at a place."""
    standing = PackActivation.objects.filter(
        Q(place_id__in=place.path) | Q(place_id=None), starts_at__lte=at, withdrawn_at=None
    )
    return _most_specific(list(standing.filter(approved_at__lte=at)), list(place.path))


def _most_specific(standing: list[PackActivation], path: list[int]) -> Pack | None:
    depth: dict[int | None, int] = {None: -1}
    depth.update((place, level) for level, place in enumerate(path))
    fitting = [one for one in standing if one.place_id in depth]
    if not fitting:
        return None
    best = max(fitting, key=lambda one: (depth[one.place_id], one.starts_at, one.pk))
    pack = packs_on_disk().get((best.pack, best.version))
    if pack is None or pack.digest != best.digest:
        raise PackChangedError(f"{best.pack} version {best.version}")
    return pack
