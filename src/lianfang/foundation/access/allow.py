"""Who may open a page: written at the view, walked by a test (rule 18)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase

from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.roles import Action

View = Callable[..., HttpResponseBase]


class PageRequest(HttpRequest):
    """A request that has passed ``allow``."""

    actor: Actor


def public(view: View) -> View:
    """A page for everybody, signed in or not."""
    view.lianfang_access = "public"  # type: ignore[attr-defined]
    return view


def allow(*actions: Action) -> Callable[[View], View]:
    """A page for actors whose role may do one of ``actions``; without any, for whoever is signed in."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            actor = getattr(request, "actor", None)
            if actor is None:
                return redirect_to_login(request.get_full_path())
            if actions and not any(actor.may(action) for action in actions):
                raise NotAllowedError(actions[0])
            return view(request, *args, **kwargs)

        guarded.lianfang_access = tuple(str(action) for action in actions)  # type: ignore[attr-defined]
        return guarded

    return decorate
