"""What people may do about a status by hand: order one with two people, let somebody pass, object, answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from lianfang.domains.policy.selectors import packs_by_community
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import person_for
from lianfang.domains.status.models import EmergencyOverride, Objection, StatusOrder
from lianfang.domains.status.recompute import recompute
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action, Role
from lianfang.foundation.audit.services import record

# No published number: a default, graded unverified; the pack's own limit ends an override that names no end.
EMERGENCY_HOURS = 24
ANSWER_WITHIN = timedelta(hours=24)
_HOME = ("county_id", "township_id", "community_id", "building_id", "household_id")


class StatusProblemError(ValueError):
    """``code`` is a text key under ``status.problem``; ``field`` the form field that it belongs to."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field


def order_rules(person: Person, at: datetime) -> tuple[str, ...]:
    """Ids of the rules under which an order may be given to this person now."""
    pack = packs_by_community([person.community_id], at)[person.community_id]
    if pack is None:
        return ()
    local = timezone.localtime(at).replace(tzinfo=None)
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
    if rule not in order_rules(person, timezone.now()):
        raise StatusProblemError("rule_unknown", "rule")
    with transaction.atomic():
        made = StatusOrder.objects.create(
            **_home(person),
            person_id=person.pk,
            rule=rule,
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
        recompute([found.person_id])
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
        recompute([found.person_id])
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
        recompute([person.pk])
    return made


def review_override(*, actor: Actor, override: EmergencyOverride, note: str) -> None:
    """Say that somebody has looked at an emergency passage afterwards."""
    actor.authorise(Action.STATUS_ORDER)
    with transaction.atomic():
        rows = EmergencyOverride.objects.visible_to(actor).filter(pk=override.pk, reviewed_at=None)
        if not rows.update(reviewed_at=timezone.now(), reviewed_by=actor.name, review_note=note.strip()[:200]):
            raise StatusProblemError("settled_already")
        record(actor=actor, action="status.review_override", target_kind="emergency_override", target_id=override.pk)


def raise_objection(*, actor: Actor, person_id: int, text: str) -> Objection:
    """Write down a question or objection: residents for their own household, staff on somebody's behalf."""
    if actor.role is not Role.RESIDENT:
        actor.authorise(Action.STATUS_VIEW)
    person = Person.objects.visible_to(actor).filter(pk=person_id).first()
    if person is None:
        raise StatusProblemError("person_elsewhere")
    if not text.strip():
        raise StatusProblemError("text_needed", "text")
    with transaction.atomic():
        made = Objection.objects.create(
            **_home(person), person_id=person.pk, text=text.strip()[:1000], made_at=timezone.now(), made_by=actor.name
        )
        record(actor=actor, action="status.raise_objection", target_kind="objection", target_id=made.pk)
        # A stuck status is the commonest cause: looked at again at once, before anybody reads the text.
        recompute([person.pk])
    return made


def answer_objection(*, actor: Actor, objection: Objection, answer: str) -> Objection:
    """Answer in words that the resident reads."""
    actor.authorise(Action.STATUS_ORDER)
    if not answer.strip():
        raise StatusProblemError("answer_needed", "answer")
    with transaction.atomic():
        found = (
            Objection.objects.visible_to(actor).select_for_update().filter(pk=objection.pk, answered_at=None).first()
        )
        if found is None:
            raise StatusProblemError("settled_already")
        found.answered_at, found.answered_by, found.answer = timezone.now(), actor.name, answer.strip()[:1000]
        found.save(update_fields=["answered_at", "answered_by", "answer"])
        record(actor=actor, action="status.answer_objection", target_kind="objection", target_id=found.pk)
    return found


def _locked_order(actor: Actor, order_id: int) -> StatusOrder:
    found = StatusOrder.objects.visible_to(actor).select_for_update().filter(pk=order_id).first()
    if found is None:
        raise StatusProblemError("order_elsewhere")
    return found


def _home(person: Person) -> dict[str, int | None]:
    return {name: getattr(person, name) for name in _HOME}
