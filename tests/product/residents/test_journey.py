"""A household on a phone of 390 px, in Chinese by night, in English by day: from the slip to the code at the gate."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from lianfang.domains.residents.models import HelpRequest, ProposedPerson
from lianfang.domains.status.codes import published_keys
from lianfang.domains.status.models import Objection
from lianfang.engine.field.tokens import read_code
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.texts import Texts, texts
from tests.browsers import find_chromium
from tests.journeys.watching import Watch
from tests.product.residents.conftest import Slip, invite
from tests.product.residents.serving import served
from tests.product.world import World

PICTURES = os.environ.get("LIANFANG_PICTURES", "")
LATER = 31


@dataclass
class Shown:
    """Two codes that one phone showed, the second without a network, and the server's clock at the first."""

    at: int
    first: str
    second: str


@pytest.mark.committed
def test_a_household_goes_from_its_slip_to_the_gate_in_both_languages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chromium = find_chromium()
    slips = {"zh-CN": Slip(invite(world)), "en": Slip(invite(world, "b2-101"))}
    digits = {"zh-CN": "0002", "en": "0007"}
    names = {"zh-CN": "林秀英", "en": "周志强"}
    # The browser keeps a loop in this thread, beside which Django would refuse to work.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    shown = []
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        for language, theme in (("zh-CN", "dark"), ("en", "light")):
            context = phone_of(browser, address, language, theme)
            walk = Walk(context, texts("en" if language == "en" else "zh-Hans"), language)
            walk.in_by_the_slip(slips[language], digits[language])
            walk.object_to_a_status(names[language])
            walk.register_somebody()
            walk.ask_for_help()
            shown.append(walk.show_the_code(names[language]))
            walk.show_the_code_without_the_rules()
            walk.large_type()
            assert walk.wrong() == []
            context.close()
        browser.close()
    with acting_as(system_actor("test")):
        keys = published_keys(timezone.now())
        assert Objection.objects.count() == HelpRequest.objects.count() == ProposedPerson.objects.count() == 2
    for one in shown:
        assert read_code(one.first, keys=keys, now=one.at).presence == "verified"
        assert read_code(one.second, keys=keys, now=one.at + LATER).presence == "verified", "made without a network"
        assert one.first != one.second
        assert read_code(one.first, keys=keys, now=one.at + 200).reading == "stale", "a forwarded picture"


def phone_of(browser: Browser, address: str, language: str, theme: str) -> BrowserContext:
    context = browser.new_context(
        base_url=address, viewport={"width": 390, "height": 844}, locale=language, has_touch=True,
        color_scheme=theme,  # type: ignore[arg-type]
    )  # fmt: skip
    context.set_default_timeout(15_000)
    return context


class Walk:
    def __init__(self, context: BrowserContext, words: Texts, language: str) -> None:
        self.context, self.words, self.language = context, words, language
        self.watch = Watch(context)
        self.page: Page = context.new_page()

    def wrong(self) -> list[str]:
        """What the watch saw, but for what was meant to be refused."""
        meant = ("422", "ERR_INTERNET_DISCONNECTED", "/field-", "ERR_FAILED")
        return [one for one in self.watch.complaints if not any(word in one for word in meant)]

    def press(self, key: str) -> None:
        self.page.get_by_role("button", name=self.words(key), exact=True).click()

    def go(self, part: str) -> None:
        self.page.goto(self.home + part)

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(path=str(Path(PICTURES) / f"{name}.{self.language}.png"), full_page=True)

    def in_by_the_slip(self, slip: Slip, digits: str) -> None:
        page = self.page
        page.goto(slip.path)
        self.picture("1-landing")
        self.press("residents.landing.open")
        expect(page).to_have_url(re.compile(r"/r/home/[0-9]+/$"))
        self.home = page.url
        self.picture("2-home-unchecked")
        page.locator("[name=_digits]").fill("9999")
        self.press("residents.check.go")
        expect(page.get_by_role("alert")).to_contain_text(self.words("residents.problem.digits_wrong"))
        page.locator("[name=_digits]").fill(digits)
        self.press("residents.check.go")
        expect(page.get_by_role("heading", name=self.words("residents.statuses.title"))).to_be_visible()
        self.go("")
        self.picture("3-home")
        self.go("results/")
        self.picture("4-results")

    def object_to_a_status(self, name: str) -> None:
        self.go("status/")
        self.page.get_by_role("link", name=re.compile(name)).click()
        self.page.get_by_label(self.words("status.object_hint")).fill("老人十一天没出门，为什么是这个颜色？")
        self.press("status.object_send")
        expect(self.page.locator(".rs-success")).to_be_visible()
        self.picture("5-person")

    def register_somebody(self) -> None:
        self.go("family/")
        page = self.page
        rows = page.locator("form.rs-form > fieldset").count()
        page.locator(f"#row-{rows}-name").fill("新住户")
        page.locator(f"#row-{rows}-phone").fill("123")
        page.locator(f"[name=row-{rows}-needs][value=no_phone]").check()
        self.press("residents.family.send")
        expect(page.locator("#problems")).to_contain_text(self.words("residents.field.phone"))
        expect(page.locator(f"#row-{rows}-name")).to_have_value("新住户")
        self.picture("6-family")
        page.locator(f"#row-{rows}-phone").fill("19900000123")
        self.press("residents.family.send")
        expect(page.locator(".rs-success")).to_be_visible()

    def ask_for_help(self) -> None:
        self.go("help/")
        page = self.page
        page.get_by_role("radio", name=self.words("residents.kind.medicine"), exact=True).check()
        page.get_by_label(self.words("residents.ask.words")).fill("降压药，一盒")
        self.press("residents.ask.send")
        expect(page.locator(".rs-success")).to_be_visible()
        self.picture("7-help")

    def show_the_code(self, name: str) -> Shown:
        """Without a network half a minute later the phone has made itself another one."""
        page = self.page
        # The machine's clock stands still in these tests; the phone's goes on, years ahead of the server's.
        page.clock.install()
        self.go("codes/")
        self.picture("8-codes")
        one = page.locator("details.rs-card", has_text=name)
        if one.get_attribute("open") is None:
            one.locator("summary").click()
        one.get_by_role("link").click()
        canvas = page.locator("[data-proof] canvas")
        expect(canvas).to_be_visible()
        first = str(canvas.get_attribute("data-text"))
        at = int(str(page.locator("[data-proof]").get_attribute("data-server-at")))
        self.picture("9-proof")
        self.context.set_offline(True)
        deadline = time.monotonic() + 15
        page.clock.run_for(LATER * 1000)
        page.wait_for_function("before => document.querySelector('canvas').dataset.text !== before", arg=first)
        assert time.monotonic() < deadline
        second = str(canvas.get_attribute("data-text"))
        self.context.set_offline(False)
        return Shown(at, first, second)

    def show_the_code_without_the_rules(self) -> None:
        """A browser that cannot make a key of its own gets a code that the server signs for it."""
        page = self.page
        page.route("**/field-*/js/**", lambda route: route.abort())
        page.reload()
        expect(page.locator("[data-says=server]")).to_be_visible()
        expect(page.locator("[data-proof] img")).to_be_visible()
        expect(page.locator("[data-proof][data-failed]")).to_be_visible()
        before = str(page.locator("[data-proof] img").get_attribute("src"))
        page.clock.run_for(LATER * 1000)
        page.wait_for_function("before => document.querySelector('[data-proof] img').src !== before", arg=before)
        page.unroute("**/field-*/js/**")

    def large_type(self) -> None:
        """Nothing scrolls sideways in large type: the watch measures every page."""
        self.go("")
        self.press("residents.frame.large")
        expect(self.page.locator("html")).to_have_class(re.compile("rs-large"))
        for part in ("family/", "help/", "codes/", "helper/", "status/"):
            self.go(part)
        self.picture("10-large")
