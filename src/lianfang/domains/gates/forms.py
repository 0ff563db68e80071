"""Forms of gates: filters of lists, a gate's settings, a permit."""

from __future__ import annotations

from typing import Any

from django import forms

from lianfang.domains.gates.models import Answer, Direction, Gate, GateKind, PermitKind
from lianfang.domains.gates.problems import GateProblemError
from lianfang.domains.gates.selectors import PERMIT_STATES
from lianfang.domains.gates.services import GateSettings
from lianfang.foundation.web.language import t

GRADES = ("A", "B", "C", "D")


class CheckFilterForm(forms.Form):
    def __init__(self, given: Any, gates: list[Gate]) -> None:
        super().__init__(given)
        every = [("", t("gates.filter.every_gate")), *((str(one.pk), one.name) for one in gates)]
        self.fields["gate"] = forms.ChoiceField(choices=every, required=False, label=t("gates.column.gate"))
        self.fields["direction"] = _choice("direction", Direction.values)
        self.fields["answer"] = _choice("answer", Answer.values)
        self.fields["plate"] = forms.CharField(required=False, max_length=12, label=t("gates.column.plate"))
        self.fields["destination"] = forms.CharField(required=False, max_length=40, label=t("gates.column.destination"))
        for name in ("since", "until"):
            day = forms.DateInput(attrs={"type": "date"})
            label = t(f"gates.filter.{name}")
            self.fields[name] = forms.CharField(required=False, max_length=20, label=label, widget=day)


class PermitFilterForm(forms.Form):
    def __init__(self, given: Any) -> None:
        super().__init__(given)
        self.fields["state"] = _choice("permit_state", PERMIT_STATES)


def _choice(table: str, codes: Any) -> forms.ChoiceField:
    choices = [("", t("gates.filter.all")), *((code, t(f"gates.{table}.{code}")) for code in codes)]
    return forms.ChoiceField(choices=choices, required=False, label=t(f"gates.{table}.title"))


class GateForm(forms.Form):
    """A gate's settings; empty hours mean "as the pack says"."""

    kind = forms.ChoiceField()
    name = forms.CharField(max_length=60)
    checks_in = forms.BooleanField(required=False)
    checks_out = forms.BooleanField(required=False)
    opens = forms.TimeField(required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    closes = forms.TimeField(required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    negative_hours = forms.IntegerField(required=False, min_value=0, max_value=168)
    asks_temperature = forms.BooleanField(required=False)
    fever_from = forms.FloatField(initial=37.3, widget=forms.NumberInput(attrs={"step": "0.1"}))
    asks_plate = forms.BooleanField(required=False)
    asks_destination = forms.BooleanField(required=False)
    asks_travel = forms.BooleanField(required=False)
    vaccine_doses = forms.IntegerField(required=False, min_value=0, max_value=5)
    basis = forms.CharField(max_length=200, required=False)
    grade = forms.ChoiceField(choices=[(one, one) for one in GRADES], initial="D")
    note = forms.CharField(max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(one, t(f"gates.kind.{one}")) for one in GateKind.values]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            field.label = t(f"gates.field.{name}")
            hint = f"gates.hint.{name}"
            field.help_text = t(hint) if name in _HINTS else ""
            field.error_messages["required"] = t("gates.problem.needed")
            field.error_messages["invalid"] = t("gates.problem.unreadable")

    def settings(self) -> GateSettings:
        given = dict(self.cleaned_data)
        given["vaccine_doses"] = given["vaccine_doses"] or 0
        return GateSettings(**given)

    def refuse(self, problem: GateProblemError) -> None:
        """Show what the service refused beside its field."""
        self.add_error(problem.field if problem.field in self.fields else None, t(f"gates.problem.{problem.code}"))


_HINTS = frozenset({"negative_hours", "fever_from", "basis", "grade", "asks_travel", "asks_destination", "opens"})


def initial_of(gate: Gate) -> dict[str, Any]:
    return {name: getattr(gate, name) for name in GateForm.base_fields}


PERMIT_KINDS = tuple(PermitKind.values)
