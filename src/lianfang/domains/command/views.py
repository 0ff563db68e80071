"""The command page, and the daily table."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods

from lianfang.domains.command.daily import (
    COUNTED,
    ENTERED,
    FIGURES,
    LONGEST,
    DailySummary,
    changes_of,
    communities_of,
    daily_summary,
    first_day,
)
from lianfang.domains.command.export import write_daily_table
from lianfang.domains.command.overview import overview
from lianfang.domains.command.services import FigureProblemError, enter_figures
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action, Role
from lianfang.foundation.audit.services import record
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Chart, Series

# Where each role lands: on what it needs, not on a menu.
LANDS = {
    Role.BUILDING_CHIEF: "registry:places",
    Role.RESIDENT: "registry:my_household",
    Role.SAMPLER: "lab_testing:rounds",
    Role.COURIER: "lab_testing:receive",
    Role.GUARD: "status:check",
    Role.AUDITOR: "access:audit",
    Role.ADMINISTRATOR: "access:accounts",
}


@allow()
def home(request: Any) -> HttpResponseBase:
    """The address "/": each role's own first page."""
    if request.actor.posting_id is None:
        return redirect("access:account")
    return redirect(LANDS.get(request.actor.role, "command:overview"))


@allow(Action.COMMAND_VIEW)
def command_page(request: Any) -> HttpResponseBase:
    """What is wrong, in ten seconds: worst first, each figure a link to its list. Polled every 15 s."""
    found = overview(request.actor, timezone.now())
    return render(request, "command/overview.html", {"found": found, "as_of": found.as_of})


@allow(Action.COMMAND_VIEW)
def daily(request: Any) -> HttpResponseBase:
    summary, problem = _asked_summary(request)
    return render(
        request,
        "command/daily.html",
        {
            "summary": summary,
            "figures": FIGURES,
            "entered": ENTERED,
            "counted": COUNTED,
            "changes": changes_of(summary),
            "communities": communities_of(request.actor),
            "community": request.GET.get("community", ""),
            "problem": problem,
            "chart": _chart(summary),
            "days": list(reversed(summary.days)),
            "may_enter": request.actor.may(Action.CASES_DECIDE),
        },
    )


@allow(Action.SUMMARY_EXPORT)
def daily_export(request: Any) -> HttpResponseBase:
    summary, _ = _asked_summary(request)
    label = request.actor.place_label
    file = write_daily_table(summary, actor=request.actor, place_label=label, at=timezone.localtime())
    record(actor=request.actor, action="command.export_daily_table",
           details={"first_on": summary.first_on.isoformat(), "last_on": summary.last_on.isoformat()})  # fmt: skip
    return FileResponse(
        file, as_attachment=True, filename=f"{t('command_post.table.file')}-{summary.last_on.isoformat()}.xlsx"
    )


@allow(Action.CASES_DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: Any) -> HttpResponseBase:
    """The figures of one day: a row per community, a column per figure that is entered; the whole grid is saved at
    once."""
    on = _day(request.POST.get("on") or request.GET.get("on", "")) or timezone.localdate()
    communities = communities_of(request.actor)
    given: dict[str, str] = {}
    errors: dict[str, str] = {}
    if request.method == "POST":
        given = {name: value.strip() for name, value in request.POST.items() if name.startswith("figure-")}
        errors = _save(request, communities, on, given)
        if not errors:
            messages.success(request, t("command_post.done.entered"))
            return redirect(f"{request.path}?on={on.isoformat()}")
    if not given:
        given = _as_entered(request, on)
    rows = [
        (
            place,
            [
                (
                    figure,
                    f"figure-{place.pk}-{figure}",
                    given.get(f"figure-{place.pk}-{figure}", ""),
                    errors.get(f"figure-{place.pk}-{figure}", ""),
                )
                for figure in ENTERED
            ],
        )
        for place in communities
    ]
    context = {"on": on, "rows": rows, "entered": ENTERED, "problem": errors.get("", ""), "count": len(errors)}
    return render(request, "command/enter.html", context, status=422 if errors else 200)


def _save(request: Any, communities: list[Any], on: date, given: dict[str, str]) -> dict[str, str]:
    errors: dict[str, str] = {}
    wanted: dict[int, dict[str, int | None]] = {}
    for place in communities:
        for figure in ENTERED:
            name = f"figure-{place.pk}-{figure}"
            text = given.get(name, "")
            if text and not (text.isascii() and text.isdigit() and len(text) < 10):
                errors[name] = t("command_post.problem.number_unreadable")
            else:
                wanted.setdefault(place.pk, {})[figure] = int(text) if text else None
    if errors:
        return errors
    with transaction.atomic():
        for community, values in wanted.items():
            try:
                enter_figures(actor=request.actor, community_id=community, on=on, values=values)
            except FigureProblemError as problem:
                errors[f"figure-{community}-{problem.figure}" if problem.figure else ""] = t(
                    f"command_post.problem.{problem.code}"
                )
        # The whole grid or nothing of it.
        transaction.set_rollback(bool(errors))
    return errors


def _as_entered(request: Any, on: date) -> dict[str, str]:
    found = daily_summary(request.actor, on, on).by_community
    return {
        f"figure-{line.place_id}-{figure}": str(line.cells[figure].value)
        for line in found
        for figure in ENTERED
        if line.cells[figure].value is not None
    }


def _asked_summary(request: Any) -> tuple[DailySummary, str]:
    """The days and the community of the address; where they make no sense, all days, and words that say so."""
    today = timezone.localdate()
    begins = first_day(request.actor, today)
    first_on, last_on = _day(request.GET.get("since", "")) or begins, _day(request.GET.get("until", "")) or today
    community = request.GET.get("community", "")
    community_id = int(community) if community.isdecimal() and len(community) < 18 else None
    problem = ""
    if not timedelta(0) <= last_on - first_on <= LONGEST:
        first_on, last_on, problem = begins, today, t("command_post.problem.days_wrong", days=LONGEST.days)
    return daily_summary(request.actor, first_on, last_on, community_id), problem


def _chart(summary: DailySummary) -> Chart:
    return Chart(
        title=t("command_post.table.trend"),
        labels=tuple(line.on.strftime("%m-%d") for line in summary.days),
        series=(
            Series(
                t("command_post.figure.positives"), tuple(line.cells["positives"].value for line in summary.days), "bad"
            ),
        ),
        kind="bar",
    )


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
