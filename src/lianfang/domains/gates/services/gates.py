"""Keeping gates: where one stands and what it asks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import time

from django.db import IntegrityError, transaction
from django.utils import timezone

from lianfang.domains.gates.models import Gate, GateKind
from lianfang.domains.gates.problems import GateProblemError
from lianfang.domains.gates.reach import gates_of
from lianfang.domains.gates.rules import USUAL_FEVER_FROM
from lianfang.domains.registry.models import Place, PlaceKind
from lianfang.domains.registry.reach import reaches
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record

FEVER_RANGE = (36.0, 42.0)
LONGEST_NEGATIVE = 168
_PLACES = {
    GateKind.COMPOUND: (PlaceKind.COMPOUND, PlaceKind.COMMUNITY, PlaceKind.GRID, PlaceKind.BUILDING),
    GateKind.COUNTY: (PlaceKind.COUNTY, PlaceKind.TOWNSHIP, PlaceKind.COMMUNITY),
}


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What a gate is and asks; as the columns of ``Gate``."""

    name: str
    kind: str = GateKind.COMPOUND
    checks_in: bool = True
    checks_out: bool = True
    opens: time | None = None
    closes: time | None = None
    negative_hours: int | None = None
    asks_temperature: bool = True
    fever_from: float = USUAL_FEVER_FROM
    asks_plate: bool = False
    asks_destination: bool = False
    asks_travel: bool = False
    vaccine_doses: int = 0
    basis: str = ""
    grade: str = "D"
    note: str = ""


def open_gate(*, actor: Actor, place_id: int, settings: GateSettings) -> Gate:
    """Begin to check at a place. Raises GateProblemError for a place that is not the actor's or of no such kind, and
    for settings that cannot be."""
    actor.authorise(Action.GATES_MANAGE)
    place = Place.objects.filter(pk=place_id, closed_on=None).first()
    if place is None or place.county_id is None or not reaches(actor, place):
        raise GateProblemError("place_elsewhere", "place")
    _check(settings)
    if PlaceKind(place.kind) not in _PLACES[GateKind(settings.kind)]:
        raise GateProblemError("place_kind", "place")
    with transaction.atomic():
        try:
            with transaction.atomic():
                made = Gate.objects.create(
                    place=place, county_id=place.county_id, township_id=place.township_id or 0,
                    community_id=place.community_id or 0, made_at=timezone.now(), made_by=actor.name,
                    **asdict(settings),
                )  # fmt: skip
        except IntegrityError:
            raise GateProblemError("name_taken", "name") from None
        record(actor=actor, action="gates.open", target_kind="gate", target_id=made.pk, details=_details(settings))
    return made


def change_gate(*, actor: Actor, gate_id: int, settings: GateSettings) -> Gate:
    """Say what a gate asks from now on; devices hear of it at their next contact."""
    actor.authorise(Action.GATES_MANAGE)
    _check(settings)
    with transaction.atomic():
        gate = _locked(actor, gate_id)
        if settings.kind != gate.kind and PlaceKind(gate.place.kind) not in _PLACES[GateKind(settings.kind)]:
            raise GateProblemError("place_kind", "kind")
        for name, value in asdict(settings).items():
            setattr(gate, name, value)
        try:
            with transaction.atomic():
                gate.save()
        except IntegrityError:
            raise GateProblemError("name_taken", "name") from None
        record(actor=actor, action="gates.change", target_kind="gate", target_id=gate.pk, details=_details(settings))
    return gate


def close_gate(*, actor: Actor, gate_id: int) -> Gate:
    """Nobody is checked here any more; what was recorded stays."""
    actor.authorise(Action.GATES_MANAGE)
    with transaction.atomic():
        gate = _locked(actor, gate_id)
        gate.closed_at = timezone.now()
        gate.save(update_fields=["closed_at"])
        record(actor=actor, action="gates.close", target_kind="gate", target_id=gate.pk)
    return gate


def _locked(actor: Actor, gate_id: int) -> Gate:
    gate = gates_of(actor).select_for_update(of=("self",)).filter(pk=gate_id).first()
    if gate is None or not reaches(actor, gate.place):
        raise GateProblemError("gate_elsewhere")
    if gate.closed_at is not None:
        raise GateProblemError("gate_closed")
    return gate


def _check(settings: GateSettings) -> None:
    if not settings.name.strip():
        raise GateProblemError("name_needed", "name")
    if settings.kind not in GateKind.values:
        raise GateProblemError("kind_unknown", "kind")
    if not (settings.checks_in or settings.checks_out):
        raise GateProblemError("direction_needed", "checks_in")
    low, high = FEVER_RANGE
    if not low <= settings.fever_from <= high:
        raise GateProblemError("fever_outside", "fever_from")
    if settings.negative_hours is not None and not 0 <= settings.negative_hours <= LONGEST_NEGATIVE:
        raise GateProblemError("hours_outside", "negative_hours")
    if not 0 <= settings.vaccine_doses <= 5:
        raise GateProblemError("doses_outside", "vaccine_doses")
    if settings.grade not in ("A", "B", "C", "D"):
        raise GateProblemError("grade_unknown", "grade")
    if (settings.opens is None) != (settings.closes is None):
        raise GateProblemError("both_hours", "opens")
    if _says_something(settings) and not settings.basis.strip():
        raise GateProblemError("basis_needed", "basis")


def _says_something(settings: GateSettings) -> bool:
    """Whether the gate asks what neither the pack nor the usual value asks: that needs somebody who said so."""
    return bool(
        settings.negative_hours
        or settings.asks_travel
        or settings.vaccine_doses
        or settings.fever_from != USUAL_FEVER_FROM
    )


def _details(settings: GateSettings) -> dict[str, object]:
    return {
        name: value if isinstance(value, str | bool | int) else str(value) for name, value in asdict(settings).items()
    }
