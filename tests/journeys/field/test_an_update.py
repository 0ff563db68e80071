"""A new version of the app comes while records wait on the phone: none is lost, none is sent twice."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys.field.between import between
from tests.journeys.field.conftest import Morning, TakePhone
from tests.journeys.field.phone import Phone
from tests.journeys.field.test_a_lost_phone import at_the_list
from tests.journeys.field.test_the_morning import CUT, carried_by_a_third_device

CHANGED = "js/screens/home.js"
NEXT = b'\ndocument.documentElement.dataset.version = "next";\n'


def test_what_waits_outlives_an_update_of_the_app_and_is_sent_once(take_phone: TakePhone, morning: Morning) -> None:
    label = morning.small["labels"][-2]
    with between(morning.product.field) as proxy:
        phone = take_phone(field=proxy.address)
        at_the_list(phone, morning)
        phone.page.reload()
        phone.unlock()
        phone.at(".f-homes").first.wait_for()
        # The network is there, and the server answers nobody for the time of its own update.
        proxy.is_api_closed = True
        swab_two(phone, label)
        waiting = phone.items()
        assert [item["state"] for item in waiting] == ["waiting"] * 3
        now = proxy.fetched(CHANGED)
        proxy.release({CHANGED: now + NEXT})
        proxy.files[CHANGED] = now
        assert not ask_for_updates(phone), "half of an update was taken"
        proxy.release({CHANGED: now + NEXT})
        take_it_over(phone, len(waiting))
        assert phone.items() == waiting
        proxy.is_api_closed = False
        phone.send_now()
        phone.wait_count("waiting", 0)
        phone.wait_count("sent", 0)
        assert phone.items() == [{**item, "state": "accepted"} for item in waiting]
        assert sorted(proxy.sent) == sorted(item["id"] for item in waiting)
        assert phone.complaints((*CUT, "503")) == []
    known = carried_by_a_third_device(morning, morning.small)
    (tube,) = [one for one in known["tubes"] if one["code"] == label]
    swabs = [item["id"] for item in waiting if item["kind"] == "sample.taken"]
    assert [one["client"] for one in tube["samples"]] == swabs


def swab_two(phone: Phone, label: str) -> None:
    phone.scan(label)
    expect(phone.at(".f-strip [data-left]")).to_have_attribute("data-left", "10")
    for at in (0, 1):
        phone.at("[data-person]").nth(at).click()
        phone.answer_if_asked("take", reason=0)
        expect(phone.at(".f-strip [data-left]")).to_have_attribute("data-left", str(9 - at))
    phone.wait_count("waiting", 3)


def ask_for_updates(phone: Phone) -> bool:
    """What the app does by itself each hour. Gives back whether a new version waits to be taken over."""
    found: bool = phone.page.evaluate(
        """async () => {
            const registration = await (await navigator.serviceWorker.getRegistration()).update();
            const coming = registration.installing;
            if (coming) await new Promise((done) => {
                const look = () => { if (coming.state !== "installing") done(); };
                coming.addEventListener("statechange", look);
                look();
            });
            return Boolean(registration.waiting);
        }"""
    )
    return found


def take_it_over(phone: Phone, waiting: int) -> None:
    """As the app offers it: on its home page, at a touch; then it is locked, and says how much waits."""
    assert ask_for_updates(phone)
    expect(phone.page.get_by_text(phone.t("field_app.update_ready"))).to_be_visible()
    phone.page.goto(f"{phone.field}#home")
    phone.page.get_by_role("button", name=phone.t("field_app.update_now")).click()
    phone.at("form.f-unlock").wait_for()
    expect(phone.at("html")).to_have_attribute("data-version", "next")
    phone.wait_count("waiting", waiting)
    phone.unlock()
    phone.at(".f-tiles").wait_for()
