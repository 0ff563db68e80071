"""Reconciliation of one testing round: expected − exempt − away − sampled = missing, with the proof."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.backends import Stages
from lianfang.engine.rounds import stages_counts, stages_people, stages_places, stages_tubes
from lianfang.engine.rounds.contract import (
    BUILDINGS,
    FINDINGS,
    ROW_STATES,
    TOTALS,
    TUBES,
    RoundAnswer,
    RoundSettings,
)
from lianfang.engine.rounds.numbering import Numbering, numbered
from lianfang.engine.rounds.people import people_in_walking_order
from lianfang.engine.rounds.reasons import reason_kinds
from lianfang.engine.tables import EXEMPT, RESULTS, ROSTER, SAMPLES

_PARTS = ("exempt", "away", "sampled", "missing")
_OUTCOMES = ("negative", "released", "pending", "unclear", "held", "positive")
_CONTRACTS = {"roster": ROSTER, "samples": SAMPLES, "results": RESULTS, "exempt": EXEMPT}
# The stage that says of every row of a role what became of it.
_FATES = {"roster": "roster_rows", "samples": "swabs", "results": "result_rows", "exempt": "exempt_rows"}
_GIVEN_OUT = frozenset(
    ("people", "unrostered", "person_tubes", "tubes", "buildings", "totals", "findings", *_FATES.values())
)


class DoesNotAddUpError(RuntimeError):
    """The counts of a round contradict each other: a fault of the program, never of the files."""


def reconcile_round(
    *, roster: pa.Table, samples: pa.Table, results: pa.Table, exempt: pa.Table, settings: RoundSettings
) -> RoundAnswer:
    """Count one round.

    The tables follow the contracts of ``engine.tables`` plus ``person_key`` (text; null where the row
    names nobody): the same person carries the same key in all four.

    Raises ``DoesNotAddUpError`` where expected ≠ exempt + away + sampled + missing, where the outcomes do not
    sum to the sampled, or where a row went in and did not come out.
    """
    given = {"roster": roster, "samples": samples, "results": results, "exempt": exempt}
    tables, persons, tubes, laboratories = _in_numbers(given)
    with Stages(joins_as_written=True, keeps_order=False) as db:
        db.load(
            **tables,
            person_names=persons.table("person", "person_key"),
            tube_names=tubes.table("tube", "tube_key"),
            laboratories=laboratories.table("laboratory", "name"),
            settings=settings_row(settings),
            reason_kinds=_reasons(roster, exempt),
        )
        db.define(stages_tubes.MACROS)
        db.define(stages_places.MACROS)
        db.stages(stages_tubes.STEPS | stages_people.STEPS | stages_counts.STEPS, keep=_GIVEN_OUT)
        states = {role: _row_states(db, stage, persons, tubes) for role, stage in _FATES.items()}
        answer = RoundAnswer(
            people=people_in_walking_order(db, tables["roster"], persons, tubes),
            tubes=TUBES.conform(db.table("SELECT * FROM tubes ORDER BY tube")),
            buildings=BUILDINGS.conform(db.table("SELECT * FROM buildings ORDER BY building_place")),
            totals=TOTALS.conform(db.table("SELECT * FROM totals")),
            findings=FINDINGS.conform(
                db.table("SELECT * FROM findings ORDER BY kind, tube_key, person_key, finding_key, record_id")
            ),
            roster_states=states["roster"],
            sample_states=states["samples"],
            result_states=states["results"],
            exempt_states=states["exempt"],
        )
    # Counted another way, straight from the rows that came in.
    expected = pc.count_distinct(roster["person_key"].cast(pa.string())).as_py()
    _prove(answer, expected, {role: table.num_rows for role, table in given.items()})
    return answer


def _in_numbers(given: dict[str, pa.Table]) -> tuple[dict[str, pa.Table], Numbering, Numbering, Numbering]:
    """The tables as the stages take them, and the names behind the numbers of people, tubes and laboratories."""
    tables = {role: contract.conform(given[role]) for role, contract in _CONTRACTS.items()}
    keys = {role: given[role]["person_key"].cast(pa.string()) for role in tables}
    persons, numbers = numbered(*keys.values())
    tables = {
        role: table.append_column("person", number)
        for (role, table), number in zip(tables.items(), numbers, strict=True)
    }
    samples, results = tables["samples"], tables["results"]
    tubes, (tube, code) = numbered(_tube_keys(samples, keys["samples"]), results["tube_code"])
    laboratories, (laboratory,) = numbered(results["laboratory"])
    tables["samples"] = samples.append_column("tube", tube)
    at = results.column_names.index("laboratory")
    tables["results"] = results.append_column("code", code).set_column(at, "laboratory", laboratory)
    for name in ("name", "address"):
        # The order of these texts is needed where people of one flat are put in order.
        _, places = numbered(tables["roster"][name], tables["samples"][name])
        for role, place in zip(("roster", "samples"), places, strict=True):
            tables[role] = tables[role].append_column(f"{name}_place", place)
    return tables, persons, tubes, laboratories


def _tube_keys(samples: pa.Table, persons: pa.ChunkedArray) -> pa.ChunkedArray:
    """The code of the tube; of a swab recorded without one, # and the person, and the time where it is known."""
    codes = samples["tube_code"]
    if not codes.null_count:
        return codes
    at = pc.binary_join_element_wise("@", samples["sampled_at"].cast(pa.string()), "")
    swab = pc.binary_join_element_wise("#", persons, at.fill_null(""), "")
    return pc.coalesce(codes, swab)


def _row_states(db: Stages, stage: str, persons: Numbering, tubes: Numbering) -> pa.Table:
    rows = db.table(f"SELECT record_id, state, person, tube, stands_for FROM {stage} ORDER BY record_id")
    rows = rows.append_column("person_key", persons.name(rows["person"]))
    return ROW_STATES.conform(rows.append_column("tube_key", tubes.name(rows["tube"])))


def settings_row(settings: RoundSettings) -> pa.Table:
    instant, span = pa.timestamp("s"), pa.duration("s")
    return pa.table(
        {
            "as_of": pa.array([settings.as_of], instant),
            "starts_at": pa.array([settings.starts_at], instant),
            "ends_at": pa.array([settings.ends_at], instant),
            "late_after": pa.array([settings.late_after], span),
            "hold_at_most": pa.array([settings.hold_at_most], span),
            "clock_tolerance": pa.array([settings.clock_tolerance], span),
            "largest_pool": pa.array([settings.largest_pool], pa.int16()),
        }
    )


def _reasons(roster: pa.Table, exempt: pa.Table) -> pa.Table:
    given: set[str] = set()
    for table, column in ((roster, "untested_reason"), (exempt, "reason")):
        if column in table.column_names:
            given.update(value for value in pc.unique(table[column]).to_pylist() if value is not None)
    return reason_kinds(given)


def _prove(answer: RoundAnswer, expected: int, rows_in: dict[str, int]) -> None:
    totals = answer.totals.to_pylist()[0]
    if totals["expected"] != expected:
        raise DoesNotAddUpError(f"{expected} people on the rosters, {totals['expected']} counted")
    for row in (totals, *answer.buildings.to_pylist()):
        where = f"{row.get('compound')}/{row.get('building')}"
        if row["expected"] != sum(row[part] for part in _PARTS):
            raise DoesNotAddUpError(f"{where}: expected {row['expected']} is not the sum of its parts")
        if row["sampled"] != sum(row[outcome] for outcome in _OUTCOMES):
            raise DoesNotAddUpError(f"{where}: sampled {row['sampled']} is not the sum of its outcomes")
    for part in ("expected", *_PARTS, *_OUTCOMES):
        if totals[part] != (pc.sum(answer.buildings[part]).as_py() or 0):
            raise DoesNotAddUpError(f"{part}: the buildings do not sum to the total")
    came_out = {
        "roster": answer.roster_states,
        "samples": answer.sample_states,
        "results": answer.result_states,
        "exempt": answer.exempt_states,
    }
    for name, states in came_out.items():
        if states.num_rows != rows_in[name] or pc.count_distinct(states["record_id"]).as_py() != rows_in[name]:
            raise DoesNotAddUpError(f"{rows_in[name]} rows of {name} went in, {states.num_rows} came out")
