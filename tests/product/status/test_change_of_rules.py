"""2022-11-09 to 2022-11-11 in the product: what was opened under v9 lives through the twenty measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from lianfang.domains.cases.exposures import ToOpen, open_exposures
from lianfang.domains.cases.models import Exposure
from lianfang.domains.policy import packs
from lianfang.domains.policy.models import PackActivation
from lianfang.domains.policy.previews import preview_for
from lianfang.domains.policy.selectors import standing_by_community
from lianfang.domains.policy.services import approve_activation, propose_activation
from lianfang.domains.status import deciding
from lianfang.domains.status.beginnings import decide_what_came
from lianfang.domains.status.full_check import check_everything
from lianfang.domains.status.models import HealthStatus, StatusOrder
from lianfang.domains.status.services import approve_order, propose_order
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.models import Account
from lianfang.foundation.access.scope import acting_as
from tests.product.world import World

Browse = Callable[..., Client]
V9, TWENTY = "covid19/v9", "covid19/v9+20"
DAY = timedelta(days=1)


def at(day: str, clock: str = "10:00") -> time_machine.travel:
    """The clock of the place (UTC+8) at that time of November 2022."""
    return time_machine.travel(datetime.fromisoformat(f"2022-11-{day}T{clock}+08:00").astimezone(UTC), tick=True)


def midnight(day: str) -> datetime:
    return timezone.make_aware(datetime.fromisoformat(f"2022-11-{day}T00:00"))


def activate(world: World, pack: str, starts: str) -> PackActivation:
    made = propose_activation(
        actor=world.actor("township"), pack=pack, version=1, place_id=world.places["township"].pk,
        starts_at=max(midnight(starts), timezone.now()),
    )  # fmt: skip
    preview = preview_for(made)
    assert preview is not None
    return approve_activation(actor=world.actor("district"), activation=made, seen=preview.pk)


def contact(world: World, name: str, category: str, anchor: date) -> Exposure:
    with acting_as(world.actor("community")) as community:
        asked = ToOpen(category, anchor, "流调 2022-118")
        opened = open_exposures(actor=community, person_ids=[world.people[name].pk], asked=asked)
    assert opened.refused == {}
    return opened.made[0]


def decided(world: World, name: str) -> HealthStatus:
    with acting_as(system_actor("test")):
        return HealthStatus.objects.get(person_id=world.people[name].pk)


@pytest.fixture
def opened(world: World) -> World:
    """On the 9th, under v9: a contact, a contact of a contact, and somebody under an order."""
    with acting_as(system_actor("test")), at("01"):
        activate(world, V9, "01")
    with at("09"):
        contact(world, "陈建国", "close_contact", date(2022, 11, 6))
        contact(world, "王丽华", "secondary_contact", date(2022, 11, 6))
        with acting_as(world.actor("community")) as community:
            made = propose_order(
                actor=community, person_id=world.people["林秀英"].pk, rule="isolation_order", reason="密接",
                evidence="流调 2022-118", starts_at=timezone.now(), ends_at=timezone.now() + 9 * DAY,
            )  # fmt: skip
        with acting_as(world.actor("township")) as township:
            approve_order(actor=township, order=made)
    with acting_as(system_actor("test")), at("10"):
        activate(world, TWENTY, "11")
    return world


def test_what_was_opened_under_the_ninth_edition_ends_sooner_under_the_twenty_measures(opened: World) -> None:
    first = decided(opened, "陈建国")
    assert (first.status, first.rule, first.reason) == ("red", "category_isolation", "contact_central")
    assert (first.pack, first.until_at) == (V9, midnight("14"))
    assert decided(opened, "王丽华").until_at == midnight("14")
    ordered = decided(opened, "林秀英")
    assert (ordered.rule, ordered.until_at.date()) == ("isolation_order", date(2022, 11, 16))  # type: ignore[union-attr]
    with at("11", "00:01"):
        decide_what_came()
        now = decided(opened, "陈建国")
        assert (now.pack, now.reason, now.until_at) == (TWENTY, "contact_central", midnight("12"))
        # Contacts of contacts are no longer determined: nothing follows any more, at the first minute.
        assert decided(opened, "王丽华").status == "unknown"
        assert decided(opened, "林秀英").until_at.date() == date(2022, 11, 14)  # type: ignore[union-attr]
        assert check_everything(mend=False).is_equal
    with at("12", "00:01"):
        decide_what_came()
        home = decided(opened, "陈建国")
        # Three days at home would last to the 15th; never longer than the old plan held as strictly.
        assert (home.status, home.reason, home.until_at) == ("red", "contact_home", midnight("14"))
    with at("14", "00:01"):
        decide_what_came()
        assert decided(opened, "陈建国").status == "unknown"
        assert check_everything(mend=False).is_equal


def test_the_persons_page_shows_both_rules_both_ends_and_what_changed_it(opened: World, browse: Browse) -> None:
    person, ordered = (opened.people[name].pk for name in ("陈建国", "林秀英"))
    with at("11", "08:00"):
        decide_what_came()
        page = browse("community").get(f"/status/people/{person}/").content.decode()
        for words in (
            "第九版",
            "二十条",
            "按新方案重新判定，期限只短不长",
            "没有找到公布的衔接条文",
            "换了规则，期限缩短了",
        ):
            assert words in page, words
        assert "居家隔离" in page and "居家健康监测" in page, "the stages of both"
        by_order = browse("community").get(f"/status/people/{ordered}/").content.decode()
        assert "登记时的规则（" in by_order and "11-16" in by_order and "11-14" in by_order
        with acting_as(system_actor("test")):
            Account.objects.filter(pk=opened.accounts["township"].pk).update(language="en")
        english = browse("township").get(f"/status/people/{person}/").content.decode()
        assert "Under the new rules it ends earlier." in english
        # The history has both decisions, each under its own rules.
        assert page.count("密切接触者，集中隔离") >= 2


def test_a_pack_that_keeps_what_was_opened_before_reads_well_everywhere(
    opened: World, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No shipped pack keeps; an authority may. Rules are then named ``covid19/v9:…``, and no page shows that."""
    found = packs.packs_on_disk()[TWENTY, 1]
    manifest = found.manifest.model_copy(
        update={"transition": found.manifest.transition.model_copy(update={"rule": "keep"})}
    )
    monkeypatch.setitem(packs.packs_on_disk(), (TWENTY, 1), replace(found, manifest=manifest))
    packs.pack_at_division.cache_clear()
    deciding._open.clear()
    try:
        with at("11", "08:00"):
            decide_what_came()
            kept = decided(opened, "林秀英")
            assert (kept.rule, kept.pack) == (f"{V9}:isolation_order", TWENTY)
            assert kept.until_at.date() == date(2022, 11, 16)  # type: ignore[union-attr]
            assert decided(opened, "陈建国").rule == f"{V9}:category_isolation"
            client = browse("township")
            for name in ("陈建国", "林秀英"):
                pk = opened.people[name].pk
                for path in (f"/status/people/{pk}/", f"/status/people/{pk}/why/", f"/people/{pk}/", "/status/"):
                    page = client.get(path).content.decode()
                    assert f"{V9}:" not in page, path
            page = client.get(f"/status/people/{opened.people['林秀英'].pk}/why/").content.decode()
            assert "沿用“" in page and "第九版" in page
            assert check_everything(mend=False).is_equal
    finally:
        packs.pack_at_division.cache_clear()
        deciding._open.clear()


def test_the_packs_before_are_those_that_were_in_force_there_and_elsewhere_for_who_moves_in(opened: World) -> None:
    east = opened.places["east"].pk
    with acting_as(system_actor("test")), at("11", "08:00"):
        found = standing_by_community([east], timezone.now())[east]
        assert found is not None and found.pack.id == TWENTY and [one.id for one in found.superseded] == [V9]
        assert found.key == (found.pack.digest, found.superseded[0].digest)
        assert StatusOrder.objects.values_list("opened_under", flat=True).get() == V9
        # A place that never had the ninth edition takes in somebody who comes from one that had.
        PackActivation.objects.filter(pack=V9).update(place_id=opened.places["west"].pk)
        moved = standing_by_community([east], timezone.now())[east]
        assert moved is not None and [one.id for one in moved.superseded] == [V9]
        # Files that are no longer those that were approved decide about nobody.
        PackActivation.objects.filter(pack=V9).update(digest="0" * 64)
        changed = standing_by_community([east], timezone.now())[east]
        assert changed is not None and changed.superseded == ()
