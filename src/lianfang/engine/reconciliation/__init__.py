"""The main job: files in, answer out."""

from lianfang.engine.reconciliation.contract import Answer, Source
from lianfang.engine.reconciliation.reconcile import reconcile

__all__ = ["Answer", "Source", "reconcile"]
