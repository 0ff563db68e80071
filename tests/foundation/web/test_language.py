from __future__ import annotations

import pytest
from django.test import Client, RequestFactory
from django.utils import translation

from lianfang.foundation.web.language import asked_language, current_texts, t


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-hans"),
        ("zh-TW", "zh-hant"),
        ("zh-Hant-HK,zh;q=0.5", "zh-hant"),
        ("en-GB", "en"),
        ("fr-FR,en;q=0.3,zh;q=0.2", "en"),
        ("en;q=0.2,zh-CN;q=0.9", "zh-hans"),
        ("en;q=0,zh-CN;q=0.1", "zh-hans"),
        ("fr", "zh-hans"),
        ("", "zh-hans"),
        (";;;q=x,,*", "zh-hans"),
        ("en;q=" + "9" * 400, "en"),
    ],
)
def test_the_language_is_the_one_that_the_browser_prefers(get: RequestFactory, header: str, language: str) -> None:
    assert asked_language(get.get("/", headers={"accept-language": header})) == language


def test_a_chosen_language_outranks_the_browser(get: RequestFactory) -> None:
    request = get.get("/", headers={"accept-language": "en"})
    request.COOKIES["lianfang_language"] = "zh-hant"
    assert asked_language(request) == "zh-hant"


def test_an_unknown_language_in_the_cookie_changes_nothing(get: RequestFactory) -> None:
    request = get.get("/", headers={"accept-language": "en"})
    request.COOKIES["lianfang_language"] = "../../etc"
    assert asked_language(request) == "en"


def test_texts_follow_the_active_language() -> None:
    with translation.override("en"):
        assert t("web.cancel") == "Cancel"
    with translation.override("zh-hant"):
        assert current_texts().language == "zh-Hant"
        assert t("web.close") == "關閉"


def test_a_page_says_its_language_to_browsers_and_screen_readers(client: Client) -> None:
    answer = client.get("/design/", headers={"accept-language": "zh-TW"})
    assert answer.headers["Content-Language"] == "zh-Hant"
    assert '<html lang="zh-Hant"' in answer.content.decode()


def test_choosing_a_language_keeps_it_and_goes_back_to_the_page(client: Client) -> None:
    answer = client.post("/language/", {"language": "en", "next": "/design/tests/?page=2"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/design/tests/?page=2")
    assert client.get("/design/").headers["Content-Language"] == "en"


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org/", "javascript:alert(1)", ""])
def test_choosing_a_language_never_leads_to_another_site(client: Client, elsewhere: str) -> None:
    assert client.post("/language/", {"language": "en", "next": elsewhere}).headers["Location"] == "/"


def test_a_language_that_does_not_exist_is_not_kept(client: Client) -> None:
    assert "lianfang_language" not in client.post("/language/", {"language": "xx"}).cookies


def test_the_language_is_chosen_by_sending_a_form_only(client: Client) -> None:
    assert client.get("/language/").status_code == 405


def test_the_language_of_an_account_outranks_cookie_and_browser(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    from tests.foundation.web.design import actor

    before = actor.SomebodyActs.__call__

    def with_account(self: actor.SomebodyActs, request: object) -> object:
        request.user = SimpleNamespace(language="en", is_authenticated=True)  # type: ignore[attr-defined]
        return before(self, request)

    monkeypatch.setattr(actor.SomebodyActs, "__call__", with_account)
    client.cookies["lianfang_language"] = "zh-hant"
    assert '<html lang="en"' in client.get("/design/").content.decode()
    assert translation.get_language() == "zh-hans", "the language of one request must not reach the next"
