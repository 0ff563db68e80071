"""What holds for every normaliser and every cell."""

from __future__ import annotations

import math
from datetime import date, datetime

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lianfang.engine.intake.values import COMPANIONS, NORMALISERS, TYPES, fold_text, parse_address, parse_code_table
from lianfang.engine.intake.values.contract import Cell, Reading, ValueContext

AS_OF = datetime(2022, 9, 1, 7, 0)
CONTEXT = ValueContext(as_of=AS_OF)

PIECES = [
    *"无-*#+()（）／/、,.:：· \t\n　'XxOIl0123456789Ee",
    *"阴阳性未检出可疑年月日时分号楼栋单元室层三十二廿某张欧阳京港ＡＢ１２⼈⻋\u200b\ufeff\u00a0①㎡½",
    "610104", "19900307", "138", "****", "1.1E+17", "2022", "-08-", "NEG", "护照", "小区", "弄", "后四位", "10:1",
]  # fmt: skip
texts = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
cells = st.one_of(
    texts,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.floats(min_value=0, max_value=1e19),
    st.integers(0, 10**8).map(float),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
)
contexts = st.sampled_from(
    [
        CONTEXT,
        ValueContext(AS_OF, {"0": "阴性", "1": "阳性"}, "检测结果", "dmy", frozenset({"building"})),
        ValueContext(AS_OF, {"1": "男", "2": "女"}, "身份证后四位", "mdy", frozenset()),
        ValueContext(AS_OF, {}, "是否阳性（护照号码）", "ymd", frozenset({"building", "unit"})),
    ]
)
fields = st.sampled_from(sorted(NORMALISERS))
quick = settings(deadline=None, derandomize=True, max_examples=400)


def conforms(value: object, kind: pa.DataType) -> None:
    pa.array([value], type=kind)
    if pa.types.is_string(kind) and value is not None:
        assert isinstance(value, str) and value == value.strip() and value
    if pa.types.is_boolean(kind) and value is not None:
        assert isinstance(value, bool)


@quick
@given(fields, cells, contexts)
def test_every_cell_gives_a_reading_that_fits_the_declared_types(field: str, cell: Cell, context: ValueContext) -> None:
    reading = NORMALISERS[field](cell, context)
    assert isinstance(reading, Reading)
    conforms(reading.value, TYPES[field])
    for name, value in reading.companions.items():
        kind = COMPANIONS[field][name]
        pa.array([value], type=kind)
    assert len(set(reading.notes)) == len(reading.notes)
    for note in reading.notes:
        assert note.severity in ("changed", "warning", "error")


@quick
@given(fields, cells, contexts)
@example("building", "0-", CONTEXT)
def test_reading_a_value_again_changes_nothing(field: str, cell: Cell, context: ValueContext) -> None:
    value = NORMALISERS[field](cell, context).value
    # A value is canonical: it is not a code of the column any more.
    again = NORMALISERS[field](value, ValueContext(context.as_of, {}, "", context.date_order, context.siblings))
    assert again.value == value
    assert not any(note.severity == "error" for note in again.notes) or field.endswith("name")


@quick
@given(fields, cells, contexts)
def test_a_cell_that_gives_no_value_says_why(field: str, cell: Cell, context: ValueContext) -> None:
    reading = NORMALISERS[field](cell, context)
    if reading.value is None and cell is not None and cell != "":
        assert reading.notes


@quick
@given(st.sampled_from(sorted(field for field in TYPES if TYPES[field] == pa.string())), texts)
def test_a_text_that_was_changed_has_a_note(field: str, cell: str) -> None:
    if field in ("sex", "result", "last_result", "igm", "igg", "id_type", "health_code", "itinerary_code"):
        return  # words with a meaning: reading them is no change
    if field in ("test_kind", "direction", "status_code"):
        return
    reading = NORMALISERS[field](cell, CONTEXT)
    if reading.value != cell and cell:
        assert reading.notes


@quick
@given(
    st.one_of(
        st.floats(min_value=2.0**53, max_value=1e19),
        st.integers(10**15, 10**19),
        st.floats(min_value=1e15, max_value=1e18).map(lambda number: f"{number:.10E}"),
        st.floats(min_value=1e16, max_value=1e18).map(repr),
        st.floats(min_value=1e17, max_value=1e18).map(lambda number: f"{number:.5E}"),
    )
)
@example("6.10104E+17")
@example("1.1010119900307E+17")
@example(1.1010119900307867e17)
def test_an_identity_number_that_lost_digits_never_gives_a_value(cell: Cell) -> None:
    reading = NORMALISERS["id_number"](cell, CONTEXT)
    assert reading.value is None
    assert any(note.severity == "error" for note in reading.notes)


NEGATIVE_WORDS = ("阴", "陰", "未检", "未檢", "NEG", "UNDETECTED", "NOTDETECTED", "NON", "否", "不是", "(-)")


@quick
@given(st.sampled_from(["result", "last_result", "igm", "igg"]), cells)
@example("result", "-")
@example("result", "阴转阳")
@example("result", 0.0)
def test_nothing_becomes_negative_without_saying_so(field: str, cell: Cell) -> None:
    reading = NORMALISERS[field](cell, CONTEXT)
    if reading.value == "negative":
        assert isinstance(cell, str)
        folded = "".join(fold_text(cell)[0].split()).upper()
        assert any(word in folded for word in NEGATIVE_WORDS)
        assert "阳" not in folded and "可疑" not in folded


@quick
@given(texts)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once, _ = fold_text(text)
    assert fold_text(once) == (once, ())
    kept, _ = fold_text(text, keep_punctuation=True)
    assert fold_text(kept, keep_punctuation=True) == (kept, ())


@quick
@given(texts)
def test_parsing_addresses_and_labels_never_fails(text: str) -> None:
    for part in parse_address(text).found().values():
        assert isinstance(part, str) and part
    label, codes = parse_code_table(text)
    assert isinstance(label, str)
    assert len(codes) != 1


@quick
@given(st.one_of(st.datetimes(), st.dates(), texts, st.floats()))
def test_no_date_of_the_first_centuries_comes_out(cell: Cell) -> None:
    for field in ("sampled_at", "birth_on", "arrived_on"):
        value = NORMALISERS[field](cell, CONTEXT).value
        if value is not None:
            assert isinstance(value, date) and 1850 <= value.year <= 2151


@pytest.mark.parametrize("cell", [None, ""])
@pytest.mark.parametrize("field", sorted(NORMALISERS))
def test_an_empty_cell_is_null_without_a_note(field: str, cell: Cell) -> None:
    assert NORMALISERS[field](cell, CONTEXT) == Reading(None)


@pytest.mark.parametrize("field", sorted(NORMALISERS))
def test_numbers_that_are_none_give_no_value_and_no_crash(field: str) -> None:
    for cell in (math.nan, math.inf, -math.inf):
        assert NORMALISERS[field](cell, CONTEXT).value is None
