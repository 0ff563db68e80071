"""What happens to tubes with the network cut: one leaks, one is sealed with a wrong count and opened again, one is
lost, one is a household's. In the end the server's tubes are those of the phone."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.journeys.field.conftest import Morning, TakePhone
from tests.journeys.field.phone import Phone
from tests.journeys.field.test_the_morning import CUT, carried_by_a_third_device, count_wrongly

HOUSEHOLD_LABEL = "HUSE-77/1"


def test_tubes_that_leak_are_opened_again_or_lost_are_the_same_on_the_server(
    take_phone: TakePhone, morning: Morning
) -> None:
    told = morning.small
    leaking, sound, lost, last = told["labels"][:4]
    # The second building: no other test goes there.
    homes = [home for home in told["homes"] if home["unit"] in told["units"][2:]]
    people = {one["id"]: one for one in told["people"]}
    first, second, third, fourth = ([people[number] for number in home["people"]] for home in homes)
    phone = take_phone(language="en-GB")
    phone.enrol(morning.invite()["token"])
    phone.keep_offline()
    phone.at("[data-screen=sampling].f-tile").click()
    phone.at("[data-building]").nth(1).click()
    phone.at(".f-homes").first.wait_for()
    phone.context.set_offline(True)

    fill(phone, leaking, [*first, second[0]])
    pour_over(phone, leaking, sound)
    seal_wrongly_and_open_again(phone, sound, second[1])
    fill(phone, lost, third)
    give_up(phone, third)
    fill(phone, last, [third[0]])
    phone.at(".f-strip-tube").click()
    phone.seal(1)
    household(phone, homes[3], fourth, homes[2])
    waiting = phone.count("waiting")
    phone.context.set_offline(False)
    phone.send_now()
    phone.wait_count("waiting", 0, seconds=40)
    phone.wait_count("sent", 0, seconds=40)
    assert waiting > 15
    assert {item["state"] for item in phone.items()} == {"accepted"}
    assert phone.complaints(CUT) == []

    known = carried_by_a_third_device(morning, told)
    tubes = {tube["code"]: tube for tube in known["tubes"]}
    assert in_tube(tubes[sound]) == ("sealed", 4, [one["id"] for one in (*first, *second)])
    assert in_tube(tubes[last]) == ("sealed", 1, [third[0]["id"]])
    assert in_tube(tubes[HOUSEHOLD_LABEL]) == ("sealed", 2, [one["id"] for one in fourth])
    assert tubes[HOUSEHOLD_LABEL]["is_household"]
    assert in_tube(tubes[leaking]) == ("open", None, [])
    # Given up: nobody carries it on, and whoever was in it is to be sampled again.
    assert lost not in tubes
    states = {one["id"]: one.get("state", "missing") for one in known["rounds"][0]["people"]}
    assert states[third[1]["id"]] == "missing"
    assert all(states[one["id"]] == "sampled" for one in (*first, *second, third[0], *fourth))


def in_tube(tube: dict[str, Any]) -> tuple[str, int | None, list[int]]:
    return tube.get("state", "open"), tube.get("counted"), [one["person"] for one in tube.get("samples", [])]


def fill(phone: Phone, label: str, people: list[dict[str, Any]]) -> None:
    phone.scan(label)
    expect(phone.at(".f-strip-code")).to_have_text(label)
    for person in people:
        phone.scan(person["code"])
        phone.is_sampled(person["id"])


def pour_over(phone: Phone, leaking: str, sound: str) -> None:
    """The tube leaks: all its swabs go into another, which is then in the hand."""
    phone.at(".f-strip-tube").click()
    expect(phone.at("[data-swab]")).to_have_count(3)
    phone.at("[data-act=move]").click()
    # The same label once more is no other tube.
    phone.at(".f-scan").wait_for()
    phone.scan(leaking)
    expect(phone.page.get_by_text(phone.t("field_sampling.move.same"))).to_be_visible()
    phone.at("[data-act=move]").click()
    phone.at(".f-scan").wait_for()
    phone.scan(sound)
    phone.answer("yes", reason=0)
    expect(phone.at("h1")).to_have_text(sound)
    expect(phone.at("[data-swab]")).to_have_count(3)


def seal_wrongly_and_open_again(phone: Phone, sound: str, late: dict[str, Any]) -> None:
    """Counted one too many, then one too few; sealed as it is; then somebody was forgotten, and taken back once."""
    phone.at("[data-act=seal]").wait_for()
    count_wrongly(phone, 3)
    phone.seal(2)
    expect(phone.at(".f-ask h2")).to_have_text(phone.t("field_sampling.seal.too_few", counted=2, bound=3, apart=1))
    phone.answer("ok")
    phone.seal(3)
    # Back in the building, not at the tube that leaks: nobody is in it any more.
    phone.at(".f-homes").first.wait_for()
    to_the_team(phone)
    phone.at(f"[data-tube='{sound}']").click()
    phone.at("[data-act=reopen]").click()
    phone.answer("yes", reason=0)
    phone.at("[data-act=seal]").wait_for()
    phone.scan(late["code"])
    expect(phone.at("[data-swab]")).to_have_count(4)
    phone.at("[data-act=back]").click()
    phone.answer("yes", reason=0)
    expect(phone.at("[data-swab]")).to_have_count(3)
    phone.scan(late["code"])
    expect(phone.at("[data-swab]")).to_have_count(4)
    phone.seal(4)
    # Back at the team's page, and on to the building.
    phone.at("[data-building]").nth(1).click()
    phone.at(".f-homes").first.wait_for()


def give_up(phone: Phone, people: list[dict[str, Any]]) -> None:
    """It fell into the drain: whoever was in it is to be sampled again."""
    phone.at(".f-strip-tube").click()
    phone.at("[data-act=void]").click()
    phone.answer("yes", reason=1)
    phone.at(".f-homes").first.wait_for()
    for person in people:
        expect(phone.person(person["id"])).to_have_attribute("data-state", "missing")


def household(phone: Phone, home: dict[str, Any], people: list[dict[str, Any]], other: dict[str, Any]) -> None:
    """One tube for one household (一户一管): a label of no kit, all at once by the household's code, nobody else."""
    phone.at(".f-homes").first.wait_for()
    phone.scan(HOUSEHOLD_LABEL)
    phone.answer("household")
    expect(phone.at(".f-strip-code")).to_have_text(HOUSEHOLD_LABEL)
    phone.scan(home["code"])
    phone.answer("all")
    for person in people:
        phone.is_sampled(person["id"])
    phone.scan(other["code"])
    phone.answer("all")
    expect(phone.at(".f-ask")).to_contain_text(
        phone.t("field_sampling.warning.mixed_households", home="").rstrip(".").rstrip()
    )
    phone.answer("no")
    phone.at(".f-strip-tube").click()
    expect(phone.at("[data-swab]")).to_have_count(len(people))
    count_wrongly(phone, len(people))
    phone.seal(len(people))
    phone.at(".f-homes").first.wait_for()


def to_the_team(phone: Phone) -> None:
    phone.page.evaluate("() => import('/field/js/core.js').then(({core}) => core.go('sampling'))")
    phone.at("[data-building]").first.wait_for()
