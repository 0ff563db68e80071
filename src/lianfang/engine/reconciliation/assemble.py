"""From understood files to the tables of a round: every row gets a number and a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from lianfang.engine.intake.columns import ASK
from lianfang.engine.intake.contract import FileReading, Role, SheetReading
from lianfang.engine.intake.reading import fields_of
from lianfang.engine.intake.roles import role_problem
from lianfang.engine.linkage.contract import RECORDS as LINKAGE_RECORDS
from lianfang.engine.reconciliation.contract import RECORDS, Source
from lianfang.engine.tables import EXEMPT, RESULTS, ROSTER, SAMPLES, TableContract

CONTRACTS: dict[Role, TableContract] = {
    "roster": ROSTER,
    "samples": SAMPLES,
    "results": RESULTS,
    "exempt": EXEMPT,
}

# Where a column is absent or empty, these say the same thing; first come, first served.
_STAND_INS: dict[str, tuple[str, ...]] = {
    "name": ("name_mask",),
    "birth_on": ("birth_on_from_id",),
    "sex": ("sex_from_id",),
    "result": ("last_result",),
    "reason": ("untested_reason",),
    "tested_at": ("last_tested_at",),
}

# A row that fills none of these names nobody.
_NAMES_SOMEBODY = ("name", "id_number", "id_mask", "phone", "phone_mask")


@dataclass(frozen=True, slots=True)
class Assembled:
    """The rows of all files by role (contracts of ``engine.tables``), and the sheets they came from."""

    tables: dict[Role, pa.Table]
    sources: tuple[Source, ...]
    repeated_files: tuple[tuple[str, str], ...] = field(default=())

    def linkage_records(self) -> pa.Table:
        """The rows that name somebody, as ``linkage`` takes them."""
        parts = []
        for role, table in self.tables.items():
            asked = [name for name in LINKAGE_RECORDS.schema.names if name in table.column_names]
            named, is_named = table.select(asked), _names_somebody(table)
            if not pc.all(is_named).as_py():
                named = named.filter(is_named)
            parts.append(LINKAGE_RECORDS.conform(named.append_column("role", pa.repeat(role, named.num_rows))))
        return pa.concat_tables(parts)

    def records(self, person_keys: dict[Role, pa.Array]) -> pa.Table:
        """One row per row of every file, with its place in the files and what it says."""
        files = pa.array([source.file for source in self.sources], pa.string())
        sheets = pa.array([source.sheet for source in self.sources], pa.string())
        parts = []
        for role, table in self.tables.items():
            source = table["source"].combine_chunks()
            described = table.append_column("role", pa.repeat(role, table.num_rows))
            described = described.append_column("file", pc.take(files, source))
            described = described.append_column("sheet", pc.take(sheets, source))
            described = described.append_column("person_key", person_keys[role])
            described = described.append_column("at", _instant(table))
            parts.append(RECORDS.conform(described))
        return pa.concat_tables(parts)


def assemble(readings: Sequence[tuple[Role, FileReading]]) -> Assembled:
    """Put the rows of all files together by role.

    A file given twice for the same role is used once; refused files and sheets are left out (their
    problems stay in the readings). Record numbers follow the order given and mean nothing beyond it.
    """
    parts: dict[Role, list[pa.Table]] = {role: [] for role in CONTRACTS}
    sources: list[Source] = []
    repeated: list[tuple[str, str]] = []
    seen: dict[tuple[Role, str], str] = {}
    next_id = 0
    for role, reading in readings:
        if reading.sha256 and (role, reading.sha256) in seen:
            repeated.append((reading.file, seen[role, reading.sha256]))
            continue
        seen[role, reading.sha256] = reading.file
        for sheet in usable_sheets(role, reading):
            table = _as_role(role, reading.file, sheet)
            table = _numbered(table, CONTRACTS[role], source=len(sources), first_id=next_id)
            sources.append(Source(len(sources), role, reading.file, sheet.sheet, table.num_rows))
            next_id += table.num_rows
            parts[role].append(table)
    tables: dict[Role, pa.Table] = {
        role: pa.concat_tables(tables) if tables else CONTRACTS[role].empty() for role, tables in parts.items()
    }
    return Assembled(tables, tuple(sources), tuple(repeated))


def usable_sheets(role: Role, reading: FileReading) -> list[SheetReading]:
    """The sheets of a file that can serve ``role``: with rows, and with the columns that the role needs."""
    if reading.refused:
        return []
    return [sheet for sheet in reading.sheets if sheet.rows.num_rows and _serves(role, sheet)]


def _serves(role: Role, sheet: SheetReading) -> bool:
    if any(problem.severity == "refused" for problem in sheet.problems):
        return False
    problem = role_problem(sheet.sheet, fields_of(sheet), role)
    return problem is None or problem.severity == "warning"


def _as_role(role: Role, file: str, sheet: SheetReading) -> pa.Table:
    """Add the columns that the role's contract derives from others."""
    table = _without_unsure_results(sheet) if role == "results" else sheet.rows
    for name, stand_ins in _STAND_INS.items():
        for stand_in in stand_ins:
            if stand_in in table.column_names:
                table = _filled(table, name, table[stand_in])
                if f"{stand_in}_has_time" in table.column_names:
                    table = _filled(table, f"{name}_has_time", table[f"{stand_in}_has_time"])
    if role == "exempt":
        asked = any(name in sheet.rows.column_names for name in ("reason", "untested_reason"))
        table = table.append_column("reason_is_asked", pa.repeat(asked, table.num_rows))
    if role == "results":
        table = _filled(table, "laboratory", pa.repeat(file, table.num_rows))
    return table


def _without_unsure_results(sheet: SheetReading) -> pa.Table:
    """The rows without results from a column that only may hold them: nobody is cleared by a guess."""
    guessed = [
        name
        for name in ("result", "last_result")
        if name in sheet.rows.column_names
        and not any(name in column.fields and column.confidence >= ASK for column in sheet.columns)
    ]
    table = sheet.rows
    for name in guessed:
        table = table.set_column(table.column_names.index(name), name, pa.nulls(table.num_rows, pa.string()))
    return table


def _filled(table: pa.Table, name: str, values: pa.ChunkedArray | pa.Array) -> pa.Table:
    if name not in table.column_names:
        return table.append_column(name, values)
    index = table.column_names.index(name)
    return table.set_column(index, name, pc.coalesce(table[name], values.cast(table[name].type)))


def _numbered(table: pa.Table, contract: TableContract, *, source: int, first_id: int) -> pa.Table:
    rows = table.num_rows
    for name in ("record_id", "source"):
        if name in table.column_names:
            # ``record_id`` is also a canonical field (a number a file gives its rows): never ours.
            table = table.drop_columns([name])
    table = table.append_column("record_id", pa.arange(first_id, first_id + rows))
    table = table.append_column("source", pa.repeat(pa.scalar(source, pa.int32()), rows))
    return contract.conform(table)


def _names_somebody(table: pa.Table) -> pa.Array:
    named = pc.is_valid(table[_NAMES_SOMEBODY[0]])
    for name in _NAMES_SOMEBODY[1:]:
        named = pc.or_(named, pc.is_valid(table[name]))
    return named


def _instant(table: pa.Table) -> pa.ChunkedArray | pa.Array:
    columns = [table[name] for name in ("sampled_at", "tested_at", "reported_result_at") if name in table.column_names]
    if "tested_at" in table.column_names:
        columns = [table["tested_at"], table["reported_result_at"], table["sampled_at"]]
    return pc.coalesce(*columns) if columns else pa.nulls(table.num_rows, pa.timestamp("s"))
