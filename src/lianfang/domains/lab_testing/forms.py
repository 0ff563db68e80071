"""Forms of testing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from lianfang.domains.lab_testing import roster
from lianfang.domains.lab_testing.models import ContactOutcome, TubeState
from lianfang.domains.lab_testing.selectors import NOT_CONTACTED
from lianfang.domains.lab_testing.selectors.missing import LAST_ROUNDS
from lianfang.domains.lab_testing.services import POOL_SIZES, Draw
from lianfang.domains.registry.models import Place, PlaceKind
from lianfang.domains.registry.words import SPECIAL_NEEDS
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.web.language import t

_OFFERED = {
    PlaceKind.COUNTY: (PlaceKind.TOWNSHIP, PlaceKind.COMMUNITY),
    PlaceKind.TOWNSHIP: (PlaceKind.COMMUNITY, PlaceKind.COMPOUND),
    PlaceKind.COMMUNITY: (PlaceKind.COMPOUND, PlaceKind.BUILDING),
}
MOST_PLACES = 400


def _moment(label: str, initial: Any = None) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(
        label=label, initial=initial, widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )


def place_choices(actor: Actor) -> list[tuple[str, str]]:
    """The actor's own place and those inside it, each with what it lies in, in walking order."""
    own = roster.own_place(actor)
    if own is None:
        return []
    inside = [
        one
        for kind in _OFFERED.get(PlaceKind(own.kind), (PlaceKind.BUILDING,))
        for one in roster.places_within(own, kind)
    ]
    shown = {one.pk: one for one in (own, *inside[:MOST_PLACES])}
    names = roster.names_of(pk for one in shown.values() for pk in (one.pk, one.parent_id))
    return [(str(pk), _place_label(one, names, own)) for pk, one in shown.items()]


def _place_label(place: Place, names: dict[int, str], own: Place) -> str:
    above = names.get(place.parent_id or 0, "")
    if place.pk == own.pk:
        return t("lab_testing.plan.everybody_in", place=names[place.pk])
    return f"{above} · {names[place.pk]}" if above and place.parent_id != own.pk else names[place.pk]


class PlanForm(forms.Form):
    """Where, when, whom, how."""

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        start = timezone.localtime().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        places = place_choices(actor)
        own = roster.own_place(actor)
        groups = roster.groups_among([own.pk]) if own is not None else []
        kinds = [
            (kind.value, t(f"lab_testing.place_kind.{kind.value}")) for kind in (PlaceKind.COMPOUND, PlaceKind.BUILDING)
        ]
        boxes = forms.CheckboxSelectMultiple
        self.fields |= {
            "name": forms.CharField(label=t("lab_testing.plan.name"), max_length=80, required=False),
            "places": forms.MultipleChoiceField(
                label=t("lab_testing.plan.places"),
                choices=places,
                widget=boxes,
                initial=[places[0][0]] if places else [],
            ),
            "starts_at": _moment(t("lab_testing.plan.starts_at"), start),
            "ends_at": _moment(t("lab_testing.plan.ends_at"), start + timedelta(hours=6)),
            "pool_size": forms.TypedChoiceField(
                label=t("lab_testing.plan.pool_size"),
                coerce=int,
                initial=10,
                choices=[(size, t("lab_testing.tube.capacity", count=size)) for size in POOL_SIZES],
            ),
            "result_due_hours": forms.IntegerField(
                label=t("lab_testing.plan.result_due_hours"), min_value=1, max_value=168, initial=24
            ),
            "groups": forms.MultipleChoiceField(
                label=t("lab_testing.plan.groups"),
                required=False,
                widget=boxes,
                choices=[(group, group_label(group)) for group in groups],
            ),
            "exempt_needs": forms.MultipleChoiceField(
                label=t("lab_testing.plan.exempt_needs"),
                required=False,
                widget=boxes,
                choices=[(need, t(f"lab_testing.need.{need}")) for need in SPECIAL_NEEDS],
            ),
            "is_must_test": forms.BooleanField(label=t("lab_testing.plan.is_must_test"), required=False, initial=True),
            "is_drill": forms.BooleanField(label=t("lab_testing.plan.is_drill"), required=False),
            "draw_kind": forms.ChoiceField(
                label=t("lab_testing.plan.draw_kind"), required=False, choices=[("", "—"), *kinds]
            ),
            "draw_count": forms.IntegerField(
                label=t("lab_testing.plan.draw_count"), required=False, min_value=1, max_value=1000
            ),
        }

    def terms(self) -> dict[str, Any]:
        """The arguments of ``plan_round``."""
        given = dict(self.cleaned_data)
        kind, count = given.pop("draw_kind"), given.pop("draw_count")
        places = [int(pk) for pk in given.pop("places")]
        return {**given, "place_ids": places, "draw": Draw(kind, count) if kind and count else None}


def group_label(group: str) -> str:
    """A group of people in the reader's language where it is a class of the registry, else as it was written."""
    return t(f"lab_testing.group.{group}") if group in ("permanent", "floating") else group


class MissingForm(forms.Form):
    """Filters of the missing list."""

    def __init__(
        self, places: list[tuple[str, str]], buildings: list[tuple[str, str]], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        outcomes = [("", t("lab_testing.missing.any")), (NOT_CONTACTED, t("lab_testing.missing.not_contacted")),
                    *((one.value, t(f"lab_testing.outcome.{one.value}")) for one in ContactOutcome)]  # fmt: skip
        times = [
            ("", t("lab_testing.missing.any")),
            *((str(n), t("lab_testing.missing.at_least", count=n)) for n in range(2, LAST_ROUNDS + 1)),
        ]
        if len(places) > 1:
            self.fields["community"] = _optional(t("lab_testing.by.community"), places)
        if buildings:
            self.fields["building"] = _optional(t("lab_testing.by.building"), buildings)
        self.fields["outcome"] = forms.ChoiceField(
            label=t("lab_testing.missing.contact"), required=False, choices=outcomes
        )
        self.fields["missed"] = forms.ChoiceField(label=t("lab_testing.missing.missed"), required=False, choices=times)


def _optional(label: str, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", t("lab_testing.missing.any")), *choices])


class TubeFilter(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        states = [
            ("", t("lab_testing.missing.any")),
            *((one.value, t(f"lab_testing.tube_state.{one.value}")) for one in TubeState),
        ]
        only = [
            ("", t("lab_testing.missing.any")),
            *((one, t(f"lab_testing.tube.{one}")) for one in ("late", "overdue", "awaited")),
        ]
        self.fields["state"] = forms.ChoiceField(label=t("lab_testing.column.state"), required=False, choices=states)
        self.fields["only"] = forms.ChoiceField(label=t("lab_testing.tube.waiting"), required=False, choices=only)


class TeamForm(forms.Form):
    def __init__(self, stairwells: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(label=t("lab_testing.team.name"), max_length=40)
        self.fields["members"] = forms.CharField(label=t("lab_testing.team.members"), max_length=200, required=False)
        self.fields["route"] = forms.MultipleChoiceField(
            label=t("lab_testing.team.route"), required=False, choices=stairwells, widget=forms.CheckboxSelectMultiple
        )


class PackForm(forms.Form):
    def __init__(self, teams: list[tuple[str, str]], pool_size: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sizes = [(str(size), t("lab_testing.tube.capacity", count=size)) for size in POOL_SIZES]
        self.fields |= {
            "team": forms.ChoiceField(label=t("lab_testing.kit.team"), required=False, choices=[("", "—"), *teams]),
            "capacity": forms.ChoiceField(label=t("lab_testing.plan.pool_size"), choices=sizes, initial=str(pool_size)),
            "is_household": forms.BooleanField(label=t("lab_testing.tube.household"), required=False),
            "kits": forms.IntegerField(label=t("lab_testing.kit.how_many"), min_value=1, max_value=50, initial=1),
            "count": forms.IntegerField(
                label=t("lab_testing.kit.labels_each"), min_value=1, max_value=2000, initial=40, required=False
            ),
            "first": forms.CharField(label=t("lab_testing.kit.first"), max_length=30, required=False),
            "last": forms.CharField(label=t("lab_testing.kit.last"), max_length=30, required=False),
        }
