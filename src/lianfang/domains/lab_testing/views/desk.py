"""The sampling desk: one input that always has the focus; and the same for a whole sheet of lines at once."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from lianfang.domains.lab_testing import desk, roster, selectors
from lianfang.domains.lab_testing.desk import Answer, DeskState
from lianfang.domains.lab_testing.models import Round, RoundState, Sample, Tube, TubeState
from lianfang.domains.lab_testing.refusals import NotFoundError
from lianfang.domains.lab_testing.services import POOL_SIZES, Opening
from lianfang.domains.lab_testing.views.answers import round_or_404, whole
from lianfang.domains.registry.models import PlaceKind
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.privacy.numbers import mask_name
from lianfang.foundation.web.language import t

SHOWN = 12


def _settings(request: Any, round_: Round) -> dict[str, Any]:
    """What was chosen for this desk: place, team, size of unlabelled tubes, who takes the swabs. Kept with the
    session."""
    kept = request.session.get(f"desk.{round_.pk}")
    return kept if isinstance(kept, dict) else {}


def _opening(kept: dict[str, Any]) -> Opening:
    return Opening(capacity=kept.get("capacity"), is_household=kept.get("is_household") or None,
                   place_id=kept.get("place_id"), team_id=kept.get("team_id"))  # fmt: skip


@allow(Action.TESTING_SAMPLE)
def sampling_desk(request: Any, pk: int) -> HttpResponseBase:
    round_ = round_or_404(request, pk)
    kept = _settings(request, round_)
    state = DeskState(sampler=str(kept.get("sampler", "")), opening=_opening(kept))
    if request.method != "POST":
        state = replace(state, tube_id=_visible_tube(request, round_, whole(request.GET.get("tube"))))
        return _desk(request, round_, Answer(state, "info", _greeting(round_, state)))
    given = request.POST
    state = replace(
        state,
        tube_id=_visible_tube(request, round_, whole(given.get("tube"))),
        pending=desk.from_hidden(given),
        unrecorded=tuple(line[:200] for line in given.getlist("unrecorded")[: desk.MOST_UNRECORDED]),
    )
    answer = desk.take_line(
        request.actor, round_, state, given.get("line", "")[:200], _client_id(given.get("client_id"))
    )
    return _desk(request, round_, answer)


def _greeting(round_: Round, state: DeskState) -> str:
    if round_.state != RoundState.OPEN:
        return t("lab_testing.desk.not_open", state=t(f"lab_testing.round_state.{round_.state}"))
    return t("lab_testing.desk.scan_person" if state.tube_id else "lab_testing.desk.scan_tube")


def _client_id(given: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(given or "")
    except ValueError:
        return uuid.uuid4()


def _visible_tube(request: Any, round_: Round, tube_id: int | None) -> int | None:
    if tube_id is None:
        return None
    try:
        tube = selectors.tube_for(request.actor, tube_id)
    except NotFoundError:
        return None
    return tube_id if tube.round_id == round_.pk else None


def _desk(request: Any, round_: Round, answer: Answer) -> HttpResponseBase:
    tube = None if answer.state.tube_id is None else selectors.tube_for(request.actor, answer.state.tube_id)
    swabs = [] if tube is None else list(reversed(selectors.swabs_of(request.actor, tube)))
    bound = sum(not swab.is_void for swab in swabs)
    waiting = Tube.objects.visible_to(request.actor).filter(
        round=round_, state=TubeState.OPEN, opened_by=request.actor.name
    )
    context = {
        "round": round_,
        "answer": answer,
        "tube": tube,
        "bound": bound,
        "swabs": [(swab, _name(request, swab)) for swab in swabs[:SHOWN]],
        "places": [] if tube is None or tube.is_household else [n < bound for n in range(max(tube.capacity, bound))],
        "left": None if tube is None or tube.is_household else max(0, tube.capacity - bound),
        "is_full": tube is not None and not tube.is_household and bound >= tube.capacity,
        "is_over": tube is not None and not tube.is_household and bound > tube.capacity,
        "pending": desk.as_hidden(answer.state.pending),
        "client_id": uuid.uuid4(),
        "settings": _settings(request, round_),
        "open_tubes": waiting.exclude(pk=tube.pk if tube else 0).order_by("-opened_at")[:8],
        "done": Sample.objects.visible_to(request.actor)
        .filter(round_id=round_.pk, recorded_by=request.actor.name, is_void=False)
        .count(),
    }
    if request.htmx:
        return render(request, "lab_testing/desk_live.html", context)
    return render(request, "lab_testing/desk.html", context | _choices(request, round_))


def _name(request: Any, swab: Sample) -> str:
    """Whose home is elsewhere is shown by the family name only."""
    return swab.name if roster.is_in_scope(request.actor, swab) else mask_name(swab.name)


def _choices(request: Any, round_: Round) -> dict[str, Any]:
    own = roster.own_place(request.actor)
    places = (
        []
        if own is None
        else roster.places_within(own, PlaceKind.BUILDING if own.community_id else PlaceKind.COMMUNITY)
    )
    names = roster.names_of(pk for one in places[:400] for pk in (one.pk, one.parent_id))
    return {
        "teams": selectors.teams_of(round_),
        "sizes": POOL_SIZES,
        "desk_places": [
            (one.pk, f"{names.get(one.parent_id or 0, '')} {names[one.pk]}".strip()) for one in places[:400]
        ],
    }


@allow(Action.TESTING_SAMPLE)
@require_POST
def desk_settings(request: Any, pk: int) -> HttpResponseBase:
    round_ = round_or_404(request, pk)
    given = request.POST
    capacity = whole(given.get("capacity"))
    teams = {team.pk for team in selectors.teams_of(round_)}
    place_id, team_id = whole(given.get("place")), whole(given.get("team"))
    request.session[f"desk.{round_.pk}"] = {
        "sampler": given.get("sampler", "").strip()[:80], "capacity": capacity if capacity in POOL_SIZES else None,
        "is_household": given.get("is_household") == "on", "place_id": place_id,
        "team_id": team_id if team_id in teams else None,
    }  # fmt: skip
    return redirect("lab_testing:desk", pk)


@allow(Action.TESTING_SAMPLE)
def batch(request: Any, pk: int) -> HttpResponseBase:
    """Lines of a whole sheet: what was refused stands in the field again, with why; the rest is done."""
    round_ = round_or_404(request, pk)
    lines: list[desk.Line] = []
    text = ""
    if request.method == "POST":
        kept = _settings(request, round_)
        state = DeskState(sampler=str(kept.get("sampler", "")), opening=_opening(kept))
        given = request.POST.get("lines", "")[:200_000]
        _, lines = desk.take_lines(request.actor, round_, state, given, _client_id(request.POST.get("client_id")))
        text = _left(lines)
    return render(
        request,
        "lab_testing/batch.html",
        {
            "round": round_,
            "lines": lines,
            "text": text,
            "client_id": uuid.uuid4(),
            "taken": sum(not line.answer.is_refused for line in lines),
            "refused": sum(line.answer.is_refused for line in lines),
        },
    )


def _left(lines: list[desk.Line]) -> str:
    """Refused lines, each below the tube it was meant for."""
    left: list[str] = []
    tube = told = ""
    for line in lines:
        if line.answer.state.tube_id and line.answer.tone == "info" and not line.answer.is_refused:
            tube = line.text
        if line.answer.is_refused:
            if tube and told != tube:
                left.append(tube)
                told = tube
            left.append(line.text)
    return "\n".join(left)
