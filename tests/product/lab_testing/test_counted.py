from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from django.db import connection

from lianfang.domains.lab_testing.selectors import counted as counting
from lianfang.domains.lab_testing.selectors import coverage, tube_counts
from lianfang.domains.lab_testing.selectors.counted import counted
from tests.product.lab_testing.night import Night, open_night
from tests.product.world import make_world


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


@dataclass
class Clock:
    """Stands still but for what a test lets pass."""

    seconds: float = 1_000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(counting, "time", made)
    return made


def test_a_count_that_takes_long_stands_a_while_although_the_night_goes_on(night: Night, clock: Clock) -> None:
    made: list[int] = []

    def count() -> int:
        clock.seconds += 0.6
        made.append(1)
        return len(made)

    def look() -> int:
        with night.as_("community") as actor:
            return counted(actor, "test", ("lab_testing_tubeevent",), count)

    assert look() == 1
    night.open_tube("T0001")
    clock.seconds += 0.6 * counting.TIMES_ITS_COST - 0.1
    assert look() == 1
    clock.seconds += 0.2
    assert look() == 2
    night.open_tube("T0002")
    clock.seconds += counting.LONGEST_SECONDS + 0.1
    assert look() == 3


@pytest.mark.parametrize("somebody_writes", [True, False])
def test_a_count_holds_for_good_only_where_nobody_wrote_when_it_began(
    night: Night, clock: Clock, monkeypatch: pytest.MonkeyPatch, somebody_writes: bool
) -> None:
    monkeypatch.setattr(counting, "_is_anybody_writing", lambda: somebody_writes)
    made: list[int] = []
    with night.as_("community") as actor:
        for seconds in (0.0, counting.KEPT_SECONDS - 0.1, 0.2):
            clock.seconds += seconds
            counted(actor, "test", ("lab_testing_tubeevent",), lambda: made.append(1))
    assert len(made) == (2 if somebody_writes else 1)


@pytest.mark.committed
def test_what_was_not_committed_when_it_was_counted_shows_up_in_the_next_count(clock: Clock) -> None:
    night = open_night(make_world())
    written, counted_once = threading.Event(), threading.Event()

    def load() -> None:
        try:
            with night.as_("sampler"):
                night.open_tube("T0001")
                written.set()
                assert counted_once.wait(20)
        finally:
            connection.close()

    loader = threading.Thread(target=load)
    loader.start()
    assert written.wait(20)
    with night.as_("township") as actor:
        assert tube_counts(actor, night.round).total == 0
    counted_once.set()
    loader.join()
    clock.seconds += counting.KEPT_SECONDS + 0.1
    with night.as_("township") as actor:
        assert tube_counts(actor, night.round).total == 1


HISTORY = ("lab_testing_tubeevent",)


def test_who_comes_while_a_dear_count_is_made_reads_the_last_one(night: Night, clock: Clock) -> None:
    begun, goes_on = threading.Event(), threading.Event()
    answers: dict[str, str] = {}

    def first() -> str:
        clock.seconds += 1
        return "first"

    def second() -> str:
        clock.seconds += 1
        begun.set()
        assert goes_on.wait(20)
        return "second"

    actor = night.world.actor("community")
    with night.as_("community"):
        counted(actor, "test", HISTORY, first, "one")
    clock.seconds += 100
    night.open_tube("T0001")

    def count_again() -> None:
        try:
            answers["counter"] = counted(actor, "test", HISTORY, second, "one")
        finally:
            connection.close()

    counter = threading.Thread(target=count_again)
    counter.start()
    assert begun.wait(20)
    with night.as_("community"):
        answers["other"] = counted(actor, "test", HISTORY, second, "one")
    goes_on.set()
    counter.join()
    assert answers == {"other": "first", "counter": "second"}
