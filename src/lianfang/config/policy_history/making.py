"""A history from nothing: an invented township's facts, every day decided, some days decided again at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from lianfang.config.policy_history.rules import rules_of
from lianfang.demo.outbreak import FIRST_DAY, FOLLOWED, LAST_DAY, make_township
from lianfang.demo.outbreak.making import SEED
from lianfang.engine.history import History, Replay, differing_days, replay
from lianfang.engine.packs import Pack

PACKS = ("covid19/v8", "covid19/v9", "covid19/v9+20", "covid19/new10", "covid19/class-b")


class NotReproducibleError(RuntimeError):
    """A day came out otherwise when it was decided again: a fault of the engine, never of the facts."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """``facts`` is a folder of somebody's facts, where they are not to be invented."""

    people: int = 60_000
    seed: int = SEED
    first_on: date = FIRST_DAY
    last_on: date = LAST_DAY
    facts: Path | None = None
    threads: int | None = None
    memory: str | None = None


def make_history(wanted: Wanted, packs: Sequence[Pack], work: Path, tell: Callable[[int, int, date], None]) -> History:
    """Work in an empty folder. Raises ``NotReproducibleError``, otherwise as ``make_township`` and ``replay``."""
    facts, stories, made = wanted.facts, {}, {}
    if facts is None:
        facts, stories = work / "facts", {one.person_id: one.key for one in FOLLOWED}
        rows = make_township(facts, wanted.people, rules_of(packs), seed=wanted.seed, threads=wanted.threads)
        made = {"is_invented": True, "seed": wanted.seed, "rows": dict(rows)}
    output = work / "runs"
    output.mkdir()
    proven = _proven_days(packs, wanted.first_on, wanted.last_on)
    asked = Replay(facts=facts, packs=packs, first_on=wanted.first_on, last_on=wanted.last_on, output=output,
                   stories=stories, threads=wanted.threads, memory=wanted.memory, kept=frozenset(proven))  # fmt: skip
    started, used = time.monotonic(), time.process_time()
    history = replay(asked, tell=tell)
    spent = {"seconds": round(time.monotonic() - started), "processor_seconds": round(time.process_time() - used)}
    different = differing_days(asked, proven)
    if different:
        raise NotReproducibleError(", ".join(day.isoformat() for day in different))
    said: Mapping[str, object] = {**made, **spent, "hour": asked.hour, "proven_on": proven}
    return replace(history, made=said)


def _proven_days(packs: Sequence[Pack], first_on: date, last_on: date) -> list[date]:
    """The first and last day, and the first of each pack."""
    starts = {pack.manifest.effective.from_.date() for pack in packs}
    return sorted({first_on, last_on, *(day for day in starts if first_on <= day <= last_on)})
