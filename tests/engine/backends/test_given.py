"""A small table told as text is the table: the same types and the same values as when DuckDB reads it where it lies."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from lianfang.engine.backends import Stages
from lianfang.engine.rounds.bulk import CITY_FACTS
from lianfang.engine.status.contract import FACT_CONTRACTS

EVERY_TYPE = pa.table(
    {
        "number": pa.array([1, None, -(2**63)], pa.int64()),
        "small": pa.array([None, 3, -4], pa.int16()),
        "share": pa.array([0.1, None, 2.0], pa.float64()),
        "word": pa.array(["it's", None, ""], pa.string()),
        "flag": pa.array([True, None, False], pa.bool_()),
        "at": pa.array([datetime(2022, 8, 30, 8, 0, 1), None, datetime(1970, 1, 1)], pa.timestamp("s")),
        "span": pa.array([timedelta(days=2, seconds=1), None, timedelta(0)], pa.duration("s")),
        "words": pa.array([["a", "b'"], None, []], pa.list_(pa.string())),
        "nothing": pa.array([None, None, None], pa.string()),
    }
)


def _told_and_read(table: pa.Table) -> list[tuple[list[tuple[object, ...]], list[tuple[object, ...]]]]:
    with Stages(threads=1) as db:
        db.load_few(told=table)
        db.load(lies=table)
        return [
            (
                db.rows(f"SELECT column_name, column_type FROM (DESCRIBE {name})"),
                db.rows(f"SELECT * FROM {name} ORDER BY ALL"),
            )
            for name in ("told", "lies")
        ]


def test_every_type_that_a_contract_or_a_pack_has_is_told_as_it_lies() -> None:
    told, read = _told_and_read(EVERY_TYPE)
    assert told == read
    assert len(told[1]) == EVERY_TYPE.num_rows


@pytest.mark.parametrize("contract", [*FACT_CONTRACTS.values(), *CITY_FACTS], ids=lambda contract: contract.name)
def test_an_absent_table_of_facts_has_its_contracts_columns_and_no_row(contract: object) -> None:
    told, read = _told_and_read(contract.empty())  # type: ignore[attr-defined]
    assert told == read
    assert told[1] == []


def test_a_type_that_no_contract_has_is_refused() -> None:
    with Stages(threads=1) as db, pytest.raises(KeyError):
        db.load_few(odd=pa.table({"x": pa.array([b"x"], pa.binary())}))
