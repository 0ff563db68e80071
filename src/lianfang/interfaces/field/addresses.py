"""Where a request comes from."""

from __future__ import annotations

from django.conf import settings
from starlette.requests import Request


def address_of(request: Request) -> str:
    """The address that the proxy before us saw, else the one that we see."""
    if settings.IS_BEHIND_PROXY:
        told = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        if told:
            return told[:45]
    return request.client.host if request.client else ""
