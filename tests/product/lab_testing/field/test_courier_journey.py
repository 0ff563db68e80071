"""A courier takes tubes over with the network down: counted by hand, both names, once."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from lianfang.domains.lab_testing.models import HandOver, Tube
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.roles import Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.services.enrolment import Wanted, invite_device
from tests.product.lab_testing.field.phone import Phone
from tests.product.lab_testing.night import Night
from tests.product.registry.sweeps.served import field_server, telephone

pytestmark = pytest.mark.committed
SHOTS = os.environ.get("LIANFANG_SHOTS")


@pytest.mark.parametrize("language", ["zh-CN", "en"] if SHOTS else ["zh-CN"])
def test_tubes_are_handed_over_without_a_network(night: Night, language: str) -> None:
    sampler = Phone(night.world)
    for code, name in (("AB10001", "陈建国"), ("AB10002", "林秀英")):
        sampler.do("tube.opened", round=night.round.pk, code=code, capacity=10)
        sampler.do("sample.taken", round=night.round.pk, tube=code, person=night.person(name))
        sampler.do("tube.sealed", tube=code, counted=1, box="BOX-7")
    community = night.world.actor("community")
    ends_at = timezone.now() + timedelta(days=7)
    with acting_as(community) as actor:
        wanted = Wanted("转运手机", "王五", Role.COURIER, night.world.places["east"].pk, ends_at)
        _, token = invite_device(actor=actor, wanted=wanted)
    with field_server() as address, telephone(address, token, language=language) as page:
        page.locator("button[data-screen=courier]").click()
        expect(page.locator("button[data-ready]")).to_have_count(2, timeout=30_000)
        page.context.set_offline(True)
        page.keyboard.type("BOX-7\n", delay=5)
        expect(page.locator("[data-tube]")).to_have_count(2)
        page.locator("input[name=counted]").fill("3")
        page.locator("[data-check=differs]").wait_for()
        page.locator("input[name=other]").fill("李四")
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{language}-courier-1.png", full_page=True)
        page.locator("[data-hand]").click()
        page.locator(".f-tell").first.wait_for()
        page.locator("input[name=counted]").fill("2")
        page.locator("[data-check=fits]").wait_for()
        page.locator("[data-hand]").click()
        page.locator(".f-ask button[type=submit]").click()
        expect(page.locator("[data-tube]")).to_have_count(0)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{language}-courier-2.png", full_page=True)
        page.context.set_offline(False)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        page.locator(".f-bar-counts").click()
        expect(page.locator("[role=tab]").nth(3).locator(".f-chip-count")).to_have_text("1", timeout=30_000)
    with acting_as(system_actor("test")):
        over = HandOver.objects.get()
        assert (over.given_by, over.taken_by, over.tube_count, over.swab_count) == ("李四", "王五", 2, 2)
        assert set(Tube.objects.values_list("state", "courier")) == {("handed_over", "王五")}
