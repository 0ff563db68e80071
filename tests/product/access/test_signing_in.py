from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from lianfang.foundation.access.models import Account, AccountSession, Posting
from lianfang.foundation.access.services import create_first_administrator, make_first_link
from lianfang.foundation.access.sign_in import TRIES_PER_LOGIN
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.privacy.numbers import seal
from tests.product.world import PASSWORD, World

Browse = Callable[..., Client]


def sign_in(client: Client, login: str = "community", password: str = PASSWORD, **more: str):
    return client.post("/sign-in/", {"login": login, "password": password, **more})


def test_the_right_password_leads_where_one_wanted_to_go(world: World, browse: Browse) -> None:
    client = browse()
    assert client.get("/account/").headers["Location"] == "/sign-in/?next=/account/"
    answer = sign_in(client, next="/account/")
    assert answer.status_code == 302 and answer.headers["Location"] == "/account/"
    assert client.get("/account/").status_code == 200


def test_the_target_after_signing_in_is_never_another_site(world: World, browse: Browse) -> None:
    assert sign_in(browse(), next="https://evil.example/").headers["Location"] == "/"


@pytest.mark.parametrize("login", ["community", "nobody-here"])
def test_a_wrong_password_and_an_unknown_login_answer_alike(world: World, browse: Browse, login: str) -> None:
    answer = sign_in(browse(), login, "wrong-wrong-wrong")
    assert answer.status_code == 200 and "账号或密码不对" in answer.content.decode()


def test_guessing_is_slowed_and_the_right_password_waits_too(world: World, browse: Browse) -> None:
    client = browse()
    for _ in range(TRIES_PER_LOGIN):
        sign_in(client, password="wrong-wrong-wrong")
    answer = sign_in(client)
    assert answer.status_code == 429 and "分钟后再试" in answer.content.decode()
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        assert sign_in(client).status_code == 302


def test_a_closed_account_signs_in_no_more_and_is_out_at_once(world: World, browse: Browse) -> None:
    client = browse("community")
    Account.objects.filter(login="community").update(is_active=False)
    assert client.get("/account/").status_code == 302
    assert "账号或密码不对" in sign_in(browse()).content.decode()


def test_the_second_factor_is_asked_for_and_a_code_works_once(world: World, browse: Browse) -> None:
    secret = pyotp.random_base32()
    Account.objects.filter(login="community").update(totp_secret=seal(secret))
    client = browse()
    assert "请再输入动态验证码" in sign_in(client).content.decode()
    code = pyotp.TOTP(secret).at(timezone.now())
    assert sign_in(client, code=code).status_code == 302
    assert "验证码不对或已用过" in sign_in(browse(), code=code).content.decode()


def test_a_stolen_session_on_another_browser_ends_for_both(world: World, browse: Browse) -> None:
    client = browse("community")
    assert client.get("/account/").status_code == 200
    thief = Client(headers={"user-agent": "another browser"})
    thief.cookies["lianfang_session"] = client.cookies["lianfang_session"].value
    assert thief.get("/account/").headers["Location"] == "/sign-in/?ended=device"
    assert client.get("/account/").status_code == 302
    assert AccountSession.objects.get(account__login="community").ended_because == "device"


def test_two_hours_without_a_touch_end_the_session(world: World, browse: Browse) -> None:
    client = browse("community")
    with time_machine.travel(timezone.now() + timedelta(hours=2, minutes=1), tick=True):
        assert client.get("/account/").headers["Location"] == "/sign-in/?ended=idle"


def test_one_sees_ones_devices_and_ends_them(world: World, browse: Browse) -> None:
    here, there = browse("community"), browse("community")
    assert here.get("/account/").content.decode().count('name="session"') == 2
    here.post("/account/sessions/", {"session": "others"})
    assert there.get("/account/").headers["Location"] == "/sign-in/?ended=elsewhere"
    assert here.get("/account/").status_code == 200


def test_a_new_password_ends_the_other_devices_only(world: World, browse: Browse) -> None:
    here, there = browse("community"), browse("community")
    new = "quite-another-password"
    answer = here.post("/account/", {"do": "password", "old": PASSWORD, "new": new, "again": new})
    assert answer.status_code == 302
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code == 302
    assert sign_in(browse(), password=new).status_code == 302


def test_a_weak_or_mistyped_password_says_why_at_its_field(world: World, browse: Browse) -> None:
    client = browse("community")
    weak = client.post("/account/", {"do": "password", "old": PASSWORD, "new": "12345", "again": "12345"})
    assert "密码太弱" in weak.content.decode() and "10" in weak.content.decode()
    differ = client.post(
        "/account/", {"do": "password", "old": PASSWORD, "new": "one-long-password", "again": "another-one"}
    )
    assert "两次输入的密码不一样" in differ.content.decode()


def test_the_first_link_makes_one_administrator_once(world: World, browse: Browse) -> None:
    Posting.objects.filter(role="administrator").delete()
    path = make_first_link()
    assert path is not None
    client = browse()
    assert client.get(path).status_code == 200
    form = {"login": "first", "name": "第一人", "password": "a-long-first-password", "again": "a-long-first-password"}
    assert client.post(path, form).status_code == 302
    assert Posting.objects.get(role="administrator").account.login == "first"
    assert Entry.objects.filter(action="access.first_administrator").count() == 1
    assert client.get(path).status_code == 410
    assert client.post(path, {**form, "login": "second"}).status_code == 410
    assert make_first_link() is None


def test_a_new_first_link_ends_the_one_before(world: World) -> None:
    Posting.objects.filter(role="administrator").delete()
    old, new = make_first_link(), make_first_link()
    assert old is not None and new is not None
    with pytest.raises(ValueError, match="link_ended"):
        create_first_administrator(token=old.split("/")[2], login="late", name="x", password="a-long-first-password")


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_pages_for_nobody_and_somebody_are_whole_in_each_language(world: World, browse: Browse, language: str) -> None:
    Account.objects.update(language=language)
    assert browse(language=language).get("/sign-in/").status_code == 200
    for login, path in (
        ("administrator", "/accounts/"),
        ("administrator", "/accounts/new/"),
        ("auditor", "/audit/"),
        ("resident", "/account/"),
    ):
        assert browse(login, language=language).get(path).status_code == 200, path


def test_a_first_password_opens_nothing_but_the_page_that_changes_it(world: World, browse: Browse) -> None:
    account = world.accounts["community"]
    account.must_change_password = True
    account.save(update_fields=["must_change_password"])
    client = browse("community")
    for path in ("/", "/registry/people/", "/testing/", "/status/"):
        assert client.get(path).headers.get("Location") == "/account/", path
    assert client.post("/registry/places/new/", {"name": "x"}).headers.get("Location") == "/account/"
    page = client.get("/account/")
    assert page.status_code == 200
    again = "another-long-word-9"
    client.post("/account/", {"do": "password", "old": PASSWORD, "new": again, "again": again})
    account.refresh_from_db()
    assert not account.must_change_password
    assert client.get("/testing/").status_code == 200
