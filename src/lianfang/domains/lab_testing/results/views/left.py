# ruff: noqa: E501
"""Tubes that wait, and results that count for nobody: what each is and what to do."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.lab_testing.results import selectors, services
from lianfang.domains.lab_testing.results.views.answers import told
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action, Level
from lianfang.foundation.audit.services import record
from lianfang.foundation.web.exports import ExportColumn, export_rows
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Tab
from lianfang.foundation.web.tables import Column, by_keyset

WAITING = (
    Column("code", "lab_results.column.tube", kind="code"),
    Column("sealed_at", "lab_results.column.since", "sealed_at", "when"),
    Column("due_at", "lab_results.column.due_at", kind="when"),
    Column("state", "lab_results.column.state"),
    Column("swabs", "lab_results.column.people", kind="number"),
    Column("laboratory", "lab_results.column.laboratory"),
    Column("round", "lab_results.column.round"),
)
LEFT = (
    Column("received_at", "lab_results.column.received_at", "received_at", "when"),
    Column("code", "lab_results.column.tube", kind="code"),
    Column("outcome", "lab_results.column.outcome"),
    Column("laboratory", "lab_results.column.laboratory"),
    Column("why", "lab_results.column.why"),
    Column("source", "lab_results.column.source"),
    Column("act", "", kind="action"),
)
MOST_EXPORTED = 50_000


@allow(Action.TESTING_VIEW)
def waiting(request: Any) -> HttpResponseBase:
    table = by_keyset(request, selectors.waiting_tubes(request.actor), WAITING, sort="sealed_at")
    return render(request, "lab_testing/results/waiting.html", {"table": table, "now": timezone.now()})


@allow(Action.TESTING_VIEW)
def leftovers(request: Any) -> HttpResponseBase:
    state, counts = request.GET.get("state", ""), selectors.leftover_counts(request.actor)
    tabs = [Tab(t("lab_results.left.all"), "?", not state, count=sum(counts.values()))]
    tabs += [
        Tab(t(f"lab_results.result_state.{name}"), f"?state={name}", state == name, count=count)
        for name, count in counts.items()
        if count
    ]
    return render(request, "lab_testing/results/leftovers.html", {
        "table": by_keyset(request, selectors.leftovers(request.actor, state), LEFT, sort="-received_at"), "tabs": tabs,
        "contradicting": selectors.contradicting_tubes(request.actor), "counts": counts,
        "may_settle": request.actor.may(Action.TESTING_RESULTS),
        "may_accept": counts.get("elsewhere") and request.actor.level in (Level.TOWNSHIP, Level.COUNTY) and request.actor.may(Action.TESTING_RESULTS),
    })  # fmt: skip


@allow(Action.TESTING_VIEW)
def export_leftovers(request: Any) -> HttpResponseBase:
    """For the laboratory: which rows could not be used, and why."""
    rows = selectors.leftovers(request.actor, request.GET.get("state", "")).order_by("-received_at", "-id")[
        :MOST_EXPORTED
    ]
    columns = [
        ExportColumn(t(f"lab_results.column.{name}"))
        for name in ("received_at", "tube", "outcome", "given", "laboratory", "why", "source")
    ]
    record(actor=request.actor, action="testing.leftovers_exported", target_kind="result")
    told_rows = (
        (one.received_at, one.tube_code, t(f"lab_results.outcome.{one.outcome or 'none'}"), one.given, one.laboratory,
         t(f"lab_results.result_state.{one.state}"), one.source)
        for one in rows.iterator(2_000)
    )  # fmt: skip
    return export_rows(
        told_rows,
        columns,
        title=t("lab_results.left.title"),
        actor=request.actor,
        purpose=t("lab_results.left.export_purpose"),
    )


@allow(Action.TESTING_RESULTS)
@require_POST
@told
def assign(request: Any, pk: int) -> HttpResponseBase:
    result = services.assign_result(actor=request.actor, result_id=pk, code=request.POST.get("code", ""))
    tell(request, t("lab_results.told.assigned", code=result.tube_code))
    return redirect("lab_testing:leftovers")


@allow(Action.TESTING_RESULTS)
@require_POST
@told
def accept(request: Any) -> HttpResponseBase:
    count = services.accept_elsewhere(actor=request.actor)
    tell(request, t("lab_results.told.accepted", count=count))
    return redirect("lab_testing:leftovers")
