"""How a person's living state may move (rule 4). Going back from moved out or died corrects the record."""

from __future__ import annotations

from collections.abc import Mapping

from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.models import LivingState

MOVES: Mapping[str, frozenset[str]] = {
    LivingState.LIVING: frozenset((LivingState.AWAY, LivingState.MOVED_OUT, LivingState.DIED)),
    LivingState.AWAY: frozenset((LivingState.LIVING, LivingState.MOVED_OUT, LivingState.DIED)),
    LivingState.MOVED_OUT: frozenset((LivingState.LIVING,)),
    LivingState.DIED: frozenset((LivingState.LIVING,)),
}
RESIDENT_STATES = (LivingState.LIVING, LivingState.AWAY)
"""Who counts as living here; the others stay in the register for what they left behind."""


def check_move(before: str, after: str) -> None:
    """Raise RegistryError where nobody moves from ``before`` to ``after``."""
    if after not in MOVES[before]:
        raise RegistryError("state_move", before=before, after=after)
