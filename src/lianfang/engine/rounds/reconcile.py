"""Reconciliation of one testing round: expected − exempt − away − sampled = missing, with the proof."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.backends import Stages
from lianfang.engine.rounds import stages_counts, stages_people, stages_tubes
from lianfang.engine.rounds.contract import (
    BUILDINGS,
    FINDINGS,
    PEOPLE,
    ROW_STATES,
    TOTALS,
    TUBES,
    RoundAnswer,
    RoundSettings,
)
from lianfang.engine.rounds.reasons import reason_kinds
from lianfang.engine.tables import EXEMPT, RESULTS, ROSTER, SAMPLES, TableContract

_PARTS = ("exempt", "away", "sampled", "missing")
_OUTCOMES = ("negative", "released", "pending", "unclear", "held", "positive")


_GIVEN_OUT = frozenset(
    (
        "people",
        "tubes",
        "buildings",
        "totals",
        "findings",
        "roster_states",
        "sample_states",
        "result_states",
        "exempt_states",
    )
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
    tables = {
        "roster": _with_person(ROSTER, roster),
        "samples": _with_person(SAMPLES, samples),
        "results": _with_person(RESULTS, results),
        "exempt": _with_person(EXEMPT, exempt),
    }
    with Stages() as db:
        db.load(**tables, settings=_settings_row(settings), reason_kinds=_reasons(roster, exempt))
        db.define(stages_tubes.MACROS)
        db.define(stages_people.MACROS)
        db.stages(stages_tubes.STEPS | stages_people.STEPS | stages_counts.STEPS, keep=_GIVEN_OUT)
        expected = db.table(stages_counts.EXPECTED_AGAIN)["expected"][0].as_py()
        answer = RoundAnswer(
            people=PEOPLE.conform(db.table("SELECT * FROM people ORDER BY walking_order")),
            tubes=TUBES.conform(db.table("SELECT * FROM tubes ORDER BY tube_key")),
            buildings=BUILDINGS.conform(db.table("SELECT * FROM buildings")),
            totals=TOTALS.conform(db.table("SELECT * FROM totals")),
            findings=FINDINGS.conform(
                db.table("SELECT * FROM findings ORDER BY kind, tube_key, person_key, finding_key, record_id")
            ),
            **{
                f"{name}_states": ROW_STATES.conform(db.table(f"SELECT * FROM {name}_states ORDER BY record_id"))
                for name in ("roster", "sample", "result", "exempt")
            },
        )
    _prove(answer, expected, {name: table.num_rows for name, table in tables.items()})
    return answer


def _with_person(contract: TableContract, table: pa.Table) -> pa.Table:
    return contract.conform(table).append_column("person_key", table["person_key"].cast(pa.string()))


def _settings_row(settings: RoundSettings) -> pa.Table:
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
