"""Sweeps at the desk: planned, followed, revisited on paper, differences settled, the form taken away."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import FileResponse, Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.models import PlaceKind, SweepState
from lianfang.domains.registry.selectors import own_places, places_inside
from lianfang.domains.registry.sweeps import selectors, services
from lianfang.domains.registry.sweeps.export import write_sweep_form
from lianfang.domains.registry.sweeps.finding import difference_for, sweep_for
from lianfang.domains.registry.sweeps.forms import SweepForm
from lianfang.domains.registry.sweeps.refusals import SweepRefusedError
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.web.exports import CONTENT_TYPES
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t

View = Callable[..., HttpResponseBase]
LOOK = (Action.REGISTRY_VIEW, Action.DOOR_SWEEP)
_CHOSEN_KINDS = (PlaceKind.COMMUNITY, PlaceKind.COMPOUND, PlaceKind.BUILDING)
MOST_PLACES = 300


def _told(view: View) -> View:
    """What is not in the actor's places is a 404; any other refusal leads back with its words."""

    @wraps(view)
    def answered(request: Any, pk: int, **named: Any) -> HttpResponseBase:
        try:
            return view(request, pk, **named)
        except SweepRefusedError as error:
            if error.code == "unknown":
                raise Http404(error.code) from error
            tell(request, error.text(), tone="danger")
        except RegistryError as error:
            tell(request, t(f"registry.problem.{error.code}", **error.gaps), tone="danger")
        return redirect("registry:sweep_differences" if named else "registry:sweep", pk)

    return answered


@allow(*LOOK)
def sweeps(request: Any) -> HttpResponseBase:
    found = list(selectors.sweeps_for(request.actor)[:100])
    rows = [(one, selectors.open_difference_count(request.actor, one)) for one in found]
    return render(request, "registry/sweeps/list.html", {"rows": rows, "may_plan": request.actor.may(services.PLAN)})


@allow(services.PLAN)
def new(request: Any) -> HttpResponseBase:
    form = SweepForm(_places(request.actor), request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        plan = services.SweepPlan([int(pk) for pk in given["places"]], given["teams"], given["name"], given["due_on"])
        try:
            sweep = services.plan_sweep(actor=request.actor, plan=plan)
        except SweepRefusedError as error:
            form.add_error(None, error.text())
        else:
            tell(request, t("sweeps.told.planned", stairwells=len(sweep.unit_ids)))
            return redirect("registry:sweep", sweep.pk)
    return render(request, "registry/sweeps/new.html", {"form": form}, status=422 if form.errors else 200)


def _places(actor: Any) -> list[tuple[str, str]]:
    """The actor's places and what lies inside of them, down to the building."""
    own = list(own_places(actor))
    found = [one for place in own for one in (place, *places_inside(place)) if one.kind in _CHOSEN_KINDS]
    names = selectors.unit_names([one.pk for one in found[:MOST_PLACES]])
    return [(str(one.pk), names.get(one.pk) or one.name) for one in found[:MOST_PLACES]]


@allow(*LOOK)
@_told
def sweep(request: Any, pk: int) -> HttpResponseBase:
    one = sweep_for(request.actor, pk)
    teams = selectors.progress(request.actor, one)
    total = sum((team.counts for team in teams), selectors.DoorCounts())
    context = {
        "sweep": one, "teams": teams, "total": total, "may_plan": request.actor.may(services.PLAN),
        "is_open": one.state == SweepState.OPEN,
        "open_differences": selectors.open_difference_count(request.actor, one),
        "choices": [(team.team.pk, team.team.name) for team in teams if team.team is not None], "here": "sweep",
    }  # fmt: skip
    return render(request, "registry/sweeps/sweep.html", context)


@allow(services.PLAN)
@require_POST
@_told
def change(request: Any, pk: int) -> HttpResponseBase:
    """Teams named, a stairwell given to another, the sweep closed or opened again."""
    actor, given = request.actor, request.POST
    sweep_for(actor, pk)
    asked = given.get("do", "")
    if asked == "team":
        services.change_team(actor=actor, team_id=_whole(given.get("team")), name=given.get("name", ""),
                             members=given.get("members", ""))  # fmt: skip
    elif asked == "give":
        services.give_stairwell(actor=actor, team_id=_whole(given.get("team")), unit_id=_whole(given.get("unit")))
    elif asked == "close":
        services.close_sweep(actor=actor, sweep_id=pk)
    elif asked == "reopen":
        services.reopen_sweep(actor=actor, sweep_id=pk)
    else:
        raise SweepRefusedError("unknown")
    tell(request, t(f"sweeps.told.{asked}"))
    return redirect("registry:sweep", pk)


def _whole(given: object) -> int:
    text = str(given or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


@allow(Action.REGISTRY_VIEW)
@_told
def revisits(request: Any, pk: int) -> HttpResponseBase:
    one = sweep_for(request.actor, pk)
    teams = list(one.teams.order_by("number"))
    team = next((team for team in teams if str(team.pk) == request.GET.get("team")), None)
    rows = selectors.revisits(request.actor, one, team)
    groups: dict[str, list[selectors.Revisit]] = {}
    for row in rows:
        groups.setdefault(row.unit_name, []).append(row)
    context = {
        "sweep": one,
        "groups": groups.items(),
        "count": len(rows),
        "teams": teams,
        "team": team,
        "here": "revisits",
    }
    return render(request, "registry/sweeps/revisits.html", context)


@allow(Action.REGISTRY_VIEW)
@_told
def differences(request: Any, pk: int) -> HttpResponseBase:
    one = sweep_for(request.actor, pk)
    settled = request.GET.get("settled") == "1"
    rows = selectors.differences(request.actor, one, settled=settled)
    context = {"sweep": one, "rows": rows, "settled": settled, "may_settle": request.actor.may(Action.REGISTRY_EDIT),
               "here": "differences"}  # fmt: skip
    return render(request, "registry/sweeps/differences.html", context)


@allow(Action.REGISTRY_EDIT)
@require_POST
@_told
def settle(request: Any, pk: int, difference_id: int) -> HttpResponseBase:
    given = request.POST
    one = sweep_for(request.actor, pk)
    if difference_for(request.actor, difference_id).sweep_id != one.pk:
        raise SweepRefusedError("unknown")
    done = services.settle_difference(
        actor=request.actor, difference_id=difference_id, how=given.get("how", ""), note=given.get("note", "")
    )
    tell(request, t("sweeps.told.settled", how=t(f"sweeps.how.{done.settled_how}")))
    return redirect("registry:sweep_differences", pk)


@allow(Action.REGISTRY_VIEW)
@require_POST
@_told
def export(request: Any, pk: int) -> HttpResponseBase:
    one, now = sweep_for(request.actor, pk), timezone.now()
    file = write_sweep_form(request.actor, one, at=now)
    record(actor=request.actor, action="registry.sweep_form_exported", target_kind="sweep", target_id=one.pk)
    name = f"{t('sweeps.form.title')} {timezone.localtime(now):%Y-%m-%d %H%M}.xlsx"
    return FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPES["xlsx"])
