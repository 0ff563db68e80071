"""The allowed moves of rounds, kits and tubes, as tables. State moves only through here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from lianfang.domains.lab_testing.models import KitState, RoundState, TubeState
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.foundation.web.language import t

State = TypeVar("State", RoundState, KitState, TubeState)


class Move(StrEnum):
    """What is done to a round, a kit or a tube; ``lab_testing.move`` has the words."""

    OPEN = "open"
    CLOSE = "close"
    CANCEL = "cancel"
    REOPEN = "reopen"
    SIGN_OUT = "sign_out"
    RETURN = "return"
    SEAL = "seal"
    HAND_OVER = "hand_over"
    CARRY_OFF = "carry_off"
    RECEIVE = "receive"
    CONCLUDE = "conclude"
    VOID = "void"


ROUND: Mapping[Move, Mapping[RoundState, RoundState]] = {
    Move.OPEN: {RoundState.PLANNED: RoundState.OPEN},
    Move.CLOSE: {RoundState.OPEN: RoundState.CLOSED},
    Move.REOPEN: {RoundState.CLOSED: RoundState.OPEN},
    # An open round in which somebody was sampled has happened: it is closed, not cancelled (services.cancel_round).
    Move.CANCEL: {RoundState.PLANNED: RoundState.CANCELLED, RoundState.OPEN: RoundState.CANCELLED},
}

KIT: Mapping[Move, Mapping[KitState, KitState]] = {
    Move.SIGN_OUT: {KitState.PACKED: KitState.SIGNED_OUT},
    Move.RETURN: {KitState.SIGNED_OUT: KitState.RETURNED},
}

TUBE: Mapping[Move, Mapping[TubeState, TubeState]] = {
    Move.SEAL: {TubeState.OPEN: TubeState.SEALED},
    Move.REOPEN: {TubeState.SEALED: TubeState.OPEN},
    Move.HAND_OVER: {TubeState.SEALED: TubeState.HANDED_OVER},
    # A courier's device tells of tubes that are on their way; a sampler's device tells of the seal when it can.
    Move.CARRY_OFF: {TubeState.OPEN: TubeState.HANDED_OVER, TubeState.SEALED: TubeState.HANDED_OVER},
    # A laboratory that holds a tube holds it, whether or not the hand-over was written down.
    Move.RECEIVE: {TubeState.SEALED: TubeState.RECEIVED, TubeState.HANDED_OVER: TubeState.RECEIVED},
    # A result is a fact, whatever step before it nobody recorded.
    Move.CONCLUDE: {
        TubeState.OPEN: TubeState.RESULTED,
        TubeState.SEALED: TubeState.RESULTED,
        TubeState.HANDED_OVER: TubeState.RESULTED,
        TubeState.RECEIVED: TubeState.RESULTED,
    },
    # A tube with a result is not voided: what is wrong with the result is said beside it.
    Move.VOID: {
        TubeState.OPEN: TubeState.VOID,
        TubeState.SEALED: TubeState.VOID,
        TubeState.HANDED_OVER: TubeState.VOID,
        TubeState.RECEIVED: TubeState.VOID,
    },
}


def next_round_state(move: Move, state: str, name: str) -> RoundState:
    """The state after ``move``; raises RefusedError where the table has no such move."""
    return _next(ROUND, move, RoundState(state), "round", name)


def next_kit_state(move: Move, state: str, name: str) -> KitState:
    """As ``next_round_state``, for the kit ``name``."""
    return _next(KIT, move, KitState(state), "kit", name)


def next_tube_state(move: Move, state: str, code: str) -> TubeState:
    """As ``next_round_state``, for the tube ``code``."""
    return _next(TUBE, move, TubeState(state), "tube", code)


def _next(table: Mapping[Move, Mapping[State, State]], move: Move, state: State, what: str, name: str) -> State:
    after = table.get(move, {}).get(state)
    if after is None:
        raise RefusedError(f"{what}_{move}_from_{state}" if (what, move, state) in _SPECIAL else f"{what}_move",
                           name=name, move=_word(f"move.{move}"), state=_word(f"{what}_state.{state}"))  # fmt: skip
    return after


# Refusals that people meet often enough to deserve a sentence of their own.
_SPECIAL = {
    ("tube", Move.VOID, TubeState.RESULTED),
    ("tube", Move.HAND_OVER, TubeState.OPEN),
    ("tube", Move.RECEIVE, TubeState.OPEN),
}


def _word(key: str) -> str:
    return t(f"lab_testing.{key}")
