"""Writing decisions: what differs from the row in force, in one statement however many people it is about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from lianfang.domains.status.engine_adapter import Texts
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
_WRITE = f"""
INSERT INTO status_health_status AS h (person_id, {", ".join((*_HOME, *_COMPARED))}, as_of, run_number)
SELECT d.person_id, {", ".join(f"p.{name}" for name in _HOME)}, d.status, d.rule_id, d.reason, d.params::jsonb,
       d.since AT TIME ZONE %(zone)s, d.until AT TIME ZONE %(zone)s, d.ends_when::jsonb, coalesce(d.next_step, ''),
       coalesce(d.appeal, ''), d.evidence::jsonb, d.other_reasons::jsonb, d.is_unverified, d.is_emergency,
       d.emergency_until AT TIME ZONE %(zone)s, d.pack_id, d.pack_version, %(as_of)s, %(run)s
FROM unnest({_GIVEN}) AS d({", ".join(_TYPES)})
JOIN registry_person p ON p.id = d.person_id
ON CONFLICT (person_id) DO UPDATE SET {_SET}
WHERE ({_OLD}) IS DISTINCT FROM ({_NEW})
RETURNING person_id
"""


def write_decisions(texts: Texts, moment: datetime, run: int) -> list[int]:
    """Write decisions that differ from the row in force; returns whose. An unchanged decision keeps its row
    untouched."""
    if not texts["person_id"]:
        return []
    given: dict[str, Any] = {
        "zone": settings.TIME_ZONE, "as_of": moment, "between": _BETWEEN, "none": _NONE, "run": run,
    }  # fmt: skip
    given |= {name: _BETWEEN.join(_NONE if text is None else text for text in texts[name]) for name in _TYPES}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, given)
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
