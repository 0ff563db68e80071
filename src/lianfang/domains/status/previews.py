"""Replays of proposed rules: begun when somebody proposes, kept with the proposal, seen before it is approved."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from lianfang.domains.policy.models import PackActivation
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.policy.previews import begin_preview, fail_preview, finish_preview
from lianfang.domains.policy.selectors import Standing, standing_by_community, standing_by_community_under
from lianfang.domains.registry.models import Person
from lianfang.domains.status.replay import Replayed, replay
from lianfang.engine.packs import Pack
from lianfang.engine.status.transitions import chain_of
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as

_log = logging.getLogger(__name__)
# So few are replayed while the proposer waits; more in the background.
AT_ONCE = 2_000
LIVES_HERE = ("living", "away")


def people_inside(place_id: int | None) -> list[int]:
    """Who lives there. The caller acts as the system."""
    people = Person.objects.filter(state__in=LIVES_HERE)
    if place_id is not None:
        people = people.filter(household__place__path__contains=[place_id])
    return list(people.order_by("pk").values_list("pk", flat=True))


def preview_activation(activation_id: int) -> None:
    """Replay the proposal and keep the result; what goes wrong is kept in its place, and goes to the log."""
    try:
        with acting_as(system_actor("replay")):
            proposed = PackActivation.objects.get(pk=activation_id)
            begin_preview(proposed)
            found = replay_activation(proposed)
            finish_preview(proposed, as_of=found.as_of, result=found.as_json())
    except Exception as error:  # noqa: BLE001 - kept with the proposal, and shown
        # A replay that fails must not take the proposal with it: whoever approves is shown that it failed.
        _log.exception("replay of activation %s", activation_id)
        with acting_as(system_actor("replay")):
            fail_preview(activation_id, f"{type(error).__name__}: {error}")


def replay_activation(proposed: PackActivation) -> Replayed:
    """The rules in force there now against the proposed ones, at the instant when the proposal would begin."""
    at = max(proposed.starts_at, timezone.now())
    people = people_inside(proposed.place_id)
    communities = set(Person.objects.filter(pk__in=people).values_list("community_id", flat=True).distinct())
    old = standing_by_community(communities, at)
    new = standing_by_community_under(proposed, communities, at)
    return replay(people, old.get, new.get, at)


def replay_packs(old: Pack, new: Pack, place_id: int | None, at: datetime) -> Replayed:
    """Any two packs over the stored facts of a place (``lianfang policy replay``). The caller acts as the system.

    What was opened under a pack that either leads back to is judged by its transition, wherever that was in force.
    """
    before, after = (led_back(pack, (*packs_on_disk().values(), old)) for pack in (old, new))
    return replay(people_inside(place_id), lambda _: before, lambda _: after, at)


def led_back(pack: Pack, others: Iterable[Pack]) -> Standing:
    """The pack with those of ``others`` that it leads back to; of two of one id the later given."""
    by_id = {one.id: one for one in others if one.id != pack.id}
    return Standing(pack, chain_of(pack, by_id.values())[1:])
