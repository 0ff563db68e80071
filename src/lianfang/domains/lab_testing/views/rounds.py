"""Rounds: the list, the plan, and the live page on which a commander sees in ten seconds who is late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from lianfang.domains.lab_testing import roster, selectors, services
from lianfang.domains.lab_testing.engine_adapter import prove_round
from lianfang.domains.lab_testing.forms import PlanForm
from lianfang.domains.lab_testing.models import Round, RoundState
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.views.answers import round_or_404, told, whole
from lianfang.domains.registry.selectors import people_for
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Tab
from lianfang.foundation.web.tables import Column, by_page

COLUMNS = (
    Column("number", "lab_testing.column.number", "number", "number"),
    Column("name", "lab_testing.column.name", "name"),
    Column("state", "lab_testing.column.state", "state"),
    Column("places", "lab_testing.column.places"),
    Column("starts_at", "lab_testing.column.starts_at", "starts_at", "when"),
    Column("ends_at", "lab_testing.column.ends_at", "ends_at", "when"),
    Column("progress", "lab_testing.column.progress"),
)
PROOF_ROWS = 200


@allow(Action.TESTING_VIEW, Action.TESTING_HANDOVER)
def rounds(request: Any) -> HttpResponseBase:
    table = by_page(request, selectors.rounds_for(request.actor), COLUMNS, sort="-starts_at")
    names = roster.names_of(pk for round_ in table for pk in round_.place_ids[:4])
    may_look = request.actor.may(Action.TESTING_VIEW)
    rows = [
        {
            "round": round_,
            "places": [names[pk] for pk in round_.place_ids[:4] if pk in names],
            "more": max(0, len(round_.place_ids) - 4),
            "coverage": selectors.coverage(request.actor, round_)
            if may_look and round_.state == RoundState.OPEN
            else None,
        }
        for round_ in table
    ]
    return render(request, "lab_testing/rounds.html", {
        "table": table, "rows": rows, "may_plan": request.actor.may(Action.TESTING_PLAN),
    })  # fmt: skip


@allow(Action.TESTING_PLAN)
def plan(request: Any) -> HttpResponseBase:
    form = PlanForm(request.actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            round_ = services.plan_round(actor=request.actor, **form.terms())
        except RefusedError as error:
            form.add_error(None, error.text())
        else:
            tell(request, t("lab_testing.told.planned", name=round_.name))
            return redirect("lab_testing:round", round_.pk)
    return render(request, "lab_testing/plan.html", {"form": form}, status=422 if form.errors else 200)


@allow(Action.TESTING_VIEW)
def live(request: Any, pk: int) -> HttpResponseBase:
    round_ = round_or_404(request, pk)
    community, building = whole(request.GET.get("community")), whole(request.GET.get("building"))
    by = request.GET.get("by", "")
    if by not in ("community", "building", "unit"):
        by = "unit" if building else "building" if community or round_.community_id else "community"
    found = selectors.coverage(request.actor, round_, by, community_id=community, building_id=building)
    context = {
        "round": round_, "found": found, "by": by, "tabs": _tabs(request, by, community, building),
        "inside": roster.names_of([building or community]).get(building or community or 0, ""),
        "late": sorted((one for one in found.places if one.is_late), key=lambda one: -one.counts.missing)[:8],
        "rows": [(one, _deeper(one, by)) for one in found.places],
        "tubes": selectors.tube_counts(request.actor, round_), "is_open": round_.state == RoundState.OPEN,
        "is_planned": round_.state == RoundState.PLANNED, "query": request.GET.urlencode(),
        "may_plan": request.actor.may(Action.TESTING_PLAN), "may_sample": request.actor.may(Action.TESTING_SAMPLE),
        "as_of": found.as_of,
    }  # fmt: skip
    if request.GET.get("live") and request.htmx:
        return render(request, "lab_testing/coverage.html", context)
    looked, often = selectors.often_missed(request.actor, round_)
    names = roster.names_of(round_.place_ids[:30])
    context |= {
        "often": often, "looked": looked, "places": [names[pk] for pk in round_.place_ids[:30] if pk in names],
        "more": max(0, len(round_.place_ids) - 30),
        "exempted": selectors.planned_exemptions(request.actor, round_).count() if context["is_planned"] else 0,
    }  # fmt: skip
    return render(request, "lab_testing/round.html", context)


def _tabs(request: Any, by: str, community: int | None, building: int | None) -> list[Tab]:
    inside = f"&community={community}" if community else ""
    inside += f"&building={building}" if building else ""
    return [
        Tab(t(f"lab_testing.by.{name}"), f"?by={name}{inside}", name == by)
        for name in ("community", "building", "unit")
    ]


def _deeper(one: selectors.PlaceCounts, by: str) -> str:
    """The query that opens a line: a community's buildings, a building's stairwells."""
    if one.place_id is None or by == "unit":
        return ""
    return f"?{by}={one.place_id}&by={'building' if by == 'community' else 'unit'}"


MOVES: dict[str, Callable[[Actor, int, str], object]] = {
    "open": lambda actor, pk, _: services.open_round(actor=actor, round_id=pk),
    "close": lambda actor, pk, _: services.close_round(actor=actor, round_id=pk),
    "reopen": lambda actor, pk, _: services.reopen_round(actor=actor, round_id=pk),
    "cancel": lambda actor, pk, reason: services.cancel_round(actor=actor, round_id=pk, reason=reason),
    "newcomers": lambda actor, pk, _: services.expect_newcomers(actor=actor, round_id=pk),
}


@allow(Action.TESTING_PLAN)
@require_POST
@told
def move(request: Any, pk: int) -> HttpResponseBase:
    asked = request.POST.get("move", "")
    if asked not in MOVES:
        raise RefusedError("unknown_act")
    done = MOVES[asked](request.actor, pk, request.POST.get("reason", ""))
    count = done if isinstance(done, int) else 0
    tell(request, t(f"lab_testing.told.round_{asked}", name=Round.objects.get(pk=pk).name, count=count))
    return redirect("lab_testing:round", pk)


@allow(Action.TESTING_VIEW)
def proof(request: Any, pk: int) -> HttpResponseBase:
    round_ = round_or_404(request, pk)
    found = prove_round(actor=request.actor, round_id=pk)
    shown = found.differences[:PROOF_ROWS]
    people = {person.pk: person for person in people_for(request.actor, [one.person_id for one in shown])}
    parts = ("expected", "exempt", "away", "sampled", "missing")
    lines = [
        (t(f"lab_testing.figure.{part}"), getattr(found.product, part), getattr(found.engine, part)) for part in parts
    ]
    lines.append((t("lab_testing.figure.unrostered"), *found.unrostered))
    return render(request, "lab_testing/proof.html", {
        "round": round_, "proof": found, "lines": lines, "as_of": found.at,
        "differences": [(people.get(one.person_id), one) for one in shown], "outcomes": found.outcomes,
    })  # fmt: skip
