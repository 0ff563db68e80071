"""Who a cookie belongs to: the session that is kept under it and is not over, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lianfang.foundation.access.models import Account, AccountSession

COOKIE = "lianfang_session"


@pytest.fixture
def browser(browse: Callable[..., Client]) -> Client:
    return browse("township")


def is_in(browser: Client) -> bool:
    answer = browser.get("/command/")
    assert answer.status_code in (200, 302)
    return answer.status_code == 200


def test_a_session_is_found_until_it_is_over(browser: Client) -> None:
    assert is_in(browser)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_in(browser)


@pytest.mark.parametrize("key", ["abcdefgh", "' OR true --", "a" * 4_000, "with\0nothing", "%s", ""])
def test_a_cookie_of_no_session_is_nobody(browser: Client, key: str) -> None:
    browser.cookies[COOKIE] = key
    assert not is_in(browser)


def test_an_account_that_was_switched_off_is_out_at_once(browser: Client) -> None:
    assert is_in(browser)
    Account.objects.update(is_active=False)
    assert not is_in(browser)


def test_a_session_that_its_owner_ended_is_out_at_once(browser: Client) -> None:
    assert is_in(browser)
    AccountSession.objects.update(ended_at=timezone.now())
    assert not is_in(browser)


def test_who_asks_is_found_by_four_kept_statements(browser: Client) -> None:
    assert is_in(browser)
    with CaptureQueriesContext(connection) as asked:
        assert is_in(browser)
    tables = [one["sql"].partition(" FROM ")[2].split()[0].strip('"') for one in asked.captured_queries[:4]]
    assert tables == ["django_session", "access_account", "access_session", "access_posting"]
