"""One night from the roster to the daily table, walked in Chinese through pages only.

It is told in chapters; each needs those before it. A test asks for one by ``night.through(chapter)``: what was not
walked yet is walked, what was walked is not walked again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from lianfang.foundation.texts import Texts, texts
from tests.journeys.watching import Watch

Chapter = Callable[["Night"], None]


@dataclass
class Night:
    """Who walks it, with what, and what was noted on the way."""

    page: Page
    watch: Watch
    demo: Path
    answer: dict[str, Any]
    as_of: datetime
    words: Texts = field(default_factory=lambda: texts("zh-Hans"))
    # Codes and names that a later chapter needs.
    notes: dict[str, Any] = field(default_factory=dict)
    _walked: dict[str, Exception | None] = field(default_factory=dict)

    def through(self, chapter: Chapter, chapters: tuple[Chapter, ...]) -> None:
        """Walk up to and with ``chapter``. Raises what stopped the journey, also to those who come later."""
        for one in chapters[: chapters.index(chapter) + 1]:
            name = one.__name__
            if name not in self._walked:
                try:
                    one(self)
                    self._walked[name] = None
                except Exception as stopped:
                    self._walked[name] = stopped
                    stopped.add_note(self._whereabouts())
                    raise
            if self._walked[name] is not None:
                raise AssertionError(f"the journey was stopped in {name!r}") from self._walked[name]

    def _whereabouts(self) -> str:
        heading = self.page.locator("h1").all_inner_texts()
        return "\n".join([f"on {self.page.url} {heading}", *self.watch.complaints])

    def files(self, kind: str) -> list[Path]:
        return sorted((self.demo / kind).iterdir())

    @property
    def totals(self) -> dict[str, int]:
        """The totals of ``lianfang reconcile``."""
        found: dict[str, int] = self.answer["totals"]
        return found

    def go(self, key: str) -> None:
        """Follow a line of the navigation."""
        self.page.locator("#navigation").get_by_role("link", name=self.words(key), exact=True).click()

    def button(self, key: str, within: Locator | Page | None = None, **gaps: Any) -> Locator:
        return (within or self.page).get_by_role("button", name=self.words(key, **gaps)).first

    def link(self, key: str, within: Locator | Page | None = None, **gaps: Any) -> Locator:
        return (within or self.page).get_by_role("link", name=self.words(key, **gaps)).first

    def figure(self, key: str) -> Locator:
        """The number of a large figure."""
        label = re.compile(rf"^\s*{re.escape(self.words(key))}\s*$")
        one = self.page.locator(".lf-figure").filter(has=self.page.locator(".lf-figure-label", has_text=label))
        return one.locator(".lf-figure-value")

    def sees(self, text: str | re.Pattern[str], *, seconds: float = 30) -> None:
        """The page comes to show a text."""
        expect(self.page.locator("body")).to_contain_text(text, timeout=seconds * 1000)

    def is_settled(self) -> None:
        """Scripts are loaded and what was swapped in is in place: before that nobody's hand has found the key."""
        self.page.wait_for_load_state("load")
        expect(self.page.locator(".htmx-request, .htmx-swapping, .htmx-added, .htmx-settling")).to_have_count(0)

    def is_told(self, text: str) -> None:
        """A message of the page, put away again."""
        toast = self.page.locator(".lf-toast", has_text=text).first
        expect(toast).to_be_visible()
        toast.locator("[data-closes=toast]").click()
        expect(toast).to_have_count(0)


def whole(text: str) -> int:
    """The number of a text that has one, as pages write it: 1,234."""
    found = re.search(r"\d[\d,]*", text)
    assert found, text
    return int(found[0].replace(",", ""))
