"""The pages that belong to no domain: health, language, theme."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

import lianfang
from lianfang.foundation.access.allow import public
from lianfang.foundation.web.context import THEME_COOKIE, THEMES
from lianfang.foundation.web.errors import RETRY_AFTER_SECONDS
from lianfang.foundation.web.language import CATALOGUES, COOKIE

A_YEAR = 365 * 24 * 3600


@public
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 where the database answers, else 503 with the reason; for load balancers and ``lianfang`` itself."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except Error as error:
        found = {
            "status": "unavailable",
            "reason": f"database: {type(error).__name__}",
            "version": lianfang.__version__,
        }
        return JsonResponse(found, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    return JsonResponse({"status": "ok", "version": lianfang.__version__})


@public
@require_POST
def choose_language(request: Any) -> HttpResponse:
    """Keep the language on this device, and in the account of whoever is signed in."""
    chosen = request.POST.get("language", "")
    answer = _back(request)
    if chosen not in CATALOGUES:
        return answer
    _keep(answer, COOKIE, chosen)
    account = getattr(request, "user", None)
    if account is not None and account.is_authenticated:
        account.language = chosen
        account.save(update_fields=["language"])
    return answer


@public
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep light, dark, or as the device has it."""
    chosen = request.POST.get("theme", "")
    answer = _back(request)
    if chosen in THEMES:
        _keep(answer, THEME_COOKIE, chosen)
    return answer


def _back(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    # Not redirect(): to it a bare word is the name of a page.
    return HttpResponseRedirect(wanted if is_ours else "/")


def _keep(answer: HttpResponse, cookie: str, value: str) -> None:
    answer.set_cookie(
        cookie, value, max_age=A_YEAR, samesite="Lax", secure=bool(settings.SESSION_COOKIE_SECURE), httponly=True
    )
