"""What a phone gives away that was copied, lost, withdrawn or left lying for a day."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import expect

from tests.journeys.field.conftest import Morning, TakePhone
from tests.journeys.field.morning import HOLDER
from tests.journeys.field.phone import PIN, Phone
from tests.journeys.field.test_the_morning import CUT
from tests.journeys.first_day import PASSWORD

WRONG = "135790"
CONTROL = "对照甲乙丙"


def at_the_list(phone: Phone, morning: Morning) -> str:
    """Enrolled, the app on the phone, the first building open. Gives back which device it is."""
    invite = morning.invite()
    phone.enrol(invite["token"])
    phone.keep_offline()
    phone.at("[data-screen=sampling].f-tile").click()
    phone.at("[data-building]").first.click()
    phone.at(".f-homes").first.wait_for()
    return invite["device"]


def refuse_somebody(phone: Phone) -> None:
    """One record more, of the last person on the page."""
    phone.at(".f-person-more").last.click()
    phone.answer("refused")
    phone.answer("yes", reason=0)
    phone.at(".f-ask").wait_for(state="detached")


def places_of(phone: Phone) -> list[str]:
    """What the phone's database holds of packages and of the server's part of the key."""
    found: list[str] = phone.page.evaluate(
        """() => new Promise((done) => { indexedDB.open("lianfang-field").onsuccess = ({target: {result: base}}) => {
            const work = base.transaction(["packages", "meta"]), found = [];
            work.objectStore("packages").getAllKeys().onsuccess = (one) => found.push(...one.target.result);
            work.objectStore("meta").getAllKeys().onsuccess = (one) => found.push(...one.target.result);
            work.oncomplete = () => { base.close(); done(found); };
        }; })"""
    )
    return found


def test_a_copied_profile_shows_no_name_number_or_room_in_clear(
    take_phone: TakePhone, morning: Morning, tmp_path: Path
) -> None:
    phone = take_phone(profile=tmp_path / "profile")
    at_the_list(phone, morning)
    phone.context.set_offline(True)
    phone.at(".f-home-head-row .f-plain").first.click()
    phone.answer("add", name="欧阳无名", phone="19900088888", identity="990101199001010015")
    expect(phone.page.get_by_text("欧阳无名").first).to_be_visible()
    phone.wait_count("waiting", 1)
    phone.page.evaluate(
        """name => new Promise((done) => { const asked = indexedDB.open("control");
            asked.onupgradeneeded = () => asked.result.createObjectStore("open");
            asked.onsuccess = () => {
                const work = asked.result.transaction("open", "readwrite", {durability: "strict"});
                work.objectStore("open").put({name}, 1);
                work.oncomplete = () => { asked.result.close(); done(); }; }; })""",
        CONTROL,
    )
    phone.close()
    content = b"\n".join(path.read_bytes() for path in phone.profile.rglob("*") if path.is_file())

    def lies_open(text: str) -> bool:
        return any(text.encode(code) in content for code in ("utf-8", "utf-16-le", "utf-16-be"))

    assert lies_open(CONTROL) and lies_open("person.added"), "the search does not find what lies open"
    people = morning.small["people"]
    secrets = [one[field] for one in people for field in ("name", "identity", "phone", "code")]
    assert [
        text for text in [*secrets, "欧阳无名", "19900088888", "990101199001010015", HOLDER] if lies_open(text)
    ] == []


def test_a_withdrawn_phone_brings_its_work_for_review_and_is_emptied(take_phone: TakePhone, morning: Morning) -> None:
    phone, desk = take_phone(), take_phone()
    device = at_the_list(phone, morning)
    phone.context.set_offline(True)
    refuse_somebody(phone)
    (brought,) = phone.items()
    withdraw(desk, morning, device)
    phone.context.set_offline(False)
    phone.send_now()
    expect(phone.at("h1")).to_have_text(phone.t("field_app.withdrawn.title"))
    assert phone.items() == []
    assert set(places_of(phone)) <= {"look"}
    phone.start()
    expect(phone.at("input.f-pin")).to_have_count(0)
    assert not any(one["name"] in phone.at("body").inner_text() for one in morning.small["people"])
    desk.page.goto(f"{morning.product.address}/devices/review/?device={device}")
    assert brought["id"] in desk.page.content()
    assert phone.complaints((*CUT, "410", "Gone")) == []


def withdraw(desk: Phone, morning: Morning, device: str) -> None:
    """The community takes the device back on its page."""
    page = desk.page
    page.goto(f"{morning.product.address}/devices/{device}/")
    page.get_by_label(desk.t("access.sign_in.login")).fill(morning.small["clerk"])
    page.get_by_label(desk.t("access.sign_in.password")).fill(PASSWORD)
    page.get_by_role("button", name=desk.t("access.sign_in.submit")).click()
    page.goto(f"{morning.product.address}/devices/{device}/")
    page.locator("#id_revoke_because").fill("手机丢了")
    page.locator("form[data-confirm] button.btn-danger").click()
    confirm = page.locator("dialog[open] button[type=submit], dialog[open] .btn-danger, dialog[open] .btn-primary")
    confirm.first.click()
    expect(page.get_by_text("手机丢了")).to_be_visible()


def test_after_a_day_without_a_contact_no_list_is_shown_and_the_work_is_kept(
    take_phone: TakePhone, morning: Morning
) -> None:
    phone = take_phone()
    at_the_list(phone, morning)
    somebody = phone.at("[data-person] b").first.inner_text()
    phone.context.set_offline(True)
    refuse_somebody(phone)
    phone.page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=25))
    phone.page.reload()
    phone.unlock()
    expect(phone.at("h1")).to_have_text(phone.t("field_app.withheld.title"))
    assert somebody not in phone.at("body").inner_text()
    assert not {"sampling", "courier", "storage_key"} & set(places_of(phone))
    phone.wait_count("waiting", 1)
    # Turning the clock back does not bring the list back.
    phone.page.clock.set_system_time(datetime.now(UTC))
    phone.page.reload()
    phone.unlock()
    expect(phone.at("h1")).to_have_text(phone.t("field_app.withheld.title"))
    phone.context.set_offline(False)
    phone.page.get_by_text(phone.t("field_app.withheld.retry")).click()
    expect(phone.page.get_by_text(somebody).first).to_be_visible()
    phone.wait_count("waiting", 0)
    assert phone.complaints(CUT) == []


def test_a_wrong_pin_opens_nothing_waits_longer_each_time_and_in_the_end_takes_the_lists_away(
    take_phone: TakePhone, morning: Morning
) -> None:
    phone = take_phone(language="en-GB")
    at_the_list(phone, morning)
    phone.context.set_offline(True)
    refuse_somebody(phone)
    phone.page.reload()
    now = datetime.now(UTC)
    for tries in range(1, 11):
        phone.unlock(WRONG)
        expect(phone.at(".f-missing")).to_contain_text(re.compile(rf"try {tries}\b"))
        if tries == 4:
            # While it waits, not even the right one opens.
            phone.unlock(PIN)
            expect(phone.at(".f-missing")).to_contain_text("Wait")
            assert "sampling" in places_of(phone)
        now += timedelta(seconds=301)
        phone.page.clock.set_system_time(now)
    assert not {"sampling", "storage_key"} & set(places_of(phone))
    phone.unlock()
    phone.wait_count("waiting", 1)
    expect(phone.at(".f-person")).to_have_count(0)
    assert phone.complaints(CUT) == []


def test_a_pin_that_is_easy_to_guess_is_not_taken(take_phone: TakePhone, morning: Morning) -> None:
    phone = take_phone()
    phone.page.goto(f"{phone.field}#enrol=never-used")
    phone.at("body[data-ready]").wait_for()
    for pin, key in (
        ("12345", "too_short"),
        ("123456", "too_simple"),
        ("111111", "too_simple"),
        ("987654", "too_simple"),
        ("abcdef", "digits_only"),
    ):
        for field in phone.at("input.f-pin").all():
            field.fill(pin)
        phone.at("button[type=submit]").click()
        expect(phone.at(".f-missing")).to_have_text(phone.t(f"field_app.pin.{key}"))
    assert phone.complaints() == []


def test_who_forgot_the_pin_enrols_again_after_a_warning(take_phone: TakePhone, morning: Morning) -> None:
    phone = take_phone()
    at_the_list(phone, morning)
    phone.context.set_offline(True)
    refuse_somebody(phone)
    phone.page.reload()
    phone.at("form.f-unlock").wait_for()
    phone.context.set_offline(False)
    # In the tab that is open: only the part behind the # changes.
    phone.page.goto(f"{phone.field}#enrol={morning.invite()['token']}")
    expect(phone.at(".f-missing").last).to_have_text(phone.t("field_app.enrol.replaces", count=1))
    phone.choose_pin("739164")
    phone.wait_count("waiting", 0)
    phone.page.reload()
    phone.unlock("739164")
    phone.at(".f-tiles").wait_for()
    assert phone.items() == []
    assert phone.complaints(CUT) == []
