"""People, one by one: registered, corrected, moved to another household."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from lianfang.domains.registry import events
from lianfang.domains.registry.errors import ChangedMeanwhileError, RegistryError
from lianfang.domains.registry.models import Household, LivingState, Person
from lianfang.domains.registry.reach import require_reach
from lianfang.domains.registry.services.facts import (
    PersonFacts,
    name_columns,
    number_columns,
    plain_columns,
    pseudonym_of,
    understood,
)
from lianfang.domains.registry.services.households import locked_household, require_register
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit
from lianfang.foundation.privacy.numbers import blind_index, unseal

_HOME = ("county_id", "township_id", "community_id", "building_id", "sort_key")


def register_person(*, actor: Actor, household: Household, name: str, **given: Any) -> Person:
    """Add a person to a household; ``given`` are further fields of PersonFacts.

    Raises RegistryError where a field cannot be understood, or where the community already has somebody with this
    identity number (gap ``person_id``): then nothing is added, for one person is registered once.
    """
    require_register(actor)
    household = locked_household(actor, household.pk)
    facts, _ = understood(PersonFacts(name=name, **given))
    _check_identity_free(actor, household, facts)
    person = Person(
        **{name: getattr(household, name) for name in _HOME}, household=household, **name_columns(facts.name),
        **plain_columns(facts), **number_columns(facts.id_number, facts.phone),
        pseudonym=_free_pseudonym(facts, household.pk), created_at=timezone.now(),
    )  # fmt: skip
    _save(person, household, facts)
    record(actor=actor, action="registry.person_registered", target_kind="person", target_id=person.pk)
    emit(events.PERSON_REGISTERED, {"person_id": person.pk, "household_id": household.pk})
    return person


def edit_person(*, actor: Actor, person: Person, version: int, changes: Mapping[str, Any]) -> Person:
    """Correct facts of a person. ``version`` is that of the person when it was opened; a field that is not in
    ``changes`` stays.

    Raises ChangedMeanwhileError where somebody saved since, RegistryError as ``register_person``.
    """
    actor.authorise(Action.REGISTRY_EDIT)
    person = locked_person(actor, person.pk)
    if person.version != version:
        raise ChangedMeanwhileError(person)
    before = facts_of(person)
    wanted = {name: changes[name] for name in _FACT_NAMES if name in changes}
    after, _ = understood(replace(before, **wanted))
    changed = [name for name in _FACT_NAMES if getattr(before, name) != getattr(after, name)]
    if not changed:
        return person
    if "id_number" in changed:
        _check_identity_free(actor, person, after)
        if after.id_number:
            person.pseudonym = pseudonym_of(after, person.household_id)
    columns = {**name_columns(after.name), **plain_columns(after)}
    if "id_number" in changed or "phone" in changed:
        columns |= number_columns(after.id_number, after.phone)
    for name, value in columns.items():
        setattr(person, name, value)
    person.version += 1
    _save(person, person, after)
    record(actor=actor, action="registry.person_changed", target_kind="person", target_id=person.pk,
           details={"fields": changed})  # fmt: skip
    emit(events.PERSON_CHANGED, {"person_id": person.pk, "fields": changed})
    return person


def move_person(*, actor: Actor, person: Person, household: Household, relation_to_head: str = "") -> Person:
    """Let a person live in another household, of this community or another in the actor's places.

    Whoever was away, or had moved out, lives there now.
    """
    actor.authorise(Action.REGISTRY_EDIT)
    person = locked_person(actor, person.pk)
    household = locked_household(actor, household.pk)
    require_reach(actor, household)
    before: int | None = person.household_id
    if before == household.pk and person.state == LivingState.LIVING:
        return person
    if person.state == LivingState.DIED:
        raise RegistryError("state_move", before=person.state, after=LivingState.LIVING)
    facts = facts_of(person)
    if household.community_id != person.community_id:
        _check_identity_free(actor, household, facts, besides=person.pk)
    for name in _HOME:
        setattr(person, name, getattr(household, name))
    person.household = household
    person.relation_to_head = relation_to_head
    person.state, person.state_reason, person.state_until_on = LivingState.LIVING, "", None
    person.version += 1
    _save(person, household, facts)
    record(actor=actor, action="registry.person_moved", target_kind="person", target_id=person.pk,
           details={"before_household_id": before, "household_id": household.pk})  # fmt: skip
    payload = {"person_id": person.pk, "household_id": household.pk, "before_household_id": before}
    emit(events.PERSON_MOVED, payload)
    return person


def facts_of(person: Person) -> PersonFacts:
    """What is registered, numbers in clear: for services only, never for a page (see ``privacy.services.unmask``)."""
    return PersonFacts(
        name=person.name, sex=person.sex, birth_on=person.birth_on, id_type=person.id_type,
        id_number=unseal(person.id_sealed) or "", id_is_valid=person.id_is_valid,
        phone=unseal(person.phone_sealed) or "", relation_to_head=person.relation_to_head,
        class_kind=person.class_kind, key_person_kind=person.key_person_kind,
        occupation=person.occupation, employer=person.employer, special_needs=tuple(person.special_needs),
        remark=person.remark,
    )  # fmt: skip


_FACT_NAMES = tuple(field.name for field in fields(PersonFacts) if field.name != "id_is_valid")


def locked_person(actor: Actor, person_id: int) -> Person:
    """The person, locked for change. Raises Person.DoesNotExist where the actor may not see them."""
    return Person.objects.visible_to(actor).select_for_update(of=("self",), no_key=True).get(pk=person_id)


def _check_identity_free(
    actor: Actor, home: Household | Person, facts: PersonFacts, besides: int | None = None
) -> None:
    """Look in the actor's own places only: elsewhere the database refuses without telling who."""
    if not facts.id_number:
        return
    own = home.pk if isinstance(home, Person) else besides
    same = Person.objects.visible_to(actor).filter(
        community_id=home.community_id, id_index=blind_index("id", facts.id_number)
    )
    if own is not None:
        same = same.exclude(pk=own)
    other = same.exclude(state=LivingState.MOVED_OUT).select_related("household").first()
    if other is not None:
        address = other.household.address if other.household else ""
        raise RegistryError("identity_taken", "id_number", name=other.name, address=address, person_id=other.pk)


def _free_pseudonym(facts: PersonFacts, household_id: int) -> str:
    if facts.id_number:
        return pseudonym_of(facts, household_id)
    taken = set(Person.objects.filter(household_id=household_id).values_list("pseudonym", flat=True))
    repeated = 0
    while (pseudonym := pseudonym_of(facts, household_id, repeated)) in taken:
        repeated += 1
    return pseudonym


def _save(person: Person, home: Household | Person, facts: PersonFacts) -> None:
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        # The other one lives in a building that this actor does not answer for.
        if "registry_person_identity" not in str(error):
            raise
        raise RegistryError("identity_taken_elsewhere", "id_number") from error
