# ruff: noqa: E501
"""The frame and its parts in a real browser: keyboard, themes, phones, no script, failures."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from playwright.sync_api import Browser, Page, expect, sync_playwright

PAGES = [
    "/design/", "/design/building/", "/design/tests/", "/design/people/3/", "/design/reports/", "/design/status/",
    "/design/confirm/", "/design/form/", "/design/sign/", "/design/fails/refused/",
]  # fmt: skip


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright runs a loop in this thread; nothing here is asynchronous
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or None, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def address(frame_alone: None) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, get_wsgi_application(), _Server, _Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """``open_page("/design/", width=390)``; a script error or a refused resource fails the test at its end."""
    contexts, complaints = [], []

    def opened(
        path: str, *, width: int = 1440, language: str = "zh-CN", theme: str = "light", quiet: bool = True, **given: Any
    ) -> Page:
        context = browser.new_context(
            base_url=address, viewport={"width": width, "height": 900}, locale=language, color_scheme=theme, **given
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        if quiet:
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize(("language", "theme"), [("zh-CN", "light"), ("en", "dark")])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_every_screen_and_obeys_its_own_safety_policy(
    open_page: Open, path: str, language: str, theme: str
) -> None:
    page = open_page(path, language=language, theme=theme, quiet=path != "/design/fails/refused/")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
    for width in (390, 820, 1440, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{width} px"


def test_type_is_larger_on_a_wall(open_page: Open) -> None:
    sizes = [
        page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
        for page in (open_page("/design/", width=width) for width in (1440, 2560, 3840))
    ]
    assert sizes[0] == 14 and sizes[1] >= 19 and sizes[2] >= 26


def test_cold_fingers_hit_the_rooms_and_the_bottom_bar(open_page: Open) -> None:
    page = open_page("/design/building/", width=390, has_touch=True)
    for selector, least in (("a.lf-room", 34), (".lf-bottom a", 48), (".lf-top summary", 44)):
        boxes = page.eval_on_selector_all(selector, "all => all.map(one => one.getBoundingClientRect().toJSON())")
        assert boxes
        assert min(min(box["width"], box["height"]) for box in boxes) >= least, selector


def test_a_table_becomes_cards_on_a_phone(open_page: Open) -> None:
    page = open_page("/design/tests/", width=390)
    row = page.locator("tbody tr").first
    assert row.evaluate("row => getComputedStyle(row).display") == "block"
    assert page.locator("tbody td").first.evaluate("cell => getComputedStyle(cell, '::before').content") == '"所在位置"'


def test_the_keyboard_searches_helps_and_goes(open_page: Open) -> None:
    page = open_page("/design/status/")
    page.keyboard.press("/")
    expect(page.locator("#lf-search")).to_be_focused()
    page.keyboard.type("林?g")
    expect(page.locator("#lf-search")).to_have_value("林?g")
    page.locator("#lf-search").blur()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/design/building/")


def test_the_keyboard_walks_a_table_and_opens_a_row(open_page: Open) -> None:
    page = open_page("/design/tests/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("tr[aria-selected=true]")).to_have_count(1)
    wanted = page.locator("tr[aria-selected=true]").get_attribute("data-href")
    assert wanted == page.locator("tbody tr").nth(1).get_attribute("data-href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{wanted}")


def test_arrows_walk_the_building(open_page: Open) -> None:
    page = open_page("/design/building/")
    page.get_by_role("link", name="1101，").first.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.querySelector('b').textContent") == "1102"


def test_the_first_tab_leads_to_the_content(open_page: Open) -> None:
    page = open_page("/design/tests/")
    page.keyboard.press("Tab")
    expect(page.locator(".lf-skip")).to_be_focused()
    assert page.locator(".lf-skip").bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_without_a_script_one_still_navigates_filters_and_sends(open_page: Open, tmp_path: Path) -> None:
    page = open_page("/design/tests/", width=390, java_script_enabled=False)
    page.locator(".lf-bottom-more").click()
    expect(page.locator("#navigation")).to_be_visible()
    page.locator("#navigation a[href='/design/building/']").click()
    page.wait_for_url("**/design/building/")
    page.goto("/design/tests/")
    page.locator("select[name=status]").select_option("yellow")
    page.locator(".lf-filters button").click()
    assert "status=yellow" in page.url
    page.goto("/design/form/")
    sheet = tmp_path / "名册.xlsx"
    sheet.write_bytes(b"PK")
    page.locator("input[type=file]").set_input_files(sheet)
    page.locator("input[name=name]").fill("林建国")
    page.locator("input[name=phone]").fill("13000000000")
    page.locator("input[value=permanent]").check()
    page.locator("main form button").click()
    page.wait_for_url("**/design/tests/")
    expect(page.locator(".lf-toast")).to_contain_text("已保存 1 人")


def test_a_filter_applies_at_once_and_the_way_back_is_kept(open_page: Open) -> None:
    page = open_page("/design/tests/")
    page.evaluate("window.isSamePage = true")
    page.locator("select[name=status]").select_option("yellow")
    expect(page.locator(".lf-chips")).to_contain_text("状态：黄码")
    expect(page).to_have_url(re.compile("status=yellow"))
    assert page.evaluate("window.isSamePage")
    expect(page.locator("tbody .lf-pill").first).to_have_text("黄码")
    page.go_back()
    expect(page.locator(".lf-chips")).to_have_count(0)
    expect(page.locator(".lf-top")).to_be_visible()


def test_nothing_personal_is_kept_in_the_browser(open_page: Open) -> None:
    page = open_page("/design/tests/")
    page.locator("select[name=status]").select_option("yellow")
    expect(page.locator(".lf-chips")).to_be_visible()
    # htmx keeps the address of the page for the life of the tab, as the browser itself does; never its content.
    kept = page.evaluate("Object.entries({...localStorage, ...sessionStorage})")
    assert [name for name, _ in kept] in ([], ["htmx-current-path-for-history"])
    assert all(value.startswith("/design/tests/") for _, value in kept)


def _post_in_place(page: Page, path: str) -> None:
    page.evaluate(f"htmx.ajax('GET', '{path}', {{target: '#content'}}).catch(() => null)")


def test_a_failure_in_place_is_told_and_leaves_the_page_as_it_is(open_page: Open) -> None:
    page = open_page("/design/form/", quiet=False)
    page.locator("input[name=name]").fill("林建国")
    _post_in_place(page, "/design/fails/database/")
    expect(page.locator(".lf-toast")).to_contain_text("数据库暂时连不上")
    expect(page.locator("input[name=name]")).to_have_value("林建国")


def test_an_absent_network_is_told_and_leaves_the_page_as_it_is(open_page: Open) -> None:
    page = open_page("/design/form/", quiet=False)
    page.locator("input[name=name]").fill("林建国")
    page.context.set_offline(True)
    _post_in_place(page, "/design/tests/")
    expect(page.locator(".lf-toast")).to_contain_text("连不上服务器")
    expect(page.locator("input[name=name]")).to_have_value("林建国")


def test_an_answer_of_a_stranger_between_us_replaces_nothing(open_page: Open) -> None:
    page = open_page("/design/form/", quiet=False)
    page.route("**/design/tests/", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    _post_in_place(page, "/design/tests/")
    expect(page.locator(".lf-toast")).to_contain_text("服务器没有正常应答")
    assert "Bad Gateway" not in page.content()


def test_work_in_the_background_is_followed_to_its_end(open_page: Open) -> None:
    page = open_page("/design/job/")
    expect(page.locator(".lf-job")).to_contain_text("读取完毕", timeout=15_000)
    expect(page.locator(".lf-job a.btn")).to_be_visible()
    assert page.locator(".lf-job[hx-get]").count() == 0


def test_a_number_is_shown_for_a_purpose_and_hides_again(open_page: Open) -> None:
    page = open_page("/design/")
    page.clock.install()
    masked = page.locator(".lf-masked:has(summary)")
    masked.locator("summary").click()
    masked.get_by_role("button", name="流调").click()
    expect(page.locator(".lf-revealed")).to_contain_text("990123197001011234")
    page.clock.run_for(61_000)
    expect(page.locator("text=990123197001011234")).to_have_count(0)
    expect(page.locator("text=9901**********1234")).to_be_visible()


def test_the_theme_changes_without_losing_what_is_typed(open_page: Open) -> None:
    page = open_page("/design/form/")
    page.locator("input[name=name]").fill("林建国")
    page.locator(".lf-switch").last.locator("summary").click()
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="深色").click()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    expect(page.locator("input[name=name]")).to_have_value("林建国")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_an_act_without_a_way_back_asks_first(open_page: Open) -> None:
    page = open_page("/design/")
    page.get_by_role("button", name="作废（先问）").click()
    expect(page.locator("#lf-confirm")).to_contain_text("管内 10 人需要重新采样")
    page.locator("#lf-confirm").get_by_role("button", name="取消").click()
    expect(page.locator(".lf-toast")).to_have_count(0)
    page.get_by_role("button", name="作废（先问）").click()
    page.locator("#lf-confirm").get_by_role("button", name="作废", exact=True).click()
    expect(page.locator(".lf-toast")).to_contain_text("已作废")
    page.locator(".lf-toast").get_by_role("button", name="撤销").click()
    expect(page.locator(".lf-toast")).to_contain_text("已撤销")


def test_files_too_large_are_refused_before_they_are_sent(open_page: Open, tmp_path: Path) -> None:
    page = open_page("/design/form/")
    small, large = tmp_path / "小.xlsx", tmp_path / "大.xlsx"
    small.write_bytes(b"x" * 2048)
    large.write_bytes(b"x" * 2_000_000)
    page.locator("input[type=file]").set_input_files([small, large])
    expect(page.locator(".lf-drop-files li")).to_have_count(2)
    expect(page.locator(".lf-drop-files")).to_contain_text("2.0 KB")
    expect(page.locator("[data-drop-error]")).to_contain_text("还没有上传")
    assert not page.locator("input[type=file]").evaluate("input => input.checkValidity()")
    page.get_by_role("button", name="移除 大.xlsx").click()
    expect(page.locator("[data-drop-error]")).to_be_hidden()
    assert page.locator("input[type=file]").evaluate("input => input.files.length") == 1


def test_files_may_be_dropped_and_sent(open_page: Open) -> None:
    page = open_page("/design/form/")
    page.evaluate(
        """() => {
          const carried = new DataTransfer();
          carried.items.add(new File(["a,b"], "甲.csv"));
          carried.items.add(new File(["c,d"], "乙.csv"));
          document.querySelector("[data-drop] label").dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
        }"""
    )
    expect(page.locator(".lf-drop-files li")).to_have_count(2)
    page.locator("input[name=name]").fill("林建国")
    page.locator("input[name=phone]").fill("13000000000")
    page.locator("input[value=permanent]").check()
    page.locator("main form button.btn-primary").click()
    expect(page).to_have_url(re.compile("/design/tests/"))
    expect(page.locator(".lf-toast")).to_contain_text("已保存 1 人")
    expect(page.locator("table")).to_be_visible()


def test_a_refused_form_puts_the_reader_before_what_is_wrong(open_page: Open) -> None:
    page = open_page("/design/form/", quiet=False)
    page.locator("form.card").evaluate("form => { form.noValidate = true; }")
    page.locator("input[name=phone]").fill("1")
    page.locator("main form button.btn-primary").click()
    expect(page.locator(".lf-errors")).to_be_focused()
    expect(page.locator("input[name=phone]")).to_have_value("1")


def test_charts_are_drawn_and_keep_their_numbers_at_hand(open_page: Open) -> None:
    page = open_page("/design/reports/")
    expect(page.locator("[data-state=drawn] canvas")).to_have_count(2)
    first = page.locator(".lf-chart").first
    expect(first.locator("table")).to_be_hidden()
    first.locator("summary").click()
    expect(first.locator("table")).to_be_visible()
    assert (
        page.evaluate("echarts.getInstanceByDom(document.querySelector('[data-chart]')).getOption().series[1].data[6]")
        is None
    )


def test_a_chart_that_cannot_be_drawn_shows_its_numbers(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address)
    context.route("**/echarts*", lambda route: route.abort())
    page = context.new_page()
    page.goto("/design/reports/")
    page.wait_for_load_state("networkidle")
    expect(page.locator(".lf-chart table").first).to_be_visible()
    context.close()


def test_paper_gets_the_content_without_the_frame(open_page: Open) -> None:
    page = open_page("/design/tests/", theme="dark")
    page.emulate_media(media="print")
    for gone in (".lf-top", ".lf-side", ".lf-filters", ".lf-pager", ".lf-bottom"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator("thead")).to_be_visible()
    assert page.locator("thead").evaluate("head => getComputedStyle(head).display") == "table-header-group"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("tbody td").first.evaluate("cell => getComputedStyle(cell).color") == "rgb(0, 0, 0)"


def test_menus_close_by_escape_and_by_a_click_beside_them(open_page: Open) -> None:
    page = open_page("/design/status/")
    account = page.locator(".lf-account")
    account.locator("summary").click()
    expect(account.get_by_role("button", name="退出登录")).to_be_visible()
    page.keyboard.press("Escape")
    expect(account.get_by_role("button", name="退出登录")).to_be_hidden()
    expect(account.locator("summary")).to_be_focused()
    account.locator("summary").click()
    page.locator("h1").click()
    expect(account.get_by_role("button", name="退出登录")).to_be_hidden()


def test_the_drawer_of_a_phone_closes_by_a_touch_beside_it(open_page: Open) -> None:
    page = open_page("/design/building/", width=390)
    page.locator(".lf-bottom-more").click()
    expect(page.locator("#navigation")).to_be_visible()
    page.mouse.click(20, 500)
    expect(page.locator("#navigation")).to_be_hidden()
    assert page.url.endswith("/design/building/#content")
