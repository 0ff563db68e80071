"""From a case to high, medium and free again, by the criteria of v9, through two people; residents' statuses follow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from lianfang.domains.areas.models import AreaLevel
from lianfang.domains.areas.problems import AreaProblemError
from lianfang.domains.areas.services import drop_proposal, follow_the_clock, record_finding
from lianfang.domains.status.full_check import check_everything
from lianfang.domains.status.recompute import decisions_at
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.services import handle_waiting
from tests.product.areas.township import (
    COMPOUND,
    acting,
    approved,
    assessed,
    changed,
    hold_round,
    infect,
    on,
    proposed,
    rules,
    said,
    standing,
)
from tests.product.status.test_recompute import in_force
from tests.product.world import World

__all__ = ["in_force"]
HEALTHY = tuple(name for name in COMPOUND if name != "陈建国")


def test_an_area_lives_from_its_first_case_to_the_day_it_is_lifted(in_force: World) -> None:
    world = in_force
    infect(world, "陈建国")
    handle_waiting()
    assert said(world) == ("draw", "high")
    changed(world, "draw", "high")
    drawn = standing(world)
    assert drawn is not None and drawn.is_restrictive and drawn.review_at is not None
    assert timezone.localtime(drawn.review_at).strftime("%m-%d %H:%M") == "09-07 00:00", "the midnight after day 7"
    for broken in ({"review_at": None}, {"ended_at": drawn.starts_at - timedelta(hours=1)}):
        with acting_as(system_actor("test")), pytest.raises(IntegrityError), transaction.atomic():
            AreaLevel.objects.filter(pk=drawn.pk).update(**broken)
    assert rules(world, *HEALTHY) == ["area_high"] * 7
    assert rules(world, "陈建国", "郑海") == ["positive_result", "no_recent_result"]
    with on(3):
        hold_round(world)
        assert said(world)[0] == "keep"
        found = assessed(world)
        assert found.proposal["not_yet"] == ["days_without_infection", "round_all_negative_on_day"]
        assert (found.foreseen.in_days, found.foreseen.needs) == (4, ("round_all_negative_on_day",))
        with pytest.raises(AreaProblemError, match="criteria_not_met"):
            proposed(world, "lower")
    with on(7):
        hold_round(world, waiting="赵大勇")
        assert (said(world)[0], assessed(world).proposal["missing"]) == ("keep", ["round_all_negative_on_day"])
        hold_round(world)
        assert said(world) == ("lower", "medium") and assessed(world).foreseen.in_days == 0
        with pytest.raises(AreaProblemError, match="may_be_lowered"):
            proposed(world, "prolong")
        with pytest.raises(AreaProblemError, match="wrong_direction"):
            proposed(world, "lift")
        changed(world, "lower")
        assert rules(world, *HEALTHY) == ["area_medium"] * 7
    with on(9):
        assert said(world)[0] == "keep" and assessed(world).foreseen.in_days == 1
    with on(10):
        assert said(world) == ("lift", "low")
        changed(world, "lift")
        assert standing(world) is None and not set(rules(world, *HEALTHY)) & {"area_high", "area_medium"}
        assert check_everything(mend=False).is_equal
        with acting_as(system_actor("test")):
            ended = list(AreaLevel.objects.order_by("pk").values_list("level", "ended_because"))
            kept = AreaLevel.objects.order_by("pk")[0].opened_by
        assert ended == [("high", "lowered"), ("medium", "lifted")]
        met = [row for row in kept.assessment["criteria"] if row["fact"] == "lives_here_infected"]
        assert [(row["outcome"], row["value"]) for row in met] == [("met", 1.0)], "the evidence of then is kept"
        # What was said on day 3 is said again, although it is over now.
        person = world.people["孙梅"].pk
        then = decisions_at([person], timezone.now() - timedelta(days=7))[person]
        assert (then["rule_id"], then["until"]) == ("area_high", None)


def test_nothing_is_drawn_by_one_person_without_criteria_or_without_a_reason(in_force: World) -> None:
    world = in_force
    with pytest.raises(AreaProblemError, match="criteria_not_met"):
        proposed(world, "draw", "high")
    infect(world, "陈建国")
    for problem, given in (
        ("reason_needed", {"reason": " "}),
        ("starts_in_past", {"starts_at": timezone.now() - timedelta(hours=1)}),
        ("review_too_late", {"review_at": timezone.now() + timedelta(days=30)}),
        ("review_too_early", {"review_at": timezone.now() - timedelta(days=1)}),
    ):
        with pytest.raises(AreaProblemError, match=problem):
            proposed(world, "draw", "high", **given)
    with pytest.raises(AreaProblemError, match="level_unknown"):
        proposed(world, "draw", "routine")
    with pytest.raises(AreaProblemError, match="not_assessed"):  # v9 draws compounds, not buildings
        proposed(world, "draw", "high", place="b1")
    first = proposed(world, "draw", "high", by="township")
    with pytest.raises(AreaProblemError, match="waits_already"):
        proposed(world, "draw", "high")
    with pytest.raises(AreaProblemError, match="second_person_needed"):
        approved(world, first, by="township")
    assert standing(world) is None
    with acting(world, "community") as actor:
        drop_proposal(actor=actor, proposal_id=first, because="再核实")
    with pytest.raises(AreaProblemError, match="settled_already"):
        approved(world, first, by="district")


def test_what_nobody_prolongs_ends_at_its_review_and_what_two_prolong_goes_on(in_force: World) -> None:
    world = in_force
    infect(world, "陈建国")
    changed(world, "draw", "high")
    with on(6):
        infect(world, "孙梅")
        changed(world, "prolong")
        drawn = standing(world)
        assert drawn is not None and drawn.review_at is not None and (drawn.review_at - timezone.now()).days == 7
    with on(8):
        assert follow_the_clock() == 0
        assert assessed(world).foreseen.in_days == 5, "the second case began the days anew"
    with on(14):
        assert follow_the_clock() == 1 and follow_the_clock() == 0
        handle_waiting()
        assert standing(world) is None and "area_high" not in rules(world, *HEALTHY)
        with acting_as(system_actor("test")):
            over = AreaLevel.objects.get()
        assert over.ended_because == "ran_out" and over.ended_at == over.review_at


def test_a_level_approved_ahead_begins_by_itself_and_a_wrong_one_is_withdrawn(in_force: World) -> None:
    world = in_force
    infect(world, "陈建国")
    changed(world, "draw", "high", starts_at=timezone.now() + timedelta(hours=5))
    assert "area_high" not in rules(world, *HEALTHY)
    with pytest.raises(AreaProblemError, match="change_to_come"):
        proposed(world, "prolong")
    with on(0.25):
        assert follow_the_clock() == 1
        handle_waiting()
        assert rules(world, "孙梅") == ["area_high"]
    with on(1):
        changed(world, "withdraw", reason="病例住址登记错了")
        assert rules(world, "孙梅") != ["area_high"]
        with acting_as(system_actor("test")):
            assert AreaLevel.objects.get().ended_because == "withdrawn"


def test_a_stay_that_somebody_writes_down_makes_a_medium_area_and_an_unknown_is_for_people(in_force: World) -> None:
    world = in_force
    case = infect(world, "郑海")
    assert said(world, "c1")[0] == "keep"
    with acting(world, "township") as actor:
        record_finding(
            actor=actor,
            place_id=world.places["b2"].pk,
            fact="stayed_here_infected",
            case_id=case.pk,
            source="流调 5 号",
        )
    assert said(world) == ("draw", "medium")
    changed(world, "draw", "high", reason="人群聚集，传播风险高，研判后定为高风险")
    assert rules(world, "孙梅", "王丽华") == ["area_high", "area_high"]
    with on(1):
        # Found not likely after all: by now the criteria of high are known not to be met, and nothing lowers it early.
        with acting(world, "township") as actor:
            record_finding(
                actor=actor, place_id=world.places["c1"].pk, fact="spread_is_likely", number=0, source="复核"
            )
        assert assessed(world).outcome("high", "enter") == "not_met"
