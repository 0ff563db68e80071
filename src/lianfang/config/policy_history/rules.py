"""What the generated township needs to know of the packs, read from the packs themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from lianfang.demo.outbreak import RulesInForce
from lianfang.demo.outbreak.making import StrictestLevel
from lianfang.engine.packs import Pack
from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.standing import CategoryInForce, LevelInForce


def rules_of(packs: Iterable[Pack]) -> list[RulesInForce]:
    """Each pack as it stands at its first moment."""
    return [_rules(pack) for pack in packs]


def _rules(pack: Pack) -> RulesInForce:
    at = pack.manifest.effective.from_
    categories = pack.categories_at(at)
    return RulesInForce(
        pack_id=pack.id,
        from_at=at,
        to_at=pack.manifest.effective.to,
        isolated_days={name: _isolated_days(one) for name, one in categories.items()},
        test_days={name: tuple(day for stage in one.stages for day in stage.test_days())
                   for name, one in categories.items()},
        level=_strictest(pack, at),
    )  # fmt: skip


def _isolated_days(category: CategoryInForce) -> int:
    return max((stage.last_day for stage in category.stages if stage.stage.movement == "none"), default=0)


def _strictest(pack: Pack, at: datetime) -> StrictestLevel | None:
    """The highest level that decides statuses, with the days of its criteria; None where the pack has no such level."""
    levels = {one.level.id: one for one in pack.levels_at(at) if one.level.status_rule is not None}
    if not levels:
        return None
    top = max(levels.values(), key=lambda one: one.level.rank)
    after = levels.get(top.level.next or "")
    return StrictestLevel(
        level=top.level.id,
        unit=top.level.unit,
        clear_days=_days(top, "days_without_infection"),
        next_level=None if after is None else after.level.id,
        next_days=0 if after is None else _days(after, "days_in_level"),
    )


def _days(level: LevelInForce, fact: str) -> int:
    """The least number of days of that fact by which the level can be lowered."""
    found = [] if level.lower_when is None else list(_asked(level.lower_when, fact))
    if not found:
        raise ValueError(f"{level.level.id}: lowered by something else than {fact}")
    return int(min(found))


def _asked(guard: Guard, fact: str) -> Iterator[float]:
    if guard.fact == fact and isinstance(guard.at_least, int | float):
        yield guard.at_least
    for inner in (*(guard.all_ or ()), *(guard.any_ or ()), *(() if guard.not_ is None else (guard.not_,))):
        yield from _asked(inner, fact)
