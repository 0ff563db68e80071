"""What is counted of a run: SQL over its Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from lianfang.engine.backends import Stages
from lianfang.engine.backends.columnar import files_of, reading
from lianfang.engine.history.contract import STATUSES, Day, RuleCount

_RULES = """
SELECT status, rule_id, reason, count(*) FROM decisions GROUP BY ALL ORDER BY count(*) DESC, rule_id, reason
"""
# A restriction that does not say why, by what, until when or where to object.
_FAULTS = """
SELECT count(*) FROM decisions d
WHERE d.status IN ('yellow', 'red') AND (
    coalesce(d.reason, '') = '' OR coalesce(d.appeal, '') = '' OR coalesce(d.next_step, '') = ''
    OR (d.until IS NULL AND len(d.ends_when) = 0) OR d.until <= d.as_of
    OR NOT EXISTS (SELECT 1 FROM evidence e WHERE e.person_id = d.person_id AND e.rule_id = d.rule_id))
"""
_DELTA = """
SELECT change, is_worse, coalesce(previous_status, '') IN ('yellow', 'red') AS was,
    coalesce(status, '') IN ('yellow', 'red') AS is_, previous_rule_id, rule_id, count(*) FROM delta GROUP BY ALL
"""
_TESTS = "SELECT state, count(*) FROM tests_due WHERE due_on = DATE '{day}' GROUP BY state"
_FACTS = {
    "swabs": "SELECT CAST(recorded_at AS DATE), count(*) FROM samples GROUP BY 1",
    "positive": "SELECT CAST(received_at AS DATE), count(*) FROM results WHERE outcome = 'positive' GROUP BY 1",
    "cases": "SELECT CAST(recorded_at AS DATE), count(*) FROM cases GROUP BY 1",
    "exposures": "SELECT CAST(recorded_at AS DATE), count(*) FROM exposures GROUP BY 1",
    "orders": "SELECT CAST(recorded_at AS DATE), count(*) FROM orders GROUP BY 1",
}
_LEVELS = """
SELECT level, count(DISTINCT place_id) FROM area_levels
WHERE recorded_at <= TIMESTAMP '{at}' AND from_at <= TIMESTAMP '{at}' AND (to_at IS NULL OR to_at > TIMESTAMP '{at}')
GROUP BY level ORDER BY level
"""


def open_run(
    db: Stages, output: Path, names: Iterable[str] = ("decisions", "evidence", "tests_due", "delta")
) -> set[str]:
    """Make the outputs of a run views under their names; returns those that are there."""
    there = set()
    for name in names:
        if files := files_of(output, name):
            db.view(name, reading(files))
            there.add(name)
    return there


def count_day(db: Stages, output: Path, at: datetime, pack: str, people: int) -> Day:
    """Count one run; ``people`` is how many there are by the facts."""
    there = open_run(db, output)
    rules = [RuleCount(*row) for row in db.rows(_RULES)]
    statuses = dict.fromkeys(STATUSES, 0)
    for each in rules:
        statuses[each.status] += each.people
    decided = db.rows("SELECT count(*), count(DISTINCT person_id) FROM decisions")[0]
    faults = int(db.rows(_FAULTS)[0][0]) + abs(decided[0] - decided[1]) + abs(people - decided[0])
    begun, ended, delta, worse = _changed(db) if "delta" in there else ({}, {}, {}, 0)
    tests = dict(db.rows(_TESTS.format(day=at.date()))) if "tests_due" in there else {}
    return Day(at, pack, people, statuses, rules, begun, ended, delta, worse, tests, faults)


def _changed(db: Stages) -> tuple[dict[str, int], dict[str, int], dict[str, int], int]:
    begun: dict[str, int] = {}
    ended: dict[str, int] = {}
    delta: dict[str, int] = {}
    worse = 0
    for change, is_worse, was, is_, before, rule, people in sorted(db.rows(_DELTA), key=repr):
        delta[change] = delta.get(change, 0) + people
        worse += people if is_worse else 0
        if is_ and not was:
            begun[rule] = begun.get(rule, 0) + people
        if was and not is_:
            ended[before] = ended.get(before, 0) + people
    return begun, ended, delta, worse


def facts_by_day(db: Stages, facts: Path) -> Mapping[date, dict[str, int]]:
    """How many facts became known on each day, by what they are."""
    found: dict[date, dict[str, int]] = {}
    for name, sql in _FACTS.items():
        table = "results" if name == "positive" else "samples" if name == "swabs" else name
        if files := files_of(facts, table):
            db.view(table, reading(files))
            for day, count in db.rows(sql):
                found.setdefault(day, {})[name] = count
    return found


def levels_at(db: Stages, facts: Path, moments: Iterable[datetime]) -> dict[datetime, dict[str, int]]:
    """How many places stand at which level at each of the moments."""
    files = files_of(facts, "area_levels")
    if not files:
        return {}
    db.view("area_levels", reading(files))
    return {at: dict(db.rows(_LEVELS.format(at=at))) for at in moments}


def people_in(db: Stages, facts: Path) -> list[tuple[datetime | None, int]]:
    """Since when how many people are known."""
    persons = reading(files_of(facts, "persons"))
    return db.rows(f"SELECT known_since, count(*) FROM ({persons}) GROUP BY 1 ORDER BY 1 NULLS FIRST")


_OPENED = """
LEFT JOIN (
    SELECT person_id, rule_id, list_sort(list(DISTINCT opened_under)) AS opened FROM evidence
    WHERE opened_under IS NOT NULL GROUP BY ALL
) e USING (person_id, rule_id)
"""


def rows_of(db: Stages, output: Path, people: Iterable[int]) -> list[dict[str, Any]]:
    """Whole decisions of some people, with the packs under which their evidence was opened."""
    listed = ", ".join(str(person) for person in people) or "NULL"
    there = open_run(db, output, ("decisions", "evidence"))
    opened = ""
    if "evidence" in there and "opened_under" in {row[0] for row in db.rows("DESCRIBE evidence")}:
        opened = _OPENED
    said = "opened" if opened else "NULL AS opened"
    sql = f"SELECT d.*, {said} FROM decisions d {opened} WHERE person_id IN ({listed}) ORDER BY person_id"
    rows: list[dict[str, Any]] = db.table(sql).to_pylist()
    return rows
