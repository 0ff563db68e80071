"""Swabs: what happens to the person, what is kept with a warning, what is refused and says why."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from lianfang.domains.lab_testing import services
from lianfang.domains.lab_testing.models import Sample, TubeState
from lianfang.domains.lab_testing.refusals import ConfirmationNeededError, NotFoundError, RefusedError
from lianfang.domains.lab_testing.services import Swab, Who
from lianfang.domains.registry.models import Person
from lianfang.foundation.access.actor import NotAllowedError, system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.models import Event
from tests.product.lab_testing.night import Night, open_night
from tests.product.world import World, demo_identity


def test_a_swab_takes_a_person_from_missing_to_sampled_in_one_transaction(night: Night) -> None:
    recorded = night.swab(night.open_tube(), "陈建国")
    assert night.state("陈建国") == "sampled"
    assert (recorded.sample.position, recorded.bound, recorded.warnings) == (1, 1, [])
    assert night.counts() == {"missing": 9, "sampled": 1, "exempt": 0, "away": 0}
    with acting_as(system_actor("test")):
        event = Event.objects.get(name="lab_testing.sample_recorded")
    assert event.payload["person_id"] == night.person("陈建国")


def test_the_same_upload_twice_is_one_swab(night: Night) -> None:
    tube, mark = night.open_tube(), uuid.uuid4()
    first = night.swab(tube, "陈建国", client_id=mark)
    again = night.swab(tube, "陈建国", client_id=mark)
    assert (again.sample.pk, again.is_repeat) == (first.sample.pk, True)
    other = night.open_tube("T0002")
    with pytest.raises(RefusedError) as refused:
        night.swab(other, "王丽华", client_id=mark)
    assert refused.value.code == "client_id_used"
    assert night.state("王丽华") == "missing"


def test_scanning_somebody_again_into_the_same_tube_changes_nothing(night: Night) -> None:
    tube = night.open_tube()
    night.swab(tube, "陈建国")
    assert night.swab(tube, "陈建国").is_repeat
    assert len(night.swabs(tube)) == 1


def test_somebody_sampled_twice_in_a_round_is_kept_twice_and_marked(night: Night) -> None:
    night.swab(night.open_tube(), "陈建国")
    second = night.swab(night.open_tube("T0002"), "陈建国")
    assert second.warnings == ["twice_sampled"]
    assert night.counts()["sampled"] == 1


def test_a_tube_over_capacity_asks_first_and_then_keeps_the_swab_with_a_mark(night: Night) -> None:
    tube = night.open_tube(capacity=1)
    night.swab(tube, "陈建国")
    with pytest.raises(ConfirmationNeededError) as asked:
        night.swab(tube, "王丽华")
    assert "容量 1 人" in asked.value.text()
    assert (night.state("王丽华"), len(night.swabs(tube))) == ("missing", 1)
    kept = night.swab(tube, "王丽华", confirmed=frozenset({"over_full"}))
    assert kept.warnings == ["over_full"]
    assert night.state("王丽华") == "sampled"


def test_a_clock_in_the_future_is_kept_as_it_was_and_marked(night: Night) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    recorded = night.swab(night.open_tube(), "陈建国", sampled_at=tomorrow)
    assert recorded.warnings == ["future_clock"]
    with acting_as(system_actor("test")):
        kept = Sample.objects.get(pk=recorded.sample.pk)
    assert kept.sampled_at == tomorrow and kept.received_at <= timezone.now()


def test_a_swab_outside_of_the_hours_counts_and_is_marked(night: Night) -> None:
    recorded = night.swab(night.open_tube(), "陈建国", sampled_at=night.round.starts_at - timedelta(hours=2))
    assert recorded.warnings == ["outside_hours"]
    assert night.state("陈建国") == "sampled"


def test_somebody_of_another_building_is_taken_and_marked(night: Night) -> None:
    tube = night.open_tube(place_id=night.world.places["b1"].pk)
    assert night.swab(tube, "周志强").warnings == ["wrong_building"]


def test_somebody_exempt_who_comes_is_sampled_and_is_exempt_again_without_the_swab(night: Night) -> None:
    with night.as_("community") as actor:
        services.add_exemption(
            actor=actor, round_id=night.round.pk, person_id=night.person("王丽华"), reason="疫苗接种"
        )
    assert night.state("王丽华") == "exempt"
    recorded = night.swab(night.open_tube(), "王丽华")
    assert recorded.warnings == ["exempt_but_sampled"]
    assert night.state("王丽华") == "sampled"
    with night.as_("sampler") as actor:
        services.void_sample(actor=actor, sample_id=recorded.sample.pk, reason="扫错人")
    assert night.state("王丽华") == "exempt"


def test_a_voided_swab_stays_and_its_person_can_be_scanned_again(night: Night) -> None:
    tube = night.open_tube()
    recorded = night.swab(tube, "陈建国")
    with night.as_("sampler") as actor:
        services.undo_last_sample(actor=actor, tube_id=tube.pk)
    assert night.state("陈建国") == "missing"
    again = night.swab(tube, "陈建国")
    assert not again.is_repeat
    with acting_as(system_actor("test")):
        assert Sample.objects.get(pk=recorded.sample.pk).is_void


def test_a_person_of_another_community_is_found_by_the_card_and_counted_at_home(night: Night) -> None:
    tube = night.open_tube()
    with pytest.raises(NotFoundError):
        night.swab(tube, "郑海")
    with night.as_("sampler") as actor:
        who = Who(night.person("郑海"), has_shown_document=True)
        recorded = services.record_sample(actor=actor, tube_id=tube.pk, who=who)
    assert night.state("郑海") == "sampled"
    assert recorded.sample.community_id == night.world.places["west"].pk
    assert recorded.sample.tube_community_id == night.world.places["east"].pk


def test_a_stranger_is_kept_by_name_and_number_beside_the_expected(night: Night) -> None:
    tube = night.open_tube()
    who = Who(name="过路人", id_number=demo_identity(999))
    with night.as_("sampler") as actor:
        recorded = services.record_sample(actor=actor, tube_id=tube.pk, who=who)
        again = services.record_sample(actor=actor, tube_id=tube.pk, who=who)
    assert recorded.warnings == ["not_on_roster"] and again.is_repeat
    assert sum(night.counts().values()) == 10


def test_a_void_tube_takes_nobody_and_sends_its_people_back_to_the_list(night: Night) -> None:
    tube = night.open_tube()
    night.swab(tube, "陈建国")
    night.swab(tube, "王丽华")
    night.swab(night.open_tube("T0002"), "王丽华")
    with night.as_("sampler") as actor:
        gone = services.void_tube(actor=actor, tube_id=tube.pk, reason="漏液")
    assert sorted(gone) == sorted(night.person(name) for name in ("陈建国", "王丽华"))
    assert (night.state("陈建国"), night.state("王丽华")) == ("missing", "sampled")
    with pytest.raises(RefusedError) as refused:
        night.swab(tube, "赵大勇")
    assert refused.value.code == "tube_is_void" and "漏液" in refused.value.text()
    assert night.state("赵大勇") == "missing"


def test_a_tube_is_sealed_only_with_the_count_that_is_bound(night: Night) -> None:
    tube = night.open_tube()
    night.swab(tube, "陈建国")
    night.swab(tube, "王丽华")
    with night.as_("sampler") as actor:
        for counted, code in ((3, "swabs_too_many"), (1, "swabs_too_few")):
            with pytest.raises(RefusedError) as refused:
                services.seal_tube(actor=actor, tube_id=tube.pk, counted=counted)
            assert refused.value.code == code
            assert "陈建国、王丽华" in refused.value.text()
        sealed = services.seal_tube(actor=actor, tube_id=tube.pk, counted=2)
    assert (sealed.state, sealed.counted) == (TubeState.SEALED, 2)
    with pytest.raises(RefusedError) as refused:
        night.swab(tube, "赵大勇")
    assert refused.value.code == "tube_not_open"


def test_an_empty_tube_is_not_sealed(night: Night) -> None:
    tube = night.open_tube()
    with night.as_("sampler") as actor, pytest.raises(RefusedError) as refused:
        services.seal_tube(actor=actor, tube_id=tube.pk, counted=0)
    assert refused.value.code == "tube_empty"


def test_an_over_full_tube_is_sealed_only_when_confirmed(night: Night) -> None:
    tube = night.open_tube(capacity=1)
    night.swab(tube, "陈建国")
    night.swab(tube, "王丽华", confirmed=frozenset({"over_full"}))
    with night.as_("sampler") as actor:
        with pytest.raises(ConfirmationNeededError):
            services.seal_tube(actor=actor, tube_id=tube.pk, counted=2)
        assert services.seal_tube(actor=actor, tube_id=tube.pk, counted=2, confirmed={"over_full"}).state == "sealed"


def test_a_household_tube_takes_everybody_of_the_household_who_is_due(night: Night) -> None:
    tube = night.open_tube(is_household=True)
    with night.as_("community") as actor:
        services.mark_away(
            actor=actor, round_id=night.round.pk, person_id=night.person("林秀英"), reason="外出探亲", evidence="车票"
        )
    with night.as_("sampler") as actor:
        done = services.record_household(actor=actor, tube_id=tube.pk, household_id=night.world.households["b1-101"].pk)
    assert sorted(one.sample.name for one in done.recorded) == ["陈小宝", "陈建国"]
    assert [one.state for one in done.left_out] == ["away"]
    assert night.swab(tube, "王丽华").warnings == ["mixed_households"]


def test_a_transfer_keeps_the_old_rows_and_names_them_in_the_new(night: Night) -> None:
    source, target = night.open_tube(), night.open_tube("T0002")
    old = [night.swab(source, name).sample for name in ("陈建国", "王丽华")]
    with night.as_("sampler") as actor:
        moved = services.move_samples(actor=actor, from_tube_id=source.pk, to_tube_id=target.pk, reason="贴错标签")
    assert [sample.moved_from_id for sample in moved] == [sample.pk for sample in old]
    assert [sample.sampled_at for sample in moved] == [sample.sampled_at for sample in old]
    with acting_as(system_actor("test")):
        assert Sample.objects.filter(pk__in=[sample.pk for sample in old], is_void=True).count() == 2
    assert (night.counts()["sampled"], night.swabs(source)) == (2, [])


def test_a_transfer_that_would_not_fit_or_doubles_somebody_moves_nobody(night: Night) -> None:
    source, small, other = night.open_tube(), night.open_tube("T0002", capacity=1), night.open_tube("T0003")
    for name in ("陈建国", "王丽华"):
        night.swab(source, name)
    night.swab(other, "王丽华")
    with night.as_("sampler") as actor:
        with pytest.raises(ConfirmationNeededError):
            services.move_samples(actor=actor, from_tube_id=source.pk, to_tube_id=small.pk, reason="换管")
        with pytest.raises(RefusedError) as refused:
            services.move_samples(actor=actor, from_tube_id=source.pk, to_tube_id=other.pk, reason="换管")
        assert refused.value.code == "already_in_target"
    assert len(night.swabs(source)) == 2


def test_what_was_scanned_before_the_round_was_closed_arrives_late_and_counts(night: Night) -> None:
    tube, before = night.open_tube(), timezone.now()
    with night.as_("township") as actor:
        services.close_round(actor=actor, round_id=night.round.pk)
    recorded = night.swab(tube, "陈建国", sampled_at=before)
    assert recorded.warnings == ["late_upload"]
    with pytest.raises(RefusedError) as refused:
        night.swab(tube, "王丽华")
    assert refused.value.code == "round_not_open"


def test_tubes_travel_with_both_names_and_a_count(night: Night) -> None:
    tubes = [night.open_tube(code) for code in ("T0001", "T0002", "T0003")]
    for tube, name in zip(tubes, ("陈建国", "王丽华", "赵大勇"), strict=True):
        night.swab(tube, name)
    ids = [tube.pk for tube in tubes[:2]]
    with night.as_("sampler") as actor:
        for pk in ids:
            services.seal_tube(actor=actor, tube_id=pk, counted=1)
        for given, wanted, code in (
            (services.Journey("张三", "李四", 3), [*ids, tubes[2].pk], "not_sealed"),
            (services.Journey("张三", "李四", 3), ids, "hand_over_count"),
            (services.Journey("张三", "", 2), ids, "both_names"),
            (services.Journey("张三", "张三", 2), ids, "same_name"),
        ):
            with pytest.raises(RefusedError) as refused:
                services.hand_over(actor=actor, tube_ids=wanted, journey=given)
            assert refused.value.code == code
    with night.as_("courier") as actor:
        over = services.hand_over(
            actor=actor, tube_ids=ids, journey=services.Journey("张三", "李四", 2, "BOX1", "县医院")
        )
        assert (over.tube_count, over.swab_count) == (2, 2)
        receipt = services.receive_tubes(
            actor=actor, codes=["T0001", "t0002 ", "T0003", "T9999", "T0001"], received_by="王五", laboratory="县医院"
        )
    assert receipt.received == ("T0001", "T0002")
    assert [code for code, _ in receipt.refused] == ["T0003", "T9999"]


def test_a_code_of_another_round_or_another_place_is_not_taken_again(world: World) -> None:
    first = open_night(world)
    first.open_tube("T0001")
    second = open_night(world)
    with pytest.raises(RefusedError) as refused:
        second.open_tube("T0001")
    assert refused.value.code == "tube_of_other_round" and "第1轮" in refused.value.text()
    second.open_tube("T0005", "township", place_id=world.places["west"].pk)
    with pytest.raises(RefusedError) as refused:
        second.open_tube("T0005")
    assert refused.value.code == "tube_code_used_elsewhere"


def test_a_misread_label_of_ours_is_noticed(night: Night) -> None:
    with pytest.raises(RefusedError) as refused:
        night.open_tube("R1-000001X")
    assert refused.value.code == "tube_check_character"


@pytest.mark.parametrize("login", ["courier", "guard", "building_chief", "supervisor", "auditor", "resident"])
def test_only_samplers_and_those_above_record_swabs(night: Night, login: str) -> None:
    tube = night.open_tube()
    with pytest.raises(NotAllowedError):
        night.swab(tube, "陈建国", login)


def test_a_tube_of_another_community_is_not_found_by_its_id(night: Night) -> None:
    tube = night.open_tube("T0005", "township", place_id=night.world.places["west"].pk)
    with pytest.raises(NotFoundError):
        night.swab(tube, "陈建国")


def test_somebody_found_at_the_door_is_expected_and_a_swab_from_before_counts(night: Night) -> None:
    with acting_as(system_actor("test")):
        person = Person.objects.get(pk=night.person("王丽华"))
        person.pk, person.id_index, person.name, person.pseudonym = None, None, "新来的", "e" * 32
        person.save(force_insert=True)
    tube = night.open_tube()
    with night.as_("sampler") as actor:
        recorded = services.record_sample(actor=actor, tube_id=tube.pk, who=Who(person.pk), swab=Swab())
        assert recorded.warnings == ["not_on_roster"]
        expected = services.add_person_at_door(actor=actor, round_id=night.round.pk, person_id=person.pk)
    assert (expected.state, expected.is_added_at_door) == ("sampled", True)
    assert night.counts() == {"missing": 10, "sampled": 1, "exempt": 0, "away": 0}


@pytest.mark.parametrize(
    ("outcome", "note", "state"),
    [
        ("promised", "", "missing"),
        ("refused", "", "missing"),
        ("no_answer", "", "missing"),
        ("away", "在外地务工", "away"),
        ("away", "", "away"),
        ("exempt", "医嘱不宜采样", "exempt"),
        ("exempt", "", "missing"),
        ("wrong_number", "", "missing"),
    ],
)
def test_one_tap_after_a_call_keeps_what_was_said(night: Night, outcome: str, note: str, state: str) -> None:
    with night.as_("community") as actor:
        given = services.Try("phone", outcome, note)
        person = services.note_contact(
            actor=actor, round_id=night.round.pk, person_id=night.person("陈建国"), given=given
        )
    assert (person.state, person.contact_outcome) == (state, outcome)
    if state != "missing":
        assert "电话核实" in person.evidence


def test_a_building_chief_notes_who_is_away_but_exempts_nobody(night: Night) -> None:
    with night.as_("building_chief") as actor:
        given = services.Try("door", "exempt", "医嘱不宜采样")
        person = services.note_contact(
            actor=actor, round_id=night.round.pk, person_id=night.person("陈建国"), given=given
        )
        assert person.state == "missing"
        with pytest.raises(NotAllowedError):
            services.add_exemption(
                actor=actor, round_id=night.round.pk, person_id=night.person("陈建国"), reason="疫苗接种"
            )
        services.mark_away(
            actor=actor,
            round_id=night.round.pk,
            person_id=night.person("陈建国"),
            reason="外出",
            evidence="当面问过家人",
        )
        with pytest.raises(NotFoundError):
            services.mark_away(
                actor=actor, round_id=night.round.pk, person_id=night.person("周志强"), reason="外出", evidence="听说"
            )
    assert night.state("陈建国") == "away"


@pytest.mark.parametrize("reason", ["拒检", "敲门无人", "联系不上", "refused"])
def test_what_excuses_nobody_is_refused_with_the_reason(night: Night, reason: str) -> None:
    with night.as_("community") as actor, pytest.raises(RefusedError) as refused:
        services.add_exemption(actor=actor, round_id=night.round.pk, person_id=night.person("陈建国"), reason=reason)
    assert reason in refused.value.text()
    assert night.state("陈建国") == "missing"


def test_a_claim_is_withdrawn_with_a_reason(night: Night) -> None:
    with night.as_("community") as actor:
        args = {"actor": actor, "round_id": night.round.pk, "person_id": night.person("陈建国")}
        services.add_exemption(**args, reason="疫苗接种")
        services.withdraw_claim(**args, because="接种记录不实")
        with pytest.raises(RefusedError):
            services.withdraw_claim(**args, because="再来一次")
    assert night.state("陈建国") == "missing"
