"""The round with its exemptions, its kits and labels; the sampling files; two tubes by hand at the desk."""

from __future__ import annotations

import re
import subprocess
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.journeys.night import Night, whole

ROUND = "今夜全员核酸"
LATE_AFTER_HOURS = 7


def open_a_round(night: Night) -> None:
    """Planned for the whole township, the exemption lists loaded before it begins, then begun."""
    page, words = night.page, night.words
    night.go("lab_testing.navigation.rounds")
    night.link("lab_testing.plan.new").click()
    page.get_by_label(words("lab_testing.plan.name"), exact=True).fill(ROUND)
    for key, at in (("starts_at", night.as_of - timedelta(hours=10)), ("ends_at", night.as_of + timedelta(hours=4))):
        page.get_by_label(words(f"lab_testing.plan.{key}")).fill(f"{at:%Y-%m-%dT%H:%M}")
    page.get_by_label(words("lab_testing.plan.result_due_hours")).fill(str(LATE_AFTER_HOURS))
    night.button("lab_testing.plan.save").click()
    night.is_told(words("lab_testing.told.planned", name=ROUND))
    night.notes["round"] = page.url
    load_files(night, "exempt")
    page.goto(night.notes["round"])
    night.sees(words("lab_testing.round.exempted", count=_accepted(night)))
    night.button("lab_testing.act.open_round").click()
    expected = night.totals["expected"]
    night.is_told(words("lab_testing.told.round_open", name=ROUND, count=expected))
    expect(night.figure("lab_testing.figure.expected")).to_have_text(f"{expected:,}")
    excused = [whole(night.figure(f"lab_testing.figure.{key}").inner_text()) for key in ("exempt", "away")]
    assert sum(excused) == _accepted(night)


def _accepted(night: Night) -> int:
    """Rows of the exemption lists that count, as reconcile says."""
    return sum(
        one["rows"] for one in night.answer["row_fates"] if (one["role"], one["state"]) == ("exempt", "accepted")
    )


def load_files(night: Night, kind: str) -> dict[str, int]:
    """Dropped, read, shown, confirmed, written; how many rows met which fate, by the words of the page."""
    page, words = night.page, night.words
    night.go("lab_results.navigation.loads")
    page.get_by_label(words("lab_results.load.kind")).select_option(kind)
    page.get_by_label(words("lab_results.column.round")).select_option(label=ROUND)
    page.locator("input[type=file]").set_input_files(night.files("results" if kind == "results" else kind))
    night.button("lab_results.load.start").click()
    _wait_for(night, "review")
    fates = page.locator("section.card").filter(has=page.locator("h2 .lf-count"))
    found = {}
    for number in range(fates.count()):
        heading = fates.nth(number).locator("h2")
        count = heading.locator(".lf-count").inner_text()
        found[heading.inner_text().removeprefix(count).strip()] = whole(count)
    night.button("lab_results.load.apply").click()
    _wait_for(night, "applied")
    return found


def _wait_for(night: Night, state: str) -> None:
    badge = night.page.locator("h1 .lf-pill", has_text=night.words(f"lab_results.load_state.{state}"))
    expect(badge).to_be_visible(timeout=60_000)


def tab(night: Night, key: str) -> None:
    """A page of the round."""
    if not night.page.url.startswith(night.notes["round"]):
        night.page.goto(night.notes["round"])
    night.page.locator(".lf-tabs").first.get_by_role("link", name=night.words(f"lab_testing.tab.{key}")).click()


def pack_kits(night: Night) -> None:
    """A team with a route, a kit of tubes for ten and one for singles; the labels come as a PDF that can be read."""
    page, words = night.page, night.words
    tab(night, "kits")
    team = page.locator("form").filter(has=page.locator("input[name=form][value=team]"))
    team.get_by_label(words("lab_testing.team.name")).fill("一组")
    team.get_by_label(words("lab_testing.team.members")).fill("周岩、吴双")
    for number in (0, 1):
        team.locator("input[name=team-route]").nth(number).check()
    night.button("lab_testing.team.save", team).click()
    night.is_told(words("lab_testing.told.team", name="一组"))
    night.notes["labels"] = {size: _packed(night, size) for size in (10, 1)}


def _packed(night: Night, capacity: int) -> list[str]:
    """The codes of a kit, as they stand on its labels."""
    page, words = night.page, night.words
    pack = page.locator("form").filter(has=page.locator("input[name=form][value=pack]"))
    pack.get_by_label(words("lab_testing.kit.team")).select_option(label="一组")
    pack.get_by_label(words("lab_testing.plan.pool_size")).select_option(str(capacity))
    pack.get_by_label(words("lab_testing.kit.labels_each")).fill("12")
    night.button("lab_testing.kit.pack", pack).click()
    night.is_told(words("lab_testing.told.packed", count=1, labels=12))
    row = page.locator("tbody tr").filter(has_text=words("lab_testing.tube.capacity", count=capacity))
    link = night.link("lab_testing.kit.print_labels", row)
    file = night.demo / f"labels-{capacity}.pdf"
    address = link.get_attribute("href")
    assert address is not None
    file.write_bytes(page.request.get(address).body())
    first = row.locator("td.lf-cell-code").inner_text().split()[0]
    codes = sorted(set(re.findall(rf"\b{re.escape(first.split('-')[0])}-\w+", text_of(file))))
    assert len(codes) == 12 and first in codes
    return codes


def text_of(pdf: Path) -> str:
    """The text of a PDF, lines as they stand on paper."""
    assert pdf.read_bytes().startswith(b"%PDF-")
    return subprocess.run(["pdftotext", "-raw", str(pdf), "-"], check=True, capture_output=True, text=True).stdout


def load_samples(night: Night) -> None:
    """The sampling files of all teams: the round counts as reconcile counts."""
    load_files(night, "samples")
    night.page.goto(night.notes["round"])
    for key in ("expected", "exempt", "away", "sampled", "missing", "unrostered"):
        expect(night.figure(f"lab_testing.figure.{key}")).to_have_text(f"{night.totals[key]:,}")


def scan_two_tubes(night: Night) -> None:
    """At the desk by text and Enter: three missing people in one tube, a fourth and somebody sampled before in
    another. A wrong count is refused; both are handed over with two names, and received."""
    _set_the_desk(night)
    missing = [one for one in night.answer["missing"] if one["because"] == "not_sampled" and one["id_number"]]
    first, second, third, fourth = missing[:4]
    before = next(one for one in night.answer["pending"] if one["on_roster"] and one["id_number"])
    one, other = night.notes["labels"][10][:2]
    page, words = night.page, night.words
    scan(page, one, one)
    scan(page, first["id_number"], first["name"])
    scan(page, f"{second['name']} {second['room']}", second["name"])
    scan(page, third["id_number"], third["name"])
    scan(page, "=4", first["name"], second["name"], third["name"])
    expect(page.locator("#answer")).to_have_class(re.compile("lf-tone-bad"))
    scan(page, "=3", words("lab_testing.desk.sealed", code=one, count=3))
    scan(page, other, other)
    scan(page, before["id_number"], before["name"])
    scan(page, "-", words("lab_testing.desk.undone", name=before["name"], code=other))
    scan(page, before["id_number"], before["name"])
    scan(page, fourth["id_number"], fourth["name"])
    scan(page, "=2", words("lab_testing.desk.sealed", code=other, count=2))
    night.notes["scanned"] = [first, second, third, fourth]
    night.notes["again"] = before
    _hand_over(night, [one, other])
    _receive(night, [one, other])


def _set_the_desk(night: Night) -> None:
    page, words = night.page, night.words
    tab(night, "desk")
    page.locator("summary", has_text=words("lab_testing.desk.settings")).click()
    page.get_by_label(words("lab_testing.desk.sampler")).fill("周岩")
    page.get_by_label(words("lab_testing.kit.team")).select_option(label="一组")
    night.button("lab_testing.desk.save").click()
    expect(page.locator("#line")).to_be_focused()


def scan(page: Page, text: str, *says: str) -> None:
    """A scanner is a keyboard: no click, the field has the focus all the time."""
    calls = page.locator("#desk input[name=client_id]")
    asked = calls.input_value()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(calls).not_to_have_value(asked)
    for words in says:
        expect(page.locator("#answer")).to_contain_text(words)


def _hand_over(night: Night, codes: list[str]) -> None:
    page, words = night.page, night.words
    tab(night, "hand_over")
    page.get_by_label(words("lab_testing.hand_over.or_scan")).fill("\n".join(codes))
    page.get_by_label(words("lab_testing.hand_over.given_by")).fill("周岩")
    page.get_by_label(words("lab_testing.hand_over.taken_by")).fill("吴双")
    page.get_by_label(words("lab_testing.hand_over.counted"), exact=True).fill("2")
    page.get_by_label(words("lab_testing.hand_over.laboratory")).fill("县人民医院")
    night.button("lab_testing.move.hand_over").click()
    night.sees(words("lab_testing.slip.title"))
    expect(night.figure("lab_testing.slip.tubes")).to_have_text("2")
    expect(night.figure("lab_testing.slip.swabs")).to_have_text("5")
    for name in (*codes, "周岩", "吴双"):
        night.sees(name)


def _receive(night: Night, codes: list[str]) -> None:
    page, words = night.page, night.words
    night.go("lab_testing.navigation.receive")
    page.get_by_label(words("lab_testing.hand_over.laboratory")).fill("县人民医院")
    page.get_by_label(words("lab_testing.receive.by")).fill("沈越")
    page.get_by_label(words("lab_testing.receive.codes")).fill("\n".join(codes))
    night.button("lab_testing.move.receive").click()
    night.sees(words("lab_testing.receive.done", count=2))
