# ruff: noqa: E501
"""Positive pools and the people held for them, to the end: re-sampled singly, released, a case."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.lab_testing.models import HoldState
from lianfang.domains.lab_testing.results import selectors, services
from lianfang.domains.lab_testing.results.terms import hold_terms
from lianfang.domains.lab_testing.results.transitions import HoldMove
from lianfang.domains.lab_testing.results.views.answers import told, whole
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Tab
from lianfang.foundation.web.tables import Column, by_keyset

COLUMNS = (
    Column("person", "lab_results.column.person"),
    Column("address", "lab_results.column.address"),
    Column("tube", "lab_results.column.tube", kind="code"),
    Column("state", "lab_results.column.state"),
    Column("starts_at", "lab_results.column.since", "starts_at", "when"),
    Column("ends_at", "lab_results.column.until", "ends_at", "when"),
    Column("retest", "lab_results.column.retest", kind="code"),
)
STATES = ("open", "to_resample", "expired", "released", "case", "all")


@allow(Action.TESTING_VIEW)
def pools(request: Any) -> HttpResponseBase:
    is_all = request.GET.get("show") == "all"
    tabs = [Tab(t("lab_results.pool.open"), "?", not is_all), Tab(t("lab_results.pool.all"), "?show=all", is_all)]
    shown = selectors.pools(request.actor, only_open=not is_all)
    return render(request, "lab_testing/results/pools.html", {"pools": shown, "tabs": tabs, "as_of": timezone.now()})


@allow(Action.TESTING_VIEW)
@told
def pool(request: Any, pk: int) -> HttpResponseBase:
    """Everyone in one tube, as far as the actor sees them, and what every laboratory said of it."""
    held = list(selectors.holds_for(request.actor, state="all", tube_id=pk).order_by("id")[:200])
    if not held:
        raise Http404(pk)
    people = selectors.described(request.actor, held)
    tube = people[0].tube
    return render(request, "lab_testing/results/pool.html", {
        "tube": tube, "people": people, "results": selectors.results_of(request.actor, [pk]), "terms": hold_terms(tube.township_id, timezone.now()),
        "may_sample": request.actor.may(Action.TESTING_SAMPLE), "may_decide": request.actor.may(Action.CASES_DECIDE),
        "left": sum(one.hold.state in selectors.OPEN and one.retest is None for one in people), "as_of": timezone.now(),
    })  # fmt: skip


@allow(Action.TESTING_VIEW)
def holds(request: Any) -> HttpResponseBase:
    state = request.GET.get("state", "open")
    tabs = [Tab(t(f"lab_results.hold_filter.{name}"), f"?state={name}", state == name) for name in STATES]
    table = by_keyset(request, selectors.holds_for(request.actor, state=state), COLUMNS, sort="ends_at")
    return render(request, "lab_testing/results/holds.html", {
        "table": table, "people": selectors.described(request.actor, list(table.rows)), "tabs": tabs, "as_of": timezone.now(),
    })  # fmt: skip


@allow(Action.TESTING_VIEW)
def resampling(request: Any) -> HttpResponseBase:
    """The list for the doors: who is to be sampled singly, in walking order."""
    people = selectors.resampling_list(request.actor, whole(request.GET.get("tube")))
    groups: list[tuple[str, list[selectors.HeldPerson]]] = []
    for one in people:
        where = one.address.split(" ")[0]
        if not groups or groups[-1][0] != where:
            groups.append((where, []))
        groups[-1][1].append(one)
    record(
        actor=request.actor, action="testing.resampling_printed", target_kind="hold", details={"people": len(people)}
    )
    return render(
        request,
        "lab_testing/results/resampling.html",
        {"groups": groups, "count": len(people), "as_of": timezone.now()},
    )


@allow(Action.TESTING_SAMPLE)
@require_POST
@told
def retest(request: Any, pk: int) -> HttpResponseBase:
    hold = services.hold_for(request.actor, pk)
    sample = services.open_retest(actor=request.actor, hold_id=pk, code=request.POST.get("code", ""))
    tell(request, t("lab_results.told.retest", name=sample.name))
    return redirect("lab_testing:pool", hold.tube_id)


@allow(Action.CASES_DECIDE)
@require_POST
@told
def settle(request: Any, pk: int) -> HttpResponseBase:
    """Release or case by hand, with a reason."""
    asked = request.POST.get("do", "")
    if asked not in list(HoldMove):
        raise services.ResultRefusedError("unknown_act")
    hold = services.settle_hold(
        actor=request.actor, hold_id=pk, move=HoldMove(asked), reason=request.POST.get("reason", "")
    )
    tell(
        request,
        t("lab_results.told.settled_case" if hold.state == HoldState.CASE else "lab_results.told.settled_released"),
    )
    return redirect("lab_testing:pool", hold.tube_id)
