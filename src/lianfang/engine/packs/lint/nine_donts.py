"""The nine don'ts (九不准, 2022-06-05) that rules as data can be held against: a pack against the one before it, or
a layer against the pack that it is set over.

Source: notice of 2022-06-05, reprinted (grade B). They were written for COVID-19; a pack of another disease is
held against them as well, because each asks the same: is more done to people than the rules above ask? What is
answered is what the pack does by itself: an order that somebody gives by hand is not in it. What a pack does not say
(who is turned away at a hospital's door, where a checkpoint stands) cannot be read from it, and is answered with
``undecided`` and what is not said, never with ``kept``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from lianfang.engine.packs.areas import UNIT_SIZE
from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.lint.categories import HOLDING
from lianfang.engine.packs.model import RESTRICTIVE
from lianfang.engine.packs.pack import Pack
from lianfang.engine.packs.standing import CategoryInForce, LevelInForce

Outcome = Literal["kept", "broken", "undecided"]

# Measures by name that restrict where people go, or close what they live by; other names are not known here.
TRAVEL_MEASURES = frozenset(
    {"leave_city_with_certificate", "enter_with_certificate", "stay_in_area", "closed_area", "stay_home"}
)
CLOSING_MEASURES = frozenset({"close_premises", "close_markets", "suspend_class", "stop_work", "stop_transport"})
# Measures by name of which it is known that they neither hold anybody nor close anything.
OPEN_MEASURES = frozenset(
    {
        "avoid_gathering", "care_is_open", "clear_water_100m", "clear_water_weekly", "deliver_to_door",
        "emergency_spraying", "fire_exits_open", "limit_gathering", "no_gathering", "personal_protection",
        "publish_index", "report_cluster", "routine_control", "spray_twice_daily", "staggered_pickup",
    }
)  # fmt: skip
CARE_IS_OPEN = "care_is_open"
_LOW_RISK = ("from_low_risk_county",)


@dataclass(frozen=True, slots=True)
class Finding:
    """What speaks against a don't: a code with parameters; the words are texts under ``pack.dont_found``."""

    code: str
    values: tuple[tuple[str, str | int | float], ...]

    @property
    def params(self) -> dict[str, str | int | float]:
        return dict(self.values)


def _found(code: str, **values: str | float) -> Finding:
    return Finding(code, tuple(values.items()))


@dataclass(frozen=True, slots=True)
class DontAnswer:
    """One of the nine: kept, broken (with what), or not to be decided from a pack (with what it does not say)."""

    number: int
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    unsaid: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Compared:
    """A pack at an instant, and what it is held against at its own."""

    pack: Pack
    at: datetime
    base: Pack | None
    base_at: datetime

    def levels(self) -> tuple[LevelInForce, ...]:
        return self.pack.levels_at(self.at)

    def base_levels(self) -> Mapping[str, LevelInForce]:
        return {} if self.base is None else {one.level.id: one for one in self.base.levels_at(self.base_at)}

    def categories(self) -> Mapping[str, CategoryInForce]:
        return dict(self.pack.categories_at(self.at).items())

    def base_categories(self) -> Mapping[str, CategoryInForce]:
        return {} if self.base is None else dict(self.base.categories_at(self.base_at).items())


def nine_donts(pack: Pack, base: Pack | None) -> tuple[DontAnswer, ...]:
    """The nine answers for every moment of ``pack`` at which a value changes.

    ``base`` is the pack without its layers, or the one that it supersedes; where there is none, only what can
    be said of ``pack`` alone is broken, and what needs a comparison is undecided.
    """
    found: dict[int, dict[Finding, None]] = {number: {} for number in _CHECKS}
    unsaid: dict[int, dict[Finding, None]] = {number: {} for number in _CHECKS}
    for at in pack.moments():
        compared = _Compared(pack, at, base, at if base is None else _nearest(base, at))
        for number, check in _CHECKS.items():
            found[number].update(dict.fromkeys(check(compared)))
        for number, asks in _UNSAID.items():
            unsaid[number].update(dict.fromkeys(asks(compared)))
    return tuple(
        DontAnswer(number, _outcome(number, bool(found[number]), bool(unsaid[number]), base), tuple(found[number]),
                   () if found[number] else tuple(unsaid[number]))
        for number in _CHECKS
    )  # fmt: skip


def _outcome(number: int, is_broken: bool, is_unsaid: bool, base: Pack | None) -> Outcome:
    if is_broken:
        return "broken"
    if is_unsaid or number in _NEVER_IN_A_PACK or (number in _NEEDS_BASE and base is None):
        return "undecided"
    return "kept"


def _nearest(base: Pack, at: datetime) -> datetime:
    """``at`` where the base is in force then, else its last moment or its first."""
    effective = base.manifest.effective
    if at < effective.from_:
        return effective.from_
    if effective.to is not None and at >= effective.to:
        return effective.to - timedelta(seconds=1)
    return at


def _travel(given: _Compared) -> Iterable[Finding]:
    """1: restrictions of travel beyond medium and high areas; a larger unit is such an extension."""
    base = given.base_levels()
    for one in given.levels():
        level, before = one.level, base.get(one.level.id)
        if level.rank == 0 and level.movement in HOLDING:
            yield _found("travel_held_in_low", level=level.id, movement=level.movement)
        if level.rank == 0 and before is not None:
            for measure in sorted(TRAVEL_MEASURES & set(level.measures) - set(before.level.measures)):
                yield _found("travel_measure_in_low", level=level.id, measure=measure)
        if before is not None and level.rank > 0 and UNIT_SIZE[level.unit] > UNIT_SIZE[before.level.unit]:
            yield _found("unit_larger", level=level.id, unit=level.unit, before=before.level.unit)
    holding, held_before = (
        [one.level.id for one in levels if one.level.rank > 0 and one.level.movement in HOLDING]
        for levels in (given.levels(), base.values())
    )
    if given.base is not None and len(holding) > len(held_before):
        for name in holding:
            if name not in held_before:
                yield _found("level_added", level=name)


def _low_risk_origin(given: _Compared) -> Iterable[Finding]:
    """2: people from low-risk places sent back or isolated."""
    for name in _LOW_RISK:
        category = given.categories().get(name)
        for stage in category.stages if category else ():
            if stage.stage.movement in HOLDING or stage.stage.status in RESTRICTIVE:
                yield _found("low_risk_held", category=name, stage=stage.stage.id)


def _control_time(given: _Compared) -> Iterable[Finding]:
    """3: the time until an area is lowered made longer."""
    base = given.base_levels()
    for one in given.levels():
        before = base.get(one.level.id)
        if before is None:
            continue
        for fact, days in _days_asked(one.lower_when).items():
            earlier = _days_asked(before.lower_when).get(fact, 0)
            if days > earlier:
                yield _found("control_longer", level=one.level.id, days=days, before=earlier)


def _days_asked(guard: Guard | None) -> dict[str, float]:
    asked: dict[str, float] = {}
    for one in guard.comparisons() if guard is not None else ():
        if one.fact in (
            "days_without_infection",
            "days_in_level",
            "days_since_last_contact",
            "round_all_negative_on_day",
        ):
            value = one.at_least
            asked[one.fact] = max(asked.get(one.fact, 0), value if isinstance(value, int | float) else 0)
    return asked


def _wider_persons(given: _Compared) -> Iterable[Finding]:
    """4: more kinds of people held than before."""
    if given.base is None:
        return
    base = given.base_categories()
    for name, category in given.categories().items():
        if _held_days(category) and not (name in base and _held_days(base[name])):
            yield _found("category_added", category=name)
    before = {entry.rule.id: entry.rule for entry in given.base.rules_at(given.base_at)}
    for entry in given.pack.rules_at(given.at):
        rule, earlier = entry.rule, before.get(entry.rule.id)
        if rule.is_restrictive and earlier is not None:
            wider = set(rule.pool_results or ("positive",)) - set(earlier.pool_results or ("positive",))
            if rule.pool_results and wider:
                yield _found("rule_wider", rule=rule.id)
            if not earlier.is_restrictive:
                yield _found("rule_harder", rule=rule.id, status=rule.status, before=earlier.status)


def _held_days(category: CategoryInForce, places: tuple[str, ...] | None = None) -> int:
    held = (stage for stage in category.stages if stage.stage.movement in HOLDING)
    return sum(stage.days for stage in held if places is None or stage.stage.place in places)


def _longer_isolation(given: _Compared) -> Iterable[Finding]:
    """5: isolation or monitoring made longer: altogether, or in central places."""
    base = given.base_categories()
    for name, category in given.categories().items():
        if name not in base:
            continue
        for code, places in (("isolation_longer", None), ("central_longer", ("central", "hospital"))):
            days, before = _held_days(category, places), _held_days(base[name], places)
            if days > before > 0 or (days > before and places is not None):
                yield _found(code, category=name, days=days, before=before)
    if given.base is None:
        return
    limits = {entry.rule.id: entry.span for entry in given.base.rules_at(given.base_at)}
    for entry in given.pack.rules_at(given.at):
        span, earlier = entry.span, limits.get(entry.rule.id)
        if entry.rule.is_restrictive and span is not None and earlier is not None and span > earlier:
            hours, before_hours = span / timedelta(hours=1), earlier / timedelta(hours=1)
            yield _found("rule_longer", rule=entry.rule.id, hours=hours, before=before_hours)


def _refusing_care(given: _Compared) -> Iterable[Finding]:
    """6: care refused. No pack can switch the emergency passage off; it can make it shorter."""
    if given.base is None:
        return
    span, before = given.pack.emergency_span(given.at), given.base.emergency_span(given.base_at)
    if span < before:
        hour = timedelta(hours=1)
        yield _found("emergency_shorter", hours=span / hour, before=before / hour)


def _care_unsaid(given: _Compared) -> Iterable[Finding]:
    """6: whoever may not go out needs a way to dialysis, chemotherapy, antenatal care; urgent care passes always."""
    for one in given.levels():
        if one.level.movement == "none" and CARE_IS_OPEN not in one.level.measures:
            yield _found("care_unsaid_in_level", level=one.level.id)
    for name, category in given.categories().items():
        for stage in category.stages:
            if stage.stage.movement == "none" and stage.stage.place != "hospital":
                yield _found("care_unsaid_in_stage", category=name, stage=stage.stage.id)


def _returning_students(given: _Compared) -> Iterable[Finding]:
    """7: pupils and students held as such, or with everybody else who comes from where there is no risk."""
    yield from _low_risk_origin(given)
    for entry in given.pack.rules_at(given.at):
        if entry.rule.is_restrictive and entry.when is not None:
            for one in entry.when.comparisons():
                if one.fact == "occupation" and one.is_ == "pupil":
                    yield _found("students_held", rule=entry.rule.id)


def _checkpoints(given: _Compared) -> Iterable[Finding]:
    """8: a pack does not say where checkpoints stand."""
    return ()


def _closing(given: _Compared) -> Iterable[Finding]:
    """9: ordinary premises closed in low-risk areas."""
    for one in given.levels():
        if one.level.rank == 0:
            for measure in sorted(CLOSING_MEASURES & set(one.level.measures)):
                yield _found("closed_in_low", level=one.level.id, measure=measure)


def _measures_unknown(given: _Compared) -> Iterable[Finding]:
    """9: a measure of the base level whose name says nothing here may close something."""
    known = OPEN_MEASURES | TRAVEL_MEASURES | CLOSING_MEASURES
    for one in given.levels():
        if one.level.rank == 0:
            for measure in sorted(set(one.level.measures) - known):
                yield _found("measure_unknown", level=one.level.id, measure=measure)


_CHECKS: Mapping[int, Callable[[_Compared], Iterable[Finding]]] = {
    1: _travel,
    2: _low_risk_origin,
    3: _control_time,
    4: _wider_persons,
    5: _longer_isolation,
    6: _refusing_care,
    7: _returning_students,
    8: _checkpoints,
    9: _closing,
}
_UNSAID: Mapping[int, Callable[[_Compared], Iterable[Finding]]] = {6: _care_unsaid, 9: _measures_unknown}
_NEVER_IN_A_PACK = frozenset({8})
_NEEDS_BASE = frozenset({1, 3, 4, 5})
FINDINGS: Mapping[str, tuple[str, ...]] = {
    "travel_held_in_low": ("level", "movement"),
    "travel_measure_in_low": ("level", "measure"),
    "unit_larger": ("level", "unit", "before"),
    "level_added": ("level",),
    "low_risk_held": ("category", "stage"),
    "control_longer": ("level", "days", "before"),
    "category_added": ("category",),
    "rule_wider": ("rule",),
    "rule_harder": ("rule", "status", "before"),
    "isolation_longer": ("category", "days", "before"),
    "central_longer": ("category", "days", "before"),
    "rule_longer": ("rule", "hours", "before"),
    "emergency_shorter": ("hours", "before"),
    "students_held": ("rule",),
    "closed_in_low": ("level", "measure"),
    "care_unsaid_in_level": ("level",),
    "care_unsaid_in_stage": ("category", "stage"),
    "measure_unknown": ("level", "measure"),
}
