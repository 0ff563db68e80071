"""Conditions as data are three-valued, and whether one can hold at all is decided exactly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianfang.engine.packs.guards import Guard, can_hold, truth

ADULT: dict[str, Any] = {"fact": "age_years", "at_least": 18}
CHILD: dict[str, Any] = {"fact": "age_years", "at_most": 17}
FEVER: dict[str, Any] = {"fact": "has_fever", "is": True}


def guard(content: dict[str, Any]) -> Guard:
    def tuples(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: tuples(each) for key, each in value.items()}
        return tuple(tuples(each) for each in value) if isinstance(value, list) else value

    return Guard.model_validate(tuples(content))


@pytest.mark.parametrize(
    ("content", "facts", "expected"),
    [
        (ADULT, {"age_years": 18}, True),
        (ADULT, {"age_years": 17.99}, False),
        (ADULT, {}, None),
        (FEVER, {"has_fever": False}, False),
        ({"fact": "occupation", "is": "courier"}, {"occupation": "loader"}, False),
        ({"all": [ADULT, FEVER]}, {"age_years": 3}, False),
        ({"all": [ADULT, FEVER]}, {"age_years": 30}, None),
        ({"any": [ADULT, FEVER]}, {"age_years": 30}, True),
        ({"any": [ADULT, FEVER]}, {"age_years": 3}, None),
        ({"not": FEVER}, {}, None),
        ({"not": FEVER}, {"has_fever": False}, True),
        ({"all": [ADULT], "not": FEVER}, {"age_years": 30, "has_fever": False}, True),
    ],
)
def test_a_missing_fact_is_unknown_and_never_true_or_false(
    content: dict[str, Any], facts: dict[str, Any], expected: bool | None
) -> None:
    assert truth(guard(content), facts) is expected


@pytest.mark.parametrize(
    ("content", "unless", "expected"),
    [
        ({"all": [ADULT, CHILD]}, None, False),
        ({"any": [ADULT, CHILD]}, None, True),
        ({"all": [FEVER], "not": FEVER}, None, False),
        ({"fact": "age_years", "at_least": 65}, ADULT, False),
        (ADULT, {"fact": "age_years", "at_least": 65}, True),
        ({"all": [FEVER, ADULT]}, FEVER, False),
        ({"all": [{"fact": "occupation", "is": "a"}, {"fact": "occupation", "is": "b"}]}, None, False),
    ],
)
def test_whether_a_condition_can_hold_is_decided(
    content: dict[str, Any], unless: dict[str, Any] | None, expected: bool
) -> None:
    assert can_hold(guard(content), None if unless is None else guard(unless)) is expected


_SIMPLE = st.one_of(
    st.builds(lambda n: {"fact": "age_years", "at_least": n}, st.integers(0, 4)),
    st.builds(lambda n: {"fact": "age_years", "at_most": n}, st.integers(0, 4)),
    st.builds(lambda b: {"fact": "has_fever", "is": b}, st.booleans()),
)
_ANY = st.recursive(
    _SIMPLE,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


@given(_ANY, st.sampled_from([None, 0, 1.5, 2, 3, 4.5]), st.sampled_from([None, True, False]))
def test_what_holds_for_some_facts_is_never_called_impossible(
    content: dict[str, Any], age: float | None, fever: bool | None
) -> None:
    one = guard(content)
    facts = {"age_years": age, "has_fever": fever}
    if truth(one, facts) is True:
        assert can_hold(one)
    if truth(one, facts) is None:
        assert age is None or fever is None


def test_names_of_parameters_become_their_values_or_the_condition_is_gone() -> None:
    named = guard({"any": [{"fact": "age_years", "at_least": "old_years"}, FEVER]})
    filled = named.with_values({"old_years": 65}.get)
    assert filled is not None
    assert truth(filled, {"age_years": 70}) is True
    assert named.with_values({"old_years": None}.get) is None
