"""Does the state in force, made by many small runs, equal one full run over everything? Every night, and on demand.

Both go through the same stages; a difference means that a fact came without anybody being told (a handler that is
missing, rows changed beside the services). It is put on the record, and mended by deciding about these people anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from lianfang.domains.cases.person_facts import follow_registry
from lianfang.domains.registry.models import Person
from lianfang.domains.status import events
from lianfang.domains.status.beginnings import decide_what_came
from lianfang.domains.status.deciding import decided_by_pack
from lianfang.domains.status.gating import HOLDING
from lianfang.domains.status.models import HealthStatus, WithheldDecision
from lianfang.domains.status.recompute import recompute
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit

CHUNK = 20_000
MOST_KEPT = 100
ACTION = "status.full_check"
Said = tuple[str, str, str, datetime | None, bool, str, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """One person: what is in force (None: nothing), and what a full run says."""

    person_id: int
    in_force: Said | None
    full: Said


@dataclass(slots=True)
class FullCheck:
    """``withheld``: people whose worse decision waits for somebody; they differ on purpose and are not counted."""

    at: datetime
    people: int = 0
    withheld: int = 0
    differences: list[Difference] = field(default_factory=list)
    mended: int = 0

    @property
    def is_equal(self) -> bool:
        return not self.differences


def check_everything(*, mend: bool = True) -> FullCheck:
    """Decide about everybody and compare. Who differs is looked at a second time before being reported: a fact may
    have come in between. ``mend``: those are decided anew; the check is on the record either way."""
    decide_what_came()
    if mend:
        _follow_registry()
    found = FullCheck(timezone.now())
    suspects = [one.person_id for one in _differences(_everybody(), found, counts=True)]
    found.differences = list(_differences([suspects], found, counts=False)) if suspects else []
    if found.differences and mend:
        found.mended = recompute([one.person_id for one in found.differences], why="nightly", gives_way=True).changed
    with acting_as(system_actor("full check")) as system:
        details = {
            "people": found.people, "differences": len(found.differences), "mended": found.mended,
            "withheld": found.withheld, "person_ids": [one.person_id for one in found.differences[:MOST_KEPT]],
        }  # fmt: skip
        record(actor=system, action=ACTION, details=details)
        if found.differences:
            emit(events.CHECK_DIFFERED, {"differences": len(found.differences), "as_of": found.at.isoformat()})
    return found


def _follow_registry() -> None:
    """What the registry says and rules ask for, of whom nobody was told."""
    with acting_as(system_actor("full check")):
        behind = follow_registry(None, by="system:full check")
    if behind:
        recompute(behind, why="person_fact", gives_way=True)


def last_check() -> Entry | None:
    """The latest full check on the record."""
    return Entry.objects.filter(action=ACTION).order_by("-at", "-pk").first()


def _everybody() -> Iterator[list[int]]:
    last = 0
    while True:
        with acting_as(system_actor("full check")):
            rows = Person.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
            ids = list(rows[:CHUNK])
        if not ids:
            return
        last = ids[-1]
        yield ids


def _differences(chunks: Iterable[list[int]], found: FullCheck, *, counts: bool) -> Iterator[Difference]:
    for ids in chunks:
        # One transaction for each chunk: facts and state are of the same moment.
        with acting_as(system_actor("full check")):
            full = _full_run(ids, timezone.now())
            standing = _in_force(ids)
            holding = WithheldDecision.objects.filter(person_id__in=ids, state__in=HOLDING)
            held = set(holding.values_list("person_id", flat=True))
        if counts:
            found.people += len(full)
            found.withheld += len(held)
        for person, said in full.items():
            if person not in held and standing.get(person) != said:
                yield Difference(person, standing.get(person), said)


def _full_run(ids: list[int], at: datetime) -> dict[int, Said]:
    said: dict[int, Said] = {}
    for one in decided_by_pack(ids, at):
        if one.decisions is None:
            continue
        columns = ("person_id", "status", "rule_id", "reason", "until", "is_emergency", "pack_id", "pack_version")
        rows = zip(*(one.decisions.decisions[name].to_pylist() for name in columns), strict=True)
        for person, status, rule, reason, until, emergency, pack, version in rows:
            ends_at = None if until is None else timezone.make_aware(until)
            said[person] = (status, rule, reason, ends_at, emergency, pack, version)
    return said


def _in_force(ids: list[int]) -> dict[int, Said]:
    columns = ("person_id", "status", "rule", "reason", "until_at", "is_emergency", "pack", "pack_version")
    return {row[0]: row[1:] for row in HealthStatus.objects.filter(person_id__in=ids).values_list(*columns)}
