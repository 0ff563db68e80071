"""What is asked at a gate at an instant, and who says so: the pack in force, the gate itself, or a usual value.

Nothing is asked without saying where that comes from. What has no better source than C or D, or stands as unverified in
the pack, is shown as unverified.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.utils import timezone

from lianfang.domains.gates.models import Gate
from lianfang.domains.policy.selectors import pack_for, packs_by_community
from lianfang.engine.packs import Pack

From = Literal["pack", "gate", "usual"]
UNSURE_GRADES = frozenset({"C", "D"})
# dossier §5 [101], grade C: Guangdong 2020; the pack has no such value.
USUAL_FEVER_FROM = 37.3
USUAL_SOURCE = "gates.source.fever"
USUAL_GRADE = "C"
CERTIFICATE = "certificate_hours"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing asked. ``source`` are words, ``pack`` the id of the pack that says it."""

    kind: str
    value: float | None
    said_by: From
    source: str
    grade: str
    is_unverified: bool
    pack: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that a gate asks; a rule that is not there is not asked."""

    rules: tuple[Rule, ...]

    def value(self, kind: str) -> float | None:
        return next((rule.value for rule in self.rules if rule.kind == kind), None)

    def asks(self, kind: str) -> bool:
        return any(rule.kind == kind for rule in self.rules)

    @property
    def unverified(self) -> list[str]:
        return [rule.kind for rule in self.rules if rule.is_unverified]

    def for_device(self) -> dict[str, Any]:
        """As a device carries it."""
        return {
            "negative_hours": self.value("negative"),
            "fever_from": self.value("temperature"),
            "plate": self.asks("plate"),
            "destination": self.asks("destination"),
            "travel": self.asks("travel"),
            "vaccine_doses": int(self.value("vaccination") or 0),
            "unverified": self.unverified,
            "sources": {rule.kind: {"by": rule.said_by, "grade": rule.grade} for rule in self.rules},
        }


def asked_at(gate: Gate, at: datetime) -> Asked:
    """What this gate asks at an instant."""
    return asked_at_gates([gate], at)[gate.pk]


def asked_at_gates(gates: Iterable[Gate], at: datetime) -> dict[int, Asked]:
    """The same for many: packs are looked up once per community."""
    given = list(gates)
    packs = packs_by_community({gate.community_id for gate in given if gate.community_id}, at)
    found = {}
    for gate in given:
        pack = packs[gate.community_id] if gate.community_id else pack_for(gate.place, at)
        found[gate.pk] = Asked(tuple(_rules(gate, pack, at)))
    return found


def _rules(gate: Gate, pack: Pack | None, at: datetime) -> Iterable[Rule]:
    negative = _negative(gate, pack, at)
    if negative is not None:
        yield negative
    if gate.asks_temperature:
        own = float(gate.fever_from)
        if own == USUAL_FEVER_FROM and not gate.basis:
            yield Rule("temperature", own, "usual", USUAL_SOURCE, USUAL_GRADE, True)
        else:
            yield _of_gate(gate, "temperature", own)
    own_rules: Mapping[str, bool] = {
        "plate": gate.asks_plate, "destination": gate.asks_destination, "travel": gate.asks_travel,
        "vaccination": gate.vaccine_doses > 0,
    }  # fmt: skip
    for kind, is_asked in own_rules.items():
        if is_asked:
            yield _of_gate(gate, kind, float(gate.vaccine_doses) if kind == "vaccination" else None)


def _negative(gate: Gate, pack: Pack | None, at: datetime) -> Rule | None:
    if gate.negative_hours is not None:
        return _of_gate(gate, "negative", float(gate.negative_hours)) if gate.negative_hours else None
    local = timezone.localtime(at).replace(tzinfo=None)
    if pack is None or not pack.is_in_force(local) or CERTIFICATE not in pack.parameters:
        return None
    dated = pack.value_at(CERTIFICATE, local)
    if dated is None or dated.value is None:
        return None
    hours = float(dated.value) * (24 if pack.parameters[CERTIFICATE].unit == "days" else 1)
    return Rule("negative", hours, "pack", dated.reference, dated.grade, dated.unverified, pack.id)


def _of_gate(gate: Gate, kind: str, value: float | None) -> Rule:
    return Rule(kind, value, "gate", gate.basis, gate.grade, gate.grade in UNSURE_GRADES)
