"""What a pack's categories, levels, groups and clocks are at an instant, with the values of then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lianfang.engine.packs.areas import Level
from lianfang.engine.packs.categories import Category, CategoryId, Release, Stage
from lianfang.engine.packs.clocks import Clock, Retention
from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.testing import Exemption, TestGroup

if TYPE_CHECKING:
    from lianfang.engine.packs.pack import Pack


@dataclass(frozen=True, slots=True)
class StageInForce:
    """A stage with its length then. ``first_day`` and ``last_day`` count from day 0, the day of the anchor.

    The stage is the half-open window from midnight of ``first_day`` to midnight of the day after ``last_day``.
    """

    stage: Stage
    days: int
    first_day: int
    is_unverified: bool

    @property
    def last_day(self) -> int:
        return self.first_day + self.days - 1

    def window(self, day_0: datetime) -> tuple[datetime, datetime]:
        """From and to as local instants; ``day_0`` is the midnight that begins the day of the anchor."""
        return day_0 + timedelta(days=self.first_day), day_0 + timedelta(days=self.last_day + 1)

    def test_days(self) -> tuple[int, ...]:
        """The days of its tests, counted from day 0."""
        return tuple(self.first_day - 1 + day for day in self.stage.test_days)


@dataclass(frozen=True, slots=True)
class CategoryInForce:
    """A category with the stages that exist then, one after the other; may be without any."""

    id: CategoryId
    category: Category
    stages: tuple[StageInForce, ...]
    is_unverified: bool

    @property
    def days(self) -> int:
        """The days of all stages together."""
        return sum(stage.days for stage in self.stages)

    @property
    def release(self) -> Release | None:
        return self.category.release


@dataclass(frozen=True, slots=True)
class LevelInForce:
    """A level whose criteria carry the numbers of then. None where the level has none, or its value is retired."""

    level: Level
    enter_when: Guard | None
    lower_when: Guard | None
    is_unverified: bool


@dataclass(frozen=True, slots=True)
class GroupInForce:
    """A test group with the numbers of then; ``every_days`` and ``share_per_day`` are None where it has none."""

    group: TestGroup
    every_days: int | None
    share_per_day: float | None
    who: Guard | None
    is_unverified: bool


@dataclass(frozen=True, slots=True)
class ExemptionInForce:
    exemption: Exemption
    when: Guard
    is_unverified: bool


@dataclass(frozen=True, slots=True)
class ClockInForce:
    clock: Clock
    span: timedelta
    is_unverified: bool


@dataclass(frozen=True, slots=True)
class RetentionInForce:
    retention: Retention
    keep: timedelta
    is_unverified: bool


@dataclass(frozen=True, slots=True)
class Values:
    """The numbers of a pack at an instant."""

    pack: Pack
    as_of: datetime

    def number(self, bound: int | float | str | None) -> int | float | None:
        """A number as it is, a parameter's value then; None for nothing, and for what is retired."""
        if not isinstance(bound, str):
            return bound
        dated = self.pack.value_at(bound, self.as_of)
        return None if dated is None else dated.value

    def is_unverified(self, *bounds: int | float | str | None) -> bool:
        """Whether one of the values rests on something that nobody has checked."""
        found = (self.pack.value_at(bound, self.as_of) for bound in bounds if isinstance(bound, str))
        return any(dated is not None and dated.unverified for dated in found)

    def guard(self, guard: Guard | None) -> Guard | None:
        return None if guard is None else guard.with_values(self.number)


def category_at(values: Values, name: CategoryId, category: Category) -> CategoryInForce:
    """Stages whose length is retired do not exist: those after them move forward."""
    stages: list[StageInForce] = []
    first_day = 1
    for stage in category.stages:
        days = values.number(stage.days)
        if days is None:
            continue
        unsure = category.unverified or values.is_unverified(stage.days)
        stages.append(StageInForce(stage, int(days), first_day, unsure))
        first_day += int(days)
    return CategoryInForce(name, category, tuple(stages), category.unverified or any(s.is_unverified for s in stages))


def level_at(values: Values, level: Level) -> LevelInForce:
    names = [name for guard in (level.enter_when, level.lower_when) if guard for name in guard.parameters()]
    return LevelInForce(
        level,
        values.guard(level.enter_when),
        values.guard(level.lower_when),
        level.unverified or values.is_unverified(*names),
    )


def group_at(values: Values, group: TestGroup) -> GroupInForce | None:
    """None where what it asks, or whom it asks, is retired."""
    days, share, who = values.number(group.every_days), values.number(group.share_per_day), values.guard(group.who)
    if group.every_days is not None and days is None:
        return None
    if group.share_per_day is not None and share is None:
        return None
    if group.who is not None and who is None:
        return None
    unsure = group.unverified or values.is_unverified(group.every_days, group.share_per_day)
    return GroupInForce(
        group, None if days is None else int(days), None if share is None else float(share), who, unsure
    )


def exemption_at(values: Values, exemption: Exemption) -> ExemptionInForce | None:
    when = values.guard(exemption.when)
    if when is None:
        return None
    unsure = exemption.unverified or values.is_unverified(*exemption.when.parameters())
    return ExemptionInForce(exemption, when, unsure)


def clock_at(values: Values, clock: Clock) -> ClockInForce | None:
    ((unit, bound),) = clock.lengths.items()
    length = values.number(bound)
    if length is None:
        return None
    return ClockInForce(clock, timedelta(**{unit: length}), clock.unverified or values.is_unverified(bound))


def retention_at(values: Values, retention: Retention) -> RetentionInForce | None:
    days = values.number(retention.keep_days)
    if days is None:
        return None
    unsure = retention.unverified or values.is_unverified(retention.keep_days)
    return RetentionInForce(retention, timedelta(days=days), unsure)
