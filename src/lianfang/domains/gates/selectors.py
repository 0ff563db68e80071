"""Reading what happened at gates. Every query starts with ``visible_to(actor)``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncHour
from django.utils import timezone

from lianfang.domains.gates.models import (
    Answer,
    Difference,
    Direction,
    Gate,
    GateCheck,
    GateEmergency,
    Permit,
    PlaceEntry,
)
from lianfang.domains.gates.reach import gate_of, gates_of, open_gates_of
from lianfang.foundation.access.actor import Actor, NotAllowedError, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.privacy.numbers import blind_index

_READERS = (Action.COMMAND_VIEW, Action.GATES_MANAGE)


@dataclass(frozen=True, slots=True)
class CheckFilter:
    """What a list of checks is narrowed to; empty is everything."""

    gate: int | None = None
    direction: str = ""
    answer: str = ""
    plate: str = ""
    destination: str = ""
    person_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HourCount:
    """Checks of one hour by direction, and how many of them were not let through."""

    at: datetime
    into: int
    out: int
    stopped: int


def require_reader(actor: Actor) -> None:
    if not any(actor.may(action) for action in _READERS):
        raise NotAllowedError(_READERS[0])


def checks_for(actor: Actor, asked: CheckFilter | None = None) -> QuerySet[GateCheck]:
    """Checks that stand: neither taken back nor put right by a later one."""
    require_reader(actor)
    wanted = asked or CheckFilter()
    found = _standing(GateCheck.objects.visible_to(actor).select_related("gate"))
    exact = {"gate_id": wanted.gate, "person_id": wanted.person_id, "happened_at__gte": wanted.since,
             "happened_at__lt": wanted.until}  # fmt: skip
    found = found.filter(**{name: value for name, value in exact.items() if value is not None})
    if wanted.direction:
        found = found.filter(direction=wanted.direction)
    if wanted.answer:
        found = found.filter(answer=wanted.answer)
    if wanted.plate:
        found = found.filter(plate_index=blind_index("plate", tidy_plate(wanted.plate)))
    if wanted.destination:
        found = found.filter(destination__icontains=wanted.destination)
    return found


def _standing(rows: QuerySet[GateCheck]) -> QuerySet[GateCheck]:
    later = GateCheck.objects.filter(corrects=OuterRef("item"))
    return rows.exclude(answer="").filter(~Exists(later))


def check_for(actor: Actor, check_id: int) -> GateCheck | None:
    """One check with its gate, put right or not; None outside the actor's places."""
    require_reader(actor)
    return GateCheck.objects.visible_to(actor).select_related("gate", "permit").filter(pk=check_id).first()


def counts_by_hour(
    actor: Actor, *, gate_id: int | None = None, hours: int = 24, now: datetime | None = None
) -> list[HourCount]:
    """The last ``hours`` hours, the latest last; an hour without a check counts 0."""
    end = (now or timezone.now()).replace(minute=0, second=0, microsecond=0)
    start = end - timedelta(hours=hours - 1)
    rows = checks_for(actor, CheckFilter(gate=gate_id, since=start)).order_by()
    counted = rows.annotate(hour=TruncHour("happened_at")).values("hour", "direction", "answer").annotate(n=Count("pk"))
    table: dict[datetime, list[int]] = {}
    for row in counted:
        cell = table.setdefault(row["hour"], [0, 0, 0])
        cell[0 if row["direction"] == Direction.IN else 1] += row["n"]
        cell[2] += row["n"] if row["answer"] in (Answer.STOP, Answer.SECOND_LOOK) else 0
    every = (start + timedelta(hours=step) for step in range(hours))
    return [HourCount(at, *table.get(at, (0, 0, 0))) for at in every]


def counts_by_gate(actor: Actor, since: datetime) -> dict[int, dict[str, int]]:
    """Checks since an instant by gate: in, out, stopped, and when the last one was is not told here."""
    rows = checks_for(actor, CheckFilter(since=since)).order_by().values("gate_id", "direction", "answer")
    found: dict[int, dict[str, int]] = {}
    for row in rows.annotate(n=Count("pk")):
        cell = found.setdefault(row["gate_id"], {"in": 0, "out": 0, "stopped": 0})
        cell[row["direction"]] += row["n"]
        cell["stopped"] += row["n"] if row["answer"] in (Answer.STOP, Answer.SECOND_LOOK) else 0
    return found


def emergencies_for(actor: Actor, *, only_open: bool = True) -> QuerySet[GateEmergency]:
    """Emergency passages, those that wait for a review, the oldest first."""
    require_reader(actor)
    found = GateEmergency.objects.visible_to(actor).select_related("gate")
    return found.filter(reviewed_at=None).order_by("happened_at", "pk") if only_open else found.order_by("-happened_at")


def differences_for(actor: Actor, *, only_open: bool = True) -> QuerySet[Difference]:
    """Checks that the server would have answered otherwise, to be followed up."""
    require_reader(actor)
    found = Difference.objects.visible_to(actor).select_related("check_row__gate")
    return found.filter(settled_at=None).order_by("found_at", "pk") if only_open else found.order_by("-found_at", "-pk")


def entries_for(actor: Actor, gate: Gate) -> QuerySet[PlaceEntry]:
    """Who scanned the place code of a gate, the latest first."""
    require_reader(actor)
    found = PlaceEntry.objects.visible_to(actor).filter(place_code__gate=gate)
    return found.order_by("-happened_at", "-pk")


PERMIT_STATES = ("asked", "in_force", "to_come", "over", "refused", "withdrawn")


def permit_state(permit: Permit, now: datetime) -> str:
    """One of PERMIT_STATES."""
    if permit.withdrawn_at is not None:
        return "withdrawn"
    if permit.refused_at is not None:
        return "refused"
    if permit.ends_at <= now:
        return "over"
    if permit.approved_at is None:
        return "asked"
    return "in_force" if permit.starts_at <= now else "to_come"


def permits_for(actor: Actor, *, state: str = "", person_id: int | None = None) -> QuerySet[Permit]:
    """Permits in the actor's places; residents see those of their own household."""
    if not actor.may(Action.OWN_HOUSEHOLD) and not actor.may(Action.REGISTRY_VIEW):
        require_reader(actor)
    now = timezone.now()
    stands = Q(withdrawn_at=None, refused_at=None)
    tests = {
        "asked": stands & Q(approved_at=None, ends_at__gt=now),
        "in_force": stands & Q(approved_at__isnull=False, starts_at__lte=now, ends_at__gt=now),
        "to_come": stands & Q(approved_at__isnull=False, starts_at__gt=now),
        "over": stands & Q(ends_at__lte=now),
        "refused": Q(refused_at__isnull=False, withdrawn_at=None),
        "withdrawn": Q(withdrawn_at__isnull=False),
    }
    found = Permit.objects.visible_to(actor).select_related("gate")
    if person_id is not None:
        found = found.filter(person_id=person_id)
    return found.filter(tests[state]) if state in tests else found


def permit_for(actor: Actor, permit_id: int) -> Permit | None:
    return permits_for(actor).filter(pk=permit_id).first()


def uses_of(permits: Collection[Permit]) -> dict[int, int]:
    """How often each of these permits, which the caller may see, let somebody pass: a number, wherever it was used."""
    with acting_as(system_actor("gates")):
        rows = _standing(GateCheck.objects.filter(permit__in=permits)).order_by().values("permit_id")
        return {row["permit_id"]: row["n"] for row in rows.annotate(n=Count("pk"))}


def tidy_plate(text: str) -> str:
    """A plate as it is compared: upper case, full-width characters folded, no spaces, dots or dashes."""
    folded = "".join(chr(ord(sign) - 0xFEE0) if "！" <= sign <= "～" else sign for sign in text)
    return "".join(sign for sign in folded.upper() if sign.isalnum())


__all__ = [
    "CheckFilter",
    "Gate",
    "HourCount",
    "check_for",
    "checks_for",
    "counts_by_gate",
    "counts_by_hour",
    "differences_for",
    "emergencies_for",
    "entries_for",
    "gate_of",
    "gates_of",
    "open_gates_of",
    "permit_for",
    "permit_state",
    "permits_for",
    "tidy_plate",
    "uses_of",
]
