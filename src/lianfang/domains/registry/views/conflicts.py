"""Two clerks with one person's form: both versions side by side, each field chosen, nothing typed lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from lianfang.domains.registry.forms import NUMBERS, PersonForm
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors.history import version_of
from lianfang.domains.registry.wording import value_words
from lianfang.foundation.web.language import t

FIELDS = (*PersonForm.DOOR, "special_needs", *PersonForm.MORE)
PICK = "pick_"


@dataclass(frozen=True, slots=True)
class Choice:
    """One field on which the two versions differ. ``picked``: "mine" or "theirs" before anybody chooses; both changed
    it where ``is_open``."""

    name: str
    label: str
    before: str
    mine: str
    theirs: str
    picked: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """``kept`` are the typed values as hidden inputs, so that the page posts all of them again."""

    choices: list[Choice]
    kept: list[tuple[str, str]]
    version: int


def conflict_of(form: PersonForm, now: Person) -> Conflict:
    """What the reader typed against what was saved meanwhile; a field that only one changed is decided already."""
    base = version_of(now, form.cleaned_data["version"] or 0)
    typed = form.facts()
    choices = [choice for name in FIELDS if (choice := _choice(name, typed, base, now)) is not None]
    kept = [
        (name, value)
        for name, values in typed_form(form).lists()
        if name in form.fields and name != "version"
        for value in values
    ]
    return Conflict(choices, kept, now.version)


def typed_form(form: PersonForm) -> QueryDict:
    """What was posted, with every value of a field that has several."""
    assert isinstance(form.data, QueryDict)
    return form.data


def _choice(name: str, typed: Mapping[str, Any], base: Any, now: Person) -> Choice | None:
    label = t(f"registry.field.{name}")
    if name in NUMBERS:
        return _number_choice(name, label, typed, base, now)
    mine, theirs = _plain(typed.get(name)), _plain(getattr(now, name))
    before = _plain(getattr(base, name)) if base is not None else None
    if mine == theirs:
        return None
    changed_by_me, changed_by_them = base is None or mine != before, base is None or theirs != before
    picked = "mine" if changed_by_me else "theirs"
    return Choice(
        name, label, value_words(name, before) if base is not None else "", value_words(name, mine),
        value_words(name, theirs),
        picked, changed_by_me and changed_by_them,
    )  # fmt: skip


def _number_choice(name: str, label: str, typed: Mapping[str, Any], base: Any, now: Person) -> Choice | None:
    column = "id_index" if name == "id_number" else "phone_index"
    changed_by_me = name in typed
    changed_by_them = base is None or bytes(getattr(base, column) or b"") != bytes(getattr(now, column) or b"")
    if not changed_by_me and not changed_by_them:
        return None
    new, same = t("registry.conflict.number_new"), t("registry.conflict.number_same")
    return Choice(
        name, label, "", new if changed_by_me else same, new if changed_by_them else same,
        "mine" if changed_by_me else "theirs", changed_by_me and changed_by_them,
    )  # fmt: skip


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | list) else "" if value is None else value


def merged(data: QueryDict, now: Person) -> QueryDict:
    """The posted form with the fields for which theirs was picked taken from the person as it is now."""
    picked = {name.removeprefix(PICK): value for name, value in data.items() if name.startswith(PICK)}
    theirs = [name for name, value in picked.items() if value == "theirs" and name in FIELDS]
    if not theirs:
        return data
    chosen = data.copy()
    for name in theirs:
        if name in NUMBERS:
            # An empty number keeps the registered one.
            chosen[name] = ""
            chosen.pop(f"clear_{name}", None)
            continue
        value = _plain(getattr(now, name))
        chosen.setlist(name, [str(one) for one in value] if isinstance(value, list) else [str(value)])
    return chosen
