# ruff: noqa: E501
"""What samplers' devices bring: the same rules as at the desk; what was scanned has happened."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from lianfang.domains.lab_testing import selectors, services
from lianfang.domains.lab_testing.models import MissingContact, RoundPerson, Sample, Tube
from lianfang.domains.registry import services as registry
from lianfang.domains.registry.models import Person
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.kinds import Applied, ItemRefusedError
from lianfang.foundation.texts import texts
from tests.product.lab_testing.field.phone import Phone, short
from tests.product.lab_testing.night import Night

CODE = "AB12345"


@pytest.fixture
def phone(night: Night) -> Phone:
    return Phone(night.world)


def opened(night: Night, phone: Phone, code: str = CODE, **given: object) -> Applied:
    return phone.do("tube.opened", round=night.round.pk, code=code, **{"capacity": 5, "is_household": False, **given})


def swab(night: Night, phone: Phone, name: str, code: str = CODE, **given: object) -> Applied:
    return phone.do("sample.taken", round=night.round.pk, tube=code, person=night.person(name), **given)


def tube(code: str = CODE) -> Tube:
    with acting_as(system_actor("test")):
        return Tube.objects.get(code=code)


def test_a_tube_is_opened_filled_sealed_and_handed_over(night: Night, phone: Phone) -> None:
    at = timezone.now() - timedelta(minutes=20)
    opened(night, phone, building=night.world.places["b1"].pk)
    taken = phone.item("sample.taken", {"round": night.round.pk, "tube": CODE, "person": night.person("陈建国")}, at)
    assert isinstance(phone.apply(taken), Applied)
    with acting_as(system_actor("test")):
        sample = Sample.objects.get(client_id=taken.id)
    assert (sample.sampled_at, sample.sampler, sample.recorded_by) == (at, "李四", "李四(手机)")
    assert night.state("陈建国") == "sampled"
    assert short(phone.do("tube.sealed", tube=CODE, counted=1)) == []
    phone.do("tubes.handed", **{"tubes": [CODE], "from": "李四", "to": "王五", "counted": 1, "box": "箱7"})
    assert (tube().state, tube().courier, tube().handed_over_by, tube().counted) == ("handed_over", "王五", "李四", 1)


def test_the_same_item_again_is_the_same_swab(night: Night, phone: Phone) -> None:
    opened(night, phone)
    item = phone.item("sample.taken", {"round": night.round.pk, "tube": CODE, "person": night.person("陈建国")})
    assert phone.apply(item) == phone.apply(item) == phone.apply_many([item, item])[0]
    with acting_as(system_actor("test")):
        assert Sample.objects.count() == 1


def test_what_is_unusual_is_kept_with_a_warning(night: Night, phone: Phone) -> None:
    opened(night, phone, capacity=1, building=night.world.places["b1"].pk)
    swab(night, phone, "陈建国")
    assert short(swab(night, phone, "林秀英")) == ["over_full"]
    assert short(swab(night, phone, "周志强")) == ["wrong_building", "over_full"]
    opened(night, phone, "CD12345")
    assert short(swab(night, phone, "陈建国", "CD12345")) == ["twice_sampled"]
    late = phone.item("sample.taken", {"round": night.round.pk, "tube": "CD12345", "person": night.person("孙梅")},
                      timezone.now() + timedelta(hours=3), doubtful=True)  # fmt: skip
    came = phone.apply(late)
    assert isinstance(came, Applied) and short(came) == ["future_clock"]
    doubtful = phone.item("sample.taken", {"round": night.round.pk, "tube": "CD12345", "person": night.person("赵大勇")},
                          timezone.now() - timedelta(hours=9), doubtful=True)  # fmt: skip
    came = phone.apply(doubtful)
    assert isinstance(came, Applied) and short(came) == ["clock_doubtful", "outside_hours"]


def test_a_swab_before_anybody_told_of_its_tube_opens_it_as_its_kit_says(night: Night, phone: Phone) -> None:
    with night.as_("township") as actor:
        packing = services.Packing(capacity=20, count=2)
        (kit,) = services.pack_kits(actor=actor, round_id=night.round.pk, packing=packing, name="包")
    code = kit.codes[0]
    assert short(swab(night, phone, "陈建国", code)) == ["tube_not_announced"]
    assert (tube(code).capacity, tube(code).kit_id) == (20, kit.pk)
    other = Phone(night.world, "赵六")
    assert short(opened(night, other, code, capacity=20)) == []
    assert phone.refused("tube.sealed", tube="ZZ99999", counted=1) == "tube_label_unknown"


def test_a_swab_that_arrives_after_the_seal_counts_where_the_seal_counted_it(  # type: ignore[no-untyped-def]
    night: Night, phone: Phone, browse
) -> None:
    """Two devices at one tube: which of them finds a network first changes nothing."""
    other, before = Phone(night.world, "赵六"), timezone.now() - timedelta(minutes=30)
    opened(night, phone)
    swab(night, phone, "陈建国")
    assert short(phone.do("tube.sealed", tube=CODE, counted=2)) == ["swabs_awaited"]
    with night.as_("community") as actor:
        assert [one.code for one in selectors.tubes_of(actor, night.round, only="awaited")] == [CODE]
    page = browse("community").get(f"/testing/tubes/{tube().pk}/")
    assert "点数 2，已上传 1" in page.content.decode()
    late = other.do("sample.taken", before, round=night.round.pk, tube=CODE, person=night.person("林秀英"))
    assert short(late) == ["after_sealing"] and night.state("林秀英") == "sampled"
    code = other.refused("sample.taken", before, round=night.round.pk, tube=CODE, person=night.person("陈小宝"))
    assert code == "tube_not_open" and night.state("陈小宝") == "missing"
    assert short(other.do("tube.sealed", tube=CODE, counted=2)) == ["already_sealed"]


def test_fewer_swabs_counted_than_bound_go_to_the_review_list(night: Night, phone: Phone) -> None:
    opened(night, phone)
    swab(night, phone, "陈建国")
    swab(night, phone, "林秀英")
    assert phone.refused("tube.sealed", tube=CODE, counted=1) == "swabs_too_few"
    assert phone.refused("tube.sealed", tube=CODE, counted=0) == "tube_empty"


def test_a_tube_handed_over_before_its_seal_is_told_of_keeps_both(night: Night, phone: Phone) -> None:
    courier = Phone(night.world, "王五", "courier")
    opened(night, phone)
    handed = courier.do("tubes.handed", **{"tubes": [CODE], "from": "李四", "to": "王五", "counted": 1})
    assert short(handed) == ["not_sealed_yet"] and tube().state == "handed_over"
    earlier = timezone.now() - timedelta(minutes=5)
    late = phone.do("sample.taken", earlier, round=night.round.pk, tube=CODE, person=night.person("陈建国"))
    assert short(late) == ["after_sealing"]
    phone.do("tube.sealed", earlier, tube=CODE, counted=1)
    assert (tube().state, tube().counted, tube().sealed_at) == ("handed_over", 1, earlier)
    again = phone.do("tubes.handed", **{"tubes": [CODE], "from": "李四", "to": "王五", "counted": 1})
    assert again.refs["hand_over"] == handed.refs["hand_over"]


def test_a_courier_may_tell_of_labelled_tubes_first(night: Night, phone: Phone) -> None:
    with night.as_("township") as actor:
        packing = services.Packing(capacity=10, count=1)
        (kit,) = services.pack_kits(actor=actor, round_id=night.round.pk, packing=packing, name="包")
    courier = Phone(night.world, "王五", "courier")
    told = {"tubes": list(kit.codes), "from": "李四", "to": "王五", "counted": 1}
    assert short(courier.do("tubes.handed", **told)) == ["tube_not_announced", "not_sealed_yet"]
    assert courier.refused("tubes.handed", **{**told, "tubes": ["NO12345"]}) == "tubes_unknown"
    assert courier.refused("tubes.handed", **{**told, "counted": 3}) == "hand_over_count"


def test_void_tubes_other_rounds_and_people_who_moved_out_are_refused(night: Night, phone: Phone) -> None:
    opened(night, phone)
    with acting_as(system_actor("test")) as system:
        registry.mark_moved_out(actor=system, person=night.world.people["王丽华"])
    wang = night.person("王丽华")
    assert phone.refused("sample.taken", round=night.round.pk, tube=CODE, person=wang) == "person_moved_out"
    phone.do("tube.voided", tube=CODE, reason="漏了")
    chen = night.person("陈建国")
    assert phone.refused("sample.taken", round=night.round.pk, tube=CODE, person=chen) == "tube_is_void"
    assert phone.refused("tube.opened", round=night.round.pk, code=CODE, capacity=5) == "tube_is_void"
    assert phone.refused("sample.taken", round=night.round.pk + 99, tube=CODE, person=chen) == "tube_of_other_round"
    assert phone.refused("sample.taken", round=night.round.pk, tube="NEW1234", client="1234") == "person_not_made"
    assert short(phone.do("tube.voided", tube=CODE, reason="漏了")) == ["already_void"]


def test_what_was_scanned_before_the_round_closed_arrives_late_and_counts(night: Night, phone: Phone) -> None:
    before = timezone.now() - timedelta(minutes=10)
    with night.as_("township") as actor:
        services.close_round(actor=actor, round_id=night.round.pk)
    phone.do("tube.opened", before, round=night.round.pk, code=CODE, capacity=5)
    late = phone.do("sample.taken", before, round=night.round.pk, tube=CODE, person=night.person("陈建国"))
    assert short(late) == ["late_upload"] and night.state("陈建国") == "sampled"
    after = timezone.now() + timedelta(seconds=5)
    lin = night.person("林秀英")
    assert phone.refused("sample.taken", after, round=night.round.pk, tube=CODE, person=lin) == "round_not_open"


def test_swabs_are_taken_back_and_moved_by_the_item_that_told_of_them(night: Night, phone: Phone) -> None:
    opened(night, phone)
    opened(night, phone, "CD12345")
    first = phone.item("sample.taken", {"round": night.round.pk, "tube": CODE, "person": night.person("陈建国")})
    phone.apply(first)
    swab(night, phone, "林秀英")
    phone.do("samples.moved", **{"from": CODE, "to": "CD12345", "samples": [str(first.id)], "reason": "管坏了"})
    assert [one.name for one in night.swabs(tube("CD12345"))] == ["陈建国"]
    phone.do("sample.voided", sample=str(first.id), reason="认错人")
    assert night.state("陈建国") == "missing"
    phone.do("sample.voided", sample=str(first.id), reason="认错人")
    phone.do("samples.moved", **{"from": CODE, "to": "CD12345", "reason": "管坏了"})
    assert [one.name for one in night.swabs(tube("CD12345"))] == ["林秀英"]
    assert phone.refused("sample.voided", sample="0b8a2f64-1c1e-4b0a-9d5c-000000000000") == "sample_not_here"


def test_somebody_added_at_the_door_is_registered_once_and_expected(night: Night, phone: Phone) -> None:
    opened(night, phone)
    home = night.world.households["b1-101"].pk
    added = phone.item("person.added", {"household": home, "name": "陈桂兰", "phone": "13800000000"})
    came = phone.apply(added)
    assert isinstance(came, Applied) and came.refs["household"] == home
    taken = phone.do("sample.taken", round=night.round.pk, tube=CODE, client=str(added.id))
    assert "not_on_roster" not in short(taken)
    other = Phone(night.world, "赵六").do("person.added", household=home, name="陈桂兰", round=night.round.pk)
    assert short(other) == ["person_already_registered"] and other.refs["person"] == came.refs["person"]
    room = phone.do("person.added", unit=night.world.places["b1u1"].pk, room="909", name="何新来")
    with acting_as(system_actor("test")):
        assert RoundPerson.objects.get(person_id=came.refs["person"]).is_added_at_door
        assert Person.objects.get(pk=room.refs["person"]).household.room == "909"
    foreign = night.world.households["w1-101"].pk
    assert phone.refused("person.added", household=foreign, name="何某") == "household_unknown"
    assert phone.refused("person.added", name="何某") == "item_incomplete"


def test_claims_at_the_door_excuse_only_who_is_away(night: Night, phone: Phone) -> None:
    told = {"round": night.round.pk}
    phone.do("claim.made", **told, person=night.person("陈建国"), claim="away", reason="去外省打工")
    assert night.state("陈建国") == "away"
    phone.do("claim.made", **told, person=night.person("林秀英"), claim="refused", reason="不开门")
    phone.do("claim.made", **told, person=night.person("陈小宝"), claim="absent", reason="")
    exempt = phone.do("claim.made", **told, person=night.person("王丽华"), claim="exempt", reason="婴儿")
    assert short(exempt) == ["exemption_to_decide"]
    assert [night.state(name) for name in ("林秀英", "陈小宝", "王丽华")] == ["missing"] * 3
    with acting_as(system_actor("test")):
        assert sorted(MissingContact.objects.values_list("outcome", flat=True)) == [
            "away",
            "exempt",
            "no_answer",
            "refused",
        ]
    assert (
        phone.refused("claim.made", **told, person=night.person("郑海"), claim="away", reason="x")
        == "person_not_expected"
    )


def test_many_swabs_at_once_are_judged_as_one_by_one(night: Night, phone: Phone) -> None:
    """The same items, some of them refused, by both doors: the same swabs, warnings, refusals and counts."""
    opened(night, phone, capacity=1, building=night.world.places["b1"].pk)
    opened(night, phone, "CD12345", is_household=True)
    phone.do("tube.opened", round=night.round.pk, code="VOID123", capacity=5)
    phone.do("tube.voided", tube="VOID123", reason="坏")
    names = ["陈建国", "陈建国", "林秀英", "周志强", "赵大勇", "郑海"]
    bodies = [{"round": night.round.pk, "tube": CODE, "person": night.person(name)} for name in names]
    bodies += [
        {"round": night.round.pk, "tube": "CD12345", "person": night.person(name)}
        for name in ("陈小宝", "王丽华", "陈建国")
    ]
    bodies += [
        {"round": night.round.pk, "tube": "VOID123", "person": night.person("孙梅")},
        {"tube": "QQQQ123", "person": 1},
    ]
    bodies += [
        {"round": night.round.pk, "tube": CODE, "client": "9"},
        {"round": night.round.pk, "person": night.person("孙梅")},
    ]
    bodies += [{"round": night.round.pk, "tube": CODE, "person": night.person("郑海"), "how": "code"}]
    items = [phone.item("sample.taken", body) for body in bodies]
    found = []
    for way in ("one", "many"):
        with acting_as(system_actor("test")):
            Sample.objects.all().delete()
        RoundPerson.objects.all()
        with acting_as(system_actor("test")):
            RoundPerson.objects.filter(state="sampled").update(state="missing")
        came = [phone.apply(item) for item in items] if way == "one" else phone.apply_many(items)
        told = [one.code if isinstance(one, ItemRefusedError) else short(one) for one in came]
        with acting_as(system_actor("test")):
            kept = list(
                Sample.objects.order_by("tube__code", "position").values_list(
                    "tube__code", "name", "position", "warnings"
                )
            )
        found.append((told, kept, night.counts()))
    assert found[0] == found[1]
    assert found[0][0][-1] == ["wrong_building", "over_full"]


@pytest.mark.parametrize("seed", range(6))
def test_tubes_opened_filled_and_sealed_at_once_are_as_one_by_one(night: Night, phone: Phone, seed: int) -> None:
    """In whatever order a device tells of its tubes, with refusals among them: the same answers, tubes and swabs."""
    draw = random.Random(seed)
    names = ["陈建国", "林秀英", "周志强", "赵大勇", "孙梅", "王丽华"]
    told: list[tuple[str, dict[str, object]]] = []
    for code in ("AA12345", "BB12345", "CC12345"):
        told.append(
            (
                "tube.opened",
                {"code": code, "capacity": draw.choice([5, 10, 7]), "building": draw.choice([None, 1 << 40])},
            )
        )
        told += [("sample.taken", {"tube": code, "person": night.person(draw.choice(names))}) for _ in range(3)]
        told.append(("tube.sealed", {"tube": code, "counted": draw.choice([0, 2, 3])}))
    told += [("sample.taken", {"tube": "AA12345", "person": night.person("孙梅")}), ("tube.opened", {"code": "x"})]
    for _ in range(draw.choice([0, 3, 12])):
        at = draw.randrange(len(told) - 1)
        told[at], told[at + 1] = told[at + 1], told[at]
    items = [phone.item(kind, {"round": night.round.pk, **body}) for kind, body in told]
    found = []
    for way in ("one", "many"):
        with transaction.atomic():
            came = [phone.apply(item) for item in items] if way == "one" else phone.apply_many(items)
            answers = [one.code if isinstance(one, ItemRefusedError) else short(one) for one in came]
            with acting_as(system_actor("test")):
                swabs = list(
                    Sample.objects.order_by("client_id").values_list("client_id", "tube__code", "warnings", "position")
                )
                tubes = list(
                    Tube.objects.order_by("code").values_list("code", "state", "capacity", "counted", "opened_at")
                )
            found.append((answers, swabs, tubes, night.counts()))
            transaction.set_rollback(True)
    assert found[0] == found[1]
    assert found[0][1] and len(found[0][2]) == 3


def test_the_order_in_which_two_devices_are_heard_changes_no_count(night: Night) -> None:
    """Each device's items stay in their order; how the two are mixed is drawn."""
    seen = set()
    with acting_as(system_actor("test")):
        kept = dict(RoundPerson.objects.values_list("pk", "state"))
    for seed in range(6):
        first, second = Phone(night.world, "李四"), Phone(night.world, "赵六")
        told, code, before = night.round.pk, f"MIX{seed:04d}", timezone.now() - timedelta(minutes=9)
        one = [first.item("tube.opened", {"round": told, "code": code, "capacity": 10}, before),
               *(first.item("sample.taken", {"round": told, "tube": code, "person": night.person(name)}, before) for name in ("陈建国", "林秀英")),
               first.item("tube.sealed", {"round": told, "tube": code, "counted": 4}, before + timedelta(minutes=5))]  # fmt: skip
        two = [
            second.item("sample.taken", {"round": told, "tube": code, "person": night.person(name)}, before)
            for name in ("赵大勇", "孙梅")
        ]
        two += [
            second.item(
                "claim.made",
                {"round": told, "person": night.person("王丽华"), "claim": "away", "reason": "出差"},
                before,
            )
        ]
        mixed = sorted([(random.Random(seed).random(), first, one), (0.5, second, two)], key=lambda each: each[0])
        queue = [(phone, list(items)) for _, phone, items in mixed]
        draw = random.Random(seed)
        while queue:
            at = draw.randrange(len(queue))
            phone, items = queue[at]
            assert isinstance(phone.apply(items.pop(0)), Applied)
            if not items:
                queue.pop(at)
        swabs = sorted(sample.name for sample in night.swabs(tube(code)))
        seen.add((tuple(swabs), tube(code).state, tube(code).counted, tuple(night.counts().items())))
        with acting_as(system_actor("test")):
            Sample.objects.all().delete()
            for pk, state in kept.items():
                RoundPerson.objects.filter(pk=pk).update(state=state, claim="")
    assert len(seen) == 1


def test_every_code_has_words(night: Night) -> None:
    for language in ("zh-Hans", "zh-Hant", "en"):
        words = texts(language)
        for name in ("after_sealing", "clock_doubtful"):
            assert words(f"lab_testing.warning.{name}") and words(f"lab_testing.warning_short.{name}")
