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
from lianfang.domains.lab_testing.models import Result
from lianfang.domains.lab_testing.results.services import conclusion_sql, hold_sql
from lianfang.domains.lab_testing.results.services.batching import batches
from lianfang.domains.lab_testing.results.terms import hold_terms
from lianfang.domains.lab_testing.services.swabs import CLOCK_TOLERANCE
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.services import emit, emit_now

# Warnings of a swab whose time proves nothing, and of one whose time of day is not known.
UNTIMED = ["future_clock", "time_unknown", "clock_doubtful"]
UNDATED = ["time_unknown", "day_only"]
# So many people whom somebody waits for are told of at once; more are told of by the worker.
AT_ONCE = 200
# From so many tubes on, the memory that one question of a page may take is not enough.
MANY = 2_000
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
def settle_tubes(
    tube_ids: Collection[int],
    *,
    now: datetime | None = None,
    tells_at_once: bool = True,
    caused_by: Collection[int | None] = (),
) -> Settled:
    """Put everything right that follows from the swabs and results of these tubes; the same again changes nothing.

    ``caused_by``: accounts of those whose doing it is. They may not approve what it makes worse for many.
    """
    done = Settled()
    if not tube_ids:
        return done
    now = now or timezone.now()
    with acting_as(system_actor("results")):
        if len(tube_ids) > MANY:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL work_mem = '64MB'")
        tubes, townships = _lock(tube_ids)
        done.adopted = _run(conclusion_sql.ADOPT, tubes, now).rowcount
        people = _people_in(tubes)
        done.people = len(people)
        placed, more = _place_by_person(people)
        tubes, townships = sorted({*tubes, *placed}), townships | more
        done.concluded = [pk for (pk,) in _run(conclusion_sql.CONCLUDE, tubes, now).fetched]
        moves = _move_holds(tubes, townships, now)
        _count(done, moves)
        causes = sorted({account for account in caused_by if account is not None})
        _tell(tubes, people, moves, now, at_once=tells_at_once and len(people) <= AT_ONCE, causes=causes)
        done.positives = sum(move.because == "positive_single" for move in moves)
    return done


@dataclass(frozen=True, slots=True)
class _Outcome:
    rowcount: int
    fetched: list[tuple[Any, ...]]


def _run(statement: str, tubes: list[int], now: datetime, **more: Any) -> _Outcome:
    given = {"tubes": _array(tubes), "now": now, "tz": settings.TIME_ZONE, "untimed": UNTIMED, "undated": UNDATED,
             "tolerance": CLOCK_TOLERANCE, **more}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return _Outcome(cursor.rowcount, cursor.fetchall() if cursor.description else [])


def _array(ids: Collection[int]) -> str:
    """As PostgreSQL writes an array: of a hundred thousand ids much sooner made than by the driver."""
    return f"{{{','.join(map(str, ids))}}}"


def _lock(tube_ids: Collection[int]) -> tuple[list[int], set[int]]:
    """In one order everywhere, so that nobody waits in a circle; the tubes that are there, and their townships."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, township_id FROM lab_testing_tube WHERE id IN (SELECT unnest(%s::bigint[])) ORDER BY id "
            "FOR NO KEY UPDATE",
            [_array(set(tube_ids))],
        )
        found = cursor.fetchall()
    return [pk for pk, _ in found], {township for _, township in found}


def _people_in(tubes: list[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT person_id FROM lab_testing_sample WHERE tube_id IN (SELECT unnest(%s::bigint[])) "
            "AND person_id IS NOT NULL ORDER BY 1",
            [_array(tubes)],
        )
        return [pk for (pk,) in cursor.fetchall()]


def place_by_person(people: Collection[int]) -> list[int]:
    """Give the results that name only a person to the swab they must mean; the tubes that gained or lost one."""
    return _place_by_person(people)[0]


def _place_by_person(people: Collection[int]) -> tuple[list[int], set[int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT person_id FROM lab_testing_result WHERE tube_code = '' AND superseded_by_id IS NULL "
            "AND person_id IN (SELECT unnest(%s::bigint[]))",
            [_array(people)],
        )
        named = [pk for (pk,) in cursor.fetchall()]
    if not named:
        return [], set()
    found = _run(conclusion_sql.PLACE_BY_PERSON, [], timezone.now(), people=named).fetched
    return _lock([pk for pair in found for pk in pair if pk is not None])


def _move_holds(tubes: list[int], townships: set[int], now: datetime) -> list[_Move]:
    """Per township: the terms of a hold belong to a place."""
    moves: list[_Move] = []
    for township_id in sorted(townships):
        terms = hold_terms(township_id, now)
        given = {"townships": [township_id], "at_most": terms.at_most, "is_verified": terms.is_verified, "by": SYSTEM}
        moves += [_Move(*row) for row in _run(hold_sql.MOVE_HOLDS, tubes, now, **given).fetched]
    return moves


def _count(done: Settled, moves: Iterable[_Move]) -> None:
    """People, each once: a positive single settles the hold for the pool and is another hold itself."""
    found: dict[str, set[tuple[int | None, int]]] = {"held": set(), "released": set(), "case": set()}
    for move in moves:
        if move.state != move.was and move.state in found:
            found[move.state].add((move.person_id, 0 if move.person_id else move.hold_id))
    done.opened += len(found["held"])
    done.released += len(found["released"])
    done.cases += len(found["case"])


def _tell(
    tubes: list[int], people: list[int], moves: list[_Move], now: datetime, *, at_once: bool, causes: list[int]
) -> None:
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
        theirs = tubes[number * per : (number + 1) * per]
        tell(events.RESULTS_APPLIED, {"person_ids": told, "tube_ids": theirs, "caused_by_ids": causes})


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
