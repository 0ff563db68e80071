"""What the tests of a file begin with, made once: it stands in a transaction around them, each test in a savepoint."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import time_machine
from django.db import connection, transaction
from django.utils import timezone

from tests.product.lab_testing.night import open_night
from tests.product.world import make_world

Make = Callable[[Any], Any]
# By the name of the fixture that gives it, lowest first: each is made out of the one below, the lowest out of None.
# A file names what its own tests begin with in a ``STANDING`` like this one.
LAYERS: dict[str, Make] = {"world": lambda nothing: make_world(), "night_of_all": open_night}
# Whatever a test asks for, it asks for later than it was made.
EARLIER = timedelta(seconds=10)


@dataclass(frozen=True)
class _Layer:
    name: str
    make: Make
    around: ExitStack
    kept: bytes


class Standing:
    """Layers of rows, each made out of the one below, and the objects that a test is given of them.

    Every test gets objects of its own, and every file rows of its own.
    """

    def __init__(self) -> None:
        self._layers: list[_Layer] = []
        self._file: object = None

    def begin(self, file: object, wanted: Sequence[tuple[str, Make]]) -> dict[str, Any]:
        """Have exactly the layers ``wanted`` standing, lowest first; gives back the object of each by name."""
        if file is not self._file or connection.closed_in_transaction:
            self.end()
        self._file = file
        names = [(one.name, one.make) for one in self._layers]
        while names != list(wanted[: len(names)]):
            names.pop()
        self.end(left=len(names))
        found: dict[str, Any] = pickle.loads(self._layers[-1].kept) if self._layers else {}
        for name, make in wanted[len(self._layers) :]:
            found = self._put(name, make, found)
        return found

    def _put(self, name: str, make: Make, below: dict[str, Any]) -> dict[str, Any]:
        with ExitStack() as around:
            around.enter_context(transaction.atomic())
            around.callback(transaction.set_rollback, True)
            with time_machine.travel(timezone.now() - EARLIER, tick=True):
                made = below | {name: make(next(reversed(below.values()), None))}
            kept = pickle.dumps(made)
            self._layers.append(_Layer(name, make, around.pop_all(), kept))
        return made

    def end(self, left: int = 0) -> None:
        """Roll back all layers but the lowest ``left``."""
        while len(self._layers) > left:
            self._layers.pop().around.close()
