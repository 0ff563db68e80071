"""Pages of statuses: lists, one person's explanation, the gate's question, orders, overrides, objections."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.domains.cases.exposure_pages import exposures_shown
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import people_for, person_for, search_people
from lianfang.domains.status.codes import standing_papers
from lianfang.domains.status.followed import orders_shown, tests_due_of
from lianfang.domains.status.models import Colour, EmergencyOverride, Objection, StatusOrder
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.rule_words import reason_in_general
from lianfang.domains.status.selectors import (
    count_by_status,
    orders_waiting,
    overrides_to_review,
    runs_waiting,
    status_for,
    status_list,
    statuses_for,
    unanswered_objections,
    withheld_for,
)
from lianfang.domains.status.services import (
    approve_order,
    give_emergency_override,
    order_rules,
    propose_order,
    raise_objection,
    review_override,
    withdraw_order,
)
from lianfang.domains.status.timeline import Recomputed, recomputed_at, timeline_of
from lianfang.domains.status.words import explain, reason_of
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.privacy.numbers import blind_index
from lianfang.foundation.web.exports import ExportColumn, export_rows
from lianfang.foundation.web.instants import instant_of
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tables import Column, by_keyset

COLUMNS = (
    Column("status", "status.column.status", "status"),
    Column("person", "status.column.person"),
    Column("address", "status.column.address"),
    Column("reason", "status.column.reason", "reason"),
    Column("until", "status.column.until", "until_at", "when"),
)
MOST_EXPORTED = 50_000
MOST_FOUND = 8


class StatusFilter(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", t("status.filter.all")), *((colour, t(f"web.pill.{colour}")) for colour in Colour.values)]
        self.fields["status"] = forms.ChoiceField(choices=choices, required=False, label=t("status.column.status"))


@allow(Action.STATUS_VIEW)
def statuses(request: Any) -> HttpResponseBase:
    asked = StatusFilter(request.GET)
    wanted = asked.cleaned_data["status"] if asked.is_valid() else ""
    table = by_keyset(request, status_list(request.actor, status=wanted), COLUMNS, sort="until")
    return render(
        request,
        "status/list.html",
        {
            "table": table,
            "rows": _with_people(request.actor, table.rows),
            "filter": asked,
            "counts": count_by_status(request.actor),
            "orders": orders_waiting(request.actor).count(),
            "runs": runs_waiting(request.actor).count(),
            "overrides": overrides_to_review(request.actor).count(),
            "objections": unanswered_objections(request.actor).count(),
        },
    )


@allow(Action.STATUS_VIEW)
def export(request: Any) -> HttpResponseBase:
    asked = StatusFilter(request.GET)
    wanted = asked.cleaned_data["status"] if asked.is_valid() else ""
    found = list(status_list(request.actor, status=wanted).order_by("status", "pk")[:MOST_EXPORTED])
    rows = (
        (
            t(f"web.pill.{one.status}"),
            person.name if person else "",
            _address(person),
            reason_of(one),
            one.since_at,
            one.until_at,
        )
        for one, person in _with_people(request.actor, found)
    )
    columns = [
        ExportColumn(t(f"status.column.{name}")) for name in ("status", "person", "address", "reason", "since", "until")
    ]
    record(actor=request.actor, action="status.export", details={"rows": len(found), "status": wanted})
    return export_rows(rows, columns, title=t("status.title"), actor=request.actor, purpose=t("privacy.purpose.duty"))


@allow(Action.STATUS_VIEW)
@require_http_methods(["GET", "HEAD"])
def person_status(request: Any, person_id: int) -> HttpResponseBase:
    """One person's status with its reasons; ``?at=`` decides again with what was known then."""
    person = person_for(request.actor, person_id)
    return render(request, "status/person.html", {**_person_context(request, person), "then": _then(request, person)})


def _person_context(request: Any, person: Any) -> dict[str, Any]:
    return {
        "person": person,
        "explained": explain(status_for(request.actor, person.pk), with_links=True),
        "steps": timeline_of(request.actor, person.pk),
        "shows_links": True,
        "withheld": _withheld(request.actor, person.pk),
        "orders": orders_shown(request.actor, person),
        "exposures": exposures_shown(request.actor, person),
        "tests_due": tests_due_of(person.pk),
        "objections": Objection.objects.visible_to(request.actor).filter(person_id=person.pk).order_by("-made_at")[:20],
        "papers": _papers(request.actor, person.pk),
        "rules": order_rules(person, timezone.now()) if request.actor.may(Action.STATUS_ORDER) else (),
        "errors": {},
        "given": {},
    }


def _papers(actor: Any, person_id: int) -> list[Any]:
    """Codes on paper that may be withdrawn by who looks at them."""
    if not actor.may(Action.REGISTRY_EDIT):
        return []
    return list(standing_papers(actor, person_id, timezone.now())[:5])


def _withheld(actor: Any, person_id: int) -> tuple[Any, str] | None:
    """What waits for somebody or was refused, with its reason in words."""
    found = withheld_for(actor, person_id)
    if found is None:
        return None
    return found, reason_in_general(found.pack, found.pack_version, found.rule, found.reason, found.params)


def _then(request: Any, person: Any) -> Recomputed | None:
    at = instant_of(request.GET.get("at", ""))
    return None if at is None or at > timezone.now() else recomputed_at(request.actor, person.pk, at)


@allow(Action.STATUS_ORDER, Action.STATUS_VIEW)
@require_POST
def person_act(request: Any, person_id: int, what: str) -> HttpResponseBase:
    """Propose an order, or write down an objection."""
    person = person_for(request.actor, person_id)
    given = request.POST
    try:
        if what == "order":
            starts, ends = (
                instant_of(given.get("starts_at", "")) or timezone.now(),
                instant_of(given.get("ends_at", "")),
            )
            if ends is None:
                raise StatusProblemError("end_needed", "ends_at")
            propose_order(
                actor=request.actor,
                person_id=person.pk,
                rule=given.get("rule", ""),
                reason=given.get("reason", ""),
                evidence=given.get("evidence", ""),
                starts_at=starts,
                ends_at=ends,
            )
            done = t("status.done.order")
        else:
            made = raise_objection(actor=request.actor, person_id=person.pk, text=given.get("text", ""))
            done = t("status.done.objection", who=made.assigned_to or t("status.objection.nobody"))
    except StatusProblemError as problem:
        context = {
            **_person_context(request, person),
            "errors": {problem.field: t(f"status.problem.{problem.code}")},
            "given": given,
        }
        return render(request, "status/person.html", context, status=422)
    messages.success(request, done)
    return redirect("status:person", person_id=person.pk)


@allow(Action.STATUS_VIEW)
def orders(request: Any) -> HttpResponseBase:
    waiting = list(orders_waiting(request.actor)[:500])
    passages = list(overrides_to_review(request.actor)[:500])
    whose = {one.person_id for one in waiting} | {one.person_id for one in passages}
    people = {one.pk: one for one in people_for(request.actor, whose)}
    return render(request, "status/orders.html", {
        "orders": [(one, people.get(one.person_id)) for one in waiting],
        "overrides": [(one, people.get(one.person_id)) for one in passages],
    })  # fmt: skip


@allow(Action.STATUS_ORDER)
@require_POST
def settle_order(request: Any, order_id: int, what: str) -> HttpResponseBase:
    """Approve or withdraw an order."""
    order = StatusOrder(pk=order_id)
    try:
        if what == "approve":
            approve_order(actor=request.actor, order=order)
        else:
            withdraw_order(actor=request.actor, order=order, because=request.POST.get("because", ""))
    except StatusProblemError as problem:
        messages.error(request, t(f"status.problem.{problem.code}"))
    else:
        messages.success(request, t(f"status.done.{'approve' if what == 'approve' else 'withdraw'}"))
    return redirect("status:orders")


@allow(Action.STATUS_ORDER)
@require_POST
def settle_override(request: Any, override_id: int) -> HttpResponseBase:
    try:
        review_override(
            actor=request.actor, override=EmergencyOverride(pk=override_id), note=request.POST.get("note", "")
        )
    except StatusProblemError as problem:
        messages.error(request, t(f"status.problem.{problem.code}"))
    else:
        messages.success(request, t("status.done.review"))
    return redirect("status:orders")


@allow(Action.EMERGENCY)
@require_http_methods(["GET", "HEAD"])
def check(request: Any) -> HttpResponseBase:
    """The gate's question: may this person pass, and why not. What was typed or scanned finds the person."""
    text = request.GET.get("q", "").strip()
    people = _asked_people(request.actor, text) if text else []
    found = statuses_for(request.actor, [one.pk for one in people])
    return render(
        request,
        "status/check.html",
        {
            "q": text,
            "rows": [(one, explain(found.get(one.pk), with_evidence=False)) for one in people],
            "shows_address": request.actor.may(Action.REGISTRY_SEARCH),
        },
    )


def _asked_people(actor: Any, text: str) -> list[Any]:
    """Whoever may search finds by name or room too; a guard by the whole number that a person shows, and no address."""
    if actor.may(Action.REGISTRY_SEARCH):
        return search_people(actor, text, MOST_FOUND)
    compact = "".join(text.split()).upper()
    exact = Q(id_index=blind_index("id", compact)) | Q(phone_index=blind_index("phone", compact))
    return list(Person.objects.visible_to(actor).filter(exact).order_by("pk")[:MOST_FOUND])


@allow(Action.EMERGENCY)
@require_POST
def pass_emergency(request: Any, person_id: int) -> HttpResponseBase:
    """The button that always works."""
    try:
        give_emergency_override(actor=request.actor, person_id=person_id, reason=request.POST.get("reason", ""))
    except StatusProblemError as problem:
        messages.error(request, t(f"status.problem.{problem.code}"))
        return redirect("status:check")
    messages.success(request, t("status.done.emergency"))
    return redirect(
        request.POST.get("next") if request.POST.get("next", "").startswith("/status/") else "/status/check/"
    )


def _with_people(actor: Any, rows: list[Any]) -> list[tuple[Any, Any]]:
    people = {one.pk: one for one in people_for(actor, {one.person_id for one in rows})}
    return [(one, people.get(one.person_id)) for one in rows]


def _address(person: Any) -> str:
    return person.household.address if person is not None and person.household is not None else ""
