"""One round of a whole city, from Parquet to Parquet: the stages of ``reconcile_round``, people and tubes by number.

The facts are those of the status engine (``samples``, ``tubes``, ``results``) with ``roster`` and ``exempt`` beside
them. What a spreadsheet says of a person (names, phones, free text) is not there and not given out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from lianfang.engine.backends import Stages
from lianfang.engine.backends.columnar import attach, refuse_nulls, slices
from lianfang.engine.rounds import plain, stages_counts, stages_people, stages_places, stages_tubes
from lianfang.engine.rounds.contract import RoundSettings
from lianfang.engine.rounds.reasons import reason_kinds
from lianfang.engine.rounds.reconcile import DoesNotAddUpError, settings_row
from lianfang.engine.tables import EXEMPT, INSTANT, RESULTS, ROSTER, SAMPLES, Column, TableContract

if TYPE_CHECKING:
    from lianfang.engine.backends.cluster import ClusterStages

_NUMBER, _TEXT, _FLAG = pa.int64(), pa.string(), pa.bool_()
CITY_ROSTER = TableContract(
    "roster",
    (
        Column("person_id", _NUMBER, "required, unique, below 2³¹: who is expected"),
        *(column for column in ROSTER.columns if column.name in (
            "township", "community", "compound", "building", "unit", "floor", "room", "household_no")),
    ),
)  # fmt: skip
CITY_EXEMPT = TableContract(
    "exempt", (Column("person_id", _NUMBER, "required"), Column("reason", _TEXT, "why exempt or away"))
)
CITY_SAMPLES = TableContract(
    "samples",
    (
        Column("sample_id", _NUMBER, "required, unique"),
        Column("person_id", _NUMBER, "required, below 2³¹"),
        Column("tube_id", _NUMBER, "the tube; null where a swab was recorded without one"),
        Column("sampled_at", INSTANT, "when taken"),
        Column("sampled_at_has_time", _FLAG, "false where only the day is known; null is true"),
        Column("round_id", _NUMBER, "the round"),
        Column("is_void", _FLAG, "null is false"),
        Column("voided_at", INSTANT, "when that became known; null is from the start"),
        Column("recorded_at", INSTANT, "required: when it became known"),
    ),
)
CITY_TUBES = TableContract(
    "tubes",
    (
        Column("tube_id", _NUMBER, "required, unique"),
        Column("capacity", pa.int16(), "people it may hold; 0 is a household tube"),
        Column("is_household", _FLAG, "null is false"),
        Column("is_void", _FLAG, "null is false"),
        Column("voided_at", INSTANT, "when that became known; null is from the start"),
    ),
)
CITY_RESULTS = TableContract(
    "results",
    (
        Column("result_id", _NUMBER, "required, unique"),
        Column("tube_id", _NUMBER, "required here: a report without a tube is not of one round"),
        Column("person_id", _NUMBER, "whom the laboratory names"),
        Column("outcome", _TEXT, "required"),
        Column("tested_at", INSTANT, "when tested"),
        Column("tested_at_has_time", _FLAG, "null is true"),
        Column("reported_at", INSTANT, "when reported"),
        Column("reported_at_has_time", _FLAG, "null is true"),
        Column("received_at", INSTANT, "required: when it became known"),
        Column("laboratory", _TEXT, "laboratory"),
        Column("superseded_by", _NUMBER, "the later result that corrects this one"),
        Column("withdrawn_at", INSTANT, "when taken back"),
    ),
)
CITY_FACTS = (CITY_ROSTER, CITY_EXEMPT, CITY_SAMPLES, CITY_TUBES, CITY_RESULTS)
_VOID = "coalesce({0}.is_void, false) AND coalesce({0}.voided_at <= TIMESTAMP '{1}', true)"
_SEEN = """
SELECT s.*, t.capacity, t.is_household, ({sample_void}) OR coalesce({tube_void}, false) AS counts_not
FROM city_samples s LEFT JOIN city_tubes t ON t.tube_id = s.tube_id
WHERE s.round_id = {round} AND s.recorded_at <= TIMESTAMP '{as_of}'
"""
# A swab without a tube is a tube of its own.
_TUBE_NUMBERS = """
SELECT key, CAST(row_number() OVER (ORDER BY key) - 1 AS INTEGER) AS tube
FROM (SELECT DISTINCT coalesce(tube_id, -1 - sample_id) AS key FROM swabs_of_round)
"""
_READ = """
SELECT r.*, n.tube AS code,
    x.result_id IS NOT NULL OR coalesce(r.withdrawn_at <= TIMESTAMP '{as_of}', false) AS counts_not
FROM city_results r
JOIN tube_numbers n ON n.key = r.tube_id
LEFT JOIN (
    SELECT DISTINCT o.result_id FROM city_results o JOIN city_results c ON c.result_id = o.superseded_by
    WHERE o.superseded_by IS NOT NULL AND c.received_at <= TIMESTAMP '{as_of}'
) x ON x.result_id = r.result_id
WHERE r.received_at <= TIMESTAMP '{as_of}'
"""
OUTPUTS = {
    "people": "SELECT CAST(person AS BIGINT) AS person_id, on_roster, state, because, reason, outcome, action, "
    "first_sampled_at, last_sampled_at, last_contact_at, township FROM people ORDER BY person",
    "tubes": "SELECT * EXCLUDE (tube, laboratories, boxes) FROM tubes ORDER BY tube",
    "buildings": "SELECT * EXCLUDE (building_place) FROM buildings ORDER BY building_place",
    "totals": "SELECT * FROM totals",
    "findings": "SELECT * FROM findings ORDER BY kind, tube_key, person_key, finding_key, record_id",
}
KEPT = frozenset(("people", "tubes", "buildings", "totals", "findings"))
_ODD_KEPT = frozenset(("people", "tubes", "findings", "stairwells"))
PEOPLE_PER_SLICE = 1_000_000


def reconcile_city(
    facts: Path,
    output: Path,
    round_id: int,
    settings: RoundSettings,
    *,
    threads: int | None = None,
    memory: str | None = None,
) -> Mapping[str, int]:
    """Count one round; writes ``people``, ``tubes``, ``buildings``, ``totals`` and ``findings``; returns the totals.

    Raises ``DoesNotAddUpError`` where the counts contradict each other or the roster, ``FileExistsError`` where
    ``output`` has files, ``ColumnarError`` where somebody stands twice on the roster or a row there names nobody.
    """
    output.mkdir(parents=True, exist_ok=True)
    if any(output.iterdir()):
        raise FileExistsError(f"{output.name}: has files already")
    spill = output / "spill"
    with Stages(threads=threads, memory=memory, keeps_order=False, spill=spill) as db:
        for contract in CITY_FACTS:
            attach(db, facts, contract, named=f"city_{contract.name}")
        db.load_few(settings=settings_row(settings))
        refuse_nulls(db, facts, "roster", ("person_id",))
        parts = slices(db, facts, "roster", "person_id", PEOPLE_PER_SLICE)
        plain.refuse_repeats(db, parts)
        for name, sql in plain.steps(round_id, parts).items():
            if name in plain.DENSE:
                db.dense_stage(name, sql, plain.BITS_OF_A_RANGE)
            else:
                db.stage(name, sql)
        _count_the_odd(db, round_id, settings)
        _write_people(db, parts, output)
        for name, sql in plain.counts(len(parts)).items():
            db.stage(name, sql)
        totals = db.table("SELECT * FROM totals").to_pylist()[0]
        prove(totals, db.rows("SELECT count(*) FROM city_roster")[0][0])
        _write(db, output, {**OUTPUTS, "tubes": plain.TUBES})
    if spill.exists():
        spill.rmdir()
    return counts_of(totals)


def _count_the_odd(db: Stages, round_id: int, settings: RoundSettings) -> None:
    """Everybody with whom there is something to judge, by the stages of ``reconcile_round``."""
    for name, sql in plain.SUBSET.items():
        db.stage(name, sql.format(round=int(round_id)))
    whole = {name: f"whole_{name}" for name in ("roster", "samples", "results")}
    for name in whole:
        db.define(f"ALTER VIEW city_{name} RENAME TO whole_{name}")
        db.view(f"city_{name}", f"SELECT * FROM odd_{name}")
    as_rows(db, round_id, settings)
    db.stage("named_plain", plain.NAMED_PLAIN)
    db.stage("known_people", plain.PERSON_NAMES)
    db.view("person_names", "SELECT * FROM known_people")
    db.define(stages_tubes.MACROS)
    db.define(stages_places.MACROS)
    own = {"roster_places": plain.ROSTER_PLACES, "findings": stages_counts.FINDINGS}
    db.stages(stages_tubes.STEPS | stages_people.STEPS | own, keep=_ODD_KEPT)
    for name in whole:
        db.view(f"city_{name}", f"SELECT * FROM whole_{name}")


def _write_people(db: Stages, parts: Sequence[tuple[int, int]], output: Path) -> None:
    (output / "people").mkdir()
    for name, words in plain.WORDS.items():
        db.words(name, words)
    db.stage("plain_buildings", plain.BUILDINGS)
    for number, (first, end) in enumerate(parts):
        for name, sql in plain.people_of(first, end, number).items():
            db.stage(name, sql)
        db.write(plain.PEOPLE, output / "people" / f"part-{number:05}.parquet")
    db.write(OUTPUTS["people"], output / "people" / f"part-{len(parts):05}.parquet")


def _write(db: Stages, output: Path, outputs: Mapping[str, str]) -> None:
    for name, sql in outputs.items():
        if name != "people":
            (output / name).mkdir()
            db.write(sql, output / name / "part-00000.parquet")


def as_rows(db: Stages | ClusterStages, round_id: int, settings: RoundSettings) -> None:
    """The tables as the stages take them."""
    as_of = settings.as_of.isoformat(sep=" ")
    void = {"sample_void": _VOID.format("s", as_of), "tube_void": _VOID.format("t", as_of)}
    db.view("swabs_of_round", _SEEN.format(round=int(round_id), as_of=as_of, **void))
    db.stage("tube_numbers", _TUBE_NUMBERS)
    places = {column.name: column.name for column in CITY_ROSTER.columns[1:]}
    person = "CAST(person_id AS INTEGER)"
    order = f"{person} AS person, {person} AS name_place, 0 AS address_place"
    db.view("roster", f"SELECT {_said(ROSTER, {'record_id': 'person_id', **places})}, {order} FROM city_roster")
    swab = {
        "record_id": "sample_id", "tube_code": "CAST(tube_id AS VARCHAR)", "tube_capacity": "capacity",
        "test_kind": "CASE WHEN is_household THEN 'household' END", "sampled_at": "sampled_at",
        "sampled_at_has_time": "coalesce(sampled_at_has_time, true)",
        "status_code": "CASE WHEN counts_not THEN 'void' END",
    }  # fmt: skip
    joined = "swabs_of_round JOIN tube_numbers n ON n.key = coalesce(tube_id, -1 - sample_id)"
    db.view("samples", f"SELECT {_said(SAMPLES, swab)}, {order}, n.tube FROM {joined}")
    key = "CASE WHEN key < 0 THEN '#' || (-1 - key) ELSE CAST(key AS VARCHAR) END"
    db.view("tube_names", f"SELECT tube, {key} AS tube_key FROM tube_numbers")
    _reports(db, as_of, person)
    # Somebody may stand on several lists: rows are told apart by number, not by person.
    excused = {
        "record_id": "row_number() OVER (ORDER BY person_id, reason)",
        "reason": "reason",
        "reason_is_asked": "true",
    }
    db.view("exempt", f"SELECT {_said(EXEMPT, excused)}, {person} AS person FROM city_exempt")
    everybody = "SELECT person FROM roster UNION SELECT person FROM samples"
    db.view("person_names", f"SELECT person, CAST(person AS VARCHAR) AS person_key FROM ({everybody})")
    reasons = [row[0] for row in db.rows("SELECT DISTINCT reason FROM city_exempt WHERE reason IS NOT NULL")]
    db.load_few(settings=settings_row(settings), reason_kinds=reason_kinds(reasons))


def _reports(db: Stages | ClusterStages, as_of: str, person: str) -> None:
    db.stage(
        "laboratories",
        "SELECT CAST(row_number() OVER (ORDER BY name) - 1 AS INTEGER) AS laboratory, name "
        "FROM (SELECT DISTINCT laboratory AS name FROM city_results WHERE laboratory IS NOT NULL)",
    )
    db.view("reports_of_round", _READ.format(as_of=as_of))
    report = {
        "record_id": "result_id", "tube_code": "CAST(tube_id AS VARCHAR)", "result": "outcome",
        "result_given": "outcome", "laboratory": "l.laboratory", "tested_at": "tested_at",
        "tested_at_has_time": "coalesce(tested_at_has_time, true)", "reported_result_at": "reported_at",
        "reported_result_at_has_time": "coalesce(reported_at_has_time, true)",
        "status_code": "CASE WHEN counts_not THEN 'void' END",
    }  # fmt: skip
    joined = "reports_of_round r LEFT JOIN laboratories l ON l.name = r.laboratory"
    db.view("results", f"SELECT {_said(RESULTS, report)}, {person} AS person, code FROM {joined}")


def _said(contract: TableContract, known: Mapping[str, str]) -> str:
    """The contract's columns: what is known of them, and null for the others."""
    return ", ".join(
        f"{known[column.name]} AS {column.name}"
        if column.name in known
        else f"CAST(NULL AS {_KINDS[column.type]}) AS {column.name}"
        for column in contract.columns
    )


_KINDS = {
    pa.int64(): "BIGINT", pa.int32(): "INTEGER", pa.int16(): "SMALLINT", pa.int8(): "TINYINT", pa.string(): "VARCHAR",
    pa.bool_(): "BOOLEAN", pa.date32(): "DATE", INSTANT: "TIMESTAMP",
}  # fmt: skip


def counts_of(totals: Mapping[str, object]) -> dict[str, int]:
    """The whole numbers of the totals."""
    return {name: value for name, value in totals.items() if isinstance(value, int) and not isinstance(value, bool)}


def prove(totals: Mapping[str, int], expected: int) -> None:
    """Raises ``DoesNotAddUpError`` where the counts contradict each other or the rosters."""
    parts = sum(totals[name] for name in ("exempt", "away", "sampled", "missing"))
    outcomes = sum(totals[name] for name in ("negative", "released", "pending", "unclear", "held", "positive"))
    if totals["expected"] != expected or parts != expected or outcomes != totals["sampled"]:
        raise DoesNotAddUpError(f"{expected} people on the rosters; counted {dict(totals)}")
