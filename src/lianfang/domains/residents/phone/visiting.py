"""Finds the phone's visit and runs a page as the household, in one transaction.

Where the digits are wanted, the page asks for them first and then goes on with exactly what was sent: nobody types
twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from django.shortcuts import redirect, render

from lianfang.domains.registry.selectors import answering_for_residents
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.services import Visit, check_digits, visit_for
from lianfang.domains.residents.services.visits import SESSION_LASTS, new_secret
from lianfang.foundation.access.allow import public
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.web.language import t

COOKIE = "lianfang_resident"
SIZE_COOKIE = "lianfang_size"
DIGITS = "_digits"
_NOT_KEPT = ("csrfmiddlewaretoken", DIGITS)

View = Callable[..., HttpResponseBase]


def visiting(*, checked: bool | Callable[[Any], bool]) -> Callable[[View], View]:
    """A page of a visit. ``checked``: it shows or changes personal data, so the digits were right before; or a function
    that says so of one request."""

    def decorate(view: View) -> View:
        @wraps(view)
        def page(request: Any, visit_id: int, **parts: Any) -> HttpResponseBase:
            visit = visit_of(request, visit_id)
            if visit is None:
                return over(request)
            wants_check = checked(request) if callable(checked) else checked
            if wants_check and not visit.is_checked:
                visit, answer = _check(request, visit)
                if answer is not None:
                    return answer
            with acting_as(visit.actor):
                return view(request, visit, **parts)

        return public(page)

    return decorate


def secret_of(request: Any) -> str:
    return str(request.COOKIES.get(COOKIE, ""))[:100]


def visit_of(request: Any, visit_id: int) -> Visit | None:
    secret = secret_of(request)
    return visit_for(visit_id, secret, request.request_id) if secret else None


def keep_secret(answer: HttpResponseBase, request: Any, secret: str) -> None:
    answer.set_cookie(
        COOKIE, secret, max_age=int(SESSION_LASTS.total_seconds()), path="/r/", samesite="Lax", httponly=True,
        secure=bool(settings.SESSION_COOKIE_SECURE),
    )  # fmt: skip


def secret_for(request: Any) -> str:
    """The phone's secret; a new one where it has none that we could have given."""
    known = secret_of(request)
    return known if len(known) >= 40 else new_secret()


def over(request: Any) -> HttpResponseBase:
    """The visit has ended, or is another phone's: said alike, with the way back."""
    return render(request, "residents/phone/over.html", {"page": page_of(request, None)}, status=404)


def problem_words(problem: ResidentProblemError) -> str:
    return t(f"residents.problem.{problem.code}", **problem.gaps)


def page_of(request: Any, visit: Visit | None, here: str = "") -> dict[str, Any]:
    """What the frame of a phone page needs: where it is, whom to call."""
    answering: list[Any] = []
    if visit is not None:
        place = visit.household.place
        answering = [one for one in answering_for_residents([place])[place.pk] if one.phone]
    return {
        "visit": visit,
        "here": here,
        "is_large": request.COOKIES.get(SIZE_COOKIE) == "large",
        "answering": answering,
        "path": request.get_full_path(),
    }


def _check(request: Any, visit: Visit) -> tuple[Visit, HttpResponseBase | None]:
    """Ask for the digits. After right ones a page that was looked at is shown anew, one that was sent goes on."""
    problem = ""
    digits = request.POST.get(DIGITS, "") if request.method == "POST" else ""
    if digits:
        try:
            if check_digits(visit=visit, digits=digits):
                found = visit_of(request, visit.id)
                if found is None:
                    return visit, over(request)
                return found, None if request.POST.get("_sent") else redirect(request.get_full_path())
            problem = t("residents.problem.digits_wrong")
        except ResidentProblemError as said:
            problem = problem_words(said)
    elif request.method == "POST" and DIGITS in request.POST:
        problem = t("residents.problem.digits_needed")
    was_sent = request.method == "POST" and (DIGITS not in request.POST or bool(request.POST.get("_sent")))
    kept = [(name, text) for name, texts in request.POST.lists() for text in texts if name not in (*_NOT_KEPT, "_sent")]
    context = {
        "page": page_of(request, visit), "problem": problem, "was_sent": was_sent, "kept": kept if was_sent else [],
        "is_locked": visit.is_locked or problem == t("residents.problem.link_locked"),
    }  # fmt: skip
    return visit, render(request, "residents/phone/check.html", context, status=422 if problem else 200)
