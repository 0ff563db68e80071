"""Who sees and changes what: the list, one area, the neighbours' refusal, residents' own page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from lianfang.domains.areas.models import AreaLevel, AreaProposal, Finding
from lianfang.domains.areas.selectors import levels_for, proposals_waiting, public_levels
from lianfang.domains.areas.services import approve_change, propose_change, record_finding
from lianfang.domains.registry.models import Place
from lianfang.domains.registry.selectors import NotThereError
from lianfang.foundation.access.actor import Actor, NotAllowedError, system_actor
from lianfang.foundation.access.models import Account
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.services import handle_waiting
from tests.product.areas.township import acting, changed, hold_round, infect, on, proposed, rules, standing
from tests.product.status.test_recompute import in_force
from tests.product.world import World

__all__ = ["in_force"]
Browse = Callable[..., Client]


def neighbour(world: World) -> Actor:
    """The township next door."""
    with acting_as(system_actor("test")):
        county = world.places["county"]
        place = Place.objects.create(
            parent=county, kind="township", name="红山镇", code="990101200000", sort_key="2", county_id=county.pk
        )
        place.township_id, place.path = place.pk, [*county.path, place.pk]
        place.save()
    return replace(
        world.actor("township"), scope_ids=(place.pk,), place_id=place.pk, place_label="红山镇", account_id=77
    )


def test_a_neighbour_neither_sees_nor_changes_an_area_and_a_community_does_not_approve(in_force: World) -> None:
    world, place = in_force, in_force.places["c1"].pk
    infect(world, "陈建国")
    changed(world, "draw", "high")
    waits = proposed(world, "withdraw", reason="试一试")
    with acting_as(neighbour(world)) as stranger:
        assert not levels_for(stranger).exists() and not proposals_waiting(stranger).exists()
        # The database says the same, whatever is asked.
        assert not AreaLevel.objects.exists() and not AreaProposal.objects.exists() and not Finding.objects.exists()
        with pytest.raises(NotThereError):
            propose_change(actor=stranger, place_id=place, action="withdraw", reason="x")
        with pytest.raises(NotThereError):
            approve_change(actor=stranger, proposal_id=waits)
        with pytest.raises(NotThereError):
            record_finding(actor=stranger, place_id=place, fact="spread_is_likely", number=1, source="x")
        # What is announced is announced to everybody.
        assert [one.level for one in public_levels([world.places["b1"]])] == ["high"]
    with acting(world, "community") as community, pytest.raises(NotAllowedError):
        approve_change(actor=community, proposal_id=waits)
    with acting(world, "supervisor") as supervisor, pytest.raises(NotAllowedError):
        propose_change(actor=supervisor, place_id=place, action="withdraw", reason="x")
    assert standing(world) is not None


def test_the_pages_lead_from_a_case_to_a_lifted_area(in_force: World, browse: Browse) -> None:
    world, place = in_force, in_force.places["c1"].pk
    community, township = browse("community"), browse("township")
    page, listed = reverse("areas:area", args=[place]), reverse("areas:list")
    assert "没有划定等级的区域" in community.get(listed).content.decode()
    infect(world, "陈建国")
    assert "江滨花园" in community.get(f"{listed}?show=called_for").content.decode()
    assert "应划为高风险区" in community.get(page).content.decode()
    sent = community.post(reverse("areas:propose", args=[place]), {"change": "draw:high", "reason": "流调 3 号"})
    assert sent.status_code == 302
    waits = proposal_of(world)
    own = community.post(reverse("areas:settle", args=[waits, "approve"]))
    assert own.status_code == 403
    assert township.post(reverse("areas:settle", args=[waits, "approve"])).status_code == 302
    handle_waiting()
    assert rules(world, "孙梅") == ["area_high"]
    shown = township.get(page).content.decode()
    assert "足不出户" in shown and "连续 7 天没有新增感染者" in shown and "最早能降" in shown and "流调 3 号" in shown
    refused = community.post(reverse("areas:propose", args=[place]), {"change": "lower:", "reason": "大家都盼着"})
    assert refused.status_code == 422 and "条件已知未满足" in refused.content.decode()
    home = browse("resident").get(reverse("registry:my_household")).content.decode()
    assert "您住的地方" in home and "高风险区" in home and "没有两个人延长" in home and "申诉" in home
    assert browse("resident").get(page).status_code == 403
    assert (
        "高风险区"
        in browse("building_chief").get(reverse("registry:building", args=[world.places["b1"].pk])).content.decode()
    )
    for language, title in (("en", "Area levels"), ("zh-hant", "區域等級")):
        Account.objects.update(language=language)
        assert all(title in township.get(path).content.decode() for path in (page, listed))
    Account.objects.update(language="zh-hans")
    why = township.get(reverse("status:why", args=[world.people["孙梅"].pk])).content.decode()
    assert "东湖社区 江滨花园：高风险区" in why
    with on(7):
        hold_round(world)
        township = browse("township")
        assert "江滨花园" in township.get(f"{listed}?show=may_be_lowered").content.decode()
        assert township.get(reverse("areas:export")).status_code == 200


def proposal_of(world: World) -> int:
    with acting_as(system_actor("test")):
        return int(AreaProposal.objects.get(approved_at=None, dropped_at=None).pk)


def test_what_is_written_down_on_the_page_is_judged_and_can_be_taken_back(in_force: World, browse: Browse) -> None:
    world, place = in_force, in_force.places["c1"].pk
    case = infect(world, "郑海")
    township, find = browse("township"), reverse("areas:find", args=[in_force.places["c1"].pk])
    for wrong in ({"fact": "x"}, {"fact": "stayed_here_infected"}, {"fact": "spread_is_likely", "number": "2"}):
        assert township.post(find, {"source": "流调", **wrong}).status_code == 422
    assert township.post(find, {"fact": "stayed_here_infected", "case": case.pk, "source": "流调"}).status_code == 302
    assert "应划为中风险区" in township.get(reverse("areas:area", args=[place])).content.decode()
    with acting_as(system_actor("test")):
        found = Finding.objects.get()
    assert township.post(reverse("areas:withdraw", args=[found.pk]), {"because": "看错了楼"}).status_code == 302
    assert "应划为中风险区" not in township.get(reverse("areas:area", args=[place])).content.decode()
