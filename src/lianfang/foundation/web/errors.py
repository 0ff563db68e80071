"""The pages that say what went wrong: what happened, what was kept, what to do, and the request's id.

None of them reads the database, so they appear when it is away too. A request of htmx gets the same words as a
toast beside what it asked for, and the page keeps what was typed.
"""

from __future__ import annotations

import errno
import logging
import sys
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lianfang.foundation.access.actor import NotAllowedError
from lianfang.foundation.texts import Gap
from lianfang.foundation.web.language import current_texts

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 10

ICONS = {
    "bad_request": "circle-x",
    "refused": "shield-lock",
    "not_found": "zoom-question",
    "failed": "alert-octagon",
    "form_expired": "hourglass",
    "too_large": "file-alert",
    "database_away": "database-off",
    "disk_full": "database-off",
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, "bad_request", 400)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """For ``NotAllowedError`` and Django's ``PermissionDenied``; says which rule refused, where one did."""
    key = f"access.refused.{exception.code}" if isinstance(exception, NotAllowedError) else ""
    words = current_texts()
    return _answer(request, "refused", 403, happened=words(key) if key in words else "")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, "not_found", 404)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form older than its session, or one sent from another site; ``reason`` is Django's, for the log."""
    return _answer(request, "form_expired", 403)


def too_large(request: HttpRequest) -> HttpResponse:
    """More than ``UPLOAD_LIMIT`` was sent; answered before any of it is read."""
    return _answer(request, "too_large", 413, gaps={"limit": settings.UPLOAD_LIMIT // 1024 // 1024})


def failed(request: HttpRequest) -> HttpResponse:
    """The last resort for whatever a view raised; its transaction has been rolled back by now."""
    error = sys.exc_info()[1]
    if isinstance(error, NotAllowedError):
        return refused(request, error)
    logger.error("request %s failed: %r", getattr(request, "request_id", "?"), error)
    if _is_disk_full(error):
        return _answer(request, "disk_full", 507)
    if is_database_away(error):
        answer = _answer(request, "database_away", 503, gaps={"seconds": RETRY_AFTER_SECONDS}, tries_again=True)
        answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return answer
    return _answer(request, "failed", 500)


def is_database_away(error: BaseException | None) -> bool:
    """No connection, a server that starts or stops, or one without a free place (SQLSTATE 08, 57P, 53300)."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = _sqlstate(error)
    return state is None or state.startswith(("08", "57P")) or state == "53300"


def _is_disk_full(error: BaseException | None) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, OperationalError) and _sqlstate(error) == "53100"


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)


def _answer(
    request: Any,
    name: str,
    status: int,
    *,
    happened: str = "",
    gaps: dict[str, Gap] | None = None,
    tries_again: bool = False,
) -> HttpResponse:
    is_part = request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"
    words = current_texts()
    problem = {part: words(f"web.error.{name}.{part}", **(gaps or {})) for part in ("title", "happened", "kept", "fix")}
    if happened:
        problem["happened"] = happened
    # Only a page that was merely read may be asked for again without its reader.
    retries = tries_again and request.method == "GET" and not is_part
    if tries_again and not retries:
        problem["fix"] = words(f"web.error.{name}.fix_sent")
    context = {
        "problem": problem,
        "icon_name": ICONS[name],
        "status": status,
        "retry_seconds": RETRY_AFTER_SECONDS if retries else None,
    }
    template = "lianfang/parts/toast_problem.html" if is_part else "lianfang/error.html"
    answer = render(request, template, context, status=status)
    if is_part:
        answer.headers["HX-Retarget"] = "#toasts"
        answer.headers["HX-Reswap"] = "beforeend"
    return answer
