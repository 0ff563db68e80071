"""The live list of checks, and what has to be looked at afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.gates.forms import CheckFilterForm
from lianfang.domains.gates.models import GateCheck
from lianfang.domains.gates.pages import checks_shown, differences_shown, emergencies_shown
from lianfang.domains.gates.problems import GateProblemError
from lianfang.domains.gates.selectors import (
    CheckFilter,
    checks_for,
    differences_for,
    emergencies_for,
    open_gates_of,
    require_reader,
)
from lianfang.domains.gates.services import review_emergency, settle_difference
from lianfang.domains.registry.selectors import names_of
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.privacy.numbers import mask_identity, unseal
from lianfang.foundation.web.exports import ExportColumn, export_rows
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.instants import instant_of
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tables import Column, by_keyset

COLUMNS = (
    Column("at", "gates.column.at", "happened_at", "when"),
    Column("gate", "gates.column.gate"),
    Column("direction", "gates.column.direction"),
    Column("person", "gates.column.person"),
    Column("answer", "gates.column.answer"),
    Column("asked", "gates.column.asked"),
    Column("plate", "gates.column.plate"),
    Column("destination", "gates.column.destination"),
    Column("device", "gates.column.device"),
)
MOST_EXPORTED = 50_000
MOST_OPEN = 300


@allow(Action.COMMAND_VIEW, Action.GATES_MANAGE)
def checks(request: Any) -> HttpResponseBase:
    """Who passed where; plates and destinations at county gates. Renewed by itself while it is the first page."""
    form = CheckFilterForm(request.GET, list(open_gates_of(request.actor)))
    found = _chosen(request, form)
    table = by_keyset(request, found, COLUMNS, sort="-at")
    is_first = not any(name in request.GET for name in ("after", "before"))
    return render(request, "gates/checks.html", {
        "table": table, "rows": checks_shown(request.actor, table.rows), "filter": form, "is_live": is_first,
        "is_filtered": any(request.GET.get(name) for name in form.fields), "as_of": timezone.now(),
    })  # fmt: skip


@allow(Action.COMMAND_VIEW, Action.GATES_MANAGE)
def export(request: Any) -> HttpResponseBase:
    """The list as it is filtered. Plates are masked; who needs one whole opens it on the page, with a purpose."""
    form = CheckFilterForm(request.GET, list(open_gates_of(request.actor)))
    found = list(_chosen(request, form).order_by("-happened_at", "-pk")[:MOST_EXPORTED])
    places = names_of({one.gate.place_id for one in found})
    rows = (
        (one.row.happened_at, f"{places.get(one.row.gate.place_id, '')} {one.row.gate.name}",
         t(f"gates.direction.{one.row.direction}"), one.who, one.answer, one.reason, one.row.temperature,
         mask_identity(unseal(one.row.plate_sealed)), one.row.destination, one.row.companions, one.row.device_name,
         one.row.received_at)
        for one in checks_shown(request.actor, found)
    )  # fmt: skip
    names = ("at", "gate", "direction", "person", "answer", "reason", "temperature", "plate", "destination",
             "companions", "device", "received")  # fmt: skip
    columns = [ExportColumn(t(f"gates.column.{name}")) for name in names]
    record(actor=request.actor, action="gates.export", details={"rows": len(found)})
    purpose = t("privacy.purpose.duty")
    return export_rows(rows, columns, title=t("gates.checks.title"), actor=request.actor, purpose=purpose)


def _chosen(request: Any, form: CheckFilterForm) -> QuerySet[GateCheck]:
    wanted = form.cleaned_data if form.is_valid() else {}
    gate, person = wanted.get("gate", ""), request.GET.get("person", "")
    asked = CheckFilter(
        gate=int(gate) if gate else None, direction=wanted.get("direction", ""), answer=wanted.get("answer", ""),
        plate=wanted.get("plate", ""), destination=wanted.get("destination", ""),
        person_id=int(person) if person.isascii() and person.isdecimal() and len(person) < 19 else None,
        since=instant_of(wanted.get("since", "")), until=_end_of(wanted.get("until", "")),
    )  # fmt: skip
    return checks_for(request.actor, asked)


def _end_of(text: str) -> datetime | None:
    """A day alone is meant to its last moment."""
    found = instant_of(text)
    return found + timedelta(days=1) if found is not None and len(text.strip()) == len("2022-08-30") else found


@allow(Action.COMMAND_VIEW, Action.GATES_MANAGE)
def review(request: Any) -> HttpResponseBase:
    """Emergencies that were let through and checks that the server would have answered otherwise."""
    actor = request.actor
    require_reader(actor)
    emergencies = list(emergencies_for(actor)[:MOST_OPEN])
    differences = list(differences_for(actor)[:MOST_OPEN])
    settled = list(emergencies_for(actor, only_open=False).exclude(reviewed_at=None)[:20])
    return render(request, "gates/review.html", {
        "emergencies": emergencies_shown(actor, emergencies), "differences": differences_shown(actor, differences),
        "settled": emergencies_shown(actor, settled), "manages": actor.may(Action.GATES_MANAGE),
        "as_of": timezone.now(),
    })  # fmt: skip


@allow(Action.GATES_MANAGE)
@require_POST
def settle(request: Any, what: str, row_id: int) -> HttpResponseBase:
    note = request.POST.get("note", "")
    try:
        if what == "emergency":
            review_emergency(actor=request.actor, emergency_id=row_id, note=note)
        else:
            settle_difference(actor=request.actor, difference_id=row_id, note=note)
    except GateProblemError as problem:
        tell(request, t(f"gates.problem.{problem.code}"), tone="danger")
    else:
        tell(request, t("gates.done.review"))
    return redirect("gates:review")
