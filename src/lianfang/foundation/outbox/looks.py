"""What is looked at every second by the one job that never rests, so that nothing else needs a thread to wait in."""

from __future__ import annotations

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)
_looks: list[Callable[[], None]] = []


def every_second(look: Callable[[], None]) -> Callable[[], None]:
    """Register a function that sees whether there is something to do. It must be quick: work goes into a job."""
    _looks.append(look)
    return look


def look_everywhere() -> None:
    """Call every one of them; one that fails is logged and does not keep the others from looking."""
    for look in _looks:
        try:
            look()
        except Exception:
            log.exception("%s failed; it looks again in a second", look.__qualname__)
