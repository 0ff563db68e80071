"""The form that plans a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from lianfang.domains.registry.sweeps.services import MOST_TEAMS
from lianfang.foundation.web.language import t


class SweepForm(forms.Form):
    """Where, how many teams, until when."""

    places = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    teams = forms.IntegerField(min_value=1, max_value=MOST_TEAMS, initial=4)
    name = forms.CharField(max_length=80, required=False)
    due_on = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, places: Sequence[tuple[str, str]], *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        field: Any = self.fields["places"]
        field.choices = places
        for name in self.fields:
            self.fields[name].label = t(f"sweeps.field.{name}")
