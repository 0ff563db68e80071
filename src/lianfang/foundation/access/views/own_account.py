"""One's own account: password, second factor, language, and the devices that are signed in."""

from __future__ import annotations

from typing import Any

import pyotp
import segno
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.models import Account, AccountSession
from lianfang.foundation.access.services import (
    AccountProblemError,
    change_password,
    confirm_second_factor,
    drop_second_factor,
    end_all_sessions,
)
from lianfang.foundation.access.sessions import end_session
from lianfang.foundation.web.language import CATALOGUES, t

SECRET = "second_factor_secret"


@allow()
@sensitive_post_parameters("old", "new", "again", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def own_account(request: Any) -> HttpResponseBase:
    """The page, and its forms; each form names itself in ``do``."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            done = _FORMS[request.POST.get("do", "")](request)
        except KeyError:
            return redirect("access:account")
        except AccountProblemError as problem:
            errors = {problem.field: [t(f"access.problem.{problem.code}"), *problem.messages]}
        else:
            messages.success(request, t(f"access.done.{done}"))
            return redirect("access:account")
    return render(request, "access/own_account.html", {**_context(request), "errors": errors})


def _context(request: Any) -> dict[str, Any]:
    account: Account = request.user
    secret = request.session.get(SECRET)
    if account.totp_secret is None and secret is None:
        secret = request.session[SECRET] = pyotp.random_base32()
    address = pyotp.TOTP(secret).provisioning_uri(name=account.login, issuer_name="Lianfang 联防") if secret else ""
    return {
        "account": account,
        "sessions": AccountSession.objects.filter(account=account, ended_at=None).order_by("-seen_at"),
        "this_session": request.session.session_key,
        "secret": secret,
        "qr": segno.make(address, error="m").svg_data_uri(scale=4, border=2) if address else "",
    }


def _change_password(request: Any) -> str:
    new = request.POST.get("new", "")
    if new != request.POST.get("again", ""):
        raise AccountProblemError("passwords_differ", "again")
    change_password(
        account=request.user, old=request.POST.get("old", ""), new=new, keep_session=request.session.session_key
    )
    update_session_auth_hash(request, request.user)
    # Django gives the session a new key; the record of this device follows it.
    AccountSession.objects.filter(pk=request.account_session.pk).update(session_key=request.session.session_key)
    return "password"


def _turn_on(request: Any) -> str:
    secret = request.session.get(SECRET, "")
    if not secret:
        raise AccountProblemError("code_wrong", "code")
    confirm_second_factor(account=request.user, secret=secret, code=request.POST.get("code", ""))
    del request.session[SECRET]
    return "second_factor_on"


def _turn_off(request: Any) -> str:
    drop_second_factor(account=request.user, code=request.POST.get("code", ""))
    return "second_factor_off"


def _language(request: Any) -> str:
    chosen = request.POST.get("language", "")
    if chosen in CATALOGUES:
        Account.objects.filter(pk=request.user.pk).update(language=chosen)
        translation.activate(chosen)
    return "language"


_FORMS = {"password": _change_password, "turn_on": _turn_on, "turn_off": _turn_off, "language": _language}


@allow()
@require_POST
def end_sessions(request: Any) -> HttpResponseBase:
    """End one device's session, or all but this one."""
    wanted = request.POST.get("session", "")
    if wanted == "others":
        end_all_sessions(request.user, "signed_out", but=request.session.session_key)
    else:
        number = int(wanted) if wanted.isdecimal() and len(wanted) < 18 else 0
        for one in AccountSession.objects.filter(pk=number, account=request.user):
            end_session(one, "signed_out")
    messages.success(request, t("access.done.sessions_ended"))
    return redirect("access:account")
