"""A stairwell is swept with the network down: nothing is lost, nothing doubled, and the desk shows it afterwards."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from lianfang.domains.registry.models import DoorVisit, Person, SweepDifference
from lianfang.domains.registry.sweeps import services
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.roles import Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.services.enrolment import Wanted, invite_device
from tests.product.registry.sweeps.served import field_server, telephone
from tests.product.world import World

pytestmark = pytest.mark.committed
SHOTS = os.environ.get("LIANFANG_SHOTS")


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.mark.parametrize("language", ["zh-CN", "en"] if SHOTS else ["zh-CN"])
def test_a_stairwell_is_swept_without_a_network(world: World, language: str) -> None:
    with acting_as(world.actor("community")) as actor:
        plan = services.SweepPlan([world.places["b1"].pk], 1, "十一月扫楼", timezone.localdate())
        sweep = services.plan_sweep(actor=actor, plan=plan)
    wanted = Wanted("楼长手机", "周姐", Role.BUILDING_CHIEF, world.places["b1"].pk, timezone.now() + timedelta(days=7))
    with acting_as(world.actor("community")) as actor:
        _, token = invite_device(actor=actor, wanted=wanted)
    chen, child = world.people["陈建国"].pk, world.people["陈小宝"].pk
    with field_server() as address, telephone(address, token, language=language) as page:
        page.locator("button[data-screen=door]").click()
        page.locator(f"[data-unit='{world.places['b1u1'].pk}']").wait_for()
        shot(page, f"{language}-1-sweep")
        page.context.set_offline(True)
        page.locator(f"[data-unit='{world.places['b1u1'].pk}']").click()
        shot(page, f"{language}-2-unit")
        page.locator("[data-room='101']").click()
        page.locator(f"[data-person=p{chen}]").click()
        page.locator(f"[data-person=p{child}]").click(click_count=1)
        page.locator(f"[data-person=p{child}]").click()
        page.locator("[data-step='1']").click()
        page.locator("[data-compare=same]").wait_for()
        shot(page, f"{language}-3-room")
        page.locator("[data-outcome=met]").click()
        page.locator("[data-room='102'][data-outcome='']").click()
        page.locator("[data-outcome=not_home]").click()
        page.locator("[data-room='102'][data-outcome=not_home]").wait_for()
        shot(page, f"{language}-4-swept")
        page.reload()
        page.locator("input[type=password]").fill("482913")
        page.locator("button[type=submit]").click()
        page.locator("button[data-screen=door]").click()
        page.locator(f"[data-unit='{world.places['b1u1'].pk}']").click()
        page.locator("[data-room='102'][data-outcome=not_home]").wait_for()
        page.locator(".f-page .btn-block").last.click()
        page.locator("input[name=room]").fill("103")
        page.locator("button[type=submit]").click()
        page.locator(".f-page .btn-block").first.click()
        page.locator("input[name=name]").fill("何新来")
        page.locator("button[type=submit]").click()
        page.locator("[data-compare=same]").wait_for()
        page.locator("[data-outcome=met]").click()
        page.locator("[data-room='103'][data-outcome=met]").wait_for()
        page.context.set_offline(False)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        page.locator(".f-bar-counts").click()
        accepted = page.locator("[role=tab]").nth(3).locator(".f-chip-count")
        expect(accepted).to_have_text("4", timeout=30_000)
        shot(page, f"{language}-5-sent")
        page.go_back()
        page.go_back()
        page.locator("[data-again=true]").click()
        expect(page.locator(".f-row[data-room='102']")).to_have_count(1)
        shot(page, f"{language}-6-again")
    with acting_as(system_actor("test")):
        told = list(DoorVisit.objects.filter(sweep=sweep).order_by("room").values_list("room", "outcome", "counted"))
        assert told == [("101", "met", 2), ("102", "not_home", None), ("103", "met", 1)]
        assert Person.objects.get(name="何新来").household.room == "103"
        found = set(SweepDifference.objects.filter(sweep=sweep).values_list("kind", "person_id"))
        assert ("not_living", child) in found and ("added", Person.objects.get(name="何新来").pk) in found
