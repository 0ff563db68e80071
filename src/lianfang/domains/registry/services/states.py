"""Where a person is: at home, away, moved out, died; and when somebody last reached them."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone

from lianfang.domains.registry import events
from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.models import Household, LivingState, Person
from lianfang.domains.registry.services.households import require_register
from lianfang.domains.registry.services.people import locked_person
from lianfang.domains.registry.transitions import check_move
from lianfang.domains.registry.words import ordered_needs
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit

LONGEST_REASON = 200


def mark_away(*, actor: Actor, person: Person, reason: str, until_on: date | None = None) -> Person:
    """The person is not at home for now; ``reason`` says where or why. Samplers may say so too."""
    require_register(actor)
    if not reason.strip():
        raise RegistryError("reason_missing", "reason")
    if until_on is not None and until_on < timezone.localdate():
        raise RegistryError("until_is_past", "until_on")
    return _move(actor, person, LivingState.AWAY, reason, until_on)


def mark_moved_out(*, actor: Actor, person: Person, reason: str = "") -> Person:
    """The person lives here no longer. What was recorded of them stays; their number may be registered again."""
    actor.authorise(Action.REGISTRY_EDIT)
    return _move(actor, person, LivingState.MOVED_OUT, reason)


def mark_returned(*, actor: Actor, person: Person, reason: str = "") -> Person:
    """The person is at home again; from moved out or died it corrects the record, and then needs a reason."""
    require_register(actor)
    if person.state in (LivingState.MOVED_OUT, LivingState.DIED):
        actor.authorise(Action.REGISTRY_EDIT)
        if not reason.strip():
            raise RegistryError("reason_missing", "reason")
    return _move(actor, person, LivingState.LIVING, reason)


def mark_died(*, actor: Actor, person: Person, reason: str = "") -> Person:
    """The person has died."""
    actor.authorise(Action.REGISTRY_EDIT)
    return _move(actor, person, LivingState.DIED, reason)


def _move(actor: Actor, person: Person, state: str, reason: str, until_on: date | None = None) -> Person:
    if len(reason.strip()) > LONGEST_REASON:
        raise RegistryError("too_long", "reason", longest=LONGEST_REASON)
    person = locked_person(actor, person.pk)
    before = person.state
    if not before == state == LivingState.AWAY:
        # Said to be away twice is a further word on where they are.
        check_move(before, state)
    if before == LivingState.MOVED_OUT and person.id_index is not None:
        same = Person.objects.visible_to(actor).filter(community_id=person.community_id, id_index=person.id_index)
        other = same.exclude(state=LivingState.MOVED_OUT).exclude(pk=person.pk).first()
        if other is not None:
            raise RegistryError("identity_taken", "state", name=other.name, address="", person_id=other.pk)
    person.state, person.state_reason, person.state_until_on = state, reason.strip(), until_on
    person.version += 1
    person.save()
    record(actor=actor, action="registry.person_state_changed", target_kind="person", target_id=person.pk,
           details={"before": before, "after": state})  # fmt: skip
    emit(events.PERSON_STATE_CHANGED, {"person_id": person.pk, "before": before, "after": state})
    return person


def record_contact(*, actor: Actor, person: Person, note: str = "", at: datetime | None = None) -> Person:
    """Note that the person was reached, and what was said. No change of facts: no version is used up."""
    require_register(actor)
    at = at or timezone.now()
    if at > timezone.now():
        raise RegistryError("contact_in_future", "at")
    person = locked_person(actor, person.pk)
    person.last_contact_at, person.last_contact_note = at, note.strip()[:200]
    person.save(update_fields=["last_contact_at", "last_contact_note"])
    if person.household_id is not None:
        Household.objects.visible_to(actor).filter(pk=person.household_id).update(last_contact_at=at)
    record(actor=actor, action="registry.person_contacted", target_kind="person", target_id=person.pk)
    return person


def set_special_needs(*, actor: Actor, person: Person, needs: tuple[str, ...]) -> Person:
    """Replace the special needs; see ``words.SPECIAL_NEEDS``."""
    return _set(actor, person, "special_needs", list(ordered_needs(needs)))


def set_key_person(*, actor: Actor, person: Person, kind: str) -> Person:
    """Single a person out, with the reason why; "" ends it."""
    if len(kind.strip()) > 40:
        raise RegistryError("too_long", "key_person_kind", longest=40)
    return _set(actor, person, "key_person_kind", kind.strip())


def _set(actor: Actor, person: Person, field: str, value: object) -> Person:
    actor.authorise(Action.REGISTRY_EDIT)
    person = locked_person(actor, person.pk)
    if getattr(person, field) == value:
        return person
    setattr(person, field, value)
    person.version += 1
    person.save()
    record(actor=actor, action="registry.person_changed", target_kind="person", target_id=person.pk,
           details={"fields": [field]})  # fmt: skip
    emit(events.PERSON_CHANGED, {"person_id": person.pk, "fields": [field]})
    return person
