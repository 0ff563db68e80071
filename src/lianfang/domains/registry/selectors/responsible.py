"""Who answers for which place (包保): from the duties that accounts hold now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from lianfang.domains.registry.models import Place
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.models import Posting
from lianfang.foundation.access.roles import Action, Level, Role

_LEVELS = {
    Level.BUILDING: "building_id",
    Level.COMMUNITY: "community_id",
    Level.TOWNSHIP: "township_id",
}
_SHOWN = (Role.BUILDING_CHIEF, Role.COMMUNITY, Role.TOWNSHIP, Role.SAMPLER, Role.GUARD)


@dataclass(frozen=True, slots=True)
class Responsible:
    """Somebody who answers for a place, with the phone under which they are reached on duty."""

    name: str
    phone: str
    role: str
    level: str


def responsible_for(actor: Actor, places: Sequence[Place]) -> dict[int, list[Responsible]]:
    """Those who answer for each of ``places``, nearest first: the chief, then the community, then the township."""
    actor.authorise(Action.REGISTRY_VIEW)
    return _answering(places, _SHOWN)


def answering_for_residents(places: Sequence[Place]) -> dict[int, list[Responsible]]:
    """Whom a resident asks: the chief of the building and the community. No rights are needed to know them."""
    return _answering(places, (Role.BUILDING_CHIEF, Role.COMMUNITY))


def _answering(places: Sequence[Place], roles: Sequence[Role]) -> dict[int, list[Responsible]]:
    now = timezone.now()
    wanted = Q()
    for level, column in _LEVELS.items():
        ids = {getattr(place, column) for place in places} - {None}
        wanted |= Q(level=level, scope_ids__overlap=sorted(ids)) if ids else Q(pk__in=[])
    postings = Posting.objects.filter(wanted, role__in=roles, starts_at__lte=now, account__is_active=True)
    current = list(postings.filter(Q(ends_at=None) | Q(ends_at__gt=now)).select_related("account").order_by("pk"))
    order = {role: rank for rank, role in enumerate(roles)}
    found: dict[int, list[Responsible]] = {}
    for place in places:
        mine = [
            posting for posting in current
            if getattr(place, _LEVELS[Level(posting.level)]) in posting.scope_ids
        ]  # fmt: skip
        mine.sort(key=lambda posting: order[Role(posting.role)])
        found[place.pk] = [Responsible(one.account.name, one.account.phone, one.role, one.level) for one in mine]
    return found
