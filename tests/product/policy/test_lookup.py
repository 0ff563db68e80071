"""The public page of rules: four questions, no sign-in, no personal data, by the pack in force at the place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lianfang.domains.policy.lookup import CODES, FROM, QUESTIONS, Asked, answer
from lianfang.domains.policy.models import PackActivation
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.policy.selectors import packs_by_community
from lianfang.domains.registry.models import Place
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.world import World

Browse = Callable[..., Client]


def put_into_force(world: World, pack: str, where: str = "township", *, version: int = 1) -> None:
    at = timezone.now() - timedelta(minutes=1)
    PackActivation.objects.create(
        pack=pack, version=version, digest=packs_on_disk()[pack, version].digest, place_id=world.places[where].pk,
        starts_at=at, proposed_at=at, proposed_by="x", approved_at=at, approved_by="y",
    )  # fmt: skip


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_every_question_is_answered_to_anybody_in_each_language(world: World, browse: Browse, language: str) -> None:
    put_into_force(world, "covid19/v9")
    nobody = browse(None, language)
    place = world.places["township"].pk
    assert nobody.get("/rules/ask/").status_code == 200
    asked = [{"question": "came_from", "origin": origin} for origin in FROM]
    asked += [{"question": "my_code", "code": code} for code in CODES]
    asked += [{"question": question} for question in QUESTIONS[2:]]
    for given in asked:
        page = nobody.get("/rules/ask/", {"place": place, "since": f"{timezone.localdate():%Y-%m-%d}", **given})
        text = page.content.decode()
        assert page.status_code == 200 and 'id="answer"' in text, given
        assert "{limit}" not in text and "{until}" not in text
        assert "120" in text and "陈建国" not in text


def test_the_days_and_the_end_are_those_of_the_pack_and_the_day_that_was_given(world: World, browse: Browse) -> None:
    put_into_force(world, "covid19/v9")
    day_0 = timezone.localdate() - timedelta(days=2)
    asked = Asked(world.places["township"], "came_from", "high", "", day_0)
    said = answer(asked, timezone.now()).categories
    assert [stage.days for stage in said[0].stages] == [7]
    assert said[0].stages[0].from_on == day_0 + timedelta(days=1)
    assert said[0].stages[0].until_on == day_0 + timedelta(days=7) and said[0].free_on == day_0 + timedelta(days=8)
    assert said[0].sources and said[0].appeal
    page = browse().get("/rules/ask/", {"place": asked.place.pk, "question": "tube_positive"}).content.decode()
    assert "混采管报了阳性" in page and "不等于您是阳性" in page and "12345" in page and "等级 C" in page


def test_without_rules_nobody_is_restricted_and_what_cannot_be_read_is_asked_again(
    world: World, browse: Browse
) -> None:
    place = world.places["township"].pk
    assert "没有人因规则受限" in browse().get("/rules/ask/", {"place": place, "question": "no_result"}).content.decode()
    for given in ({"question": "my_code"}, {"question": "x", "place": place}, {"question": "came_from", "place": "z"}):
        page = browse().get("/rules/ask/", {**given, "since": "2022-13-45"})
        assert page.status_code == 200 and 'id="answer"' not in page.content.decode()
    put_into_force(world, "practice/v1")
    asked = {"place": place, "question": "came_from", "origin": "high"}
    page = browse().get("/rules/ask/", asked).content.decode()
    assert "这里答不了" in page, "what a pack does not speak of is not said to be free"
    PackActivation.objects.update(digest="0" * 64)
    page = browse().get("/rules/ask/", {"place": place, "question": "no_result"})
    assert page.status_code == 200 and "已停用" in page.content.decode()


def test_the_layer_of_a_county_holds_in_that_county_and_in_no_other(world: World) -> None:
    pack = packs_on_disk()["covid19/v9", 1]
    layer = next(one for one in pack.layers if len(one.division) == 6)
    put_into_force(world, "covid19/v9", "county")
    now, east = timezone.now(), world.places["east"].pk
    with acting_as(system_actor("test")):
        assert packs_by_community([east], now)[east] is pack
        Place.objects.filter(pk=world.places["county"].pk).update(code=f"{layer.division}000000")
        Place.objects.filter(pk__in=[world.places["township"].pk, east]).update(code=None)
        layered = packs_by_community([east], now)[east]
    assert layered is not None and layered.digest != pack.digest and layered.origins
