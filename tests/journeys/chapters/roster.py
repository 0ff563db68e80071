"""The roster: dropped, understood, its conflicts decided, applied, undone, applied again."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.journeys.first_day import COMMANDER, PASSWORD
from tests.journeys.night import Night, whole


def sign_in(night: Night) -> None:
    """By keyboard, from the front door; the commander lands on the command page, where nothing is to be done yet."""
    page, words = night.page, night.words
    page.goto("/")
    expect(page).to_have_url(re.compile("/sign-in/"))
    page.keyboard.type(COMMANDER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/command/"))
    expect(page.get_by_role("heading", name=words("command_post.navigation.overview"))).to_be_visible()


def import_roster(night: Night) -> None:
    """Understood, decided in bulk by keyboard, previewed, applied: everybody of the rosters once."""
    read_files(night)
    _is_understood(night)
    _decide(night)
    _apply(night)


def read_files(night: Night) -> None:
    night.go("registry_import.navigation")
    night.page.locator("input[type=file]").set_input_files(night.files("rosters"))
    expect(night.page.locator(".lf-drop-files li")).to_have_count(len(night.files("rosters")))
    night.button("registry_import.do_read").click()
    _wait_for(night, "review")


def _wait_for(night: Night, state: str) -> None:
    badge = night.page.locator("h1 .lf-pill", has_text=night.words(f"registry_import.state.{state}"))
    expect(badge).to_be_visible(timeout=60_000)


def _is_understood(night: Night) -> None:
    """A card per sheet with its rows, as reconcile read them; every column with how sure the reading is."""
    sheets = [one for one in night.answer["sources"] if one["role"] == "roster"]
    cards = night.page.locator(".imp-sheet")
    expect(cards).to_have_count(len(sheets))
    shown = [whole(text) for text in cards.locator(".card-header .lf-fine").all_inner_texts()]
    assert sorted(shown) == sorted(one["rows"] for one in sheets)
    assert cards.locator("tbody tr").count() > 5 * len(sheets)
    doubtful = [one for one in night.answer["cells_not_understood"] if one["file"] in _names(night)]
    for one in doubtful:
        expect(cards.get_by_role("cell", name=f"{one['column']}{one['row']}", exact=True).first).to_be_visible()


def _names(night: Night) -> set[str]:
    return {path.name for path in night.files("rosters")}


def _decide(night: Night) -> None:
    """The first conflict by its number key, taken back by u, decided again; the rest of each kind by one key."""
    page = night.page
    page.locator(".lf-tabs").get_by_role("link", name=re.compile(night.words("registry_import.tab.conflicts"))).click()
    first = page.locator("[data-conflict]").first
    key = first.locator("button.imp-suggested").get_attribute("data-key")
    assert key is not None
    for decided in (True, False, True):
        night.is_settled()
        page.keyboard.press(key if decided else "u")
        expect(first.locator("[aria-pressed=true]")).to_have_count(int(decided))
    night.is_settled()
    expect(page.locator("[data-conflict].is-decided")).to_have_count(1)
    kinds = page.locator(".lf-tabs").last.get_by_role("link")
    for number in range(kinds.count()):
        kinds.nth(number).click()
        expect(kinds.nth(number)).to_have_attribute("aria-current", "page")
        night.is_settled()
        if page.locator("[data-applies-all]").is_enabled():
            page.keyboard.press("a")
            night.is_told(night.words("registry_import.decided_all", count="").split()[0])
        expect(page.locator("[data-applies-all]")).to_be_disabled()
        expect(page.locator("[data-conflict]:not(.is-decided)")).to_have_count(0)


def _apply(night: Night) -> None:
    """What was decided is shown, building by building, and written as shown."""
    page, expected = night.page, night.totals["expected"]
    page.locator(".lf-tabs").get_by_role("link", name=night.words("registry_import.tab.preview")).click()
    expect(night.figure("registry_import.action.add")).to_have_text(f"{expected:,}")
    buildings = page.locator("table").last.locator("tbody tr")
    assert sum(whole(one) for one in buildings.locator("td:last-child").all_inner_texts()) == expected
    night.button("registry_import.do_apply").click()
    _wait_for(night, "applied")
    night.sees(night.words("registry_import.applied_title", added=expected, updated=0))


def undo_and_apply_again(night: Night) -> None:
    """Undone, nobody is registered; the same files say that they were here before, and give the same people again."""
    page, expected = night.page, night.totals["expected"]
    night.button("registry_import.do_undo").click()
    dialog = page.locator("#lf-confirm")
    expect(dialog).to_contain_text(night.words("registry_import.undo_question"))
    night.button("registry_import.do_undo", dialog).click()
    _wait_for(night, "undone")
    night.sees(night.words("registry_import.undone_title", removed=expected, restored=0, kept=0))
    night.go("registry.navigation.people")
    expect(page.locator("table tbody tr")).to_have_count(0)
    read_files(night)
    expect(page.locator(".lf-note")).to_contain_text([night.files("rosters")[0].name] * 1)
    _decide(night)
    _apply(night)
    night.go("registry.navigation.places")
    expect(night.figure("registry.figure.people")).to_have_text(f"{expected:,}")
    expect(night.figure("registry.figure.households")).to_have_text(str(night.totals["households"]))
