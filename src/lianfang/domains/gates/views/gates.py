"""Gates and what they ask, with what passed there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.domains.gates.forms import GateForm, initial_of
from lianfang.domains.gates.pages import checks_shown, entries_shown, gate_lines, hour_chart, rules_shown
from lianfang.domains.gates.problems import GateProblemError
from lianfang.domains.gates.rules import asked_at, asked_at_gates
from lianfang.domains.gates.selectors import (
    CheckFilter,
    checks_for,
    counts_by_gate,
    counts_by_hour,
    differences_for,
    emergencies_for,
    gate_of,
    open_gates_of,
    permits_for,
)
from lianfang.domains.gates.services import change_gate, close_gate, open_gate, place_code_of, renew_place_code
from lianfang.domains.registry.models import Place, PlaceKind
from lianfang.domains.registry.selectors import names_of_places, own_places
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t

_KINDS = (PlaceKind.COUNTY, PlaceKind.TOWNSHIP, PlaceKind.COMMUNITY, PlaceKind.COMPOUND)
MOST_PLACES = 600
LATEST = 20


@allow(Action.COMMAND_VIEW, Action.GATES_MANAGE)
def gates(request: Any) -> HttpResponseBase:
    """Every gate with what it asks and what passed in the last 24 hours; first what waits for somebody."""
    actor, now = request.actor, timezone.now()
    found = list(open_gates_of(actor))
    counts = counts_by_gate(actor, now - timedelta(hours=24))
    lines = gate_lines(found, asked_at_gates(found, now), counts)
    return render(request, "gates/list.html", {
        "lines": lines, "chart": hour_chart(counts_by_hour(actor, now=now)) if found else None,
        "passed": sum(one.into + one.out for one in lines), "stopped": sum(one.stopped for one in lines),
        "emergencies": emergencies_for(actor).count(), "differences": differences_for(actor).count(),
        "permits": permits_for(actor, state="asked").count(), "manages": actor.may(Action.GATES_MANAGE), "as_of": now,
    })  # fmt: skip


@allow(Action.COMMAND_VIEW, Action.GATES_MANAGE)
def gate(request: Any, gate_id: int) -> HttpResponseBase:
    found, now = gate_of(request.actor, gate_id), timezone.now()
    latest = list(checks_for(request.actor, CheckFilter(gate=found.pk)).order_by("-happened_at", "-pk")[:LATEST])
    return render(request, "gates/gate.html", {
        "gate": found, "place": names_of_places([found.place])[found.place_id],
        "rules": rules_shown(asked_at(found, now)),
        "chart": hour_chart(counts_by_hour(request.actor, gate_id=found.pk, now=now)),
        "place_code": place_code_of(found), "entries": entries_shown(request.actor, found),
        "latest": checks_shown(request.actor, latest), "manages": request.actor.may(Action.GATES_MANAGE), "as_of": now,
    })  # fmt: skip


@allow(Action.GATES_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_gate(request: Any) -> HttpResponseBase:
    form = GateForm(request.POST or None, initial={"checks_in": True, "checks_out": True, "asks_temperature": True})
    place_problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            made = open_gate(
                actor=request.actor, place_id=_number(request.POST.get("place", "")), settings=form.settings()
            )
        except GateProblemError as problem:
            if problem.field == "place":
                place_problem = t(f"gates.problem.{problem.code}")
            else:
                form.refuse(problem)
        else:
            tell(request, t("gates.done.open"))
            return redirect("gates:gate", gate_id=made.pk)
    context = {"form": form, "places": _places(request.actor), "chosen": request.POST.get("place", ""),
               "place_problem": place_problem}  # fmt: skip
    return render(request, "gates/form.html", context, status=422 if request.method == "POST" else 200)


@allow(Action.GATES_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_gate(request: Any, gate_id: int) -> HttpResponseBase:
    found = gate_of(request.actor, gate_id)
    form = GateForm(request.POST or None, initial=initial_of(found))
    if request.method == "POST" and form.is_valid():
        try:
            change_gate(actor=request.actor, gate_id=found.pk, settings=form.settings())
        except GateProblemError as problem:
            form.refuse(problem)
        else:
            tell(request, t("gates.done.change"))
            return redirect("gates:gate", gate_id=found.pk)
    return render(
        request, "gates/form.html", {"form": form, "gate": found}, status=422 if request.method == "POST" else 200
    )


@allow(Action.GATES_MANAGE)
@require_POST
def shut_gate(request: Any, gate_id: int) -> HttpResponseBase:
    found = gate_of(request.actor, gate_id)
    try:
        close_gate(actor=request.actor, gate_id=found.pk)
    except GateProblemError as problem:
        tell(request, t(f"gates.problem.{problem.code}"), tone="danger")
        return redirect("gates:gate", gate_id=found.pk)
    tell(request, t("gates.done.close", name=found.name))
    return redirect("gates:list")


@allow(Action.GATES_MANAGE)
@require_POST
def new_place_code(request: Any, gate_id: int) -> HttpResponseBase:
    """Give the gate a place code, or another one where its secret may be known."""
    found = gate_of(request.actor, gate_id)
    try:
        renew_place_code(actor=request.actor, gate_id=found.pk)
    except GateProblemError as problem:
        tell(request, t(f"gates.problem.{problem.code}"), tone="danger")
    else:
        tell(request, t("gates.done.place_code"))
    return redirect("gates:gate", gate_id=found.pk)


def _places(actor: Any) -> list[tuple[int, str]]:
    """Where the actor may open a gate, in walking order."""
    own = [place.pk for place in own_places(actor)]
    found = Place.objects.filter(path__overlap=own, kind__in=_KINDS, closed_on=None).order_by("path")[:MOST_PLACES]
    places = list(found)
    names = names_of_places([*places, *Place.objects.filter(pk__in={pk for one in places for pk in one.path})])
    return [(one.pk, " ".join(names[pk] for pk in one.path[-2:] if pk in names)) for one in places]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
