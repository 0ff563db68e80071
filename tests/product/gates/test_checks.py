"""What guards' devices bring: kept once, whoever it was, and held against what the server knows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lianfang.domains.gates.models import Difference, GateCheck, GateEmergency
from lianfang.domains.gates.selectors import CheckFilter, checks_for, counts_by_gate, counts_by_hour
from lianfang.domains.gates.services import close_gate, review_emergency, settle_difference
from lianfang.domains.status.models import EmergencyOverride
from lianfang.domains.status.selectors import overrides_to_review
from lianfang.domains.status.services import review_override
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.roles import Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.privacy.numbers import unseal
from tests.product.devices.world import enrolled
from tests.product.gates.conftest import Gates, decided
from tests.product.world import demo_identity


def rows() -> list[GateCheck]:
    with acting_as(system_actor("test")):
        return list(GateCheck.objects.order_by("pk"))


def test_a_check_is_kept_with_what_was_measured_and_whose_code_it_was(gates: Gates) -> None:
    body = gates.body(temperature=36.5, plate="闽 a·12345", destination="江滨花园", companions=2, travel="clear")
    [told] = gates.bring(gates.sent(body))
    assert (told["state"], told["warnings"]) == ("accepted", [])
    [row] = rows()
    assert row.person_id == gates.world.people["陈建国"].pk and row.pseudonym == ""
    assert (float(row.temperature or 0), row.destination, row.companions, row.travel) == (36.5, "江滨花园", 2, "clear")
    assert unseal(row.plate_sealed) == "闽A12345"
    assert (row.device_name, row.holder) == ("3号岗", "李娜")


def test_a_check_that_is_brought_twice_counts_once(gates: Gates) -> None:
    once = gates.sent(gates.body())
    first = gates.bring(once)
    assert gates.bring(once) == first
    assert len(rows()) == 1


def test_many_checks_of_a_device_take_a_handful_of_statements(gates: Gates) -> None:
    from lianfang.domains.gates.field.applying import apply_many_checked
    from lianfang.foundation.devices.models import InboxItem
    from lianfang.foundation.devices.services import device_actor
    from lianfang.foundation.devices.services.applying import item_of
    from tests.product.devices.world import send

    def statements(count: int) -> int:
        send(gates.guard, [gates.sent(gates.body(plate=f"闽A{number:05d}")) for number in range(count)])
        with acting_as(system_actor("test")):
            items = [item_of(row, gates.guard) for row in InboxItem.objects.filter(state="waiting").order_by("seq")]
        with acting_as(device_actor(gates.guard)) as actor, CaptureQueriesContext(connection) as asked:
            apply_many_checked(actor=actor, items=items)
        return len(asked)

    few = statements(5)
    assert statements(200) == few
    assert few < 25


def test_a_correction_takes_a_check_back_without_rubbing_it_out(gates: Gates) -> None:
    wrong = gates.sent(gates.body())
    gates.bring(wrong)
    back = {
        "gate": gates.compound.pk,
        "direction": "in",
        "proof": "none",
        "corrects": wrong["id"],
        "reason": "taken_back",
    }
    [told] = gates.bring(gates.sent(back))
    assert told["state"] == "accepted"
    assert len(rows()) == 2
    with acting_as(gates.world.actor("community")) as actor:
        assert list(checks_for(actor)) == []
        assert counts_by_gate(actor, timezone.now() - timedelta(hours=1)) == {}


def test_a_correction_that_arrives_first_still_counts(gates: Gates) -> None:
    wrong = gates.sent(gates.body())
    back = {"gate": gates.compound.pk, "direction": "in", "proof": "none", "corrects": wrong["id"]}
    first = gates.sent(back)
    first["seq"], wrong["seq"] = wrong["seq"], first["seq"]
    gates.bring(first)
    gates.bring(wrong)
    assert len(rows()) == 2
    with acting_as(gates.world.actor("community")) as actor:
        assert list(checks_for(actor)) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"gate": None}, "field_gate.refused.no_gate"),
        ({"gate": 999_999}, "field_gate.refused.gate_elsewhere"),
        ({"direction": "up"}, "field_gate.refused.unreadable"),
        ({"answer": "perhaps"}, "field_gate.refused.unreadable"),
    ],
)
def test_what_does_not_say_what_was_checked_where_waits_for_somebody(
    gates: Gates, change: dict[str, object], code: str
) -> None:
    [told] = gates.bring(gates.sent(gates.body() | change))
    assert (told["state"], told["code"]) == ("refused", code)
    assert rows() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 99}, {"temperature": True}, {"companions": -3}, {"plate": 7}, {"packages_at": "soon"},
        {"vaccine_doses": "two"}, {"destination": None},
    ],
)  # fmt: skip
def test_a_measure_that_cannot_be_is_left_out_and_the_check_kept(gates: Gates, wrong: dict[str, object]) -> None:
    [told] = gates.bring(gates.sent(gates.body() | wrong))
    assert told["state"] == "accepted"
    [row] = rows()
    assert row.temperature is None and row.plate_sealed is None and row.companions == 0


def test_the_guard_of_another_place_has_no_say_at_this_gate(gates: Gates) -> None:
    [told] = gates.bring(gates.sent(gates.body(gate=gates.county)))
    assert told["code"] == "field_gate.refused.gate_elsewhere"


def test_a_building_chief_checks_at_the_gate_of_the_own_buildings(gates: Gates) -> None:
    chief, _ = enrolled(gates.world, role=Role.BUILDING_CHIEF, place="b1")
    far = gates.sent(gates.body(gate=gates.county), device=chief)
    mine = gates.sent(gates.body(), device=chief)
    refused, accepted = gates.bring(far, mine, device=chief)
    assert (refused["state"], accepted["state"]) == ("refused", "accepted")


def test_a_check_at_a_gate_closed_meanwhile_is_kept_with_a_warning(gates: Gates) -> None:
    with acting_as(gates.world.actor("community")) as actor:
        close_gate(actor=actor, gate_id=gates.compound.pk)
    [told] = gates.bring(gates.sent(gates.body(), at=timezone.now() + timedelta(seconds=5)))
    assert told["state"] == "accepted" and "field_gate.warning.gate_closed" in told["warnings"]


def test_an_unknown_code_is_kept_as_it_was_and_accuses_nobody(gates: Gates) -> None:
    [told] = gates.bring(gates.sent(gates.body(pseudonym="ab" * 16, answer="second_look", reason="code_unknown_key")))
    assert told["warnings"] == ["field_gate.warning.who_unknown"]
    [row] = rows()
    assert (row.person_id, row.pseudonym) == (None, "ab" * 16)


def test_a_typed_number_finds_the_person_and_is_not_kept(gates: Gates) -> None:
    number = demo_identity(1)
    body = gates.body(proof="lookup", typed=number)
    del body["pseudonym"]
    gates.bring(gates.sent(body))
    [row] = rows()
    assert row.person_id == gates.world.people["陈建国"].pk
    assert number not in str(list(GateCheck.objects.values().using("default"))) and row.pseudonym == ""


def test_somebody_from_another_community_is_traced_without_a_name_for_those_who_may_not_read_it(gates: Gates) -> None:
    gates.bring(gates.sent(gates.body("郑海")))
    with acting_as(gates.world.actor("community")) as actor:
        from lianfang.domains.gates.pages import checks_shown

        [shown] = checks_shown(actor, list(checks_for(actor)))
        assert shown.person is None and shown.row.person_id == gates.world.people["郑海"].pk
    with acting_as(gates.world.actor("township")) as actor:
        [shown] = checks_shown(actor, list(checks_for(actor)))
        assert shown.who == "郑海"


def test_let_through_by_the_device_and_red_for_the_server_is_listed_to_follow_up(gates: Gates) -> None:
    decided(gates.world, "陈建国", "red", since=timezone.now() - timedelta(hours=1))
    [told] = gates.bring(gates.sent(gates.body()))
    assert told["state"] == "accepted" and told["warnings"] == ["field_gate.warning.differed"]
    with acting_as(gates.world.actor("community")) as actor:
        [found] = Difference.objects.visible_to(actor)
        assert (found.kind, found.status) == ("passed_red", "red")
        settle_difference(actor=actor, difference_id=found.pk, note="已电话联系")
        found.refresh_from_db()
        assert found.settled_by and found.note == "已电话联系"


@pytest.mark.parametrize(
    ("status", "given", "kind"),
    [
        ("green", {"answer": "stop", "reason": "status_red"}, "stopped_green"),
        ("green", {"answer": "stop", "reason": "negative_too_old"}, ""),
        ("green", {}, ""),
        ("yellow", {}, ""),
        ("red", {"answer": "second_look", "reason": "fever"}, ""),
        ("red", {"answer": "stop", "reason": "status_red"}, ""),
    ],
)
def test_only_what_the_server_would_have_answered_otherwise_is_a_difference(
    gates: Gates, status: str, given: dict[str, str], kind: str
) -> None:
    decided(gates.world, "陈建国", status)
    gates.bring(gates.sent(gates.body() | given))
    with acting_as(system_actor("test")):
        assert [one.kind for one in Difference.objects.all()] == ([kind] if kind else [])


def test_an_emergency_opens_gives_the_override_and_waits_for_a_review(gates: Gates) -> None:
    decided(gates.world, "陈建国", "red")
    body = {"gate": gates.compound.pk, "direction": "out", "words": "", "pseudonym": gates.code("陈建国")}
    first = gates.sent(body, kind="gate.emergency")
    [told] = gates.bring(first)
    assert told["state"] == "accepted"
    words = {"gate": gates.compound.pk, "direction": "out", "words": "临产", "about": first["id"]}
    gates.bring(gates.sent(words, kind="gate.emergency"))
    with acting_as(gates.world.actor("community")) as actor:
        [found] = GateEmergency.objects.visible_to(actor)
        assert found.words == "临产" and found.person_id == gates.world.people["陈建国"].pk
        override = EmergencyOverride.objects.get(pk=found.override_id)
        assert override.given_by == "李娜(3号岗)" and override.reviewed_at is None
        review_emergency(actor=actor, emergency_id=found.pk, note="送医及时")
        override.refresh_from_db()
        assert override.reviewed_at is not None and override.review_note == "送医及时"


def test_an_emergency_that_is_looked_at_on_the_status_page_waits_at_no_gate(gates: Gates) -> None:
    body = {"gate": gates.compound.pk, "direction": "out", "words": "临产", "pseudonym": gates.code("陈建国")}
    gates.bring(gates.sent(body, kind="gate.emergency"))
    with acting_as(gates.world.actor("community")) as actor:
        review_override(actor=actor, override=EmergencyOverride.objects.visible_to(actor).get(), note="送医及时")
        [found] = GateEmergency.objects.visible_to(actor)
    assert found.reviewed_at is not None
    assert (found.reviewed_by, found.review_note) == (actor.name, "送医及时")


def test_one_review_settles_the_passage_of_somebody_who_lives_elsewhere_too(gates: Gates) -> None:
    body = {"gate": gates.compound.pk, "direction": "in", "words": "高烧", "pseudonym": gates.code("郑海")}
    gates.bring(gates.sent(body, kind="gate.emergency"))
    with acting_as(gates.world.actor("community")) as actor:
        [found] = GateEmergency.objects.visible_to(actor)
        # The community of the gate reads no status of theirs.
        assert not EmergencyOverride.objects.visible_to(actor).exists()
        review_emergency(actor=actor, emergency_id=found.pk, note="已送医")
    with acting_as(gates.world.actor("township")) as at_home:
        assert not overrides_to_review(at_home).exists()
        settled = EmergencyOverride.objects.visible_to(at_home).get()
        assert (settled.reviewed_by, settled.review_note) == (actor.name, "已送医")


def test_an_emergency_of_somebody_unknown_is_kept_and_one_of_yesterday_gives_no_override(gates: Gates) -> None:
    body = {"gate": gates.compound.pk, "direction": "out", "words": "车祸"}
    long_ago = gates.body() | {"words": "", "pseudonym": gates.code("王丽华")}
    gates.bring(
        gates.sent(body, kind="gate.emergency"),
        gates.sent(long_ago, kind="gate.emergency", at=timezone.now() - timedelta(hours=30)),
    )
    with acting_as(system_actor("test")):
        assert [(one.person_id is None, one.override_id) for one in GateEmergency.objects.order_by("pk")] == [
            (True, None),
            (False, None),
        ]


def test_counts_per_hour_and_direction_add_up(gates: Gates) -> None:
    now = timezone.now().replace(minute=30, second=0, microsecond=0)
    at = [now - timedelta(hours=hours) for hours in (0, 0, 1, 30)]
    ways = ("in", "out", "in", "in")
    gates.bring(*[gates.sent(gates.body(direction=way), at=moment) for way, moment in zip(ways, at, strict=True)])
    gates.bring(gates.sent(gates.body(answer="stop", reason="status_red"), at=now))
    with acting_as(gates.world.actor("community")) as actor:
        hours = counts_by_hour(actor, gate_id=gates.compound.pk, now=now)
        assert len(hours) == 24
        assert (hours[-1].into, hours[-1].out, hours[-1].stopped, hours[-2].into) == (2, 1, 1, 1)
        assert sum(one.into + one.out for one in hours) == 4


def test_who_passed_the_county_gate_with_which_plate_and_where_to_is_found_again(gates: Gates) -> None:
    body = gates.body("郑海", gate=gates.county, plate="闽AD12345", destination="东湖社区")
    gates.bring(gates.sent(body, device=gates.far_guard), device=gates.far_guard)
    with acting_as(gates.world.actor("township")) as actor:
        [found] = checks_for(actor, CheckFilter(plate="闽a·d12345", destination="东湖"))
        assert found.person_id == gates.world.people["郑海"].pk
        assert not checks_for(actor, CheckFilter(plate="闽AD12346")).exists()
    with acting_as(gates.world.actor("community")) as actor:
        assert not checks_for(actor).exists()
