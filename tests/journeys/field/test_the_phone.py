"""What phones do to an app: a wrong clock, a full disk, two tabs, half an answer."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Request, Route, expect
from stdnum.iso7064 import mod_37_36

from tests.journeys.field.conftest import Morning, TakePhone
from tests.journeys.field.test_a_lost_phone import at_the_list, refuse_somebody
from tests.journeys.field.test_the_morning import CUT, carried_by_a_third_device


def test_with_a_clock_nine_hours_wrong_a_swab_is_booked_at_the_right_time(
    take_phone: TakePhone, morning: Morning
) -> None:
    phone = take_phone()
    phone.page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=9))
    at_the_list(phone, morning)
    phone.context.set_offline(True)
    label = morning.small["labels"][-1]
    phone.scan(label)
    phone.answer_if_asked("take")
    phone.at("[data-person]").first.click()
    phone.answer_if_asked("take", reason=0)
    phone.wait_count("waiting", 2)
    phone.context.set_offline(False)
    phone.send_now()
    phone.wait_count("waiting", 0)
    phone.wait_count("sent", 0)
    known = carried_by_a_third_device(morning, morning.small)
    (swab,) = next(tube for tube in known["tubes"] if tube["code"] == label)["samples"]
    assert abs(datetime.fromisoformat(swab["at"]) - datetime.now(UTC)) < timedelta(minutes=5)
    assert phone.complaints(CUT) == []


def test_a_full_phone_says_so_and_takes_the_same_again_once_there_is_room(
    take_phone: TakePhone, morning: Morning
) -> None:
    phone = take_phone()
    at_the_list(phone, morning)
    phone.context.set_offline(True)
    refuse_somebody(phone)
    # What Chromium does where a write finds no room; its own limit is only looked at again after half a minute.
    phone.page.evaluate(
        """() => {
            const put = window.put = IDBObjectStore.prototype.put;
            IDBObjectStore.prototype.put = function (...given) {
                if (this.name === "meta") throw new DOMException("no room", "QuotaExceededError");
                return put.apply(this, given);
            };
        }"""
    )
    refuse_somebody(phone)
    expect(phone.page.get_by_text(phone.t("field_app.full"))).to_be_visible()
    assert [item["seq"] for item in phone.items()] == [1]
    phone.page.evaluate("() => { IDBObjectStore.prototype.put = window.put; }")
    refuse_somebody(phone)
    phone.wait_count("waiting", 2)
    assert [item["seq"] for item in phone.items()] == [1, 2]


def test_of_two_tabs_one_sends_and_both_know(take_phone: TakePhone, morning: Morning) -> None:
    phone = take_phone()
    at_the_list(phone, morning)
    other = phone.context.new_page()
    other.goto(phone.field)
    other.locator("form.f-unlock input").fill("428319")
    other.locator("form.f-unlock button[type=submit]").click()
    other.locator(".f-tiles").wait_for()
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith("/items"):
            sent.extend(item["id"] for item in json.loads(request.post_data or "{}")["items"])

    phone.context.on("request", note)
    phone.context.set_offline(True)
    refuse_somebody(phone)
    expect(other.locator("[data-count=waiting]")).to_have_attribute("data-value", "1")
    phone.context.set_offline(False)
    other.locator(".f-bar-net").click()
    phone.page.bring_to_front()
    phone.send_now()
    phone.wait_count("waiting", 0)
    expect(other.locator("[data-count=waiting]")).to_have_attribute("data-value", "0")
    assert sent == [item["id"] for item in phone.items()]
    assert phone.complaints(CUT) == []


def test_what_half_an_answer_leaves_open_is_sent_again_and_is_there_once(
    take_phone: TakePhone, morning: Morning
) -> None:
    phone = take_phone(language="en-GB")
    at_the_list(phone, morning)
    rounds: list[list[str]] = []

    def halve(route: Route) -> None:
        """The first time the connection breaks behind half of the answers, the second time in the middle of one."""
        answer = route.fetch()
        told: Any = answer.json()
        rounds.append([one["id"] for one in told["answers"]])
        if len(rounds) == 1:
            route.fulfill(response=answer, json={"answers": told["answers"][:1]})
        elif len(rounds) == 2:
            route.fulfill(response=answer, body=json.dumps(told)[:-9])
        else:
            route.fulfill(response=answer)

    phone.context.route("**/field/api/v1/items", halve)
    phone.context.set_offline(True)
    for _ in range(3):
        refuse_somebody(phone)
    phone.context.set_offline(False)
    for number in (2, 2, 0):
        phone.send_now()
        phone.wait_count("waiting", number)
    phone.wait_count("sent", 0)
    assert [len(ids) for ids in rounds] == [3, 2, 2] and rounds[1] == rounds[2]
    assert {item["state"] for item in phone.items()} == {"accepted"}


def test_a_scan_is_read_as_the_desk_reads_it(take_phone: TakePhone, morning: Morning) -> None:
    phone = take_phone()
    phone.start()
    draw = random.Random(20220902)
    cases: list[tuple[str, str]] = []
    for number, person in enumerate(morning.large["people"], 1):
        for body, kind in (
            (f"LFP{number:06d}{''.join(draw.choices('ABCDEFGHJKLMNPQRSTUVWXYZ', k=6))}", "person"),
            (f"LFH{number * 7919:06d}{''.join(draw.choices('ABCDEFGHJKLMNPQRSTUVWXYZ', k=6))}", "household"),
            (f"R{number}{number * 31:06d}", "tube"),
        ):
            whole = body + mod_37_36.calc_check_digit(body)
            shown = f"{whole[:-7]}-{whole[-7:]}" if kind == "tube" else whole
            place = draw.randrange(4, len(shown) - 1)
            wrong = shown[:place] + draw.choice(sorted({*"0123456789"} - {shown[place]})) + shown[place + 1 :]
            cases += [(shown, kind), (shown.lower().replace("0", "０"), kind), (f" {shown} ", kind)]
            if shown[place].isdigit():
                cases.append((wrong, "misread"))
        identity = person["identity"]
        cases.append((identity, "document"))
        cases.append((identity[:17] + ("0" if identity[-1] != "0" else "1"), "misread"))
    cases += [("19900001234", "document"), ("陈建国", "name"), ("G12345678", "document"), ("ABC-99/1", "tube")]
    said = phone.page.evaluate(
        """async texts => {
            const {readScan} = await import("/field/js/sampling/codes.js");
            return texts.map((text) => readScan(text, () => false).kind);
        }""",
        [text for text, _ in cases],
    )
    assert len(cases) > 700
    assert list(zip([text for text, _ in cases], said, strict=True)) == cases
