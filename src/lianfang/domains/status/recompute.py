"""Deciding anew, and writing what changed: one person in tens of milliseconds, a township in seconds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.policy.selectors import packs_by_community
from lianfang.domains.registry.models import Person
from lianfang.domains.status import events
from lianfang.domains.status.engine_adapter import evidence_by_person, facts_of, others_by_person
from lianfang.domains.status.models import Colour, HealthStatus
from lianfang.engine.packs import Pack
from lianfang.engine.status import Decisions, StatusEngine
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit

CHUNK = 20_000
# A run that restricts more people than share a few tubes deserves a look by somebody: 1,317 people were once turned red
# by hand in one city (dossier §8, Zhengzhou).
BULK = 100
RESTRICTIVE = (Colour.YELLOW, Colour.RED)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run did. ``without_pack``: people in places where no pack is in force; their status stays."""

    decided: int
    changed: int
    restricted: int
    without_pack: int


def recompute(person_ids: Iterable[int], *, as_of: datetime | None = None) -> Run:
    """Decide about these people with what is known, and write the decisions that are different.

    Acts as the system: a status rests on facts of other places too. Raises PackChangedError where the files of an
    active pack are not the approved ones.
    """
    moment = as_of or timezone.now()
    total = Counter[str]()
    with acting_as(system_actor("status")) as system:
        for ids in _chunks(sorted(set(person_ids))):
            total.update(_recompute(ids, moment))
        if total["restricted"] >= BULK:
            record(actor=system, action="status.bulk_alarm", details={"restricted": total["restricted"]})
            emit(events.BULK_ALARM, {"restricted": total["restricted"], "as_of": moment.isoformat()})
    return Run(total["decided"], total["changed"], total["restricted"], total["without_pack"])


def decisions_at(person_ids: Sequence[int], as_of: datetime) -> dict[int, dict[str, Any]]:
    """What was decided of these people at ``as_of``, computed again from what was known then; nothing is written."""
    with acting_as(system_actor("status")):
        return {row["person_id"]: row for _, part, _ in _decided(list(person_ids), as_of) for row in part}


def _recompute(ids: Sequence[int], moment: datetime) -> Counter[str]:
    before = dict(HealthStatus.objects.filter(person_id__in=ids).values_list("person_id", "status"))
    counted = Counter[str]()
    for pack, rows, people in _decided(ids, moment):
        if pack is None:
            counted["without_pack"] += people
            continue
        changed = _write(rows, moment)
        after = {row["person_id"]: row["status"] for row in rows}
        counted["decided"] += len(rows)
        counted["changed"] += len(changed)
        counted["restricted"] += sum(after[pk] in RESTRICTIVE and before.get(pk) not in RESTRICTIVE for pk in changed)
        for start in range(0, len(changed), events.BATCH):
            emit(
                events.STATUS_CHANGED,
                {"person_ids": changed[start : start + events.BATCH], "as_of": moment.isoformat()},
            )
    return counted


def _decided(ids: Sequence[int], moment: datetime) -> Iterator[tuple[Pack | None, list[dict[str, Any]], int]]:
    """Per pack in force: its decisions as rows. People of one pack are decided in one go."""
    community = dict(Person.objects.filter(pk__in=ids).values_list("pk", "community_id"))
    packs = packs_by_community(set(community.values()), moment)
    groups: dict[tuple[str, int] | None, list[int]] = {}
    for pk, place in community.items():
        pack = packs[place]
        groups.setdefault(None if pack is None else (pack.id, pack.version), []).append(pk)
    for key, people in groups.items():
        if key is None:
            yield None, [], len(people)
            continue
        local = timezone.localtime(moment).replace(tzinfo=None, microsecond=0)
        decided = _engine(key).decide(facts_of(people), local)
        yield packs_on_disk()[key], _rows(decided), len(people)


@lru_cache(maxsize=4)
def _engine(key: tuple[str, int]) -> StatusEngine:
    return StatusEngine(packs_on_disk()[key])


def _rows(decided: Decisions) -> list[dict[str, Any]]:
    evidence, others = evidence_by_person(decided.evidence), others_by_person(decided.reasons)
    rows: list[dict[str, Any]] = decided.decisions.to_pylist()
    for row in rows:
        row["evidence"] = evidence.get((row["person_id"], row["rule_id"]), [])
        row["other_reasons"] = others.get(row["person_id"], [])
    return rows


_COMPARED = (
    "status", "rule", "reason", "params", "since_at", "until_at", "ends_when", "next_step", "appeal", "evidence",
    "other_reasons", "is_unverified", "is_emergency", "emergency_until_at", "pack", "pack_version",
)  # fmt: skip
_HOME = ("county_id", "township_id", "community_id", "building_id", "household_id")
_SET = ", ".join(f"{name} = excluded.{name}" for name in (*_HOME, *_COMPARED, "as_of"))
_OLD = ", ".join(f"h.{name}" for name in (*_HOME, *_COMPARED))
_NEW = ", ".join(f"excluded.{name}" for name in (*_HOME, *_COMPARED))
_WRITE = f"""
INSERT INTO status_health_status AS h (person_id, {", ".join((*_HOME, *_COMPARED))}, as_of)
SELECT d.person_id, {", ".join(f"p.{name}" for name in _HOME)}, d.status, d.rule_id, d.reason, d.params::jsonb,
       d.since AT TIME ZONE %(zone)s, d.until AT TIME ZONE %(zone)s, d.ends_when::jsonb, d.next_step, d.appeal,
       d.evidence::jsonb, d.other_reasons::jsonb, d.is_unverified, d.is_emergency, d.emergency_until AT TIME ZONE
       %(zone)s, d.pack_id, d.pack_version, %(as_of)s
FROM unnest(%(person_id)s::bigint[], %(status)s::text[], %(rule_id)s::text[], %(reason)s::text[], %(params)s::text[],
            %(since)s::timestamp[], %(until)s::timestamp[], %(ends_when)s::text[], %(next_step)s::text[],
            %(appeal)s::text[], %(evidence)s::text[], %(other_reasons)s::text[], %(is_unverified)s::bool[],
            %(is_emergency)s::bool[], %(emergency_until)s::timestamp[], %(pack_id)s::text[], %(pack_version)s::int[])
     AS d(person_id, status, rule_id, reason, params, since, until, ends_when, next_step, appeal, evidence,
          other_reasons, is_unverified, is_emergency, emergency_until, pack_id, pack_version)
JOIN registry_person p ON p.id = d.person_id
ON CONFLICT (person_id) DO UPDATE SET {_SET}
WHERE ({_OLD}) IS DISTINCT FROM ({_NEW})
RETURNING person_id
"""
_AS_JSON = ("ends_when", "evidence", "other_reasons")
_GIVEN = (
    "person_id",
    "status",
    "rule_id",
    "reason",
    "params",
    "since",
    "until",
    "ends_when",
    "next_step",
    "appeal",
    "evidence",
    "other_reasons",
    "is_unverified",
    "is_emergency",
    "emergency_until",
    "pack_id",
    "pack_version",
)


def _write(rows: Sequence[dict[str, Any]], moment: datetime) -> list[int]:
    """Write decisions that differ from the row in force; returns whose. An unchanged decision keeps its row
    untouched."""
    given: dict[str, Any] = {"zone": settings.TIME_ZONE, "as_of": moment}
    for name in _GIVEN:
        values = [row[name] for row in rows]
        if name in _AS_JSON:
            values = [json.dumps(value if value is not None else [], ensure_ascii=False) for value in values]
        elif name in ("next_step", "appeal"):
            values = [value or "" for value in values]
        elif name == "params":
            values = [value or "{}" for value in values]
        given[name] = values
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, given)
        return [row[0] for row in cursor.fetchall()]


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
