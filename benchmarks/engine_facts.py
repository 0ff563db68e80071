"""A city's facts in Parquet, made by SQL inside DuckDB from a seed: nothing of it passes through Python.

Three rounds in a week; a laboratory's list has one row per person and names the tube. Pools of ten neighbours,
households in one tube, single tubes; 3 % of the people are missed in a round. One person in a thousand is positive, so
about one pool in a hundred; further rows that repeat a report, corrections, reports taken back, void swabs and tubes,
swabs recorded twice, times of which only the day is known, pools that wait for their result. One draw (``hash``)
decides per row, so that any size has the same shape and the same seed gives the same rows.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from benchmarks.report import OUT

AS_OF = datetime(2022, 8, 30, 8, 0)
ROUND_DAYS = ("2022-08-25", "2022-08-27", "2022-08-29")
RESULT_DAYS = ("2022-08-26", "2022-08-28", "2022-08-30")
LAST_ROUND = len(ROUND_DAYS) - 1
_SEED = 20220830

_MACROS = f"""
CREATE MACRO drawn(what, number, of) AS hash('{_SEED}' || what, number) % of;
-- Which kind of tube the ten neighbours of a group are swabbed into: 2 % singly, 4 % by household, the others pooled.
CREATE MACRO kind_of(round, person) AS
    CASE WHEN drawn('kind', round * 4000000000 + person // 10, 100) < 2 THEN 'single'
         WHEN drawn('kind', round * 4000000000 + person // 10, 100) < 6 THEN 'household' ELSE 'pool' END;
CREATE MACRO tube_of(round, person) AS round * 4000000000 + CASE kind_of(round, person)
    WHEN 'single' THEN 2000000000 + person
    WHEN 'household' THEN 1000000000 + (person // 10) * 4 + (person % 10) // 3
    ELSE person // 10 END;
CREATE MACRO is_swabbed(round, person) AS drawn('missed', round * 4000000000 + person, 100) >= 3;
CREATE MACRO swabbed_at(start, tube) AS start + INTERVAL (CAST(drawn('minute', tube, 360) AS INTEGER)) MINUTE;
"""
_PERSONS = "SELECT range AS person_id, CAST(NULL AS TIMESTAMP) AS known_since FROM range({people})"
_ROSTER = """
SELECT
    range AS person_id,
    '街道' || (range // 100000) AS township, '社区' || (range // 5000) AS community,
    '小区' || (range // 1200) AS compound, CAST(1 + (range % 1200) // 120 AS VARCHAR) AS building,
    CAST(1 + (range % 120) // 40 AS VARCHAR) AS unit,
    CAST(101 + 100 * ((range % 40) // 6) + (range % 6) // 3 AS VARCHAR) AS room
FROM range({people})
"""
_EXEMPT = """
SELECT range AS person_id, CASE WHEN drawn('why', range, 2) = 0 THEN '在外地' ELSE '医嘱不宜采样' END AS reason
FROM range({people})
WHERE drawn('exempt', range, 10) = 0 AND NOT is_swabbed({last}, range)
"""
_SAMPLES = """
SELECT
    {round} * 30000000 + p + CASE WHEN copy THEN 10000000000 ELSE 0 END AS sample_id, p AS person_id, tube AS tube_id,
    taken + INTERVAL (CAST(p % 10 * 15 AS INTEGER)) SECOND AS sampled_at,
    drawn('day', {round} * 4000000000 + p, 300) <> 0 AS sampled_at_has_time,
    {round} AS round_id,
    drawn('void', {round} * 4000000000 + p, 1000) = 0 AND NOT copy AS is_void,
    CAST(NULL AS TIMESTAMP) AS voided_at,
    taken + INTERVAL (CAST(p % 10 * 15 + 5 AS INTEGER)) SECOND AS recorded_at
FROM (
    SELECT range AS p, tube_of({round}, range) AS tube,
        swabbed_at(TIMESTAMP '{day} 14:00:00', tube_of({round}, range)) AS taken,
        unnest(CASE WHEN drawn('twice', {round} * 4000000000 + range, 500) = 0
            THEN [false, true] ELSE [false] END) AS copy
    FROM range({people})
    WHERE is_swabbed({round}, range)
)
"""
_TUBES = """
SELECT
    tube AS tube_id,
    CAST(CASE kind WHEN 'single' THEN 1 WHEN 'household' THEN 0 ELSE 10 END AS SMALLINT) AS capacity,
    kind = 'household' AS is_household,
    drawn('tube_void', tube, 2000) = 0 AS is_void,
    CAST(NULL AS TIMESTAMP) AS voided_at
FROM (
    SELECT DISTINCT tube_of({round}, range) AS tube, kind_of({round}, range) AS kind
    FROM range({people}) WHERE is_swabbed({round}, range)
)
ORDER BY tube
"""
# again: 0 the report, 1 the same once more, 2 the correction of a wrong positive.
_RESULTS = """
SELECT
    ({round} * 3 + again) * 10000000000 + p AS result_id, tube AS tube_id, p AS person_id,
    CASE
        WHEN mend AND again < 2 THEN 'positive'
        WHEN mend THEN 'negative'
        WHEN is_positive THEN 'positive'
        WHEN drawn('unclear', tube, 3000) = 0 THEN 'indeterminate'
        ELSE 'negative'
    END AS outcome,
    taken + INTERVAL 8 HOUR AS tested_at, true AS tested_at_has_time,
    taken + INTERVAL (9 * 60 + again * 20) MINUTE AS reported_at, true AS reported_at_has_time,
    taken + INTERVAL (9 * 60 + 5 + again * 20) MINUTE AS received_at,
    '检验所' || (tube % 7) AS laboratory,
    CASE WHEN mend AND again < 2 THEN ({round} * 3 + 2) * 10000000000 + p END AS superseded_by,
    CASE WHEN drawn('back', tube, 4000) = 0 THEN taken + INTERVAL 11 HOUR END AS withdrawn_at
FROM (
    SELECT *,
        unnest(CASE WHEN mend THEN [0, 2] WHEN drawn('repeat', tube, 100) = 0 THEN [0, 1] ELSE [0] END) AS again
    FROM (
        SELECT range AS p, tube_of({round}, range) AS tube,
            swabbed_at(TIMESTAMP '{day} 14:00:00', tube_of({round}, range)) AS taken,
            CASE kind_of({round}, range) WHEN 'single' THEN drawn('positive', tube_of({round}, range), 1000) = 0
                WHEN 'household' THEN drawn('positive', tube_of({round}, range), 350) = 0
                ELSE drawn('positive', tube_of({round}, range), 100) = 0 END AS is_positive,
            drawn('mend', tube_of({round}, range), 500) = 0 AS mend
        FROM range({people})
        WHERE is_swabbed({round}, range)
            AND NOT ({round} = {last} AND drawn('waits', tube_of({round}, range), 30) = 0)
    )
)
"""
_CASES = """
SELECT
    range AS case_id, range AS person_id,
    TIMESTAMP '2022-08-10 10:00:00' AS confirmed_at, TIMESTAMP '2022-08-10 12:00:00' AS recorded_at,
    CASE WHEN drawn('home', range, 4) > 0 THEN TIMESTAMP '2022-08-24 09:00:00' END AS released_at,
    CAST(NULL AS TIMESTAMP) AS release_recorded_at
FROM range({people}) WHERE drawn('case', range, 1000) = 0
"""
_OBLIGATIONS = """
SELECT {round} AS round_id, range AS person_id, TIMESTAMP '{day} 21:00:00' AS ended_at,
    TIMESTAMP '{day} 21:30:00' AS recorded_at, CAST(NULL AS TIMESTAMP) AS withdrawn_at
FROM range({people}) WHERE NOT is_swabbed({round}, range)
"""
_ORDERS = """
SELECT
    range AS order_id, range AS person_id,
    CASE WHEN drawn('which', range, 3) = 0 THEN 'isolation_order' ELSE 'home_monitoring_order' END AS rule_id,
    '密接' AS reason, 1 AS proposed_by, 2 AS approved_by, CAST(NULL AS TIMESTAMP) AS starts_at,
    TIMESTAMP '2022-09-02 08:00:00' AS ends_at, TIMESTAMP '2022-08-28 08:00:00' AS recorded_at,
    CASE WHEN drawn('revoked', range, 20) = 0 THEN TIMESTAMP '2022-08-29 08:00:00' END AS revoked_at
FROM range({people}) WHERE drawn('order', range, 300) = 0
"""
_OVERRIDES = """
SELECT range AS override_id, range AS person_id,
    CAST(NULL AS TIMESTAMP) AS starts_at, CAST(NULL AS TIMESTAMP) AS ends_at,
    TIMESTAMP '2022-08-30 02:00:00' AS recorded_at, CAST(NULL AS TIMESTAMP) AS revoked_at
FROM range({people}) WHERE drawn('override', range, 10000) = 0
"""
_ONCE = {
    "persons": _PERSONS,
    "roster": _ROSTER,
    "exempt": _EXEMPT,
    "cases": _CASES,
    "orders": _ORDERS,
    "overrides": _OVERRIDES,
}
_BY_ROUND = {"samples": _SAMPLES, "tubes": _TUBES, "results": _RESULTS, "obligations": _OBLIGATIONS}


@dataclass(frozen=True, slots=True)
class City:
    """Generated facts of ``people`` people in ``folder``, by table and day."""

    folder: Path
    people: int

    def rows(self, table: str) -> int:
        with duckdb.connect() as connection:
            found = connection.execute(f"SELECT count(*) FROM '{self.folder}/{table}/*/*.parquet'").fetchone()
        return 0 if found is None else int(found[0])


def city(people: int) -> City:
    """The city of this size, made where it is not there yet; older ones of the size are removed."""
    root = OUT / "cities"
    folder = root / f"{people}-{_digest()}"
    if not (folder / "made").exists():
        if root.exists():
            for stale in root.glob(f"{people}-*"):
                shutil.rmtree(stale)
        make(folder, people)
        (folder / "made").touch()
    return City(folder, people)


def _digest() -> str:
    texts = "".join((_MACROS, *_ONCE.values(), *_BY_ROUND.values()))
    return hashlib.sha256(texts.encode()).hexdigest()[:12]


def make(folder: Path, people: int, *, threads: int | None = None) -> None:
    """Write the facts of ``people`` people: one file per table and day, in the order of persons."""
    with duckdb.connect(config={} if threads is None else {"threads": threads}) as connection:
        connection.execute(_MACROS)
        for name, sql in _ONCE.items():
            _write(connection, folder, name, ROUND_DAYS[0], sql.format(people=people, last=LAST_ROUND))
        for name, sql in _BY_ROUND.items():
            for number, day in enumerate(ROUND_DAYS):
                kept = RESULT_DAYS[number] if name == "results" else day
                _write(
                    connection, folder, name, kept, sql.format(people=people, round=number, day=day, last=LAST_ROUND)
                )


def _write(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, day: str, sql: str) -> None:
    part = folder / name / f"dt={day}"
    part.mkdir(parents=True, exist_ok=True)
    connection.execute(f"COPY ({sql}) TO '{part}/part-0.parquet' (FORMAT parquet, COMPRESSION snappy)")
