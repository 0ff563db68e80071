"""Why somebody need not be sampled in a round, and how that is stored and read out.

A reason is kept as it was given. Two are codes: a special need that exempts in the round, and the registry as evidence.
"""

from __future__ import annotations

from lianfang.domains.lab_testing.models import Coverage
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.engine.rounds.reasons import reason_kind
from lianfang.foundation.web.language import current_texts, t

NEED_PREFIX = "need:"
AT_REGISTRY = "registry"

# What the engine reads as this claim, where a person decided it in other words (engine_adapter).
PLAIN_WORD = {Coverage.EXEMPT: "免检", Coverage.AWAY: "外出"}


def claim_of(reason: str, asked: Coverage) -> Coverage:
    """The claim that a reason makes: a list of exemptions with 外出务工 on it means away, as in `lianfang reconcile`.

    Raises RefusedError for an empty reason, and for one that excuses nobody ("拒检", "敲门无人").
    """
    if not reason.strip():
        raise RefusedError("reason_missing")
    if reason.startswith(NEED_PREFIX):
        return Coverage.EXEMPT
    kind = reason_kind(reason)
    if kind == "missing":
        raise RefusedError("reason_excuses_nobody", reason=reason.strip()[:60])
    return Coverage(kind) if kind else asked


def told_reason(reason: str) -> str:
    """A stored reason in the reader's language where it is a code, else as it was given."""
    if not reason.startswith(NEED_PREFIX):
        return reason
    need = reason.removeprefix(NEED_PREFIX)
    return current_texts().of_code(("lab_testing.need", "registry.need"), need)


def told_evidence(evidence: str) -> str:
    return t("lab_testing.evidence.registry") if evidence == AT_REGISTRY else evidence


def reason_for_engine(reason: str, claim: str) -> str:
    """``reason`` where the engine reads ``claim`` out of it, else the plain word: what a person decided stands."""
    return reason if reason_kind(reason) == claim else PLAIN_WORD[Coverage(claim)]
