"""The tables of statuses."""

from lianfang.domains.status.models.appeals import AppealState, Objection, Outcome
from lianfang.domains.status.models.by_hand import EmergencyOverride, StatusOrder
from lianfang.domains.status.models.codes import PrintedCode, ProofKey
from lianfang.domains.status.models.decisions import Colour, HealthStatus
from lianfang.domains.status.models.runs import RunState, StatusRun, Watched, WithheldDecision, WithheldState

__all__ = [
    "AppealState",
    "Colour",
    "EmergencyOverride",
    "HealthStatus",
    "Objection",
    "Outcome",
    "PrintedCode",
    "ProofKey",
    "RunState",
    "StatusOrder",
    "StatusRun",
    "Watched",
    "WithheldDecision",
    "WithheldState",
]
