"""What a device warns of before a swab is booked, and why a tube cannot be sealed. Twin: ``js/rules/tube.js``.

The codes are those of lab_testing's SampleWarning. A warning asks; what was swabbed all the same has happened.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TubeInHand:
    """``count``: swabs bound to it; ``building`` None: not bound to one; ``households``: of those who are in it."""

    capacity: int
    count: int
    is_household: bool = False
    building: int | None = None
    households: Collection[int | str | None] = ()


@dataclass(frozen=True, slots=True)
class PersonInFront:
    """``sampled_in``: the code of another tube of the round; ``state`` missing, sampled, exempt or away."""

    household: int | str | None = None
    building: int | None = None
    state: str = "missing"
    sampled_in: str | None = None
    is_expected: bool = True


def remaining(tube: TubeInHand) -> int | None:
    """How many more it takes; None for a household's tube."""
    return None if tube.is_household else max(0, tube.capacity - tube.count)


def tube_warnings(tube: TubeInHand, person: PersonInFront) -> list[str]:
    """What is unusual about this person in this tube, always in this order."""
    found = {
        "over_full": not tube.is_household and tube.count >= tube.capacity,
        "twice_sampled": bool(person.sampled_in),
        "wrong_building": bool(tube.building and person.building and tube.building != person.building),
        "mixed_households": tube.is_household and any(one != person.household for one in tube.households),
        "not_on_roster": not person.is_expected,
        "exempt_but_sampled": person.state == "exempt",
        "away_but_sampled": person.state == "away",
    }
    return [code for code, is_so in found.items() if is_so]


def seal_trouble(tube: TubeInHand, counted: int) -> str | None:
    """Why a tube with so many counted by hand cannot be sealed as it is; None where it can."""
    if not tube.count:
        return "empty"
    if counted != tube.count:
        return "too_many" if counted > tube.count else "too_few"
    return "over_full" if not tube.is_household and counted > tube.capacity else None
