"""Couriers: which tubes are there to be carried, and that they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lianfang.domains.lab_testing import codes, roster
from lianfang.domains.lab_testing.field.reading import FIELD, kit_with, known_tube, refuse, refusing, text_of, tube_of
from lianfang.domains.lab_testing.models import HandOver, Tube, TubeState
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.selectors.rounds import rounds_for
from lianfang.domains.lab_testing.services import Journey, hand_over
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.kinds import Applied, Item, applies, package
from lianfang.foundation.devices.models import Device

TOLD_FOR = timedelta(hours=24)
MOST_TUBES = 5_000
_CLOSED = frozenset({TubeState.HANDED_OVER, TubeState.RECEIVED, TubeState.RESULTED})


@package("courier", roles={Role.COURIER, Role.SAMPLER})
def build_courier(*, actor: Actor, device: Device, moment: datetime) -> dict[str, Any]:
    """Tubes of the device's places that are open, sealed or were handed over within a day, and the hand-overs: labels,
    counts and names of staff; nobody's swab is named."""
    rounds = {one.pk: one for one in rounds_for(actor).filter(ends_at__gte=moment - 3 * TOLD_FOR)}
    tubes = Tube.objects.visible_to(actor).filter(round_id__in=rounds).select_related("team")
    near = tubes.filter(state__in=(TubeState.OPEN, TubeState.SEALED))
    gone = tubes.filter(state=TubeState.HANDED_OVER, handed_over_at__gte=moment - TOLD_FOR)
    overs = HandOver.objects.visible_to(actor).filter(at__gte=moment - TOLD_FOR).order_by("-at", "-id")[:200]
    return {
        "rounds": [{"id": pk, "name": one.name} for pk, one in sorted(rounds.items())],
        "tubes": [_tube(tube) for tube in [*near.order_by("code")[:MOST_TUBES], *gone.order_by("code")[:MOST_TUBES]]],
        "hand_overs": [
            {"id": one.pk, "at": one.at.isoformat(), "from": one.given_by, "to": one.taken_by, "box": one.box_code,
             "tubes": one.tube_count, "swabs": one.swab_count}
            for one in overs
        ],
    }  # fmt: skip


def _tube(tube: Tube) -> dict[str, Any]:
    told = {
        "id": tube.pk, "code": tube.code, "round": tube.round_id, "state": tube.state, "counted": tube.counted,
        "team": tube.team.name if tube.team else "", "box": tube.box_code,
        "opened_at": tube.opened_at.isoformat(), "sealed_at": tube.sealed_at.isoformat() if tube.sealed_at else None,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value not in (None, "")}


@applies("tubes.handed", action=Action.TESTING_HANDOVER)
@refusing
def apply_tubes_handed(*, actor: Actor, item: Item) -> Applied:
    """Tubes went from one person to another: all of them or, where one is unknown or void, none.

    A tube whose seal its sampler's device has not told of yet is on its way all the same. Tubes that this very person
    was given before are left out: the sampler's device and the courier's may both tell of one hand-over.
    """
    body, warnings = item.body, list[str]()
    given = body.get("tubes")
    labels = list(dict.fromkeys(codes.tidy(str(one)) for one in given)) if isinstance(given, list) else []
    if not labels:
        refuse("item_incomplete", field="tubes")
    taken_by = text_of(body, "to", needed=True, most=80)
    tubes = _tubes(actor, item, labels, warnings)
    counted = body.get("counted", len(labels))
    if counted != len(labels):
        raise RefusedError("hand_over_count", counted=str(counted)[:20], chosen=len(labels))
    left = [tube for tube in tubes if not (tube.state in _CLOSED and tube.courier == taken_by)]
    if not left:
        return Applied(tuple(warnings), {"hand_over": tubes[0].hand_over_id})
    warnings += [f"{FIELD}.not_sealed_yet"] * any(tube.state == TubeState.OPEN for tube in left)
    journey = Journey(
        given_by=text_of(body, "from", most=80) or item.holder, taken_by=taken_by, counted=len(left),
        box_code=text_of(body, "box", most=30), laboratory=text_of(body, "laboratory", most=80),
        at=item.happened_at, is_past=True,
    )  # fmt: skip
    over = hand_over(actor=actor, tube_ids=[tube.pk for tube in left], journey=journey)
    return Applied(tuple(warnings), {"hand_over": over.pk, "tubes": len(left)})


def _tubes(actor: Actor, item: Item, labels: list[str], warnings: list[str]) -> list[Tube]:
    """A label that only its kit knows is a tube that the sampler's device has not told of yet: it is on its way all the
    same. Opening it is the system's to do, couriers open none."""
    found = {label: known_tube(actor, label) for label in labels}
    unknown = [label for label, tube in found.items() if tube is None]
    stray = [label for label in unknown if kit_with(actor, label) is None]
    if stray:
        refuse("tubes_unknown", codes=" ".join(stray[:10]))
    place = roster.own_place(actor)
    here = None if place is None or place.community_id is None else place.pk
    for label in unknown:
        with acting_as(replace(system_actor("courier"), name=actor.name, place_id=actor.place_id)) as system:
            found[label] = tube_of(system, item, label, warnings, place_id=here)
    return [tube for tube in found.values() if tube is not None]
