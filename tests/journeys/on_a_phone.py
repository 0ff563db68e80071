"""A shorter way in English on a phone, 390 px wide, by day and by night, through the township of the Chinese journey.

The watch looks at every page on the way: nothing scrolls sideways, no control is lower than a finger needs.
"""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from lianfang.foundation.texts import Texts, texts
from tests.journeys.chapters.testing import scan
from tests.journeys.conftest import Visit
from tests.journeys.first_day import DEPUTY, PASSWORD
from tests.journeys.night import Night, whole

WIDTH = 390
EN: Texts = texts("en")


def walk(night: Night, visit: Visit, theme: str) -> None:
    """From signing in to every page of the menu, after the night."""
    context, watch = visit(width=WIDTH, language="en", theme=theme)
    page = context.new_page()
    sign_in(page)
    assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
    look_at_the_command_page(page, night)
    walk_to_a_household(page, night)
    search(page, night)
    scan_at_the_desk(page, night)
    see_the_missing(page, night)
    look_at_the_rest(page)
    assert watch.complaints == []


def sign_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label(EN("access.sign_in.login")).fill(DEPUTY)
    page.get_by_label(EN("access.sign_in.password")).fill(PASSWORD)
    page.get_by_role("button", name=EN("access.sign_in.submit")).click()
    expect(page).to_have_url(re.compile("/command/"))
    page.locator("details.lf-switch summary").first.click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def look_at_the_command_page(page: Page, night: Night) -> None:
    """What is wrong stands first, in English, and leads on."""
    expect(page.get_by_role("heading", name=EN("command_post.title"))).to_be_visible()
    signal = page.locator(".lf-signal", has_text=EN("command_post.signal.orphan_results"))
    assert whole(signal.inner_text()) == len(night.answer["unmatched_results"])


def by_menu(page: Page, key: str) -> None:
    """A line of the navigation, which a phone shows on demand."""
    page.locator(".lf-bottom-more").click()
    page.locator("#navigation").get_by_role("link", name=EN(key), exact=True).click()


def walk_to_a_household(page: Page, night: Night) -> None:
    """Township, community, compound, building, room: by touch."""
    person = night.notes["scanned"][0]
    page.locator(".lf-bottom").get_by_role("link", name=EN("registry.navigation.places")).click()
    for name in (person["community"], person["compound"]):
        page.locator("#content table").get_by_role("link", name=name, exact=True).click()
        expect(page.locator("h1")).to_contain_text(name)
    page.locator("#content table").get_by_role("link", name=re.compile(rf"^{person['building']}\D*$")).click()
    room = page.locator("b", has_text=re.compile(rf"^{person['room']}$"))
    page.locator("a.lf-room").filter(has=room).first.click()
    expect(page.locator("#content")).to_contain_text(person["name"])


def search(page: Page, night: Night) -> None:
    """By the last four digits of a phone, as it is typed."""
    person = next(one for one in night.answer["missing"] if one["phone"])
    page.locator("#lf-search").fill(person["phone"][-4:])
    page.keyboard.press("Enter")
    page.locator("#results").get_by_role("link", name=person["name"]).first.click()
    expect(page.locator("h1")).to_contain_text(person["name"])


def scan_at_the_desk(page: Page, night: Night) -> None:
    """A tube, a person, the swab taken back: by text and Enter."""
    page.locator(".lf-bottom").get_by_role("link", name=EN("lab_testing.navigation.rounds")).click()
    page.locator("#content").get_by_role("link", name=re.compile("今夜")).first.click()
    page.get_by_role("link", name=EN("lab_testing.tab.desk")).first.click()
    person = next(one for one in night.answer["missing"] if one["id_number"] and one not in night.notes["scanned"])
    page.locator("summary", has_text=EN("lab_testing.desk.settings")).click()
    page.get_by_label(EN("lab_testing.kit.team")).select_option(label="一组")
    page.get_by_role("button", name=EN("lab_testing.desk.save")).click()
    code = night.notes["labels"][10][2]
    scan(page, code, code)
    scan(page, person["id_number"], person["name"])
    scan(page, "-", EN("lab_testing.desk.undone", name=person["name"], code=code))


def see_the_missing(page: Page, night: Night) -> None:
    page.get_by_role("link", name=EN("lab_testing.tab.missing")).first.click()
    missing = len(night.answer["missing"]) - len(night.notes["scanned"])
    expect(page.locator("h1 .lf-count")).to_have_text(str(missing))
    row = page.locator("#content tbody tr").first
    row.get_by_role("button", name=EN("lab_testing.outcome.no_answer")).click()
    expect(row).to_contain_text(EN("lab_testing.outcome.no_answer"))


def look_at_the_rest(page: Page) -> None:
    """Every other page that the menu leads to."""
    page.locator(".lf-bottom-more").click()
    addresses = page.locator("#navigation a[href^='/']").evaluate_all("links => links.map(link => link.href)")
    for address in addresses:
        page.goto(address)
        expect(page.locator("h1")).to_be_visible()
