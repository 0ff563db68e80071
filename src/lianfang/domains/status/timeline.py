"""A person's status as it was: every decision that was in force, from the history that the database itself keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from lianfang.domains.registry.models import Place
from lianfang.domains.status.evidence import FactShown, evidence_facts, facts_in_words, folded
from lianfang.domains.status.models import HealthStatus
from lianfang.domains.status.recompute import decisions_at
from lianfang.domains.status.words import pack_name, reason_of
from lianfang.foundation.access.actor import Actor

MOST_EVENTS = 200
MOST_SHOWN = 40
_SAME = ("status", "rule", "reason", "until_at", "is_emergency", "emergency_until_at", "pack", "pack_version")


@dataclass(frozen=True, slots=True)
class Step:
    """One decision while it was in force. ``ended_at`` is None for the one in force; ``status`` is "" where there was
    no decision (a run was undone, or the person was taken off the roster)."""

    began_at: datetime
    ended_at: datetime | None
    status: str
    reason: str
    until_at: datetime | None
    pack: str
    is_unverified: bool
    is_emergency: bool
    emergency_until_at: datetime | None
    facts: list[FactShown]
    as_of: datetime
    seen_by: str

    @property
    def as_of_text(self) -> str:
        """How an address names the instant."""
        return self.as_of.isoformat()


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A past instant: what was in force by the history (None: nothing), and what deciding again gives today."""

    at: datetime
    then_status: str | None
    then_reason: str
    status: str
    reason: str
    is_same: bool


def history_of(actor: Actor, person_id: int) -> list[Any]:
    """Events of the person's decision, the latest first. The database shows what the actor's places may see."""
    del actor  # the scope of the surrounding ``acting_as`` is the filter: the history has no manager of its own
    model: Any = HealthStatus.events.rel.related_model  # type: ignore[attr-defined]
    return list(model.objects.filter(person_id=person_id).order_by("-pgh_id")[:MOST_EVENTS])


def timeline_of(actor: Actor, person_id: int, *, most: int = MOST_SHOWN) -> list[Step]:
    """The latest ``most`` decisions of a person, the latest first. Events that changed nothing a reader sees are left
    out."""
    kept = _without_repeats(history_of(actor, person_id))[:most]
    words = facts_in_words(fact for event in kept for fact in evidence_facts(event.evidence))
    places = _places(kept)
    steps, ended_at = [], None
    for event in kept:
        facts = [] if event.pgh_label == "delete" else folded(words[fact] for fact in evidence_facts(event.evidence))
        steps.append(_step(event, ended_at, facts, places))
        ended_at = event.pgh_created_at
    return steps


def recomputed_at(actor: Actor, person_id: int, at: datetime) -> Recomputed:
    """Decide again with what was known at ``at``, beside what was in force then."""
    before = [event for event in history_of(actor, person_id) if event.pgh_created_at <= at or event.as_of <= at]
    then = before[0] if before and before[0].pgh_label != "delete" else None
    row = decisions_at([person_id], at).get(person_id)
    status = "unknown" if row is None else str(row["status"])
    same = then is not None and row is not None and (then.status, then.rule) == (row["status"], row["rule_id"])
    return Recomputed(
        at=at,
        then_status=None if then is None else then.status,
        then_reason="" if then is None else reason_of(then),
        status=status,
        reason="" if row is None else reason_of_row(row),
        is_same=same or (then is None and row is None),
    )


def reason_of_row(row: Mapping[str, Any]) -> str:
    """The reason of a decision as the engine gives it, as a sentence."""
    until = row["until"]
    found = HealthStatus(
        rule=row["rule_id"], reason=row["reason"], params=row["params"], pack=row["pack_id"],
        pack_version=row["pack_version"],
        until_at=None if until is None else timezone.make_aware(until),
    )  # fmt: skip
    return reason_of(found)


def _without_repeats(events: Sequence[Any]) -> list[Any]:
    """The first event of each stretch that reads the same."""
    kept: list[Any] = []
    for event in events:
        if kept and _reads(kept[-1]) == _reads(event):
            kept[-1] = event
        else:
            kept.append(event)
    return kept


def _reads(event: Any) -> tuple[Any, ...]:
    return (event.pgh_label == "delete", *(getattr(event, name) for name in _SAME))


def _step(event: Any, ended_at: datetime | None, facts: list[FactShown], places: dict[int, str]) -> Step:
    gone = event.pgh_label == "delete"
    return Step(
        began_at=event.pgh_created_at,
        ended_at=ended_at,
        status="" if gone else event.status,
        reason="" if gone else reason_of(event),
        until_at=None if gone else event.until_at,
        pack="" if gone else pack_name(event),
        is_unverified=event.is_unverified and not gone,
        is_emergency=event.is_emergency and not gone,
        emergency_until_at=event.emergency_until_at,
        facts=facts,
        as_of=event.as_of,
        seen_by=_seen_by(event, places),
    )


def _seen_by(event: Any, places: dict[int, str]) -> str:
    """Whose staff could read it: the places that row-level security compares, narrowest first."""
    ids = (event.building_id, event.community_id, event.township_id, event.county_id)
    return "、".join(dict.fromkeys(places[one] for one in ids if one in places))


def _places(events: Iterable[Any]) -> dict[int, str]:
    levels = ("building_id", "community_id", "township_id", "county_id")
    ids = {getattr(event, level) for event in events for level in levels}
    return dict(Place.objects.filter(pk__in=ids - {None}).values_list("pk", "name"))
