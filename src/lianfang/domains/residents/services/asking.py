"""Asking for help, and the desk that answers. An emergency is told to call and is refused for nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from lianfang.domains.registry.selectors import household_for, household_people
from lianfang.domains.residents import events
from lianfang.domains.residents.models import Helper, HelpKind, HelpRequest, HelpState, Urgency
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.services.facts import read_phone
from lianfang.domains.residents.transitions import HELP_MOVES
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit
from lianfang.foundation.privacy.numbers import seal

MOST_OPEN = 20
LONGEST = 1000
# A button pressed again because the network is slow asks for nothing more.
SAME_PRESS = timedelta(minutes=2)
_HOME = ("county_id", "township_id", "community_id", "building_id")
# Zhuhai's 12345 promised: dispatch in 20 minutes, an answer on medicine in 1 hour, on urgent help in 2, on daily life
# in 4 (docs/decisions/0031).
WITHIN_EMERGENCY = timedelta(minutes=20)
WITHIN_URGENT = timedelta(hours=2)
WITHIN = {
    HelpKind.MEDICINE: timedelta(hours=1),
    HelpKind.HOSPITAL: timedelta(hours=1),
    HelpKind.FOOD: timedelta(hours=4),
    HelpKind.OTHER: timedelta(hours=4),
}


def due_of(kind: str, urgency: str, at: datetime) -> datetime:
    """By when somebody must have taken it in hand."""
    within = WITHIN[HelpKind(kind)]
    if urgency == Urgency.EMERGENCY:
        within = WITHIN_EMERGENCY
    elif urgency == Urgency.URGENT:
        within = min(within, WITHIN_URGENT)
    return at + within


def ask_for_help(
    *, actor: Actor, household_id: int, kind: str, urgency: str, words: str, person_id: int | None = None,
    phone: str = "", helper: Helper | None = None,
) -> HelpRequest:  # fmt: skip
    """Put a request on the community's list at once; staff do it for whoever called or spoke at the door.

    Raises ResidentProblemError for a missing kind or words, or too many open ones. An emergency needs no words, and a
    number that cannot be read is put into them rather than refused.
    """
    if not actor.may(Action.REGISTRY_EDIT):
        actor.authorise(Action.OWN_HOUSEHOLD)
    household = household_for(actor, household_id)
    is_emergency = urgency == Urgency.EMERGENCY
    kind, words = _checked(kind, urgency, words.strip())
    number, words = _number(phone, words, is_emergency)
    if person_id is not None and person_id not in {one.pk for one in household_people(actor, household)}:
        person_id = None
    still_open = HelpRequest.objects.visible_to(actor).exclude(state=HelpState.DONE).filter(household_id=household.pk)
    if not is_emergency and still_open.count() >= MOST_OPEN:
        raise ResidentProblemError("too_many_open", most=MOST_OPEN)
    now = timezone.now()
    said = {"kind": kind, "urgency": urgency, "words": words[:LONGEST], "made_by": actor.name}
    pressed_twice = still_open.filter(**said, state=HelpState.OPEN, made_at__gt=now - SAME_PRESS).order_by("pk").first()
    if pressed_twice is not None:
        return pressed_twice
    made = HelpRequest.objects.create(
        **{column: getattr(household, column) for column in _HOME}, household_id=household.pk, person_id=person_id,
        **said, phone_sealed=seal(number), made_at=now, helper=helper, due_at=due_of(kind, urgency, now),
    )  # fmt: skip
    record(actor=actor, action="residents.ask_for_help", target_kind="help_request", target_id=made.pk,
           details={"kind": kind, "urgency": urgency})  # fmt: skip
    emit(events.HELP_ASKED, {"request_id": made.pk, "urgency": urgency})
    return made


def _checked(kind: str, urgency: str, words: str) -> tuple[str, str]:
    """Kind and words of a request; of an emergency whatever is missing or too long is filled in or cut."""
    if urgency == Urgency.EMERGENCY:
        return kind if kind in HelpKind.values else HelpKind.HOSPITAL, words
    if kind not in HelpKind.values:
        raise ResidentProblemError("kind_needed", "kind")
    if urgency not in Urgency.values:
        raise ResidentProblemError("urgency_needed", "urgency")
    if not words:
        raise ResidentProblemError("words_needed", "words")
    if len(words) > LONGEST:
        raise ResidentProblemError("words_too_long", "words", most=LONGEST)
    return kind, words


def _number(phone: str, words: str, is_emergency: bool) -> tuple[str, str]:
    try:
        return read_phone(phone), words
    except ResidentProblemError:
        if not is_emergency:
            raise
        return "", f"{words} ☎ {phone.strip()[:40]}".strip()


def take_help(*, actor: Actor, request_id: int) -> HelpRequest:
    """Say that one has it in hand; the household reads the name."""
    found = _locked(actor, request_id, HelpState.TAKEN)
    found.state, found.taken_at, found.taken_by = HelpState.TAKEN, timezone.now(), actor.name
    return _settled(actor, found)


def give_back_help(*, actor: Actor, request_id: int) -> HelpRequest:
    """Nobody has it any more; the clock goes on as it was."""
    found = _locked(actor, request_id, HelpState.OPEN)
    found.state, found.taken_at, found.taken_by = HelpState.OPEN, None, ""
    return _settled(actor, found)


def finish_help(*, actor: Actor, request_id: int, outcome: str) -> HelpRequest:
    """It was done, or cannot be; ``outcome`` is what the household reads."""
    if not outcome.strip():
        raise ResidentProblemError("outcome_needed", "outcome")
    found = _locked(actor, request_id, HelpState.DONE)
    now = timezone.now()
    if found.taken_at is None:
        found.taken_at, found.taken_by = now, actor.name
    found.state, found.done_at, found.done_by, found.outcome = HelpState.DONE, now, actor.name, outcome.strip()[:400]
    return _settled(actor, found)


def _locked(actor: Actor, request_id: int, wanted: str) -> HelpRequest:
    actor.authorise(Action.REGISTRY_EDIT)
    found = HelpRequest.objects.visible_to(actor).select_for_update().filter(pk=request_id).first()
    if found is None:
        raise ResidentProblemError("request_elsewhere")
    if wanted not in HELP_MOVES[found.state]:
        raise ResidentProblemError("settled_already")
    return found


def _settled(actor: Actor, found: HelpRequest) -> HelpRequest:
    found.save()
    record(actor=actor, action=f"residents.help_{found.state}", target_kind="help_request", target_id=found.pk)
    emit(events.HELP_SETTLED, {"request_id": found.pk, "state": found.state})
    return found
