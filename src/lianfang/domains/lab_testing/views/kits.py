"""Teams with their routes, kits packed, signed out and returned, and their label sheets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from lianfang.domains.lab_testing import roster, selectors, services
from lianfang.domains.lab_testing.forms import PackForm, TeamForm
from lianfang.domains.lab_testing.labels import SHEETS, label_sheets, team_number
from lianfang.domains.lab_testing.models import KitState, Round, RoundState
from lianfang.domains.lab_testing.refusals import NotFoundError, RefusedError
from lianfang.domains.lab_testing.views.answers import round_or_404, told, whole
from lianfang.domains.registry.models import PlaceKind
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t

MOST_STAIRWELLS = 400


def stairwells(actor: Any, round_: Round) -> list[tuple[str, str]]:
    """Stairwells of the round in the actor's places, in walking order; buildings where there are none."""
    places = [place for place in roster.places_by_id(round_.place_ids).values() if roster.is_in_scope(actor, place)]
    own = roster.own_place(actor)
    if not places and own is not None:
        places = [own]
    found = [one for place in places for one in roster.places_within(place, PlaceKind.UNIT)]
    found = found or [one for place in places for one in roster.places_within(place, PlaceKind.BUILDING)]
    names = roster.names_within(one.pk for one in found[:MOST_STAIRWELLS])
    return [(str(one.pk), names[one.pk]) for one in found[:MOST_STAIRWELLS]]


def _page(
    request: Any, round_: Round, team_form: forms.Form, pack_form: forms.Form, status: int = 200
) -> HttpResponseBase:
    teams, kits = selectors.teams_of(round_), selectors.kits_of(round_)
    names = roster.names_within(pk for team in teams for pk in team.route)
    return render(
        request,
        "lab_testing/kits.html",
        {
            "round": round_,
            "kits": [(kit, services.used_count(kit) if kit.state == KitState.SIGNED_OUT else None) for kit in kits],
            "teams": [(team, [names[pk] for pk in team.route if pk in names]) for team in teams],
            "team_form": team_form,
            "pack_form": pack_form,
            "may_plan": request.actor.may(Action.TESTING_PLAN),
            "is_live": round_.state in (RoundState.PLANNED, RoundState.OPEN),
            "sheets": tuple(SHEETS),
        },
        status=status,
    )


def _forms(request: Any, round_: Round) -> tuple[TeamForm, PackForm]:
    choices = stairwells(request.actor, round_) if request.actor.may(Action.TESTING_PLAN) else []
    teams = [(str(team.pk), team.name) for team in selectors.teams_of(round_)]
    asked = request.POST.get("form", "")
    return (
        TeamForm(choices, request.POST if asked == "team" else None, prefix="team"),
        PackForm(teams, round_.pool_size, request.POST if asked == "pack" else None, prefix="pack"),
    )


@allow(Action.TESTING_SAMPLE)
def kits(request: Any, pk: int) -> HttpResponseBase:
    round_ = round_or_404(request, pk)
    team_form, pack_form = _forms(request, round_)
    form = {"team": team_form, "pack": pack_form}.get(request.POST.get("form", ""))
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            said = _create_team(request, round_, form) if form is team_form else _pack(request, round_, form)
        except RefusedError as error:
            form.add_error(None, error.text())
        else:
            tell(request, said)
            return redirect("lab_testing:kits", pk)
    return _page(request, round_, team_form, pack_form, 422 if form is not None and form.errors else 200)


def _create_team(request: Any, round_: Round, form: forms.Form) -> str:
    given = form.cleaned_data
    route = [int(pk) for pk in given["route"]]
    team = services.create_team(
        actor=request.actor, round_id=round_.pk, name=given["name"], members=given["members"], route=route
    )
    return t("lab_testing.told.team", name=team.name)


def _pack(request: Any, round_: Round, form: forms.Form) -> str:
    given = form.cleaned_data
    packing = services.Packing(
        int(given["capacity"]), given["is_household"], given["count"] or 0, "", given["first"], given["last"]
    )
    packed = services.pack_kits(
        actor=request.actor, round_id=round_.pk, packing=packing, team_id=whole(given["team"]),
        kits=1 if given["first"] else given["kits"],
    )  # fmt: skip
    return t("lab_testing.told.packed", count=len(packed), labels=sum(len(kit.codes) for kit in packed))


@allow(Action.TESTING_SAMPLE)
def labels(request: Any, pk: int) -> HttpResponseBase:
    """The label sheet of a kit as PDF; ``?sheet=`` chooses the paper."""
    try:
        kit = selectors.kit_for(request.actor, pk)
    except NotFoundError as error:
        raise Http404(error.code) from error
    sheet = SHEETS.get(request.GET.get("sheet", ""), SHEETS["4x10"])
    number = team_number(kit, [team.pk for team in selectors.teams_of(kit.round)])
    answer = HttpResponse(label_sheets(kit, number, sheet), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="labels-{kit.pk}.pdf"'
    return answer


@allow(Action.TESTING_SAMPLE)
@require_POST
@told
def sign_out(request: Any, pk: int) -> HttpResponseBase:
    kit = services.sign_out_kit(actor=request.actor, kit_id=pk, taken_by=request.POST.get("taken_by", ""))
    tell(request, t("lab_testing.told.signed_out", name=kit.name, by=kit.signed_out_to))
    return redirect("lab_testing:kits", kit.round_id)


@allow(Action.TESTING_SAMPLE)
@require_POST
@told
def return_kit(request: Any, pk: int) -> HttpResponseBase:
    given = request.POST
    unused, lost = whole(given.get("unused")), whole(given.get("lost"), 0)
    if unused is None or lost is None:
        raise RefusedError("count_missing")
    kit = services.return_kit(
        actor=request.actor, kit_id=pk, unused=min(unused, 100_000), lost=min(lost, 100_000),
        returned_by=given.get("returned_by", ""), note=given.get("note", ""),
    )  # fmt: skip
    tell(request, t("lab_testing.told.returned", name=kit.name, used=kit.used_count or 0, unused=kit.unused_count or 0,
                    lost=kit.lost_count or 0))  # fmt: skip
    return redirect("lab_testing:kits", kit.round_id)
