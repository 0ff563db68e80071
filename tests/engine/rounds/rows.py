"""Rows of a small round, written as a clerk would say them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa

from lianfang.engine.rounds import RoundAnswer, RoundSettings, reconcile_round
from lianfang.engine.tables import EXEMPT, RESULTS, ROSTER, SAMPLES, TableContract

AS_OF = datetime(2022, 8, 30, 3, 0)
Row = dict[str, Any]


def at(hour: int, minute: int = 0, day: int = 29) -> datetime:
    return datetime(2022, 8, day, hour, minute)


LAST_EVENING, THIS_NIGHT = at(22), at(2, day=30)


def person(key: str, *, building: str | None = "10", room: str = "301", **more: Any) -> Row:
    return {"person_key": key, "name": f"人{key}", "building": building, "unit": "1", "room": room, **more}


def swab(key: str | None, tube: str | None, when: datetime | None = LAST_EVENING, **more: Any) -> Row:
    return {
        "person_key": key,
        "name": None if key is None else f"人{key}",
        "tube_code": tube,
        "sampled_at": when,
        "sampled_at_has_time": None if when is None else True,
        **more,
    }


def result(tube: str | None, value: str | None, when: datetime | None = THIS_NIGHT, **more: Any) -> Row:
    return {
        "tube_code": tube,
        "result": value,
        "tested_at": when,
        "tested_at_has_time": None if when is None else True,
        "laboratory": "一实验室",
        **more,
    }


def excuse(key: str, reason: str | None, **more: Any) -> Row:
    return {"person_key": key, "name": f"人{key}", "reason": reason, "reason_is_asked": True, **more}


def table(contract: TableContract, rows: list[Row], first_id: int) -> pa.Table:
    numbered = [
        {"record_id": first_id + index, "source": 0, "row": index + 2, "part": 0, **row}
        for index, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(numbered, schema=contract.schema.append(pa.field("person_key", pa.string())))


def count(
    roster: list[Row],
    samples: list[Row] = [],  # noqa: B006
    results: list[Row] = [],  # noqa: B006
    exempt: list[Row] = [],  # noqa: B006
    **settings: Any,
) -> RoundAnswer:
    """Reconcile rows; record numbers run from 0, 100000, 200000 and 300000 by role."""
    return reconcile_round(
        roster=table(ROSTER, roster, 0),
        samples=table(SAMPLES, samples, 100_000),
        results=table(RESULTS, results, 200_000),
        exempt=table(EXEMPT, exempt, 300_000),
        settings=RoundSettings(**{"as_of": AS_OF, **settings}),
    )


def totals(answer: RoundAnswer) -> Row:
    return dict(answer.totals.to_pylist()[0])


def people(answer: RoundAnswer) -> dict[str, Row]:
    return {row["person_key"]: row for row in answer.people.to_pylist()}


def tubes(answer: RoundAnswer) -> dict[str, Row]:
    return {row["tube_key"]: row for row in answer.tubes.to_pylist()}


def states(of_rows: pa.Table) -> list[str]:
    return list(of_rows["state"].to_pylist())


def findings(answer: RoundAnswer, kind: str) -> list[Row]:
    return [row for row in answer.findings.to_pylist() if row["kind"] == kind]
