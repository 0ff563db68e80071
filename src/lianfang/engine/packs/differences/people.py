"""What changes for people: by status rules, and by categories with their stages."""

from __future__ import annotations

from collections.abc import Iterator

from lianfang.engine.packs.categories import Release
from lianfang.engine.packs.differences.contract import Change, Compared, Param, changed, pairs
from lianfang.engine.packs.pack import RuleInForce
from lianfang.engine.packs.standing import CategoryInForce, StageInForce


def rule_changes(both: Compared) -> Iterator[Change]:
    old = {entry.rule.id: entry for entry in both.old.rules_at(both.old_at)}
    new = {entry.rule.id: entry for entry in both.new.rules_at(both.new_at)}
    for name, before, after in pairs(old, new):
        standing = after or before
        if standing is None:
            continue
        who = standing.rule.kind
        if before is None or after is None:
            code = "rule_new" if before is None else "rule_gone"
            yield Change("kind", who, code, {"rule": name, "status": standing.rule.status})
        else:
            yield from _rule(who, name, before, after)


def _rule(who: str, name: str, old: RuleInForce, new: RuleInForce) -> Iterator[Change]:
    yield from changed("kind", who, "rule_status", old, new, lambda one: one.rule.status, rule=name)
    if (old.limit and old.limit.value, old.unit) != (new.limit and new.limit.value, new.unit):
        params = {"rule": name, "before_span": _span(old), "after_span": _span(new)}
        yield Change("kind", who, "rule_limit", params)
    yield from changed("kind", who, "rule_when", old, new, lambda one: one.when, rule=name)
    yield from changed(
        "kind", who, "rule_pool_results", old, new, lambda one: one.rule.pool_results or ("positive",), rule=name
    )
    yield from changed("kind", who, "rule_next_step", old, new, lambda one: one.rule.next_step, rule=name)


def _span(entry: RuleInForce) -> str | None:
    """Number and unit in one, as ``24 hours``: words are made of it where it is shown."""
    return None if entry.limit is None else f"{entry.limit.value:g} {entry.unit}"


def emergency_changes(both: Compared) -> Iterator[Change]:
    def hours(span: object) -> float:
        return span.total_seconds() / 3600  # type: ignore[attr-defined,no-any-return]

    old, new = both.old.emergency_span(both.old_at), both.new.emergency_span(both.new_at)
    yield from changed("everyone", "", "emergency_hours", old, new, hours)


def category_changes(both: Compared) -> Iterator[Change]:
    old = both.old.categories_at(both.old_at)
    new = both.new.categories_at(both.new_at)
    for name, before, after in pairs(dict(old.items()), dict(new.items())):
        if after is None and before is not None:
            yield Change("category", name, "category_gone", {"days": before.days})
        elif after is not None and before is None:
            yield Change("category", name, "category_new", {"days": after.days})
            for stage in after.stages:
                yield _new_stage(name, stage)
        elif after is not None and before is not None:
            yield from _category(name, before, after)


def _new_stage(name: str, stage: StageInForce) -> Change:
    one = stage.stage
    params: dict[str, Param] = {
        "stage": one.id,
        "place": one.place,
        "days": stage.days,
        "movement": one.movement,
        "tests": one.test_days,
    }
    return Change("category", name, "stage_new", params)


def _category(name: str, old: CategoryInForce, new: CategoryInForce) -> Iterator[Change]:
    yield from changed("category", name, "total_days", old, new, lambda one: one.days)
    yield from changed("category", name, "count_anchor", old, new, lambda one: one.category.anchor)
    before, after = ({one.stage.id: one for one in each.stages} for each in (old, new))
    for stage, was, now in pairs(before, after):
        if was is None and now is not None:
            yield _new_stage(name, now)
        elif now is None and was is not None:
            yield Change("category", name, "stage_gone", {"stage": stage, "days": was.days})
        elif was is not None and now is not None:
            yield from _stage(name, was, now)
    yield from _release(name, old.release, new.release)


def _stage(name: str, old: StageInForce, new: StageInForce) -> Iterator[Change]:
    stage = new.stage.id
    yield from changed("category", name, "stage_days", old, new, lambda one: one.days, stage=stage)
    yield from changed("category", name, "stage_place", old, new, lambda one: one.stage.place, stage=stage)
    yield from changed("category", name, "stage_movement", old, new, lambda one: one.stage.movement, stage=stage)
    yield from changed("category", name, "stage_cohabitants", old, new, lambda one: one.stage.cohabitants, stage=stage)
    yield from changed("category", name, "stage_status", old, new, lambda one: one.stage.status, stage=stage)
    yield from changed("category", name, "stage_tests", old, new, lambda one: one.stage.test_days, stage=stage)


def _release(name: str, old: Release | None, new: Release | None) -> Iterator[Change]:
    def needs(one: Release | None) -> tuple[str, ...]:
        return () if one is None else one.needs or ()

    yield from changed("category", name, "release_needs", old, new, needs)
    yield from changed("category", name, "release_when", old, new, lambda one: None if one is None else one.when)
