"""How much and how often: bounds that no honest device meets, so that a broken or stolen one harms nobody else."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field

MOST_SENT = 4 * 1024 * 1024
MOST_UNPACKED = 16 * 1024 * 1024
# A request that asks for an answer, at most.
MOST_ASKED = 64 * 1024
_MOST_KEPT = 50_000


@dataclass(slots=True)
class Buckets:
    """So many requests a second of each, and ``burst`` at once."""

    per_second: float
    burst: float
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait_for(self, key: str, now: float | None = None) -> float:
        """Take one; 0 where there was one, else the seconds until there is."""
        now = time.monotonic() if now is None else now
        left, since = self._left.pop(key, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self.per_second
        self._left[key] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > _MOST_KEPT:
            self._left.popitem(last=False)
        return wait
