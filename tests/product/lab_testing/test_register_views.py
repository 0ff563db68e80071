"""What testing shows on the register's pages."""

from __future__ import annotations

import pytest

from lianfang.domains.lab_testing import register_views, services
from lianfang.domains.lab_testing.models import Tube
from lianfang.domains.lab_testing.selectors import current_round, household_states
from lianfang.domains.registry import panels
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.lab_testing.night import Night


def marks_of(night: Night, building: str = "b1") -> dict[str, tuple[str, str]]:
    with night.as_("community") as actor:
        marks = register_views.tested_marks(actor, night.world.places[building], None)
    names = {home.pk: short for short, home in night.world.households.items()}
    return {names[pk]: (mark.tone, mark.note) for pk, mark in marks.items()}


def test_a_building_reads_at_a_glance_who_was_sampled(night: Night) -> None:
    tube = night.open_tube()
    for name in ("陈建国", "王丽华"):
        night.swab(tube, name)
    with night.as_("community") as actor:
        for name in ("赵大勇", "孙梅"):
            services.add_exemption(
                actor=actor, round_id=night.round.pk, person_id=night.person(name), reason="疫苗接种"
            )
    assert marks_of(night) == {"b1-101": ("warn", "1/3"), "b1-102": ("info", "1/1"), "b1-201": ("quiet", "")}


@pytest.mark.parametrize(
    ("conclusion", "tone"), [("negative", "good"), ("positive", "bad"), ("contradicting", "bad"), ("invalid", "bad")]
)
def test_the_result_of_the_tube_colours_the_household(night: Night, conclusion: str, tone: str) -> None:
    tube = night.open_tube()
    night.swab(tube, "王丽华")
    with acting_as(system_actor("test")):
        Tube.objects.filter(pk=tube.pk).update(conclusion=conclusion)
    assert marks_of(night)["b1-102"] == (tone, "1/1")


def test_a_building_chief_sees_marks_of_the_own_building_only(night: Night) -> None:
    with night.as_("building_chief") as actor:
        assert len(register_views.tested_marks(actor, night.world.places["b1"], None)) == 3
        assert register_views.tested_marks(actor, night.world.places["b2"], None) == {}


def test_without_a_round_nothing_is_coloured(world) -> None:
    actor = world.actor("community")
    with acting_as(actor):
        assert register_views.tested_marks(actor, world.places["b1"], None) == {}
        assert register_views.tested_marks(actor, world.places["b1"], 10**9) == {}


def test_a_household_says_who_is_missing_and_a_resident_sees_the_own_one(night: Night) -> None:
    night.swab(night.open_tube(), "陈建国")
    home = night.world.households["b1-101"]
    for login, may_open in (("community", True), ("resident", False)):
        with night.as_(login) as actor:
            (panel,) = [
                one
                for one in panels.panels_for(actor, home, "household" if may_open else "own_household")
                if one.template == "lab_testing/panel_household.html"
            ]
            assert sorted((name, row.state) for name, row in panel.context["testing_people"]) == [
                ("林秀英", "missing"), ("陈小宝", "missing"), ("陈建国", "sampled"),
            ]  # fmt: skip
            assert panel.context["may_open"] is may_open


def test_a_person_shows_swabs_and_rounds(night: Night) -> None:
    night.swab(night.open_tube(), "陈建国")
    with night.as_("community") as actor:
        panel = register_views.person_panel(actor, night.world.people["陈建国"])
        assert register_views.person_panel(actor, night.world.people["郑海"]) is None
    assert panel is not None and len(panel.context["testing"].swabs) == 1


def test_household_states_take_two_queries_however_many_households(night: Night) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    night.swab(night.open_tube(), "陈建国")
    with night.as_("community") as actor:
        ids = [home.pk for home in night.world.households.values()]
        with CaptureQueriesContext(connection) as captured:
            states = household_states(actor, night.round, ids)
    assert len(states) == 4 and len(captured) == 2


def test_the_current_round_is_the_open_one(night: Night) -> None:
    with night.as_("community") as actor:
        found = current_round(actor, night.round.township_id, night.world.places["east"].pk)
    assert found is not None and found.pk == night.round.pk
