"""Appeals: a clock, somebody by name, and two answers only: a fact put right, or why the facts stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lianfang.domains.lab_testing.models import Result
from lianfang.domains.status.appeals import answer_objection, posted_for, raise_objection
from lianfang.domains.status.models import HealthStatus, Objection
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.recompute import recompute
from lianfang.domains.status.selectors import overdue_objections, unanswered_objections
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.models import Account, Posting
from lianfang.foundation.access.scope import acting_as
from tests.product.status.test_recompute import in_force, result, swab
from tests.product.world import World

Browse = Callable[..., Client]
__all__ = ["in_force"]


@pytest.fixture
def held(in_force: World) -> World:
    """陈建国 and 林秀英 are yellow by the positive pool P1."""
    result(swab(in_force, ("陈建国", "林秀英"), "P1"), "positive", laboratory="县疾控中心")
    recompute(person.pk for person in in_force.people.values())
    return in_force


def appeal(world: World, name: str = "陈建国") -> Objection:
    with acting_as(world.actor("resident")) as resident:
        return raise_objection(actor=resident, person_id=world.people[name].pk, text="做了 11 天核酸还是黄码")


def colour(world: World, name: str = "陈建国") -> str:
    with acting_as(system_actor("test")):
        return HealthStatus.objects.get(person_id=world.people[name].pk).status


def test_an_appeal_has_a_clock_a_name_and_the_decision_it_is_about(held: World) -> None:
    made = appeal(held)
    assert made.assigned_to == "community员" and made.state == "received"
    assert timedelta(hours=23) < made.due_at - made.made_at <= timedelta(hours=72)
    assert made.about["status"] == "yellow" and made.about["evidence"][0][0] == "result"
    with acting_as(held.actor("community")) as actor:
        assert [one.pk for one in unanswered_objections(actor)] == [made.pk]
        assert not overdue_objections(actor).exists()
        Objection.objects.update(due_at=timezone.now())
        assert overdue_objections(actor).count() == 1


def test_where_nobody_is_posted_to_the_community_the_township_has_it_and_else_nobody(held: World) -> None:
    person = held.people["郑海"]
    assert [one.name for one in posted_for(person)] == ["township员"]
    Posting.objects.filter(role="township").update(ends_at=timezone.now())
    with acting_as(held.actor("district")) as actor:
        assert raise_objection(actor=actor, person_id=person.pk, text="?").assigned_to == ""


def test_an_answer_that_a_fact_was_corrected_is_refused_until_it_was(held: World) -> None:
    made = appeal(held)
    fact = ("result", made.about["evidence"][0][1])
    with acting_as(held.actor("community")) as actor:
        for outcome, words, which, problem in (
            ("", "x", None, "outcome_needed"),
            ("facts_right", " ", None, "answer_needed"),
            ("corrected", "x", None, "fact_needed"),
            ("corrected", "x", ("result", 999), "fact_needed"),
            ("corrected", "x", fact, "fact_unchanged"),
            ("corrected", "x", ("person", made.person_id), "fact_unchanged"),
        ):
            with pytest.raises(StatusProblemError, match=problem):
                answer_objection(actor=actor, objection_id=made.pk, outcome=outcome, answer=words, wrong_fact=which)
    assert colour(held) == "yellow"
    with acting_as(system_actor("test")):
        Result.objects.filter(pk=fact[1]).update(withdrawn_at=timezone.now())
    with acting_as(held.actor("community")) as actor:
        done = answer_objection(
            actor=actor, objection_id=made.pk, outcome="corrected", answer="管号串了，已撤回", wrong_fact=fact
        )
        with pytest.raises(StatusProblemError, match="settled_already"):
            answer_objection(actor=actor, objection_id=made.pk, outcome="facts_right", answer="x")
    assert (done.status_after, colour(held), done.wrong_fact) == ("unknown", "unknown", list(fact))


def test_an_answer_that_the_facts_stand_changes_no_colour(held: World) -> None:
    made = appeal(held)
    with acting_as(held.actor("township")) as actor:
        done = answer_objection(
            actor=actor, objection_id=made.pk, outcome="facts_right", answer="同管确有阳性，单采阴性即解除"
        )
    assert (done.status_after, colour(held)) == ("yellow", "yellow")


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_from_the_residents_button_to_the_answer_that_the_resident_reads(
    held: World, browse: Browse, language: str
) -> None:
    Account.objects.update(language=language)
    resident, community = browse("resident", language), browse("community", language)
    person = held.people["陈建国"].pk
    assert resident.post(f"/status/people/{person}/own-objection/", {"text": "我是阴性"}).status_code == 302
    with acting_as(system_actor("test")):
        made = Objection.objects.get()
    own = resident.get("/registry/my-household/").content.decode()
    assert "我是阴性" in own and "community员" in own
    assert f"/status/objections/{made.pk}/" in community.get("/status/objections/?list=mine").content.decode()
    page = community.get(f"/status/objections/{made.pk}/").content.decode()
    assert "/testing/tubes/" in page and f"/registry/people/{person}/change/" in page and "P1" in page
    act = f"/status/objections/{made.pk}/"
    assert community.post(f"{act}take-up/").status_code == 302
    township = str(held.accounts["township"].pk)
    assert community.post(f"{act}reassign/", {"account": township}).status_code == 302
    refused = community.post(f"{act}reassign/", {"account": str(held.accounts["guard"].pk)})
    assert refused.status_code == 422
    kept = community.post(f"{act}answer/", {"outcome": "corrected", "answer": "写过的话"})
    assert kept.status_code == 422 and "写过的话" in kept.content.decode()
    form = {"outcome": "facts_right", "answer": "同管有阳性，今晚上门单采"}
    assert browse("township", language).post(f"{act}answer/", form).status_code == 302
    own = resident.get("/registry/my-household/").content.decode()
    assert "同管有阳性，今晚上门单采" in own and "township员" in own
    for which in ("open", "overdue", "answered", "nothing"):
        assert community.get(f"/status/objections/?list={which}").status_code == 200
    assert browse("resident", language).get(act).status_code == 403
