"""From a positive pool to release or case, to the end; and everything that may come in between."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from lianfang.domains.cases.models import Case
from lianfang.domains.lab_testing import services as testing
from lianfang.domains.lab_testing.models import Hold, HoldState, Result, ResultState
from lianfang.domains.lab_testing.refusals import NotFoundError, RefusedError
from lianfang.domains.lab_testing.results import selectors
from lianfang.domains.lab_testing.results.services import correct_result, expire_holds, open_retest, settle_hold
from lianfang.domains.lab_testing.results.terms import DEFAULT, HoldTerms, register_hold_terms
from lianfang.domains.lab_testing.results.transitions import HoldMove
from lianfang.domains.lab_testing.services import Who
from lianfang.foundation.access.actor import NotAllowedError, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.services import handle_waiting
from tests.product.lab_testing.night import Night
from tests.product.lab_testing.results.laboratory import (
    conclusion,
    enter,
    events,
    filled_pool,
    holds,
    single_swab,
    states,
)

POOL = {"陈建国", "林秀英", "王丽华"}


def hold_of(night: Night, name: str) -> Hold:
    with acting_as(system_actor("test")):
        return Hold.objects.filter(person_id=night.person(name)).latest("id")


def test_a_positive_pool_holds_everybody_in_it_at_once(night: Night) -> None:
    filled_pool(night)
    done = enter(night, ("T0001", "positive"))
    assert holds(night) == dict.fromkeys(POOL, "held")
    assert done.settled.opened == 3
    hold = hold_of(night, "陈建国")
    assert (hold.reason, hold.hours_are_verified) == ("positive_pool", False)
    assert hold.ends_at - hold.starts_at == DEFAULT.at_most
    assert events("hold_opened")[0]["person_ids"] == sorted(night.person(name) for name in POOL)
    assert events("person_positive") == []


def test_a_later_single_negative_releases_at_once_and_nobody_else(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "positive"))
    with night.as_("community") as actor:
        open_retest(actor=actor, hold_id=hold_of(night, "陈建国").pk, code="S0001")
    enter(night, ("S0001", "negative"))
    assert holds(night) == {"陈建国": "released", "林秀英": "held", "王丽华": "held"}
    assert hold_of(night, "陈建国").settled_because == "retest_negative"
    assert events("hold_settled")[-1] == {
        "hold_ids": [hold_of(night, "陈建国").pk], "person_ids": [night.person("陈建国")],
        "tube_ids": [hold_of(night, "陈建国").tube_id], "state": "released", "because": "retest_negative",
    }  # fmt: skip


def test_a_later_single_positive_makes_a_case_once(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "positive"))
    with night.as_("community") as actor:
        open_retest(actor=actor, hold_id=hold_of(night, "林秀英").pk, code="S0001")
    enter(night, ("S0001", "positive"))
    enter(night, ("S0001", "positive"), laboratory="县疾控")
    assert holds(night)["林秀英"] == "case"
    assert [event["person_id"] for event in events("person_positive")] == [night.person("林秀英")]
    with acting_as(system_actor("test")):
        assert [case.person_id for case in Case.objects.all()] == [night.person("林秀英")]


def test_a_positive_single_tube_makes_a_case_directly(night: Night) -> None:
    single_swab(night, "周志强", "S0009")
    enter(night, ("S0009", "positive"))
    assert len(events("person_positive")) == 1
    assert holds(night) == {"周志强": "case"}


def test_a_negative_pool_never_releases_anybody_from_a_positive_one(night: Night) -> None:
    filled_pool(night)
    filled_pool(night, "T0002", POOL)
    enter(night, ("T0001", "positive"), ("T0002", "negative"))
    assert set(holds(night).values()) == {"held"}


def test_a_single_negative_with_a_clock_in_the_future_releases_nobody(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "positive"))
    single_swab(night, "陈建国", "S0001", sampled_at=timezone.now() + timedelta(hours=3))
    enter(night, ("S0001", "negative"), login="community")
    assert holds(night)["陈建国"] == "held"


def test_laboratories_that_contradict_each_other_hold_everybody_whoever_came_first(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "negative"))
    assert holds(night) == {}
    enter(night, ("T0001", "positive"), laboratory="县疾控")
    assert conclusion(night, "T0001") == "contradicting"
    assert holds(night) == dict.fromkeys(POOL, "held")
    with night.as_("community") as actor:
        ((_, said),) = selectors.contradicting_tubes(actor)
    assert [(one.laboratory, one.outcome) for one in said] == [("县医院", "negative"), ("县疾控", "positive")]


def test_a_corrected_positive_frees_everybody_and_stays_on_record(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "positive"))
    with night.as_("community") as actor:
        wrong = Result.objects.get(outcome="positive")
        correct_result(actor=actor, result_id=wrong.pk, outcome="negative", reason="录错一行")
    assert conclusion(night, "T0001") == "negative"
    assert holds(night) == dict.fromkeys(POOL, "released")
    assert {hold_of(night, name).settled_because for name in POOL} == {"corrected"}
    assert states(night) == [("T0001", "negative", "counted"), ("T0001", "positive", "superseded")]
    with night.as_("community") as actor, pytest.raises(RefusedError, match="result_corrected_before"):
        correct_result(actor=actor, result_id=wrong.pk, outcome="negative", reason="再来")


def test_a_result_taken_back_leaves_the_tube_waiting_again(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "negative"))
    with night.as_("community") as actor:
        correct_result(actor=actor, result_id=Result.objects.get().pk, outcome="", reason="张冠李戴")
    assert conclusion(night, "T0001") == ""
    assert states(night) == [("T0001", "negative", "withdrawn")]


def test_a_hold_that_ends_without_a_retest_is_expired_and_stays_on_the_list(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "positive"))
    assert expire_holds(timezone.now() + timedelta(hours=23)) == 0
    assert expire_holds(timezone.now() + timedelta(hours=25)) == 3
    assert set(holds(night).values()) == {"expired"}
    assert events("hold_settled")[-1]["state"] == "expired"
    with night.as_("community") as actor:
        assert selectors.holds_for(actor).count() == 3
        assert selectors.pools(actor)[0].expired == 3
    # A re-test after the end still settles it.
    single_swab(night, "陈建国", "S0001")
    enter(night, ("S0001", "negative"))
    assert holds(night)["陈建国"] == "released"


def test_somebody_swabbed_into_a_positive_tube_afterwards_is_held_too(night: Night) -> None:
    tube = filled_pool(night, names=("陈建国", "林秀英"))
    enter(night, ("T0001", "positive"))
    with acting_as(system_actor("test")):
        type(tube).objects.filter(pk=tube.pk).update(state="open")
    night.swab(tube, "孙梅")
    assert "孙梅" not in holds(night)
    while handle_waiting():
        pass
    assert holds(night)["孙梅"] == "held"


def test_a_household_tube_holds_the_whole_household(night: Night) -> None:
    filled_pool(night, names=("陈建国", "林秀英", "陈小宝"), is_household=True, capacity=10)
    enter(night, ("T0001", "positive"))
    assert holds(night) == dict.fromkeys(("陈建国", "林秀英", "陈小宝"), "held")


def test_a_stranger_in_a_positive_pool_is_held_by_name(night: Night) -> None:
    tube = filled_pool(night)
    with night.as_("sampler") as actor:
        testing.record_sample(actor=actor, tube_id=tube.pk, who=Who(name="外来客"))
    enter(night, ("T0001", "positive"))
    with night.as_("community") as actor:
        people = selectors.described(actor, list(selectors.holds_for(actor)))
        stranger = next(one for one in people if one.is_stranger)
        assert (stranger.name, len(people)) == ("外来客", 4)
        with pytest.raises(RefusedError, match="hold_of_stranger"):
            settle_hold(actor=actor, hold_id=stranger.hold.pk, move=HoldMove.CASE, reason="临床诊断")


def test_a_release_by_hand_needs_a_reason_and_a_role_and_stands(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "positive"))
    hold = hold_of(night, "陈建国")
    with night.as_("sampler") as actor, pytest.raises(NotAllowedError):
        settle_hold(actor=actor, hold_id=hold.pk, move=HoldMove.RELEASE, reason="误判")
    with night.as_("community") as actor:
        with pytest.raises(RefusedError, match="reason_missing"):
            settle_hold(actor=actor, hold_id=hold.pk, move=HoldMove.RELEASE, reason=" ")
        settle_hold(actor=actor, hold_id=hold.pk, move=HoldMove.RELEASE, reason="管号贴错，已核实")
    enter(night, ("T0001", "positive"), laboratory="县疾控")
    assert hold_of(night, "陈建国").state == HoldState.RELEASED
    with night.as_("community") as actor, pytest.raises(RefusedError, match="hold_settled"):
        settle_hold(actor=actor, hold_id=hold.pk, move=HoldMove.CASE, reason="又来")


def test_a_case_by_hand_is_told_to_cases(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "positive"))
    with night.as_("community") as actor:
        settle_hold(actor=actor, hold_id=hold_of(night, "王丽华").pk, move=HoldMove.CASE, reason="医生诊断")
    with acting_as(system_actor("test")):
        assert [case.person_id for case in Case.objects.all()] == [night.person("王丽华")]


def test_a_neighbour_sees_nothing_of_a_hold(night: Night) -> None:
    tube = night.open_tube("T0001", login="township", place_id=night.world.places["east"].pk)
    for name in ("陈建国", "郑海"):
        night.swab(tube, name, login="township")
    enter(night, ("T0001", "positive"))
    other = hold_of(night, "郑海")
    with night.as_("community") as actor:
        assert [one.name for one in selectors.described(actor, list(selectors.holds_for(actor)))] == ["陈建国"]
        with pytest.raises(NotFoundError):
            settle_hold(actor=actor, hold_id=other.pk, move=HoldMove.RELEASE, reason="好奇")


def test_the_length_of_a_hold_comes_from_the_policy_where_it_says_one(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lianfang.domains.lab_testing.results import terms

    monkeypatch.setattr(terms, "_providers", [])
    register_hold_terms(lambda township_id, at: HoldTerms(timedelta(hours=12), is_verified=True))
    filled_pool(night)
    enter(night, ("T0001", "positive"))
    hold = hold_of(night, "陈建国")
    assert (hold.ends_at - hold.starts_at, hold.hours_are_verified) == (timedelta(hours=12), True)


def test_a_late_result_counts_and_is_marked(night: Night) -> None:
    filled_pool(night)
    with acting_as(system_actor("test")):
        from lianfang.domains.lab_testing.models import Sample

        Sample.objects.update(sampled_at=timezone.now() - timedelta(hours=30))
    enter(night, ("T0001", "negative"))
    with acting_as(system_actor("test")):
        assert Result.objects.get().is_late
    assert conclusion(night, "T0001") == "negative"


def test_an_indeterminate_result_is_cleared_only_by_a_later_negative(night: Night) -> None:
    filled_pool(night)
    now = timezone.now()
    enter(night, ("T0001", "indeterminate"), tested_at=now - timedelta(minutes=1))
    assert conclusion(night, "T0001") == "indeterminate"
    enter(night, ("T0001", "negative"), laboratory="县疾控", tested_at=now - timedelta(minutes=1))
    assert conclusion(night, "T0001") == "indeterminate"
    enter(night, ("T0001", "negative"), laboratory="省疾控", tested_at=now)
    assert conclusion(night, "T0001") == "negative"


@pytest.mark.parametrize(
    ("lines", "given", "code"),
    [
        ([("T0001", "positive")], {"tested_at": timezone.now() + timedelta(hours=2)}, "tested_in_future"),
        ([("T0404", "negative")], {}, "entry_unknown"),
        ([("T0001", "negative"), ("t0001", "positive")], {}, "entry_twice"),
        ([("T0002", "negative")], {}, "entry_void"),
        ([("T0001", "clean")], {}, "entry_outcome"),
        ([("T0001", "negative")], {"laboratory": " "}, "laboratory_missing"),
        ([], {}, "entries_missing"),
    ],
)
def test_the_desk_refuses_in_words_and_enters_nothing(
    night: Night, lines: list[tuple[str, str]], given: dict[str, object], code: str
) -> None:
    filled_pool(night)
    void = filled_pool(night, "T0002", ("孙梅",))
    with night.as_("sampler") as actor:
        testing.void_tube(actor=actor, tube_id=void.pk, reason="破损")
    with pytest.raises(RefusedError) as refused:
        enter(night, *lines, **given)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert refused.value.text()
    assert states(night) == []


def test_the_same_batch_sent_twice_is_entered_once(night: Night) -> None:
    import uuid

    filled_pool(night)
    batch = uuid.uuid4()
    assert enter(night, ("T0001", "negative"), batch=batch).entered == 1
    again = enter(night, ("T0001", "negative"), batch=batch)
    assert (again.entered, again.known) == (0, 1)
    assert states(night) == [("T0001", "negative", ResultState.COUNTED)]
