# ruff: noqa: E501
"""After results or swabs of tubes changed: results judged, tubes concluded, people held, released or cases, events told.

``settle_tubes`` is the one way; loads, the desk, corrections and swabs that come late all end here. It runs as the system,
because a tube may hold people whose homes the actor does not see.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from lianfang.domains.lab_testing import events
from lianfang.domains.lab_testing.models import Result, Tube
from lianfang.domains.lab_testing.results.services import conclusion_sql, hold_sql
from lianfang.domains.lab_testing.results.services.batching import batches
from lianfang.domains.lab_testing.results.terms import hold_terms
from lianfang.domains.lab_testing.services.swabs import CLOCK_TOLERANCE
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.services import emit, emit_now

# Warnings of a swab whose time proves nothing, and of one whose time of day is not known.
UNTIMED = ["future_clock", "time_unknown"]
UNDATED = ["time_unknown", "day_only"]
# So many people whom somebody waits for are told of at once; more are told of by the worker.
AT_ONCE = 200
SYSTEM = "system:results"


@dataclass(slots=True)
class Settled:
    """What changed: tubes with another conclusion, adopted orphans, holds opened and settled, positives told of."""

    concluded: list[int] = field(default_factory=list)
    adopted: int = 0
    opened: int = 0
    released: int = 0
    cases: int = 0
    positives: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class _Move:
    """One hold whose state changed, ``was`` "" where it is new."""

    hold_id: int
    person_id: int | None
    tube_id: int
    state: str
    was: str
    because: str
    result_id: int | None


@transaction.atomic
def settle_tubes(tube_ids: Collection[int], *, now: datetime | None = None, tells_at_once: bool = True) -> Settled:
    """Put everything right that follows from the swabs and results of these tubes; the same again changes nothing."""
    done = Settled()
    if not tube_ids:
        return done
    now = now or timezone.now()
    with acting_as(system_actor("results")):
        tubes = _lock(tube_ids)
        done.adopted = _run(conclusion_sql.ADOPT, tubes, now).rowcount
        people = _people_in(tubes)
        done.people = len(people)
        tubes = sorted({*tubes, *place_by_person(people)})
        _run(conclusion_sql.RESTATE_RESULTS, tubes, now)
        done.concluded = [pk for (pk,) in _run(conclusion_sql.CONCLUDE, tubes, now).fetched]
        moves = _move_holds(tubes, now)
        _count(done, moves)
        _tell(tubes, people, moves, now, at_once=tells_at_once and len(people) <= AT_ONCE)
        done.positives = sum(move.because == "positive_single" for move in moves)
    return done


@dataclass(frozen=True, slots=True)
class _Outcome:
    rowcount: int
    fetched: list[tuple[Any, ...]]


def _run(statement: str, tubes: list[int], now: datetime, **more: Any) -> _Outcome:
    given = {"tubes": tubes, "now": now, "tz": settings.TIME_ZONE, "untimed": UNTIMED, "undated": UNDATED,
             "tolerance": CLOCK_TOLERANCE, **more}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return _Outcome(cursor.rowcount, cursor.fetchall() if cursor.description else [])


def _lock(tube_ids: Collection[int]) -> list[int]:
    """In one order everywhere, so that nobody waits in a circle."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM lab_testing_tube WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [sorted(set(tube_ids))]
        )
        return [pk for (pk,) in cursor.fetchall()]


def _people_in(tubes: list[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT person_id FROM lab_testing_sample WHERE tube_id = ANY(%s) AND person_id IS NOT NULL ORDER BY 1",
            [tubes],
        )
        return [pk for (pk,) in cursor.fetchall()]


def place_by_person(people: Collection[int]) -> list[int]:
    """Give the results that name only a person to the swab they must mean; the tubes that gained or lost one."""
    if not people:
        return []
    found = _run(conclusion_sql.PLACE_BY_PERSON, [], timezone.now(), people=list(people)).fetched
    return _lock([pk for pair in found for pk in pair if pk is not None])


def _move_holds(tubes: list[int], now: datetime) -> list[_Move]:
    """Update, then insert, per township: the terms of a hold belong to a place."""
    moves: list[_Move] = []
    townships = Tube.objects.filter(pk__in=tubes).order_by().values_list("township_id", flat=True).distinct()
    for township_id in sorted(townships):
        terms = hold_terms(township_id, now)
        given = {"townships": [township_id], "at_most": terms.at_most, "is_verified": terms.is_verified, "by": SYSTEM}
        for statement in (hold_sql.UPDATE_HOLDS, hold_sql.INSERT_HOLDS):
            moves += [_Move(*row) for row in _run(statement, tubes, now, **given).fetched]
    return moves


def _count(done: Settled, moves: Iterable[_Move]) -> None:
    for move in moves:
        done.opened += move.state == "held" and move.was != "held"
        done.released += move.state == "released" and move.was != "released"
        done.cases += move.state == "case" and move.was != "case"


def _tell(tubes: list[int], people: list[int], moves: list[_Move], now: datetime, *, at_once: bool) -> None:
    changed = [move for move in moves if move.state != move.was]
    for state in ("held", "released", "case"):
        mine = [move for move in changed if move.state == state]
        for because in sorted({move.because for move in mine}):
            for part in batches([move for move in mine if move.because == because], events.BATCH):
                tell_of_holds(part, state, because)
    _tell_positives([move for move in changed if move.because == "positive_single" and move.person_id is not None], now)
    tell = emit_now if at_once else emit
    parts: list[list[int]] = list(batches(people, events.BATCH)) or [[]]
    per = max(1, -(-len(tubes) // len(parts)))
    for number, told in enumerate(parts):
        tell(events.RESULTS_APPLIED, {"person_ids": told, "tube_ids": tubes[number * per : (number + 1) * per]})


def tell_of_holds(moves: Collection[Any], state: str, because: str) -> None:
    """HOLD_OPENED or HOLD_SETTLED, in this transaction: whoever is held or free is told of at once."""
    payload: dict[str, Any] = {
        "hold_ids": [move.hold_id for move in moves],
        "person_ids": sorted({move.person_id for move in moves if move.person_id is not None}),
        "tube_ids": sorted({move.tube_id for move in moves}),
    }
    if state == "held":
        emit_now(events.HOLD_OPENED, payload)
    else:
        emit_now(events.HOLD_SETTLED, {**payload, "state": state, "because": because})


def _tell_positives(moves: list[_Move], now: datetime) -> None:
    results = Result.objects.in_bulk({move.result_id for move in moves if move.result_id is not None})
    for move in moves:
        result = results.get(move.result_id or 0)
        known_at = now if result is None else result.reported_at or result.tested_at or now
        emit_now(events.PERSON_POSITIVE, {"person_id": move.person_id, "result_id": move.result_id, "tube_id": move.tube_id,
                                          "at": min(known_at, now).isoformat()})  # fmt: skip
