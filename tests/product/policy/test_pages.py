"""The pages of rules: read by everybody, put into force by two people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lianfang.domains.policy.models import ActivationPreview, PackActivation
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.policy.selectors import pack_for
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.models import Account
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from tests.product.world import World

Browse = Callable[..., Client]
PACK = "covid19/v9 1"


def form(world: World, where: str = "township", **given: str) -> dict[str, str]:
    return {
        "pack": PACK,
        "place": str(world.places[where].pk),
        "starts_at": "",
        "reason": "县指挥部第 12 号通告",
        **given,
    }


def only() -> PackActivation:
    with acting_as(system_actor("test")):
        return PackActivation.objects.get()


def approve(browse: Browse, login: str, made: PackActivation) -> int:
    """As the page of the preview does it."""
    with acting_as(system_actor("test")):
        seen = ActivationPreview.objects.get(activation=made).pk
    return browse(login).post(f"/rules/activations/{made.pk}/approve/", {"seen": seen}).status_code


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
@pytest.mark.parametrize("pack", sorted(packs_on_disk()))
def test_each_pack_is_read_in_words_in_each_language(
    world: World, browse: Browse, pack: tuple[str, int], language: str
) -> None:
    Account.objects.update(language=language)
    page = browse("resident").get(f"/rules/{pack[0]}/{pack[1]}/")
    assert page.status_code == 200
    text = page.content.decode()
    found = packs_on_disk()[pack]
    for source in found.manifest.sources:
        assert source.found.split("，")[0] in text
    assert text.count('class="lf-pill') >= len(found.rules)
    assert "{limit}" not in text and "{until}" not in text


def test_without_rules_the_page_says_what_that_means_and_what_to_do(world: World, browse: Browse) -> None:
    assert "还没有启用规则" in browse("township").get("/rules/").content.decode()
    page = browse("resident").get("/rules/").content.decode()
    assert "由街道或区县提出启用" in page
    assert 'name="reason"' not in page


def test_a_proposal_changes_nothing_until_a_second_person_approves_it(world: World, browse: Browse) -> None:
    assert browse("township").post("/rules/propose/", form(world)).status_code == 302
    made = only()
    later = timezone.now() + timedelta(minutes=1)
    with acting_as(system_actor("test")):
        assert pack_for(world.places["east"], later) is None
    assert "要由另一人核准" in browse("township").get("/rules/").content.decode()
    approve(browse, "township", made)
    assert only().approved_at is None

    assert approve(browse, "district", made) == 302
    with acting_as(system_actor("test")):
        pack = pack_for(world.places["east"], later)
        actions = list(
            Entry.objects.filter(action__startswith="policy.").order_by("pk").values_list("action", flat=True)
        )
    assert pack is not None and pack.id == "covid19/v9"
    assert actions == ["policy.propose_activation", "policy.approve_activation"]
    assert "正在用" in browse("resident").get("/rules/").content.decode()


def test_a_start_that_passed_while_the_form_was_filled_in_is_now(world: World, browse: Browse) -> None:
    asked = timezone.localtime(timezone.now() - timedelta(minutes=14))
    given = {**form(world), "starts_at": asked.strftime("%Y-%m-%dT%H:%M")}
    assert browse("township").post("/rules/propose/", given).status_code == 302
    assert only().starts_at == only().proposed_at

    long_gone = timezone.localtime(timezone.now() - timedelta(minutes=17))
    page = browse("township").post("/rules/propose/", {**given, "starts_at": long_gone.strftime("%Y-%m-%dT%H:%M")})
    assert "开始时间已经过去" in page.content.decode()
    assert PackActivation.objects.count() == 1


def test_a_withdrawn_proposal_cannot_be_approved(world: World, browse: Browse) -> None:
    browse("township").post("/rules/propose/", form(world))
    made = only()
    browse("township").post(f"/rules/activations/{made.pk}/withdraw/")
    approve(browse, "district", made)
    assert only().approved_at is None
    assert "已撤回" in browse("township").get("/rules/").content.decode()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"pack": "covid19/v99 1"}, "没有这套规则"),
        ({"place": "999999"}, "请选管哪里"),
        ({"reason": " "}, "请写为什么"),
        ({"starts_at": "2022-13-01T00:00"}, "时间看不懂"),
        ({"starts_at": "2020-01-01T00:00"}, "有效期"),
    ],
)
def test_what_is_wrong_with_a_proposal_is_said_and_what_was_typed_is_kept(
    world: World, browse: Browse, given: dict[str, str], words: str
) -> None:
    answer = browse("township").post("/rules/propose/", form(world, **{"reason": "写过的理由", **given}))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    if "reason" not in given:
        assert "写过的理由" in answer.content.decode()
    with acting_as(system_actor("test")):
        assert not PackActivation.objects.exists()


def test_a_community_reads_the_rules_and_puts_none_into_force(world: World, browse: Browse) -> None:
    client = browse("community")
    assert 'name="reason"' not in client.get("/rules/").content.decode()
    assert client.post("/rules/propose/", form(world, "east")).status_code == 422
    with acting_as(system_actor("test")):
        assert not PackActivation.objects.exists()


def test_a_township_proposes_nothing_for_the_whole_county(world: World, browse: Browse) -> None:
    answer = browse("township").post("/rules/propose/", form(world, "county"))
    assert answer.status_code == 422 and "请选管哪里" in answer.content.decode()


def test_of_two_the_later_one_holds_and_the_page_says_so(world: World, browse: Browse) -> None:
    for reason in ("第一次", "第二次"):
        browse("township").post("/rules/propose/", form(world, reason=reason))
        with acting_as(system_actor("test")):
            made = PackActivation.objects.order_by("-pk")[0]
        approve(browse, "district", made)
    page = browse("township").get("/rules/").content.decode()
    assert page.index("第二次") < page.index("正在用") < page.index("第一次") < page.index("已被接替")


def test_a_pack_whose_files_were_changed_is_shown_as_not_used(world: World, browse: Browse) -> None:
    browse("township").post("/rules/propose/", form(world))
    made = only()
    approve(browse, "district", made)
    with acting_as(system_actor("test")):
        PackActivation.objects.update(digest="0" * 64)
    assert "文件被改过" in browse("township").get("/rules/").content.decode()
