"""A phone with the field app, as a sampler holds it: a profile of its own, 390 px wide, with a hardware scanner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Playwright, expect

from lianfang.foundation.texts import Texts, texts
from tests.journeys.watching import Watch

PIN = "428319"
_FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)


class Phone:
    """``words`` are the app's in the phone's language; ``watch`` collects what went wrong on any page."""

    def __init__(
        self, playwright: Playwright, chromium: str, field: str, profile: Path, *, language: str = "zh-CN",
        theme: str = "light", film: Path | None = None,
    ) -> None:  # fmt: skip
        self.field, self.profile = field, profile
        self.words: Texts = texts("en" if language.startswith("en") else "zh-Hans")
        film_flags = [f"--use-file-for-fake-video-capture={film}"] if film is not None else []
        self.context: BrowserContext = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=chromium, args=[*_FLAGS, *film_flags], locale=language, has_touch=True,
            viewport={"width": 390, "height": 844}, timezone_id="Asia/Shanghai", color_scheme=theme,  # type: ignore[arg-type]
        )  # fmt: skip
        self.context.set_default_timeout(20_000)
        self.watch = Watch(self.context)
        self.page: Page = self.context.pages[0]

    def t(self, key: str, **gaps: str | int) -> str:
        return self.words(key, **gaps)

    def at(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def start(self) -> None:
        """Open the app anew, as after a restart of the phone."""
        self.page.goto(self.field)
        self.at("body[data-ready]").wait_for()

    def enrol(self, token: str) -> None:
        """By the address in the QR code that the community shows."""
        self.page.goto(f"{self.field}#enrol={token}")
        self.at("body[data-ready]").wait_for()
        self.choose_pin()

    def choose_pin(self, pin: str = PIN) -> None:
        for field in self.at("input.f-pin").all():
            field.fill(pin)
        self.at("button[type=submit]").click()
        self.at(".f-tiles").wait_for()
        self.wait_online()

    def unlock(self, pin: str = PIN, *, by_keys: bool = False) -> None:
        if by_keys:
            for digit in pin:
                self.at(".f-key").get_by_text(digit, exact=True).click()
        else:
            self.at("form.f-unlock input").fill(pin)
        self.at("form.f-unlock button[type=submit]").click()

    def keep_offline(self) -> None:
        """Until the app itself is on the phone."""
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    def wait_online(self) -> None:
        expect(self.at("[data-network=online]")).to_be_visible()

    def count(self, name: str) -> int:
        return int(self.at(f"[data-count={name}]").get_attribute("data-value") or "0")

    def wait_count(self, name: str, number: int, *, seconds: int = 20) -> None:
        expect(self.at(f"[data-count={name}]")).to_have_attribute("data-value", str(number), timeout=seconds * 1000)

    def send_now(self) -> None:
        """Press on the network's state: a round at once."""
        self.at(".f-bar-net").click()

    def scan(self, text: str) -> None:
        """A hardware scanner: a whole code in no time, and Enter, whatever else this machine is busy with."""
        self.page.evaluate(
            """text => {
                for (const key of [...text, "Enter"])
                    (document.activeElement || document.body).dispatchEvent(
                        new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
            }""",
            text,
        )

    def answer(self, value: str, *, reason: int | None = None, **fields: str) -> None:
        """Answer the question that lies over the page."""
        ask = self.at(".f-ask")
        for name, given in fields.items():
            ask.locator(f"input[name={name}]").fill(given)
        if reason is not None:
            ask.locator(".f-chip").nth(reason).click()
        ask.locator(f"[data-value='{value}']").click()

    def answer_if_asked(self, value: str, *, reason: int | None = None) -> None:
        """The same where there may be nothing to ask: another test has been at this door."""
        self.at(".f-ask, .f-say, .f-tell").first.wait_for()
        if self.at(".f-ask").count():
            self.answer(value, reason=reason)

    def open_building(self, building: int) -> None:
        self.at(f"[data-building='{building}']").click()
        self.at(".f-homes").first.wait_for()

    def person(self, person_id: int) -> Locator:
        return self.at(f"[data-person='{person_id}']")

    def is_sampled(self, person_id: int) -> None:
        expect(self.person(person_id)).to_have_attribute("data-state", "sampled")

    def seal(self, counted: int) -> None:
        self.at("[data-act=seal]").click()
        self.answer("seal", counted=str(counted))

    def items(self) -> list[dict[str, Any]]:
        """What lies in the database of the phone, as open as it lies there."""
        found: list[dict[str, Any]] = self.page.evaluate(
            """() => new Promise((done, fail) => {
                const asked = indexedDB.open("lianfang-field");
                asked.onerror = () => fail(asked.error);
                asked.onsuccess = () => {
                    const all = asked.result.transaction("items").objectStore("items").getAll();
                    all.onsuccess = () => { asked.result.close();
                        done(all.result.map(({seq, id, kind, state}) => ({seq, id, kind, state}))); };
                };
            })"""
        )
        return found

    def complaints(self, allowed: Sequence[str] = ()) -> list[str]:
        """What went wrong beside what the test did on purpose."""
        return [one for one in self.watch.complaints if not any(words in one for words in allowed)]

    def close(self) -> None:
        self.context.close()
