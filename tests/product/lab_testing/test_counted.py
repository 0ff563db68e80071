from __future__ import annotations

from lianfang.domains.lab_testing.selectors import coverage, tube_counts
from lianfang.domains.lab_testing.selectors.counted import counted
from tests.product.lab_testing.night import Night


def test_a_count_is_made_once_until_something_is_written(night: Night) -> None:
    made: list[int] = []
    with night.as_("community") as actor:
        for _ in range(3):
            counted(actor, "test", ("lab_testing_tubeevent",), lambda: made.append(1))
    assert len(made) == 1
    night.open_tube("T0001")
    with night.as_("community") as actor:
        counted(actor, "test", ("lab_testing_tubeevent",), lambda: made.append(1))
    assert len(made) == 2


def test_what_one_place_counted_is_not_shown_to_another(night: Night) -> None:
    told = []
    for login in ("community", "township", "building_chief"):
        with night.as_(login) as actor:
            told.append(counted(actor, "test", ("lab_testing_tubeevent",), lambda name=login: name))
    assert told == ["community", "township", "building_chief"]


def test_a_swab_stands_in_the_next_count_of_its_round(night: Night) -> None:
    with night.as_("community") as actor:
        assert tube_counts(actor, night.round).swabs == 0
    night.swab(night.open_tube("T0001"), "陈建国")
    with night.as_("community") as actor:
        counts = tube_counts(actor, night.round)
        assert (counts.swabs, counts.by_state["open"]) == (1, 1)
        assert coverage(actor, night.round).unrostered == 0
