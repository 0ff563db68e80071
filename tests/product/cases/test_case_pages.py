from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tests.product.cases.test_cases import by_hand, cases, correct, positive
from tests.product.lab_testing.night import Night

Browse = Callable[..., Client]
LANGUAGES = ("zh-hans", "zh-hant", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_cases_is_whole_in_each_language(night: Night, browse: Browse, language: str) -> None:
    positive(night)
    correct(night, "S0001", "negative")
    case = by_hand(night)
    client = browse("township", language)
    for page in ("/cases/", "/cases/?state=released", "/cases/?state=all&kind=confirmed", f"/cases/{case.pk}/",
                 f"/cases/{cases()[0].pk}/"):  # fmt: skip
        answer = client.get(page)
        assert answer.status_code == 200
        assert "cases." not in answer.content.decode().replace("cases.css", "")


def test_without_a_case_the_list_says_what_will_stand_there(night: Night, browse: Browse) -> None:
    assert "单人检测阳性会自动列在这里" in browse("community").get("/cases/").content.decode()


def test_a_corrected_case_says_why_it_closed_and_is_opened_again_from_its_page(night: Night, browse: Browse) -> None:
    case = positive(night)
    correct(night, "S0001", "negative")
    client = browse("community")
    assert "化验结果已更正" in client.get(f"/cases/{case.pk}/").content.decode()
    refused = client.post(f"/cases/{case.pk}/change/", {"do": "reopen", "because": ""})
    assert refused.status_code == 422
    assert "请写明恢复在管的理由" in refused.content.decode()
    done = client.post(f"/cases/{case.pk}/change/", {"do": "reopen", "because": "有症状"}, follow=True)
    assert "已恢复在管" in done.content.decode()
    assert cases()[0].released_at is None


def test_a_case_is_classified_transferred_and_released_from_its_page(night: Night, browse: Browse) -> None:
    case = positive(night)
    client, change = browse("township"), f"/cases/{case.pk}/change/"
    assert client.post(change, {"do": "classify", "kind": "asymptomatic"}).status_code == 302
    assert client.post(change, {"do": "transfer", "at": ""}).status_code == 302
    assert client.post(change, {"do": "release", "because": "两次阴性"}).status_code == 302
    done = cases()[0]
    assert (done.kind, done.released_because) == ("asymptomatic", "两次阴性")
    assert done.transferred_at is not None


@pytest.mark.parametrize(
    "given",
    [
        {"do": "transfer", "at": "not a time"},
        {"do": "transfer", "at": "2022-13-45T99:99"},
        {"do": "transfer", "at": "2999-01-01T00:00"},
        {"do": "classify", "kind": "plague"},
        {"do": "classify"},
        {"do": "release", "because": ""},
        {"do": "release", "because": "x", "at": "1999-01-01T00:00"},
        {"do": "dance"},
        {},
    ],
)
def test_bad_input_is_answered_in_words_and_changes_nothing(
    night: Night, browse: Browse, given: dict[str, str]
) -> None:
    case = positive(night)
    answer = browse("township").post(f"/cases/{case.pk}/change/", given)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert cases()[0].released_at is None


def test_a_strange_filter_shows_the_open_cases(night: Night, browse: Browse) -> None:
    by_hand(night)
    for query in ("state=gone", "kind=plague", "after=%00", "sort=made_by", "size=9999"):
        assert browse("township").get(f"/cases/?{query}").status_code in (200, 400)


def test_the_open_cases_are_exported_for_whoever_may_see_them(night: Night, browse: Browse) -> None:
    by_hand(night)
    answer = browse("township").get("/cases/export/")
    assert answer.status_code == 200
    assert "spreadsheet" in answer["Content-Type"]
    assert browse("guard").get("/cases/export/").status_code == 403


def test_roles_without_cases_and_neighbours_see_none(night: Night, browse: Browse) -> None:
    case = by_hand(night, "郑海")
    assert browse("community").get(f"/cases/{case.pk}/").status_code == 404
    for login in ("guard", "sampler", "courier", "building_chief"):
        assert browse(login).get("/cases/").status_code == 403
    assert browse().get("/cases/").status_code == 302
    assert browse("supervisor").post(f"/cases/{case.pk}/change/", {"do": "release", "because": "x"}).status_code == 403
