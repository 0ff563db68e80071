"""The status as it was: told from the history of the database, decided again with what was known then."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from lianfang.domains.status.models import HealthStatus
from lianfang.domains.status.recompute import recompute
from lianfang.domains.status.timeline import recomputed_at, timeline_of
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.models import Account
from lianfang.foundation.access.scope import acting_as
from tests.product.status.test_recompute import HOUR, in_force, result, swab
from tests.product.world import World

Browse = Callable[..., Client]
__all__ = ["in_force"]


@pytest.fixture
def told(in_force: World) -> World:
    """陈建国: unknown, then green by a negative tube, then yellow by a positive pool."""
    person = [in_force.people["陈建国"].pk]
    recompute(person)
    result(swab(in_force, ("陈建国",), "N1", hours_ago=30, capacity=1), "negative", hours_ago=20)
    recompute(person)
    result(swab(in_force, ("陈建国", "林秀英"), "P1"), "positive", laboratory="县疾控中心")
    recompute(person)
    return in_force


def test_the_timeline_has_each_decision_once_with_its_facts_and_who_could_see(told: World) -> None:
    person = told.people["陈建国"].pk
    recompute([person])  # nothing new: no step of its own
    with acting_as(told.actor("community")) as actor:
        steps = timeline_of(actor, person)
    assert [step.status for step in steps] == ["yellow", "green", "unknown"]
    assert steps[0].ended_at is None and steps[1].ended_at == steps[0].began_at
    assert "P1" in steps[0].facts[0].title and steps[0].facts[0].source == "县疾控中心"
    assert steps[0].seen_by == "1号楼、东湖社区、青石镇、示范县"
    with acting_as(told.actor("resident")) as resident:
        assert timeline_of(resident, told.people["周志强"].pk) == []


def test_a_past_instant_is_decided_again_and_compared_with_what_was_in_force(told: World) -> None:
    person = told.people["陈建国"].pk
    with acting_as(system_actor("test")):
        latest = HealthStatus.objects.get(person_id=person).as_of
    with acting_as(told.actor("community")) as actor:
        now = recomputed_at(actor, person, latest + HOUR / 3600)
        assert (now.then_status, now.status, now.is_same) == ("yellow", "yellow", True)
        # Nothing was in force before the rules were, and nothing is decided for then.
        before = recomputed_at(actor, person, latest - 100 * HOUR)
        assert (before.then_status, before.status, before.is_same) == (None, "unknown", True)


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_staff_and_the_resident_read_the_timeline_and_only_staff_the_way_to_the_facts(
    told: World, browse: Browse, language: str
) -> None:
    Account.objects.update(language=language)
    person = told.people["陈建国"].pk
    page = browse("community", language).get(f"/status/people/{person}/").content.decode()
    assert page.count("lf-timeline-head") >= 3 and "/testing/tubes/" in page and "县疾控中心" in page
    at = f"{timezone.localtime():%Y-%m-%dT%H:%M}"
    again = browse("community", language).get(f"/status/people/{person}/", {"at": at}).content.decode()
    assert 'id="then"' in again
    own = browse("resident", language).get("/registry/my-household/").content.decode()
    assert "P1" in own and "县疾控中心" in own and "/testing/tubes/" not in own
