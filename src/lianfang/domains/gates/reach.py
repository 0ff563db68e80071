"""Which gates an actor stands at or keeps."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from lianfang.domains.gates.models import Gate
from lianfang.domains.registry.models import Place
from lianfang.domains.registry.selectors import NotThereError
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Level

_COLUMNS = {Level.COMMUNITY: "community_id", Level.TOWNSHIP: "township_id", Level.COUNTY: "county_id"}


def gates_of(actor: Actor) -> QuerySet[Gate]:
    """Gates in the actor's places; for somebody of buildings, those through which their buildings are reached."""
    gates = Gate.objects.select_related("place")
    if actor.level is Level.SYSTEM:
        return gates
    if actor.level is Level.BUILDING:
        paths = Place.objects.filter(pk__in=actor.scope_ids).values_list("path", flat=True)
        return gates.filter(place_id__in={pk for path in paths for pk in path}, community_id__gt=0)
    column = _COLUMNS.get(actor.level)
    return gates.filter(**{f"{column}__in": actor.scope_ids}) if column else gates.none()


def gate_of(actor: Actor, gate_id: int) -> Gate:
    """The gate, closed ones too; raises NotThereError for one that is not the actor's."""
    gate = gates_of(actor).filter(pk=gate_id).first()
    if gate is None:
        raise NotThereError(gate_id)
    return gate


def open_gates_of(actor: Actor) -> QuerySet[Gate]:
    return gates_of(actor).filter(Q(closed_at=None)).order_by("kind", "community_id", "place_id", "name")


def keys_of(gate: Gate) -> dict[str, int | None]:
    """The scope columns of what happened at a gate; keys below its place are 0, and no building."""
    return {
        "county_id": gate.county_id, "township_id": gate.township_id, "community_id": gate.community_id,
        "building_id": None,
    }  # fmt: skip
