from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from lianfang.domains.status.models import EmergencyOverride, HealthStatus, Objection, StatusOrder
from lianfang.domains.status.recompute import recompute
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.models import Account
from lianfang.foundation.access.scope import acting_as
from tests.product.status.test_recompute import in_force, result, swab
from tests.product.world import World, demo_identity

Browse = Callable[..., Client]
__all__ = ["in_force"]


@pytest.fixture
def pool(in_force: World) -> World:
    """Two people of a positive pool, held; the others unknown."""
    result(swab(in_force, ("陈建国", "林秀英"), "T1"), "positive")
    with acting_as(system_actor("test")):
        recompute(person.pk for person in in_force.people.values())
    return in_force


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_every_page_of_statuses_is_whole_in_each_language(pool: World, browse: Browse, language: str) -> None:
    Account.objects.update(language=language)
    person = pool.people["陈建国"].pk
    client = browse("community", language=language)
    for path in (
        "/status/",
        "/status/?status=yellow",
        f"/status/people/{person}/",
        "/status/orders/",
        "/status/runs/",
        "/status/runs/?all=1",
        "/status/objections/",
        "/status/check/?q=陈建国",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path


def test_the_page_of_a_restricted_person_says_why_until_when_and_where_to_object(pool: World, browse: Browse) -> None:
    page = browse("community").get(f"/status/people/{pool.people['陈建国'].pk}/").content.decode()
    assert "黄码" in page or "黄" in page
    for words in ("混采管报了阳性", "12345", "采样管 T1：阳性", "怎样结束", "单采阴性", "未核实"):
        assert words in page, words


def test_nobody_is_restricted_without_rule_evidence_end_and_appeal(pool: World) -> None:
    with acting_as(system_actor("test")):
        restricted = list(HealthStatus.objects.filter(status__in=("yellow", "red")))
    assert len(restricted) == 2
    for one in restricted:
        assert one.rule and one.evidence and one.appeal and (one.until_at or one.ends_when), one.person_id


def test_a_resident_reads_the_own_status_and_objects(pool: World, browse: Browse) -> None:
    client = browse("resident")
    page = client.get("/registry/my-household/").content.decode()
    assert "混采管报了阳性" in page
    answer = client.post(f"/status/people/{pool.people['林秀英'].pk}/own-objection/", {"text": "我是阴性"})
    assert answer.status_code == 302
    with acting_as(system_actor("test")):
        assert Objection.objects.get().text == "我是阴性"
    client.post(f"/status/people/{pool.people['周志强'].pk}/own-objection/", {"text": "别人"})
    with acting_as(system_actor("test")):
        assert Objection.objects.count() == 1


def test_an_order_is_proposed_by_one_and_approved_by_another_on_the_web(pool: World, browse: Browse) -> None:
    person = pool.people["周志强"].pk
    form = {"rule": "home_monitoring_order", "reason": "密接", "evidence": "流调 12", "ends_at": "2022-09-02T12:00"}
    browse("community").post(f"/status/people/{person}/order/", form)
    with acting_as(system_actor("test")):
        order = StatusOrder.objects.get()
    browse("community").post(f"/status/orders/{order.pk}/approve/")
    with acting_as(system_actor("test")):
        order.refresh_from_db()
        assert order.approved_at is None
    browse("township").post(f"/status/orders/{order.pk}/approve/")
    with acting_as(system_actor("test")):
        order.refresh_from_db()
        assert order.approved_by == "township员"


def test_an_order_without_an_end_keeps_what_was_typed_and_says_what_is_missing(pool: World, browse: Browse) -> None:
    form = {"rule": "home_monitoring_order", "reason": "密接", "evidence": "流调 12", "ends_at": ""}
    answer = browse("community").post(f"/status/people/{pool.people['周志强'].pk}/order/", form)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "必须有晚于现在的结束时间" in page and 'value="流调 12"' in page


def test_a_guard_finds_by_the_whole_number_only_and_may_always_let_pass(pool: World, browse: Browse) -> None:
    guard = browse("guard")
    assert "陈建国" not in guard.get("/status/check/", {"q": "陈建国"}).content.decode().replace('value="陈建国"', "")
    page = guard.get("/status/check/", {"q": demo_identity(1)}).content.decode()
    assert "陈建国" in page and "101" not in page.split("陈建国")[1][:40]
    answer = guard.post(f"/status/people/{pool.people['陈建国'].pk}/emergency/", {"reason": "临产"})
    assert answer.status_code == 302
    with acting_as(system_actor("test")):
        assert EmergencyOverride.objects.get().given_by == "guard员"
        assert HealthStatus.objects.get(person_id=pool.people["陈建国"].pk).is_emergency


def test_a_neighbour_community_is_not_found(pool: World, browse: Browse) -> None:
    assert browse("community").get(f"/status/people/{pool.people['郑海'].pk}/").status_code == 404
