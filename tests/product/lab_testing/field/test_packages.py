"""What samplers' and couriers' devices carry: enough to work all night without a network, and nothing beyond."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from lianfang.domains.lab_testing import services
from lianfang.domains.lab_testing.codes import person_code
from lianfang.engine.field.lookup import lookup_of
from lianfang.foundation.access.roles import Role
from lianfang.foundation.devices.models import Device
from lianfang.foundation.devices.services.enrolment import lookup_key_of
from lianfang.foundation.devices.services.packages import package_content
from tests.product.devices.world import enrolled
from tests.product.lab_testing.field.phone import Phone
from tests.product.lab_testing.night import Night
from tests.product.world import demo_identity


@pytest.fixture
def device(night: Night) -> Device:
    return enrolled(night.world)[0]


def carried(device: Device, name: str = "sampling") -> dict[str, Any]:
    return json.loads(package_content(device=device, name=name, moment=timezone.now()).content)


def test_a_sampler_carries_the_people_of_tonight_and_no_number(night: Night, device: Device) -> None:
    told = carried(device)
    (round_,) = told["rounds"]
    assert (round_["id"], round_["state"], round_["pool_size"]) == (night.round.pk, "open", 10)
    assert [one["name"] for one in told["people"]][:3] == ["陈建国", "林秀英", "陈小宝"]
    assert {one["id"] for one in round_["people"]} == {one["id"] for one in told["people"]}
    assert night.person("郑海") not in {one["id"] for one in told["people"]}
    whole = json.dumps(told, ensure_ascii=False)
    assert demo_identity(1) not in whole and "19900000001" not in whole
    chen = next(one for one in told["people"] if one["name"] == "陈建国")
    assert chen["code"] == person_code(chen["id"])
    key = lookup_key_of(device)
    assert chen["lookups"] == [lookup_of(key, demo_identity(1)), lookup_of(key, "19900000001")]
    assert [one["name"] for one in told["places"] if one["kind"] == "unit"] == ["1单元", "2单元", "1单元"]
    assert {one["room"] for one in told["households"]} == {"101", "102", "201"}


def test_what_was_done_tonight_is_carried_with_whose_item_it_was(night: Night, device: Device) -> None:
    phone = Phone(night.world)
    phone.do("tube.opened", round=night.round.pk, code="AB12345", capacity=5, building=night.world.places["b1"].pk)
    item = phone.item("sample.taken", {"round": night.round.pk, "tube": "AB12345", "person": night.person("陈建国")})
    phone.apply(item)
    phone.do("claim.made", round=night.round.pk, person=night.person("孙梅"), claim="away", reason="出差")
    told = carried(device)
    (tube,) = told["tubes"]
    assert (tube["code"], tube["capacity"], tube["samples"][0]["client"]) == ("AB12345", 5, str(item.id))
    states = {one["id"]: one for one in told["rounds"][0]["people"]}
    assert states[night.person("陈建国")]["tube"] == "AB12345"
    assert (states[night.person("孙梅")]["claim"], states[night.person("孙梅")]["reason"]) == ("away", "出差")
    assert states[night.person("王丽华")] == {"id": night.person("王丽华")}


def test_a_team_with_a_route_carries_its_route_only_and_in_its_order(night: Night, device: Device) -> None:
    places = night.world.places
    with night.as_("township") as actor:
        route = [places["b2u1"].pk, places["b1u2"].pk]
        team = services.create_team(
            actor=actor, round_id=night.round.pk, name="采样1组", members="李娜、张三", route=route
        )
        services.create_team(actor=actor, round_id=night.round.pk, name="采样2组", route=[places["b1u1"].pk])
        packing = services.Packing(capacity=10, count=3)
        services.pack_kits(actor=actor, round_id=night.round.pk, packing=packing, team_id=team.pk)
    told = carried(device)
    assert told["rounds"][0]["own_team"] == team.pk
    assert [one["name"] for one in told["people"]] == ["周志强", "吴桂芳", "赵大勇", "孙梅"]
    assert [len(kit["codes"]) for kit in told["kits"]] == [3]
    assert [place["id"] for place in told["places"] if place["kind"] == "unit"] == [*route, places["b1u1"].pk]


def test_a_courier_carries_tubes_and_nobody(night: Night) -> None:
    phone = Phone(night.world)
    phone.do("tube.opened", round=night.round.pk, code="AB12345", capacity=5)
    phone.do("sample.taken", round=night.round.pk, tube="AB12345", person=night.person("陈建国"))
    phone.do("tube.sealed", tube="AB12345", counted=1)
    told = carried(enrolled(night.world, role=Role.COURIER)[0], "courier")
    assert [(one["code"], one["state"], one["counted"]) for one in told["tubes"]] == [("AB12345", "sealed", 1)]
    assert "陈建国" not in json.dumps(told, ensure_ascii=False)


def test_the_package_is_the_same_as_long_as_nothing_changes(night: Night, device: Device) -> None:
    first, again = (package_content(device=device, name="sampling", moment=timezone.now()) for _ in range(2))
    assert first.etag == again.etag
