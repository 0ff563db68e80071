"""From the slip to the household's page, and away from it again."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.domains.registry.models import Household
from lianfang.domains.registry.selectors import names_of
from lianfang.domains.residents.models import ResidentSession
from lianfang.domains.residents.phone.visiting import (
    SIZE_COOKIE,
    keep_secret,
    page_of,
    problem_words,
    secret_for,
    secret_of,
    visiting,
)
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.services import Visit, end_visit, find_invite, open_visit, visits_of_phone
from lianfang.domains.residents.services.invites import refusal_of
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.allow import public
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.access.sessions import address_of, device_of
from lianfang.foundation.web.language import t

_A_YEAR = 365 * 24 * 3600


@public
@require_http_methods(["GET", "HEAD"])
def manifest(request: Any) -> HttpResponseBase:
    """For the home screen of a phone: it opens the household that the phone holds. Nothing is kept for a time without a
    network: a page of a household lies on no disk."""
    icons = [
        {"src": static(f"residents/icons/{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any"}
        for size in (192, 512)
    ]
    told = {
        "name": t("residents.frame.app"), "short_name": t("residents.frame.app"), "id": "/r/", "scope": "/r/",
        "start_url": reverse("residents:homes"), "display": "standalone", "background_color": "#f4f5f3",
        "theme_color": "#14576b", "icons": icons,
    }  # fmt: skip
    answer = JsonResponse(told, json_dumps_params={"ensure_ascii": False}, content_type="application/manifest+json")
    answer["Cache-Control"] = "no-cache"
    return answer


@public
@require_http_methods(["GET", "HEAD", "POST"])
def landing(request: Any, token: str) -> HttpResponseBase:
    """What the QR leads to. Looking uses nothing up: messengers look at links by themselves; the button opens it."""
    try:
        if request.method == "POST":
            return _open(request, token)
        invite = find_invite(token, address_of(request))
        mine = {one.invite_id: one.pk for one in visits_of_phone(secret_of(request))} if secret_of(request) else {}
        if invite.pk in mine:
            return redirect("residents:home", visit_id=mine[invite.pk])
        if refusal := refusal_of(invite, timezone.now()):
            raise ResidentProblemError(refusal)
    except ResidentProblemError as problem:
        context = {"page": page_of(request, None), "problem": problem_words(problem)}
        status = 429 if problem.code == "slow_down" else 404
        return render(request, "residents/phone/refused.html", context, status=status)
    community = names_of([invite.community_id]).get(invite.community_id, "")
    return render(request, "residents/phone/landing.html", {"page": page_of(request, None), "community": community})


def _open(request: Any, token: str) -> HttpResponseBase:
    secret = secret_for(request)
    session = open_visit(token=token, address=address_of(request), device=device_of(request), secret=secret)
    answer = redirect("residents:home", visit_id=session.pk)
    keep_secret(answer, request, secret)
    return answer


@public
@require_http_methods(["GET", "HEAD", "POST"])
def typed(request: Any) -> HttpResponseBase:
    """For whoever types the twelve characters instead of scanning."""
    given = request.POST.get("token", "")
    token = "".join(sign for sign in given.lower() if sign.isascii() and (sign.isalnum() or sign in "-_"))[:60]
    if request.method == "POST" and token:
        return redirect("residents:landing", token=token)
    problem = t("residents.problem.link_unknown") if request.method == "POST" else ""
    context = {"page": page_of(request, None), "problem": problem, "given": given}
    return render(request, "residents/phone/typed.html", context, status=422 if problem else 200)


@public
@require_http_methods(["GET", "HEAD"])
def homes(request: Any) -> HttpResponseBase:
    """The households of this phone; straight to the only one."""
    sessions = visits_of_phone(secret_of(request)) if secret_of(request) else []
    if len(sessions) == 1:
        return redirect("residents:home", visit_id=sessions[0].pk)
    if not sessions:
        return redirect("residents:typed")
    context = {"page": page_of(request, None), "homes": _addresses(sessions)}
    return render(request, "residents/phone/homes.html", context)


def _addresses(sessions: list[ResidentSession]) -> list[tuple[int, str]]:
    with acting_as(system_actor("residents")):
        homes = Household.objects.in_bulk({one.household_id for one in sessions})
    return [(one.pk, homes[one.household_id].address) for one in sessions if one.household_id in homes]


@visiting(checked=False)
@require_POST
def leave(request: Any, visit: Visit) -> HttpResponseBase:
    """Forget the household on this phone."""
    end_visit(visit=visit)
    return redirect("residents:typed")


@public
@require_POST
def choose_size(request: Any) -> HttpResponse:
    """Large type or normal, kept on this phone."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    answer = HttpResponseRedirect(wanted if is_ours else reverse("residents:typed"))
    answer.set_cookie(
        SIZE_COOKIE, "large" if request.POST.get("size") == "large" else "normal", max_age=_A_YEAR, samesite="Lax",
        httponly=True, path="/r/", secure=bool(settings.SESSION_COOKIE_SECURE),
    )  # fmt: skip
    return answer
