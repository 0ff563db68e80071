"""Deciding anew, and writing what changed: one person in tens of milliseconds, a township in seconds.

The only writer of decisions. Of two runs about one person the later one has to know the facts of both: whom a run
decides about is its own from before their facts are read until it has ended (docs/decisions/0033).

A run that would worsen too many people of a township writes nothing of that worsening: it waits as a ``StatusRun`` for
a person (``runs``). Improvements, a person's own positive and emergencies are never held back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from lianfang.domains.status import events
from lianfang.domains.status.deciding import Decided, Home, decided_ahead, decided_by_pack
from lianfang.domains.status.engine_adapter import Texts
from lianfang.domains.status.gating import RESTRICTIVE, SEVERITY, Before, chosen, limit_of, sort_decisions, withhold
from lianfang.domains.status.limits import BULK
from lianfang.domains.status.models import RunState, StatusRun, WithheldDecision, WithheldState
from lianfang.domains.status.writing import lock_decisions, write_decisions, write_emergencies
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit

CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Run:
    """What one run did. ``without_pack``: people in places where no pack is in force; their status stays.
    ``worsened`` counts ``withheld`` too: people whose worse decision waits for a person and was not written.
    ``left``: people whom another run had; an event has them decided after it."""

    number: int
    decided: int
    changed: int
    worsened: int
    withheld: int
    restricted: int
    without_pack: int
    left: int


@dataclass(slots=True)
class _Township:
    """What the run found out about one township so far."""

    county_id: int
    counted: Counter[str] = field(default_factory=Counter)
    communities: set[int] = field(default_factory=set)
    packs: set[str] = field(default_factory=set)
    waiting: list[tuple[datetime, Texts]] = field(default_factory=list)
    before: dict[int, Before] = field(default_factory=dict)


@dataclass(slots=True)
class _Work:
    number: int
    as_of: datetime | None
    begun_at: datetime
    gives_way: bool
    approved: Mapping[int, str]
    townships: dict[int, _Township] = field(default_factory=dict)
    changed: list[int] = field(default_factory=list)
    restricted: int = 0
    fresh: set[int] = field(default_factory=set)
    """Who had no decision when their facts were read."""
    left: set[int] = field(default_factory=set)
    """Whom another run had, or decided first."""


def recompute(
    person_ids: Iterable[int],
    *,
    as_of: datetime | None = None,
    why: str = "facts",
    caused_by: Collection[int] = (),
    approved: Mapping[int, str] | None = None,
    gives_way: bool = False,
) -> Run:
    """Decide about these people with what is known, and write the decisions that are different.

    Acts as the system: a status rests on facts of other places too. ``why`` is a code of ``status.why``; ``caused_by``
    are the accounts whose doing led to the run; ``approved``: person → the worst status that somebody has looked at and
    approved. ``gives_way``: whom another run has at the moment is left to an event, else waited for. Raises
    PackChangedError where the files of an active pack are not the approved ones.
    """
    with acting_as(system_actor("status")) as system:
        work = _Work(next_number(), as_of, timezone.now(), gives_way, approved or {})
        everybody = sorted(set(person_ids))
        if len(everybody) <= CHUNK:
            mine, moment = _begin(work, everybody)
            found = decided_by_pack(mine, moment)
        else:
            found = decided_ahead(_begin(work, ids) for ids in _chunks(everybody))
        for one in found:
            _take(work, one)
        rows = [_settle(work, pk, township, why, caused_by) for pk, township in work.townships.items()]
        _announce(work, system, rows)
    total = Counter[str]()
    for township in work.townships.values():
        total.update(township.counted)
    return Run(
        work.number, total["decided"], len(work.changed), total["worsened"], total["withheld"], work.restricted,
        total["without_pack"], len(work.left),
    )  # fmt: skip


def decisions_at(person_ids: Sequence[int], as_of: datetime) -> dict[int, dict[str, Any]]:
    """What was decided of these people at ``as_of``, computed again from what was known then; nothing is written."""
    with acting_as(system_actor("status")):
        found = (one.decisions for one in decided_by_pack(list(person_ids), as_of) if one.decisions is not None)
        return {row["person_id"]: row for each in found for row in each.decisions.to_pylist()}


def next_number() -> int:
    """The number of a run about to begin."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('status_run', 'id'))")
        return int(cursor.fetchone()[0])


def _begin(work: _Work, ids: Sequence[int]) -> tuple[Sequence[int], datetime]:
    """Whom of these the run may decide about, and as of when: what came before it had them is known by then."""
    mine, fresh = lock_decisions(ids, gives_way=work.gives_way)
    work.fresh |= fresh
    work.left.update(set(ids).difference(mine))
    return mine, work.as_of or timezone.now()


def _take(work: _Work, one: Decided) -> None:
    """Write what may be written at once; keep what counts towards a township's limit until all is known."""
    whose = _townships_of(work, one)
    if one.decisions is None or one.pack is None:
        return
    found = sort_decisions(one)
    for texts in (found.plain, found.urgent):
        _write(work, texts, one.moment, found.before, whose)
    write_emergencies(found.held, one.moment, work.number)
    for person, status in zip(found.held["person_id"], found.held["status"], strict=True):
        # What was undone may be an improvement; a green one is never worse.
        is_worse = status != "green"
        work.townships[whose[int(person or 0)]].counted.update(worsened=int(is_worse), withheld=1)
    covered, open_ = _covered(work.approved, found.counted)
    _write(work, covered, one.moment, found.before, whose)
    for township, places in _places_by_township(open_, whose).items():
        work.townships[township].waiting.append((one.moment, chosen(open_, places)))
        work.townships[township].before.update(found.before)
    if found.overtaken:
        WithheldDecision.objects.filter(pk__in=found.overtaken).update(
            state=WithheldState.OVERTAKEN, settled_at=one.moment
        )


def _covered(approved: Mapping[int, str], texts: Texts) -> tuple[Texts, Texts]:
    """What somebody has approved, and the rest."""
    places: tuple[list[int], list[int]] = ([], [])
    for place, (person, status) in enumerate(zip(texts["person_id"], texts["status"], strict=True)):
        shown = approved.get(int(person or 0))
        places[shown is None or SEVERITY[str(status)] > SEVERITY[shown]].append(place)
    return chosen(texts, places[0]), chosen(texts, places[1])


def _townships_of(work: _Work, one: Decided) -> dict[int, int]:
    """Person → township; counts the people there on the way."""
    whose: dict[int, int] = {}
    for home, people in one.people.items():
        found = _township(work, home)
        found.counted["decided" if one.pack is not None else "without_pack"] += len(people)
        if one.pack is not None:
            found.packs.add(f"{one.pack.id} {one.pack.version}")
        whose.update(dict.fromkeys(people, home[1]))
    return whose


def _township(work: _Work, home: Home) -> _Township:
    found = work.townships.setdefault(home[1], _Township(home[0]))
    found.communities.add(home[2])
    return found


def _places_by_township(texts: Texts, whose: dict[int, int]) -> dict[int, list[int]]:
    places: dict[int, list[int]] = {}
    for place, person in enumerate(texts["person_id"]):
        places.setdefault(whose[int(person or 0)], []).append(place)
    return places


def _write(work: _Work, texts: Texts, moment: datetime, before: Mapping[int, Before], whose: Mapping[int, int]) -> None:
    written = write_decisions(texts, moment, work.number, work.fresh)
    changed = set(written.changed)
    work.changed.extend(changed)
    work.left.update(written.overtaken)
    for person, status in zip(texts["person_id"], texts["status"], strict=True):
        pk = int(person or 0)
        if pk not in changed:
            continue
        counted, then = work.townships[whose[pk]].counted, before.get(pk)
        was = "unknown" if then is None else then.status
        counted["changed"] += 1
        if SEVERITY[str(status)] < SEVERITY[was] or (status == "green" and then is None):
            counted["improved"] += 1
        elif SEVERITY[str(status)] > SEVERITY[was]:
            counted["worsened"] += 1
        work.restricted += status in RESTRICTIVE and was not in RESTRICTIVE


def _settle(work: _Work, pk: int, found: _Township, why: str, caused_by: Collection[int]) -> StatusRun:
    """Write what was kept back, or leave it for a person; put the run on the record."""
    worse = sum(len(texts["person_id"]) for _, texts in found.waiting)
    limit = limit_of(pk, worse)
    stops = limit is not None and worse > limit
    if not stops:
        for moment, texts in found.waiting:
            whose = dict.fromkeys((int(one or 0) for one in texts["person_id"]), pk)
            _write(work, texts, moment, found.before, whose)
    else:
        found.counted.update(worsened=worse, withheld=worse)
    communities = found.communities
    run = StatusRun.objects.create(
        number=work.number, why=why, state=RunState.WAITING if stops else RunState.DONE,
        as_of=work.as_of or work.begun_at, begun_at=work.begun_at, packs=sorted(found.packs), limit=limit,
        caused_by_ids=sorted(set(caused_by)), county_id=found.county_id, township_id=pk,
        community_id=next(iter(communities)) if len(communities) == 1 else 0,
        **{name: found.counted[name] for name in _COUNTED},
    )  # fmt: skip
    if stops:
        for moment, texts in found.waiting:
            withhold(run, texts, found.before, moment)
            write_emergencies(texts, moment, work.number)
    return run


_COUNTED = ("decided", "changed", "improved", "worsened", "withheld", "without_pack")


def _announce(work: _Work, system: Any, rows: list[StatusRun]) -> None:
    moment = (work.as_of or work.begun_at).isoformat()
    changed, left = sorted(work.changed), sorted(work.left)
    for start in range(0, len(changed), events.BATCH):
        emit(events.STATUS_CHANGED, {"person_ids": changed[start : start + events.BATCH], "as_of": moment})
    for start in range(0, len(left), events.BATCH):
        emit(events.DECISION_LEFT, {"person_ids": left[start : start + events.BATCH]})
    for run in rows:
        if run.state == RunState.WAITING:
            details = {"run": run.pk, "worsened": run.withheld, "township": run.township_id}
            record(actor=system, action="status.stop_run", target_kind="status_run", target_id=run.pk, details=details)
            emit(events.RUN_STOPPED, {"run_id": run.pk, "withheld": run.withheld, "as_of": moment})
    stopped = sum(run.withheld for run in rows if run.state == RunState.WAITING)
    if work.restricted >= BULK or stopped:
        details = {"restricted": work.restricted, "withheld": stopped, "run": work.number}
        record(actor=system, action="status.bulk_alarm", details=details)
        emit(
            events.BULK_ALARM,
            {"restricted": work.restricted, "withheld": stopped, "run": work.number, "as_of": moment},
        )


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
