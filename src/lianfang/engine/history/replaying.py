"""Every day decided about everybody, in one process; only the run of the day before is kept beside that of today."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from lianfang.engine.backends import Stages
from lianfang.engine.history import changing, counting, living
from lianfang.engine.history.arriving import KnownFacts
from lianfang.engine.history.contract import Change, History, Life, Spell
from lianfang.engine.packs import NotInForceError, Pack, pack_in_force
from lianfang.engine.status.bulk import run_in_bulk

HOUR = 8
Tell = Callable[[int, int, date], None]


@dataclass(frozen=True, slots=True)
class Replay:
    """What is asked: which facts, packs in their order, from which day to which, at which hour, whom to follow.

    ``stories`` are people to follow with the key of what is told of them. ``output`` is an empty folder that is left
    empty; ``kept`` days keep their run there under ``dt=…``.
    """

    facts: Path
    packs: Sequence[Pack]
    first_on: date
    last_on: date
    output: Path
    stories: Mapping[int, str] = field(default_factory=dict)
    hour: int = HOUR
    threads: int | None = None
    memory: str | None = None
    kept: frozenset[date] = frozenset()

    @property
    def moments(self) -> list[datetime]:
        days = (self.last_on - self.first_on).days + 1
        return [datetime.combine(self.first_on + timedelta(days=day), time(self.hour)) for day in range(days)]


def replay(asked: Replay, *, made: Mapping[str, Any] | None = None, tell: Tell | None = None) -> History:
    """Decide about everybody on every day; ``tell`` is called after each with its number, how many there are, the day.

    Raises ``NotInForceError`` where no pack is in force on a day, ``ColumnarError`` where facts break their contract.
    """
    moments = asked.moments
    packs = [pack_at(asked.packs, at) for at in moments]
    with Stages(threads=asked.threads, memory=asked.memory, keeps_order=False) as db:
        people, known = (
            counting.people_in(db, asked.facts),
            KnownFacts(db, asked.facts, asked.output / "known", moments[0]),
        )
        days, changes, seen = [], [], _Seen(asked.stories)
        for number, (at, pack) in enumerate(zip(moments, packs, strict=True)):
            before = asked.output / f"{moments[number - 1]:%Y-%m-%d}" if number else None
            here = asked.output / f"{at:%Y-%m-%d}"
            _run(asked, known, pack, at, here, previous=before)
            days.append(counting.count_day(db, here, at, pack.id, _known(people, at)))
            seen.add(at.date(), pack, counting.rows_of(db, here, asked.stories))
            if number and packs[number - 1].id != pack.id:
                changes.append(_change(asked, known, db, (packs[number - 1], pack)))
            if before is not None and moments[number - 1].date() not in asked.kept:
                shutil.rmtree(before)
            if tell is not None:
                tell(number + 1, len(moments), at.date())
        if moments and moments[-1].date() not in asked.kept:
            shutil.rmtree(here)
        known.forget()
        facts, levels = counting.facts_by_day(db, asked.facts), counting.levels_at(db, asked.facts, moments)
    days = [replace(day, facts=facts.get(day.at.date(), {}), levels=levels.get(day.at, {})) for day in days]
    used = list(dict.fromkeys(pack.id for pack in packs))
    said = changing.packs_said([pack for pack in asked.packs if pack.id in used])
    return History(made or {}, said, days, changes, seen.lives())


def pack_at(packs: Iterable[Pack], at: datetime) -> Pack:
    """The pack in force then. Raises ``NotInForceError``."""
    found = [pack for pack in packs if pack.is_in_force(at)]
    if not found:
        raise NotInForceError(f"no pack is in force at {at:%Y-%m-%d %H:%M}")
    return found[0] if len(found) == 1 else pack_in_force(found, found[0].manifest.disease, at)


def _run(
    asked: Replay, known: KnownFacts, pack: Pack, at: datetime, output: Path, *, previous: Path | None = None
) -> None:
    superseded = [one for one in asked.packs if one.id != pack.id]
    run_in_bulk(pack, known.by(at), output, at, previous=previous, superseded=superseded,
                threads=asked.threads, memory=asked.memory)  # fmt: skip


def _change(asked: Replay, known: KnownFacts, db: Stages, packs: tuple[Pack, Pack]) -> Change:
    """Both packs at the first moment of the new one: nothing has been opened under it yet that the old cannot know."""
    at = packs[1].manifest.effective.from_
    outputs = asked.output / "as-before", asked.output / "as-after"
    for output, pack in zip(outputs, (changing.prolonged(packs[0]), packs[1]), strict=True):
        _run(asked, known, pack, at, output)
    lived = living.lived_through(db, asked.facts, *packs, asked.packs)
    change = changing.compare(db, asked.facts, outputs, packs, at, lived)
    for output in outputs:
        shutil.rmtree(output)
    return change


def _known(people: Sequence[tuple[datetime | None, int]], at: datetime) -> int:
    return sum(count for since, count in people if since is None or since <= at)


class _Seen:
    """The days of the people who are followed, as spells of equal decisions."""

    def __init__(self, stories: Mapping[int, str]) -> None:
        self._stories = stories
        self._spells: dict[int, list[Spell]] = {person: [] for person in stories}

    def add(self, day: date, pack: Pack, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            spell = Spell(
                first_on=day,
                last_on=day,
                status=row["status"],
                rule=row["rule_id"],
                reason=row["reason"],
                params=json.loads(row["params"] or "{}"),
                since=row["since"],
                until=row["until"],
                next_step=row["next_step"],
                appeal=row["appeal"],
                pack=pack.id,
                opened_under=tuple(row["opened"] or ()),
            )
            spells = self._spells[row["person_id"]]
            if spells and spells[-1] == replace(spell, first_on=spells[-1].first_on, last_on=spells[-1].last_on):
                spells[-1] = replace(spells[-1], last_on=day)
            else:
                spells.append(spell)

    def lives(self) -> list[Life]:
        return [Life(person, story, self._spells[person]) for person, story in self._stories.items()]
