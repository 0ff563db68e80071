"""Programs that are started again when they die."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lianfang.config.embedded.children import Child, Program

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# Who ran this long is not what keeps dying.
STEADY_SECONDS = 60.0


@dataclass(slots=True)
class BackOff:
    """How long to wait before the next start: twice as long each time, until something ran steadily."""

    started_at: float = 0.0
    failures: int = 0

    def note_start(self) -> None:
        self.started_at = time.monotonic()

    def pause(self) -> float:
        """Call at each death: seconds to wait."""
        if self.failures and time.monotonic() - self.started_at >= STEADY_SECONDS:
            self.failures = 0
        self.failures += 1
        return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self.failures - 1)))


@dataclass(slots=True)
class Service:
    """One program of the product. ``on_end`` is called from another thread at each death."""

    name: str
    program: Program
    patience: float
    on_end: Callable[[Service], None]
    back_off: BackOff = field(default_factory=BackOff)
    child: Child | None = None

    def start(self) -> None:
        self.back_off.note_start()
        self.child = Child(self.program, on_exit=self._ended)
        self.child.start()

    def _ended(self, child: Child) -> None:
        self.on_end(self)

    def stop(self) -> None:
        """Ask it to end, wait, kill what does not end."""
        if self.child is not None:
            self.child.stop(asked=signal.SIGTERM, patience=self.patience)

    def kill(self) -> None:
        """End it at once."""
        if self.child is not None:
            self.child.send(signal.SIGKILL)
