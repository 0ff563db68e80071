"""The columns of the tables that the engine takes in and gives out, with their units: the contract.

Instants are naive local time of the place that is being reconciled, to the second. Whoever calls the
engine gives ``as_of``; nothing in here reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

INSTANT = pa.timestamp("s")
DAY = pa.date32()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its Arrow type, and what it means (with unit)."""

    name: str
    type: pa.DataType
    meaning: str


@dataclass(frozen=True, slots=True)
class TableContract:
    """A named table with its columns in order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.type) for column in self.columns])

    def empty(self) -> pa.Table:
        return self.schema.empty_table()

    def conform(self, table: pa.Table) -> pa.Table:
        """Return ``table`` with exactly the contract's columns, in order; absent ones are null.

        Raises ``pa.ArrowInvalid`` where a value does not fit the column's type.
        """
        arrays = []
        for column in self.columns:
            if column.name in table.column_names:
                arrays.append(table.column(column.name).cast(column.type))
            else:
                arrays.append(pa.chunked_array([pa.nulls(table.num_rows, column.type)]))
        return pa.table(arrays, schema=self.schema)


def _text(name: str, meaning: str) -> Column:
    return Column(name, pa.string(), meaning)


def _join(*groups: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(column for group in groups for column in group)


WHERE_FROM = (
    Column("record_id", pa.int64(), "number of the record within this run; not stable between runs"),
    Column("source", pa.int32(), "index of the sheet in the run's list of sheets"),
    Column("row", pa.int32(), "row number as the spreadsheet program shows it, from 1"),
    Column("part", pa.int8(), "0, or 1, 2 … where one row held several people"),
)

WHO = (
    _text("name", "name, normalised"),
    _text("id_type", "resident_id, passport, hk_macao_permit, taiwan_permit, foreigner_id, other"),
    _text("id_number", "whole identity number, normalised; null when absent, masked or with lost digits"),
    Column("id_is_valid", pa.bool_(), "check digit and date of birth hold; null for documents without a check"),
    _text("id_mask", "identity number with * for each hidden character; only when masked"),
    _text("phone", "whole phone number, digits; landlines as area code-number"),
    _text("phone_mask", "phone with * for each hidden digit; only when masked"),
    _text("sex", "male or female"),
    Column("birth_on", DAY, "day of birth, given or taken from a valid resident identity number"),
)

WHERE_LIVES = (
    _text("township", "township or street"),
    _text("community", "community or village"),
    _text("grid", "grid"),
    _text("compound", "gated estate"),
    _text("building", "building, without the word: 10 for 10号楼"),
    _text("unit", "stairwell, without the word: 2 for 二单元"),
    _text("floor", "floor number"),
    _text("room", "room, digits as written: 301"),
    _text("address", "free text as given"),
    _text("household_no", "household number as given"),
)

ROSTER = TableContract(
    "roster",
    _join(
        WHERE_FROM,
        WHO,
        WHERE_LIVES,
        (
            _text("class_kind", "permanent, floating … as given"),
            _text("key_person_kind", "why a key person, as given"),
            _text("special_need", "special need, as given"),
            _text("untested_reason", "why not tested, as given on the roster"),
            _text("chief_name", "building chief"),
            _text("chief_phone", "building chief's phone"),
            _text("remark", "remark, as given"),
        ),
    ),
)

SAMPLES = TableContract(
    "samples",
    _join(
        WHERE_FROM,
        WHO,
        WHERE_LIVES,
        (
            _text("tube_code", "barcode of the tube"),
            _text("box_code", "barcode of the box"),
            Column("tube_capacity", pa.int16(), "people a tube may hold: 1, 5, 10 or 20; 0 for a household tube"),
            _text("test_kind", "single, pool or household"),
            Column("position_in_tube", pa.int16(), "place of the swab in the tube, from 1"),
            Column("sampled_at", INSTANT, "when the swab was taken"),
            Column("sampled_at_has_time", pa.bool_(), "false where only the day was given"),
            _text("sampling_site", "where sampled"),
            _text("sampling_team", "team"),
            _text("sampler", "who sampled"),
            _text("status_code", "state of the sample or tube: void, or as given"),
            _text("remark", "remark, as given"),
        ),
    ),
)

RESULTS = TableContract(
    "results",
    _join(
        WHERE_FROM,
        WHO,
        (
            _text("tube_code", "barcode of the tube; null where the laboratory reports by person"),
            _text("box_code", "barcode of the box"),
            _text("result", "negative, positive, indeterminate or invalid; null is unknown, never negative"),
            _text("result_given", "the result cell as it stood in the file"),
            _text("laboratory", "laboratory, as given, or the file's name where the file names none"),
            Column("sampled_at", INSTANT, "when the swab was taken, according to the laboratory"),
            Column("sampled_at_has_time", pa.bool_(), "false where only the day was given"),
            Column("received_at", INSTANT, "when the laboratory received the tube"),
            Column("tested_at", INSTANT, "when tested"),
            Column("tested_at_has_time", pa.bool_(), "false where only the day was given"),
            Column("reported_result_at", INSTANT, "when reported"),
            Column("reported_result_at_has_time", pa.bool_(), "false where only the day was given"),
            _text("ct_value_orf", "Ct of ORF1ab, as given"),
            _text("ct_value_n", "Ct of N, as given"),
            _text("status_code", "state: void, or as given"),
            _text("remark", "remark, as given"),
        ),
    ),
)

EXEMPT = TableContract(
    "exempt",
    _join(
        WHERE_FROM,
        WHO,
        WHERE_LIVES,
        (
            _text("reason", "why the person need not be tested or is away"),
            Column("reason_is_asked", pa.bool_(), "the list has a column for the reason"),
            _text("remark", "remark, as given"),
        ),
    ),
)

CELL_NOTES = TableContract(
    "cell_notes",
    (
        Column("row", pa.int32(), "row number as the spreadsheet program shows it, from 1"),
        _text("column", "column letter"),
        _text("field", "canonical field"),
        _text("code", "what was noticed; texts in foundation/texts/*/intake.toml under [note]"),
        _text("severity", "changed, warning or error"),
        _text("original", "the cell as it stood"),
        _text("value", "what it was read as; null where it was not understood"),
    ),
)
