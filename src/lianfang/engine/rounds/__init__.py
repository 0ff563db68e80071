"""Testing rounds: expected, exempt, missing, pending, unmatched; pools."""

from lianfang.engine.rounds.contract import RoundAnswer, RoundSettings
from lianfang.engine.rounds.reconcile import DoesNotAddUpError, reconcile_round

__all__ = ["DoesNotAddUpError", "RoundAnswer", "RoundSettings", "reconcile_round"]
