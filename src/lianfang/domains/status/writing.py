"""Writing decisions: what differs from the row in force, in one statement however many people it is about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from lianfang.domains.status.engine_adapter import Texts, among, array_text
from lianfang.domains.status.gating import chosen
from lianfang.domains.status.models import HealthStatus

# Each column comes as one text whose values are cut apart by PostgreSQL: quoting a hundred thousand values one by one
# would take longer than deciding.
_BETWEEN, _NONE = "\x1e", "\x1f"
_TYPES = {
    "person_id": "bigint", "status": "text", "rule_id": "text", "reason": "text", "params": "text",
    "since": "timestamp", "until": "timestamp", "ends_when": "text", "next_step": "text", "appeal": "text",
    "evidence": "text", "other_reasons": "text", "is_unverified": "bool", "is_emergency": "bool",
    "emergency_until": "timestamp", "pack_id": "text", "pack_version": "int",
}  # fmt: skip
_GIVEN = ", ".join(
    f"string_to_array(%({name})s, %(between)s, %(none)s)::{kind}[]" for name, kind in _TYPES.items()
)  # fmt: skip

_COMPARED = (
    "status", "rule", "reason", "params", "since_at", "until_at", "ends_when", "next_step", "appeal", "evidence",
    "other_reasons", "is_unverified", "is_emergency", "emergency_until_at", "pack", "pack_version",
)  # fmt: skip
_HOME = ("county_id", "township_id", "community_id", "building_id", "household_id")
_SET = ", ".join(f"{name} = excluded.{name}" for name in (*_HOME, *_COMPARED, "as_of", "run_number"))
_OLD = ", ".join(f"h.{name}" for name in (*_HOME, *_COMPARED))
_NEW = ", ".join(f"excluded.{name}" for name in (*_HOME, *_COMPARED))
_INSERT = f"""
INSERT INTO status_health_status AS h (person_id, {", ".join((*_HOME, *_COMPARED))}, as_of, run_number)
SELECT d.person_id, {", ".join(f"p.{name}" for name in _HOME)}, d.status, d.rule_id, d.reason, d.params::jsonb,
       d.since AT TIME ZONE %(zone)s, d.until AT TIME ZONE %(zone)s, d.ends_when::jsonb, coalesce(d.next_step, ''),
       coalesce(d.appeal, ''), d.evidence::jsonb, d.other_reasons::jsonb, d.is_unverified, d.is_emergency,
       d.emergency_until AT TIME ZONE %(zone)s, d.pack_id, d.pack_version, %(as_of)s, %(run)s
FROM unnest({_GIVEN}) AS d({", ".join(_TYPES)})
JOIN registry_person p ON p.id = d.person_id
"""
_WRITE = f"""{_INSERT}
ON CONFLICT (person_id) DO UPDATE SET {_SET}
WHERE ({_OLD}) IS DISTINCT FROM ({_NEW})
RETURNING person_id
"""
_WRITE_FIRST = f"""{_INSERT}
ON CONFLICT (person_id) DO NOTHING
RETURNING person_id
"""
_LOCK = """
SELECT person_id FROM status_health_status WHERE person_id IN (SELECT unnest(%s::bigint[])) ORDER BY person_id
FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True)
class Written:
    """People whose decision is another now, and those for whom another run wrote a first decision meanwhile."""

    changed: Sequence[int] = ()
    overtaken: Collection[int] = ()


def lock_decisions(people: Sequence[int], *, gives_way: bool) -> tuple[Sequence[int], set[int]]:
    """Take the rows of these people until the transaction ends: whom the caller may decide about, and those of them who
    have no row yet. ``gives_way``: rows that somebody else has are left to them, else waited for."""
    if not people:
        return [], set()
    with connection.cursor() as cursor:
        cursor.execute(_LOCK + " SKIP LOCKED" if gives_way else _LOCK, [array_text(people)])
        mine = {person for (person,) in cursor.fetchall()}
    if len(mine) == len(people):
        return people, set()
    fresh = set(people).difference(mine)
    if gives_way:
        fresh.difference_update(
            HealthStatus.objects.filter(person_id__in=among(fresh)).values_list("person_id", flat=True)
        )
    return [person for person in people if person in mine or person in fresh], fresh


def write_decisions(texts: Texts, moment: datetime, run: int, fresh: Collection[int] = ()) -> Written:
    """Write decisions that differ from the row in force. An unchanged decision keeps its row untouched. ``fresh``:
    those who had no row when their facts were read; where they have one by now, it is left alone."""
    people = [int(person or 0) for person in texts["person_id"]]
    first = [place for place, person in enumerate(people) if person in fresh] if fresh else []
    if not first:
        return Written(_write(_WRITE, texts, moment, run))
    again = [place for place, person in enumerate(people) if person not in fresh]
    written = _write(_WRITE_FIRST, chosen(texts, first), moment, run)
    overtaken = {people[place] for place in first}.difference(written)
    return Written([*written, *_write(_WRITE, chosen(texts, again), moment, run)], overtaken)


def _write(statement: str, texts: Texts, moment: datetime, run: int) -> list[int]:
    if not texts["person_id"]:
        return []
    given: dict[str, Any] = {
        "zone": settings.TIME_ZONE, "as_of": moment, "between": _BETWEEN, "none": _NONE, "run": run,
    }  # fmt: skip
    given |= {name: _BETWEEN.join(_NONE if text is None else text for text in texts[name]) for name in _TYPES}
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return [row[0] for row in cursor.fetchall()]


_EMERGENCY = """
UPDATE status_health_status h
SET is_emergency = d.is_emergency, emergency_until_at = d.until AT TIME ZONE %(zone)s
FROM unnest(
    string_to_array(%(person_id)s, %(between)s, %(none)s)::bigint[],
    string_to_array(%(is_emergency)s, %(between)s, %(none)s)::bool[],
    string_to_array(%(emergency_until)s, %(between)s, %(none)s)::timestamp[]
) AS d(person_id, is_emergency, until)
WHERE h.person_id = d.person_id
    AND (h.is_emergency, h.emergency_until_at) IS DISTINCT FROM (d.is_emergency, d.until AT TIME ZONE %(zone)s)
"""


def write_emergencies(texts: Texts, moment: datetime, run: int) -> None:
    """Of people whose decision is withheld, write only whether they may pass in an emergency: that is never delayed.

    Who has no decision in force at all and may pass is written whole: the emergency outranks it while it lasts.
    """
    if not texts or not texts["person_id"]:
        return
    given: dict[str, Any] = {"zone": settings.TIME_ZONE, "between": _BETWEEN, "none": _NONE}
    for name in ("person_id", "is_emergency", "emergency_until"):
        given[name] = _BETWEEN.join(_NONE if text is None else text for text in texts[name])
    with connection.cursor() as cursor:
        cursor.execute(_EMERGENCY, given)
    passing = [place for place, passes in enumerate(texts["is_emergency"]) if passes == "true"]
    if passing:
        people = [int(texts["person_id"][place] or 0) for place in passing]
        decided = set(HealthStatus.objects.filter(person_id__in=people).values_list("person_id", flat=True))
        fresh = [place for place, person in zip(passing, people, strict=True) if person not in decided]
        write_decisions({name: [column[place] for place in fresh] for name, column in texts.items()}, moment, run)
