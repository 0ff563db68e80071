"""A column read as a whole says what its cells say one by one."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.engine.intake.cell_column import CellColumn
from lianfang.engine.intake.column_values import NoteRows, date_order, read_column
from lianfang.engine.intake.contract import ColumnReading
from lianfang.engine.intake.values import COMPANIONS, NORMALISERS
from lianfang.engine.intake.values.contract import Cell, Reading, ValueContext

AS_OF = datetime(2022, 8, 30, 3, 10)
FIELDS = (
    "id_number",
    "name",
    "phone",
    "tube_code",
    "row_no",
    "birth_on",
    "sampled_at",
    "room",
    "address",
    "sex",
    "result",
)
SMALL = settings(max_examples=80, deadline=None, derandomize=True)

_TEXTS = [
    "", " ", "赵明远", "赵 明远", "张某某", "13900000001", "138****1234", "13900000001/13900000002", "A001001060",
    "99010419880312441X", "990104198803124415", "99010419880312441x", "610104********690X", "护照E12345678",
    "2022-08-29 18:21", "2022/8/29", "15/05/2022", "05/06/2022", "8月29日", "1-2-301", "301室",
    "幸福小区3号楼1单元301室", "男", "阴性", "无", "不详",
]  # fmt: skip

CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    st.sampled_from(_TEXTS),
    st.sampled_from([301.0, 44802.5, 13900000001.0, 9.9e17, 0.0, 1, True]),
    st.sampled_from([datetime(2022, 8, 29, 18, 21), datetime(2022, 8, 31), date(2022, 8, 29)]),
)


def _alone(cell: Cell, field: str, context: ValueContext) -> Reading:
    return Reading(None) if cell is None else NORMALISERS[field](cell, context)


@pytest.mark.parametrize("field", FIELDS)
@given(cells=st.lists(CELLS, max_size=12))
@SMALL
def test_values_companions_and_notes_of_a_column_are_those_of_its_cells(field: str, cells: list[Cell]) -> None:
    notes = NoteRows()
    rows = pa.array(range(10, 10 + len(cells)), pa.int32())
    reading = ColumnReading("C", "", (field,), 1.0, "label")
    [found] = read_column(tuple(cells), reading, rows, AS_OF, notes)
    order = date_order(cells) if field in ("birth_on", "sampled_at") else ""
    alone = [_alone(cell, field, ValueContext(AS_OF, date_order=order)) for cell in cells]
    assert found.values.to_pylist() == [one.value for one in alone]
    for name in COMPANIONS.get(field, {}):
        if name in found.companions:
            assert found.companions[name].to_pylist() == [one.companions.get(name) for one in alone]
        else:
            assert not any(name in one.companions for one in alone)
    told = notes.table().select(["row", "column", "field", "code", "severity", "value"]).to_pylist()
    assert Counter(tuple(one.values()) for one in told) == Counter(
        (row, "C", field, note.code, note.severity, None if one.value is None else str(one.value))
        for row, one in zip(rows.to_pylist(), alone, strict=True)
        for note in one.notes
    )


def test_the_kind_of_document_beside_a_number_is_heeded_where_it_is_not_plain() -> None:
    cells = ["99010419880312441X", "12345678", "12345678"]
    reading = ColumnReading("C", "", ("id_number",), 1.0, "label")
    rows = pa.array([2, 3, 4], pa.int32())
    [found] = read_column(cells, reading, rows, AS_OF, NoteRows(), ["台胞证", "台胞证", None])
    assert found.companions["id_type"].to_pylist()[1:] == ["taiwan_permit", None]


@given(cells=st.lists(CELLS, max_size=12), text=st.sampled_from(["男", "", "301室"]))
@SMALL
def test_a_column_counts_and_finds_what_its_cells_are(cells: list[Cell], text: str) -> None:
    column = CellColumn.of(tuple(cells))
    assert list(column) == cells
    assert column.are_filled().to_pylist() == [cell is not None and cell != "" for cell in cells]
    assert column.rows_of(text) == [at for at, cell in enumerate(cells) if cell == text]
    assert list(column.others) == [
        at for at, cell in enumerate(cells) if cell is not None and not isinstance(cell, str)
    ]
    for rows in (list(range(1, len(cells))), list(range(0, len(cells), 2))):
        part = column.chosen(rows)
        again = CellColumn.of(tuple(cells[row] for row in rows))
        assert (list(part), part.texts.to_pylist(), list(part.others)) == (
            list(again), again.texts.to_pylist(), list(again.others),
        )  # fmt: skip
