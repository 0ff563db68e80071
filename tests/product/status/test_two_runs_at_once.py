"""Two runs about one person at once: whatever the order, the decision that is left standing knows the facts of both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from lianfang.domains.status import events
from lianfang.domains.status import recompute as recompute_module
from lianfang.domains.status.models import HealthStatus
from lianfang.domains.status.recompute import Run, recompute
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.models import Event
from lianfang.foundation.outbox.services import handle_waiting
from tests.product.status.test_recompute import put_in_force, result, swab
from tests.product.world import World, make_world

pytestmark = pytest.mark.committed
NAME = "陈建国"


@pytest.fixture
def shared() -> World:
    """As ``in_force``, but committed: other connections see it."""
    world = put_in_force(make_world())
    while handle_waiting():
        pass
    return world


class Halted:
    """One run in a thread of its own; it stops when it has decided and before it has written anything."""

    def __init__(self, run: Callable[[], Run]) -> None:
        self._run, self._decided, self._may_write = run, threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.answer: Any = None

    def _work(self) -> None:
        try:
            self.answer = self._run()
        except Exception as error:  # noqa: BLE001 - handed to the test
            self.answer = error
        finally:
            connections.close_all()

    def before_it_writes(self) -> None:
        if threading.current_thread() is self._thread:
            self._decided.set()
            assert self._may_write.wait(30)

    def begin(self) -> None:
        self._thread.start()
        assert self._decided.wait(30)

    def end(self) -> Run:
        self._may_write.set()
        self._thread.join(30)
        assert isinstance(self.answer, Run), self.answer
        return self.answer


@contextmanager
def halted(monkeypatch: pytest.MonkeyPatch, run: Callable[[], Run]) -> Iterator[Halted]:
    slow, take = Halted(run), recompute_module._take

    def halt(work: Any, one: Any) -> None:
        slow.before_it_writes()
        take(work, one)

    monkeypatch.setattr(recompute_module, "_take", halt)
    slow.begin()
    try:
        yield slow
    finally:
        slow._may_write.set()


def statuses() -> dict[int, str]:
    with acting_as(system_actor("test")):
        return dict(HealthStatus.objects.values_list("person_id", "status"))


def negative(world: World, name: str = NAME) -> int:
    result(swab(world, (name,), f"N-{world.people[name].pk}", capacity=1), "negative", hours_ago=9)
    return world.people[name].pk


def positive(world: World, name: str = NAME) -> None:
    result(swab(world, (name,), f"P-{world.people[name].pk}", capacity=1, hours_ago=4), "positive")


def test_a_positive_that_comes_while_a_file_is_being_followed_is_not_overwritten(
    shared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recompute([shared.people[NAME].pk])
    person = negative(shared)
    with halted(monkeypatch, lambda: recompute([person])) as file:
        positive(shared)
        desk = recompute([person], gives_way=True)
        assert (desk.decided, desk.left) == (0, 1)
        assert file.end().changed == 1
    assert statuses()[person] == "green"
    assert handle_waiting() > 0
    assert statuses()[person] == "red"


def test_while_the_other_run_goes_on_what_it_has_stays_for_later(
    shared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = negative(shared)
    recompute([person])
    with halted(monkeypatch, lambda: recompute([person])) as file:
        positive(shared)
        recompute([person], gives_way=True)
        handle_waiting()
        with acting_as(system_actor("test")):
            left = Event.objects.get(name=events.DECISION_LEFT)
            assert (left.handled_at, left.tries, left.failure) == (None, 0, "")
        file.end()
    handle_waiting()
    assert statuses()[person] == "red"


def test_whoever_needs_the_answer_now_waits_and_knows_what_the_other_run_knew(
    shared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recompute([shared.people[NAME].pk])
    person = negative(shared)
    answers: list[Run] = []

    def ask() -> None:
        answers.append(recompute([person]))
        connections.close_all()

    with halted(monkeypatch, lambda: recompute([person])) as file:
        positive(shared)
        desk = threading.Thread(target=ask)
        desk.start()
        desk.join(0.5)
        assert desk.is_alive()
        file.end()
        desk.join(30)
    assert [one.changed for one in answers] == [1]
    assert statuses()[person] == "red"


def test_of_two_first_decisions_the_later_one_knows_both_facts(shared: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = negative(shared)
    with acting_as(system_actor("test")):
        HealthStatus.objects.filter(person_id=person).delete()
    with halted(monkeypatch, lambda: recompute([person], gives_way=True)) as file:
        positive(shared)
        assert recompute([person], gives_way=True).changed == 1
        assert file.end().left == 1
    assert statuses()[person] == "red"
    while handle_waiting():
        pass
    assert statuses()[person] == "red"


def test_a_run_in_parts_knows_what_came_before_it_reached_a_person(
    shared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recompute_module, "CHUNK", 1)
    names = tuple(sorted(shared.people, key=lambda name: shared.people[name].pk))
    everybody = [negative(shared, name) for name in names]
    recompute(everybody)
    # The run reads two parts ahead of what it writes.
    with (
        halted(monkeypatch, lambda: recompute(everybody)) as file,
        time_machine.travel(timezone.now() + timedelta(seconds=10)),
    ):
        result(swab(shared, names[-1:], "P-last", capacity=1), "positive", hours_ago=0)
        assert recompute([everybody[-1]], gives_way=True).changed == 1
        file.end()
    assert statuses()[everybody[-1]] == "red"
