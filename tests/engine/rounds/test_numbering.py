from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.engine.backends import Stages
from lianfang.engine.rounds.numbering import numbered

NAMES = st.lists(st.none() | st.text(st.sampled_from("王01aÀ\uffff𠀀 "), max_size=4), max_size=12)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(NAMES, NAMES)
def test_numbers_stand_for_the_same_names_in_every_column(left: list[str | None], right: list[str | None]) -> None:
    numbering, parts = numbered(*(pa.chunked_array([pa.array(names, pa.string())]) for names in (left, right)))
    assert [numbering.name(part).to_pylist() for part in parts] == [left, right]
    assert len(set(numbering.names.to_pylist())) == len(numbering.names)


@settings(deadline=None, derandomize=True, max_examples=20)
@given(NAMES)
def test_the_order_of_the_numbers_is_that_in_which_sql_puts_the_names(names: list[str | None]) -> None:
    numbering, (numbers,) = numbered(pa.chunked_array([pa.array(names, pa.string())]))
    rows = pa.table({"name": pa.array(names, pa.string()), "number": numbers, "place": pa.arange(0, len(names))})
    with Stages() as db:
        db.load(given=rows)
        by_name = db.table("SELECT name FROM given ORDER BY name, place")["name"].to_pylist()
        by_number = db.table("SELECT name FROM given ORDER BY number, place")["name"].to_pylist()
    assert by_number == by_name
    assert numbering.table("number", "name").num_rows == len({name for name in names if name is not None})
