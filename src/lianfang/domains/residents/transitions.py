"""The moves that states may make."""

from __future__ import annotations

from collections.abc import Mapping

from lianfang.domains.residents.models import HelpState, ProposalState

HELP_MOVES: Mapping[str, frozenset[str]] = {
    HelpState.OPEN: frozenset({HelpState.TAKEN, HelpState.DONE}),
    # Whoever took it may give it back.
    HelpState.TAKEN: frozenset({HelpState.OPEN, HelpState.DONE}),
    HelpState.DONE: frozenset(),
}
PROPOSAL_MOVES: Mapping[str, frozenset[str]] = {
    ProposalState.WAITING: frozenset({ProposalState.CONFIRMED, ProposalState.REJECTED, ProposalState.WITHDRAWN}),
    ProposalState.CONFIRMED: frozenset(),
    ProposalState.REJECTED: frozenset(),
    ProposalState.WITHDRAWN: frozenset(),
}
