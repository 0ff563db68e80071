"""Deciding anew, and writing what changed: one person in tens of milliseconds, a township in seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.utils import timezone

from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.policy.selectors import packs_by_community
from lianfang.domains.registry.models import Person
from lianfang.domains.status import events
from lianfang.domains.status.engine_adapter import Texts, facts_of, texts_of
from lianfang.domains.status.models import Colour, HealthStatus
from lianfang.engine.status import Decisions, StatusEngine
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit

CHUNK = 50_000
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
        found = (row for decided, _ in _decided(list(person_ids), as_of) for row in _rows(decided))
        return {row["person_id"]: row for row in found}


def _rows(decided: Decisions | None) -> list[dict[str, Any]]:
    return decided.decisions.to_pylist() if decided is not None else []


def _recompute(ids: Sequence[int], moment: datetime) -> Counter[str]:
    counted = Counter[str]()
    for decided, people in _decided(ids, moment):
        if decided is None:
            counted["without_pack"] += people
            continue
        restricted = pc.filter(
            decided.decisions["person_id"], pc.is_in(decided.decisions["status"], pa.array(RESTRICTIVE))
        ).to_pylist()
        before = set(
            HealthStatus.objects.filter(person_id__in=restricted, status__in=RESTRICTIVE)
            .values_list("person_id", flat=True)
        )  # fmt: skip
        changed = _write(texts_of(decided), moment)
        counted["decided"] += decided.decisions.num_rows
        counted["changed"] += len(changed)
        counted["restricted"] += len(set(restricted).intersection(changed) - before)
        for start in range(0, len(changed), events.BATCH):
            emit(
                events.STATUS_CHANGED,
                {"person_ids": changed[start : start + events.BATCH], "as_of": moment.isoformat()},
            )
    return counted


def _decided(ids: Sequence[int], moment: datetime) -> Iterator[tuple[Decisions | None, int]]:
    """Per pack in force: its decisions and how many people; None for people in whose place none is. People of one pack
    are decided in one go."""
    homes = dict(
        Person.objects.filter(pk__in=ids).order_by().values_list("community_id").annotate(people=ArrayAgg("pk"))
    )
    packs = packs_by_community(homes, moment)
    groups: dict[tuple[str, int] | None, list[int]] = {}
    for community, people in homes.items():
        pack = packs[community]
        groups.setdefault(None if pack is None else (pack.id, pack.version), []).extend(people)
    local = timezone.localtime(moment).replace(tzinfo=None, microsecond=0)
    for key, people in groups.items():
        if key is None:
            yield None, len(people)
        else:
            yield _engine(key).decide(facts_of(people), local), len(people)


@lru_cache(maxsize=4)
def _engine(key: tuple[str, int]) -> StatusEngine:
    return StatusEngine(packs_on_disk()[key])


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
_SET = ", ".join(f"{name} = excluded.{name}" for name in (*_HOME, *_COMPARED, "as_of"))
_OLD = ", ".join(f"h.{name}" for name in (*_HOME, *_COMPARED))
_NEW = ", ".join(f"excluded.{name}" for name in (*_HOME, *_COMPARED))
_WRITE = f"""
INSERT INTO status_health_status AS h (person_id, {", ".join((*_HOME, *_COMPARED))}, as_of)
SELECT d.person_id, {", ".join(f"p.{name}" for name in _HOME)}, d.status, d.rule_id, d.reason, d.params::jsonb,
       d.since AT TIME ZONE %(zone)s, d.until AT TIME ZONE %(zone)s, d.ends_when::jsonb, coalesce(d.next_step, ''),
       coalesce(d.appeal, ''), d.evidence::jsonb, d.other_reasons::jsonb, d.is_unverified, d.is_emergency,
       d.emergency_until AT TIME ZONE %(zone)s, d.pack_id, d.pack_version, %(as_of)s
FROM unnest({_GIVEN}) AS d({", ".join(_TYPES)})
JOIN registry_person p ON p.id = d.person_id
ON CONFLICT (person_id) DO UPDATE SET {_SET}
WHERE ({_OLD}) IS DISTINCT FROM ({_NEW})
RETURNING person_id
"""


def _write(texts: Texts, moment: datetime) -> list[int]:
    """Write decisions that differ from the row in force; returns whose. An unchanged decision keeps its row
    untouched."""
    given: dict[str, Any] = {"zone": settings.TIME_ZONE, "as_of": moment, "between": _BETWEEN, "none": _NONE}
    given |= {name: _BETWEEN.join(_NONE if text is None else text for text in texts[name]) for name in _TYPES}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, given)
        return [row[0] for row in cursor.fetchall()]


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
