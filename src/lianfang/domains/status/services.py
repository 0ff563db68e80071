"""What people may do about a status by hand: order one with two people, let somebody pass, object."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from lianfang.domains.policy.selectors import packs_by_community
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import person_for
from lianfang.domains.status import events
from lianfang.domains.status.appeals import raise_objection
from lianfang.domains.status.models import EmergencyOverride, StatusOrder
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.recompute import recompute
from lianfang.engine.packs import Pack
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit_now

# No published number: a default, graded unverified; the pack's own limit ends an override that names no end.
EMERGENCY_HOURS = 24
_HOME = ("county_id", "township_id", "community_id", "building_id", "household_id")


def order_rules(person: Person, at: datetime) -> tuple[str, ...]:
    """Ids of the rules under which an order may be given to this person now."""
    pack = packs_by_community([person.community_id], at)[person.community_id]
    return () if pack is None else _order_rules(pack, at)


def _order_rules(pack: Pack, at: datetime) -> tuple[str, ...]:
    local = timezone.localtime(at).replace(tzinfo=None)
    if not pack.is_in_force(local):
        return ()
    return tuple(entry.rule.id for entry in pack.rules_at(local) if entry.rule.kind == "manual_order")


def propose_order(
    *, actor: Actor, person_id: int, rule: str, reason: str, evidence: str, starts_at: datetime, ends_at: datetime
) -> StatusOrder:
    """Propose that a rule of the pack apply to somebody. Has no effect until a second person approves.

    Raises StatusProblemError for a missing reason, evidence or end, or a rule that the pack in force does not have.
    """
    actor.authorise(Action.STATUS_ORDER)
    if actor.account_id is None:
        raise StatusProblemError("nobody_proposes")
    person = person_for(actor, person_id)
    for field, text in (("reason", reason), ("evidence", evidence)):
        if not text.strip():
            raise StatusProblemError(f"{field}_needed", field)
    if ends_at <= max(starts_at, timezone.now()):
        raise StatusProblemError("end_needed", "ends_at")
    pack = packs_by_community([person.community_id], timezone.now())[person.community_id]
    if pack is None or rule not in _order_rules(pack, timezone.now()):
        raise StatusProblemError("rule_unknown", "rule")
    with transaction.atomic():
        made = StatusOrder.objects.create(
            **_home(person),
            person_id=person.pk,
            rule=rule,
            opened_under=pack.id,
            opened_version=pack.version,
            reason=reason.strip()[:200],
            evidence=evidence.strip()[:400],
            starts_at=starts_at,
            ends_at=ends_at,
            proposed_at=timezone.now(),
            proposed_by_id=actor.account_id,
            proposed_by=actor.name,
        )
        record(actor=actor, action="status.propose_order", target_kind="status_order", target_id=made.pk)
    return made


def approve_order(*, actor: Actor, order: StatusOrder) -> StatusOrder:
    """The second person's word. Raises StatusProblemError for one's own proposal, or one that is settled or over."""
    actor.authorise(Action.STATUS_ORDER)
    with transaction.atomic():
        found = _locked_order(actor, order.pk)
        if found.approved_at is not None or found.withdrawn_at is not None:
            raise StatusProblemError("settled_already")
        if actor.account_id is None or actor.account_id == found.proposed_by_id:
            raise StatusProblemError("second_person_needed")
        if found.ends_at <= timezone.now():
            raise StatusProblemError("over_already")
        found.approved_at, found.approved_by_id, found.approved_by = timezone.now(), actor.account_id, actor.name
        found.save(update_fields=["approved_at", "approved_by_id", "approved_by"])
        record(actor=actor, action="status.approve_order", target_kind="status_order", target_id=found.pk)
        recompute([found.person_id], why="order")
    return found


def withdraw_order(*, actor: Actor, order: StatusOrder, because: str) -> StatusOrder:
    """End an order, or a proposal, early: one person suffices to lift a restriction."""
    actor.authorise(Action.STATUS_ORDER)
    if not because.strip():
        raise StatusProblemError("reason_needed", "because")
    with transaction.atomic():
        found = _locked_order(actor, order.pk)
        if found.withdrawn_at is not None:
            raise StatusProblemError("settled_already")
        found.withdrawn_at, found.withdrawn_by, found.withdrawn_because = (
            timezone.now(),
            actor.name,
            because.strip()[:200],
        )
        found.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
        record(actor=actor, action="status.withdraw_order", target_kind="status_order", target_id=found.pk)
        recompute([found.person_id], why="order")
    return found


def give_emergency_override(*, actor: Actor, person_id: int, reason: str) -> EmergencyOverride:
    """Let somebody pass, whatever the colour. Asks for nothing but a word why, and even that may be empty: nobody waits
    at a gate for a form (dossier §8, Gaoxin Hospital). It is reviewed afterwards."""
    actor.authorise(Action.EMERGENCY)
    # Not through ``person_for``: a guard may not read the registry, and must be able to let somebody pass.
    person = Person.objects.visible_to(actor).filter(pk=person_id).first()
    if person is None:
        raise StatusProblemError("person_elsewhere")
    now = timezone.now()
    with transaction.atomic():
        made = EmergencyOverride.objects.create(
            **_home(person), person_id=person.pk, reason=reason.strip()[:200], starts_at=now,
            ends_at=now + timedelta(hours=EMERGENCY_HOURS), given_at=now, given_by=actor.name,
        )  # fmt: skip
        record(
            actor=actor.for_purpose("emergency"),
            action="status.emergency_override",
            target_kind="person",
            target_id=person.pk,
        )
        recompute([person.pk], why="emergency")
    return made


def review_override(*, actor: Actor, override: EmergencyOverride, note: str) -> None:
    """Say that somebody has looked at an emergency passage afterwards."""
    actor.authorise(Action.STATUS_ORDER)
    with transaction.atomic():
        rows = EmergencyOverride.objects.visible_to(actor).filter(pk=override.pk, reviewed_at=None)
        if not rows.update(reviewed_at=timezone.now(), reviewed_by=actor.name, review_note=note.strip()[:200]):
            raise StatusProblemError("settled_already")
        record(actor=actor, action="status.review_override", target_kind="emergency_override", target_id=override.pk)
        emit_now(events.OVERRIDE_REVIEWED, {"override_id": override.pk})


def _locked_order(actor: Actor, order_id: int) -> StatusOrder:
    found = StatusOrder.objects.visible_to(actor).select_for_update().filter(pk=order_id).first()
    if found is None:
        raise StatusProblemError("order_elsewhere")
    return found


def _home(person: Person) -> dict[str, int | None]:
    return {name: getattr(person, name) for name in _HOME}


__all__ = [
    "EMERGENCY_HOURS",
    "approve_order",
    "give_emergency_override",
    "order_rules",
    "propose_order",
    "raise_objection",
    "review_override",
    "withdraw_order",
]
