"""Facts of many small worlds in a folder of Parquet, and answers in a form that can be compared."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lianfang.engine.status import Decisions
from lianfang.engine.status.contract import FACT_CONTRACTS
from lianfang.engine.tables import TableContract
from tests.engine.status.facts import Facts

DAY = date(2022, 8, 30)


def keep_facts(facts: Facts, folder: Path, *, rows_per_group: int = 100) -> None:
    """Write the facts as ``table/dt=…/part-0.parquet``; tables without rows are left out."""
    for name, contract in FACT_CONTRACTS.items():
        table = pa.Table.from_pylist(facts[name], schema=contract.schema)
        if table.num_rows:
            part = folder / name / f"dt={DAY}"
            part.mkdir(parents=True)
            if "person_id" in table.column_names:
                table = table.sort_by("person_id")
            pq.write_table(table, part / "part-0.parquet", row_group_size=rows_per_group)


def kept(folder: Path, contract: TableContract) -> list[dict[str, Any]]:
    """The rows of an output, in the columns of its contract, in an order that depends on them alone."""
    files = sorted((folder / contract.name).rglob("*.parquet"))
    tables = [contract.conform(pq.read_table(path, partitioning=None)) for path in files]
    return ordered(pa.concat_tables(tables)) if tables else []


def ordered(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=repr)


def answered(answer: Decisions) -> dict[str, list[dict[str, Any]]]:
    """The tables of an answer, each in an order that depends on the rows alone."""
    names = ("decisions", "reasons", "evidence", "set_aside")
    return {name: ordered(getattr(answer, name)) for name in names}
