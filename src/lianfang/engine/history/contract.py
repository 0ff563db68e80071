"""What a history holds, and the JSON of it (docs/guides/policy-history.md describes every name).

Counts of people are keyed by codes; words are made of them where they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

FORMAT = "lianfang-policy-history"
VERSION = 1
STATUSES = ("green", "unknown", "yellow", "red")


@dataclass(frozen=True, slots=True)
class RuleCount:
    """People whom one rule decides about, for one reason."""

    status: str
    rule: str
    reason: str
    people: int


@dataclass(frozen=True, slots=True)
class Day:
    """Everybody at one instant.

    ``begun`` and ``ended`` are people who are restricted (yellow, red) and were not the day before, and the other way
    round, by rule; the first day has none. ``faults`` are restricted people without reason, evidence, end or place to
    object, and people without exactly one decision: nobody, or the engine is wrong.
    """

    at: datetime
    pack: str
    people: int
    statuses: Mapping[str, int]
    rules: Sequence[RuleCount]
    begun: Mapping[str, int]
    ended: Mapping[str, int]
    delta: Mapping[str, int]
    worse: int
    tests: Mapping[str, int]
    faults: int
    facts: Mapping[str, int] = field(default_factory=dict)
    levels: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Move:
    """People whom both packs decide about differently at the same instant with the same facts, and why.

    ``earlier_end`` and ``later_end`` are people restricted by both, whose restriction ends by itself at another time.
    ``why`` are differences between the packs (``engine.packs.differences``) that bear on it, at least one.
    """

    status_before: str
    rule_before: str
    status: str
    rule: str
    people: int
    earlier_end: int
    later_end: int
    why: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Lived:
    """Exposures or orders that stood when the pack changed, and what became of them.

    ``outcome`` is ended, shortened, unchanged or lengthened; stages are of that moment, None where none is. ``days`` is
    the sum of the days of restriction that fell away (below 0: that were added).
    """

    what: str
    opened_under: str
    code: str
    stage_before: str | None
    stage: str | None
    outcome: str
    count: int
    days: float


@dataclass(frozen=True, slots=True)
class Change:
    """One pack in the place of another: both asked at the same instant about the same facts."""

    before: str
    after: str
    starts_at: datetime
    compared_at: datetime
    transition: str
    people: int
    statuses_before: Mapping[str, int]
    statuses: Mapping[str, int]
    freed: int
    newly_restricted: int
    moves: Sequence[Move]
    unexplained: int
    lived: Sequence[Lived]


@dataclass(frozen=True, slots=True)
class Spell:
    """Days on which one person's decision was the same: from the first to the last, both included."""

    first_on: date
    last_on: date
    status: str
    rule: str
    reason: str
    params: Mapping[str, Any]
    since: datetime | None
    until: datetime | None
    next_step: str
    appeal: str | None
    pack: str
    opened_under: Sequence[str]


@dataclass(frozen=True, slots=True)
class Life:
    """One person's days; ``story`` says who it is, where the facts are invented ones."""

    person: int
    story: str
    spells: Sequence[Spell]


@dataclass(frozen=True, slots=True)
class History:
    """A replay. ``made`` is how the facts came to be and how long it took."""

    made: Mapping[str, Any]
    packs: Sequence[Mapping[str, Any]]
    days: Sequence[Day]
    changes: Sequence[Change]
    lives: Sequence[Life]

    def as_json(self) -> dict[str, Any]:
        return {"format": FORMAT, "version": VERSION, **_plain(asdict(self))}


def _plain(value: Any) -> Any:
    """Days and instants as text, everything else as it is."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
