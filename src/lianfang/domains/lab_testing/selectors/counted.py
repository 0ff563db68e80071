"""Counts over whole townships, counted once for everybody who looks.

A count is kept in the memory of the web process together with how far the histories of its tables had come; whatever
is written moves a history on, so that the writer's next page counts anew. What is written by a transaction that lasts,
such as a load, may show up to KEPT_SECONDS late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from django.core.cache import cache
from django.db import connection

from lianfang.foundation.access.actor import Actor

KEPT_SECONDS = 5
Found = TypeVar("Found")


def counted(
    actor: Actor,
    name: str,
    histories: Sequence[str],
    count: Callable[[], Found],
    *given: object,
    seconds: int = KEPT_SECONDS,
) -> Found:
    """What ``count`` gives, for the places of ``actor`` and ``given``; ``histories`` are names of tables of events."""
    key = ":".join(map(str, ("counted", name, actor.level, *actor.scope_ids, *given)))
    now = _how_far(histories)
    kept: tuple[Any, Found] | None = cache.get(key)
    if kept is not None and kept[0] == now:
        return kept[1]
    found = count()
    cache.set(key, (now, found), seconds)
    return found


def _how_far(histories: Sequence[str]) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        # Names of tables of this program, never input. A sequence says 1 before and after its first number.
        cursor.execute(
            "SELECT " + ", ".join(f"(SELECT last_value + is_called::int FROM {name}_pgh_id_seq)" for name in histories)
        )
        return cast(tuple[int, ...], cursor.fetchone())
