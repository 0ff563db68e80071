"""Only those decided anew whom time or a fact can have touched since an earlier run; the rest stays as it was.

Whoever may be touched is decided about again: rather a few too many than one too few. The answer is that of the full
run in ``decisions``, ``reasons``, ``evidence`` and ``tests_due``. ``set_aside`` is about facts, not people, and only a
full run writes it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lianfang.engine.backends import Stages
from lianfang.engine.backends.columnar import attach, files_of, reading
from lianfang.engine.packs import Pack
from lianfang.engine.status.bulk import BulkRun, part_of, run_in_bulk
from lianfang.engine.status.contract import CLOCK_TOLERANCE, FACT_CONTRACTS
from lianfang.engine.status.delta import COMPARED, SEVERITY
from lianfang.engine.status.plan import moment
from lianfang.engine.status.transitions import Transitions, chain_of, instants_of_change

MERGED = ("decisions", "reasons", "evidence", "tests_due")
# An instant that is only a day may stand for any second of it.
_DAY_ONLY = {
    "sampled_at": "sampled_at_has_time",
    "tested_at": "tested_at_has_time",
    "reported_at": "reported_at_has_time",
}
_OWN = ("persons", "samples", "results", "cases", "obligations", "orders", "overrides", "exposures", "residencies",
        "person_facts")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Touched:
    """Who is decided anew, of how many; ``people`` are ``persons`` where nothing can be left as it was."""

    people: int
    persons: int

    @property
    def share(self) -> float:
        return self.people / self.persons if self.persons else 1.0


# By table: a fact of theirs, or somebody's in one of their tubes, became known, was, began or ended meanwhile.
_MATES = {
    "touched_tubes": """
SELECT tube_id FROM samples WHERE tube_id IS NOT NULL AND {samples}
UNION SELECT tube_id FROM tubes WHERE {tubes}
UNION SELECT tube_id FROM results WHERE tube_id IS NOT NULL AND {results}
-- A correction touches what it corrects, of whatever tube.
UNION SELECT r.tube_id FROM results r JOIN (SELECT result_id FROM results WHERE {results}) c
    ON c.result_id = r.superseded_by
WHERE r.tube_id IS NOT NULL
""",
    "named_people": """
SELECT person_id FROM results WHERE tube_id IS NULL AND person_id IS NOT NULL
""",
    # A report that names somebody and no tube may be of any tube of theirs.
    "tubes_of_the_named": """
SELECT DISTINCT s.tube_id FROM samples s JOIN named_people n ON n.person_id = s.person_id WHERE s.tube_id IS NOT NULL
    AND s.person_id IN (SELECT person_id FROM directly UNION SELECT m.person_id FROM samples m JOIN touched_tubes t
        ON t.tube_id = m.tube_id)
""",
}
_BY_TUBE = """
SELECT s.person_id FROM samples s
JOIN (SELECT tube_id FROM touched_tubes UNION SELECT tube_id FROM tubes_of_the_named) t ON t.tube_id = s.tube_id
UNION SELECT r.person_id FROM results r JOIN (SELECT result_id FROM results WHERE {results}) c
    ON c.result_id = r.superseded_by WHERE r.person_id IS NOT NULL
"""
_BY_AREA = """
SELECT r.person_id FROM residencies r
JOIN place_ancestors a ON a.place_id = r.place_id
JOIN (SELECT place_id FROM area_levels WHERE {area_levels}) l ON l.place_id = a.ancestor_id
"""
# What was decided ends by itself; several pieces of evidence may end one by one; a test falls due at midnight.
_BY_TIME = """
SELECT person_id FROM said WHERE until <= TIMESTAMP '{as_of}'
UNION SELECT person_id FROM said_decisions WHERE emergency_until <= TIMESTAMP '{as_of}'
UNION SELECT person_id FROM said_evidence GROUP BY person_id, rule_id HAVING count(*) > 1
"""
_BY_STAGE = """
SELECT person_id FROM exposures WHERE anchor_on + {longest} >= DATE '{day}'
"""


def touched_since(
    pack: Pack, facts: Path, previous: Path, before: datetime, as_of: datetime, *, whom: Path,
    superseded: Iterable[Pack] = (), threads: int | None = None, memory: str | None = None,
) -> Touched:  # fmt: skip
    """Write to ``whom`` (Parquet, ``person_id``) everybody whose answer at ``as_of`` may differ from ``previous``.

    ``previous`` is the output of a run of this pack at ``before``. Where a value of the pack has changed between the
    two instants that is everybody.
    """
    at, was = moment(as_of), moment(before)
    if at < was:
        raise ValueError("a run goes on from an earlier one, not from a later one")
    others = tuple(superseded)
    with Stages(threads=threads, memory=memory, keeps_order=False) as db:
        for contract in FACT_CONTRACTS.values():
            attach(db, facts, contract)
        if any(was < change <= at for change in instants_of_change(chain_of(pack, others))):
            db.stage("touched", "SELECT person_id FROM persons")
        else:
            _touch(db, pack, previous, was, at, _longest_plan(pack, others, at))
        known = "SELECT DISTINCT t.person_id FROM touched t JOIN persons p ON p.person_id = t.person_id ORDER BY 1"
        people = db.write(known, whom)
        return Touched(people, int(db.rows("SELECT count(*) FROM persons")[0][0]))


def _touch(db: Stages, pack: Pack, previous: Path, was: datetime, at: datetime, longest: int) -> None:
    window = {name: _happened(name, was, at) for name in FACT_CONTRACTS}
    for name in ("decisions", "reasons", "evidence"):
        db.view(f"said_{name}", reading(files_of(previous, name)))
    db.view("said", "SELECT person_id, until FROM said_decisions UNION ALL SELECT person_id, until FROM said_reasons")
    own = [f"SELECT person_id FROM {name} WHERE {window[name]}" for name in _OWN]
    db.stage("directly", " UNION ".join(own))
    for name, sql in _MATES.items():
        db.stage(name, sql.format(**window))
    parts = ["SELECT person_id FROM directly", _BY_TUBE.format(**window), _BY_AREA.format(**window)]
    parts += [_BY_TIME.format(as_of=at), _BY_STAGE.format(longest=longest, day=was.date())]
    if due := files_of(previous, "tests_due"):
        parts.append(f"SELECT person_id FROM ({reading(due)})")
    if pack.testing is not None or any(rule.when is not None for rule in pack.rules):
        parts.append("SELECT person_id FROM person_facts")
    db.stage("touched", " UNION ".join(parts))


def _happened(table: str, was: datetime, at: datetime) -> str:
    """Whether any instant of a fact lies between the two runs; a clock may run ahead."""
    columns = [column.name for column in FACT_CONTRACTS[table].columns if str(column.type).startswith("timestamp")]
    until = at + CLOCK_TOLERANCE
    said = []
    for name in columns:
        has_time = _DAY_ONLY.get(name)
        if has_time is None:
            said.append(f"({name} > TIMESTAMP '{was}' AND {name} <= TIMESTAMP '{until}')")
        else:
            # The last second of a day that is only a day.
            said.append(
                f"({name} <= TIMESTAMP '{until}' AND CASE WHEN {has_time} = false "
                f"THEN date_trunc('day', {name}) + INTERVAL 1 DAY ELSE {name} END > TIMESTAMP '{was}')"
            )
    return f"({' OR '.join(said) or 'false'})"


def _longest_plan(pack: Pack, superseded: Iterable[Pack], at: datetime) -> int:
    """Days from day 0 after which no stage of any category begins or ends."""
    plans = Transitions(chain_of(pack, superseded), at).category_plans().values()
    return max((plan.end_day for plan in plans if plan is not None), default=0) + 1


def run_since(
    pack: Pack, facts: Path, output: Path, as_of: datetime, *, previous: Path, before: datetime,
    superseded: Iterable[Pack] = (), most: float = 1.0, threads: int | None = None, memory: str | None = None,
) -> tuple[BulkRun, Touched]:  # fmt: skip
    """Go on from ``previous``, the run of this pack at ``before``: decide about the touched, keep the rest.

    Where more than the share ``most`` is touched everybody is decided about, which is quicker then. Raises as
    ``run_in_bulk``, and ``ValueError`` where ``as_of`` is before ``before``.
    """
    others = tuple(superseded)
    output.mkdir(parents=True, exist_ok=True)
    if any(output.iterdir()):
        raise FileExistsError(f"{output.name}: has files already")
    beside = output.with_name(f"{output.name}.touched")
    beside.mkdir()
    try:
        whom = beside / "whom.parquet"
        touched = touched_since(pack, facts, previous, before, as_of, whom=whom, superseded=others, threads=threads,
                                memory=memory)  # fmt: skip
        if touched.share > most:
            run = run_in_bulk(pack, facts, output, as_of, previous=previous, superseded=others, threads=threads,
                              memory=memory)  # fmt: skip
            return run, Touched(touched.persons, touched.persons)
        run_in_bulk(pack, facts, beside / "run", as_of, only=whom, superseded=others, threads=threads, memory=memory)
        return _merged(previous, beside, output, moment(as_of), threads), touched
    finally:
        shutil.rmtree(beside)


def _merged(previous: Path, beside: Path, output: Path, at: datetime, threads: int | None) -> BulkRun:
    """``previous`` without the touched, and their new answers; all hold at the new instant."""
    rows: dict[str, int] = {}
    with Stages(threads=threads, keeps_order=False) as db:
        db.stage("whom", reading([beside / "whom.parquet"]))
        for name in MERGED:
            old, new = files_of(previous, name), files_of(beside / "run", name)
            if not old and not new:
                continue
            now = f" REPLACE (TIMESTAMP '{at}' AS as_of)" if name == "decisions" else ""
            kept = f"SELECT *{now} FROM ({reading(old)}) o ANTI JOIN whom USING (person_id)" if old else ""
            parts = [part for part in (kept, f"SELECT * FROM ({reading(new)})" if new else "") if part]
            (output / name / part_of(at)).mkdir(parents=True)
            said = f"SELECT * FROM ({' UNION ALL BY NAME '.join(parts)}) ORDER BY person_id"
            rows[name] = db.write(said, output / name / part_of(at) / "part-00000.parquet")
        changes = _delta(db, previous, output, part_of(at))
    return BulkRun(rows, changes)


def _delta(db: Stages, previous: Path, output: Path, part: str) -> Mapping[str, int]:
    for name, folder in (("before", previous), ("after", output)):
        db.view(name, reading(files_of(folder, "decisions")))
    db.define(SEVERITY)
    changed = output / "delta" / part / "part-00000.parquet"
    changed.parent.mkdir(parents=True)
    db.write(f"SELECT * FROM ({COMPARED}) c WHERE change IS NOT NULL ORDER BY person_id", changed)
    return dict(db.rows(f"SELECT change, count(*) FROM ({reading([changed])}) d GROUP BY change ORDER BY change"))
