"""Pages of runs: which stopped or worsened many, what one of them is about, and what people do about it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.domains.status.full_check import last_check
from lianfang.domains.status.limits import worsening_limit
from lianfang.domains.status.models import StatusRun
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.run_pages import place_names, preview_of, shown_run, shown_runs
from lianfang.domains.status.runs import approve_run, reject_run, undo_run
from lianfang.domains.status.selectors import runs_waiting, status_run_for, status_runs
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.wording import clock, local

MOST_SHOWN = 60
_ACTS = {"approve": approve_run, "reject": reject_run, "undo": undo_run}


@allow(Action.STATUS_VIEW)
@require_http_methods(["GET", "HEAD"])
def runs(request: Any) -> HttpResponseBase:
    """Runs that wait for a person first; then the large ones, or with ``?all=1`` every one."""
    everything = request.GET.get("all") == "1"
    waiting = list(runs_waiting(request.actor)[:MOST_SHOWN])
    known = {run.pk for run in waiting}
    found = status_runs(request.actor, only_large=not everything)[:MOST_SHOWN]
    context = {
        "waiting": shown_runs(request.actor, waiting),
        "others": shown_runs(request.actor, [run for run in found if run.pk not in known]),
        "everything": everything,
        "limit": worsening_limit(),
        "share": round(worsening_limit().share * 100),
        "checked": _last_check(),
    }
    return render(request, "status/runs.html", context)


@allow(Action.STATUS_VIEW)
@require_http_methods(["GET", "HEAD"])
def run(request: Any, run_id: int) -> HttpResponseBase:
    return _page(request, run_id)


@allow(Action.STATUS_ORDER)
@require_POST
def settle_run(request: Any, run_id: int, what: str) -> HttpResponseBase:
    """Approve, reject or undo, with a reason; what was typed is kept where it cannot be done."""
    if what not in _ACTS:
        raise Http404
    try:
        _ACTS[what](actor=request.actor, run_id=run_id, because=request.POST.get("because", ""))
    except StatusProblemError as problem:
        if problem.code == "run_elsewhere":
            raise Http404 from problem
        return _page(request, run_id, problem=t(f"status.problem.{problem.code}"), because=request.POST.get("because"))
    tell(request, t(f"status.done.{what}_run"))
    return redirect("status:run", run_id=run_id)


def _last_check() -> str:
    """What the latest full check found, as a sentence; "" before the first."""
    found = last_check()
    if found is None:
        return ""
    count = int(found.details["differences"])
    key = "status.nightly.differs" if count else "status.nightly.equal"
    gaps = {"at": clock(local(found.at)), "people": found.details["people"]}
    return t(key, **gaps, **({"count": count} if count else {}))


def _page(request: Any, run_id: int, *, problem: str = "", because: str | None = "") -> HttpResponseBase:
    found = status_run_for(request.actor, run_id)
    if found is None:
        raise Http404
    undone_by = StatusRun.objects.visible_to(request.actor).filter(undoes=found.number, township_id=found.township_id)
    context = {
        "shown": shown_run(request.actor, found, place_names({found.community_id or found.township_id})),
        "run": found,
        "preview": preview_of(request.actor, found),
        "undone_by": undone_by.first(),
        "problem": problem,
        "because": because or "",
    }
    return render(request, "status/run.html", context, status=422 if problem else 200)
