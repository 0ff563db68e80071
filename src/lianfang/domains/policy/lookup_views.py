"""The public page of rules: for everybody, signed in or not; asks for no personal data and keeps none."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods

from lianfang.domains.policy.lookup import CODES, FROM, QUESTIONS, Answer, Asked, answer, places_to_ask_about
from lianfang.domains.policy.selectors import PackChangedError
from lianfang.domains.registry.models import Place
from lianfang.foundation.access.allow import public

_EARLIEST = date(2019, 12, 1)


@public
@require_http_methods(["GET", "HEAD"])
def ask(request: Any) -> HttpResponseBase:
    """One page that asks and answers; the address holds the question, so that it can be sent and printed."""
    places = places_to_ask_about()
    asked = _asked(request.GET, places)
    said, is_changed = _said(asked)
    context = {
        "places": _by_county(places),
        "asked": asked,
        "questions": QUESTIONS,
        "origins": tuple(FROM),
        "codes": CODES,
        "said": said,
        "is_changed": is_changed,
        "is_asked": bool(request.GET.get("question")),
    }
    return render(request, "policy/ask.html", context)


def _said(asked: Asked) -> tuple[Answer | None, bool]:
    """The answer, if enough was asked; whether the rules there are switched off because their files were changed."""
    if not asked.is_whole:
        return None, False
    try:
        return answer(asked, timezone.now()), False
    except PackChangedError:
        return None, True


def _asked(given: Any, places: list[Place]) -> Asked:
    known = {str(place.pk): place for place in places}
    only = places[0] if len({place.county_id for place in places}) == 1 and places else None
    question = given.get("question", "")
    return Asked(
        place=known.get(given.get("place", "")) or only,
        question=question if question in QUESTIONS else "",
        origin=given.get("origin", "") if given.get("origin", "") in FROM else "",
        code=given.get("code", "") if given.get("code", "") in CODES else "",
        since_on=_day(given.get("since", "")),
    )


def _day(text: str) -> date | None:
    """A day that may be meant; None for anything else."""
    try:
        found = parse_date(text.strip())
    except ValueError:
        return None
    return found if found is not None and _EARLIEST <= found <= timezone.localdate() else None


def _by_county(places: list[Place]) -> list[tuple[Place, list[Place]]]:
    counties = {place.pk: place for place in places if place.kind == "county"}
    inside: dict[int, list[Place]] = {pk: [] for pk in counties}
    for place in places:
        if place.kind == "township" and place.county_id in inside:
            inside[place.county_id].append(place)
    return [(counties[pk], townships) for pk, townships in inside.items()]
