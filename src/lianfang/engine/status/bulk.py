"""Everybody of a city at once: Parquet facts + pack + as_of → Parquet decisions, and what changed since the last run.

What is known of tubes and results is computed once; what is known of people for one slice of them after the other, so
that memory does not grow with the city. The stages are those that decide for one person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from lianfang.engine.backends import Stages
from lianfang.engine.backends.columnar import EVERY, attach, files_of, reading, refuse_nulls, slices
from lianfang.engine.packs import Pack
from lianfang.engine.status.contract import FACT_CONTRACTS, REQUIRED
from lianfang.engine.status.delta import COMPARED_WITH_ONE_PACK, SEVERITY
from lianfang.engine.status.plan import MACROS, OPENED_ELSEWHERE, Plan, moment, plan_at
from lianfang.engine.status.stages_facts import OF_TUBES

PEOPLE_PER_SLICE = 1_000_000
# Groups by person of which there is one of nearly everybody; so many bits hold the numbers of one slice's people.
_DENSE, _BITS_OF_A_SLICE = frozenset(("several_negatives",)), 21
# Read once or twice and quickly made: keeping them would take longer than making them again.
_MADE_WHERE_USED = frozenset(
    ("seen_samples", "result_rows", "counted", "kind_negative_result", "several_rows", "evidence_rows")
)
EVERYBODY, EVERY_SAMPLE = "every_person", "every_sample"
WHOLE = {"persons": EVERYBODY, "samples": EVERY_SAMPLE}
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
        before = None if previous is None else _Before(db, previous)
        _load_pack(db, plan.tables, {} if before is None else before.words)
        parts = [EVERY] if only is not None else slices(db, facts, "persons", "person_id", people_per_slice)
        writing = _Writing(db, plan, output, part_of(at), before, dense=_DENSE if only is None else frozenset())
        rows = writing.write(parts)
        changes = {} if before is None else _changes(db, output)
    if spill.exists():
        spill.rmdir()
    return BulkRun(rows, changes)


# Columns that name a row of ``rules``: one type, so that what is joined and grouped by them stays a number.
_KEYS = frozenset(("rule_id", "rule_key", "release_key"))


def _load_pack(db: Stages, tables: Mapping[str, pa.Table], beside: Mapping[str, Iterable[str]]) -> None:
    """The pack's tables; words that stand on millions of rows are kept as numbers of a list of words.

    ``beside`` has further words of columns of ``rules``.
    """
    keys = {
        key
        for table in tables.values()
        for name in _KEYS.intersection(table.column_names)
        for key in _words(table, name)
    }
    db.words("rule_key", sorted(keys))
    for name, table in tables.items():
        db.load_few(**{f"given_{name}": table})
        columns = []
        for column in table.schema:
            kind = "rule_key" if column.name in _KEYS else f"word_{column.name}"
            is_word = pa.types.is_string(column.type) and (column.name in _KEYS or name == "rules")
            if is_word and column.name not in _KEYS:
                db.words(kind, sorted(_words(table, column.name).union(beside.get(column.name, ()))))
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
    "untubed_results": "SELECT * FROM results WHERE tube_id IS NULL",
    "named_results": """
SELECT r.* FROM untubed_results r
WHERE r.person_id IN (SELECT person_id FROM mates_samples) OR r.person_id IN (SELECT person_id FROM only_people)
""",
    # Every swab of the touched tubes is there; what else these people have is in no tube, and of the named in another.
    "only_samples": """
SELECT * FROM mates_samples
UNION ALL
SELECT s.* FROM every_sample s JOIN only_people o ON o.person_id = s.person_id WHERE s.tube_id IS NULL
UNION ALL
SELECT s.* FROM every_sample s
JOIN (SELECT DISTINCT person_id FROM named_results) n ON n.person_id = s.person_id
WHERE NOT EXISTS (SELECT 1 FROM mates_samples m WHERE m.sample_id = s.sample_id)
    AND NOT (s.tube_id IS NULL AND EXISTS (SELECT 1 FROM only_people o WHERE o.person_id = s.person_id))
""",
    "only_tubes": "SELECT t.* FROM tubes t JOIN touched_tubes o ON o.tube_id = t.tube_id",
    # No rule asks which laboratory it was: of millions of rows a column less.
    "touched_results": """
SELECT r.* EXCLUDE (laboratory), CAST(NULL AS VARCHAR) AS laboratory
FROM results r JOIN touched_tubes t ON t.tube_id = r.tube_id
UNION ALL
SELECT * EXCLUDE (laboratory), laboratory FROM named_results
""",
    # A correction that was reported for another tube.
    "only_results": """
SELECT * FROM touched_results
UNION ALL
SELECT n.* EXCLUDE (laboratory), n.laboratory FROM results n
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


class _Writing:
    """Stages made and outputs written, what is of tubes once and what is of people for one range after the other."""

    def __init__(
        self, db: Stages, plan: Plan, output: Path, part: str, before: _Before | None, *, dense: Collection[str]
    ) -> None:
        self._dense = dense
        self._db, self._said, self._output, self._part, self._before = db, plan.unordered, output, part, before
        by_person = of_people(plan.steps)
        self._once = {name: sql for name, sql in plan.steps.items() if name not in by_person}
        self._each = {name: sql for name, sql in plan.steps.items() if name in by_person}
        self._views = made_where_used(plan.steps)
        self._sliced = [name for name, sql in self._said.items() if by_person.intersection(_WORD.findall(sql))]
        self._kept = {word for name in self._sliced for word in _WORD.findall(self._said[name])}

    def write(self, parts: Sequence[tuple[int, int]]) -> dict[str, int]:
        """Returns the rows by output. ``parts`` are ranges of persons that cover everybody."""
        db = self._db
        db.view("samples", f"SELECT * FROM {EVERY_SAMPLE}")
        self._stages(self._once, needed=(*self._each.values(), *self._said.values()))
        for name in OF_TUBES:
            db.rename(name, f"every_{name}")
        rows = dict.fromkeys(self._said, 0)
        for name in self._said:
            (self._output / name / self._part).mkdir(parents=True)
        for number, (first, end) in enumerate(parts):
            for name, whole in WHOLE.items():  # a stage of people reads no swabs but theirs
                db.view(name, f"SELECT * FROM {whole} WHERE person_id >= {first} AND person_id < {end}")
            for name in OF_TUBES:
                db.view(name, f"SELECT * FROM every_{name} WHERE first_person < {end} AND last_person >= {first}")
            self._stages(self._each, needed=[self._said[name] for name in self._sliced])
            for name in self._sliced:
                rows[name] += self._put(name, number)
            if self._before is not None:
                self._before.compare(self._said["decisions"], _beyond(parts, number), self._file("delta", number))
            for name in self._each:
                if name not in self._views and name in self._kept:
                    db.drop(name)
        for name in self._said.keys() - set(self._sliced):
            rows[name] += self._put(name, 0)
        return rows

    def _put(self, name: str, number: int) -> int:
        return self._db.write(self._said[name], self._file(name, number))

    def _file(self, name: str, number: int) -> Path:
        return self._output / name / self._part / f"part-{number:05}.parquet"

    def _stages(self, steps: Mapping[str, str], *, needed: Iterable[str]) -> None:
        """Make the stages; each that is a table is dropped after its last use, but for what is ``needed`` later on."""
        words = {name: set(_WORD.findall(sql)) for name, sql in steps.items()}
        for name in reversed(list(steps)):  # who uses a view uses what it reads
            if name in self._views:
                for other in words:
                    if name in words[other]:
                        words[other] |= words[name]
        later = {word for sql in needed for word in _WORD.findall(sql)}
        for name in reversed(list(steps)):
            if name in later and name in self._views:
                later |= words[name]
        last_use = {used: name for name in steps for used in words[name] if used in steps}
        for name, sql in steps.items():
            if name in self._views:
                self._db.view(name, sql)
                continue
            if name in self._dense:
                self._db.dense_stage(name, sql, _BITS_OF_A_SLICE)
            else:
                self._db.stage(name, sql)
            for used in words[name]:
                if last_use.get(used) == name and used not in later and used not in self._views:
                    self._db.drop(used)


def _beyond(parts: Sequence[tuple[int, int]], number: int) -> tuple[int, int]:
    """The range of that number, the first and the last without their outer bound: who is gone may have lived there."""
    first = parts[number][0] if number else EVERY[0]
    return first, parts[number][1] if number < len(parts) - 1 else EVERY[1]


def made_where_used(steps: Mapping[str, str]) -> frozenset[str]:
    """The stages of these that are no tables."""
    # Put together from what is ranked already; otherwise ranking is work that is done once.
    return _MADE_WHERE_USED | ({"ranked"} if "ranked_of_several" in steps else frozenset())


def of_people(steps: Mapping[str, str]) -> set[str]:
    """The stages of people, and those that read such: those that differ from slice to slice."""
    found = {"persons", "negative_swabs", "certificates"}
    for name, sql in steps.items():
        if found.intersection(_WORD.findall(sql)):
            found.add(name)
    return found - {"persons"}


class _Before:
    """The decisions of an earlier run, which those of this one are compared with."""

    def __init__(self, db: Stages, previous: Path) -> None:
        self._db = db
        self._files = files_of(previous, "decisions")
        rows = reading(self._files)
        self.words = {
            column: [word for (word,) in db.rows(f"SELECT DISTINCT {said} FROM ({rows}) d")]
            for said, column in _SAID_AS.items()
        }

    def compare(self, decisions: str, people: tuple[int, int], changed: Path) -> None:
        """Write whose decision differs, of this range of persons."""
        if changed.name == "part-00000.parquet":
            self._db.define(SEVERITY)
            changed.parent.mkdir(parents=True)
        words = ", ".join(f"CAST({said} AS word_{column}) AS {said}" for said, column in _SAID_AS.items())
        inside = f"WHERE person_id >= {people[0]} AND person_id < {people[1]}"
        before = f"SELECT person_id, {words}, {_STATED}, {_IS_OTHER_PACK} FROM ({reading(self._files, inside)}) d"
        self._db.view("before", before)
        self._db.view("after", f"SELECT person_id, {', '.join(_SAID_AS)}, {_STATED} FROM ({decisions}) d")
        self._db.write(f"SELECT * FROM ({COMPARED_WITH_ONE_PACK}) c WHERE change IS NOT NULL", changed)


# Words that are compared, and the column of the pack's rules that says them.
_SAID_AS = {"status": "status", "rule_id": "given_id", "reason": "reason"}
_STATED = "until, is_emergency, emergency_until"
_IS_OTHER_PACK = "pack_id <> pack_id() OR pack_version <> pack_version() AS is_other_pack"


def _changes(db: Stages, output: Path) -> dict[str, int]:
    found = reading(files_of(output, "delta"))
    return dict(db.rows(f"SELECT change, count(*) FROM ({found}) d GROUP BY change ORDER BY change"))
