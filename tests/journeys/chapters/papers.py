"""What the night leaves: a person's page, the numbers beside reconcile's, the list for the doors, the daily table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.journeys.chapters.testing import tab, text_of
from tests.journeys.night import Night, whole
from tests.journeys.watching import numbers_of

PARTS = ("expected", "exempt", "away", "sampled", "missing")
OUTCOMES = ("negative", "released", "pending", "unclear", "held", "positive")


def read_a_person(night: Night) -> None:
    """Found by name; red with reason, evidence, since, until and where to object; an emergency passes all the same."""
    page, words = night.page, night.words
    name = next(iter(night.notes["singles"]))
    night.is_settled()
    page.keyboard.press("/")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.locator("#results").get_by_role("link", name=name).first.click()
    panel = page.locator("section.card").filter(has=page.get_by_role("heading", name=words("status.title")))
    expect(panel.locator(".lf-pill").first).to_have_text(words("web.pill.red"))
    for key in ("since", "until", "ends", "next_step", "appeal", "pack"):
        expect(panel.locator("dt", has_text=words(f"status.{key}")).first).to_be_visible()
    expect(panel.locator(".lf-timeline li").first).to_be_visible()
    expect(panel.locator(".lf-reason")).not_to_be_empty()
    held = page.locator("section.card").filter(has=page.get_by_role("heading", name=words("lab_results.panel.title")))
    expect(held).to_contain_text(night.notes["pool"]["tube_code"])
    night.link("status.more", panel).click()
    night.button("status.let_pass").click()
    expect(page.locator(".lf-status-line")).to_contain_text(words("status.emergency_until"))


def let_pass_at_the_gate(night: Night) -> None:
    """At the checkpoint: a name, the answer in colour, reason and word, and the way through in an emergency."""
    page, words = night.page, night.words
    name = list(night.notes["singles"])[1]
    night.go("status.navigation.check")
    page.get_by_label(words("status.check.placeholder")).fill(name)
    night.button("status.check.ask").click()
    card = page.locator(".lf-check", has_text=name)
    expect(card.locator(".lf-check-answer .lf-pill")).to_be_visible()
    night.button("status.let_pass", card).click()
    expect(card.locator(".lf-check-answer")).to_contain_text(words("status.check.emergency"))


def counts(night: Night) -> None:
    """In total and building by building as reconcile counts, but for the four who were swabbed by hand; the product's
    own second count by the engine agrees, and its outcomes are reconcile's but for the ten of the pool."""
    _in_total(night)
    _by_building(night)
    _outcomes(night)


def _in_total(night: Night) -> None:
    scanned = len(night.notes["scanned"])
    tab(night, "coverage")
    for part in (*PARTS, "unrostered"):
        moved = {"sampled": scanned, "missing": -scanned}.get(part, 0)
        expect(night.figure(f"lab_testing.figure.{part}")).to_have_text(f"{night.totals[part] + moved:,}")


def _by_building(night: Night) -> None:
    page, words = night.page, night.words
    page.goto(night.notes["round"] + "?by=building")
    rows = numbers_of(page.locator("#coverage table"))
    heads = [rows[0].index(words(f"lab_testing.figure.{part}")) for part in PARTS]
    found = {_key(row[0]): [whole(row[at]) for at in heads] for row in rows[1:]}
    by_hand = Counter(_key(_place(one)) for one in night.notes["scanned"])
    wanted = {}
    for one in night.answer["buildings"]:
        moved = by_hand[_key(_place(one))]
        wanted[_key(_place(one))] = [one[part] for part in PARTS[:3]] + [one["sampled"] + moved, one["missing"] - moved]
    assert found == wanted


def _place(one: dict[str, Any]) -> str:
    return f"{one['compound'] or one['community']} {one['building']}"


def _key(name: str) -> str:
    """A building however it is written: 临江花园 1号楼, 临江花园 1."""
    return re.sub(r"[\s组号楼栋幢]|单元|室", "", name)


def _outcomes(night: Night) -> None:
    words, totals = night.words, night.totals
    tab(night, "coverage")
    night.link("lab_testing.proof.link").click()
    expect(night.page.locator("h1")).to_contain_text(words("lab_testing.proof.holds"))
    columns = numbers_of(night.page.locator("#content table"))
    assert [row[1] for row in columns[1:]] == [row[2] for row in columns[1:]]
    shown = {
        line.split("\n")[0].strip(): whole(line.split("\n")[-1])
        for line in night.page.locator(".lf-plain-list li").all_inner_texts()
    }
    pool = len(night.notes["singles"])
    moved = {"pending": len(night.notes["scanned"]), "held": -pool, "released": pool - 1, "positive": 1}
    wanted = {words(f"round.outcome.{one}"): totals[one] + moved.get(one, 0) for one in OUTCOMES}
    assert shown == {name: count for name, count in wanted.items() if count}


def print_the_missing(night: Night) -> None:
    """On paper: every missing person once, room by room in reconcile's walking order, without the frame of the page."""
    page = night.page
    tab(night, "missing")
    night.link("lab_testing.missing.print").click()
    page.emulate_media(media="print")
    file = night.demo / "missing.pdf"
    page.pdf(path=file, format="A4", prefer_css_page_size=True)
    page.emulate_media(media="screen")
    text = text_of(file)
    scanned = {one["person_key"] for one in night.notes["scanned"]}
    missing = [one for one in night.answer["missing"] if one["person_key"] not in scanned]
    on_paper = [_whose(line, missing) for line in text.splitlines() if "☐" in line]
    assert sorted(one["person_key"] for one in on_paper) == sorted(one["person_key"] for one in missing)
    # A person at a time from door to door: no community, and no room, is come back to.
    assert [one["community"] for one in on_paper] == _without_return(one["community"] for one in on_paper)
    for community in {one["community"] for one in missing}:
        doors = [[_door(one) for one in people if one["community"] == community] for people in (on_paper, missing)]
        assert doors[0] == doors[1]
    for chrome in (night.words("web.shortcuts.title"), night.words("registry.search.placeholder")):
        assert chrome not in text


def _whose(line: str, people: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = [one for one in people if one["name"] in line and _door(one) in _key(line)]
    return found


def _door(one: dict[str, Any]) -> str:
    """As an address has it, without the words: 临江花园1 1 102."""
    place = (one["compound"] or "") + one["building"] + (one["unit"] or "")
    return _key(place) + str(one["room"])


def _without_return(names: Iterable[str]) -> list[str]:
    """The names in the order in which they come first, each as often as it comes at all."""
    count = Counter(names)
    return list(count.elements())


def export_the_daily_table(night: Night) -> None:
    """The seven figures of S0 per day, in the form's layout, as they stand on the page."""
    page, words = night.page, night.words
    night.go("command_post.navigation.daily")
    expect(page.locator("h1")).to_contain_text(words("command_post.table.name"))
    shown = [numbers_of(table) for table in page.locator("section.card table").all()]
    with page.expect_download() as coming:
        night.link("command_post.table.export").click()
    file = night.demo / coming.value.suggested_filename
    coming.value.save_as(file)
    book = load_workbook(file)
    assert book.sheetnames == [words("command_post.table.by_day"), words("command_post.table.by_community")]
    unknown = words("command_post.unknown_mark")
    for sheet, rows in zip(book, shown, strict=True):
        heads = [cell.value for cell in sheet[2]]
        assert len(heads) == 8 and heads[1:] == rows[0][1:]
        written = [[cell.value for cell in row[1:8]] for row in sheet.iter_rows(min_row=3, max_row=1 + len(rows))]
        if sheet.title == words("command_post.table.by_day"):
            written.reverse()
        assert written == [[one if one == unknown else whole(one) for one in row[1:]] for row in rows[1:]]
    by_day = shown[0]
    positives = by_day[0].index(words("command_post.figure.positives"))
    cases = sum(1 for one in night.answer["positive_pools"] if one["is_single"]) + 1
    assert sum(whole(row[positives]) for row in by_day[1:]) == cases
