"""Sweeps and differences by id, authorised again (rule 8)."""

from __future__ import annotations

from lianfang.domains.registry.models import DifferenceKind, Place, Sweep, SweepDifference
from lianfang.domains.registry.sweeps.refusals import SweepRefusedError
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Level

WAYS: dict[str, tuple[str, ...]] = {
    DifferenceKind.NOT_LIVING: ("moved_out", "away", "stays"),
    DifferenceKind.UNREGISTERED: ("registered", "miscounted"),
    DifferenceKind.ADDED: ("confirmed", "moved_out"),
}
"""How each kind of difference may be settled."""


def concerns(actor: Actor, sweep: Sweep) -> bool:
    """Whether the sweep touches the actor's places: it is theirs, above theirs, or inside of theirs."""
    if actor.level is Level.SYSTEM:
        return True
    if actor.level in (Level.COUNTY, Level.TOWNSHIP):
        return getattr(sweep, f"{actor.level}_id") in actor.scope_ids
    if actor.level not in (Level.COMMUNITY, Level.BUILDING):
        return False
    place = Place.objects.filter(pk__in=actor.scope_ids[:1]).first()
    if place is None or place.township_id != sweep.township_id:
        return False
    return sweep.community_id is None or sweep.community_id == place.community_id


def sweep_for(actor: Actor, sweep_id: int, *, lock: bool = False) -> Sweep:
    """Raises SweepRefusedError ``unknown`` where there is none, or it is another place's."""
    found = Sweep.objects.select_for_update() if lock else Sweep.objects.all()
    sweep = found.filter(pk=sweep_id).first()
    if sweep is None or not concerns(actor, sweep):
        raise SweepRefusedError("unknown")
    return sweep


def difference_for(actor: Actor, difference_id: int, *, lock: bool = False) -> SweepDifference:
    found = SweepDifference.objects.visible_to(actor)
    if lock:
        found = found.select_for_update(of=("self",))
    difference = found.select_related("sweep").filter(pk=difference_id).first()
    if difference is None:
        raise SweepRefusedError("unknown")
    return difference
