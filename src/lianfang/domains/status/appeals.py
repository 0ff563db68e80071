"""Appeals (申诉): received, looked into by somebody named, answered by putting a fact right or by saying why it stands.

An appeal never changes a decision. Where a fact was wrong it is corrected where it is kept, and the status follows by
itself; an answer "corrected" is refused until the fact really has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from lianfang.domains.policy.selectors import packs_by_community
from lianfang.domains.registry.models import Person
from lianfang.domains.status import events
from lianfang.domains.status.appeal_facts import fact_changed_since, facts_of_appeal
from lianfang.domains.status.models import AppealState, HealthStatus, Objection, Outcome
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.recompute import recompute
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.models import Posting
from lianfang.foundation.access.roles import Action, Level, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit

# No published number binds a community; a pack's clock "appeal_answered" says it with its source and grade.
ANSWER_WITHIN = timedelta(hours=24)
CLOCK = "appeal_answered"
_HOME = ("county_id", "township_id", "community_id", "building_id", "household_id")


@dataclass(frozen=True, slots=True)
class Posted:
    """Somebody who may be given an appeal."""

    account_id: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class AppealClock:
    """How long an answer may take, and whether that is written anywhere reliable."""

    within: timedelta
    is_unverified: bool


def raise_objection(*, actor: Actor, person_id: int, text: str) -> Objection:
    """Open an appeal: residents for their own household, staff on somebody's behalf.

    The status is decided anew at once, as a stuck one is the commonest cause; then the clock runs and somebody has it.
    """
    if actor.role is not Role.RESIDENT:
        actor.authorise(Action.STATUS_VIEW)
    person = Person.objects.visible_to(actor).filter(pk=person_id).first()
    if person is None:
        raise StatusProblemError("person_elsewhere")
    if not text.strip():
        raise StatusProblemError("text_needed", "text")
    with transaction.atomic():
        now = timezone.now()
        recompute([person.pk], why="appeal")
        whose = _chosen(person)
        made = Objection.objects.create(
            **{name: getattr(person, name) for name in _HOME}, person_id=person.pk, text=text.strip()[:1000],
            about=_about(person.pk), made_at=now, made_by=actor.name, due_at=now + clock_for(person, now).within,
            assigned_to_id=whose.account_id if whose else None, assigned_to=whose.name if whose else "",
            assigned_at=now if whose else None,
        )  # fmt: skip
        record(actor=actor, action="status.raise_objection", target_kind="objection", target_id=made.pk)
        emit(events.APPEAL_RAISED, {"objection_id": made.pk})
    return made


def clock_for(person: Person, at: datetime) -> AppealClock:
    """The clock of the pack in force where the person lives, else this product's own."""
    pack = packs_by_community([person.community_id], at)[person.community_id]
    local = timezone.localtime(at).replace(tzinfo=None)
    running = [] if pack is None else [one for one in pack.clocks_at(local) if one.clock.id == CLOCK]
    return AppealClock(running[0].span, running[0].is_unverified) if running else AppealClock(ANSWER_WITHIN, True)


def posted_for(person_or_appeal: Person | Objection) -> list[Posted]:
    """Who may have an appeal of that place: posted to the community, then to the township; the least busy first."""
    now = timezone.now()
    where = Q(level=Level.COMMUNITY, scope_ids__contains=[person_or_appeal.community_id], role=Role.COMMUNITY)
    where |= Q(level=Level.TOWNSHIP, scope_ids__contains=[person_or_appeal.township_id], role=Role.TOWNSHIP)
    postings = list(
        Posting.objects.filter(where, Q(ends_at=None) | Q(ends_at__gt=now), starts_at__lte=now)
        .filter(account__is_active=True)
        .select_related("account")
    )
    busy = _open_by_account([posting.account_id for posting in postings])
    postings.sort(key=lambda one: (one.role != Role.COMMUNITY, busy.get(one.account_id, 0), one.pk))
    return [Posted(one.account_id, one.account.name, one.role) for one in postings]


def take_up_objection(*, actor: Actor, objection_id: int) -> Objection:
    """Say that it is being looked into; who was given it keeps it, else whoever takes it up has it."""
    actor.authorise(Action.STATUS_ORDER)
    with transaction.atomic():
        found = _open(actor, objection_id)
        if found.state == AppealState.RECEIVED:
            found.state, found.looking_at = AppealState.LOOKING, timezone.now()
        if found.assigned_to_id is None and actor.account_id is not None:
            found.assigned_to_id, found.assigned_to, found.assigned_at = actor.account_id, actor.name, timezone.now()
        found.save()
        record(actor=actor, action="status.take_up_objection", target_kind="objection", target_id=found.pk)
    return found


def reassign_objection(*, actor: Actor, objection_id: int, account_id: int) -> Objection:
    """Give it to somebody else who is posted there. The clock does not start again."""
    actor.authorise(Action.STATUS_ORDER)
    with transaction.atomic():
        found = _open(actor, objection_id)
        whose = next((one for one in posted_for(found) if one.account_id == account_id), None)
        if whose is None:
            raise StatusProblemError("not_posted_there")
        found.assigned_to_id, found.assigned_to = whose.account_id, whose.name
        found.assigned_at, found.assigned_by = timezone.now(), actor.name
        found.save()
        record(actor=actor, action="status.reassign_objection", target_kind="objection", target_id=found.pk,
               details={"account": account_id})  # fmt: skip
    return found


def answer_objection(
    *, actor: Actor, objection_id: int, outcome: str, answer: str, wrong_fact: tuple[str, int] | None = None
) -> Objection:
    """Answer in words that the resident reads; the status is decided anew and stands in the answer.

    Raises StatusProblemError without words, for an outcome that there is not, and for ``corrected`` where the fact is
    not one of the appeal's or has not changed since it was made.
    """
    actor.authorise(Action.STATUS_ORDER)
    if outcome not in Outcome.values:
        raise StatusProblemError("outcome_needed", "outcome")
    if not answer.strip():
        raise StatusProblemError("answer_needed", "answer")
    with transaction.atomic():
        found = _open(actor, objection_id)
        if outcome == Outcome.CORRECTED:
            if wrong_fact is None or wrong_fact not in facts_of_appeal(found):
                raise StatusProblemError("fact_needed", "fact")
            if not fact_changed_since(wrong_fact, found):
                raise StatusProblemError("fact_unchanged", "fact")
            found.wrong_fact = list(wrong_fact)
        recompute([found.person_id], why="appeal")
        found.state, found.outcome, found.answer = AppealState.ANSWERED, outcome, answer.strip()[:1000]
        found.answered_at, found.answered_by = timezone.now(), actor.name
        found.status_after = str(_about(found.person_id).get("status", "unknown"))
        found.save()
        record(actor=actor, action="status.answer_objection", target_kind="objection", target_id=found.pk,
               details={"outcome": outcome})  # fmt: skip
        emit(events.APPEAL_ANSWERED, {"objection_id": found.pk, "outcome": outcome})
    return found


def _open(actor: Actor, objection_id: int) -> Objection:
    found = Objection.objects.visible_to(actor).select_for_update().filter(pk=objection_id).first()
    if found is None:
        raise StatusProblemError("objection_elsewhere")
    if found.state == AppealState.ANSWERED:
        raise StatusProblemError("settled_already")
    return found


def _chosen(person: Person) -> Posted | None:
    found: Sequence[Posted] = posted_for(person)
    return found[0] if found else None


def _open_by_account(accounts: Sequence[int]) -> dict[int, int]:
    """How many open appeals each of them has, of every place."""
    with acting_as(system_actor("appeals")):
        rows = Objection.objects.filter(assigned_to_id__in=accounts, answered_at=None).order_by()
        return dict(rows.values_list("assigned_to_id").annotate(count=Count("pk")))


def _about(person_id: int) -> dict[str, object]:
    """The decision in force, as an appeal keeps it."""
    with acting_as(system_actor("appeals")):
        found = HealthStatus.objects.filter(person_id=person_id).first()
    if found is None:
        return {}
    return {
        "status": found.status, "rule": found.rule, "reason": found.reason, "params": found.params,
        "until_at": found.until_at and found.until_at.isoformat(), "evidence": found.evidence, "pack": found.pack,
        "pack_version": found.pack_version, "as_of": found.as_of.isoformat(),
    }  # fmt: skip
