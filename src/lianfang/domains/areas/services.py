"""Changing the level of a place: proposed by one person, approved by another; the criteria of both moments are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from lianfang.domains.areas import events
from lianfang.domains.areas.assessment import Assessed, assess_places, is_restrictive, latest_review
from lianfang.domains.areas.findings import record_finding, withdraw_finding
from lianfang.domains.areas.models import AreaAction, AreaLevel, AreaProposal, EndedBecause
from lianfang.domains.areas.problems import AreaProblemError
from lianfang.domains.areas.reach import keys_of, reached_place
from lianfang.domains.areas.selectors import residents_of
from lianfang.domains.areas.transitions import check_change
from lianfang.domains.registry.models import Place
from lianfang.domains.registry.selectors import NotThereError
from lianfang.foundation.access.actor import Actor, NotAllowedError, system_actor
from lianfang.foundation.access.roles import Action, Level, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit

FILLING_IN = timedelta(minutes=15)
"""How long a form may have lain open: whoever asked for "now" did not ask for the past."""
FURTHEST_AHEAD = timedelta(days=7)
_APPROVING = (Level.TOWNSHIP, Level.COUNTY)
_ENDED = {
    AreaAction.RAISE: EndedBecause.RAISED,
    AreaAction.LOWER: EndedBecause.LOWERED,
    AreaAction.LIFT: EndedBecause.LIFTED,
    AreaAction.WITHDRAW: EndedBecause.WITHDRAWN,
}


def propose_change(
    *, actor: Actor, place_id: int, action: str, reason: str, level: str = "", starts_at: datetime | None = None,
    review_at: datetime | None = None,
) -> AreaProposal:  # fmt: skip
    """Propose that the level of a place be drawn, raised, lowered, lifted, prolonged, or withdrawn as wrong.

    Nothing changes until somebody else approves. The state of every criterion is kept with it. Raises AreaProblemError
    for a missing reason, a change that the rules in force or their criteria do not allow, an instant in the past, an
    end later than the pack's, or a place where another proposal waits; NotAllowedError for a place out of reach.
    """
    actor.authorise(Action.AREAS_DECIDE)
    place = reached_place(actor, place_id)
    if not reason.strip():
        raise AreaProblemError("reason_needed", "reason")
    if actor.account_id is None:
        raise AreaProblemError("nobody_proposes")
    now = timezone.now()
    start = _start(starts_at, now)
    with transaction.atomic():
        entry = _open_entry(place, action, now)
        if AreaProposal.objects.filter(place=place, approved_at=None, dropped_at=None).exists():
            raise AreaProblemError("waits_already")
        assessed = assess_places([place], now)[place.pk]
        following = check_change(action, level, assessed, None if entry is None else entry.level)
        if entry is not None and entry.review_at is not None and start > entry.review_at:
            raise AreaProblemError("after_review", "starts_at")
        made = AreaProposal.objects.create(
            **keys_of(place), place=place, action=action, level=following, entry=entry, starts_at=start,
            review_at=_review(assessed, following, start, review_at), reason=reason.strip()[:400],
            **_rules(assessed, entry), assessment=assessed.as_evidence(_concerned(following, entry)),
            residents=residents_of(place), proposed_at=now, proposed_by_id=actor.account_id, proposed_by=actor.name,
        )  # fmt: skip
        record(actor=actor, action="areas.propose", target_kind="area_proposal", target_id=made.pk,
               details={"action": action, "level": following})  # fmt: skip
        emit(events.AREA_PROPOSED, {"proposal_id": made.pk, "place_id": place.pk})
    return made


def approve_change(*, actor: Actor, proposal_id: int) -> AreaProposal:
    """The second person's word: the change takes effect at its instant, or now where that has passed.

    Raises AreaProblemError for one's own proposal, one that is settled, a level that changed since, or criteria that
    are known not to be met any more.
    """
    actor.authorise(Action.AREAS_DECIDE)
    if not may_approve(actor):
        raise NotAllowedError(Action.AREAS_DECIDE, "place_outside")
    with transaction.atomic():
        found = _waiting(actor, proposal_id)
        if actor.account_id is None or actor.account_id == found.proposed_by_id:
            raise AreaProblemError("second_person_needed")
        now = timezone.now()
        entry = _open_entry(found.place, found.action, now)
        if (None if entry is None else entry.pk) != found.entry_id:
            raise AreaProblemError("changed_since")
        assessed = assess_places([found.place], now)[found.place_id]
        check_change(found.action, found.level, assessed, None if entry is None else entry.level)
        found.approved_at, found.approved_by_id, found.approved_by = now, actor.account_id, actor.name
        found.starts_at = max(found.starts_at, now)
        for name, value in _rules(assessed, entry).items():
            setattr(found, name, value)
        found.approved_on = assessed.as_evidence(_concerned(found.level, entry))
        found.save()
        _take_effect(found, entry, assessed, now)
        record(actor=actor, action="areas.approve", target_kind="area_proposal", target_id=found.pk,
               details={"action": found.action, "level": found.level})  # fmt: skip
    return found


def drop_proposal(*, actor: Actor, proposal_id: int, because: str = "") -> AreaProposal:
    """Refuse a proposal, or take one's own back: one person suffices, for nothing has changed yet."""
    actor.authorise(Action.AREAS_DECIDE)
    with transaction.atomic():
        found = _waiting(actor, proposal_id)
        found.dropped_at, found.dropped_by, found.dropped_because = timezone.now(), actor.name, because.strip()[:200]
        found.save(update_fields=["dropped_at", "dropped_by", "dropped_because"])
        record(actor=actor, action="areas.drop", target_kind="area_proposal", target_id=found.pk)
    return found


def may_approve(actor: Actor) -> bool:
    """Townships and districts put levels into force; communities propose them."""
    return actor.may(Action.AREAS_DECIDE) and (actor.level in _APPROVING or actor.role is Role.SYSTEM)


def follow_the_clock() -> int:
    """Tell of levels that begin now, and end those that nobody prolonged; how many. Being called twice changes nothing.

    A restriction never lasts because somebody forgot it: at its review it ends by itself, on the record.
    """
    now = timezone.now()
    with acting_as(system_actor("areas")) as system:
        beginning = list(
            AreaLevel.objects.select_for_update(skip_locked=True)
            .filter(told_at=None, starts_at__lte=now)
            .order_by("pk")
        )
        for one in beginning:
            _tell(one, "begin", one.opened_by.proposed_by_id)
            one.told_at = now
            one.save(update_fields=["told_at"])
        over = AreaLevel.objects.select_for_update(skip_locked=True).filter(ended_at=None, review_at__lte=now)
        ended = list(over.order_by("pk"))
        for one in ended:
            one.ended_at, one.end_recorded_at, one.ended_because = one.review_at, now, EndedBecause.RAN_OUT
            one.save(update_fields=["ended_at", "end_recorded_at", "ended_because"])
            record(actor=system, action="areas.ran_out", target_kind="area_level", target_id=one.pk)
            _tell(one, "ran_out", None)
    return len(beginning) + len(ended)


def _tell(one: AreaLevel, action: str, proposed_by_id: int | None) -> None:
    caused = [] if proposed_by_id is None else [proposed_by_id]
    payload = {"place_id": one.place_id, "level_id": one.pk, "action": action, "caused_by_ids": caused}
    emit(events.AREA_LEVEL_CHANGED, payload)


def _take_effect(found: AreaProposal, entry: AreaLevel | None, assessed: Assessed, now: datetime) -> None:
    if found.action == AreaAction.PROLONG:
        assert entry is not None
        entry.review_at = _no_later(assessed, found.level, now, found.review_at)
        entry.save(update_fields=["review_at"])
        emit(events.AREA_REVIEWED, {"place_id": found.place_id, "level_id": entry.pk})
        return
    changed = entry
    if entry is not None:
        entry.ended_at, entry.end_recorded_at = max(found.starts_at, entry.starts_at), now
        entry.ended_because, entry.closed_by = _ENDED[AreaAction(found.action)], found
        entry.save(update_fields=["ended_at", "end_recorded_at", "ended_because", "closed_by"])
    if found.level:
        changed = _begin(found, assessed, now)
    assert changed is not None
    _tell(changed, found.action, found.proposed_by_id)


def _begin(found: AreaProposal, assessed: Assessed, now: datetime) -> AreaLevel:
    level = assessed.level(found.level)
    assert level is not None
    return AreaLevel.objects.create(
        **keys_of(found.place), place=found.place, level=found.level, pack=found.pack, pack_version=found.pack_version,
        is_restrictive=is_restrictive(level), starts_at=found.starts_at, recorded_at=now,
        review_at=_no_later(assessed, found.level, found.starts_at, found.review_at),
        told_at=now if found.starts_at <= now else None, opened_by=found,
    )  # fmt: skip


def _no_later(assessed: Assessed, level: str, start: datetime, asked: datetime | None) -> datetime | None:
    """What was asked for, where the pack allows it from this start on and it has not passed; else the pack's own."""
    wanted = assessed.level(level)
    latest = None if wanted is None else latest_review(wanted, start)
    if latest is None or asked is None or asked <= start:
        return latest
    return min(asked, latest)


def _review(assessed: Assessed, following: str, start: datetime, asked: datetime | None) -> datetime | None:
    level = assessed.level(following)
    latest = None if level is None else latest_review(level, start)
    if latest is None or asked is None:
        return latest
    if asked > latest:
        raise AreaProblemError("review_too_late", "review_at")
    if asked <= start:
        raise AreaProblemError("review_too_early", "review_at")
    return asked


def _rules(assessed: Assessed, entry: AreaLevel | None) -> dict[str, Any]:
    """By which rules: those in force; for a level that is withdrawn where none are, those that it was drawn by."""
    if assessed.pack is not None:
        return {"pack": assessed.pack.id, "pack_version": assessed.pack.version}
    if entry is None:
        raise AreaProblemError("no_rules")
    return {"pack": entry.pack, "pack_version": entry.pack_version}


def _start(asked: datetime | None, now: datetime) -> datetime:
    if asked is None:
        return now
    if asked < now - FILLING_IN:
        raise AreaProblemError("starts_in_past", "starts_at")
    if asked > now + FURTHEST_AHEAD:
        raise AreaProblemError("starts_too_late", "starts_at")
    return max(asked, now)


def _open_entry(place: Place, action: str, now: datetime) -> AreaLevel | None:
    """The level that has no end yet, with its place locked: changes of one place come one after the other.

    Raises AreaProblemError where a change that two people approved is still to come; only a level that has not begun
    can be withdrawn before.
    """
    Place.objects.select_for_update(no_key=True).get(pk=place.pk)
    entries = AreaLevel.objects.select_for_update().filter(place=place)
    if entries.filter(ended_at__gt=now).exists():
        raise AreaProblemError("change_to_come")
    entry = entries.filter(ended_at=None).first()
    if entry is not None and entry.starts_at > now and action != AreaAction.WITHDRAW:
        raise AreaProblemError("change_to_come")
    if entry is not None and entry.review_at is not None and entry.review_at <= now:
        raise AreaProblemError("ran_out")
    return entry


def _waiting(actor: Actor, proposal_id: int) -> AreaProposal:
    found = AreaProposal.objects.visible_to(actor).select_for_update(of=("self",)).select_related("place")
    one = found.filter(pk=proposal_id).first()
    if one is None:
        raise NotThereError(proposal_id)
    if one.approved_at is not None or one.dropped_at is not None:
        raise AreaProblemError("settled_already")
    return one


def _concerned(following: str, entry: AreaLevel | None) -> set[str]:
    return {name for name in (following, "" if entry is None else entry.level) if name}


__all__ = [
    "approve_change",
    "drop_proposal",
    "follow_the_clock",
    "may_approve",
    "propose_change",
    "record_finding",
    "withdraw_finding",
]
