"""Forms of the registry: few fields, errors in words beside the field, nothing typed is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator

from lianfang.domains.registry import words
from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.models import Household, Person, Place, PlaceKind
from lianfang.domains.registry.services.places import PARENTS
from lianfang.domains.registry.wording import code_words
from lianfang.foundation.privacy.numbers import mask_identity, mask_phone, unseal
from lianfang.foundation.web.language import t

NUMBERS = ("id_number", "phone")


def problem_words(problem: RegistryError) -> str:
    """What is wrong and what to do, in the reader's language."""
    if problem.code == "cell":
        return t(f"note.{problem.gaps['note']}")
    gaps = {name: value for name, value in problem.gaps.items() if name != "person_id"}
    if problem.code == "state_move":
        gaps = {name: code_words("state", str(value)) for name, value in gaps.items()}
    return t(f"registry.problem.{problem.code}", **gaps)


class WordedForm(forms.Form):
    """A form whose labels are texts: ``registry.field.<name>``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = field.label or t(f"registry.field.{name}")
            field.error_messages.update(required=t("registry.problem.required"), invalid=t("registry.problem.invalid"))
            field.error_messages["invalid_choice"] = t("registry.problem.invalid_choice")
            if isinstance(field, forms.CharField):
                field.validators = [
                    MaxLengthValidator(one.limit_value, t("registry.problem.too_long", longest=one.limit_value))
                    if isinstance(one, MaxLengthValidator)
                    else one
                    for one in field.validators
                ]

    def choose(self, name: str, offered: list[tuple[str, str]]) -> None:
        """Offer ``offered`` as the choices of a field."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = offered

    def refuse(self, problem: RegistryError) -> None:
        """Show what the service refused beside the field that it is about."""
        self.add_error(problem.field if problem.field in self.fields else None, problem_words(problem))


def choices(table: str, codes: tuple[str, ...], kept: str = "") -> list[tuple[str, str]]:
    """The codes with their words, after "not known"; a word that is registered and no code stays choosable."""
    others = [kept] if kept and kept not in codes else []
    return [("", t("registry.form.not_known")), *((code, code_words(table, code)) for code in (*codes, *others))]


class PersonForm(WordedForm):
    """A person at the door: the name is enough. When editing, an empty number keeps the registered one."""

    name = forms.CharField(max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    id_number = forms.CharField(
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    phone = forms.CharField(
        max_length=30, required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"})
    )
    sex = forms.ChoiceField(required=False)
    birth_on = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    relation_to_head = forms.ChoiceField(required=False)
    class_kind = forms.ChoiceField(required=False)
    special_needs = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    key_person_kind = forms.CharField(max_length=40, required=False)
    occupation = forms.CharField(max_length=60, required=False)
    employer = forms.CharField(max_length=120, required=False)
    id_type = forms.ChoiceField(required=False)
    remark = forms.CharField(max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    clear_id_number = forms.BooleanField(required=False)
    clear_phone = forms.BooleanField(required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    DOOR = ("name", "id_number", "phone", "relation_to_head", "class_kind", "sex", "birth_on")
    MORE = ("key_person_kind", "occupation", "employer", "id_type", "remark")

    def __init__(self, *args: Any, person: Person | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        kept = person or Person()
        self.choose("sex", choices("sex", words.SEXES))
        self.choose("relation_to_head", choices("relation", words.RELATIONS, kept.relation_to_head))
        self.choose("class_kind", choices("class", words.CLASSES, kept.class_kind))
        self.choose("id_type", choices("id_type", words.ID_TYPES, kept.id_type))
        needs = words.ordered_needs((*words.SPECIAL_NEEDS, *kept.special_needs))
        self.choose("special_needs", [(code, code_words("need", code)) for code in needs])
        if person is None:
            for name in ("clear_id_number", "clear_phone", "version"):
                del self.fields[name]
            return
        for name, sealed, mask in (
            ("id_number", person.id_sealed, mask_identity),
            ("phone", person.phone_sealed, mask_phone),
        ):
            if sealed is None:
                del self.fields[f"clear_{name}"]
            else:
                self.fields[name].help_text = t("registry.form.keeps_number", number=mask(unseal(sealed)))

    @classmethod
    def of(cls, person: Person) -> PersonForm:
        """The form as it opens for ``person``: their facts, but no number."""
        shown = {name: getattr(person, name) for name in (*cls.DOOR, *cls.MORE, "special_needs") if name not in NUMBERS}
        return cls(person=person, initial={**shown, "version": person.version})

    def facts(self) -> dict[str, Any]:
        """What ``register_person`` or ``edit_person`` takes; a number that is kept is left out when editing."""
        given = {name: self.cleaned_data.get(name) for name in (*self.DOOR, *self.MORE, "special_needs")}
        given["special_needs"] = tuple(given["special_needs"] or ())
        given = {name: "" if value is None and name != "birth_on" else value for name, value in given.items()}
        if self.person is None:
            return given
        for name in NUMBERS:
            if self.cleaned_data.get(f"clear_{name}"):
                given[name] = ""
            elif not given[name]:
                del given[name]
        return given

    @property
    def door_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.DOOR]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.MORE]

    @property
    def opens_more(self) -> bool:
        """Whether the folded part holds something: filled in, or wrong."""
        return any(self[name].errors or self[name].value() for name in self.MORE)


class HouseholdForm(WordedForm):
    """A household: its room; the rest may come later."""

    room = forms.CharField(max_length=40, required=False)
    floor = forms.IntegerField(required=False, min_value=-9, max_value=200)
    tenancy = forms.ChoiceField(required=False)
    remark = forms.CharField(max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, household: Household | None = None, places: list[Place] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        kept = household.tenancy if household is not None else ""
        self.choose("tenancy", choices("tenancy", words.TENANCIES, kept))
        for bound in ("min_value", "max_value"):
            self.fields["floor"].error_messages[bound] = t("registry.problem.invalid")

    @classmethod
    def of(cls, household: Household) -> HouseholdForm:
        shown = {name: getattr(household, name) for name in ("room", "floor", "tenancy", "remark", "version")}
        return cls(household=household, initial=shown)


class PlaceForm(WordedForm):
    """A place below another one."""

    kind = forms.ChoiceField()
    name = forms.CharField(max_length=120, required=False)
    code = forms.RegexField(r"^[0-9]{12}$", required=False, widget=forms.TextInput(attrs={"inputmode": "numeric"}))

    def __init__(self, *args: Any, parent: Place | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        above = parent.kind if parent else None
        kinds = [kind for kind in PlaceKind.values if above in PARENTS[kind]]
        self.choose("kind", [(kind, code_words("kind", kind)) for kind in kinds])
        if not any(
            kind in (PlaceKind.PROVINCE, PlaceKind.CITY, PlaceKind.COUNTY, PlaceKind.TOWNSHIP, PlaceKind.COMMUNITY)
            for kind in kinds
        ):
            del self.fields["code"]


class StateForm(WordedForm):
    """Where a person is now."""

    state = forms.ChoiceField(widget=forms.RadioSelect)
    reason = forms.CharField(max_length=200, required=False)
    until_on = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args: Any, states: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose("state", [(state, t(f"registry.move.{state}")) for state in states])


class PeopleFilterForm(WordedForm):
    """The filters of the list of people; only what stands in its choices is asked of the database."""

    q = forms.CharField(max_length=40, required=False, widget=forms.TextInput(attrs={"type": "search"}))
    place = forms.ChoiceField(required=False)
    state = forms.ChoiceField(required=False)
    class_kind = forms.ChoiceField(required=False)
    need = forms.ChoiceField(required=False)
    key = forms.ChoiceField(required=False)

    def __init__(
        self,
        data: Mapping[str, Any],
        *,
        places: list[tuple[str, str]],
        needs: Mapping[str, int],
        kinds: Mapping[str, int],
    ) -> None:
        super().__init__(data)
        every = ("", t("registry.filter.all"))
        self.choose("place", [every, *places])
        self.choose(
            "state",
            [
                ("", t("registry.filter.residents")),
                *((state, code_words("state", state)) for state in ("living", "away", "moved_out", "died")),
                ("all", t("registry.filter.everybody")),
            ],
        )
        self.choose("class_kind", [every, *((code, code_words("class", code)) for code in words.CLASSES)])
        some = ("any", t("registry.filter.any"))
        self.choose(
            "need", [every, some, *((code, f"{code_words('need', code)} {count}") for code, count in needs.items())]
        )
        self.choose("key", [every, some, *((kind, f"{kind} {count}") for kind, count in kinds.items())])
