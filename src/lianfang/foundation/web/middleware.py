"""What every answer carries: safety headers, the reader's language, a bound on what is sent to us."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

from lianfang.foundation.web.errors import bad_request, too_large
from lianfang.foundation.web.language import CATALOGUES, asked_language

Answer = Callable[[HttpRequest], HttpResponseBase]

# No script or style stands in a page: what an attacker manages to write into one does not run.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
PERMISSIONS_POLICY = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=(), interest-cohort=()"

# Room for the fields of a form and the borders between its parts, beside the files.
BESIDE_FILES = 1024 * 1024


class SafetyHeaders:
    """Sets the security headers and gives the request its id.

    Whatever is not a static file counts as personal and is not stored by anybody on the way; a view that
    sets Cache-Control itself keeps its own.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        request.request_id = uuid.uuid4().hex[:16]
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("X-Request-ID", request.request_id)
        response.headers.setdefault("Cache-Control", "no-store")
        # One address answers with a page or with its part: nobody may keep one for the other.
        patch_vary_headers(response, ("HX-Request", "Accept-Language"))
        return response


class Language:
    """Activates the reader's language: that of the account, else the cookie, else Accept-Language."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with translation.override(asked_language(request)):
            if _body_size(request) > settings.UPLOAD_LIMIT + BESIDE_FILES:
                return too_large(request)
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", _catalogue_name())
            return response

    def process_view(self, request: Any, *_: object) -> HttpResponseBase | None:
        """The account is known now; its language wins, for the view and for its errors.

        No text of ours holds the character NUL and PostgreSQL keeps none: what sends one is no browser of a user.
        """
        account = getattr(request, "user", None)
        chosen = getattr(account, "language", "")
        if chosen in CATALOGUES:
            translation.activate(chosen)
        return bad_request(request, ValueError("NUL")) if _has_nul(request) else None


def _has_nul(request: HttpRequest) -> bool:
    given = [request.path, *request.GET.keys(), *(text for _, texts in request.GET.lists() for text in texts)]
    if request.method == "POST":
        given += [*request.POST.keys(), *(text for _, texts in request.POST.lists() for text in texts)]
    return any("\0" in str(text) for text in given)


def _catalogue_name() -> str:
    return CATALOGUES[translation.get_language() or str(settings.LANGUAGE_CODE)]


def _body_size(request: HttpRequest) -> int:
    given = str(request.META.get("CONTENT_LENGTH") or "")
    return int(given) if given.isdecimal() else 0
