"""Exposures and orders that stand when a pack takes the place of another: kept, converted or decided anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from lianfang.engine.backends import Stages
from lianfang.engine.backends.columnar import files_of, reading
from lianfang.engine.history.contract import Lived
from lianfang.engine.packs import Pack
from lianfang.engine.status.transitions import NOW, CategoryPlan, OrderPlan, Transitions, chain_of

_Plan = TypeVar("_Plan")
_RESTRICTED = ("yellow", "red")
_EXPOSURES = """
SELECT category, opened_under, CAST(anchor_on AS TIMESTAMP), count(*) FROM exposures
WHERE recorded_at < TIMESTAMP '{at}' AND (withdrawn_at IS NULL OR withdrawn_at >= TIMESTAMP '{at}')
    AND (closed_at IS NULL OR closed_at >= TIMESTAMP '{at}')
GROUP BY ALL ORDER BY ALL
"""
_ORDERS = """
SELECT rule_id, opened_under, coalesce(starts_at, recorded_at), ends_at, count(*) FROM orders
WHERE recorded_at < TIMESTAMP '{at}' AND ends_at > TIMESTAMP '{at}'
    AND (revoked_at IS NULL OR revoked_at >= TIMESTAMP '{at}')
GROUP BY ALL ORDER BY ALL
"""


class _Key(NamedTuple):
    what: str
    opened_under: str
    code: str
    stage_before: str | None
    stage: str | None
    outcome: str


class _Bound(NamedTuple):
    """Where something stands at the change, and when its restriction would end."""

    stage: str | None
    ends_at: datetime


def lived_through(db: Stages, facts: Path, old: Pack, new: Pack, superseded: Iterable[Pack]) -> list[Lived]:
    """What stood at the last moment of ``old`` and what ``new`` makes of it; ``superseded`` are all packs before."""
    at = new.manifest.effective.from_
    others = [pack for pack in superseded if pack.id != new.id]
    before = Transitions(chain_of(old, others), at - timedelta(seconds=1))
    after = Transitions(chain_of(new, others), at)
    found: dict[_Key, list[float]] = defaultdict(lambda: [0, 0.0])
    for row in _read(db, facts, "exposures", _EXPOSURES, at):
        _exposure(found, row, at, _named(before.category_plans(), old), _named(after.category_plans(), new))
    for row in _read(db, facts, "orders", _ORDERS, at):
        _order(found, row, at, _named(before.order_plans(), old), _named(after.order_plans(), new))
    ordered = sorted(found.items(), key=lambda each: (each[0].what, -each[1][0], repr(each[0])))
    return [Lived(*key, count=int(count), days=round(days, 1)) for key, (count, days) in ordered]


def _read(db: Stages, facts: Path, table: str, sql: str, at: datetime) -> Sequence[tuple]:  # type: ignore[type-arg]
    files = files_of(facts, table)
    if not files:
        return []
    db.view(table, reading(files))
    return db.rows(sql.format(at=at))


def _named(plans: Mapping[tuple[str, Any], _Plan], pack: Pack) -> dict[tuple[str, str], _Plan]:
    """Plans by the id of the pack that it was opened under; that of ``pack`` itself stands under no name there."""
    return {(pack.id if opened == NOW else opened, name): plan for (opened, name), plan in plans.items()}


def _exposure(
    found: dict[_Key, list[float]], row: tuple, at: datetime,  # type: ignore[type-arg]
    before: Mapping[tuple[str, str], CategoryPlan | None], after: Mapping[tuple[str, str], CategoryPlan | None],
) -> None:  # fmt: skip
    category, opened, day_0, count = row
    was = _stage(before.get((opened, category)), day_0, at)
    if was is not None:
        _note(found, ("exposure", opened, category), was, _stage(after.get((opened, category)), day_0, at), count, at)


def _stage(plan: CategoryPlan | None, day_0: datetime, at: datetime) -> _Bound | None:
    """The stage at the change, with the end of the last that restricts; None where none restricts any more."""
    if plan is None:
        return None
    restricting = [each for each in plan.stages if each.stage.stage.status in _RESTRICTED]
    ends_at = max((day_0 + timedelta(days=each.end_day) for each in restricting), default=at)
    if ends_at <= at:
        return None
    here = next((each for each in plan.stages if day_0 + timedelta(days=each.end_day) > at), None)
    return _Bound(None if here is None else here.stage.stage.id, ends_at)


def _order(
    found: dict[_Key, list[float]], row: tuple, at: datetime,  # type: ignore[type-arg]
    before: Mapping[tuple[str, str], OrderPlan | None], after: Mapping[tuple[str, str], OrderPlan | None],
) -> None:  # fmt: skip
    rule, opened, starts_at, ends_at, count = row
    was, now = (_bound(plans.get((opened, rule)), starts_at, ends_at, at) for plans in (before, after))
    if was is not None:
        _note(found, ("order", opened, rule), was, now, count, at)


def _bound(plan: OrderPlan | None, starts_at: datetime, ends_at: datetime, at: datetime) -> _Bound | None:
    if plan is None:
        return None
    end = ends_at if plan.span is None else min(ends_at, starts_at + plan.span)
    return None if end <= at else _Bound(None, end)


def _note(
    found: dict[_Key, list[float]], named: tuple[str, str, str], was: _Bound, now: _Bound | None, count: int,
    at: datetime,
) -> None:  # fmt: skip
    end = at if now is None else now.ends_at
    outcome = (
        "ended"
        if now is None
        else "shortened"
        if end < was.ends_at
        else "unchanged"
        if end == was.ends_at
        else "lengthened"
    )
    entry = found[_Key(*named, was.stage, None if now is None else now.stage, outcome)]
    entry[0] += count
    entry[1] += count * (was.ends_at - end) / timedelta(days=1)
