from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import Http404
from django.utils import timezone

from lianfang.domains.cases.models import Case, CaseKind
from lianfang.domains.cases.selectors import case_for, cases_for, open_at, open_cases_of
from lianfang.domains.cases.services import (
    CaseProblemError,
    classify_case,
    close_without_evidence,
    open_case,
    release_case,
    reopen_case,
    transfer_case,
)
from lianfang.domains.lab_testing.models import Hold, Result
from lianfang.domains.lab_testing.results.services import correct_result, settle_hold
from lianfang.domains.lab_testing.results.transitions import HoldMove
from lianfang.foundation.access.actor import NotAllowedError, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from tests.product.lab_testing.night import Night
from tests.product.lab_testing.results.laboratory import enter, filled_pool, single_swab


def cases(name: str | None = None) -> list[Case]:
    with acting_as(system_actor("test")):
        return [case for case in Case.objects.order_by("pk") if name is None or case.made_by == name]


def positive(night: Night, name: str = "陈建国", code: str = "S0001") -> Case:
    """The case that a positive single tube makes."""
    single_swab(night, name, code)
    enter(night, (code, "positive"))
    return cases()[-1]


def correct(night: Night, code: str, outcome: str) -> None:
    with night.as_("community") as actor:
        wrong = Result.objects.get(tube_code=code, superseded_by=None, withdrawn_at=None)
        correct_result(actor=actor, result_id=wrong.pk, outcome=outcome, reason="录错一行")


def by_hand(night: Night, name: str = "孙梅", hours_ago: float = 5) -> Case:
    with night.as_("township") as actor:
        found_at = timezone.now() - timedelta(hours=hours_ago)
        return open_case(actor=actor, person_id=night.person(name), kind=CaseKind.CONFIRMED, found_at=found_at,
                         evidence_kind="order")  # fmt: skip


def test_a_positive_single_tube_opens_a_case_and_a_positive_pool_opens_none(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "positive"))
    assert cases() == []
    case = positive(night, "赵大勇")
    assert (case.person_id, case.kind, case.evidence_kind) == (night.person("赵大勇"), "screening_positive", "result")
    assert case.community_id == night.world.places["east"].pk


def test_a_positive_retest_of_a_pool_makes_one_case_of_that_person_alone(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "positive"))
    case = positive(night, "陈建国")
    assert [one.person_id for one in cases()] == [night.person("陈建国")]
    with acting_as(system_actor("test")):
        states = dict(Hold.objects.filter(tube__code="T0001").values_list("person_id", "state"))
    assert states.pop(case.person_id) == "case"
    assert set(states.values()) == {"held"}


def test_a_negative_retest_releases_without_a_case(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "positive"))
    single_swab(night, "陈建国", "S0001")
    enter(night, ("S0001", "negative"))
    assert cases() == []


def test_two_positive_tubes_of_one_person_are_one_case(night: Night) -> None:
    positive(night, code="S0001")
    positive(night, code="S0002")
    assert len(cases()) == 1


def test_a_positive_that_is_corrected_closes_its_case_and_says_so(night: Night) -> None:
    case = positive(night)
    correct(night, "S0001", "negative")
    closed = cases()[0]
    assert closed.pk == case.pk
    assert closed.released_at is not None
    assert (closed.released_because, closed.released_by.split(":")[0]) == ("corrected", "system")
    assert Entry.objects.filter(action="cases.close_without_evidence", target_id=str(case.pk)).exists()
    with night.as_("community") as actor:
        assert list(cases_for(actor, is_open=False)) == [closed]


def test_a_void_swab_closes_its_case_and_nobody_elses(night: Night) -> None:
    case = positive(night)
    with acting_as(system_actor("test")) as actor:
        tube = Result.objects.get(tube_code="S0001").tube_id or 0
        given = {"actor": actor, "because": "swab_void"}
        assert close_without_evidence(person_ids=[case.person_id], tube_ids=[tube + 1], **given) == []
        assert close_without_evidence(person_ids=[case.person_id + 1], tube_ids=[tube], **given) == []
        Hold.objects.filter(tube_id=tube).update(state="released")
        assert close_without_evidence(person_ids=[case.person_id], tube_ids=[tube], **given) == [case]
    assert cases()[0].released_because == "swab_void"


def test_what_a_doctor_confirmed_outlives_the_correction_of_the_first_result(night: Night) -> None:
    case = positive(night)
    with night.as_("township") as actor:
        classify_case(actor=actor, case=case, kind=CaseKind.CONFIRMED)
    correct(night, "S0001", "negative")
    assert cases()[0].released_at is None


def test_another_positive_tube_keeps_the_case_open(night: Night) -> None:
    positive(night, code="S0001")
    positive(night, code="S0002")
    correct(night, "S0001", "negative")
    assert cases()[0].released_at is None


def test_a_positive_after_the_correction_makes_a_new_case_beside_the_closed_one(night: Night) -> None:
    positive(night)
    correct(night, "S0001", "negative")
    correct(night, "S0001", "positive")
    first, second = cases()
    assert (first.released_because, second.released_at) == ("corrected", None)


def test_a_case_that_closed_by_itself_is_reopened_by_hand_with_a_reason(night: Night) -> None:
    case = positive(night)
    correct(night, "S0001", "negative")
    with night.as_("community") as actor:
        with pytest.raises(CaseProblemError, match="reopen_reason_needed"):
            reopen_case(actor=actor, case=case, because=" ")
        again = reopen_case(actor=actor, case=case, because="有症状，等复核")
        assert (again.released_at, again.released_because) == (None, "")
        with pytest.raises(CaseProblemError, match="not_released"):
            reopen_case(actor=actor, case=case, because="再来")
    entry = Entry.objects.get(action="cases.reopen")
    assert entry.details == {"because": "有症状，等复核"}


def test_a_case_is_not_reopened_beside_an_open_one(night: Night) -> None:
    case = positive(night)
    correct(night, "S0001", "negative")
    correct(night, "S0001", "positive")
    with night.as_("community") as actor, pytest.raises(CaseProblemError, match="open_already"):
        reopen_case(actor=actor, case=case, because="误操作")


def test_closing_without_evidence_asks_for_a_known_code(night: Night) -> None:
    with night.as_("township") as actor, pytest.raises(CaseProblemError, match="reason_needed"):
        close_without_evidence(actor=actor, person_ids=[1], tube_ids=[1], because="不想管了")


def test_a_hold_made_a_case_by_hand_opens_one(night: Night) -> None:
    filled_pool(night)
    enter(night, ("T0001", "positive"))
    with night.as_("community") as actor:
        hold = Hold.objects.get(person_id=night.person("王丽华"))
        settle_hold(actor=actor, hold_id=hold.pk, move=HoldMove.CASE, reason="县疾控复核阳性")
    assert [one.person_id for one in cases()] == [night.person("王丽华")]


def test_a_case_goes_its_way_to_the_release(night: Night) -> None:
    case = positive(night)
    with night.as_("township") as actor:
        with pytest.raises(CaseProblemError, match="transfer_before_found"):
            transfer_case(actor=actor, case=case, at=case.found_at - timedelta(minutes=1))
        with pytest.raises(CaseProblemError, match="transfer_in_future"):
            transfer_case(actor=actor, case=case, at=timezone.now() + timedelta(hours=1))
        transfer_case(actor=actor, case=case, at=timezone.now())
        classify_case(actor=actor, case=case, kind=CaseKind.ASYMPTOMATIC)
        with pytest.raises(CaseProblemError, match="kind_not_possible"):
            classify_case(actor=actor, case=case, kind=CaseKind.SCREENING_POSITIVE)
        with pytest.raises(CaseProblemError, match="reason_needed"):
            release_case(actor=actor, case=case, because="  ")
        with pytest.raises(CaseProblemError, match="release_before_found"):
            release_case(actor=actor, case=case, because="两次阴性", at=case.found_at - timedelta(days=1))
        done = release_case(actor=actor, case=case, because="两次阴性")
        with pytest.raises(CaseProblemError, match="released_already"):
            release_case(actor=actor, case=case, because="两次阴性")
        with pytest.raises(CaseProblemError, match="released_already"):
            classify_case(actor=actor, case=case, kind=CaseKind.CONFIRMED)
    assert (done.released_because, done.kind, done.transferred_at is None) == ("两次阴性", "asymptomatic", False)


def test_a_case_is_found_now_or_earlier(night: Night) -> None:
    with pytest.raises(CaseProblemError, match="found_in_future"):
        by_hand(night, hours_ago=-1)


def test_what_was_open_at_an_instant_is_told_afterwards(night: Night) -> None:
    case = by_hand(night, hours_ago=5)
    now = timezone.now()
    with night.as_("township") as actor:
        release_case(actor=actor, case=case, because="两次阴性", at=now - timedelta(hours=2))
        hours = [open_at(actor, now - timedelta(hours=ago)).count() for ago in (6, 3, 1)]
        assert hours == [0, 1, 0]
        assert not open_cases_of(actor, [case.person_id]).exists()


def test_a_neighbour_community_sees_no_case_and_a_guard_decides_none(night: Night) -> None:
    with night.as_("township") as actor:
        found_at = timezone.now()
        elsewhere = open_case(actor=actor, person_id=night.person("郑海"), kind=CaseKind.CONFIRMED, found_at=found_at,
                              evidence_kind="order")  # fmt: skip
    with night.as_("community") as actor:
        assert not cases_for(actor).exists()
        with pytest.raises(Http404):
            case_for(actor, elsewhere.pk)
        with pytest.raises(CaseProblemError, match="not_there"):
            release_case(actor=actor, case=elsewhere, because="两次阴性")
        with pytest.raises(CaseProblemError, match="not_there"):
            reopen_case(actor=actor, case=elsewhere, because="误操作")
    with night.as_("guard") as actor, pytest.raises(NotAllowedError):
        cases_for(actor)
