"""Messages that the next page shows: what was done, and the way back."""

from __future__ import annotations

from typing import Literal

from django.contrib import messages
from django.http import HttpRequest

Tone = Literal["success", "info", "warning", "danger"]

_LEVELS = {
    "success": messages.SUCCESS,
    "info": messages.INFO,
    "warning": messages.WARNING,
    "danger": messages.ERROR,
}


def tell(request: HttpRequest, text: str, *, tone: Tone = "success", undo_url: str = "") -> None:
    """Show ``text`` on the next page, or at once in an htmx answer.

    With ``undo_url`` a button posts there; the view behind it authorises the undoing like any other act.
    """
    if undo_url and not undo_url.startswith("/"):
        raise ValueError(f"an undo stays on this site: {undo_url!r}")
    messages.add_message(request, _LEVELS[tone], text, extra_tags=undo_url)
