"""An hour at the gates with the network cut: codes of all kinds, a permit, papers, numbers, an emergency, a slip taken
back, a county gate with plates; then everything is on the server once, and what differed is listed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Playwright, expect

from lianfang.engine.field.base45 import text_of
from lianfang.engine.field.tokens import show
from tests.config.databases import quick_folder
from tests.journeys.field.gate_hour import CLERK, RESIDENTS
from tests.journeys.field.phone import Phone
from tests.journeys.field.test_a_lost_phone import places_of
from tests.journeys.first_day import PASSWORD
from tests.journeys.serving import Product
from tests.product.database import migrated_folder
from tests.product.database import test_database as made_database

CUT = ("ERR_INTERNET_DISCONNECTED", "Failed to load resource", "ERR_NETWORK_CHANGED")
# All keys of a code at once, as a scanner on a quiet phone types them: this machine does other things besides.
_SCAN = """text => { for (const key of [...text, "Enter"]) document.body.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })); }"""


@dataclass
class Hour:
    """The running product and what the test must know of its gates."""

    product: Product
    told: dict[str, Any]
    used: int = 0

    def token(self) -> str:
        """Of an invitation that nobody used yet."""
        self.used += 1
        found: str = self.told["invites"][self.used - 1]["token"]
        return found


@pytest.fixture(scope="module")
def hour() -> Iterator[Hour]:
    with ExitStack() as stack:
        folder = stack.enter_context(quick_folder())
        environment = {}
        if os.environ.get("LIANFANG_TEST_SERVER"):
            (folder / "server").mkdir()
            owner_url, app_url = stack.enter_context(made_database(folder / "server"))
            environment = {"DATABASE_OWNER_URL": owner_url, "DATABASE_URL": app_url}
        else:
            subprocess.run(["cp", "-a", migrated_folder(), folder / "product"], check=True)
        told = folder / "told.json"
        product = Product(folder / "product", told, environment, "tests.journeys.field.gate_hour")
        stack.callback(product.stop)
        yield Hour(product, json.loads(told.read_text("utf-8")))


class Guard:
    """A phone at the gate; ``checks`` counts what its guard has finished, ``slowest`` is the longest wait."""

    def __init__(self, phone: Phone, token: str) -> None:
        self.phone, self.checks, self.slowest = phone, 0, 0.0
        phone.enrol(token)
        phone.keep_offline()
        phone.at("[data-screen=gate].f-tile").click()
        expect(phone.at(".f-why")).to_contain_text(str(RESIDENTS))

    def choose_gate(self, gate_id: int) -> None:
        self.phone.at(f"[data-gate='{gate_id}']").click()

    def scan(self, text: str) -> None:
        self.phone.page.evaluate(_SCAN, text)
        self.phone.at("[data-answered-ms]").wait_for()
        self.slowest = max(
            self.slowest, float(self.phone.at("[data-answered-ms]").get_attribute("data-answered-ms") or 0)
        )

    def measure(self, degrees: str = "365") -> None:
        for digit in degrees:
            self.phone.at(f".f-temperature-keys [data-digit='{digit}']").click()

    def says(self, answer: str, reason: str) -> None:
        banner = self.phone.at(".f-gate-answer")
        expect(banner).to_have_attribute("data-reason", reason)
        expect(banner).to_have_attribute("data-answer", answer)

    def act(self, name: str, look: str = "") -> None:
        self.phone.at(f"[data-act={name}]").click()
        if look:
            self.phone.at(f".f-ask [data-value={look}]").click()
        self.phone.at("[data-view=waiting]").wait_for()
        self.checks += 1


def text_now(code: dict[str, Any]) -> str:
    """What the holder's phone shows at this moment, or showed when the picture was taken."""
    raw = bytes.fromhex(code["raw"])
    if code["picture"]:
        return text_of(raw)
    return show(raw, bytes.fromhex(code["holder"]), int(time.time()) + code["shown"])


def test_a_gate_hour_without_a_network_arrives_whole_and_once(
    playwright: Playwright, chromium: str, hour: Hour
) -> None:
    expect.set_options(timeout=20_000)
    told = hour.told
    with quick_folder() as one, quick_folder() as two:
        phone = Phone(playwright, chromium, hour.product.field, one / "profile")
        other = Phone(playwright, chromium, hour.product.field, two / "profile", language="en-GB", theme="dark")
        try:
            south, county = Guard(phone, hour.token()), Guard(other, hour.token())
            phone.context.set_offline(True)
            south.choose_gate(told["gate"])
            people_with_codes(south, told["codes"])
            people_without_codes(south, told)
            dies_in_the_hand(south, told)
            emergency(south)
            take_one_back(south)
            vehicles(county, told)
            phone.context.set_offline(False)
            for guard in (south, county):
                guard.phone.send_now()
                guard.phone.wait_count("waiting", 0, seconds=40)
                guard.phone.wait_count("sent", 0, seconds=40)
                assert {item["state"] for item in guard.phone.items()} == {"accepted"}
                assert guard.phone.complaints(CUT) == []
            assert max(south.slowest, county.slowest) < 1_000
            look_at_the_desk(phone, hour, south, county)
        finally:
            phone.close()
            other.close()


def people_with_codes(guard: Guard, codes: list[dict[str, Any]]) -> None:
    for at, code in enumerate(codes):
        guard.scan(text_now(code))
        guard.measure()
        guard.says(code["answer"], code["reason"])
        if code["answer"] == "pass":
            guard.act("next")
        elif code["answer"] == "stop" or at % 2:
            guard.act("stopped")
        else:
            guard.act("look", "document")


def people_without_codes(guard: Guard, told: dict[str, Any]) -> None:
    """Papers, numbers, a permit: the phone has no test of these people, and says so."""
    for printed in told["printed"]:
        guard.scan(printed["text"])
        guard.measure()
        guard.says("second_look", "negative_unknown")
        guard.act("look", "document")
    for number, reason in zip(told["numbers"], ("negative_unknown", "negative_unknown", "not_found"), strict=True):
        guard.phone.at("[data-act=number]").click()
        guard.phone.at(".f-ask input[name=number]").fill(number)
        guard.phone.at(".f-ask [data-value=find]").click()
        guard.measure()
        guard.says("second_look", reason)
        guard.act("stopped") if reason == "not_found" else guard.act("look", "known")
    guard.scan(f"LFX:{told['permit']['code']}")
    guard.says("pass", "permit")
    guard.act("next")


def dies_in_the_hand(guard: Guard, told: dict[str, Any]) -> None:
    """Somebody was scanned and measured, and the phone starts anew before the guard is done: the check is there."""
    before = len(guard.phone.items())
    guard.scan(text_now(told["codes"][0]))
    guard.measure()
    guard.says("pass", "all_met")
    guard.phone.start()
    guard.phone.unlock()
    guard.phone.at("[data-screen=gate].f-tile").click()
    guard.phone.at("[data-view=waiting]").wait_for()
    assert len(guard.phone.items()) == before + 1
    guard.checks += 1


def emergency(guard: Guard) -> None:
    """Two presses open; a word follows."""
    guard.phone.at("[data-act=emergency]").click()
    guard.phone.at("[data-act=emergency]").click()
    guard.phone.at("[data-view=emergency]").wait_for()
    guard.phone.at("[data-words=birth]").click()
    guard.phone.at("[data-view=waiting]").wait_for()


def take_one_back(guard: Guard) -> None:
    """Nobody stood there: the vehicle button was pressed with a glove."""
    guard.phone.at("[data-act=nobody]").click()
    guard.phone.at("[data-answer=second_look]").wait_for()
    guard.act("stopped")
    guard.phone.page.get_by_text(guard.phone.t("field_gate.last.title")).click()
    guard.phone.at(".f-list [data-item]").first.click()
    guard.phone.at(".f-ask [data-value=yes]").click()
    expect(guard.phone.at(".f-list [data-item]").first).to_be_disabled()
    guard.checks -= 1


def vehicles(guard: Guard, told: dict[str, Any]) -> None:
    """At the county gate, with a network: plates typed, then picked from the last ones, and where they go."""
    guard.choose_gate(told["county_gate"])
    for at, code in enumerate(told["codes"][:3]):
        guard.scan(text_now(code))
        guard.measure()
        guard.phone.at("[data-travel=clear]").click()
        guard.phone.at("[data-doses='2']").click()
        guard.phone.at("input[name=destination]").fill("东湖社区")
        if at:
            guard.phone.at("[data-plate=闽AD12345]").click()
        else:
            for sign in "闽AD12345":
                guard.phone.at(f"[data-sign='{sign}']").click()
        guard.says("pass", "all_met")
        guard.act("next")


def look_at_the_desk(phone: Phone, hour: Hour, south: Guard, county: Guard) -> None:
    page = phone.context.new_page()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{hour.product.address}/gates/checks/?size=100")
    page.get_by_label(phone.t("access.sign_in.login")).fill(CLERK)
    page.get_by_label(phone.t("access.sign_in.password")).fill(PASSWORD)
    page.get_by_role("button", name=phone.t("access.sign_in.submit")).click()
    expect(page).to_have_url(re.compile("/gates/checks/"))
    rows = page.locator("#checks tbody tr")
    expect(rows).to_have_count(south.checks + county.checks)
    assert rows.filter(has_text="东湖社区").count() == county.checks == 3
    assert page.get_by_text("闽AD12345").count() == 0 and rows.filter(has_text="闽******5").count() == 3
    page.goto(f"{hour.product.address}/gates/review/")
    expect(page.get_by_text(phone.t("field_gate.emergency.birth"))).to_be_visible()
    # Green on the phone that showed it, red since: let through after a second look, and listed.
    expect(page.locator("[action*='/difference/']")).to_have_count(1)
    page.goto(f"{hour.product.address}/gates/")
    total = page.locator("tbody tr").first.locator(".lf-cell-number").all_inner_texts()
    assert int(total[0]) + int(total[1]) in (south.checks, county.checks)
    page.close()


def test_a_gate_that_heard_nothing_for_a_day_decides_nothing_opens_for_an_emergency_and_works_again(
    playwright: Playwright, chromium: str, hour: Hour
) -> None:
    expect.set_options(timeout=20_000)
    told = hour.told
    good = told["codes"][0]
    with quick_folder() as folder:
        phone = Phone(playwright, chromium, hour.product.field, folder / "profile", language="en-GB")
        try:
            guard = Guard(phone, hour.token())
            guard.choose_gate(told["gate"])
            phone.context.set_offline(True)
            phone.page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=25))
            phone.page.reload()
            phone.unlock()
            phone.at("[data-view=waiting]").wait_for()
            expect(phone.at(".f-why")).to_contain_text(phone.t("field_gate.withheld"))
            assert not {"gate", "gate_people", "gate_changes", "storage_key"} & set(places_of(phone))
            decides_nothing(guard, told, good)
            emergency(guard)
            phone.wait_count("waiting", 5)
            phone.context.set_offline(False)
            phone.send_now()
            phone.wait_count("waiting", 0, seconds=40)
            phone.wait_count("sent", 0, seconds=40)
            assert {item["state"] for item in phone.items()} == {"accepted"}
            expect(phone.at(".f-why")).to_contain_text(str(RESIDENTS))
            guard.scan(text_now(good))
            guard.measure()
            guard.says("pass", "all_met")
            guard.act("next")
            assert phone.complaints(CUT) == []
        finally:
            phone.close()


def decides_nothing(guard: Guard, told: dict[str, Any], good: dict[str, Any]) -> None:
    """A code, a number and a permit that pass on any other day: the phone lets nobody through, and accuses nobody."""
    phone = guard.phone
    guard.scan(text_now(good))
    blind(guard)
    guard.act("look", "document")
    phone.at("[data-act=number]").click()
    phone.at(".f-ask input[name=number]").fill(told["numbers"][0])
    phone.at(".f-ask [data-value=find]").click()
    blind(guard)
    guard.act("stopped")
    guard.scan(f"LFX:{told['permit']['code']}")
    blind(guard)
    guard.act("look", "known")
    phone.page.get_by_text(phone.t("field_gate.permits.title")).click()
    expect(phone.at(".f-empty")).to_have_text(phone.t("field_gate.withheld"))
    phone.page.go_back()
    phone.at("[data-view=waiting]").wait_for()


def blind(guard: Guard) -> None:
    """It looks again, and says that it is the phone that knows nothing, and what to do."""
    banner = guard.phone.at(".f-gate-answer")
    expect(banner).to_have_attribute("data-answer", "second_look")
    expect(banner).to_contain_text(guard.phone.t("field_gate.withheld"))
    expect(guard.phone.at("[data-act=emergency]")).to_be_visible()
