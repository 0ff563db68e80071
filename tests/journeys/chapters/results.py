"""The laboratories' files, what could not be used, and one positive pool to its end."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.journeys.chapters.testing import load_files
from tests.journeys.night import Night, whole
from tests.journeys.watching import numbers_of

# A fate of the product, and the state of `lianfang reconcile` that says the same of a row.
SAME = {
    "orphan": "unknown_tube", "before_sample": "before_sample", "empty": "empty", "unreadable": "not_a_result",
    "repeated": "repeat", "tube_void": "void_tube",
}  # fmt: skip


def load_results(night: Night) -> None:
    """Five laboratories at once; every row that reconcile does not count is shown with its fate, and kept."""
    words = night.words
    fates = load_files(night, "results")
    stated = {one["state"]: one["rows"] for one in night.answer["row_fates"] if one["role"] == "results"}
    for fate, state in SAME.items():
        assert fates.get(words(f"lab_results.result_state.{fate}"), 0) == stated.get(state, 0), fate
    assert fates[words("lab_results.result_state.late")] == len(night.answer["late"])
    contradicting = sum(len(one["reports"]) for one in night.answer["contradictions"])
    assert 0 < fates[words("lab_results.result_state.contradicting")] <= contradicting


def see_what_is_wrong(night: Night) -> None:
    """The command page says it in numbers, each leads to its list, and the lists name the tubes of reconcile."""
    page, answer = night.page, night.answer
    night.go("command_post.navigation.overview")
    wrong = {
        "contradicting_tubes": len(answer["contradictions"]),
        "orphan_results": len(answer["unmatched_results"]),
        "unreadable_results": sum(one["state"] in ("empty", "not_a_result") for one in answer["uncounted_results"]),
    }
    for key, count in wrong.items():
        signal = page.locator(".lf-signal", has_text=night.words(f"command_post.signal.{key}"))
        assert whole(signal.inner_text()) == count, key
    page.locator(".lf-signal", has_text=night.words("command_post.signal.orphan_results")).get_by_role("link").click()
    left = page.locator("#content").inner_text()
    for one in (*answer["unmatched_results"], *answer["uncounted_results"], *answer["contradictions"]):
        assert one["tube_code"] in left, one
    late = answer["late"][0]["tube_code"]
    page.goto(night.notes["round"] + "tubes/")
    page.get_by_label(night.words("lab_testing.tube.find")).fill(late)
    page.keyboard.press("Enter")
    night.sees(night.words("lab_results.late"))


def pools_of(night: Night, *, everything: bool = False) -> dict[str, list[str]]:
    """The rows of the page of positive tubes by code."""
    night.go("lab_results.navigation.results")
    if everything:
        night.link("lab_results.pool.all").click()
        expect(night.page).to_have_url(re.compile("show=all"))
    return {row[0]: row for row in numbers_of(night.page.locator("#content table"))[1:]}


def follow_a_pool(night: Night) -> None:
    """Everyone of a positive tube: held with reason and end, on the list for the doors, swabbed singly, nine released
    and one case."""
    page, words = night.page, night.words
    expected = {one["tube_code"] for one in night.answer["positive_pools"]}
    assert set(pools_of(night, everything=True)) == expected
    tube = _unsettled(night)
    code, people = tube["tube_code"], [one["name"] for one in tube["people"]]
    night.notes["pool"] = tube
    pools_of(night)
    page.get_by_role("link", name=code).click()
    held = page.locator("#content tbody tr")
    expect(held).to_have_count(len(people))
    for name in people:
        row = held.filter(has_text=name)
        expect(row).to_contain_text(words("lab_results.hold_state.held"))
        expect(row.locator("td").nth(3).locator("time")).to_be_visible()
    night.sees(words("lab_results.pool.rule_text")[:20])
    night.sees(words("lab_results.pool.object")[:12])
    _print_the_doors(night, people)
    _swab_singly(night, people)
    _type_results(night, people)
    _is_settled(night, code, people)


def _unsettled(night: Night) -> dict[str, Any]:
    """A positive pool of which nobody was swabbed singly in the files."""
    return next(
        pool
        for pool in night.answer["positive_pools"]
        if len(pool["people"]) == 10 and all(one["action"] == "hold_and_sample_singly" for one in pool["people"])
    )


def _print_the_doors(night: Night, people: list[str]) -> None:
    address = night.page.url
    night.link("lab_results.resampling.title").click()
    listed = night.page.locator("#content tbody tr td:nth-child(3)").all_inner_texts()
    assert sorted(listed) == sorted(people)
    night.page.goto(address)


def _swab_singly(night: Night, people: list[str]) -> None:
    """Each gets a single tube from the kit, scanned in the person's row."""
    words, singles = night.words, night.notes["labels"][1]
    night.notes["singles"] = dict(zip(people, singles, strict=False))
    for name, code in night.notes["singles"].items():
        row = night.page.locator("#content tbody tr").filter(has_text=name)
        row.get_by_label(f"{words('lab_results.pool.scan_single')} {name}").fill(code)
        night.page.keyboard.press("Enter")
        night.is_told(words("lab_results.told.retest", name=name))
        expect(row.get_by_role("link", name=code)).to_be_visible()


def _type_results(night: Night, people: list[str]) -> None:
    """At the laboratory's desk: the tube, Enter, one key. The first is positive."""
    page, words = night.page, night.words
    night.go("lab_results.navigation.results")
    page.locator(".lf-tabs").first.get_by_role("link", name=words("lab_results.tab.results")).click()
    page.get_by_label(words("lab_results.column.laboratory")).fill("县疾控中心")
    night.is_settled()
    page.locator("[data-result-code]").click()
    for number, code in enumerate(night.notes["singles"].values()):
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        page.keyboard.press("+" if number == 0 else "-")
    expect(page.locator("[data-result-count]")).to_have_text(str(len(people)))
    night.button("lab_results.desk.commit").click()
    told = words("lab_results.told.entered", entered=len(people), known=0, held=0, released=len(people) - 1, cases=1)
    night.is_told(told)


def _is_settled(night: Night, code: str, people: list[str]) -> None:
    row = pools_of(night, everything=True)[code]
    heads = numbers_of(night.page.locator("#content table"))[0]
    found = dict(zip(heads, row, strict=True))
    assert found[night.words("lab_results.hold_state.released")] == str(len(people) - 1)
    assert found[night.words("lab_results.hold_state.case")] == "1"
    assert code not in pools_of(night)


def transfer_the_case(night: Night) -> None:
    """The case stands first on the command page until its transfer is recorded."""
    page, words = night.page, night.words
    name = next(iter(night.notes["singles"]))
    night.go("command_post.navigation.overview")
    signal = page.locator(".lf-signal", has_text=words("command_post.signal.untransferred"))
    waiting = whole(signal.inner_text())
    signal.get_by_role("link").click()
    page.get_by_role("link", name=name).first.click()
    night.button("cases.form.transfer").click()
    expect(page.locator("h1 .lf-pill")).to_have_text(words("cases.state.transferred"))
    night.go("command_post.navigation.overview")
    assert whole(signal.inner_text()) == waiting - 1
