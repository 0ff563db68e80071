"""What a household reads of its swabs: whose they are, what is known, and what waiting means."""

from __future__ import annotations

from lianfang.domains.lab_testing.results.services import Entry, enter_results
from lianfang.domains.residents.selectors import own_results
from lianfang.domains.residents.services import resident_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.texts import texts
from tests.product.lab_testing.night import open_night
from tests.product.residents.conftest import phone
from tests.product.residents.phones import PHONE, open_phone
from tests.product.world import World

ZH = texts("zh-Hans")


def test_each_swab_says_what_is_known_and_a_pools_positive_is_said_of_nobody(world: World) -> None:
    night = open_night(world)
    pool, single = night.open_tube("T0001"), night.open_tube("S0001", capacity=1)
    waiting = night.open_tube("T0002")
    for name in ("陈建国", "王丽华"):
        night.swab(pool, name)
    night.swab(single, "林秀英")
    night.swab(waiting, "陈小宝")
    with night.as_("community") as actor:
        entries = [Entry("T0001", "positive"), Entry("S0001", "negative")]
        enter_results(actor=actor, round_=night.round, entries=entries, laboratory="县医院")
    home = resident_actor(world.households["b1-101"])
    with acting_as(home):
        found = {one.name: one.said for one in own_results(home)}
    assert found == {"陈建国": "positive_pool", "林秀英": "negative", "陈小宝": "pending"}
    visit = open_phone(world, "b1-101")
    client = phone()
    client.cookies["lianfang_resident"] = PHONE
    page = client.get(f"/r/home/{visit.id}/results/").content.decode()
    assert ZH("residents.said_means.positive_pool") in page and ZH("residents.said_means.pending") in page
    assert ZH("residents.results.held") in page, "until when, and what ends it"
    assert "王丽华" not in page and ZH("residents.said_means.positive") not in page


def test_a_single_positive_is_said_to_its_own_household_only(world: World) -> None:
    night = open_night(world)
    night.swab(night.open_tube("S0001", capacity=1), "王丽华")
    with night.as_("community") as actor:
        enter_results(actor=actor, round_=night.round, entries=[Entry("S0001", "positive")], laboratory="县医院")
    for home, said in (("b1-102", ["positive"]), ("b1-101", [])):
        own = resident_actor(world.households[home])
        with acting_as(own):
            assert [one.said for one in own_results(own)] == said
