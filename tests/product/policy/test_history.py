"""The page of a township through the changes: in three languages, without a history, and as a file of its own."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client, override_settings

from lianfang.config.policy_history.page import page
from lianfang.foundation.access.models import Account
from tests.product.policy.history_by_hand import NEW, OLD, by_hand
from tests.product.world import World

Browse = Callable[..., Client]
CODES = re.compile(r"secondary_home|secondary_november|category_isolation|negative_result|history\.[a-z]")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    with override_settings(POLICY_HISTORY=tmp_path / "policy-history.json"):
        yield tmp_path / "policy-history.json"


def test_without_a_history_the_page_says_how_to_make_one_and_there_is_no_table(
    world: World, browse: Browse, kept: Path
) -> None:
    shown = browse("community").get("/rules/history/")
    assert "lianfang policy history --people 60000" in shown.content.decode()
    assert browse("community").get("/rules/history/table/").status_code == 404


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "lianfang-policy-history", "version": 999}'])
def test_a_file_that_is_no_history_is_said_to_be_none(world: World, browse: Browse, kept: Path, text: str) -> None:
    kept.write_text(text, encoding="utf-8")
    answer = browse("community").get("/rules/history/")
    assert (answer.status_code, "lianfang policy history" in answer.content.decode()) == (200, True)
    assert browse("community").get("/rules/history/table/").status_code == 404


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh-hans", ["密接的密接", "结束", "12"]), ("zh-hant", ["密接", "結束"]), ("en", ["No longer followed", "ended"])],
)
def test_the_page_shows_the_days_the_change_the_reasons_and_the_people_in_words(
    world: World, browse: Browse, kept: Path, language: str, said: list[str]
) -> None:
    kept.write_text(json.dumps(by_hand()), encoding="utf-8")
    Account.objects.update(language=language)
    client = browse("community")
    shown = client.get("/rules/history/").content.decode()
    assert all(words in shown for words in said)
    assert not CODES.search(re.sub(r"<[^>]+>", "", shown)), "a code was shown instead of words"
    assert shown.count('class="hist-change"') == 4 + 1
    table = client.get("/rules/history/table/?form=csv")
    assert "1234" in b"".join(table.streaming_content).decode("utf-8-sig")


def test_the_page_as_a_file_asks_no_server_for_anything(world: World) -> None:
    for language in ("zh-Hans", "zh-Hant", "en"):
        drawn = page(by_hand(), [OLD, NEW], language)
        body = drawn[drawn.index("</style>") :]
        assert not re.search(r'(?:src|href)="(?!#|data:text/csv)[^"]*"', body)
        assert "://" not in re.sub(r"<style>.*?</style>", "", drawn, flags=re.DOTALL)
        assert set(re.findall(r'<use href="#([^"]+)"', body)) <= set(re.findall(r'<symbol id="([^"]+)"', body))
        assert not CODES.search(re.sub(r"<[^>]+>", "", body))
        (table,) = re.findall(r"data:text/csv;base64,([^\"]+)", body)
        rows = base64.b64decode(table).decode("utf-8-sig").splitlines()
        assert len(rows) == 4
        assert "2022-11-11" in rows[2]
