"""The tables of gates."""

from lianfang.domains.gates.models.checks import Answer, Difference, Direction, GateCheck, GateEmergency, Proof
from lianfang.domains.gates.models.gates import Gate, GateKind, PlaceCode, PlaceEntry, Presence
from lianfang.domains.gates.models.permits import Permit, PermitKind

__all__ = [
    "Answer",
    "Difference",
    "Direction",
    "Gate",
    "GateCheck",
    "GateEmergency",
    "GateKind",
    "Permit",
    "PermitKind",
    "PlaceCode",
    "PlaceEntry",
    "Presence",
    "Proof",
]
