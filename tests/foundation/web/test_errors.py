from __future__ import annotations

import psycopg
import pytest
from django.db import IntegrityError, OperationalError
from django.test import Client

from lianfang.foundation.texts import LANGUAGES, texts
from lianfang.foundation.web.errors import ICONS, is_database_away


@pytest.mark.parametrize(
    ("how", "status", "title"),
    [
        ("suspicious", 400, "这个请求看不懂"),
        ("refused", 403, "没有权限"),
        ("forbidden", 403, "没有权限"),
        ("missing", 404, "没有找到"),
        ("crash", 500, "系统出错了"),
        ("database", 503, "数据库暂时连不上"),
        ("disk", 507, "服务器磁盘已满"),
    ],
)
def test_an_error_says_what_happened_what_was_kept_and_what_to_do(
    client: Client, how: str, status: int, title: str
) -> None:
    answer = client.get(f"/design/fails/{how}/")
    text = answer.content.decode()
    assert answer.status_code == status
    assert title in text
    for heading in ("发生了什么", "数据怎么样", "怎么办"):
        assert heading in text
    assert answer.headers["X-Request-ID"] in text


def test_an_error_speaks_the_language_of_the_reader(client: Client) -> None:
    assert "Not found" in client.get("/nowhere/", headers={"accept-language": "en"}).content.decode()
    assert "伺服器磁碟已滿" in client.get("/design/fails/disk/", headers={"accept-language": "zh-TW"}).content.decode()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(ICONS))
def test_every_error_has_all_its_words(language: str, name: str) -> None:
    words = texts(language)
    for part in ("title", "happened", "kept", "fix"):
        assert f"web.error.{name}.{part}" in words


def test_an_error_says_nothing_of_the_code(client: Client) -> None:
    text = client.get("/design/fails/crash/").content.decode()
    assert "RuntimeError" not in text and "meant to fail" not in text and "Traceback" not in text


def test_an_error_in_a_part_of_a_page_is_a_toast_beside_it(client: Client) -> None:
    answer = client.get("/design/fails/crash/", headers={"hx-request": "true"})
    text = answer.content.decode()
    assert answer.status_code == 500
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#toasts", "beforeend")
    assert "<html" not in text and "系统出错了" in text and 'role="alert"' in text


def test_a_rule_that_refuses_is_named(client: Client) -> None:
    assert texts("zh-Hans")("access.refused.role") in client.get("/design/fails/refused/").content.decode()


def test_a_page_without_its_database_is_asked_for_again_by_itself(client: Client) -> None:
    answer = client.get("/design/fails/database/")
    assert answer.headers["Retry-After"] == "10"
    assert '<meta http-equiv="refresh" content="10">' in answer.content.decode()


def test_what_was_sent_is_never_sent_again_by_itself(client: Client) -> None:
    answer = client.post("/design/fails/database/")
    assert answer.status_code == 503
    assert "http-equiv" not in answer.content.decode()
    assert "再提交一次" in answer.content.decode()


def test_a_form_without_its_token_says_that_the_page_was_open_too_long() -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "zh-CN"})
    answer = client.post("/design/form/", {"name": "林建国"})
    assert answer.status_code == 403
    assert "页面放置太久" in answer.content.decode()


@pytest.mark.parametrize(
    ("state", "is_away"),
    [(None, True), ("08006", True), ("57P03", True), ("53300", True), ("40P01", False), ("53100", False)],
)
def test_the_database_is_away_only_where_it_cannot_be_reached(state: str | None, is_away: bool) -> None:
    error = OperationalError("x")
    error.__cause__ = psycopg.errors.lookup(state)() if state else psycopg.OperationalError("no connection")
    assert is_database_away(error) is is_away


def test_a_broken_rule_of_the_data_is_no_absent_database() -> None:
    assert not is_database_away(IntegrityError("x"))
    assert not is_database_away(None)
