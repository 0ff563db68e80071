"""What a guard's device carries, and what the server answers at once."""

from __future__ import annotations

import json
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lianfang.domains.gates.field.online import online_check
from lianfang.domains.gates.field.packages import forget_kept
from lianfang.domains.gates.services import PermitAsked, ask_permit, renew_place_code, withdraw_permit
from lianfang.domains.registry.models import Household, Person
from lianfang.engine.field.changes import ChangedFilter
from lianfang.engine.field.lookup import lookup_of
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.roles import Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.kinds import Question
from lianfang.foundation.devices.services import device_actor, lookup_key_of, package_content, package_etags
from tests.product.devices.world import enrolled
from tests.product.gates.conftest import Gates, decided
from tests.product.world import demo_identity

NAMES = ("gate", "gate_changes", "gate_people")


def carried(gates: Gates, name: str, moment: object = None) -> dict[str, object]:
    packed = package_content(device=gates.guard, name=name, moment=timezone.now())
    found: dict[str, object] = json.loads(packed.content)
    return found


def ask(gates: Gates, *bodies: dict[str, object]) -> list[dict[str, object]]:
    questions = [Question(device_actor(gates.guard), gates.guard, body) for body in bodies]
    with acting_as(system_actor("field")):
        return online_check(questions=questions, moment=timezone.now())


def permit_for(gates: Gates, name: str, **given: object) -> int:
    now = timezone.now()
    asked = PermitAsked("dialysis", "透析", now - timedelta(hours=1), now + timedelta(days=3), **given)  # type: ignore[arg-type]
    with acting_as(gates.world.actor("community")) as actor:
        return ask_permit(actor=actor, person_id=gates.world.people[name].pk, asked=asked).pk


def test_what_a_guard_carries_has_no_name_no_address_and_no_number(gates: Gates) -> None:
    for name in gates.world.people:
        decided(gates.world, name, "green")
    permit_for(gates, "陈建国")
    whole = json.dumps([carried(gates, name) for name in NAMES], ensure_ascii=False)
    with acting_as(system_actor("test")):
        secrets = {one.name for one in Person.objects.all()} | {one.address for one in Household.objects.all()}
    secrets |= {demo_identity(number) for number in range(1, 11)} | {f"1990000{number:04d}" for number in range(1, 11)}
    assert secrets and not [one for one in secrets if one in whole]
    assert "1单元" not in whole and "透析" not in whole


def test_people_of_the_place_are_carried_by_pseudonym_and_found_by_a_number(gates: Gates) -> None:
    decided(gates.world, "陈建国", "red")
    found = carried(gates, "gate_people")
    rows = [line.split(" ") for line in str(found["rows"]).split("\n")]
    with acting_as(system_actor("test")):
        here = Person.objects.filter(community_id=gates.world.places["east"].pk).count()
    assert len(rows) == here
    mine = next(row for row in rows if row[0] == gates.code("陈建国"))
    assert mine[1:5] == ["3", "-", "-", "-"]
    assert lookup_of(lookup_key_of(gates.guard), demo_identity(1)) in mine[5:]
    assert gates.code("郑海") not in str(found["rows"])


def test_another_device_carries_other_lookups(gates: Gates) -> None:
    other, _ = enrolled(gates.world, role=Role.GUARD)
    mine = {word for line in str(carried(gates, "gate_people")["rows"]).split("\n") for word in line.split(" ")[5:]}
    packed = package_content(device=other, name="gate_people", moment=timezone.now())
    theirs = {word for line in json.loads(packed.content)["rows"].split("\n") for word in line.split(" ")[5:]}
    assert mine and theirs and not mine & theirs


def test_an_unchanged_package_stays_the_same_and_a_changed_gate_makes_another(gates: Gates) -> None:
    now = timezone.now().replace(minute=1, second=0)
    before = package_content(device=gates.guard, name="gate", moment=now).etag
    forget_kept()
    people = package_content(device=gates.guard, name="gate_people", moment=now).etag
    assert package_content(device=gates.guard, name="gate", moment=now + timedelta(minutes=7)).etag == before
    assert package_content(device=gates.guard, name="gate_people", moment=now + timedelta(minutes=7)).etag == people
    with acting_as(gates.world.actor("community")) as actor:
        renew_place_code(actor=actor, gate_id=gates.compound.pk)
    assert package_content(device=gates.guard, name="gate", moment=now).etag != before
    assert set(package_etags(device=gates.guard, moment=now)) == set(NAMES)


def test_permits_are_carried_as_windows_and_gone_when_they_are_withdrawn(gates: Gates) -> None:
    pk = permit_for(gates, "陈建国", companions=1, gate_id=gates.compound.pk)
    [one] = carried(gates, "gate")["permits"]  # type: ignore[misc]
    assert one["pseudonym"] == gates.code("陈建国") and one["companions"] == 1 and one["gate"] == gates.compound.pk
    [[begins, ends]] = one["windows"]
    assert begins <= timezone.now().timestamp() < ends
    with acting_as(gates.world.actor("community")) as actor:
        withdraw_permit(actor=actor, permit_id=pk, because="已出院")
    assert carried(gates, "gate")["permits"] == []


def test_who_became_worse_is_in_the_filter_wherever_they_live(gates: Gates) -> None:
    decided(gates.world, "郑海", "red", since=timezone.now() - timedelta(minutes=5))
    decided(gates.world, "陈建国", "green", since=timezone.now() - timedelta(minutes=5))
    found = ChangedFilter.from_json(carried(gates, "gate_changes")["filter"])  # type: ignore[arg-type]
    assert found.has(bytes.fromhex(gates.code("郑海")))
    assert not found.has(bytes.fromhex(gates.code("陈建国")))


def test_the_server_answers_of_anybody_here_by_code_or_number_and_of_nobody_else(gates: Gates) -> None:
    decided(gates.world, "郑海", "red")
    permit_for(gates, "陈建国")
    far, typed, unknown, permitted, broken = ask(
        gates, {"pseudonym": gates.code("郑海")}, {"typed": demo_identity(9)}, {"pseudonym": "ab" * 16},
        {"pseudonym": gates.code("陈建国")}, {"code": ["not", "a", "text"], "typed": 7},
    )  # fmt: skip
    assert (far["pseudonym"], far["status"], far["is_live"]) == (gates.code("郑海"), "red", True)
    assert typed["pseudonym"] == gates.code("郑海")
    assert unknown["pseudonym"] is None and broken["pseudonym"] is None and "status" not in unknown
    assert len(permitted["permits"]) == 1  # type: ignore[arg-type]
    assert not set(far) & {"name", "address", "phone", "identity"}


def test_with_the_gate_and_what_was_measured_the_server_gives_the_whole_answer(gates: Gates) -> None:
    decided(gates.world, "陈建国", "red")
    decided(gates.world, "王丽华", "green")
    at = {"gate": gates.compound.pk, "temperature": 36.5}
    red, green, feverish = ask(
        gates,
        {"pseudonym": gates.code("陈建国"), **at},
        {"pseudonym": gates.code("王丽华"), **at},
        {"pseudonym": gates.code("王丽华"), **at, "temperature": 37.3},
    )
    assert [one["answer"]["answer"] for one in (red, green, feverish)] == ["stop", "pass", "second_look"]  # type: ignore[index]
    assert feverish["answer"]["reason"] == "fever"  # type: ignore[index]


def test_a_phone_of_a_family_names_nobody(gates: Gates) -> None:
    with acting_as(system_actor("test")):
        shared = Person.objects.get(pk=gates.world.people["陈建国"].pk).phone_index
        Person.objects.filter(pk=gates.world.people["林秀英"].pk).update(phone_index=shared)
    [told] = ask(gates, {"typed": "19900000001"})
    assert told["pseudonym"] is None


def test_questions_of_many_gates_share_three_queries(gates: Gates) -> None:
    bodies = [{"pseudonym": gates.code(name)} for name in gates.world.people] * 6
    with CaptureQueriesContext(connection) as asked:
        assert len(ask(gates, *bodies)) == 60
    real = [one["sql"] for one in asked if one["sql"].startswith(('SELECT "', "\nSELECT"))]
    assert len(real) <= 3, real
