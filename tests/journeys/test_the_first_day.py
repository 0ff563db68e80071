"""The first start: a one-time link makes the administrator, who makes the first account of a place."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from lianfang.foundation.texts import Texts, texts
from tests.journeys.conftest import Visit
from tests.journeys.first_day import communities_of
from tests.journeys.serving import Product

WORDS: Texts = texts("zh-Hans")
PASSWORD = "yi-ge-hen-chang-de-mima"


def test_the_link_makes_an_administrator_whose_accounts_can_begin_to_work(
    product: Product, visit: Visit, demo: Path
) -> None:
    context, watch = visit()
    page = context.new_page()
    link = product.wait_for("/first/").split()[-1]
    make_the_administrator(page, link)
    see_places_but_no_people(page)
    community = communities_of(demo)[0][1]
    first_password = make_an_account(page, community)
    assert watch.complaints == []

    context, watch = visit()
    begin_to_work(context.new_page(), first_password, community)
    assert watch.complaints == []


def make_the_administrator(page: Page, link: str) -> None:
    page.goto(link)
    for key, value in (("field.login", "admin"), ("field.name", "系统管理员"), ("field.password", PASSWORD)):
        page.get_by_label(WORDS(f"access.{key}"), exact=True).fill(value)
    page.get_by_label(WORDS("access.first.again")).fill(PASSWORD)
    page.get_by_role("button", name=WORDS("access.first.submit")).click()
    sign_in(page, "admin", PASSWORD)


def sign_in(page: Page, login: str, password: str) -> None:
    expect(page).to_have_url(re.compile("/sign-in/"))
    page.get_by_label(WORDS("access.sign_in.login")).fill(login)
    page.get_by_label(WORDS("access.sign_in.password")).fill(password)
    page.get_by_role("button", name=WORDS("access.sign_in.submit")).click()
    expect(page).not_to_have_url(re.compile("/sign-in/"))


def see_places_but_no_people(page: Page) -> None:
    """Who can give rights does not read the roster."""
    lines = page.locator("#navigation").get_by_role("link").all_inner_texts()
    assert WORDS("registry.navigation.places") in lines
    assert WORDS("registry.navigation.people") not in lines
    page.locator("#navigation").get_by_role("link", name=WORDS("registry.navigation.places")).click()
    expect(page.locator("h1")).to_contain_text("示例县")


def make_an_account(page: Page, community: str) -> str:
    """The first password, which is shown once."""
    page.locator("#navigation").get_by_role("link", name=WORDS("access.navigation.accounts")).click()
    page.get_by_role("link", name=WORDS("access.accounts.new")).click()
    page.get_by_label(WORDS("access.field.name")).fill("社区 何静")
    page.get_by_label(WORDS("access.field.login")).fill("hejing")
    page.get_by_role("button", name=WORDS("access.accounts.create")).click()
    password = page.locator(".lf-large-code").inner_text()
    page.get_by_label(WORDS("access.field.role")).select_option("community")
    page.get_by_label(WORDS("access.field.place")).press_sequentially(community)
    page.locator("#place_choices").get_by_text(community).first.click()
    page.get_by_role("button", name=WORDS("access.accounts.give_submit")).click()
    expect(page.locator(".lf-line")).to_contain_text(community)
    return password


def begin_to_work(page: Page, first_password: str, community: str) -> None:
    """The first password leads to the page that replaces it, and then to work at the place."""
    page.goto("/command/")
    sign_in(page, "hejing", first_password)
    expect(page).to_have_url(re.compile("/account/"))
    page.get_by_label(WORDS("access.field.old"), exact=True).fill(first_password)
    page.get_by_label(WORDS("access.field.new"), exact=True).fill(PASSWORD)
    page.get_by_label(WORDS("access.field.again"), exact=True).fill(PASSWORD)
    page.get_by_role("button", name=WORDS("access.own.password_submit")).click()
    page.goto("/")
    expect(page).to_have_url(re.compile("/command/"))
    expect(page.locator(".lf-posting")).to_contain_text(community)
