"""The levels of a pack against the facts of areas: each criterion met, not met or unknown, and what is proposed.

Nothing is drawn, raised or lowered by itself: a proposal is for people to decide.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pyarrow as pa

from lianfang.engine.areas.contract import CRITERIA, PROPOSALS, AreaAssessment, AreaFacts
from lianfang.engine.areas.measuring import Known, KnownAreas
from lianfang.engine.packs import Pack
from lianfang.engine.packs.areas import UNIT_SIZE
from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.standing import LevelInForce

_WORD = {True: "met", False: "not_met", None: "unknown"}
Row = dict[str, Any]


def assess(facts: AreaFacts, pack: Pack, as_of: datetime) -> AreaAssessment:
    """Every place of ``facts.places`` against every level that suits its unit, with what was known at ``as_of``.

    Raises ``NotInForceError`` where the pack is not in force then.
    """
    levels = pack.levels_at(as_of)
    known = KnownAreas(facts.conformed(), pack, as_of)
    criteria: list[Row] = []
    proposals = []
    for place in sorted(known.units):
        assessed = _Place(known, place, _suiting(levels, known.units[place]))
        criteria += assessed.criteria
        proposals.append(assessed.proposal())
    return AreaAssessment(
        criteria=pa.Table.from_pylist(criteria, schema=CRITERIA.schema),
        proposals=pa.Table.from_pylist(proposals, schema=PROPOSALS.schema),
    )


def _suiting(levels: Iterable[LevelInForce], unit: str | None) -> list[LevelInForce]:
    size = UNIT_SIZE.get(unit or "")
    return [each for each in levels if size is None or UNIT_SIZE[each.level.unit] == size]


class _Place:
    """One place: the outcome of every condition, and the proposal that follows."""

    def __init__(self, known: KnownAreas, place: int, levels: list[LevelInForce]) -> None:
        self._known = known
        self._place = place
        self._levels = levels
        self.criteria: list[Row] = []
        self._outcomes: dict[tuple[str, str], tuple[bool | None, list[Row]]] = {}
        for level in levels:
            for direction, guard in (("enter", level.enter_when), ("lower", level.lower_when)):
                if guard is not None:
                    self._condition(level.level.id, direction, guard)

    def _condition(self, level: str, direction: str, guard: Guard) -> None:
        rows: list[Row] = []
        outcome = self._judged(level, guard, rows)
        missing = next((row["missing"] for row in rows if row["missing"]), None) if outcome is None else None
        whole = {"position": 0, "wanted": "{}", "outcome": _WORD[outcome], "missing": missing}
        named = {"place_id": self._place, "level": level, "direction": direction}
        self._outcomes[level, direction] = (outcome, rows)
        self.criteria += [named | whole, *(named | row | {"position": n} for n, row in enumerate(rows, 1))]

    def _judged(self, level: str, guard: Guard, rows: list[Row]) -> bool | None:
        """Kleene's value; every comparison is looked at, and noted in ``rows`` as written."""
        parts: list[bool | None] = []
        if guard.fact is not None:
            parts.append(self._compared(level, guard, rows))
        if guard.all_:
            parts.append(_all([self._judged(level, part, rows) for part in guard.all_]))
        if guard.any_:
            parts.append(_not(_all([_not(self._judged(level, part, rows)) for part in guard.any_])))
        if guard.not_ is not None:
            parts.append(_not(self._judged(level, guard.not_, rows)))
        return _all(parts)

    def _compared(self, level: str, guard: Guard, rows: list[Row]) -> bool | None:
        fact = str(guard.fact)
        within = guard.within_days
        known = self._known.known(self._place, level, fact, None if within is None else float(within))
        outcome = None if known is None else _holds(known, guard)
        bounds = {"at_least": guard.at_least, "at_most": guard.at_most, "is": guard.is_, "within_days": within}
        rows.append(
            {
                "fact": fact,
                "wanted": json.dumps({name: bound for name, bound in bounds.items() if bound is not None}),
                "outcome": _WORD[outcome],
                "value": None if known is None else known.low,
                "value_at_most": None if known is None else known.high,
                "since": None if known is None else known.since,
                "missing": fact if outcome is None else None,
            }
        )
        return outcome

    def proposal(self) -> Row:
        standing = self._known.level_of(self._place)
        current = next((each for each in self._levels if standing and each.level.id == standing["level"]), None)
        rank = 0 if current is None else current.level.rank
        row: Row = {
            "place_id": self._place,
            "level": standing["level"] if standing else None,
            "level_id": standing["level_id"] if standing else None,
            "since": standing["from_at"] if standing else None,
            "is_unverified": current is not None and current.is_unverified,
            "not_yet": [],
            "missing": [],
        }
        higher = [each for each in self._levels if each.level.rank > rank and self._entering(each) is not False]
        called_for = next((each for each in higher if self._entering(each)), None)
        if called_for is not None:
            action = "draw" if standing is None else "raise"
            unverified = called_for.is_unverified
            return row | {"action": action, "proposed": called_for.level.id, "is_unverified": unverified}
        if current is not None and current.level.rank > 0:
            outcome, rows = self._outcomes.get((current.level.id, "lower"), (None, []))
            if outcome:
                return row | self._lowered(current)
            row["not_yet"] = _facts(rows, "not_met")
            row["missing"] = _facts(rows, "unknown")
        elif higher:
            rows = self._outcomes[higher[0].level.id, "enter"][1]
            return row | {"action": "decide", "proposed": higher[0].level.id, "missing": _facts(rows, "unknown")}
        return row | {"action": "keep", "proposed": row["level"]}

    def _entering(self, level: LevelInForce) -> bool | None:
        return self._outcomes.get((level.level.id, "enter"), (False, []))[0]

    def _lowered(self, current: LevelInForce) -> Row:
        ranks = {each.level.id: each.level.rank for each in self._levels}
        following = current.level.next
        # A level of another unit, or the base, is no level of this place any more.
        is_lifted = following is None or ranks.get(following, 0) == 0
        return {"action": "lift" if is_lifted else "lower", "proposed": following}


def _holds(known: Known, guard: Guard) -> bool | None:
    """Whether every value that is possible fits (True), none does (False), or some do (None)."""
    if isinstance(guard.is_, bool):
        return None if known.low != known.high else known.low == float(guard.is_)
    verdicts: list[bool | None] = []
    if guard.at_least is not None:
        bound = float(guard.at_least)
        verdicts.append(True if known.low >= bound else None if known.high is None or known.high >= bound else False)
    if guard.at_most is not None:
        bound = float(guard.at_most)
        is_below = known.high is not None and known.high <= bound
        verdicts.append(True if is_below else None if known.low <= bound else False)
    return _all(verdicts)


def _all(parts: list[bool | None]) -> bool | None:
    if any(part is False for part in parts):
        return False
    return None if any(part is None for part in parts) else True


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _facts(rows: Iterable[Row], outcome: str) -> list[str]:
    return list(dict.fromkeys(row["fact"] for row in rows if row["outcome"] == outcome))
