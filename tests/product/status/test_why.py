"""Why a person has a status: each rule, each fact; and whether the state in force is what a full run says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from lianfang.domains.lab_testing.models import Result
from lianfang.domains.status.full_check import check_everything, last_check
from lianfang.domains.status.models import HealthStatus, StatusRun
from lianfang.domains.status.recompute import recompute
from lianfang.domains.status.runs import undo_run
from lianfang.domains.status.why import OUTCOMES, why
from lianfang.engine.status.contract_people import WHY
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.models import Account
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.texts import LANGUAGES, texts
from tests.product.status.test_recompute import HOUR, in_force, result, swab
from tests.product.world import World

Browse = Callable[..., Client]
__all__ = ["in_force"]


@pytest.fixture
def told(in_force: World) -> World:
    """陈建国: a negative of his own, then a positive pool, and a result that was taken back."""
    result(swab(in_force, ("陈建国",), "N1", hours_ago=30, capacity=1), "negative", hours_ago=20)
    taken_back = result(swab(in_force, ("陈建国",), "X1", hours_ago=25, capacity=1), "positive", hours_ago=19)
    result(swab(in_force, ("陈建国", "林秀英"), "P1"), "positive", laboratory="县疾控中心")
    with acting_as(system_actor("test")):
        Result.objects.filter(pk=taken_back.pk).update(withdrawn_at=timezone.now() - HOUR)
    recompute(person.pk for person in in_force.people.values())
    return in_force


def test_every_rule_in_force_is_told_once_with_its_outcome_and_one_decides(told: World) -> None:
    person = told.people["陈建国"].pk
    found = why(person, timezone.now())
    assert found is not None and (found.status, found.rule) == ("yellow", "positive_pool_hold")
    with acting_as(system_actor("test")):
        assert HealthStatus.objects.get(person_id=person).rule == found.rule
    assert {one.outcome for one in found.rules} <= set(OUTCOMES)
    negative = next(one for one in found.rules if one.rule_id == "negative_result")
    assert negative.outcome != "decides" and negative.because and "N1" in negative.facts[0].title
    assert [one.rule_id for one in found.rules if one.outcome == "decides"] == ["positive_pool_hold"]
    assert len({one.rule_id for one in found.rules}) == len(found.rules) >= 8
    deciding = next(one for one in found.rules if one.outcome == "decides")
    assert "P1" in deciding.facts[0].title and deciding.sources and deciding.grade == "C"
    assert [(fact.title.count("X1"), bool(because)) for fact, because in found.set_aside] == [(1, True)]
    # With what was known before the pool was reported, something else decided.
    before = why(person, timezone.now() - 2 * HOUR)
    assert before is None or before.rule != "positive_pool_hold"


def test_what_the_engine_may_say_of_a_rule_has_words_in_each_language() -> None:
    for language in LANGUAGES:
        known = texts(language)
        codes = [f"status.considered.{code}" for code in WHY if code not in ("decides", "outranked")]
        codes += [f"status.outcome.{one}" for one in OUTCOMES]
        assert [key for key in codes if key not in known] == [], language


def test_without_rules_the_answer_says_so(world: World) -> None:
    found = why(world.people["陈建国"].pk, timezone.now())
    assert found is not None and (found.status, found.pack, found.rules) == ("unknown", "", [])


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_the_page_tells_every_rule_in_words(told: World, browse: Browse, language: str) -> None:
    Account.objects.update(language=language)
    path = f"/status/people/{told.people['陈建国'].pk}/why/"
    page = browse("community", language).get(path).content.decode()
    for words in ("P1", "N1", "X1", "县疾控中心"):
        assert words in page, words
    assert "{limit}" not in page and "{until}" not in page
    assert browse("community", language).get(path, {"at": "2001-01-01T00:00"}).status_code == 200
    neighbour = f"/status/people/{told.people['郑海'].pk}/why/"
    assert browse("community", language).get(neighbour).status_code == 404


def test_many_small_runs_make_what_one_full_run_says(told: World, browse: Browse) -> None:
    found = check_everything()
    assert (found.people, found.differences, found.is_equal) == (10, [], True)
    page = browse("township").get("/status/runs/").content.decode()
    assert "完全一致" in page


def test_a_fact_that_nobody_was_told_of_is_found_put_on_record_and_mended(told: World) -> None:
    result(swab(told, ("孙梅",), "S1", capacity=1), "positive")
    found = check_everything(mend=False)
    assert [one.person_id for one in found.differences] == [told.people["孙梅"].pk]
    assert found.differences[0].full[0] == "red" and found.mended == 0
    assert check_everything().mended == 1 and check_everything().is_equal
    with acting_as(system_actor("test")):
        entry = last_check()
        assert entry is not None and entry.details["differences"] == 0
        assert HealthStatus.objects.get(person_id=told.people["孙梅"].pk).status == "red"


def test_what_waits_for_a_person_is_no_difference(told: World) -> None:
    with acting_as(system_actor("test")):
        number = HealthStatus.objects.get(person_id=told.people["陈建国"].pk).run_number
        run = StatusRun.objects.get(number=number)
    with acting_as(told.actor("township")) as actor:
        undo_run(actor=actor, run_id=run.pk, because="先停")
    found = check_everything()
    assert (found.withheld, found.is_equal) == (2, True)
