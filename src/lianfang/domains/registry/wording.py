"""The registry's codes in words of the reader's language; a word that is no code is shown as it was written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.utils import timezone

from lianfang.domains.registry.models import Household, Person
from lianfang.foundation.web.language import current_texts, t

CODED = {
    "sex": "sex", "id_type": "id_type", "relation_to_head": "relation", "class_kind": "class", "tenancy": "tenancy",
    "state": "state",
}  # fmt: skip


def code_words(table: str, code: str) -> str:
    """The word of a code of ``registry.<table>``, or the code itself."""
    key = f"registry.{table}.{code}"
    texts = current_texts()
    return texts(key) if code and key in texts else code


def needs_words(needs: Iterable[str]) -> str:
    return t("web.comma").join(code_words("need", code) for code in needs)


def age_of(birth_on: date | None) -> int | None:
    """Years at today's date; None where the day of birth is not known."""
    if birth_on is None:
        return None
    today = timezone.localdate()
    return today.year - birth_on.year - ((today.month, today.day) < (birth_on.month, birth_on.day))


def person_line(person: Person) -> str:
    """Sex and age, as far as they are known."""
    age = age_of(person.birth_on)
    parts = [code_words("sex", person.sex), "" if age is None else t("registry.person.age", age=age)]
    return t("web.comma").join(part for part in parts if part)


def state_words(person: Person) -> str:
    """Where the person is; with the reason and the end of an absence."""
    words = code_words("state", person.state)
    if person.state_until_on is not None and person.state == "away":
        words = t("registry.person.until", state=words, day=person.state_until_on.isoformat())
    return t("registry.person.because", state=words, reason=person.state_reason) if person.state_reason else words


def value_words(field: str, value: object) -> str:
    """A value of a field as the history of changes shows it."""
    if value is None or value == "" or value == []:
        return t("registry.history.nothing")
    if field == "special_needs" and isinstance(value, Sequence):
        return needs_words(value)
    if field in CODED:
        return code_words(CODED[field], str(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def where(household: Household | None) -> str:
    return household.address if household is not None else t("registry.person.no_household")
