"""The phone pages as a resident meets them, without JavaScript: plain requests and forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.test import Client
from django.utils import timezone

from lianfang.domains.registry.models import Person
from lianfang.domains.residents.models import Helper, HelpRequest, HouseholdInvite, ProposedPerson, ResidentSession
from lianfang.domains.residents.services.visits import CHECK_LASTS
from lianfang.domains.status.codes import published_keys
from lianfang.domains.status.models import Objection
from lianfang.engine.field.base45 import raw_of
from lianfang.engine.field.tokens import read_code, show
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.residents.conftest import Slip, invite, phone
from tests.product.world import World, demo_identity


def text_of(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]


def opened(slip: Slip, client: Client | None = None, language: str = "zh-hans") -> tuple[Client, str]:
    """A phone that scanned the slip and pressed the button, and where it landed."""
    client = client or phone(language)
    answer = client.post(slip.path)
    assert answer.status_code == 302
    return client, answer.headers["Location"]


def checked(slip: Slip, language: str = "zh-hans") -> tuple[Client, str]:
    client, home = opened(slip, language=language)
    assert client.post(f"{home}statuses/".replace("statuses", "status"), {"_digits": "0001"}).status_code == 302
    return client, home


def rows(*given: dict[str, str], **more: str) -> dict[str, object]:
    posted: dict[str, object] = {"do": "send", **more}
    for number, row in enumerate(given, 1):
        posted |= {f"row-{number}-name": "", f"row-{number}-phone": "", f"row-{number}-id_number": ""}
        posted |= {f"row-{number}-{name}": value for name, value in row.items()}
    return posted


def test_looking_at_a_link_uses_nothing_up_and_tells_no_address(world: World, slip: Slip) -> None:
    client = phone()
    for _ in range(20):
        page = client.get(slip.path)
        assert page.status_code == 200 and "东湖社区" in text_of(page)
    assert "101" not in text_of(page) and "陈" not in text_of(page)
    with acting_as(system_actor("test")):
        assert HouseholdInvite.objects.get().uses == 0 and not ResidentSession.objects.exists()
    assert page.headers["Cache-Control"] == "no-store"


def test_the_opened_page_has_no_token_in_its_address_and_no_name_before_the_check(world: World, slip: Slip) -> None:
    client, home = opened(slip)
    assert slip.token not in home
    page = text_of(client.get(home))
    assert "核对" in page and "陈建国" not in page and world.households["b1-101"].address not in page
    assert client.get(slip.path).headers["Location"] == home, "the slip scanned again leads home"
    for part in ("codes", "results", "status", "helper"):
        asked = text_of(client.get(f"{home}{part}/"))
        assert "_digits" in asked and "陈建国" not in asked
    wrong = client.post(f"{home}codes/", {"_digits": "9998"})
    assert wrong.status_code == 422 and "对不上" in text_of(wrong)
    right = client.post(f"{home}codes/", {"_digits": "0003"})
    assert right.status_code == 302
    assert "陈建国" in text_of(client.get(f"{home}codes/")) and "LFP" in text_of(client.get(f"{home}codes/"))


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_every_page_answers_in_every_language(world: World, slip: Slip, language: str) -> None:
    client, home = checked(slip, language)
    person = world.people["陈建国"].pk
    for part in ("", "family/", "codes/", "place/", "results/", "status/", f"status/{person}/", "help/", "helper/"):
        page = client.get(f"{home}{part}")
        assert page.status_code == 200, part
        assert "tel:120" in text_of(page), "the number to call stands on every page"


def test_a_stranger_a_neighbour_and_another_phone_see_nothing(world: World, slip: Slip) -> None:
    client, home = checked(slip)
    neighbour, other_home = opened(Slip(invite(world, "b1-102")))
    for visitor in (phone(), neighbour):
        for part in ("", "codes/", "status/", "family/"):
            page = visitor.get(f"{home}{part}")
            assert page.status_code == 404 and "陈建国" not in text_of(page)
    assert neighbour.get(other_home).status_code == 200
    somebody = world.people["王丽华"].pk
    assert client.get(f"{home}status/{somebody}/").status_code == 404


def test_a_guessed_an_ended_and_a_revoked_link_say_what_to_do(world: World, slip: Slip) -> None:
    unknown = phone().get("/r/aaaa-bbbb-cccc/")
    assert unknown.status_code == 404 and "没有这个码" in text_of(unknown)
    with acting_as(system_actor("test")):
        HouseholdInvite.objects.update(ends_at=timezone.now() - timedelta(hours=1))
    assert "过期" in text_of(phone().post(slip.path))
    typed = phone().post("/r/", {"token": slip.token.upper().replace("-", " ")})
    assert typed.headers["Location"].startswith("/r/")


def test_a_household_writes_itself_down_and_the_register_stays_as_it_is(world: World, slip: Slip) -> None:
    client, home = opened(slip)
    new = {"name": "陈小妹", "id_number": demo_identity(1077), "phone": "19900000077", "relation_to_head": "child"}
    posted = rows(new, {"name": ""}) | {"row-1-needs": ["infant", "nonsense"]}
    answer = client.post(f"{home}family/", posted)
    assert answer.status_code == 302
    with acting_as(system_actor("test")):
        row = ProposedPerson.objects.get()
        assert (row.what, row.name, row.special_needs, row.state) == ("new", "陈小妹", ["infant"], "waiting")
        assert not row.pre_registration.was_checked
        assert not Person.objects.filter(name="陈小妹").exists()
        assert row.community_id == world.places["east"].pk
    page = text_of(client.get(f"{home}family/"))
    assert "1 条在等社区核对" in page and "陈小妹" not in page, "who has not shown the digits reads nobody's name"


def test_wrong_rows_are_named_by_row_and_field_and_nothing_typed_is_lost(world: World, slip: Slip) -> None:
    client, home = opened(slip)
    wrong_id = demo_identity(1005)[:-1] + ("1" if demo_identity(1005)[-1] != "1" else "2")
    posted = rows(
        {"name": "周一", "phone": "123"}, {"name": "", "phone": "19900000055", "remark": "在外地"},
        {"name": "周三", "id_number": wrong_id}, {"name": "周四"}, {"name": "周四"},
    )  # fmt: skip
    answer = client.post(f"{home}family/", posted)
    page = text_of(answer)
    assert answer.status_code == 422
    assert set(re.findall(r'href="#row-([0-9]+)-([a-z_]+)"', page)) == {
        ("1", "phone"), ("2", "name"), ("3", "id_number"), ("5", "name"),
    }  # fmt: skip
    for kept in ("周一", "123", "19900000055", "在外地", wrong_id, "周四"):
        assert f'value="{kept}"' in page
    more = text_of(client.post(f"{home}family/", {**posted, "do": "add"}))
    assert more.count("<legend>第") == 7 and wrong_id in more
    with acting_as(system_actor("test")):
        assert not ProposedPerson.objects.exists()


def test_what_was_typed_survives_a_check_that_ran_out(world: World, slip: Slip) -> None:
    client, home = checked(slip)
    chief = world.people["陈建国"]
    posted = rows({"name": "陈建国", "person": str(chief.pk), "phone": "19900000088"})
    posted |= {"row-1-needs": ["dialysis", "no_phone"]}
    with acting_as(system_actor("test")):
        ResidentSession.objects.update(seen_at=timezone.now() - CHECK_LASTS - timedelta(minutes=1))
    asked = client.post(f"{home}family/", posted)
    page = text_of(asked)
    assert "_digits" in page and 'value="19900000088"' in page and page.count('name="row-1-needs"') == 2
    again = client.post(f"{home}family/", {**posted, "_sent": "1", "_digits": "0002"})
    assert again.status_code == 302
    with acting_as(system_actor("test")):
        row = ProposedPerson.objects.get()
    assert row.what == "change" and set(row.fields) == {"phone", "special_needs"}
    assert row.person_id == chief.pk


def test_leaving_and_withdrawing_are_proposals_too(world: World, slip: Slip) -> None:
    client, home = checked(slip)
    son = world.people["陈小宝"]
    client.post(f"{home}family/", rows({"name": "陈小宝", "person": str(son.pk), "left": "1", "remark": "去外地上学"}))
    with acting_as(system_actor("test")):
        row = ProposedPerson.objects.get()
    assert (row.what, row.state) == ("left", "waiting")
    assert client.post(f"{home}family/{row.pk}/withdraw/").status_code == 302
    with acting_as(system_actor("test")):
        assert ProposedPerson.objects.get().state == "withdrawn"
    nothing = client.post(f"{home}family/", rows({"name": "陈小宝", "person": str(son.pk)}))
    assert nothing.status_code == 422 and "没有新的内容" in text_of(nothing)
    stranger = world.people["周志强"].pk
    assert client.post(f"{home}family/", rows({"name": "x", "person": str(stranger)})).status_code == 422


def test_an_objection_runs_on_the_clock_of_appeals_and_for_the_own_household_only(world: World, slip: Slip) -> None:
    client, home = checked(slip)
    elder = world.people["林秀英"].pk
    page = f"{home}status/{elder}/"
    empty = client.post(page, {"text": "  "})
    assert empty.status_code == 422
    assert client.post(page, {"text": "老人十一天都没出过门"}).status_code == 302
    with acting_as(system_actor("test")):
        made = Objection.objects.get()
    assert made.household_id == world.households["b1-101"].pk and made.due_at > timezone.now()
    assert "老人十一天都没出过门" in text_of(client.get(page))
    for _ in range(2):
        client.post(page, {"text": "再问一次"})
    many = client.post(page, {"text": "第四次"})
    assert many.status_code == 422 and "第四次" in text_of(many)
    assert client.post(f"{home}status/{world.people['周志强'].pk}/", {"text": "x"}).status_code == 404


def test_help_needs_no_check_and_an_emergency_is_refused_for_nothing(world: World, slip: Slip) -> None:
    client, home = opened(slip)
    ask = f"{home}help/"
    wrong = client.post(ask, {"kind": "medicine", "urgency": "normal", "words": "", "phone": "19900000001"})
    assert wrong.status_code == 422 and 'value="19900000001"' in text_of(wrong)
    assert client.post(ask, {"kind": "medicine", "urgency": "normal", "words": "降压药"}).status_code == 302
    told = client.post(ask, {"urgency": "emergency", "phone": "not a number"}, follow=True)
    assert "现在就打" in text_of(told)
    with acting_as(system_actor("test")):
        emergency = HelpRequest.objects.get(urgency="emergency")
        plain = HelpRequest.objects.get(urgency="normal")
    assert "not a number" in emergency.words and emergency.due_at < plain.due_at
    assert "降压药" not in text_of(client.get(ask)), "what another phone asked for shows after the check"


def test_a_neighbour_helps_an_elder_and_both_the_request_and_the_desk_say_so(world: World, slip: Slip) -> None:
    client, home = checked(slip)
    elder = world.people["林秀英"].pk
    refused = client.post(f"{home}helper/", {"do": "begin", "name": "王邻居", "relation": "neighbour"})
    assert refused.status_code == 422 and 'value="王邻居"' in text_of(refused)
    agreed = {"do": "begin", "name": "王邻居", "relation": "neighbour", "consent": "by_phone", "person": str(elder)}
    assert client.post(f"{home}helper/", agreed).status_code == 302
    assert "王邻居" in text_of(client.get(home))
    client.post(f"{home}help/", {"kind": "food", "urgency": "normal", "words": "两袋米", "person": str(elder)})
    client.post(f"{home}status/{elder}/", {"text": "老人没有手机，码一直是黄的"})
    with acting_as(system_actor("test")):
        helper = Helper.objects.get()
        assert HelpRequest.objects.get().helper_id == helper.pk and HelpRequest.objects.get().person_id == elder
        assert f"代办#{helper.pk}" in Objection.objects.get().made_by
    client.post(f"{home}helper/", {"do": "stop"})
    client.post(f"{home}help/", {"kind": "other", "urgency": "normal", "words": "自己问的"})
    with acting_as(system_actor("test")):
        assert HelpRequest.objects.get(words="自己问的").helper_id is None


def test_large_type_is_kept_and_leaving_forgets_the_household(slip: Slip) -> None:
    client, home = checked(slip)
    client.post("/r/size/", {"size": "large", "next": home})
    assert "rs-large" in text_of(client.get(home))
    assert client.post("/r/size/", {"size": "large", "next": "https://elsewhere.example/"}).headers["Location"] == "/r/"
    assert client.post(f"{home}leave/").headers["Location"] == "/r/"
    assert client.get(home).status_code == 404


def test_the_page_can_stand_on_a_home_screen_and_leads_to_the_phone_s_own_household(slip: Slip) -> None:
    stranger = phone()
    assert "manifest" not in text_of(stranger.get(slip.path)), "a slip that was only looked at is not kept"
    client, home = opened(slip)
    assert 'rel="manifest" href="/r/app.webmanifest"' in text_of(client.get(home))
    told = client.get("/r/app.webmanifest").json()
    assert client.get(told["start_url"]).headers["Location"] == home
    assert stranger.get(told["start_url"]).headers["Location"] == "/r/"
    assert told["scope"] == "/r/" and home.startswith("/r/")


def test_one_phone_holds_two_households(world: World, slip: Slip) -> None:
    client, first = opened(slip)
    _, second = opened(Slip(invite(world, "b2-101")), client)
    page = text_of(client.get("/r/home/"))
    assert first in page and second in page


def test_the_code_for_gates_is_fresh_bound_to_the_phone_and_the_households_own(world: World, slip: Slip) -> None:
    client, home = checked(slip)
    person = world.people["陈建国"].pk
    page = text_of(client.get(f"{home}codes/{person}/"))
    assert "data:image/svg+xml" in page and 'http-equiv="refresh"' in page, "without a script it renews itself"
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw().hex()
    given = client.post(f"{home}codes/{person}/token/", {"public": public}).json()
    with acting_as(system_actor("test")):
        keys = published_keys(timezone.now())
    now = given["server_at"]
    raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    text = show(raw_of(given["token"]), raw, now)
    assert read_code(text, keys=keys, now=now + 30).presence == "verified"
    assert read_code(text, keys=keys, now=now + 300).reading == "stale"
    assert read_code(given["token"], keys=keys, now=now).reading == "picture"
    assert client.get(f"{home}codes/{person}/showing/").json()["qr"].startswith("data:image/svg+xml")
    for bad in ("", "ab", "0" * 64):
        assert client.post(f"{home}codes/{person}/token/", {"public": bad}).status_code == 400
    somebody = world.people["周志强"].pk
    for part in ("", "showing/"):
        assert client.get(f"{home}codes/{somebody}/{part}").status_code == 404
    assert client.post(f"{home}codes/{somebody}/token/", {"public": public}).status_code == 404


def test_staff_who_scan_a_slip_act_as_the_household_and_not_as_staff(
    world: World, slip: Slip, browse: Callable[..., Client]
) -> None:
    client, home = opened(slip, browse("community"))
    assert client.post(f"{home}status/", {"_digits": "0001"}).status_code == 302
    assert client.get(f"{home}status/{world.people['周志强'].pk}/").status_code == 404
    assert "陈建国" in text_of(client.get(f"{home}status/"))
    assert client.get("/residents/help/").status_code == 200, "and go on as staff elsewhere"


def test_whatever_stands_in_a_row_is_answered_in_words(world: World, slip: Slip) -> None:
    client, home = checked(slip)
    for value in ("x" * 5000, "\u6f0f" * 400, "<script>", "9" * 400, "-1", "１３９００００００００", "😀", "'\"><b>"):
        fields = dict.fromkeys(("name", "phone", "id_number", "remark", "relation_to_head", "person", "left"), value)
        answer = client.post(f"{home}family/", rows(fields) | {"row-1-needs": [value]})
        assert answer.status_code in (302, 422) and "<script>" not in text_of(answer), value[:20]
        odd = {"name": "好人", "relation_to_head": value, "remark": value[:100]}
        assert client.post(f"{home}family/", rows(odd)).status_code == 302
        fields = dict.fromkeys(("kind", "urgency", "words", "phone", "person"), value)
        assert client.post(f"{home}help/", fields).status_code in (302, 422)
        assert client.post(f"{home}helper/", fields | {"do": "begin", "name": value}).status_code in (302, 422)
