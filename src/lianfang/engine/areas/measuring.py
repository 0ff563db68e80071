"""The declared facts of an area at an instant, each with what is known of it: a value, a span of values, or nothing.

Days are calendar days: the day of the last infection is day 0. A count that may be higher, because somebody's
relation to the place is not known, is a span from what is certain to what is possible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import pyarrow as pa

from lianfang.engine.packs import Pack

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """At least ``low`` and at most ``high`` (None is open); ``since`` is the fact that it rests on."""

    low: float
    high: float | None
    since: datetime | None = None


def exactly(value: float, since: datetime | None = None) -> Known:
    return Known(float(value), float(value), since)


class KnownAreas:
    """The facts as they were known at ``as_of``, by place."""

    def __init__(self, tables: Mapping[str, pa.Table], pack: Pack, as_of: datetime) -> None:
        self.as_of = as_of
        self._pack = pack
        self.units = {row["place_id"]: row["unit"] for row in tables["places"].to_pylist()}
        self._ancestors: dict[int, list[int]] = defaultdict(list)
        for row in tables["place_ancestors"].to_pylist():
            self._ancestors[row["place_id"]].append(row["ancestor_id"])
        self._ranks = {each.level.id: each.level.rank for each in pack.levels_at(as_of)}
        excluded = set() if pack.areas is None else set(pack.areas.excluded_infections)
        infections = [row for row in self._seen(tables["infections"]) if row["excluded"] not in excluded]
        for row in infections:
            row["found_at"] = row["found_at"] or row["recorded_at"]
        self._infections = self._by_holder([row for row in infections if row["found_at"] <= as_of])
        self._measurements = self._by_place(self._seen(tables["measurements"]), "measured_at")
        self._rounds = self._by_place(self._seen(tables["rounds"]), "held_at")
        self._levels = [self._with_known_end(row) for row in self._seen(tables["area_levels"])]
        self._own_levels = self._by_place(self._levels, "from_at")
        self._levels_inside = self._by_holder([row for row in self._levels if self._is_in_force(row)])

    def _seen(self, table: pa.Table) -> list[Row]:
        rows: list[Row] = [row for row in table.to_pylist() if row["recorded_at"] <= self.as_of]
        return [row for row in rows if row.get("withdrawn_at") is None or row["withdrawn_at"] > self.as_of]

    def _by_holder(self, rows: list[Row]) -> dict[int, list[Row]]:
        """Rows by every place that holds theirs."""
        found: dict[int, list[Row]] = defaultdict(list)
        for row in rows:
            for holder in self._ancestors.get(row["place_id"], [row["place_id"]]):
                found[holder].append(row)
        return found

    def _by_place(self, rows: list[Row], instant: str) -> dict[int, list[Row]]:
        found: dict[int, list[Row]] = defaultdict(list)
        for row in rows:
            if row[instant] <= self.as_of:
                found[row["place_id"]].append(row)
        return found

    def _with_known_end(self, row: Row) -> Row:
        known = row["to_recorded_at"] or row["to_at"]
        return row | {"to_at": row["to_at"] if known is not None and known <= self.as_of else None}

    def _is_in_force(self, row: Row) -> bool:
        return bool(row["from_at"] <= self.as_of and (row["to_at"] is None or row["to_at"] > self.as_of))

    # ------------------------------------------------------------------ of one place

    def level_of(self, place: int) -> Row | None:
        """The strictest level in force on the place itself."""
        standing = [row for row in self._own_levels[place] if self._is_in_force(row) and row["level"] in self._ranks]
        return max(standing, key=lambda row: (self._ranks[row["level"]], row["from_at"], row["level_id"]), default=None)

    def known(self, place: int, level: str, fact: str, within_days: float | None) -> Known | None:
        """What is known of the fact, where a criterion of ``level`` asks for it; None for nothing."""
        reckon = _RECKONED.get(fact)
        if reckon is not None:
            return reckon(self, place, level, within_days)
        return self._measured(place, fact, within_days)

    def _counted(self, place: int, relations: tuple[str, ...], within_days: float | None) -> Known:
        rows = self._infections[place]
        if within_days is not None:
            first = datetime.combine(self.as_of.date() - timedelta(days=int(within_days) - 1), time())
            rows = [row for row in rows if row["found_at"] >= first]
        else:
            lowered = [row["to_at"] for row in self._own_levels[place] if row["to_at"] and row["to_at"] <= self.as_of]
            rows = [row for row in rows if not lowered or row["found_at"] > max(lowered)]
        certain = [row for row in rows if row["relation"] in relations or len(relations) > 1]
        possible = [row for row in rows if row["relation"] in (*relations, None) or len(relations) > 1]
        since = min((row["found_at"] for row in possible), default=None)
        return Known(float(len(certain)), float(len(possible)), since)

    def lives_here(self, place: int, _: str, within_days: float | None) -> Known:
        return self._counted(place, ("lives",), within_days)

    def stayed_here(self, place: int, _: str, within_days: float | None) -> Known:
        return self._counted(place, ("stayed",), within_days)

    def new_infections(self, place: int, _: str, within_days: float | None) -> Known:
        return self._counted(place, ("lives", "stayed"), within_days)

    def day_0(self, place: int) -> datetime | None:
        """The last infection; without one the beginning of the level in force."""
        infections = [row["found_at"] for row in self._infections[place]]
        level = self.level_of(place)
        return max(infections) if infections else (level["from_at"] if level else None)

    def days_without_infection(self, place: int, _: str, __: float | None) -> Known | None:
        return self._days_since(self.day_0(place))

    def days_in_level(self, place: int, _: str, __: float | None) -> Known | None:
        level = self.level_of(place)
        return self._days_since(level["from_at"] if level else None)

    def _days_since(self, instant: datetime | None) -> Known | None:
        return None if instant is None else exactly((self.as_of.date() - instant.date()).days, instant)

    def _rounds_of(self, place: int) -> list[Row]:
        """Rounds of the place, and of whatever holds it, the latest first."""
        rows = [row for holder in self._ancestors.get(place, [place]) for row in self._rounds[holder]]
        return sorted(rows, key=lambda row: (row["held_at"], row["round_id"]), reverse=True)

    @staticmethod
    def is_clean(row: Row) -> bool | None:
        """Whether everybody was negative; None while results are out or numbers are missing."""
        if row["positive"]:
            return False
        if row["positive"] is None or row["expected"] is None or row["negative"] is None:
            return None
        return True if row["negative"] >= row["expected"] else None

    def clean_round_day(self, place: int, _: str, __: float | None) -> Known | None:
        """The day, counted from day 0, of the latest round in which everybody was negative."""
        start = self.day_0(place)
        if start is None:
            return None
        rows = [row for row in self._rounds_of(place) if row["held_at"].date() > start.date()]
        if not rows:
            return None
        clean = next((row for row in rows if self.is_clean(row)), None)
        maybe = next((row for row in rows if self.is_clean(row) is not False), None)
        days = [0.0 if row is None else float((row["held_at"].date() - start.date()).days) for row in (clean, maybe)]
        return Known(days[0], max(days), rows[0]["held_at"] if clean is None else clean["held_at"])

    def days_since_clean_round(self, place: int, _: str, __: float | None) -> Known | None:
        clean = next((row for row in self._rounds_of(place) if self.is_clean(row)), None)
        return self._days_since(None if clean is None else clean["held_at"])

    def clean_rounds(self, place: int, _: str, __: float | None) -> Known | None:
        """Rounds one after the other, up to the latest, in which everybody was negative."""
        rows = self._rounds_of(place)
        if not rows:
            return None
        verdicts = [self.is_clean(row) for row in rows]
        certain = next((n for n, clean in enumerate(verdicts) if clean is not True), len(rows))
        possible = next((n for n, clean in enumerate(verdicts) if clean is False), len(rows))
        return Known(float(certain), float(possible), rows[0]["held_at"])

    def _county(self, place: int) -> int | None:
        holders = self._ancestors.get(place, [place])
        return next((each for each in holders if self.units.get(each) == "county"), None)

    def _higher_in_county(self, place: int, level: str) -> tuple[int | None, list[Row]]:
        county = self._county(place)
        rows = [] if county is None else self._levels_inside[county]
        return county, [row for row in rows if self._ranks.get(row["level"], -1) > self._ranks[level]]

    def in_county_of_higher(self, place: int, level: str, _: float | None) -> Known | None:
        county, higher = self._higher_in_county(place, level)
        return None if county is None else exactly(bool(higher), min((r["from_at"] for r in higher), default=None))

    def higher_lifted(self, place: int, level: str, _: float | None) -> Known | None:
        county, higher = self._higher_in_county(place, level)
        return None if county is None else exactly(not higher, max((r["from_at"] for r in higher), default=None))

    def last_contact(self, place: int, _: str, __: float | None) -> Known | None:
        """Measured as the day of the last contact's last exposure: ``measured_at``."""
        row = self._latest(place, "days_since_last_contact")
        return None if row is None else self._days_since(row["measured_at"])

    def _latest(self, place: int, fact: str) -> Row | None:
        rows = [row for row in self._measurements[place] if row["fact"] == fact]
        return max(rows, key=lambda row: (row["measured_at"], row["recorded_at"], row["measurement_id"]), default=None)

    def _measured(self, place: int, fact: str, within_days: float | None) -> Known | None:
        if within_days is not None:
            first = datetime.combine(self.as_of.date() - timedelta(days=int(within_days) - 1), time())
            rows = [row for row in self._measurements[place] if row["fact"] == fact and row["measured_at"] >= first]
            if not rows or any(row["number"] is None for row in rows):
                return None
            return exactly(sum(row["number"] for row in rows), min(row["measured_at"] for row in rows))
        row = self._latest(place, fact)
        return None if row is None or row["number"] is None else exactly(row["number"], row["measured_at"])


_RECKONED: Mapping[str, Callable[[KnownAreas, int, str, float | None], Known | None]] = {
    "lives_here_infected": KnownAreas.lives_here,
    "stayed_here_infected": KnownAreas.stayed_here,
    "new_infections": KnownAreas.new_infections,
    "days_without_infection": KnownAreas.days_without_infection,
    "days_in_level": KnownAreas.days_in_level,
    "round_all_negative_on_day": KnownAreas.clean_round_day,
    "days_since_clean_round": KnownAreas.days_since_clean_round,
    "clean_rounds": KnownAreas.clean_rounds,
    "days_since_last_contact": KnownAreas.last_contact,
    "is_in_the_county_of_a_higher_level": KnownAreas.in_county_of_higher,
    "all_higher_levels_lifted": KnownAreas.higher_lifted,
}
