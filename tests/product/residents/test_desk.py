"""What the community does with what households sent, and the slips that it prints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lianfang.domains.lab_testing.codes import person_code, read_own_code
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.registry.models import Person
from lianfang.domains.residents.models import HelpRequest, HouseholdInvite, ProposedPerson, ResidentSession
from lianfang.domains.residents.printing import plain
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.services import (
    GivenRow,
    ask_for_help,
    confirm_proposal,
    finish_help,
    give_back_help,
    open_visit,
    resident_actor,
    send_pre_registration,
    take_help,
)
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.privacy.numbers import blind_index, unseal
from tests.product.residents.conftest import Slip
from tests.product.world import World, demo_identity

Browse = Callable[..., Client]


def sent(world: World, *given: GivenRow, home: str = "b1-101") -> list[ProposedPerson]:
    household = world.households[home]
    actor = resident_actor(household)
    with acting_as(actor):
        made = send_pre_registration(actor=actor, household_id=household.pk, rows=given, was_checked=True)
        assert made is not None
        return list(made.rows.order_by("position"))


def asked(world: World, urgency: str = "normal", home: str = "b1-101") -> HelpRequest:
    household = world.households[home]
    actor = resident_actor(household)
    with acting_as(actor):
        return ask_for_help(
            actor=actor, household_id=household.pk, kind="food", urgency=urgency, words="奶粉两罐", phone="19900000066"
        )


def person(world: World, name: str) -> Person:
    with acting_as(system_actor("test")):
        return Person.objects.get(pk=world.people[name].pk)


def test_many_rows_are_confirmed_at_once_and_one_that_the_register_refuses_holds_up_no_other(
    world: World, browse: Browse
) -> None:
    chief = world.people["陈建国"]
    taken = demo_identity(1044)
    with acting_as(system_actor("test")):
        Person.objects.filter(pk=world.people["王丽华"].pk).update(id_index=blind_index("id", taken))
    rows = sent(
        world,
        GivenRow(1, chief.pk, "陈建国", phone="19900000099", special_needs=("dialysis",)),
        GivenRow(2, name="陈小妹", id_number=taken, phone="19900000077", relation_to_head="child"),
        GivenRow(3, world.people["陈小宝"].pk, "陈小宝", has_left=True, remark="上学去了"),
    )
    other = sent(world, GivenRow(1, name="赵新来", id_number=demo_identity(1088)), home="b1-201")
    desk = browse("community")
    page = desk.get("/residents/proposals/").content.decode()
    assert "陈小妹" in page and "19900000099" not in page, "numbers are masked on both sides"
    posted = {"do": "confirm", "row": [one.pk for one in (*rows, *other)]}
    answer = desk.post("/residents/proposals/", posted)
    assert answer.status_code == 422 and "王丽华" in answer.content.decode(), "who has the number is said"
    with acting_as(system_actor("test")):
        states = dict(ProposedPerson.objects.values_list("pk", "state"))
    assert [states[one.pk] for one in (*rows, *other)] == ["confirmed", "waiting", "confirmed", "confirmed"]
    changed = person(world, "陈建国")
    assert unseal(changed.phone_sealed) == "19900000099" and changed.special_needs == ["dialysis"]
    assert person(world, "陈小宝").state == "moved_out"
    with acting_as(system_actor("test")):
        assert Person.objects.get(name="赵新来").household_id == world.households["b1-201"].pk


def test_a_person_changed_since_the_page_was_opened_is_not_overwritten(world: World, browse: Browse) -> None:
    row = sent(world, GivenRow(1, world.people["林秀英"].pk, "林秀英", phone="19900000098"))[0]
    with acting_as(system_actor("test")):
        Person.objects.filter(pk=world.people["林秀英"].pk).update(version=5)
    posted = {"do": "confirm", "row": [row.pk], f"version-{row.pk}": "1"}
    answer = browse("building_chief").post("/residents/proposals/", posted)
    assert answer.status_code == 422 and "有人刚改过" in answer.content.decode()
    assert unseal(person(world, "林秀英").phone_sealed) == "19900000002"


def test_sending_back_needs_a_reason_that_the_household_reads(world: World, browse: Browse, slip: Slip) -> None:
    row = sent(world, GivenRow(1, name="假的人"))[0]
    desk = browse("community")
    empty = desk.post("/residents/proposals/", {"do": "reject", "row": [row.pk], "because": " "})
    assert empty.status_code == 422 and f'value="{row.pk}"' in empty.content.decode()
    desk.post("/residents/proposals/", {"do": "reject", "row": [row.pk], "because": "查无此人"})
    with acting_as(resident_actor(world.households["b1-101"])):
        mine = ProposedPerson.objects.get()
    assert (mine.state, mine.because) == ("rejected", "查无此人")
    again = desk.post("/residents/proposals/", {"do": "confirm", "row": [row.pk]})
    assert again.status_code == 422 and "处理过" in again.content.decode()


def test_rows_and_requests_are_seen_in_their_places_only(world: World, browse: Browse) -> None:
    row = sent(world, GivenRow(1, name="西湖新人"), home="w1-101")[0]
    asked(world, home="w1-101")
    east = world.actor("community")
    with acting_as(east):
        assert not ProposedPerson.objects.exists() and not HelpRequest.objects.exists()
        with pytest.raises(ResidentProblemError, match="proposal_elsewhere"):
            confirm_proposal(actor=east, proposal_id=row.pk)
    with acting_as(resident_actor(world.households["b1-101"])):
        assert not ProposedPerson.objects.exists() and not HelpRequest.objects.exists()
    assert "西湖新人" not in browse("building_chief").get("/residents/proposals/").content.decode()
    assert "西湖新人" in browse("township").get("/residents/proposals/").content.decode()


def test_a_household_never_writes_for_another(world: World) -> None:
    mine, other = world.households["b1-101"], world.households["b1-102"]
    actor = resident_actor(mine)
    with acting_as(actor), pytest.raises(Exception, match=str(other.pk)):
        send_pre_registration(actor=actor, household_id=other.pk, rows=[GivenRow(1, name="x")], was_checked=True)
    with acting_as(actor), pytest.raises(Exception, match=str(other.pk)):
        ask_for_help(actor=actor, household_id=other.pk, kind="food", urgency="normal", words="x")
    keys = {name: getattr(other, name) for name in ("county_id", "township_id", "community_id", "building_id")}
    now = timezone.now()
    with acting_as(actor), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        HelpRequest.objects.create(**keys, household_id=other.pk, kind="food", urgency="normal", words="x", made_at=now,
                                   made_by="x", due_at=now)  # fmt: skip


def test_requests_stand_by_their_clock_and_say_who_has_them(world: World, browse: Browse) -> None:
    plain, emergency = asked(world), asked(world, "emergency")
    assert asked(world, "emergency").pk == emergency.pk, "pressed twice"
    desk = browse("community")
    page = desk.get("/residents/help/").content.decode()
    assert page.index(f"help-{emergency.pk}") < page.index(f"help-{plain.pk}") and "tel:19900000066" in page
    desk.post(f"/residents/help/{plain.pk}/take/")
    assert f"help-{plain.pk}" in desk.get("/residents/help/?list=mine").content.decode()
    with acting_as(system_actor("test")):
        HelpRequest.objects.filter(pk=emergency.pk).update(due_at=timezone.now() - timedelta(minutes=1))
    late = desk.get("/residents/help/?list=late").content.decode()
    assert f"help-{emergency.pk}" in late and f"help-{plain.pk}" not in late
    assert desk.post(f"/residents/help/{plain.pk}/finish/", {"outcome": ""}).status_code == 302
    desk.post(f"/residents/help/{plain.pk}/finish/", {"outcome": "奶粉已送到"})
    with acting_as(resident_actor(world.households["b1-101"])):
        assert HelpRequest.objects.get(pk=plain.pk).outcome == "奶粉已送到"
    assert browse("supervisor").post(f"/residents/help/{emergency.pk}/take/").status_code == 403
    assert desk.post(f"/residents/help/{emergency.pk}/nonsense/").status_code == 404


def test_a_request_moves_only_as_the_table_says(world: World) -> None:
    actor = world.actor("community")
    one = asked(world)
    with acting_as(actor):
        take_help(actor=actor, request_id=one.pk)
        with pytest.raises(ResidentProblemError, match="settled_already"):
            take_help(actor=actor, request_id=one.pk)
        give_back_help(actor=actor, request_id=one.pk)
        finish_help(actor=actor, request_id=one.pk, outcome="办好了")
        with pytest.raises(ResidentProblemError, match="settled_already"):
            give_back_help(actor=actor, request_id=one.pk)


def test_a_stairwell_prints_a_slip_for_each_household_and_only_the_paper_has_the_links(
    world: World, browse: Browse
) -> None:
    desk = browse("community")
    stairwell, building = world.places["b1u1"].pk, world.places["b1"].pk
    page = desk.get(reverse("residents:place", args=[building])).content.decode()
    assert "1单元" in page and "2单元" in page
    answer = desk.post(reverse("residents:slips", args=[stairwell]))
    assert answer.headers["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF")
    with acting_as(system_actor("test")):
        assert set(HouseholdInvite.objects.values_list("household_id", flat=True)) == {
            world.households["b1-101"].pk, world.households["b1-102"].pk,
        }  # fmt: skip
    assert desk.post(reverse("residents:slips", args=[world.places["w1u1"].pk])).status_code in (403, 404)
    codes = desk.post(reverse("residents:code_sheets", args=[stairwell]))
    assert codes.content.startswith(b"%PDF")


def test_one_slip_is_shown_once_cancelled_and_its_phones_are_out(world: World, browse: Browse) -> None:
    desk = browse("building_chief")
    home = world.households["b1-101"]
    page = desk.post(reverse("residents:household", args=[home.pk]), {"do": "make", "check": "no"}).content.decode()
    token = page.split('class="lf-large-code">')[1].split("<")[0]
    session = open_visit(token=token, address="", device="", secret="phone")
    assert token not in desk.get(reverse("residents:household", args=[home.pk])).content.decode()
    with acting_as(system_actor("test")):
        invite = HouseholdInvite.objects.get()
    desk.post(reverse("residents:change_invite", args=[invite.pk, "revoke"]), {"because": "丢了"})
    with acting_as(system_actor("test")):
        assert ResidentSession.objects.get(pk=session.pk).ended_because == "revoked"
    assert browse("community").post(reverse("residents:change_invite", args=[10**9, "unlock"])).status_code == 404


def test_the_register_pages_lead_to_slips_requests_and_rows(world: World, browse: Browse) -> None:
    sent(world, GivenRow(1, name="新人"))
    asked(world)
    home = world.households["b1-101"]
    page = browse("community").get(reverse("registry:household", args=[home.pk])).content.decode()
    assert reverse("residents:household", args=[home.pk]) in page and "奶粉两罐" in page
    building = browse("building_chief").get(reverse("registry:building", args=[world.places["b1"].pk])).content.decode()
    assert reverse("residents:place", args=[world.places["b1"].pk]) in building


def test_nobody_works_out_a_neighbours_sampling_code(world: World) -> None:
    code = person_code(123)
    assert read_own_code(code.lower()) == ("P", 123)
    with pytest.raises(RefusedError):
        read_own_code(code.replace("000123", "000124"))
    others = {person_code(number)[9:15] for number in range(200)}
    assert len(others) == 200, "the mark is each person's own"
    assert person_code(123)[9:15] != person_code(124)[9:15]


def test_a_request_by_telephone_is_noted_for_the_household_and_says_who_noted_it(world: World, browse: Browse) -> None:
    home = world.households["b1-101"]
    desk, page = browse("building_chief"), reverse("residents:household", args=[home.pk])
    empty = desk.post(page, {"do": "ask", "kind": "medicine", "urgency": "urgent", "words": ""})
    assert empty.status_code == 422
    desk.post(page, {"do": "ask", "kind": "medicine", "urgency": "urgent", "words": "胰岛素", "phone": "19900000031"})
    shown = browse("community").get("/residents/help/").content.decode()
    assert "胰岛素" in shown and "building_chief员" in shown
    with acting_as(system_actor("test")):
        assert HelpRequest.objects.get().household_id == home.pk


def test_the_commander_sees_an_emergency_first(world: World, browse: Browse) -> None:
    asked(world, "emergency")
    sent(world, GivenRow(1, name="新人"))
    page = browse("township").get("/command/").content.decode()
    assert "条紧急求助还没人接" in page and "条住户登记待核对" in page


def test_lists_ask_the_same_number_of_questions_however_long_they_are(world: World, browse: Browse) -> None:
    desk, counts = browse("community"), []
    for homes in (("b1-101",), ("b1-102", "b1-201", "b2-101")):
        for home in homes:
            asked(world, home=home)
            people = [GivenRow(number, name=f"新人{number}{home}") for number in range(1, 5)]
            sent(world, *people, home=home)
        counted = []
        for page in ("/residents/help/", "/residents/proposals/"):
            desk.get(page)
            with CaptureQueriesContext(connection) as captured:
                desk.get(page)
            counted.append(len(captured))
        counts.append(counted)
    assert counts[0] == counts[1]


def test_slips_say_where_phones_find_them(world: World, browse: Browse) -> None:
    page = reverse("residents:household", args=[world.households["b1-101"].pk])
    desk = browse("community")
    assert "http://testserver/r/" in desk.post(page, {"do": "make"}).content.decode()
    assert "LIANFANG_PHONE_ADDRESS" in desk.get(page, headers={"host": "127.0.0.1:8000"}).content.decode()
    with override_settings(PHONE_ADDRESS="https://lf.example.org"):
        shown = desk.post(page, {"do": "make"}).content.decode()
    assert "https://lf.example.org/r/" in shown and "LIANFANG_PHONE_ADDRESS" not in shown


def test_who_is_registered_already_is_not_registered_twice(world: World, browse: Browse) -> None:
    """A household whose numbers nobody has sends its people again, without having been shown them."""
    home, actor = world.households["b1-101"], resident_actor(world.households["b1-101"])
    with acting_as(system_actor("test")):
        Person.objects.filter(pk=world.people["陈建国"].pk).update(phone_sealed=None, special_needs=["dialysis"])
    given = [GivenRow(1, name="陈建国", phone="19900000011", special_needs=("no_phone",)), GivenRow(2, name="林秀英")]
    with acting_as(actor):
        made = send_pre_registration(actor=actor, household_id=home.pk, rows=given, was_checked=False)
        assert made is not None
        rows = list(made.rows.order_by("position"))
    assert [(one.what, one.fields) for one in rows] == [("change", ["phone", "special_needs"]), ("change", [])]
    browse("community").post("/residents/proposals/", {"do": "confirm", "row": [one.pk for one in rows]})
    changed = person(world, "陈建国")
    assert unseal(changed.phone_sealed) == "19900000011" and changed.special_needs == ["dialysis", "no_phone"]
    twice = [sent(world, GivenRow(1, name="周新"))[0].pk for _ in range(2)]
    answer = browse("community").post("/residents/proposals/", {"do": "confirm", "row": twice})
    assert answer.status_code == 422 and "同名" in answer.content.decode()
    with acting_as(system_actor("test")):
        assert Person.objects.filter(household_id=home.pk).count() == 4


def test_a_sheet_without_a_chinese_font_keeps_rooms_and_codes_apart() -> None:
    assert plain("江滨花园10号楼1单元101室") == "10-1-101" and plain("Flat 3") == "Flat 3" and plain("无") == ""
