from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.interfaces.json_rows import list_texts, object_texts

SCHEMA = pa.schema(
    [
        ("名", pa.string()),
        ("count", pa.int64()),
        ("share", pa.float64()),
        ("sure", pa.bool_()),
        ("born", pa.date32()),
        ("at", pa.timestamp("s")),
        ("boxes", pa.list_(pa.string())),
    ]
)
VALUES: tuple[st.SearchStrategy[Any], ...] = (
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.dates(),
    st.datetimes().map(lambda at: at.replace(microsecond=0)),
    st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]))),
)
ROWS = st.lists(st.fixed_dictionaries({n: st.none() | v for n, v in zip(SCHEMA.names, VALUES, strict=True)}))


def as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


@settings(deadline=None, derandomize=True, max_examples=60)
@given(ROWS, st.integers(0, 3))
def test_a_row_says_as_json_what_it_says_in_the_table(rows: list[dict[str, Any]], skipped: int) -> None:
    table = pa.Table.from_pylist(rows, schema=SCHEMA).slice(skipped)
    said = [json.loads(text) for text in object_texts(table).to_pylist()]
    assert said == [{name: as_json(value) for name, value in row.items()} for row in rows[skipped:]]


def test_what_is_nested_stands_after_the_columns_as_it_is() -> None:
    table = pa.table({"a": [1, None]})
    assert object_texts(table, {"b": pa.array(["[1]", "null"])}).to_pylist() == [
        '{"a":1,"b":[1]}',
        '{"a":null,"b":null}',
    ]


def test_a_list_that_is_not_there_is_an_empty_one() -> None:
    lists = pa.array([[7], None, [], [8, 9]], pa.list_(pa.int64())).slice(1)
    assert list_texts(lists, pa.array(["8", "9"])).to_pylist() == ["[]", "[]", "[8,9]"]


def test_a_text_kept_once_for_many_rows_is_told_in_each() -> None:
    table = pa.table({"file": pa.array(['a"', "b", None, 'a"']).dictionary_encode()})
    assert [json.loads(text)["file"] for text in object_texts(table).to_pylist()] == ['a"', "b", None, 'a"']


def test_a_number_that_is_not_finite_is_no_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        object_texts(pa.table({"share": [float("nan")]}))


def test_a_fraction_of_a_second_is_not_dropped_in_silence() -> None:
    table = pa.table({"at": pa.array([datetime(2022, 4, 2, 5, 3, 1, 500)], pa.timestamp("us"))})
    with pytest.raises(pa.ArrowInvalid):
        object_texts(table)
