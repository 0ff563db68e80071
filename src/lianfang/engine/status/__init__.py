"""Statuses: facts + policy pack + as_of → decisions that explain themselves."""

from lianfang.engine.status.contract import Decisions, FactsError, StatusFacts
from lianfang.engine.status.delta import delta
from lianfang.engine.status.engine import StatusEngine, decide

__all__ = ["Decisions", "FactsError", "StatusEngine", "StatusFacts", "decide", "delta"]
