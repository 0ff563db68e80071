"""A sampling morning in one compound of 74 households with two phones, one in Chinese and one in English: the network
is cut, the field server killed; in the end everything is there once."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.journeys.field.conftest import Morning, TakePhone
from tests.journeys.field.film import write_film
from tests.journeys.field.morning import HOUSEHOLDS, PEOPLE
from tests.journeys.field.phone import Phone

# What a browser says by itself where the test cuts the network or kills the server.
CUT = (
    "ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE",
    "ERR_SOCKET_NOT_CONNECTED", "ERR_CONNECTION_CLOSED", "ERR_NETWORK_CHANGED", "Failed to load resource",
)  # fmt: skip


def test_a_whole_morning_is_sampled_without_a_network_and_nothing_is_lost_or_doubled(
    take_phone: TakePhone, morning: Morning, tmp_path: Path
) -> None:
    told = morning.large
    film = write_film(tmp_path / "invite.y4m", f"{morning.product.field}#enrol={morning.invite(told)['token']}")
    chinese, english = take_phone(film=film), take_phone(language="en-GB", theme="dark")
    enrol_by_camera(chinese)
    english.enrol(morning.invite(told)["token"])
    for phone in (chinese, english):
        phone.keep_offline()
        phone.at("[data-screen=sampling].f-tile").click()
        expect(phone.at("[data-sampled]").first).to_have_attribute("data-expected", str(PEOPLE))
    buildings = [int(one.get_attribute("data-building") or 0) for one in chinese.at("[data-building]").all()]
    work = {unit: [one for one in told["people"] if one["unit"] == unit] for unit in told["units"]}
    first, second = [work[unit] for unit in told["units"][:2]], [work[unit] for unit in told["units"][2:]]
    labels = iter(told["labels"])

    chinese.open_building(buildings[0])
    english.open_building(buildings[1])
    added = add_somebody(chinese, first[0][0], next(labels))
    sample(chinese, first[0], labels)
    chinese.context.set_offline(True)
    expect(chinese.at("[data-network=offline]")).to_be_visible()
    sample(english, second[0], labels)
    morning.kill_field_server()
    sample(chinese, first[1], labels)
    restart_without_network(chinese, buildings[0])
    sample(english, second[1], labels)
    chinese.context.set_offline(False)

    for phone in (chinese, english):
        phone.send_now()
        phone.wait_count("waiting", 0, seconds=40)
        phone.wait_count("sent", 0, seconds=40)
        phone.wait_count("refused", 0)
        assert {item["state"] for item in phone.items()} == {"accepted"}
        assert phone.complaints(CUT) == []
    known = carried_by_a_third_device(morning, told)
    in_tubes = [swab for tube in known["tubes"] for swab in tube["samples"]]
    assert len(told["homes"]) == HOUSEHOLDS and len(in_tubes) == PEOPLE + 1
    assert len({swab["person"] for swab in in_tubes}) == PEOPLE + 1
    taken = [item["id"] for phone in (chinese, english) for item in phone.items() if item["kind"] == "sample.taken"]
    assert sorted(swab["client"] for swab in in_tubes) == sorted(taken)
    assert {one.get("state") for one in known["rounds"][0]["people"]} == {"sampled"}
    assert len(known["rounds"][0]["people"]) == PEOPLE + 1
    assert all(tube["state"] == "sealed" and tube["counted"] == len(tube["samples"]) for tube in known["tubes"])
    assert [swab["name"] for swab in in_tubes if swab["person"] not in {one["id"] for one in told["people"]}] == [added]


def enrol_by_camera(phone: Phone) -> None:
    """The code that the community shows on its screen, held before the camera."""
    phone.start()
    phone.page.get_by_text(phone.t("field_app.enrol.scan")).click()
    phone.at("input.f-pin").first.wait_for()
    assert "enrol=" not in phone.page.url
    phone.choose_pin()


def add_somebody(phone: Phone, neighbour: dict[str, Any], label: str) -> str:
    """A guest who is on no list, added at a door and sampled into a single tube's place of the first pool."""
    home = phone.at(f"[data-home='{neighbour['household']}']")
    home.locator(".f-home-head-row .f-plain").click()
    phone.answer("add", name="龙在天", phone="19900099999")
    guest = home.locator("[data-person]").last
    expect(guest).to_contain_text("龙在天")
    phone.scan(label)
    expect(phone.at(".f-strip [data-left]")).to_have_attribute("data-left", "10")
    guest.click()
    expect(phone.at(".f-say")).to_contain_text("龙在天")
    phone.at(".f-strip-tube").click()
    phone.seal(1)
    phone.at(".f-homes").first.wait_for()
    return "龙在天"


def sample(phone: Phone, people: list[dict[str, Any]], labels: Any) -> None:
    """Everybody of a stairwell: by pre-registration code, by identity card or by a touch, ten to a tube."""
    for begin in range(0, len(people), 10):
        part = people[begin : begin + 10]
        phone.scan(next(labels))
        expect(phone.at(".f-strip [data-left]")).to_have_attribute("data-left", "10")
        for at, person in enumerate(part):
            if at % 5 == 4:
                phone.page.evaluate("id => document.querySelector(`[data-person='${id}']`).click()", person["id"])
            else:
                phone.scan(person["identity" if at % 5 == 3 else "code"])
            phone.is_sampled(person["id"])
        expect(phone.at(".f-strip [data-left]")).to_have_attribute("data-left", str(10 - len(part)))
        phone.at(".f-strip-tube").click()
        if begin == 0:
            count_wrongly(phone, len(part))
        phone.seal(len(part))
        phone.at(".f-homes").first.wait_for()


def count_wrongly(phone: Phone, bound: int) -> None:
    """More swabs than people: nobody leaves before it is found out."""
    phone.seal(bound + 1)
    expect(phone.at(".f-ask h2")).to_have_text(
        phone.t("field_sampling.seal.too_many", counted=bound + 1, bound=bound, apart=1)
    )
    phone.answer("ok")


def restart_without_network(phone: Phone, building: int) -> None:
    """The battery was changed: the app starts from the phone itself, and shows what was done."""
    waiting = phone.count("waiting")
    assert waiting > 30
    phone.page.reload()
    phone.at("form.f-unlock").wait_for()
    phone.wait_count("waiting", waiting)
    phone.unlock(by_keys=True)
    phone.at(f"[data-building='{building}'], .f-tiles, .f-homes").first.wait_for()
    phone.wait_count("waiting", waiting)


def carried_by_a_third_device(morning: Morning, compound: dict[str, Any]) -> dict[str, Any]:
    """What the server tells a device that comes new: the truth as it stands there."""
    api = f"{morning.product.field}api/v1/"
    enrolled = _asked(f"{api}enrol", {"token": morning.invite(compound)["token"], "name": ""})
    known: dict[str, Any] = _asked(
        f"{api}packages/sampling", None, f"Device {enrolled['device']['id']}.{enrolled['secret']}"
    )
    return known


def _asked(address: str, body: Any, device: str = "") -> Any:
    headers = {"Content-Type": "application/json", **({"Authorization": device} if device else {})}
    content = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(address, content, headers), timeout=20) as answer:
        return json.load(answer)
