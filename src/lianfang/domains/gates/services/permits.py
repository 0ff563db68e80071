"""Permits: asked for by whoever knows the need, given or refused by the community, withdrawn with a reason."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from lianfang.domains.gates import events
from lianfang.domains.gates.models import Gate, Permit, PermitKind
from lianfang.domains.gates.problems import GateProblemError
from lianfang.domains.gates.reach import gates_of
from lianfang.domains.registry.models import Person
from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit

LONGEST = timedelta(days=31)
MOST_COMPANIONS = 4
# No 0 and O, no 1 and I: it is read aloud and typed with gloves on.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
# Why a kind is let through: keys under gates.permit_rule.
RULES = {
    PermitKind.HOSPITAL: "care", PermitKind.DIALYSIS: "care", PermitKind.BIRTH: "care", PermitKind.CARE: "home_care",
    PermitKind.DUTY: "duty", PermitKind.FUNERAL: "hardship", PermitKind.OTHER: "hardship",
}  # fmt: skip
_ASKERS = (Action.GATES_MANAGE, Action.REGISTRY_EDIT, Action.OWN_HOUSEHOLD)
_HOME = ("county_id", "township_id", "community_id", "building_id", "household_id")


@dataclass(frozen=True, slots=True)
class PermitAsked:
    """What is asked for; ``weekdays`` and the times narrow the window to hours of days."""

    kind: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    gate_id: int | None = None
    companions: int = 0
    weekdays: tuple[int, ...] = ()
    from_time: time | None = None
    until_time: time | None = None


def ask_permit(*, actor: Actor, person_id: int, asked: PermitAsked) -> Permit:
    """Write down that somebody needs to pass. Somebody of the community who asks has given it with that; everybody
    else's waits. Raises GateProblemError for a window without a sensible end, no reason, or a person out of reach."""
    if not any(actor.may(action) for action in _ASKERS):
        raise NotAllowedError(_ASKERS[0])
    person = Person.objects.visible_to(actor).filter(pk=person_id).first()
    if person is None:
        raise GateProblemError("person_elsewhere", "person")
    _check(asked)
    gate = _gate(actor, person, asked.gate_id)
    now = timezone.now()
    gives = actor.may(Action.GATES_MANAGE)
    with transaction.atomic():
        made = Permit.objects.create(
            **{name: getattr(person, name) for name in _HOME}, person_id=person.pk, code=_code(),
            kind=asked.kind, reason=asked.reason.strip()[:200], rule=RULES[PermitKind(asked.kind)],
            gate=gate, companions=asked.companions, starts_at=asked.starts_at, ends_at=asked.ends_at,
            weekdays=sorted(set(asked.weekdays)), from_time=asked.from_time, until_time=asked.until_time,
            asked_at=now, asked_by=actor.name, asked_by_id=actor.account_id,
            approved_at=now if gives else None, approved_by=actor.name if gives else "",
        )  # fmt: skip
        _tell(actor, made, "approve_permit" if gives else "ask_permit")
    return made


def approve_permit(*, actor: Actor, permit_id: int) -> Permit:
    """Let somebody pass. One person suffices to loosen what restricts somebody."""
    actor.authorise(Action.GATES_MANAGE)
    with transaction.atomic():
        permit = _waiting(actor, permit_id)
        if permit.ends_at <= timezone.now():
            raise GateProblemError("permit_over")
        permit.approved_at, permit.approved_by = timezone.now(), actor.name
        permit.save(update_fields=["approved_at", "approved_by"])
        _tell(actor, permit, "approve_permit")
    return permit


def refuse_permit(*, actor: Actor, permit_id: int, because: str) -> Permit:
    """Say no, and why: the person reads it, with where to object."""
    actor.authorise(Action.GATES_MANAGE)
    if not because.strip():
        raise GateProblemError("reason_needed", "because")
    with transaction.atomic():
        permit = _waiting(actor, permit_id)
        permit.refused_at, permit.refused_by, permit.refused_because = timezone.now(), actor.name, because.strip()[:200]
        permit.save(update_fields=["refused_at", "refused_by", "refused_because"])
        _tell(actor, permit, "refuse_permit")
    return permit


def withdraw_permit(*, actor: Actor, permit_id: int, because: str) -> Permit:
    """End a permit early; gates hear of it at their next contact."""
    if not any(actor.may(action) for action in _ASKERS):
        raise NotAllowedError(_ASKERS[0])
    if not because.strip():
        raise GateProblemError("reason_needed", "because")
    with transaction.atomic():
        permit = _locked(actor, permit_id)
        if permit.withdrawn_at is not None or permit.refused_at is not None:
            raise GateProblemError("settled_already")
        if permit.approved_at is not None and not actor.may(Action.GATES_MANAGE):
            raise NotAllowedError(Action.GATES_MANAGE)
        permit.withdrawn_at, permit.withdrawn_by = timezone.now(), actor.name
        permit.withdrawn_because = because.strip()[:200]
        permit.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
        _tell(actor, permit, "withdraw_permit")
    return permit


def is_in_force(permit: Permit) -> bool:
    """Whether it was given and not taken back; its windows say when it lets somebody pass."""
    return permit.approved_at is not None and permit.withdrawn_at is None and permit.refused_at is None


def windows_of(permit: Permit, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """When between two instants the permit lets its holder pass, as plain windows that a device compares with its
    clock. One over midnight belongs to the day on which it begins."""
    first, last = max(start, permit.starts_at), min(end, permit.ends_at)
    if not is_in_force(permit) or first >= last:
        return []
    if not permit.weekdays and permit.from_time is None and permit.until_time is None:
        return [(first, last)]
    found = [(max(first, begins), min(last, ends)) for begins, ends in _days(permit, first, last)]
    return [(begins, ends) for begins, ends in found if begins < ends]


def _days(permit: Permit, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    zone = timezone.get_default_timezone()
    day = timezone.localtime(first, zone).date() - timedelta(days=1)
    while day <= timezone.localtime(last, zone).date():
        if not permit.weekdays or day.isoweekday() in permit.weekdays:
            begins = datetime.combine(day, permit.from_time or time.min, zone)
            ends = datetime.combine(day, permit.until_time or time.min, zone)
            yield begins, ends if ends > begins else ends + timedelta(days=1)
        day += timedelta(days=1)


def _check(asked: PermitAsked) -> None:
    if asked.kind not in PermitKind.values:
        raise GateProblemError("permit_kind", "kind")
    if not asked.reason.strip():
        raise GateProblemError("reason_needed", "reason")
    if asked.ends_at <= max(asked.starts_at, timezone.now()):
        raise GateProblemError("end_needed", "ends_at")
    if asked.ends_at - asked.starts_at > LONGEST:
        raise GateProblemError("too_long", "ends_at")
    if not set(asked.weekdays) <= set(range(1, 8)):
        raise GateProblemError("weekday_unknown", "weekdays")
    if not 0 <= asked.companions <= MOST_COMPANIONS:
        raise GateProblemError("companions_outside", "companions")


def _gate(actor: Actor, person: Person, gate_id: int | None) -> Gate | None:
    """A gate of the person's own community, or of what it lies in; residents may name one too."""
    if gate_id is None:
        return None
    near = Gate.objects.filter(community_id__in=(person.community_id, 0), county_id=person.county_id)
    gate = near.filter(pk=gate_id, closed_at=None).first() or gates_of(actor).filter(pk=gate_id, closed_at=None).first()
    if gate is None:
        raise GateProblemError("gate_elsewhere", "gate")
    return gate


def _code() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(8))


def _locked(actor: Actor, permit_id: int) -> Permit:
    permit = Permit.objects.visible_to(actor).select_for_update().filter(pk=permit_id).first()
    if permit is None:
        raise GateProblemError("permit_elsewhere")
    return permit


def _waiting(actor: Actor, permit_id: int) -> Permit:
    permit = _locked(actor, permit_id)
    if permit.approved_at is not None or permit.refused_at is not None or permit.withdrawn_at is not None:
        raise GateProblemError("settled_already")
    return permit


def _tell(actor: Actor, permit: Permit, action: str) -> None:
    record(actor=actor, action=f"gates.{action}", target_kind="permit", target_id=permit.pk,
           details={"person_id": permit.person_id, "kind": permit.kind})  # fmt: skip
    emit(events.PERMIT_CHANGED, {"permit_id": permit.pk, "person_id": permit.person_id, "state": action})
