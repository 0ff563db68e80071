"""Files as intake would have understood them, written as a clerk would say them."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from lianfang.engine.intake.contract import ColumnReading, FileReading, Role, SheetReading
from lianfang.engine.linkage import Decisions
from lianfang.engine.reconciliation import Answer, reconcile
from lianfang.engine.rounds import RoundSettings
from lianfang.engine.tables import EXEMPT, RESULTS, ROSTER, SAMPLES

AS_OF = datetime(2022, 8, 30, 3, 0)
Row = dict[str, Any]
_TYPES = {
    column.name: column.type
    for contract in (ROSTER, SAMPLES, RESULTS, EXEMPT)
    for column in contract.columns
    if column.name not in ("record_id", "source", "row", "part")
}


def sheet(rows: list[Row], name: str = "Sheet1", first_row: int = 2) -> SheetReading:
    fields = sorted({key for row in rows for key in row})
    columns: dict[str, Any] = {
        "row": pa.array(range(first_row, first_row + len(rows)), pa.int32()),
        "part": pa.array([0] * len(rows), pa.int8()),
    }
    for field in fields:
        columns[field] = pa.array([row.get(field) for row in rows], _TYPES[field])
    read = tuple(
        ColumnReading(chr(ord("A") + at), field, (field,), 1.0, "label", filled=len(rows))
        for at, field in enumerate(fields)
    )
    return SheetReading(name, (1,), read, pa.table(columns))


def file(rows: list[Row], name: str) -> FileReading:
    digest = hashlib.sha256(repr((name, rows)).encode()).hexdigest()
    return FileReading(name, "xlsx", digest, 1000, (sheet(rows),))


def answer(
    roster: list[Row],
    samples: list[Row] = [],  # noqa: B006
    results: list[Row] = [],  # noqa: B006
    exempt: list[Row] = [],  # noqa: B006
    *,
    decisions: Decisions | None = None,
    **settings: Any,
) -> Answer:
    given: list[tuple[Role, list[Row]]] = [
        ("roster", roster),
        ("samples", samples),
        ("results", results),
        ("exempt", exempt),
    ]
    readings = [(role, file(rows, f"{role}.xlsx")) for role, rows in given if rows]
    return reconcile(readings, settings=RoundSettings(**{"as_of": AS_OF, **settings}), decisions=decisions)


def wang(**more: Any) -> Row:
    return {
        "name": "王小明",
        "id_number": "990101199003070011",
        "id_is_valid": True,
        "id_type": "resident_id",
        "phone": "19900000001",
        "building": "10",
        "unit": "1",
        "room": "301",
        "birth_on": date(1990, 3, 7),
        "sex": "male",
        **more,
    }


def li(**more: Any) -> Row:
    return {
        "name": "李秀英",
        "id_number": "990101198512240023",
        "id_is_valid": True,
        "id_type": "resident_id",
        "phone": "19900000002",
        "building": "10",
        "unit": "1",
        "room": "302",
        "birth_on": date(1985, 12, 24),
        "sex": "female",
        **more,
    }
