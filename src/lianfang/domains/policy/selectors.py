"""Which pack is in force: by place, by instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from lianfang.domains.policy.models import ActivationPreview, PackActivation, PreviewState
from lianfang.domains.policy.packs import pack_at_division, packs_on_disk
from lianfang.domains.registry.models import Place
from lianfang.engine.packs import Pack
from lianfang.engine.status.transitions import chain_of
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as


@dataclass(frozen=True, slots=True)
class Standing:
    """The pack in force somewhere, and those before it that it leads back to by ``supersedes``, the latest first."""

    pack: Pack
    superseded: tuple[Pack, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """The same for two places where the same files decide, about what was opened earlier too."""
        return (self.pack.digest, *(before.digest for before in self.superseded))

    def pack_named(self, pack_id: str) -> Pack | None:
        """That of these packs; None for one that was never in force here."""
        return next((one for one in (self.pack, *self.superseded) if one.id == pack_id), None)


SOON, JUST_BEGUN = timedelta(hours=48), timedelta(hours=2)


def people_changed_soon(place_ids: Iterable[int], as_of: datetime) -> int:
    """How many people inside these places are decided otherwise when approved rules begin within ``SOON``.

    By the previews, wherever the rules were put in force: a rule change is a peak of look-ups, calls and tests that
    is known beforehand. A number, never names; whom to show it is the caller's to check."""
    with acting_as(system_actor("policy")):
        coming = ActivationPreview.objects.filter(
            state=PreviewState.DONE, activation__approved_at__lte=as_of, activation__withdrawn_at=None,
            activation__starts_at__gt=as_of - JUST_BEGUN, activation__starts_at__lte=as_of + SOON,
        )  # fmt: skip
        counts = [row for kept in coming.values_list("counts", flat=True) for row in kept]
    communities = Place.objects.filter(
        pk__in={row["community_id"] for row in counts}, path__overlap=list(place_ids)
    ).values_list("pk", flat=True)
    inside = set(communities) if counts else set()
    return sum(row["people"] for row in counts if row["community_id"] in inside)


class PackChangedError(RuntimeError):
    """The files of an active pack are not those that were approved, or are gone."""


def activations() -> QuerySet[PackActivation]:
    """Every activation, the latest start first; rules are public."""
    return PackActivation.objects.order_by("-starts_at", "-pk")


def packs_by_community(community_ids: Iterable[int], at: datetime) -> dict[int, Pack | None]:
    """The pack in force in each community at an instant, with the layers of its county; None where none is."""
    found = standing_by_community(community_ids, at)
    return {community: None if one is None else one.pack for community, one in found.items()}


def standing_by_community(community_ids: Iterable[int], at: datetime) -> dict[int, Standing | None]:
    """As ``packs_by_community``, with the packs that were in force there before."""
    return _by_community(community_ids, list(_standing(at)))


def standing_by_community_under(
    proposed: PackActivation, community_ids: Iterable[int], at: datetime
) -> dict[int, Standing | None]:
    """As ``standing_by_community`` if ``proposed`` had been approved: it is the latest of its place."""
    others = _standing(at).exclude(pk=proposed.pk)
    standing = [one for one in others if (one.place_id, one.starts_at) != (proposed.place_id, proposed.starts_at)]
    return _by_community(community_ids, [*standing, proposed])


def pack_for(place: Place, at: datetime) -> Pack | None:
    """The pack in force at a place, with the layers of its county."""
    path = list(place.path)
    found = _standing_on(list(_standing(at)), path, _division(path, _codes(path)))
    return None if found is None else found.pack


def _by_community(community_ids: Iterable[int], standing: list[PackActivation]) -> dict[int, Standing | None]:
    wanted = set(community_ids)
    paths = dict(Place.objects.filter(pk__in=wanted).values_list("pk", "path"))
    codes = _codes({place for path in paths.values() for place in path})
    return {
        community: _standing_on(standing, path, _division(path, codes))
        for community in wanted
        for path in (paths.get(community, []),)
    }


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


def _standing_on(standing: Sequence[PackActivation], path: Sequence[int], division: str) -> Standing | None:
    """Who moved here brings what was opened under other rules: where this place has no history of a pack that is led
    back to, the one in force elsewhere is taken."""
    latest = _most_specific(standing, path)
    if latest is None:
        return None
    pack = _as_approved(latest, division)
    if pack is None:
        raise PackChangedError(f"{latest.pack} version {latest.version}")
    before = [*sorted(standing, key=_began_at), *_were_in_force(standing, path)]
    by_id = {one.pack: one for one in before}
    others = (_as_approved(one, division) for one in by_id.values())
    return Standing(pack, chain_of(pack, (one for one in others if one is not None))[1:])


def _most_specific(standing: Iterable[PackActivation], path: Sequence[int]) -> PackActivation | None:
    depth: dict[int | None, int] = {None: -1}
    depth.update((place, level) for level, place in enumerate(path))
    fitting = (one for one in standing if one.place_id in depth)
    return max(fitting, key=lambda one: (depth[one.place_id], one.starts_at, one.pk), default=None)


def _were_in_force(standing: Sequence[PackActivation], path: Sequence[int]) -> list[PackActivation]:
    """What was the most specific at some time, the earliest first."""
    by_start = sorted(standing, key=_began_at)
    firsts = (_most_specific(by_start[: count + 1], path) for count in range(len(by_start)))
    return list(dict.fromkeys(one for one in firsts if one is not None))


def _began_at(one: PackActivation) -> datetime:
    return one.starts_at if one.approved_at is None else max(one.starts_at, one.approved_at)


def _as_approved(one: PackActivation, division: str) -> Pack | None:
    """With the layers of the division; None where its files are not those that were approved, or are gone."""
    pack = packs_on_disk().get((one.pack, one.version))
    if pack is None or pack.digest != one.digest:
        return None
    return pack_at_division(one.pack, one.version, division)
