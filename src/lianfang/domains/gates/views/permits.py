"""Permits: asked for, given, refused, withdrawn, printed."""

from __future__ import annotations

from datetime import time
from typing import Any

import segno
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_time
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.domains.gates.forms import PERMIT_KINDS, PermitFilterForm
from lianfang.domains.gates.models import Permit
from lianfang.domains.gates.pages import permits_shown
from lianfang.domains.gates.problems import GateProblemError
from lianfang.domains.gates.selectors import gates_of, permit_for, permits_for, uses_of
from lianfang.domains.gates.services import (
    PermitAsked,
    approve_permit,
    ask_permit,
    is_in_force,
    refuse_permit,
    withdraw_permit,
)
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import NotThereError, person_for, search_people
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.instants import instant_of
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tables import Column, by_keyset

COLUMNS = (
    Column("person", "gates.column.person"),
    Column("kind", "gates.permit.kind"),
    Column("reason", "gates.permit.reason"),
    Column("starts", "gates.permit.starts_at", "starts_at", "when"),
    Column("ends", "gates.permit.ends_at", "ends_at", "when"),
    Column("hours", "gates.permit.hours"),
    Column("state", "gates.permit_state.title"),
    Column("uses", "gates.permit.uses", kind="number"),
)
# What a guard's device reads as a permit, and shows whose it is.
QR_PREFIX = "LFX:"
MOST_FOUND = 8
DAYS = tuple(range(1, 8))


@allow(Action.GATES_MANAGE, Action.REGISTRY_VIEW)
def permits(request: Any) -> HttpResponseBase:
    form = PermitFilterForm(request.GET)
    state = form.cleaned_data["state"] if form.is_valid() else ""
    table = by_keyset(request, permits_for(request.actor, state=state), COLUMNS, sort="-starts")
    rows = permits_shown(request.actor, table.rows, uses_of(table.rows))
    return render(request, "gates/permits.html", {
        "table": table, "rows": rows, "filter": form, "asked": permits_for(request.actor, state="asked").count(),
        "may_ask": _may_ask(request.actor), "is_filtered": bool(state),
    })  # fmt: skip


@allow(Action.GATES_MANAGE, Action.REGISTRY_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_permit(request: Any) -> HttpResponseBase:
    """Find the person first, then say why and when."""
    actor = request.actor
    text = request.GET.get("q", "").strip()
    person = _person(request)
    problem = None
    if request.method == "POST" and person is not None:
        try:
            made = ask_permit(actor=actor, person_id=person.pk, asked=_asked(request.POST))
        except GateProblemError as caught:
            problem = caught
        else:
            tell(request, t("gates.done.approve_permit" if made.approved_at else "gates.done.ask_permit"))
            return redirect("gates:permit", permit_id=made.pk)
    found = search_people(actor, text, MOST_FOUND) if text and person is None else []
    return render(request, "gates/permit_form.html", {
        "person": person, "q": text, "found": found,
        "kinds": [(one, t(f"gates.permit_kind.{one}")) for one in PERMIT_KINDS],
        "days": [(one, t(f"gates.weekday.{one}")) for one in DAYS],
        "gates": list(gates_of(actor).filter(closed_at=None).order_by("name")),
        "given": request.POST, "given_days": request.POST.getlist("weekdays"), "problem": problem,
        "problem_words": t(f"gates.problem.{problem.code}") if problem else "",
        "gives": actor.may(Action.GATES_MANAGE),
    }, status=422 if problem else 200)  # fmt: skip


@allow(Action.GATES_MANAGE, Action.REGISTRY_VIEW)
def permit(request: Any, permit_id: int) -> HttpResponseBase:
    found = _found(request, permit_id)
    [shown] = permits_shown(request.actor, [found], uses_of([found]))
    return render(request, "gates/permit.html", {
        "one": shown, "manages": request.actor.may(Action.GATES_MANAGE), "may_print": is_in_force(found),
        "may_withdraw": found.withdrawn_at is None and found.refused_at is None
        and (request.actor.may(Action.GATES_MANAGE) or (found.approved_at is None and _may_ask(request.actor))),
    })  # fmt: skip


@allow(Action.GATES_MANAGE, Action.REGISTRY_EDIT)
@require_POST
def settle_permit(request: Any, permit_id: int, what: str) -> HttpResponseBase:
    _found(request, permit_id)
    because = request.POST.get("because", "")
    acts: dict[str, Any] = {
        "approve": lambda: approve_permit(actor=request.actor, permit_id=permit_id),
        "refuse": lambda: refuse_permit(actor=request.actor, permit_id=permit_id, because=because),
        "withdraw": lambda: withdraw_permit(actor=request.actor, permit_id=permit_id, because=because),
    }
    if what not in acts:
        raise Http404
    try:
        acts[what]()
    except GateProblemError as problem:
        tell(request, t(f"gates.problem.{problem.code}"), tone="danger")
    else:
        tell(request, t(f"gates.done.{what}_permit"))
    return redirect("gates:permit", permit_id=permit_id)


@allow(Action.GATES_MANAGE, Action.REGISTRY_VIEW)
def print_permit(request: Any, permit_id: int) -> HttpResponseBase:
    """One sheet with a code that a guard's device reads, also without a network."""
    found = _found(request, permit_id)
    if not is_in_force(found):
        raise Http404
    [shown] = permits_shown(request.actor, [found], {})
    record(actor=request.actor, action="gates.print_permit", target_kind="permit", target_id=found.pk)
    return render(request, "gates/permit_print.html", {
        "one": shown, "qr": segno.make(f"{QR_PREFIX}{found.code}", error="m").svg_data_uri(scale=6, border=2),
        "as_of": timezone.now(),
    })  # fmt: skip


def _may_ask(actor: Actor) -> bool:
    return actor.may(Action.GATES_MANAGE) or actor.may(Action.REGISTRY_EDIT)


def _found(request: Any, permit_id: int) -> Permit:
    found = permit_for(request.actor, permit_id)
    if found is None:
        raise NotThereError(permit_id)
    return found


def _person(request: Any) -> Person | None:
    text = request.POST.get("person") or request.GET.get("person", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        return None
    return person_for(request.actor, int(text))


def _asked(given: Any) -> PermitAsked:
    starts = instant_of(given.get("starts_at", "")) if given.get("starts_at") else timezone.now()
    ends = instant_of(given.get("ends_at", ""))
    if starts is None or ends is None:
        raise GateProblemError("end_needed", "starts_at" if starts is None else "ends_at")
    days = tuple(int(one) for one in given.getlist("weekdays") if one.isascii() and one.isdecimal() and len(one) == 1)
    gate = given.get("gate", "")
    companions = given.get("companions", "") or "0"
    if not (companions.isascii() and companions.isdecimal() and len(companions) < 3):
        raise GateProblemError("companions_outside", "companions")
    return PermitAsked(
        kind=given.get("kind", ""), reason=given.get("reason", ""), starts_at=starts, ends_at=ends,
        gate_id=int(gate) if gate.isascii() and gate.isdecimal() and len(gate) < 19 else None,
        companions=int(companions), weekdays=days, from_time=_time(given, "from_time"),
        until_time=_time(given, "until_time"),
    )  # fmt: skip


def _time(given: Any, name: str) -> time | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    try:
        found = parse_time(text)
    except ValueError:
        found = None
    if found is None:
        raise GateProblemError("unreadable", name)
    return found.replace(tzinfo=None)
