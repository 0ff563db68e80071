"""At a place: its code is scanned by the household's phone, in the page or by the phone's own scanner."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_http_methods

from lianfang.domains.registry.models import Person
from lianfang.domains.residents.phone.reading import residents_of
from lianfang.domains.residents.phone.visiting import page_of, problem_words, visiting
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.services import Presence, Visit, enter_at_place, latest_presences
from lianfang.foundation.web.language import t
from lianfang.foundation.web.middleware import CONTENT_SECURITY_POLICY

# The reader of codes is WebAssembly; no other page of the desk's server may run any.
_WITH_READER = CONTENT_SECURITY_POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")


@visiting(checked=True)
@require_http_methods(["GET", "HEAD", "POST"])
def at_place(request: Any, visit: Visit) -> HttpResponseBase:
    """Who of the household is here, and the code that the place shows now."""
    people, problem = residents_of(visit), None
    named = _named(request, people)
    if request.method == "POST":
        try:
            found = enter_at_place(
                actor=visit.actor, household=visit.household, person_ids=named, text=request.POST.get("code", ""),
                sent=_number(request.POST.get("sent", "")),
            )  # fmt: skip
        except ResidentProblemError as said:
            problem = said
        else:
            _tell(request, found)
            return redirect("residents:at_place", visit.id)
    context = {
        "page": page_of(request, visit, "codes"), "people": people, "named": named, "problem": problem,
        "problem_words": problem_words(problem) if problem else "", "sent": uuid4(),
        "latest": latest_presences(visit.actor, visit.household), "rules": static(settings.FIELD_RULES),
    }  # fmt: skip
    answer = render(request, "residents/phone/at_place.html", context, status=422 if problem else 200)
    answer["Content-Security-Policy"] = _WITH_READER
    return answer


def _named(request: Any, people: list[Person]) -> list[int]:
    """Who is ticked; whoever lives alone need not say who it is."""
    if request.method != "POST":
        return [people[0].pk] if len(people) == 1 else []
    return [
        int(one) for one in request.POST.getlist("person")[:50] if one.isascii() and one.isdigit() and len(one) < 19
    ]


def _number(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


def _tell(request: Any, found: list[Presence]) -> None:
    one, names = found[0], t("residents.at_place.and").join(each.person.name for each in found)
    if one.is_verified:
        messages.success(request, t("residents.at_place.verified", names=names, place=one.place, gate=one.gate))
    else:
        messages.warning(request, t(f"residents.at_place.because.{one.because}"))
