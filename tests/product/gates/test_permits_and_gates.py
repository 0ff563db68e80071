"""Gates and permits at the desk: who may, what is refused, when a permit lets somebody pass."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from lianfang.domains.gates.models import Permit
from lianfang.domains.gates.problems import GateProblemError
from lianfang.domains.gates.rules import asked_at
from lianfang.domains.gates.selectors import permit_state, permits_for
from lianfang.domains.gates.services import (
    Entered,
    GateSettings,
    PermitAsked,
    approve_permit,
    ask_permit,
    change_gate,
    enter_place,
    open_gate,
    refuse_permit,
    renew_place_code,
    shown_at,
    windows_of,
    withdraw_permit,
)
from lianfang.domains.policy.models import PackActivation
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.foundation.access.actor import NotAllowedError, system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.gates.conftest import Gates
from tests.product.world import World

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def wanted(*, lasts: timedelta = timedelta(days=1), **given: object) -> PermitAsked:
    now = timezone.now()
    usual: dict[str, object] = {"kind": "hospital", "reason": "产检", "starts_at": now, "ends_at": now + lasts}
    return PermitAsked(**(usual | given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": " "}, "name_needed"),
        ({"kind": "city"}, "kind_unknown"),
        ({"checks_in": False, "checks_out": False}, "direction_needed"),
        ({"fever_from": 50.0}, "fever_outside"),
        ({"fever_from": 37.5}, "basis_needed"),
        ({"negative_hours": 500}, "hours_outside"),
        ({"negative_hours": 24}, "basis_needed"),
        ({"asks_travel": True}, "basis_needed"),
        ({"opens": time(8)}, "both_hours"),
        ({"name": "南门"}, "name_taken"),
        ({"kind": "county"}, "place_kind"),
    ],
)
def test_a_gate_asks_nothing_that_cannot_be_or_that_nobody_said(
    gates: Gates, change: dict[str, object], code: str
) -> None:
    settings = GateSettings(**({"name": "北门"} | change))  # type: ignore[arg-type]
    with acting_as(gates.world.actor("community")) as actor, pytest.raises(GateProblemError) as refused:
        open_gate(actor=actor, place_id=gates.world.places["c1"].pk, settings=settings)
    assert refused.value.code == code


def test_nobody_opens_a_gate_at_somebody_elses_place_and_guards_open_none(gates: Gates) -> None:
    with acting_as(gates.world.actor("community")) as actor, pytest.raises(GateProblemError) as refused:
        open_gate(actor=actor, place_id=gates.world.places["west"].pk, settings=GateSettings(name="西门"))
    assert refused.value.code == "place_elsewhere"
    with acting_as(gates.world.actor("guard")) as actor, pytest.raises(NotAllowedError):
        change_gate(actor=actor, gate_id=gates.compound.pk, settings=GateSettings(name="北门"))


def test_what_a_gate_asks_names_its_source_and_what_is_not_verified(gates: Gates) -> None:
    rules = {one.kind: one for one in asked_at(gates.compound, timezone.now()).rules}
    assert set(rules) == {"temperature"}
    assert (rules["temperature"].said_by, rules["temperature"].grade, rules["temperature"].is_unverified) == (
        "usual", "C", True,
    )  # fmt: skip
    far = asked_at(gates.county, timezone.now())
    assert far.for_device()["unverified"] == ["temperature", "plate", "destination", "travel", "vaccination"]
    assert far.value("vaccination") == 2


def test_the_hours_of_a_negative_test_come_from_the_pack_in_force(gates: Gates) -> None:
    pack = packs_on_disk()["covid19/v9", 1]
    at = datetime(2022, 9, 1, tzinfo=UTC)
    with acting_as(system_actor("test")):
        PackActivation.objects.create(
            pack=pack.id, version=pack.version, digest=pack.digest, starts_at=at,
            place_id=gates.world.places["county"].pk,
            proposed_at=at, proposed_by="test", proposed_by_id=1, approved_at=at, approved_by="test", approved_by_id=2,
        )  # fmt: skip
    [rule] = [one for one in asked_at(gates.compound, at + timedelta(days=1)).rules if one.kind == "negative"]
    assert (rule.value, rule.said_by, rule.grade, rule.is_unverified) == (48, "pack", "B", True)
    with acting_as(gates.world.actor("community")) as actor:
        off = GateSettings(name="南门", negative_hours=0)
        changed = change_gate(actor=actor, gate_id=gates.compound.pk, settings=off)
    assert asked_at(changed, at + timedelta(days=1)).value("negative") is None


def test_the_community_gives_a_permit_at_once_and_what_others_ask_for_waits(world: World) -> None:
    person = world.people["陈建国"].pk
    with acting_as(world.actor("community")) as actor:
        given = ask_permit(actor=actor, person_id=person, asked=wanted())
        assert given.approved_by and permit_state(given, timezone.now()) == "in_force"
    with acting_as(world.actor("building_chief")) as actor:
        asked = ask_permit(actor=actor, person_id=person, asked=wanted(kind="dialysis"))
        assert permit_state(asked, timezone.now()) == "asked" and asked.rule == "care"
        with pytest.raises(NotAllowedError):
            approve_permit(actor=actor, permit_id=asked.pk)
    with acting_as(world.actor("community")) as actor:
        assert list(permits_for(actor, state="asked")) == [asked]
        approve_permit(actor=actor, permit_id=asked.pk)
        with pytest.raises(GateProblemError, match="settled_already"):
            refuse_permit(actor=actor, permit_id=asked.pk, because="晚了")


def test_a_refusal_needs_a_reason_and_the_household_reads_it(world: World) -> None:
    with acting_as(world.actor("resident")) as actor:
        asked = ask_permit(actor=actor, person_id=world.people["林秀英"].pk, asked=wanted())
        with pytest.raises(GateProblemError, match="person_elsewhere"):
            ask_permit(actor=actor, person_id=world.people["王丽华"].pk, asked=wanted())
    with acting_as(world.actor("community")) as actor:
        with pytest.raises(GateProblemError, match="reason_needed"):
            refuse_permit(actor=actor, permit_id=asked.pk, because=" ")
        refuse_permit(actor=actor, permit_id=asked.pk, because="请改到下午")
    with acting_as(world.actor("resident")) as actor:
        [seen] = permits_for(actor)
        assert seen.refused_because == "请改到下午" and permit_state(seen, timezone.now()) == "refused"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lasts": -timedelta(hours=1)}, "end_needed"),
        ({"lasts": timedelta(days=60)}, "too_long"),
        ({"reason": ""}, "reason_needed"),
        ({"kind": "walk"}, "permit_kind"),
        ({"weekdays": (9,)}, "weekday_unknown"),
        ({"companions": 9}, "companions_outside"),
        ({"gate_id": 999_999}, "gate_elsewhere"),
    ],
)
def test_a_permit_always_has_a_reason_a_window_and_an_end(world: World, change: dict[str, object], code: str) -> None:
    with acting_as(world.actor("community")) as actor, pytest.raises(GateProblemError) as refused:
        ask_permit(actor=actor, person_id=world.people["陈建国"].pk, asked=wanted(**change))
    assert refused.value.code == code


def permit(**given: object) -> Permit:
    usual: dict[str, object] = {
        "starts_at": NOW,
        "ends_at": NOW + timedelta(days=7),
        "approved_at": NOW,
        "weekdays": [],
    }
    return Permit(**(usual | given))


def local(*windows: tuple[datetime, datetime]) -> list[tuple[str, str]]:
    zone = timezone.get_default_timezone()
    return [(f"{begins.astimezone(zone):%a %H:%M}", f"{ends.astimezone(zone):%a %H:%M}") for begins, ends in windows]


def test_windows_follow_days_and_hours_and_are_cut_where_the_permit_ends() -> None:
    start = NOW - timedelta(days=1)
    assert local(*windows_of(permit(), start, NOW + timedelta(days=1))) == local((NOW, NOW + timedelta(days=1)))
    days = permit(weekdays=[1, 3, 5], from_time=time(8), until_time=time(12), starts_at=NOW - timedelta(days=3))
    week = windows_of(days, start, NOW + timedelta(days=5))
    assert local(*week) == [("Mon 08:00", "Mon 12:00"), ("Wed 08:00", "Wed 12:00"), ("Fri 08:00", "Fri 12:00")]
    night = permit(from_time=time(22), until_time=time(4), ends_at=NOW + timedelta(days=1))
    assert local(*windows_of(night, NOW, NOW + timedelta(days=9)))[0] == ("Mon 22:00", "Tue 04:00")
    assert windows_of(permit(approved_at=None), start, NOW + timedelta(days=9)) == []
    assert windows_of(permit(withdrawn_at=NOW), start, NOW + timedelta(days=9)) == []


def test_withdrawn_means_withdrawn_with_a_reason(world: World) -> None:
    with acting_as(world.actor("community")) as actor:
        given = ask_permit(actor=actor, person_id=world.people["陈建国"].pk, asked=wanted())
        with pytest.raises(GateProblemError, match="reason_needed"):
            withdraw_permit(actor=actor, permit_id=given.pk, because="")
        withdraw_permit(actor=actor, permit_id=given.pk, because="已痊愈")
        given.refresh_from_db()
        assert permit_state(given, timezone.now()) == "withdrawn"


def entered(text: str, at: datetime, **given: object) -> Entered:
    import uuid

    return Entered(uuid.uuid4(), text, at, at, **given)  # type: ignore[arg-type]


def test_a_fresh_place_code_proves_presence_and_a_forwarded_picture_does_not(gates: Gates) -> None:
    now = timezone.now()
    person = gates.world.people["陈建国"].pk
    with acting_as(gates.world.actor("community")) as actor:
        code = renew_place_code(actor=actor, gate_id=gates.compound.pk)
        text = shown_at(code, now)
        there = entered(text, now, person_id=person)
        found = enter_place(there)
        assert (found.presence, found.because, found.person_id) == ("verified", "", person)
        assert enter_place(there).pk == found.pk
        later = enter_place(entered(text, now + timedelta(minutes=10)))
        assert (later.presence, later.because) == ("seen", "stale")
        assert enter_place(entered(f"LFP:{code.code}", now)).because == "printed"
        assert enter_place(entered(text[:-1] + ("0" if text[-1] != "0" else "1"), now)).because == "forged"
        assert enter_place(entered(text, now, clock_is_doubtful=True)).because == "clock"
        renew_place_code(actor=actor, gate_id=gates.compound.pk)
        assert enter_place(entered(text, now + timedelta(seconds=20))).because == "ended"
        for text, reason in (("hello", "code_unreadable"), ("LFP:NOTHERE", "code_elsewhere")):
            with pytest.raises(GateProblemError, match=reason):
                enter_place(entered(text, now))


def test_a_device_brings_who_scanned_the_code_of_the_place(gates: Gates) -> None:
    with acting_as(gates.world.actor("community")) as actor:
        text = shown_at(renew_place_code(actor=actor, gate_id=gates.compound.pk), timezone.now())
    body = {"place_code": text, "pseudonym": gates.code("陈建国")}
    fresh, wrong = gates.bring(
        gates.sent(body, kind="place.entered"), gates.sent({"place_code": "?"}, kind="place.entered")
    )
    assert (fresh["state"], fresh["warnings"]) == ("accepted", [])
    assert (wrong["state"], wrong["code"]) == ("refused", "field_gate.refused.code_unreadable")
