"""What a noted reason means for a round: exempt, away, still missing, or not known."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal, cast

import pyarrow as pa

ReasonKind = Literal["missing", "away", "exempt"]


@cache
def _words() -> tuple[tuple[ReasonKind, tuple[str, ...]], ...]:
    with files(__package__).joinpath("reasons.toml").open("rb") as file:
        content = tomllib.load(file)
    return tuple((cast(ReasonKind, kind), tuple(entry["words"])) for kind, entry in content.items())


def reason_kind(reason: str) -> ReasonKind | None:
    """Tell what a reason excuses; None where its words are not known.

    A refusal or an empty flat ("拒检", "敲门无人") excuses nothing, whatever list it stands in.
    """
    folded = reason.casefold()
    for kind, words in _words():
        if any(word in folded for word in words):
            return kind
    return None


def reason_kinds(reasons: Iterable[str]) -> pa.Table:
    """A table ``reason``, ``kind`` with one row per distinct reason."""
    distinct = sorted(set(reasons))
    return pa.table(
        {
            "reason": pa.array(distinct, pa.string()),
            "kind": pa.array([reason_kind(reason) for reason in distinct], pa.string()),
        }
    )
