# ruff: noqa: E501
"""How long a hold lasts: asked of whoever knows the policy in force; without an answer the engine's default, unverified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from lianfang.engine.rounds.contract import RoundSettings


@dataclass(frozen=True, slots=True)
class HoldTerms:
    """``at_most`` from the report of the positive result; ``is_verified``: a published limit stands behind it."""

    at_most: timedelta
    is_verified: bool


Provider = Callable[[int, datetime], HoldTerms | None]

# No published limit was found (dossier §2, "Positive pool"); the same number as in `lianfang reconcile`.
DEFAULT = HoldTerms(RoundSettings(as_of=datetime(2020, 1, 1)).hold_at_most, is_verified=False)
_providers: list[Provider] = []


def register_hold_terms(provider: Provider) -> None:
    """``provider(township_id, at)`` gives the terms of the policy in force, or None where it says nothing."""
    if provider not in _providers:
        _providers.append(provider)


def hold_terms(township_id: int, at: datetime) -> HoldTerms:
    """The terms of the first provider that has any, else the default."""
    for provider in _providers:
        found = provider(township_id, at)
        if found is not None:
            return found
    return DEFAULT
