"""Days of a replay decided again when all facts are known: what was given then is what is given now."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import date

from lianfang.engine.history.replaying import Replay, pack_at
from lianfang.engine.status.bulk import run_in_bulk
from lianfang.engine.status.comparing import compare_runs


def differing_days(asked: Replay, days: Iterable[date]) -> list[date]:
    """Of the days whose run was ``kept``, those that come out otherwise from all facts. The kept runs are removed."""
    different = []
    for at in (moment for moment in asked.moments if moment.date() in set(days)):
        before, again = asked.output / f"{at:%Y-%m-%d}", asked.output / "again"
        pack = pack_at(asked.packs, at)
        superseded = [one for one in asked.packs if one.id != pack.id]
        run_in_bulk(pack, asked.facts, again, at, superseded=superseded, threads=asked.threads, memory=asked.memory)
        if not all(one.is_same for one in compare_runs(before, again, memory=asked.memory).values()):
            different.append(at.date())
        for output in (before, again):
            shutil.rmtree(output)
    return different
