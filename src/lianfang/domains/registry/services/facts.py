"""What is registered of a person, checked and in normal form; and how numbers become columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils import timezone

from lianfang.domains.registry import words
from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.naming import initials_of, name_pinyin
from lianfang.engine.intake.values.contract import Reading, ValueContext
from lianfang.engine.intake.values.identity import read_id_number
from lianfang.engine.intake.values.names import name_normaliser
from lianfang.engine.intake.values.phones import phone_normaliser
from lianfang.foundation.privacy.numbers import blind_index, seal

_read_name = name_normaliser(with_companions=True)
_read_phone = phone_normaliser(with_companions=False)


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Everything a form or a list tells of one person, numbers in clear. ``id_is_valid`` None: no check exists."""

    name: str
    sex: str = ""
    birth_on: date | None = None
    id_type: str = ""
    id_number: str = ""
    id_is_valid: bool | None = None
    phone: str = ""
    relation_to_head: str = ""
    class_kind: str = ""
    key_person_kind: str = ""
    occupation: str = ""
    employer: str = ""
    special_needs: tuple[str, ...] = ()
    remark: str = ""


PLAIN_FIELDS = (
    "name", "sex", "birth_on", "id_type", "relation_to_head", "class_kind", "key_person_kind", "occupation", "employer",
    "special_needs", "remark",
)  # fmt: skip
NUMBER_FIELDS = ("id_number", "phone")
_LONGEST = {"name": 80, "key_person_kind": 40, "occupation": 60, "employer": 120, "remark": 400}


def understood(facts: PersonFacts) -> tuple[PersonFacts, dict[str, tuple[str, ...]]]:
    """The facts in normal form, and what a person should look at: field → codes of ``note`` texts.

    Raises RegistryError (code ``cell``, gap ``note``) for a field that cannot be understood. A number whose check
    digit is wrong is kept as written and marked: at a door at 4 a.m. a doubtful number is better than none.
    """
    context = ValueContext(timezone.localtime().replace(tzinfo=None))
    notes: dict[str, tuple[str, ...]] = {}
    name = _value(_read_name(facts.name.strip(), context), "name", notes)
    if not name:
        raise RegistryError("name_missing", "name")
    given = {"name": name}
    identity = _read_identity(facts, context, notes)
    phone = _value(_read_phone(facts.phone.strip(), context), "phone", notes) if facts.phone.strip() else ""
    if facts.birth_on is not None and facts.birth_on > timezone.localdate():
        raise RegistryError("birth_in_future", "birth_on")
    given |= {key: getattr(facts, key).strip() for key in _LONGEST if key != "name"}
    for key, longest in _LONGEST.items():
        if len(given[key]) > longest:
            raise RegistryError("too_long", key, longest=longest)
    coded = {
        "relation_to_head": words.read_relation(facts.relation_to_head),
        "class_kind": words.read_class(facts.class_kind),
        "special_needs": words.ordered_needs(facts.special_needs),
    }
    # What a valid number says of sex and birth outweighs what was ticked beside it.
    return replace(facts, **{"phone": phone, **given, **coded, **identity}), notes


def _read_identity(facts: PersonFacts, context: ValueContext, notes: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    text = facts.id_number.strip()
    if not text:
        return {"id_number": "", "id_type": facts.id_type, "id_is_valid": None}
    reading = read_id_number(text, context)
    number = _value(reading, "id_number", notes)
    said = reading.companions
    found: dict[str, Any] = {
        "id_number": number,
        "id_type": str(said.get("id_type") or facts.id_type or "other"),
        "id_is_valid": said.get("id_is_valid"),
    }
    if said.get("id_is_valid"):
        found |= {"sex": said["sex_from_id"], "birth_on": said["birth_on_from_id"]}
    return found


def _value(reading: Reading, field: str, notes: dict[str, tuple[str, ...]]) -> str:
    """The value read; raises where the text was there and was not understood."""
    wrong = [note.code for note in reading.notes if note.severity == "error"]
    if wrong or reading.value is None:
        said = wrong or [note.code for note in reading.notes] or ["not_understood"]
        raise RegistryError("cell", field, note=said[0])
    doubts = tuple(note.code for note in reading.notes if note.severity == "warning")
    if doubts:
        notes[field] = doubts
    return str(reading.value)


def number_columns(id_number: str, phone: str, key_number: int | None = None) -> dict[str, bytes | None]:
    """The sealed and indexed columns of the two numbers."""
    return {
        "id_sealed": seal(id_number, key_number),
        "id_index": blind_index("id", id_number),
        "phone_sealed": seal(phone, key_number),
        "phone_index": blind_index("phone", phone),
        "phone_tail_index": blind_index("phone_tail", phone_tail(phone)),
    }


def phone_tail(phone: str) -> str:
    """The last four digits, "" where there are not as many."""
    digits = "".join([char for char in phone if char.isdigit()])
    return digits[-4:] if len(digits) >= 4 else ""


def name_columns(name: str) -> dict[str, str]:
    pinyin = name_pinyin(name)
    return {"name": name, "name_pinyin": pinyin, "name_initials": initials_of(pinyin)}


def pseudonym_of(facts: PersonFacts, household_id: int | None, repeated: int = 0) -> str:
    """What the engine knows the person by: of the identity number, else of name, phone and household.

    ``repeated`` tells people apart who have all of these in common and no number.
    """
    known_by = facts.id_number or f"{facts.name}|{facts.phone}|{household_id}" + (f"|{repeated}" if repeated else "")
    index = blind_index("person", known_by)
    assert index is not None
    return index.hex()


def plain_columns(facts: PersonFacts) -> dict[str, Any]:
    """The columns that are neither sealed nor derived."""
    columns: Mapping[str, Any] = {name: getattr(facts, name) for name in PLAIN_FIELDS if name != "name"}
    return {**columns, "special_needs": list(facts.special_needs), "id_is_valid": facts.id_is_valid}
