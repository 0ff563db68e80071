"""Pre-registration: a household proposes, the community confirms. The register is never written by a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone

from lianfang.domains.registry.models import Household, Person
from lianfang.domains.registry.selectors import household_for, household_people
from lianfang.domains.registry.services import edit_person, mark_moved_out, register_person
from lianfang.domains.registry.services.people import facts_of
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.domains.registry.words import SPECIAL_NEEDS
from lianfang.domains.residents import events
from lianfang.domains.residents.models import Helper, PreRegistration, ProposalState, ProposedPerson, What
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.services.facts import GivenRow, RowProblem, RowsWrongError, read_row
from lianfang.domains.residents.transitions import PROPOSAL_MOVES
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit
from lianfang.foundation.privacy.numbers import blind_index, seal, unseal

MOST_ROWS = 15
MOST_WAITING = 30
_HOME = ("county_id", "township_id", "community_id", "building_id")
_CHANGEABLE = ("name", "id_number", "phone", "relation_to_head", "special_needs")


def send_pre_registration(
    *, actor: Actor, household_id: int, rows: Sequence[GivenRow], was_checked: bool, helper: Helper | None = None
) -> PreRegistration | None:
    """Keep what a household says of itself until the community has looked at it; None where nothing is new.

    Whoever has the same name as one resident is taken for that one, also by a phone that was not checked: such a phone
    sees nobody, and is not told whom it met. Raises RowsWrongError with every wrong
    field, ResidentProblemError where there are too many rows.
    """
    actor.authorise(Action.OWN_HOUSEHOLD)
    household = household_for(actor, household_id)
    given = [row for row in rows if not row.is_blank]
    if len(given) > MOST_ROWS:
        raise ResidentProblemError("too_many_rows", most=MOST_ROWS)
    proposed = _proposed(actor, household, given, was_checked)
    if not proposed:
        return None
    waiting = ProposedPerson.objects.visible_to(actor).filter(household_id=household.pk, state=ProposalState.WAITING)
    if waiting.count() + len(proposed) > MOST_WAITING:
        raise ResidentProblemError("too_many_waiting", most=MOST_WAITING)
    keys = {column: getattr(household, column) for column in _HOME} | {"household_id": household.pk}
    made = PreRegistration.objects.create(
        **keys, made_at=timezone.now(), made_by=actor.name, helper=helper, was_checked=was_checked
    )
    for position, columns in enumerate(proposed, 1):
        ProposedPerson.objects.create(**keys, pre_registration=made, position=position, **columns)
    record(actor=actor, action="residents.pre_register", target_kind="pre_registration", target_id=made.pk,
           details={"rows": len(proposed)})  # fmt: skip
    emit(events.PRE_REGISTERED, {"pre_registration_id": made.pk, "household_id": household.pk})
    return made


def _proposed(actor: Actor, household: Household, given: Sequence[GivenRow], was_checked: bool) -> list[dict[str, Any]]:
    residents = household_people(actor, household, residents_only=True)
    people = {one.pk: one for one in residents} if was_checked else {}
    problems: list[RowProblem] = []
    found: list[dict[str, Any]] = []
    names: dict[str, int] = {}
    for row in given:
        read, wrong = read_row(row)
        if row.person_id is not None and row.person_id not in people:
            wrong = [RowProblem(row.number, "name", ResidentProblemError("person_elsewhere", "name"))]
        if row.person_id is None and not wrong and names.setdefault(read.name, row.number) != row.number:
            said = ResidentProblemError("same_twice", "name", row=names[read.name])
            wrong = [RowProblem(row.number, "name", said)]
        if wrong:
            problems += wrong
            continue
        if row.person_id is not None:
            columns = _changed(people[row.person_id], read)
        else:
            columns = _new_or_again(residents, read, keeps_all=not was_checked)
        if columns:
            found.append(columns)
    if problems:
        raise RowsWrongError(problems)
    return found


def _new(row: GivenRow) -> dict[str, Any]:
    return {
        "what": What.NEW, "name": row.name, "id_sealed": seal(row.id_number), "phone_sealed": seal(row.phone),
        "relation_to_head": row.relation_to_head, "special_needs": list(row.special_needs), "remark": row.remark,
    }  # fmt: skip


def _new_or_again(residents: Sequence[Person], row: GivenRow, *, keeps_all: bool) -> dict[str, Any]:
    """Somebody new, or what is said of the one resident with this name; ``keeps_all``: also where nothing differs, so
    that an answer tells no stranger who lives here."""
    same = [one for one in residents if one.name == row.name]
    if len(same) != 1:
        return _new(row)
    person = same[0]
    # Who was not shown the boxes that are ticked has not unticked them.
    needs = tuple(need for need in SPECIAL_NEEDS if need in {*row.special_needs, *person.special_needs})
    found = _changed(person, replace(row, special_needs=needs))
    if not found and keeps_all:
        return {**_new(row), "what": What.CHANGE, "person_id": person.pk, "fields": []}
    return found


def _changed(person: Person, row: GivenRow) -> dict[str, Any]:
    """Only what differs from the register; an empty number keeps the registered one."""
    if row.has_left:
        return {"what": What.LEFT, "person_id": person.pk, "name": person.name, "remark": row.remark}
    before = facts_of(person)
    # Needs in free words stand on no phone's list of boxes: nobody takes them away by not ticking them.
    others = tuple(need for need in before.special_needs if need not in SPECIAL_NEEDS)
    row = replace(row, special_needs=(*row.special_needs, *others))
    fields = [
        name for name in _CHANGEABLE
        if getattr(row, name) != getattr(before, name) and (getattr(row, name) or name == "special_needs")
    ]  # fmt: skip
    if not fields and not row.remark:
        return {}
    return {**_new(row), "what": What.CHANGE, "person_id": person.pk, "name": row.name or person.name,
            "fields": fields}  # fmt: skip


def confirm_proposal(*, actor: Actor, proposal_id: int, version: int | None = None) -> ProposedPerson:
    """Write one row into the register. ``version`` is that of the person as the page showed them.

    Raises RegistryError where the register refuses it, ChangedMeanwhileError where the person was saved since; then the
    row goes on waiting.
    """
    actor.authorise(Action.REGISTRY_EDIT)
    row = _locked(actor, proposal_id, ProposalState.CONFIRMED)
    if row.what == What.NEW:
        household = household_for(actor, row.household_id)
        _check_not_there(actor, row)
        person = register_person(actor=actor, household=household, **_facts(row, ()))
    else:
        person = _person(actor, row)
        if row.what == What.LEFT:
            mark_moved_out(actor=actor, person=person, reason=row.remark)
        else:
            seen = person.version if version is None else version
            changes = {name: value for name, value in _facts(row, row.fields).items() if name in row.fields}
            edit_person(actor=actor, person=person, version=seen, changes=changes)
    row.person_id = person.pk
    return _settle(actor, row, ProposalState.CONFIRMED, "")


def reject_proposal(*, actor: Actor, proposal_id: int, because: str) -> ProposedPerson:
    """Leave the register as it is; the household reads why."""
    actor.authorise(Action.REGISTRY_EDIT)
    if not because.strip():
        raise ResidentProblemError("because_needed", "because")
    row = _locked(actor, proposal_id, ProposalState.REJECTED)
    return _settle(actor, row, ProposalState.REJECTED, because.strip()[:200])


def withdraw_proposal(*, actor: Actor, proposal_id: int) -> ProposedPerson:
    """The household takes a row back before anybody has decided."""
    actor.authorise(Action.OWN_HOUSEHOLD)
    return _settle(actor, _locked(actor, proposal_id, ProposalState.WITHDRAWN), ProposalState.WITHDRAWN, "")


def _check_not_there(actor: Actor, row: ProposedPerson) -> None:
    """Sent twice, or registered meanwhile: one person is registered once. Another identity number is another person."""
    same = Person.objects.visible_to(actor).filter(
        household_id=row.household_id, name=row.name, state__in=RESIDENT_STATES
    )
    number = unseal(row.id_sealed)
    for one in same:
        if not number or one.id_index is None or bytes(one.id_index) == blind_index("id", number):
            raise ResidentProblemError("already_registered")


def _person(actor: Actor, row: ProposedPerson) -> Person:
    """Whom the row is about, if they still live in that household."""
    found = Person.objects.visible_to(actor).filter(pk=row.person_id or 0, household_id=row.household_id).first()
    if found is None:
        raise ResidentProblemError("person_elsewhere")
    return found


def _facts(row: ProposedPerson, fields: Sequence[str]) -> dict[str, Any]:
    return {
        "name": row.name, "id_number": unseal(row.id_sealed) or "", "phone": unseal(row.phone_sealed) or "",
        "relation_to_head": row.relation_to_head, "special_needs": tuple(row.special_needs),
        "remark": "" if fields else row.remark,
    }  # fmt: skip


def _locked(actor: Actor, proposal_id: int, wanted: str) -> ProposedPerson:
    row = ProposedPerson.objects.visible_to(actor).select_for_update().filter(pk=proposal_id).first()
    if row is None:
        raise ResidentProblemError("proposal_elsewhere")
    if wanted not in PROPOSAL_MOVES[row.state]:
        raise ResidentProblemError("settled_already")
    return row


def _settle(actor: Actor, row: ProposedPerson, state: str, because: str) -> ProposedPerson:
    row.state, row.because = state, because
    row.decided_at, row.decided_by = timezone.now(), actor.name
    row.save()
    record(actor=actor, action=f"residents.proposal_{state}", target_kind="proposal", target_id=row.pk)
    emit(events.PROPOSALS_SETTLED, {"proposal_ids": [row.pk]})
    return row
