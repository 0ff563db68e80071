"""What the facts call for: each criterion of each level of a place, what may be lowered today, and from when on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from lianfang.domains.areas.engine_adapter import facts_about, local, unit_of
from lianfang.domains.policy.selectors import pack_for, packs_by_community
from lianfang.domains.registry.models import Place
from lianfang.engine.areas import Foreseen, assess, foresee_lowering
from lianfang.engine.packs import Pack
from lianfang.engine.packs.areas import UNIT_SIZE
from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.standing import LevelInForce
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as

# Where a pack's own conditions name no days, a level that restricts people is looked at again after so many. No source
# names a number: unverified (docs/decisions/0022).
REVIEW_DAYS = 7
NOT_FORESEEN = Foreseen(None, ())
Row = Mapping[str, Any]
_DAYS = frozenset(("days_without_infection", "days_in_level", "days_since_last_contact", "round_all_negative_on_day"))


@dataclass(frozen=True, slots=True)
class Assessed:
    """One place by the pack in force there at ``at``. ``pack`` is None, and the rest empty, where no rules are in
    force or the place is of no size that they draw areas in."""

    place: Place
    at: datetime
    pack: Pack | None
    levels: tuple[LevelInForce, ...] = ()
    criteria: tuple[Row, ...] = ()
    proposal: Row = field(default_factory=dict)
    foreseen: Foreseen = NOT_FORESEEN

    @property
    def is_assessed(self) -> bool:
        return bool(self.levels)

    @property
    def current(self) -> LevelInForce | None:
        """The level in force, as the pack in force knows it."""
        return self.level(self.proposal.get("level"))

    @property
    def earliest_on(self) -> date | None:
        """The first day on which the level could be lowered if all goes well; None without a level, or for none."""
        if self.current is None or self.foreseen.in_days is None:
            return None
        return timezone.localtime(self.at).date() + timedelta(days=self.foreseen.in_days)

    @property
    def may_be_lowered(self) -> bool:
        return self.proposal.get("action") in ("lower", "lift")

    def level(self, name: str | None) -> LevelInForce | None:
        return next((one for one in self.levels if one.level.id == name), None)

    def outcome(self, level: str, direction: str) -> str:
        """met, not_met or unknown; unknown where the pack says nothing."""
        return next((row["outcome"] for row in self._of(level, direction) if row["position"] == 0), "unknown")

    def comparisons(self, level: str, direction: str) -> list[Row]:
        return [row for row in self._of(level, direction) if row["position"]]

    def _of(self, level: str, direction: str) -> list[Row]:
        return [row for row in self.criteria if (row["level"], row["direction"]) == (level, direction)]

    def as_evidence(self, levels: Iterable[str]) -> dict[str, Any]:
        """The state of the criteria of some levels, as it is kept with a proposal."""
        named = set(levels)
        rows = [{**row, "since": _text(row["since"])} for row in self.criteria if row["level"] in named]
        return {
            "at": self.at.isoformat(), "pack": self.pack.id if self.pack else "",
            "version": self.pack.version if self.pack else 0, "criteria": rows,
            "action": self.proposal.get("action", ""), "proposed": self.proposal.get("proposed"),
        }  # fmt: skip


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def assess_places(places: Sequence[Place], now: datetime) -> dict[int, Assessed]:
    """Every place by the pack in force there. Reads as the system: what is counted is of everybody inside, and only
    counts come out; whom to show them is the caller's to check."""
    with acting_as(system_actor("areas")):
        found: dict[int, Assessed] = {}
        for pack, some in _by_pack(places, now):
            found |= _assessed(pack, some, now)
        return found


def _by_pack(places: Sequence[Place], now: datetime) -> list[tuple[Pack | None, list[Place]]]:
    communities = {place.community_id for place in places if place.community_id is not None}
    by_community = packs_by_community(communities, now) if communities else {}
    groups: dict[str, tuple[Pack | None, list[Place]]] = {}
    for place in places:
        pack = by_community[place.community_id] if place.community_id is not None else pack_for(place, now)
        groups.setdefault("" if pack is None else pack.digest, (pack, []))[1].append(place)
    return list(groups.values())


def _assessed(pack: Pack | None, places: list[Place], now: datetime) -> dict[int, Assessed]:
    moment = local(now)
    assert moment is not None
    if pack is None or not pack.is_in_force(moment):
        return {place.pk: Assessed(place, now, None) for place in places}
    levels = pack.levels_at(moment)
    suiting = {place.pk: suiting_levels(levels, place) for place in places}
    judged = [place for place in places if suiting[place.pk]]
    if not judged:
        return {place.pk: Assessed(place, now, pack) for place in places}
    answer = assess(facts_about(judged, now), pack, moment)
    criteria: dict[int, list[Row]] = defaultdict(list)
    for row in answer.criteria.to_pylist():
        criteria[row["place_id"]].append(row)
    proposals = {row["place_id"]: row for row in answer.proposals.to_pylist()}
    return {
        place.pk: Assessed(
            place, now, pack, suiting[place.pk], tuple(criteria[place.pk]), proposals.get(place.pk, {}),
            _foreseen(suiting[place.pk], criteria[place.pk], proposals.get(place.pk, {}).get("level")),
        )
        for place in places
    }  # fmt: skip


def suiting_levels(levels: Iterable[LevelInForce], place: Place) -> tuple[LevelInForce, ...]:
    """The levels that are drawn in places of this size."""
    unit = unit_of(place)
    if unit is None:
        return ()
    return tuple(one for one in levels if UNIT_SIZE[one.level.unit] == UNIT_SIZE[unit])


def _foreseen(levels: Iterable[LevelInForce], criteria: Iterable[Row], name: str | None) -> Foreseen:
    current = next((one for one in levels if one.level.id == name), None)
    if current is None:
        return NOT_FORESEEN
    rows = [row for row in criteria if row["level"] == name and row["direction"] == "lower"]
    return foresee_lowering(current.lower_when, rows)


def is_restrictive(level: LevelInForce) -> bool:
    """Whether a level keeps anybody from moving freely, or says something about people's statuses."""
    return level.level.movement != "free" or level.level.status_rule is not None


def latest_review(level: LevelInForce, starts_at: datetime) -> datetime | None:
    """When a level that began then must have been looked at again: the midnight after the longest span of days that
    the pack's own condition asks for; None for a level that restricts nobody."""
    if not is_restrictive(level):
        return None
    days = max(_days_asked(level.lower_when), default=REVIEW_DAYS)
    first = timezone.localtime(starts_at).date() + timedelta(days=days + 1)
    return timezone.make_aware(datetime(first.year, first.month, first.day))


def _days_asked(guard: Guard | None) -> list[int]:
    if guard is None:
        return []
    bounds = (one.at_least for one in guard.comparisons() if one.fact in _DAYS)
    return [int(bound) for bound in bounds if isinstance(bound, int | float) and bound > 0]
