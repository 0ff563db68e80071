"""A household at a place: the code on the screen there counts while it is fresh, a picture sent on does not."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect, sync_playwright

from lianfang.domains.gates.models import Gate, PlaceCode, PlaceEntry
from lianfang.domains.gates.services import GateSettings, open_gate, renew_place_code
from lianfang.domains.gates.services.place_codes import place_code_of, shown_at
from lianfang.domains.status.codes import published_keys
from lianfang.engine.field.tokens import read_code
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.texts import texts
from tests.browsers import find_chromium
from tests.journeys.field.film import write_film
from tests.product.residents.conftest import Slip
from tests.product.residents.serving import served
from tests.product.residents.test_phone import checked, opened, text_of
from tests.product.world import World

MINUTES = timedelta(minutes=1)


@pytest.fixture
def gate(world: World) -> Gate:
    """A gate of another community's compound, with its code: its name is no secret to whoever stands there."""
    actor = world.actor("township")
    with acting_as(actor):
        made = open_gate(actor=actor, place_id=world.places["west"].pk, settings=GateSettings(name="菜市场北门"))
        renew_place_code(actor=actor, gate_id=made.pk)
    return made


def text_at(gate: Gate, ago: timedelta = timedelta()) -> str:
    code = place_code_of(gate)
    assert code is not None
    return shown_at(code, timezone.now() - ago)


def scan(client: Client, home: str, text: str, *people: int, sent: str = "") -> str:
    """What the page says after it was sent."""
    given = {"code": text, "person": list(people), "sent": sent or str(uuid.uuid4())}
    answer = client.post(f"{home}place/", given)
    return text_of(client.get(f"{home}place/") if answer.status_code == 302 else answer)


def entries() -> list[tuple[int | None, str, str]]:
    with acting_as(system_actor("test")):
        return [(one.person_id, one.presence, one.because) for one in PlaceEntry.objects.order_by("pk")]


def test_a_fresh_code_of_the_place_counts_for_whoever_is_ticked(world: World, slip: Slip, gate: Gate) -> None:
    client, home = checked(slip)
    two = [world.people[name].pk for name in ("陈建国", "陈小宝")]
    page = scan(client, home, f" {text_at(gate)} ", *two)
    assert "已登记到场：陈建国、陈小宝" in page and "菜市场北门" in page
    assert sorted(entries()) == sorted((one, "verified", "") for one in two)
    with acting_as(system_actor("test")):
        assert Entry.objects.filter(action="residents.enter_place").count() == 2


def test_a_code_that_was_sent_on_is_refused_and_says_why(world: World, slip: Slip, gate: Gate) -> None:
    client, home = checked(slip)
    person = world.people["陈建国"].pk
    words = texts("zh-Hans")
    old = text_at(gate, 5 * MINUTES)
    assert words("residents.at_place.because.stale") in scan(client, home, old, person)
    step = int(old.split(":")[2])
    younger = old.replace(f":{step}:", f":{step + 10}:")
    assert words("residents.at_place.because.forged") in scan(client, home, younger, person)
    assert words("residents.at_place.because.printed") in scan(client, home, ":".join(old.split(":")[:2]), person)
    fresh = text_at(gate)
    actor = world.actor("township")
    with acting_as(actor):
        renew_place_code(actor=actor, gate_id=gate.pk)
    assert words("residents.at_place.because.ended") in scan(client, home, fresh, person)
    page = text_of(client.get(f"{home}place/"))
    assert words("residents.at_place.was_here") not in page and words("residents.at_place.not_counted") in page
    assert [one[1:] for one in entries()] == [("seen", why) for why in ("stale", "forged", "printed", "ended")]


def test_what_is_no_code_of_a_place_here_is_said_and_keeps_nothing(world: World, slip: Slip, gate: Gate) -> None:
    client, home = checked(slip)
    person, somebody = world.people["陈建国"].pk, world.people["周志强"].pk
    words = texts("zh-Hans")
    fresh = text_at(gate)
    with acting_as(system_actor("test")):
        code = PlaceCode.objects.get(gate=gate, ended_at=None).code
    for text, people, problem in (
        ("", [person], "place_code_unreadable"),
        ("LF1:ABC", [person], "place_code_unreadable"),
        ("x" * 5000, [person], "place_code_unreadable"),
        (fresh.replace(code, "ZZZZZZZZZZ"), [person], "place_code_elsewhere"),
        (fresh, [], "who_is_here"),
        (fresh, [somebody], "person_elsewhere"),
        (fresh, [person, somebody], "person_elsewhere"),
    ):
        assert words(f"residents.problem.{problem}") in scan(client, home, text, *people), text[:20]
    assert entries() == []


def test_sent_twice_it_counts_once_and_another_household_s_number_answers_with_nothing_of_theirs(
    world: World, slip: Slip, gate: Gate
) -> None:
    client, home = checked(slip)
    person, sent = world.people["陈建国"].pk, str(uuid.uuid4())
    scan(client, home, text_at(gate), person, sent=sent)
    (first,) = entries()
    scan(client, home, text_at(gate), person, sent=sent)
    assert entries() == [first]
    with acting_as(system_actor("test")):
        item = PlaceEntry.objects.get().item
    assert str(item) != sent, "the number of an entry is the household's own"


def test_the_page_asks_for_the_digits_first_and_no_other_page_runs_webassembly(slip: Slip, gate: Gate) -> None:
    stranger, unchecked = opened(slip)
    asked = stranger.post(f"{unchecked}place/", {"code": text_at(gate)})
    assert "_digits" in text_of(asked) and "陈建国" not in text_of(asked) and entries() == []
    client, home = checked(slip)
    assert "wasm-unsafe-eval" in client.get(f"{home}place/")["Content-Security-Policy"]
    assert "wasm-unsafe-eval" not in client.get(f"{home}codes/")["Content-Security-Policy"]


def test_the_name_stands_in_the_code_only_while_its_box_is_ticked(world: World, slip: Slip) -> None:
    client, home = checked(slip)
    person = world.people["陈建国"].pk
    page = f"{home}codes/{person}/"
    words = texts("zh-Hans")
    plain, named = text_of(client.get(page)), text_of(client.get(f"{page}?name=1"))
    assert words("residents.proof.name_hint") in plain and not re.search(r'name="name"[^>]*checked', plain)
    assert words("residents.proof.name_is_in", name="陈建国") in named and re.search(r'name="name"[^>]*checked', named)
    assert "showing/?name=1" in named and "showing/?name=1" not in plain
    public = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    with acting_as(system_actor("test")):
        keys = published_keys(timezone.now())
    for given, name in (({}, ""), ({"name": ""}, ""), ({"name": "x"}, ""), ({"name": "1"}, "陈建国")):
        told = client.post(f"{page}token/", {"public": public} | given).json()
        assert read_code(told["token"], keys=keys, now=told["server_at"]).name == name


@pytest.mark.committed
def test_the_camera_of_the_page_reads_the_screen_at_the_gate(
    world: World, slip: Slip, gate: Gate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chromium = find_chromium()
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    words = texts("en")
    film = write_film(tmp_path / "gate.y4m", text_at(gate))
    flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
             f"--use-file-for-fake-video-capture={film}"]  # fmt: skip
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage", *flags]
        )
        context = browser.new_context(
            base_url=address, viewport={"width": 390, "height": 844}, locale="en", has_touch=True
        )
        page = context.new_page()
        page.goto(slip.path)
        page.get_by_role("button", name=words("residents.landing.open"), exact=True).click()
        page.locator("[name=_digits]").fill("0001")
        page.get_by_role("button", name=words("residents.check.go"), exact=True).click()
        page.get_by_role("heading", name=words("residents.statuses.title")).wait_for()
        page.goto(re.sub("status/.*", "place/", page.url))
        opener = page.get_by_role("button", name=words("residents.at_place.scan"))
        opener.click()
        expect(page.locator("[data-says=nobody]")).to_be_visible()
        page.locator("[name=person]").first.check()
        opener.click()
        expect(page.locator(".rs-success")).to_contain_text("菜市场北门", timeout=30_000)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        browser_says = context.new_cdp_session(page)
        assert browser_says.send("Page.getAppManifest")["errors"] == []
        # Installable, but for the private window that a test's browser is.
        errors = {one["errorId"] for one in browser_says.send("Page.getInstallabilityErrors")["installabilityErrors"]}
        assert errors <= {"in-incognito"}, errors
        page.goto(re.sub("place/.*", "codes/", page.url))
        page.locator("details a").first.click()
        page.locator("canvas:visible").wait_for()
        page.get_by_label(words("residents.proof.with_name")).check()
        page.wait_for_url("**?name=1")
        page.locator("canvas:visible").wait_for()
        shown = str(page.locator("canvas").get_attribute("data-text"))
        browser.close()
    with acting_as(system_actor("test")):
        keys = published_keys(timezone.now())
        assert PlaceEntry.objects.get().presence == "verified"
        name = read_code(shown, keys=keys, now=int(timezone.now().timestamp())).name
    assert name in world.people
