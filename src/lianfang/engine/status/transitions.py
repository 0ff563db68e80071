"""What follows from an exposure or an order, also from one that was opened under a pack that has been replaced.

The pack in force says by its ``transition`` what becomes of what was opened before: **keep** – by the pack of then;
**convert** – by the pack of now, counted from the old day 0 or start; **re-evaluate** – the same, but no restriction
of that weight lasts longer than before. Several changes are walked one after the other along ``supersedes``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lianfang.engine.packs import Pack, RuleInForce
from lianfang.engine.packs.categories import CategoryId, Release
from lianfang.engine.packs.standing import StageInForce

_WEIGHT = {None: 0, "green": 0, "unknown": 1, "yellow": 2, "red": 3}
NOW = ""
"""Opened under the pack that decides."""


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A stage in days from day 0: from midnight of ``first_day`` to midnight of ``end_day``, half open."""

    pack: Pack
    stage: StageInForce
    first_day: int
    end_day: int

    @property
    def test_days(self) -> tuple[int, ...]:
        days = (self.first_day - 1 + day for day in self.stage.stage.test_days)
        return tuple(day for day in days if day < self.end_day)


@dataclass(frozen=True, slots=True)
class CategoryPlan:
    """The stages of a category one after the other, and what is asked after the last."""

    pack: Pack
    stages: tuple[PlannedStage, ...]
    release: Release | None
    is_unverified: bool

    @property
    def end_day(self) -> int:
        return max((each.end_day for each in self.stages), default=0)


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """By which rule of which pack an order holds, and for how long at most from its start."""

    pack: Pack
    rule: RuleInForce
    span: timedelta | None


def chain_of(pack: Pack, others: Iterable[Pack]) -> tuple[Pack, ...]:
    """The pack, the one that it superseded, the one before that …, as far as they are given.

    Raises ``ValueError`` where packs supersede one another in a circle.
    """
    by_id: dict[str, Pack] = {}
    for other in sorted(others, key=lambda each: each.version):
        by_id[other.id] = other
    chain = [pack]
    while (before := by_id.get(chain[-1].manifest.supersedes or "")) is not None:
        if before.id in {each.id for each in chain}:
            raise ValueError(f"{before.id} supersedes itself through {chain[-1].id}")
        chain.append(before)
    return tuple(chain)


def moment_of(pack: Pack, as_of: datetime) -> datetime:
    """``as_of``, or the last second at which the pack was in force: whose values a superseded pack has."""
    to = pack.manifest.effective.to
    moment = as_of if to is None or as_of < to else to - timedelta(seconds=1)
    return max(moment, pack.manifest.effective.from_)


def instants_of_change(chain: Iterable[Pack]) -> list[datetime]:
    """Between two neighbours of these instants every pack of the chain says the same."""
    instants: set[datetime] = set()
    for pack in chain:
        dated = [*pack.categories.values(), *(pack.areas.levels if pack.areas else ())]
        dated += pack.testing.groups if pack.testing else ()
        spans = [pack.manifest.effective, *(each.effective for each in dated if each.effective is not None)]
        for span in spans:
            instants.update(each for each in (span.from_, span.to) if each is not None)
        instants.update(value.from_ for parameter in pack.parameters.values() for value in parameter.values)
    return sorted(instants)


class Transitions:
    """Plans of one chain of packs (the one in force first) at one instant."""

    def __init__(self, chain: tuple[Pack, ...], as_of: datetime) -> None:
        self.chain = chain
        self.moments = tuple(moment_of(pack, as_of) for pack in chain)
        self._categories = [pack.categories_at(at) for pack, at in zip(chain, self.moments, strict=True)]
        self.rules = {pack.id: pack.rules_at(at) for pack, at in zip(chain, self.moments, strict=True)}

    def opened_under(self, index: int) -> str:
        return NOW if index == 0 else self.chain[index].id

    def category_plans(self) -> dict[tuple[str, CategoryId], CategoryPlan | None]:
        """By the pack that it was opened under and the category; None where nothing follows any more."""
        known = dict.fromkeys(name for categories in self._categories for name in categories)
        return {
            (self.opened_under(index), name): self._category(0, index, name)
            for index in range(len(self.chain))
            for name in known
            if name in self._categories[index]
        }

    def order_plans(self) -> dict[tuple[str, str], OrderPlan | None]:
        """By the pack that an order was given under and its rule; None where the rule is no more."""
        plans = {}
        for index, pack in enumerate(self.chain):
            for entry in self.rules[pack.id]:
                if entry.rule.kind == "manual_order":
                    plans[self.opened_under(index), entry.rule.id] = self._order(0, index, entry.rule.id)
        return plans

    def _category(self, by: int, opened: int, name: CategoryId) -> CategoryPlan | None:
        own = self._own_category(by, name)
        if by == opened:
            return own
        transition = self.chain[by].manifest.transition.rule
        if transition == "keep":
            return self._category(by + 1, opened, name)
        if transition == "convert" or own is None:
            return own
        before = self._category(by + 1, opened, name)
        return None if before is None else _no_longer_than(own, before)

    def _own_category(self, by: int, name: CategoryId) -> CategoryPlan | None:
        found = self._categories[by].get(name)
        if found is None or not found.stages:
            return None
        pack = self.chain[by]
        stages = tuple(PlannedStage(pack, stage, stage.first_day, stage.last_day + 1) for stage in found.stages)
        return CategoryPlan(pack, stages, found.release, found.is_unverified)

    def _order(self, by: int, opened: int, rule_id: str) -> OrderPlan | None:
        pack = self.chain[by]
        entry = next((e for e in self.rules[pack.id] if e.rule.id == rule_id and e.rule.kind == "manual_order"), None)
        own = None if entry is None else OrderPlan(pack, entry, entry.span)
        if by == opened:
            return own
        transition = pack.manifest.transition.rule
        if transition == "keep":
            return self._order(by + 1, opened, rule_id)
        if transition == "convert" or own is None:
            return own
        before = self._order(by + 1, opened, rule_id)
        if before is None:
            return None
        spans = [span for span in (own.span, before.span) if span is not None]
        return replace(own, span=min(spans, default=None))


def _no_longer_than(own: CategoryPlan, before: CategoryPlan) -> CategoryPlan | None:
    """The new stages, each ended where restrictions of its weight ended before; later ones move up."""
    stages: list[PlannedStage] = []
    day = 1
    for planned in own.stages:
        end = min(day + planned.end_day - planned.first_day, _end_before(before, planned))
        if end > day:
            stages.append(replace(planned, first_day=day, end_day=end))
            day = end
    return replace(own, stages=tuple(stages)) if stages else None


def _end_before(before: CategoryPlan, planned: PlannedStage) -> int:
    """Until which day something as heavy held before; where nothing was as heavy, until which day anything did."""
    weight = _WEIGHT[planned.stage.stage.status]
    as_heavy = [each.end_day for each in before.stages if _WEIGHT[each.stage.stage.status] >= weight]
    return max(as_heavy, default=before.end_day)
