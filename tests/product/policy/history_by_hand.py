"""A history of three days and one change, written by hand: what a page needs, without deciding anything."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from lianfang.engine.history import History
from lianfang.engine.history.changing import packs_said
from lianfang.engine.history.contract import Change, Day, Life, Lived, Move, RuleCount, Spell
from lianfang.engine.packs import load_pack
from lianfang.engine.packs.differences import differences, moments_of

SHIPPED = Path(__file__).resolve().parents[3] / "policy_packs" / "covid19"
OLD, NEW = (load_pack(SHIPPED / name) for name in ("v9", "v9+20"))
START = datetime(2022, 11, 10, 8)


def _day(number: int, pack: str, red: int) -> Day:
    rules = [RuleCount("green", "negative_result", "negative_result", 100 - red),
             RuleCount("red", "category_isolation", "secondary_home", red)]  # fmt: skip
    return Day(
        at=START + timedelta(days=number), pack=pack, people=100,
        statuses={"green": 100 - red, "unknown": 0, "yellow": 0, "red": red}, rules=rules,
        begun={}, ended={"category_isolation": 12} if number == 1 else {}, delta={}, worse=0,
        tests={"due": 7}, faults=0,
        facts={"cases": 3, "swabs": 1234}, levels={"high": 2},
    )  # fmt: skip


def _spell(first: date, pack: str, status: str, rule: str, reason: str, **more: Any) -> Spell:
    return Spell(first_on=first, last_on=first, status=status, rule=rule, reason=reason, params={"limit": 7},
                 since=None, until=None, next_step="stay_in", appeal=None, pack=pack,
                 opened_under=("covid19/v9",), **more)  # fmt: skip


def by_hand() -> dict[str, Any]:
    """As the command writes it."""
    changes = differences(OLD, NEW, moments_of(OLD, NEW))
    why = [one.as_json() for one in changes if one.whom == "secondary_contact"]
    change = Change(
        before=OLD.id, after=NEW.id, starts_at=datetime(2022, 11, 11), compared_at=datetime(2022, 11, 11),
        transition="re-evaluate", people=100, statuses_before={"green": 88, "unknown": 0, "yellow": 0, "red": 12},
        statuses={"green": 100, "unknown": 0, "yellow": 0, "red": 0}, freed=12, newly_restricted=0,
        moves=[Move("red", "category_isolation", "green", "negative_result", 12, 12, 0, why)], unexplained=0,
        lived=[Lived("exposure", OLD.id, "secondary_contact", "home_isolation", None, "ended", 12, 60.0),
               Lived("order", OLD.id, "isolation_order", None, None, "shortened", 1, 2.0)],
    )  # fmt: skip
    life = Life(13, "secondary_november", [
        _spell(date(2022, 11, 10), OLD.id, "red", "category_isolation", "secondary_home"),
        _spell(date(2022, 11, 11), NEW.id, "green", "negative_result", "negative_result"),
    ])  # fmt: skip
    days = [_day(0, OLD.id, 12), _day(1, NEW.id, 0), _day(2, NEW.id, 0)]
    made = {"is_invented": True, "seconds": 5, "proven_on": [date(2022, 11, 10)]}
    history = History(made, packs_said([OLD, NEW]), days, [change], [life])
    return json.loads(json.dumps(history.as_json()))  # type: ignore[no-any-return]
