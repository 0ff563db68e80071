"""What changed in a person's or a household's record, by whom and when: read from the triggers' history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps

from lianfang.domains.registry.models import Household, Person
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action

MOST = 50
PERSON_FIELDS = (
    "name", "sex", "birth_on", "id_type", "relation_to_head", "class_kind", "key_person_kind", "occupation", "employer",
    "special_needs", "state", "state_reason", "state_until_on", "last_contact_note", "remark",
)  # fmt: skip
HOUSEHOLD_FIELDS = ("room", "floor", "address", "tenancy", "remark")
HIDDEN_FIELDS = {"id_index": "id_number", "phone_index": "phone"}
"""Numbers: that they changed is told, what they were is not."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field; ``before`` and ``after`` are None for a number."""

    field: str
    before: Any
    after: Any
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One saving of the record. ``kind`` is insert, update or delete."""

    at: datetime
    kind: str
    by: str
    changes: tuple[FieldChange, ...]
    version: int


def person_history(actor: Actor, person: Person) -> list[RecordChange]:
    """Newest first, at most MOST. What happened while the person lived outside of the actor's places is not shown."""
    actor.authorise(Action.REGISTRY_VIEW)
    return _history("PersonEvent", person.pk, (*PERSON_FIELDS, "household_id"))


def household_history(actor: Actor, household: Household) -> list[RecordChange]:
    """Newest first, at most MOST."""
    actor.authorise(Action.REGISTRY_VIEW)
    return _history("HouseholdEvent", household.pk, HOUSEHOLD_FIELDS)


def version_of(person: Person, version: int) -> Any | None:
    """The person's row as it was at ``version``; None where history does not go back so far."""
    events = apps.get_model("registry", "PersonEvent").objects.filter(pgh_obj_id=person.pk, version=version)
    return events.order_by("pgh_id").first()


def _history(model: str, pk: int, fields: Iterable[str]) -> list[RecordChange]:
    events = apps.get_model("registry", model).objects.filter(pgh_obj_id=pk)
    newest = list(events.select_related("pgh_context").order_by("-pgh_id")[: MOST + 1])
    found: list[RecordChange] = []
    for event, before in zip(newest[:MOST], [*newest[1:], None], strict=False):
        changes = _changes(event, before, fields) if before is not None else ()
        if before is not None and not changes:
            continue
        context = event.pgh_context.metadata if event.pgh_context else {}
        found.append(
            RecordChange(event.pgh_created_at, event.pgh_label, context.get("actor", ""), changes, event.version)
        )
    return found


def _changes(event: Any, before: Any, fields: Iterable[str]) -> tuple[FieldChange, ...]:
    shown = [
        FieldChange(name, getattr(before, name), getattr(event, name))
        for name in fields
        if getattr(before, name) != getattr(event, name)
    ]
    hidden = [
        FieldChange(name, None, None, is_hidden=True)
        for column, name in HIDDEN_FIELDS.items()
        if hasattr(event, column) and _bytes(getattr(before, column)) != _bytes(getattr(event, column))
    ]
    return (*shown, *hidden)


def _bytes(value: Any) -> bytes:
    return b"" if value is None else bytes(value)
