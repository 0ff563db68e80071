"""Everybody of a city at once: Parquet facts + pack + as_of → Parquet decisions, and what changed since the last run.

What is known of tubes and results is computed once; what is known of people for one slice of them after the other, so
that memory does not grow with the city. The stages are those that decide for one person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from lianfang.engine.backends import Stages
from lianfang.engine.backends.columnar import attach, files_of, reading, refuse_nulls, slices
from lianfang.engine.packs import Pack
from lianfang.engine.status.contract import FACT_CONTRACTS, REQUIRED
from lianfang.engine.status.delta import COMPARED, SEVERITY
from lianfang.engine.status.plan import MACROS, OPENED_ELSEWHERE, Plan, moment, plan_at

PEOPLE_PER_SLICE = 1_000_000
# Read once or twice and quickly made: keeping them would take longer than making them again.
MADE_WHERE_USED = frozenset(
    ("seen_samples", "result_rows", "counted", "several_rows", "evidence_rows", "applied", "ranked")
)
EVERYBODY, EVERY_SAMPLE = "every_person", "every_sample"
WHOLE = {"persons": EVERYBODY, "samples": EVERY_SAMPLE}
_WHOLE = (-(2**63), 2**63 - 1)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class BulkRun:
    """What a run wrote: rows by output, and how many people's decision changed in which way."""

    rows: Mapping[str, int]
    changes: Mapping[str, int] = field(default_factory=dict)


def run_in_bulk(
    pack: Pack,
    facts: Path,
    output: Path,
    as_of: datetime,
    *,
    only: Path | None = None,
    previous: Path | None = None,
    superseded: Iterable[Pack] = (),
    threads: int | None = None,
    memory: str | None = None,
    people_per_slice: int = PEOPLE_PER_SLICE,
) -> BulkRun:
    """Decide about everybody in ``facts`` and write ``decisions``, ``reasons``, ``evidence`` … under ``output``.

    ``facts`` has a folder per table, ``output`` gets one with ``dt=…/part-*.parquet``, in the order of persons.
    With ``only``, a Parquet file with a column ``person_id``, nobody else is decided about. With ``previous``, the
    output of an earlier run of the same people, ``delta`` is written too. The decisions are those of
    ``StatusEngine``. Raises ``ColumnarError`` where the facts break their contract, ``NotInForceError`` where the pack
    is not in force, ``FileExistsError`` where ``output`` has files.
    """
    at = moment(as_of)
    output.mkdir(parents=True, exist_ok=True)
    if any(output.iterdir()):
        raise FileExistsError(f"{output.name}: has files already")
    spill = output / "spill"
    with Stages(threads=threads, memory=memory, keeps_order=False, spill=spill) as db:
        given = _attach_facts(db, facts, pack)
        if only is not None:
            given = _restrict(db, given, only)
        plan = plan_at(pack, at, superseded, given)
        db.constants(plan.constants)
        for macros in MACROS:
            db.define(macros)
        _load_pack(db, plan.tables)
        parts = [_WHOLE] if only is not None else slices(db, facts, "persons", "person_id", people_per_slice)
        rows = _write(db, plan, parts, output, part_of(at))
        changes = {} if previous is None else write_delta(db, previous, output, part_of(at), parts)
    if spill.exists():
        spill.rmdir()
    return BulkRun(rows, changes)


# Columns that name a row of ``rules``: one type, so that what is joined and grouped by them stays a number.
_KEYS = frozenset(("rule_id", "rule_key", "release_key"))


def _load_pack(db: Stages, tables: Mapping[str, pa.Table]) -> None:
    """The pack's tables; words that stand on millions of rows are kept as numbers of a list of words."""
    keys = {
        key
        for table in tables.values()
        for name in _KEYS.intersection(table.column_names)
        for key in _words(table, name)
    }
    db.words("rule_key", sorted(keys))
    for name, table in tables.items():
        db.load(**{f"given_{name}": table})
        columns = []
        for column in table.schema:
            kind = "rule_key" if column.name in _KEYS else f"word_{column.name}"
            is_word = pa.types.is_string(column.type) and (column.name in _KEYS or name == "rules")
            if is_word and column.name not in _KEYS:
                db.words(kind, sorted(_words(table, column.name)))
            columns.append(f"CAST({column.name} AS {kind}) AS {column.name}" if is_word else column.name)
        db.stage(name, f"SELECT {', '.join(columns)} FROM given_{name}")


def _words(table: pa.Table, column: str) -> set[str]:
    return {word for word in table[column].to_pylist() if word is not None}


def part_of(as_of: datetime) -> str:
    """The partition of a run's output."""
    return f"dt={as_of:%Y-%m-%d}"


def _attach_facts(db: Stages, facts: Path, pack: Pack) -> set[str]:
    given = set()
    for name, contract in FACT_CONTRACTS.items():
        refuse_nulls(db, facts, name, REQUIRED.get(name, ()))
        if attach(db, facts, contract, named=WHOLE.get(name)):
            given.add(name)
    for name in ("orders", "exposures"):
        if name in given and db.rows(f"SELECT 1 FROM {name} WHERE opened_under <> '{pack.id}' LIMIT 1"):
            given.add(OPENED_ELSEWHERE)
    return given


# Facts that are one person's; tubes bring those of others along.
_OWN = ("cases", "obligations", "orders", "overrides", "exposures", "residencies", "person_facts")
_TOUCHED = {
    "touched_tubes": """
SELECT DISTINCT s.tube_id FROM every_sample s JOIN only_people o ON o.person_id = s.person_id
WHERE s.tube_id IS NOT NULL
""",
    "mates_samples": "SELECT s.* FROM every_sample s JOIN touched_tubes t ON t.tube_id = s.tube_id",
    # A result that names a tube-mate and no tube may be of the shared tube: all swabs of the named tell.
    "named_results": """
SELECT r.* FROM results r
JOIN (SELECT person_id FROM mates_samples UNION SELECT person_id FROM only_people) m ON m.person_id = r.person_id
WHERE r.tube_id IS NULL
""",
    "only_samples": """
SELECT * FROM mates_samples
UNION ALL
SELECT s.* FROM every_sample s
JOIN (SELECT person_id FROM named_results UNION SELECT person_id FROM only_people) o ON o.person_id = s.person_id
WHERE s.tube_id IS NULL OR NOT EXISTS (SELECT 1 FROM touched_tubes t WHERE t.tube_id = s.tube_id)
""",
    "only_tubes": "SELECT t.* FROM tubes t JOIN touched_tubes o ON o.tube_id = t.tube_id",
    "touched_results": """
SELECT r.* FROM results r JOIN touched_tubes t ON t.tube_id = r.tube_id
UNION ALL
SELECT * FROM named_results
""",
    # A correction that was reported for another tube.
    "only_results": """
SELECT * FROM touched_results
UNION ALL
SELECT n.* FROM results n
JOIN (SELECT DISTINCT superseded_by FROM touched_results r WHERE superseded_by IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM touched_results k WHERE k.result_id = r.superseded_by)) c
    ON c.superseded_by = n.result_id
""",
}


def _restrict(db: Stages, given: set[str], only: Path) -> set[str]:
    """Leave the facts of some people, of everybody in their tubes, and the results of those tubes."""
    db.stage("only_people", f"SELECT DISTINCT person_id FROM ({reading([only])}) o WHERE person_id IS NOT NULL")
    for name, sql in _TOUCHED.items():
        db.stage(name, sql)
    for name in _OWN:
        db.stage(f"only_{name}", f"SELECT f.* FROM {name} f JOIN only_people o ON o.person_id = f.person_id")
    for name in ("samples", "tubes", "results", *_OWN):
        db.view(WHOLE.get(name, name), f"SELECT * FROM only_{name}")
    db.stage("only_persons", f"SELECT p.* FROM {EVERYBODY} p JOIN only_people o ON o.person_id = p.person_id")
    db.view(EVERYBODY, "SELECT * FROM only_persons")
    return {name for name in given if name not in _OWN or db.rows(f"SELECT 1 FROM {name} LIMIT 1")}


def _write(db: Stages, plan: Plan, parts: list[tuple[int, int]], output: Path, part: str) -> dict[str, int]:
    by_person = of_people(plan.steps)
    once = {name: sql for name, sql in plan.steps.items() if name not in by_person}
    each = {name: sql for name, sql in plan.steps.items() if name in by_person}
    said = plan.unordered
    sliced = [name for name, sql in said.items() if by_person.intersection(_WORD.findall(sql))]
    db.view("samples", f"SELECT * FROM {EVERY_SAMPLE}")
    _stages(db, once, needed=(*each.values(), *said.values()))
    for name in said:
        (output / name / part).mkdir(parents=True)
    rows = dict.fromkeys(said, 0)
    for number, (first, end) in enumerate(parts):
        for name, whole in WHOLE.items():  # a stage of people reads no swabs but theirs
            db.view(name, f"SELECT * FROM {whole} WHERE person_id >= {first} AND person_id < {end}")
        _stages(db, each, needed=[said[name] for name in sliced])
        for name in sliced:
            rows[name] += db.write(said[name], output / name / part / f"part-{number:05}.parquet")
        for name in each:
            if name not in MADE_WHERE_USED and any(name in _WORD.findall(said[out]) for out in sliced):
                db.drop(name)
    for name in said.keys() - set(sliced):
        rows[name] += db.write(said[name], output / name / part / "part-00000.parquet")
    return rows


def of_people(steps: Mapping[str, str]) -> set[str]:
    """The stages that read ``persons``, themselves or through another: those that differ from slice to slice."""
    found = {"persons"}
    for name, sql in steps.items():
        if found.intersection(_WORD.findall(sql)):
            found.add(name)
    return found - {"persons"}


def _stages(db: Stages, steps: Mapping[str, str], *, needed: Iterable[str]) -> None:
    """Make the stages; each that is a table is dropped after its last use, but for what is ``needed`` later on."""
    words = {name: set(_WORD.findall(sql)) for name, sql in steps.items()}
    for name in reversed(list(steps)):  # who uses a view uses what it reads
        if name in MADE_WHERE_USED:
            for other in words:
                if name in words[other]:
                    words[other] |= words[name]
    later = {word for sql in needed for word in _WORD.findall(sql)}
    for name in reversed(list(steps)):
        if name in later and name in MADE_WHERE_USED:
            later |= words[name]
    last_use = {used: name for name in steps for used in words[name] if used in steps}
    for name, sql in steps.items():
        if name in MADE_WHERE_USED:
            db.view(name, sql)
            continue
        db.stage(name, sql)
        for used in words[name]:
            if last_use.get(used) == name and used not in later and used not in MADE_WHERE_USED:
                db.drop(used)


_WORDS_COMPARED = ("status", "rule_id", "reason", "pack_id")
_STATED = ("until", "is_emergency", "emergency_until", "pack_version")


def write_delta(
    db: Stages, previous: Path, output: Path, part: str, parts: Sequence[tuple[int, int]] = (_WHOLE,)
) -> dict[str, int]:
    """Write whose decision differs between two runs as ``delta``; returns how many by kind of change.

    ``parts`` are ranges of persons that are compared one after the other.
    """
    db.define(SEVERITY)
    (output / "delta" / part).mkdir(parents=True)
    files = reading([*files_of(previous, "decisions"), *files_of(output, "decisions")])
    columns = ["person_id", *_STATED]
    for name in _WORDS_COMPARED:
        db.words(f"said_{name}", [word for (word,) in db.rows(f"SELECT DISTINCT {name} FROM ({files}) d ORDER BY 1")])
        columns.append(f"CAST({name} AS said_{name}) AS {name}")
    for number, (first, end) in enumerate(parts):
        for name, folder in (("before", previous), ("after", output)):
            inside = f"WHERE person_id >= {first} AND person_id < {end}"
            db.view(name, f"SELECT {', '.join(columns)} FROM ({reading(files_of(folder, 'decisions'), inside)}) d")
        changed = output / "delta" / part / f"part-{number:05}.parquet"
        db.write(f"SELECT * FROM ({COMPARED}) c WHERE change IS NOT NULL", changed)
    found = reading(files_of(output, "delta"))
    return dict(db.rows(f"SELECT change, count(*) FROM ({found}) d GROUP BY change ORDER BY change"))
