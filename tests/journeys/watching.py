"""What must hold on every page that a journey passes: nothing fails, nothing is untranslated, nothing is cut off
or covered."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

from lianfang.foundation.texts import load_entries

MARK = "LOOKED:"
# What a finger must be able to hit on a phone.
LEAST_TARGET = 40
NARROW = 600

# Runs inside every page, when it has loaded and whenever a part of it was replaced.
_LOOK = """
(() => {
  const AREAS = %(areas)s, MARK = %(mark)r, LEAST = %(least)d, NARROW = %(narrow)d;
  const key = new RegExp(`\\\\b(?:${AREAS.join("|")})(?:\\\\.[a-z][a-z0-9_]*)+\\\\b`);
  const leak = /\\{[a-z_]+\\}|\\{[%%{]|\\b(?:None|undefined|NaN)\\b/;
  const tell = (words) => console.error(`${MARK} ${location.pathname} ${words}`);
  const words = () => {
    const named = [...document.querySelectorAll("[title], [aria-label], [placeholder]")].flatMap((one) =>
      ["title", "aria-label", "placeholder"].map((name) => one.getAttribute(name) || ""));
    return [document.title, document.body.innerText, ...named].join("\\n");
  };
  const typed = ["hidden", "checkbox", "radio", "file"].map((type) => `:not([type=${type}])`).join("");
  const targets = () => document.querySelectorAll(
    `.btn, button, summary, select, input${typed}, .lf-tabs a, .lf-bottom a, .lf-nav a`);
  const look = () => {
    const text = words();
    for (const found of [text.match(key), text.match(leak)]) if (found) tell(`shows ${found[0]}`);
    const bar = document.querySelector(".lf-top"), heading = document.querySelector("h1");
    if (bar && heading && scrollY === 0) {
      const foot = Math.max(...[bar, ...bar.children].map((one) => one.getBoundingClientRect().bottom));
      if (heading.getBoundingClientRect().top < foot - 0.5) tell("covers its heading with the bar above");
    }
    if (innerWidth > NARROW) return;
    if (document.documentElement.scrollWidth > innerWidth) tell(`is ${document.documentElement.scrollWidth} px wide`);
    for (const one of targets()) {
      const box = one.getBoundingClientRect();
      const isShown = one.checkVisibility({visibilityProperty: true, opacityProperty: true});
      if (isShown && box.height && box.height < LEAST - 0.5)
        tell(`has a control of ${Math.round(box.height)} px: ${one.outerHTML.slice(0, 120)}`);
    }
  };
  addEventListener("load", look);
  addEventListener("htmx:afterSettle", look);
})();
"""


class Watch:
    """Collects what is wrong; ``complaints`` must be empty at the end of a journey."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.seen: list[str] = []
        areas = sorted({key.split(".")[0] for key in load_entries("en")})
        context.add_init_script(_LOOK % {"areas": areas, "mark": MARK, "least": LEAST_TARGET, "narrow": NARROW})
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._complain(f"script: {error.error}"))
        context.on("requestfailed", self._on_failure)
        context.on("response", self._on_response)
        context.on("page", self._on_page)

    def _complain(self, words: str) -> None:
        if words not in self.complaints:
            self.complaints.append(words)

    def _on_page(self, page: Page) -> None:
        page.on("framenavigated", lambda frame: self.seen.append(frame.url))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(f"{message.text} (on {message.page.url if message.page else '?'})")

    def _on_failure(self, request: Request) -> None:
        # What the browser itself gave up because the reader went on, or because the answer was a file.
        if request.failure != "net::ERR_ABORTED":
            self._complain(f"{request.method} {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._complain(f"{response.request.method} {response.url}: {response.status}")


def numbers_of(table: Any) -> list[list[str]]:
    """The texts of a table, row by row."""
    rows: list[list[str]] = table.evaluate(
        "table => [...table.rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    return rows
