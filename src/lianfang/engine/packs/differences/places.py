"""What changes for areas, for testing, for those who must act in time, and for what is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from lianfang.engine.packs.differences.contract import Change, Compared, Param, changed, pairs
from lianfang.engine.packs.pack import Pack
from lianfang.engine.packs.standing import GroupInForce, LevelInForce


def level_changes(both: Compared) -> Iterator[Change]:
    old = {one.level.id: one for one in both.old.levels_at(both.old_at)}
    new = {one.level.id: one for one in both.new.levels_at(both.new_at)}
    for name, before, after in pairs(old, new):
        if before is None and after is not None:
            level = after.level
            params = {"unit": level.unit, "movement": level.movement, "measures": level.measures}
            yield Change("level", name, "level_new", params)
        elif after is None:
            yield Change("level", name, "level_gone", {})
        elif before is not None:
            yield from _level(name, before, after)
    excluded = (_excluded(both.old), _excluded(both.new))
    yield from changed("levels", "", "excluded_infections", *excluded, lambda one: one)


def _excluded(pack: Pack) -> tuple[str, ...]:
    return () if pack.areas is None else pack.areas.excluded_infections


def _level(name: str, old: LevelInForce, new: LevelInForce) -> Iterator[Change]:
    yield from changed("level", name, "level_unit", old, new, lambda one: one.level.unit)
    yield from changed("level", name, "level_movement", old, new, lambda one: one.level.movement)
    for code, more, fewer in (("measures_added", new, old), ("measures_dropped", old, new)):
        extra = tuple(one for one in more.level.measures if one not in fewer.level.measures)
        if extra:
            yield Change("level", name, code, {"measures": extra})
    yield from changed("level", name, "level_enter", old, new, lambda one: one.enter_when)
    yield from changed("level", name, "level_lower", old, new, lambda one: one.lower_when)
    yield from changed("level", name, "level_next", old, new, lambda one: one.level.next)


def testing_changes(both: Compared) -> Iterator[Change]:
    old = {one.group.id: one for one in both.old.groups_at(both.old_at)}
    new = {one.group.id: one for one in both.new.groups_at(both.new_at)}
    for name, before, after in pairs(old, new):
        if before is None and after is not None:
            params = {
                "obligation": after.group.obligation,
                "every_days": after.every_days,
                "share": after.share_per_day,
            }
            yield Change("group", name, "group_new", params)
        elif after is None:
            yield Change("group", name, "group_gone", {})
        elif before is not None:
            yield from _group(name, before, after)
    yield from _exemptions(both)
    yield from _tubes_and_rounds(both)


def _group(name: str, old: GroupInForce, new: GroupInForce) -> Iterator[Change]:
    yield from changed("group", name, "group_obligation", old, new, lambda one: one.group.obligation)
    yield from changed("group", name, "group_every_days", old, new, lambda one: one.every_days)
    yield from changed("group", name, "group_share", old, new, lambda one: one.share_per_day)
    yield from changed("group", name, "group_who", old, new, lambda one: one.who)
    yield from changed("group", name, "group_in_level", old, new, lambda one: one.group.in_level)


def _exemptions(both: Compared) -> Iterator[Change]:
    old = {one.exemption.id: one for one in both.old.exemptions_at(both.old_at)}
    new = {one.exemption.id: one for one in both.new.exemptions_at(both.new_at)}
    for name, before, after in pairs(old, new):
        if before is None or after is None:
            yield Change("tested", "", "exemption_new" if before is None else "exemption_gone", {"exemption": name})
        else:
            yield from changed("tested", "", "exemption_when", before, after, lambda one: one.when, exemption=name)


def _tubes_and_rounds(both: Compared) -> Iterator[Change]:
    old, new = both.old.pool_sizes_at(both.old_at), both.new.pool_sizes_at(both.new_at)
    for name, before, after in pairs(old, new):
        yield from changed("tested", "", "pool_sizes", before, after, _read("sizes", ()), for_level_or_group=name)
    anchors = (both.old.certificates_at(both.old_at), both.new.certificates_at(both.new_at))
    yield from changed("tested", "", "certificate_anchors", anchors[0], anchors[1], _read("anchors", ()))
    stops = (both.old.rounds_to_stop_at(both.old_at), both.new.rounds_to_stop_at(both.new_at))
    for key in ("clean_rounds", "gap_days", "then_rounds"):
        yield from changed("tested", "", f"stop_{key}", stops[0], stops[1], _read(key, None))
    pools = (both.old.positive_pool_at(both.old_at), both.new.positive_pool_at(both.new_at))
    for key in ("wait", "resample", "neighbours", "within_hours"):
        yield from changed("kind", "positive_pool_hold", f"pool_{key}", pools[0], pools[1], _read(key, None))


def _read(name: str, otherwise: Param) -> Callable[[Any], Param]:
    """The value of that name, or ``otherwise`` where there is nothing to read it from."""
    return lambda one: getattr(one, name, otherwise)


def service_changes(both: Compared) -> Iterator[Change]:
    """Clocks in minutes, retention in days; null is none."""
    old = {one.clock.id: one.span for one in both.old.clocks_at(both.old_at)}
    new = {one.clock.id: one.span for one in both.new.clocks_at(both.new_at)}
    yield from _spans("staff", "clock_minutes", "clock", old, new, timedelta(minutes=1))
    kept = {one.retention.purpose: one.keep for one in both.old.retention_at(both.old_at)}
    keeps = {one.retention.purpose: one.keep for one in both.new.retention_at(both.new_at)}
    yield from _spans("kept", "keep_days", "purpose", kept, keeps, timedelta(days=1))


def _spans(
    who: str, code: str, param: str, old: Mapping[str, timedelta], new: Mapping[str, timedelta], unit: timedelta
) -> Iterator[Change]:
    for name, before, after in pairs(old, new):
        if before != after:
            was, now = (None if one is None else one / unit for one in (before, after))
            yield Change(who, "", code, {param: name, "before": was, "after": now})


def value_changes(both: Compared) -> Iterator[Change]:
    """Every parameter whose value is another one, and every date in the new pack on which one changes later."""
    for name, before, after in pairs(both.old.parameters, both.new.parameters):
        was = None if before is None else both.old.value_at(name, both.old_at)
        now = None if after is None else both.new.value_at(name, both.new_at)
        values = tuple(None if one is None else one.value for one in (was, now))
        units = {one.unit for one in (before, after) if one is not None}
        unit = (after or before).unit  # type: ignore[union-attr]
        if values[0] != values[1] or len(units) > 1:
            since = str(both.new_at.date() if now is None else now.from_.date())
            params = {"parameter": name, "before": values[0], "after": values[1], "value_unit": unit, "since": since}
            yield Change("values", "", "parameter_value", params)
        for later in after.values if after is not None else ():
            if later.from_ > both.new_at and both.new.is_in_force(later.from_):
                params = {"parameter": name, "after": later.value, "value_unit": unit, "since": str(later.from_.date())}
                yield Change("values", "", "parameter_later", params)
