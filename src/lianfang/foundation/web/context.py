"""What the frame of every page needs, computed only when a template asks for it."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation

import lianfang
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.web.language import CATALOGUES
from lianfang.foundation.web.navigation import Search, entries_for, search_for

THEME_COOKIE = "lianfang_theme"
THEMES = ("auto", "light", "dark")
SCRIPTS = tuple(f"lianfang/js/{name}.js" for name in ("page", "keyboard", "uploads", "charts"))


class Frame:
    """``frame`` in every template. Reads no database by itself, so that error pages can use it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request: Any = request

    @property
    def version(self) -> str:
        return lianfang.__version__

    @property
    def now(self) -> datetime:
        now: datetime = timezone.now()
        return now

    @property
    def base(self) -> str:
        """The template that a page builds on: a whole page, or the part that htmx asked for."""
        htmx: Any = getattr(self.request, "htmx", None)
        is_part = bool(htmx) and not htmx.boosted and not htmx.history_restore_request
        return "lianfang/part.html" if is_part else "lianfang/base.html"

    @property
    def language(self) -> str:
        return CATALOGUES[self.language_code]

    @property
    def language_code(self) -> str:
        return translation.get_language() or str(settings.LANGUAGE_CODE)

    @property
    def languages(self) -> list[tuple[str, str]]:
        return list(settings.LANGUAGES)

    @property
    def scripts(self) -> tuple[str, ...]:
        return SCRIPTS

    @property
    def theme(self) -> str:
        chosen = self.request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else "auto"

    @property
    def themes(self) -> tuple[str, ...]:
        return THEMES

    @property
    def request_id(self) -> str:
        return getattr(self.request, "request_id", "")

    @property
    def actor(self) -> Actor | None:
        return getattr(self.request, "actor", None)

    @property
    def postings(self) -> list[Any]:
        return getattr(self.request, "postings", [])

    @cached_property
    def navigation(self) -> list[dict[str, Any]]:
        """The lines of the side navigation; ``is_here`` marks the one whose pages the reader is on, ``begins`` the
        first of a group."""
        path = self.request.path
        lines: list[dict[str, Any]] = []
        here: tuple[int, int] = (0, -1)
        for number, entry in enumerate(entries_for(self.actor)):
            begins = bool(lines) and entry.order // 100 != lines[-1]["entry"].order // 100
            lines.append({"entry": entry, "url": entry.url, "begins": begins, "is_here": False})
            for url in entry.urls:
                if path == url or (url != "/" and path.startswith(url)):
                    here = max(here, (len(url), number))
        if here[0]:
            lines[here[1]]["is_here"] = True
        return lines

    @cached_property
    def navigation_key(self) -> tuple[str, ...]:
        """What the navigation looks like: the lines, and which of them the reader is on."""
        return tuple(f"{line['entry'].key}{'*' if line['is_here'] else ''}" for line in self.navigation)

    @property
    def thumbs(self) -> list[dict[str, Any]]:
        """The four lines of a phone's bottom bar."""

        def place(line: dict[str, Any]) -> int:
            entry = line["entry"]
            return int(entry.order if entry.thumb is None else entry.thumb)

        return sorted(self.navigation, key=place)[:4]

    @property
    def search(self) -> Search | None:
        return search_for(self.actor)


def page(request: HttpRequest) -> dict[str, Frame]:
    """Context processor: gives each template ``frame``."""
    return {"frame": Frame(request)}
