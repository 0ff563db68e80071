"""The earliest day on which a level could be lowered, if nothing happens and everything that people do goes well.

Days pass by themselves; a round with everybody negative may be held on any day; what is judged or measured may turn out
well. A count of infections without a window does not fall by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lianfang.engine.packs.facts import AREA_FACTS
from lianfang.engine.packs.guards import Guard

FURTHEST = 90
_PASSING = frozenset(("days_without_infection", "days_in_level", "days_since_last_contact"))
_ROUNDS = frozenset(("round_all_negative_on_day", "days_since_clean_round", "clean_rounds"))
_COUNTED = frozenset(
    ("lives_here_infected", "stayed_here_infected", "new_infections", "neighbour_places_infected",
     "hospitalised_or_dead")
)  # fmt: skip
_NEED_PEOPLE = frozenset(AREA_FACTS) - _PASSING - _COUNTED
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """``in_days`` from today, 0 is today; None where no day within ``FURTHEST`` would do.

    ``way`` are the comparisons that hold on that day, of several ways the one that needs the fewest of ``needs``: facts
    that somebody has to bring about or find out by then, a round, a judgement, a measurement.
    """

    in_days: int | None
    needs: tuple[str, ...]
    way: tuple[Guard, ...] = ()

    def is_asked(self, row: Row) -> bool:
        """Whether a criterion, as ``assess`` gave it, is on the way."""
        return any((one.fact, wanted_as_text(one)) == (row["fact"], row["wanted"]) for one in self.way)


def wanted_as_text(one: Guard) -> str:
    """What a comparison asks, as the criteria say it."""
    bounds = {"at_least": one.at_least, "at_most": one.at_most, "is": one.is_, "within_days": one.within_days}
    return json.dumps({name: bound for name, bound in bounds.items() if bound is not None})


def foresee_lowering(guard: Guard | None, criteria: Iterable[Row]) -> Foreseen:
    """``guard`` is a level's condition to be lowered, with numbers; ``criteria`` its comparisons as ``assess`` gave
    them, for one place. A level without a condition is not lowered by its pack."""
    if guard is None:
        return Foreseen(None, ())
    best = _Best(criteria)
    in_days = next((day for day in range(FURTHEST + 1) if best.may_hold(guard, day)), None)
    if in_days is None:
        return Foreseen(None, ())
    way = best.way(guard, in_days)
    needs = [str(one.fact) for one in way if one.fact in _NEED_PEOPLE and not best.is_met(one)]
    return Foreseen(in_days, tuple(dict.fromkeys(needs)), tuple(way))


class _Best:
    """What each comparison can come to in so many days."""

    def __init__(self, criteria: Iterable[Row]) -> None:
        self._rows = {(row["fact"], row["wanted"]): row for row in criteria if row["fact"] is not None}
        self._low = {row["fact"]: row["value"] for row in self._rows.values()}

    def may_hold(self, guard: Guard, day: int) -> bool:
        parts = [] if guard.fact is None else [self._may(guard, day)]
        if guard.all_ is not None:
            parts.append(all(self.may_hold(part, day) for part in guard.all_))
        if guard.any_ is not None:
            parts.append(any(self.may_hold(part, day) for part in guard.any_))
        if guard.not_ is not None:
            parts.append(self._may_fail(guard.not_))
        return all(parts)

    def way(self, guard: Guard, day: int) -> list[Guard]:
        """The comparisons of one way in which the condition may hold on that day: of several the one that leaves people
        the least to do."""
        found = [] if guard.fact is None else [guard]
        for part in guard.all_ or ():
            found += self.way(part, day)
        if guard.any_ is not None:
            ways = [self.way(part, day) for part in guard.any_ if self.may_hold(part, day)]
            least: list[Guard] = min(ways, key=self._to_do, default=[])
            found += least
        if guard.not_ is not None:
            found += list(guard.not_.comparisons())
        return found

    def _to_do(self, way: list[Guard]) -> int:
        return sum(one.fact in _NEED_PEOPLE and not self.is_met(one) for one in way)

    def is_met(self, guard: Guard) -> bool:
        row = self._row(guard)
        return row is not None and row["outcome"] == "met"

    def _row(self, guard: Guard) -> Row | None:
        return self._rows.get((guard.fact, wanted_as_text(guard)))

    def _may_fail(self, guard: Guard) -> bool:
        """Whether what is negated may turn out not to hold: only what people bring about is taken to be able to."""
        return all(one.fact in _NEED_PEOPLE or not self.is_met(one) or one.within_days for one in guard.comparisons())

    def _may(self, guard: Guard, day: int) -> bool:
        if self.is_met(guard):
            return guard.at_most is None or guard.fact not in _PASSING
        if guard.fact in _NEED_PEOPLE - _ROUNDS or guard.fact is None:
            return True
        best = self._reached(guard, day)
        if best is None:
            return False
        return (guard.at_least is None or best >= float(guard.at_least)) and (
            guard.at_most is None or best <= float(guard.at_most)
        )

    def _reached(self, guard: Guard, day: int) -> float | None:
        """The value on that day if all goes well; None where it cannot be told."""
        row, fact = self._row(guard), str(guard.fact)
        low = None if row is None else row["value"]
        quiet = self._low.get("days_without_infection")
        if fact in _PASSING:
            return None if low is None else low + day
        if fact == "round_all_negative_on_day":
            # A round on that very day, counted from the last infection.
            since = quiet if quiet is not None else self._low.get("days_in_level")
            return float(day) if since is None else since + day
        if fact == "clean_rounds":
            known = 0.0 if row is None else row["value_at_most"] or row["value"] or 0.0
            return float(known) + day
        if fact == "days_since_clean_round":
            return float(day if low is None else low + day)
        if guard.within_days is not None and quiet is not None and quiet + day >= float(guard.within_days):
            return 0.0
        return None if low is None else float(low)
