"""Events that wait: in order, at least once, a large one by itself so that other workers go on with the next."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.db import connections

from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox import services
from lianfang.foundation.outbox.models import Event
from lianfang.foundation.outbox.services import NotYetError, emit, handle_waiting, handles

MANY = list(range(10_000))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What the handler of ``test.told`` was given, in its order; nothing of it is left after the test."""
    monkeypatch.setattr(services, "_handlers", {**services._handlers})
    given: list[Any] = []

    @handles("test.told")
    def note(payload: Mapping[str, Any]) -> None:
        given.append(payload["number"])

    yield given


def tell(number: int, **more: Any) -> Event:
    with acting_as(system_actor("test")):
        return emit("test.told", {"number": number, **more})


def waiting() -> list[int]:
    with acting_as(system_actor("test")):
        return [event.payload["number"] for event in Event.objects.filter(handled_at=None).order_by("id")]


def test_small_events_are_handled_together_and_a_large_one_alone(told: list[Any]) -> None:
    for number in (1, 2):
        tell(number)
    tell(3, person_ids=MANY)
    tell(4)
    assert [handle_waiting(), list(told)] == [2, [1, 2]]
    assert [handle_waiting(), list(told)] == [1, [1, 2, 3]]
    assert [handle_waiting(), list(told)] == [1, [1, 2, 3, 4]]
    assert handle_waiting() == 0


def test_one_that_must_wait_stays_as_it_is_and_stops_no_other(told: list[Any]) -> None:
    def refuse(payload: Mapping[str, Any]) -> None:
        if payload["number"] == 1 and len(told) < 3:
            raise NotYetError

    handles("test.told")(refuse)
    for number in (1, 2):
        tell(number)
    assert handle_waiting() == 1
    assert waiting() == [1]
    with acting_as(system_actor("test")):
        kept = Event.objects.get(handled_at=None)
    assert (kept.tries, kept.failure) == (0, "")
    assert handle_waiting() == 1
    assert waiting() == []


def test_one_that_fails_keeps_its_error_and_is_tried_five_times(told: list[Any]) -> None:
    def fail(payload: Mapping[str, Any]) -> None:
        if payload["number"] == 1:
            raise ValueError("the third shelf is empty")

    handles("test.told")(fail)
    tell(1)
    tell(2)
    assert handle_waiting() == 1
    for _ in range(9):
        handle_waiting()
    with acting_as(system_actor("test")):
        kept = Event.objects.get(handled_at=None)
    assert (kept.tries, kept.failure) == (5, "ValueError: the third shelf is empty")


@pytest.mark.committed
def test_while_one_worker_has_a_large_event_another_takes_the_next(told: list[Any]) -> None:
    has_begun, may_end, alone = threading.Event(), threading.Event(), threading.Event()

    def slow(payload: Mapping[str, Any]) -> None:
        if payload["number"] == 1:
            has_begun.set()
            assert may_end.wait(30)

    handles("test.told")(slow)
    tell(1, person_ids=MANY)
    tell(2, person_ids=MANY)

    def work() -> None:
        if handle_waiting() == 1:
            alone.set()
        connections.close_all()

    other = threading.Thread(target=work)
    other.start()
    assert has_begun.wait(30)
    assert handle_waiting() == 1
    assert told == [1, 2]
    assert handle_waiting() == 0
    may_end.set()
    other.join(30)
    assert alone.is_set()
    assert waiting() == []
