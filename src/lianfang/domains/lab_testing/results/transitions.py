"""What a person may do to a hold. What facts do to it is recomputed (services.hold_sql), never moved by hand."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from lianfang.domains.lab_testing.models import HoldState
from lianfang.domains.lab_testing.results.refusals import ResultRefusedError


class HoldMove(StrEnum):
    RELEASE = "release"
    CASE = "case"


HOLD: Mapping[HoldMove, Mapping[HoldState, HoldState]] = {
    HoldMove.RELEASE: {HoldState.HELD: HoldState.RELEASED, HoldState.EXPIRED: HoldState.RELEASED},
    HoldMove.CASE: {HoldState.HELD: HoldState.CASE, HoldState.EXPIRED: HoldState.CASE},
}


def next_hold_state(move: HoldMove, state: str) -> HoldState:
    """The state after ``move``; raises RefusedError where the table has no such move."""
    after = HOLD[move].get(HoldState(state))
    if after is None:
        raise ResultRefusedError("hold_settled")
    return after
