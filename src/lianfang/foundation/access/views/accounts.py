"""Accounts of others and their postings; the audit trail."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.models import Posting
from lianfang.foundation.access.places import UnsuitablePlaceError, directory
from lianfang.foundation.access.roles import GIVES, NEEDS_PLACE, Action, Role
from lianfang.foundation.access.selectors import account_for, accounts_for, audit_entries
from lianfang.foundation.access.services import (
    AccountProblemError,
    create_account,
    end_posting,
    give_posting,
    reset_password,
    set_active,
)
from lianfang.foundation.web.instants import instant_of
from lianfang.foundation.web.language import t

PAGE = 50


@allow(Action.ACCOUNTS_MANAGE)
def accounts(request: Any) -> HttpResponseBase:
    text, role = request.GET.get("q", "").strip(), request.GET.get("role", "")
    found = accounts_for(request.actor, text, role if role in set(Role) else "")
    pages = Paginator(found, PAGE)
    return render(request, "access/accounts.html", {
        "page": pages.get_page(request.GET.get("page")), "q": text, "role": role,
        "roles": sorted(GIVES.get(request.actor.role, ())), "total": pages.count,
    })  # fmt: skip


@allow(Action.ACCOUNTS_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_account(request: Any) -> HttpResponseBase:
    given = {name: request.POST.get(name, "") for name in ("login", "name", "phone")}
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            account, password = create_account(actor=request.actor, **given)
        except AccountProblemError as problem:
            errors = {problem.field: [t(f"access.problem.{problem.code}"), *problem.messages]}
        else:
            return render(
                request, "access/account.html", {**_account_context(request, account.pk), "password": password}
            )
    return render(request, "access/new_account.html", {"given": given, "errors": errors})


@allow(Action.ACCOUNTS_MANAGE)
def account(request: Any, account_id: int) -> HttpResponseBase:
    return render(request, "access/account.html", _account_context(request, account_id))


def _account_context(request: Any, account_id: int) -> dict[str, Any]:
    chosen = account_for(request.actor, account_id)
    now = timezone.now()
    postings = list(chosen.postings.order_by("ends_at", "pk"))
    return {
        "account": chosen,
        "postings": [one for one in postings if one.ends_at is None or one.ends_at > now],
        "ended": [one for one in postings if one.ends_at is not None and one.ends_at <= now],
        "roles": [role for role in Role if role in GIVES.get(request.actor.role, ())],
        "needs_place": NEEDS_PLACE,
        "errors": {},
        "given": {},
    }


@allow(Action.ACCOUNTS_MANAGE)
@require_POST
def account_change(request: Any, account_id: int, what: str) -> HttpResponseBase:
    """Reset the password, close or open the account, give or end a posting."""
    context = _account_context(request, account_id)
    chosen = context["account"]
    try:
        if what == "reset":
            context["password"] = reset_password(actor=request.actor, account=chosen)
            return render(request, "access/account.html", context)
        if what in ("close", "open"):
            set_active(actor=request.actor, account=chosen, is_active=what == "open")
        elif what == "give":
            _give(request, chosen)
        elif what == "end":
            _end(request, chosen)
        else:
            raise Http404
    except AccountProblemError as problem:
        context["errors"] = {problem.field: [t(f"access.problem.{problem.code}"), *problem.messages]}
        context["given"] = request.POST
        return render(request, "access/account.html", context)
    messages.success(request, t(f"access.done.{what}"))
    return redirect("access:other_account", account_id=account_id)


def _give(request: Any, chosen: Any) -> None:
    role, place = request.POST.get("role", ""), request.POST.get("place", "")
    if role not in set(Role):
        raise AccountProblemError("role_needed", "role")
    ends = request.POST.get("ends_at", "")
    ends_at = instant_of(ends)
    if ends and ends_at is None:
        raise AccountProblemError("ends_unreadable", "ends_at")
    number = int(place) if place.isdecimal() and len(place) < 18 else None
    try:
        give_posting(actor=request.actor, account=chosen, role=Role(role), place_id=number, ends_at=ends_at)
    except UnsuitablePlaceError:
        raise AccountProblemError("place_unsuitable", "place") from None


def _end(request: Any, chosen: Any) -> None:
    number = request.POST.get("posting", "")
    posting = Posting.objects.filter(
        account=chosen, pk=int(number) if number.isdecimal() and len(number) < 18 else 0
    ).first()
    if posting is None:
        raise Http404
    end_posting(actor=request.actor, posting=posting)


@allow(Action.ACCOUNTS_MANAGE)
def place_choices(request: Any) -> HttpResponseBase:
    """Places whose name fits what was typed; the part under the place field."""
    text = request.GET.get("place_text", "").strip()
    found = directory().search(text, inside=request.actor.place_id, limit=12) if text else []
    return render(request, "access/place_choices.html", {"choices": found, "text": text})


@allow(Action.AUDIT_VIEW)
def audit(request: Any) -> HttpResponseBase:
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "action", "since", "until")}
    entries = audit_entries(
        request.actor,
        text=asked["q"],
        action=asked["action"],
        since=_midnight(asked["since"]),
        until=_midnight(asked["until"], 1),
    )
    # Counting millions of rows for a page number helps nobody: one more row than shown tells that there are more.
    page = min(max(_number(request.GET.get("page", "")), 1), 200)
    rows = list(entries[(page - 1) * PAGE : page * PAGE + 1])
    return render(request, "access/audit.html", {
        "entries": rows[:PAGE], "has_more": len(rows) > PAGE, "number": page, "asked": asked,
    })  # fmt: skip


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 1


def _midnight(text: str, days_later: int = 0) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    return None if day is None else timezone.make_aware(datetime.combine(day + timedelta(days=days_later), time()))
