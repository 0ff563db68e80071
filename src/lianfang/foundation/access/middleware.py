"""Finds who acts in a request and runs its view in that scope, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.models import Account, AccountSession, Posting
from lianfang.foundation.access.roles import Level, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.access.sessions import end_reason, touch_session
from lianfang.foundation.prepared import rows_prepared
from lianfang.foundation.web.errors import refused

POSTING = "posting"


class Acting:
    """``request.actor`` is the actor, or None where nobody is signed in.

    The view runs inside ``acting_as``: one transaction, rolled back when the view raises. After the view the scope is
    gone, so a lazy queryset that leaks into a response sees no row rather than another's.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        request.actor = None
        if request.user.is_authenticated:
            because = end_reason(request)
            if because is not None:
                logout(request)
                return redirect(f"/sign-in/?ended={because}")
            touch_session(request)
            request.actor = actor_of(request)
        return self.get_response(request)

    def process_view(
        self, request: Any, view: Callable[..., HttpResponseBase], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if request.actor is None:
            return None
        if request.user.must_change_password and not _opens_with_a_first_password(request, view):
            return redirect("access:account")
        try:
            with acting_as(request.actor):
                response = view(request, *args, **kwargs)
                if isinstance(response, HttpResponse) and hasattr(response, "render") and callable(response.render):
                    response = response.render()
                return response
        except NotAllowedError as error:
            # Django hands errors of a process_view to no process_exception.
            return refused(request, error)


def _opens_with_a_first_password(request: Any, view: Callable[..., HttpResponseBase]) -> bool:
    """Who gave the account its first password knows it: until it is another, only the page that changes it opens."""
    return getattr(view, "lianfang_access", None) == "public" or request.resolver_match.view_name == "access:account"


def actor_of(request: Any) -> Actor | None:
    """The actor at the posting that the session chose, else at the first that is in force; None without any."""
    account: Account = request.user
    now = timezone.now()
    postings = rows_prepared(
        Posting, "account_id = %s AND starts_at <= %s AND (ends_at IS NULL OR ends_at > %s) ORDER BY id",
        [account.pk, now, now],
    )  # fmt: skip
    request.postings = postings
    if not postings:
        return Actor(name=account.name, role=Role.RESIDENT, level=Level.NOWHERE, account_id=account.pk,
                     request_id=request.request_id)  # fmt: skip
    chosen = request.session.get(POSTING)
    posting = next((one for one in postings if one.pk == chosen), postings[0])
    return Actor(
        name=account.name,
        role=Role(posting.role),
        level=Level(posting.level),
        scope_ids=tuple(posting.scope_ids),
        account_id=account.pk,
        posting_id=posting.pk,
        place_id=posting.place_id,
        place_label=posting.place_label,
        request_id=request.request_id,
    )


__all__ = ["POSTING", "AccountSession", "Acting", "actor_of"]
