"""Signing in and out, and the first administrator."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import logout
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.foundation.access.allow import allow, public
from lianfang.foundation.access.middleware import POSTING
from lianfang.foundation.access.models import AccountSession
from lianfang.foundation.access.services import AccountProblemError, create_first_administrator, first_link_is_open
from lianfang.foundation.access.sessions import end_session
from lianfang.foundation.access.sign_in import sign_in
from lianfang.foundation.web.language import t

ENDED = ("elsewhere", "device", "idle", "signed_out", "password", "reset", "closed")


@public
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_page(request: Any) -> HttpResponseBase:
    """Login and password; the code of the second factor where one is asked for. Keeps where the reader wanted to go."""
    target = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    if request.user.is_authenticated:
        return redirect(target)
    ended = request.GET.get("ended", "")
    context: dict[str, Any] = {
        "next": target,
        "ended": ended if ended in ENDED else "",
        "login": "",
        "needs_code": False,
        "problem": "",
    }
    if request.method != "POST":
        return render(request, "access/sign_in.html", context)
    login = request.POST.get("login", "")
    outcome = sign_in(request, login, request.POST.get("password", ""), request.POST.get("code", ""))
    if outcome.account is not None:
        return redirect("access:account" if outcome.account.must_change_password else target)
    context["login"] = login[:64]
    context["needs_code"] = outcome.problem in ("code_needed", "code_wrong")
    context["problem"] = t(f"access.sign_in.problem.{outcome.problem}", minutes=outcome.minutes)
    return render(request, "access/sign_in.html", context, status=429 if outcome.minutes else 200)


@public
@require_POST
def sign_out(request: Any) -> HttpResponseBase:
    record = AccountSession.objects.filter(session_key=request.session.session_key or "").first()
    if record is not None:
        end_session(record, "signed_out")
    logout(request)
    return redirect("/sign-in/?ended=signed_out")


@public
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def first_administrator(request: Any, token: str) -> HttpResponseBase:
    """The page behind the one-time link that ``lianfang serve`` prints at the first start."""
    given = {name: request.POST.get(name, "") for name in ("login", "name")}
    context: dict[str, Any] = {"given": given, "is_open": first_link_is_open(token), "errors": {}}
    if request.method == "POST" and context["is_open"]:
        password = request.POST.get("password", "")
        try:
            if password != request.POST.get("again", ""):
                raise AccountProblemError("passwords_differ", "again")
            create_first_administrator(token=token, password=password, **given)
        except AccountProblemError as problem:
            context["errors"] = {problem.field: [t(f"access.problem.{problem.code}"), *problem.messages]}
        else:
            return redirect("access:sign_in")
    return render(request, "access/first_administrator.html", context, status=200 if context["is_open"] else 410)


@allow()
@require_POST
def choose_posting(request: Any) -> HttpResponseBase:
    """Serve at another of one's postings from now on."""
    wanted = request.POST.get("posting", "")
    mine = {str(posting.pk) for posting in request.postings}
    if wanted in mine:
        request.session[POSTING] = int(wanted)
    return redirect("/")
