"""The folder of Parquet that the status engine reads: one file a table, or one a week where a table is large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb

from lianfang.demo.outbreak import assumptions as so
from lianfang.demo.outbreak import exposed, people, tables

FIRST_DAY, LAST_DAY = date(2022, 6, 1), date(2023, 1, 31)
SEED = 20220601
LEAST_PEOPLE = 200
_OPEN = datetime(9999, 1, 1)


@dataclass(frozen=True, slots=True)
class StrictestLevel:
    """The level that a place of ``unit`` gets for an infection, for how many days; then ``next_level``, if any."""

    level: str
    unit: str
    clear_days: int
    next_level: str | None = None
    next_days: int = 0


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """What the township needs to know of a pack: when it is in force, its categories with their days, its areas.

    ``isolated_days`` are days after day 0 on which a person of the category takes no part in rounds, ``test_days``
    the days of their own tests.
    """

    pack_id: str
    from_at: datetime
    to_at: datetime | None
    isolated_days: Mapping[str, int] = field(default_factory=dict)
    test_days: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    level: StrictestLevel | None = None


def make_township(
    folder: Path, number: int, rules: Sequence[RulesInForce], *, seed: int = SEED, threads: int | None = None
) -> Mapping[str, int]:
    """Write the facts of ``number`` people and of every day under ``folder``; returns rows by table.

    The same number, seed and rules give the same rows. Raises ``ValueError`` for fewer people than make a township.
    """
    if number < LEAST_PEOPLE:
        raise ValueError(f"a township has at least {LEAST_PEOPLE} people, not {number}")
    first, last = f"DATE '{FIRST_DAY}'", f"DATE '{LAST_DAY}'"
    per_compound = people.buildings_of(number) * so.BUILDINGS_PER_COMPOUND
    with duckdb.connect(config={} if threads is None else {"threads": threads}) as db:
        db.execute(people.MACROS.format(seed=seed))
        _load(db, rules)
        for step in people.steps(number, first, last):
            db.execute(step)
        for step in exposed.steps(number, per_compound, first, last):
            db.execute(step)
        for step in tables.steps(first, last):
            db.execute(step)
        return {name: _write(db, folder, name, sql, column) for name, (sql, column) in tables.written(first).items()}


def _load(db: duckdb.DuckDBPyConnection, rules: Sequence[RulesInForce]) -> None:
    db.execute("CREATE TABLE rules_in_force (pack_id VARCHAR, from_at TIMESTAMP, to_at TIMESTAMP)")
    db.execute("CREATE TABLE category_days (pack_id VARCHAR, category VARCHAR, isolated_days INTEGER)")
    db.execute("CREATE TABLE category_tests (pack_id VARCHAR, category VARCHAR, day INTEGER)")
    db.execute(
        "CREATE TABLE levels_in_force (pack_id VARCHAR, from_at TIMESTAMP, to_at TIMESTAMP, level VARCHAR, "
        "unit VARCHAR, clear_days INTEGER, next_level VARCHAR, next_days INTEGER)"
    )
    for one in rules:
        to_at = one.to_at or _OPEN
        db.execute("INSERT INTO rules_in_force VALUES (?, ?, ?)", [one.pack_id, one.from_at, to_at])
        for category, days in one.isolated_days.items():
            db.execute("INSERT INTO category_days VALUES (?, ?, ?)", [one.pack_id, category, days])
        for category, tests in one.test_days.items():
            for day in tests:
                db.execute("INSERT INTO category_tests VALUES (?, ?, ?)", [one.pack_id, category, day])
        if one.level is not None:
            row = one.level
            values = [
                one.pack_id,
                one.from_at,
                to_at,
                row.level,
                row.unit,
                row.clear_days,
                row.next_level,
                row.next_days,
            ]
            db.execute("INSERT INTO levels_in_force VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


def _write(db: duckdb.DuckDBPyConnection, folder: Path, name: str, sql: str, column: str | None) -> int:
    db.execute(f"CREATE OR REPLACE TEMP TABLE written AS {sql}")
    order = "person_id" if name not in ("tubes", "results", "place_ancestors", "area_levels") else "1"
    weeks: list[tuple[date, str]] = [(FIRST_DAY, "true")]
    if column is not None:
        found = db.execute(f"SELECT DISTINCT date_trunc('week', {column}) FROM written ORDER BY 1").fetchall()
        weeks = [(_day(week), f"date_trunc('week', {column}) = TIMESTAMP '{week}'") for (week,) in found]
    for week, where in weeks:
        part = folder / name / f"dt={week}"
        part.mkdir(parents=True, exist_ok=True)
        path = str(part / "part-0.parquet").replace("'", "''")
        db.execute(
            f"COPY (SELECT * FROM written WHERE {where} ORDER BY {order}) TO '{path}' "
            "(FORMAT parquet, COMPRESSION snappy)"
        )
    row = db.execute("SELECT count(*) FROM written").fetchone()
    db.execute("DROP TABLE written")
    return 0 if row is None else int(row[0])


def _day(week: datetime | date) -> date:
    return week.date() if isinstance(week, datetime) else week
