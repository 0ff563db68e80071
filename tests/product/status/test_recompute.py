from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from lianfang.domains.lab_testing.models import Result, Sample, Tube
from lianfang.domains.policy.previews import preview_for
from lianfang.domains.policy.selectors import PackChangedError, pack_for
from lianfang.domains.policy.services import PolicyProblemError, approve_activation, propose_activation
from lianfang.domains.registry.models import Person
from lianfang.domains.status import recompute as recompute_module
from lianfang.domains.status.models import HealthStatus
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.recompute import decisions_at, recompute
from lianfang.domains.status.running_out import whose_end_has_come
from lianfang.domains.status.selectors import count_by_status, status_for
from lianfang.domains.status.services import (
    approve_order,
    give_emergency_override,
    propose_order,
    raise_objection,
    withdraw_order,
)
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from tests.product.world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def in_force(world: World) -> World:
    """The world with covid19/v9 in force in its township."""
    return put_in_force(world)


def put_in_force(world: World) -> World:
    with acting_as(system_actor("test")) as system:
        made = propose_activation(
            actor=world.actor("township"), pack="covid19/v9", version=1, place_id=world.places["township"].pk,
            starts_at=timezone.now(),
        )  # fmt: skip
        approve_activation(actor=world.actor("district"), activation=made, seen=preview_for(made).pk)  # type: ignore[union-attr]
        assert system.may
    return world


def swab(world: World, names: tuple[str, ...], code: str, *, hours_ago: float = 10, capacity: int = 10) -> Tube:
    with acting_as(system_actor("test")):
        first = world.people[names[0]]
        home = {key: getattr(first, key) for key in ("county_id", "township_id", "community_id", "building_id")}
        at = timezone.now() - hours_ago * HOUR
        tube = Tube.objects.create(**home, code=code, capacity=capacity, opened_at=at, opened_by="x")
        for name in names:
            person = world.people[name]
            Sample.objects.create(
                **home, tube=tube, person_id=person.pk, household_id=person.household_id, name=name, sampled_at=at,
                received_at=at, tube_community_id=person.community_id,
            )  # fmt: skip
    return tube


def result(tube: Tube, outcome: str, *, hours_ago: float = 1, laboratory: str = "甲") -> Result:
    with acting_as(system_actor("test")):
        at = timezone.now() - hours_ago * HOUR
        return Result.objects.create(
            county_id=tube.county_id, township_id=tube.township_id, community_id=tube.community_id, tube=tube,
            tube_code=tube.code, outcome=outcome, state="counted", tested_at=at, reported_at=at, received_at=at,
            laboratory=laboratory, content_key=f"{tube.code}{outcome}{laboratory}{hours_ago}".encode(),
        )  # fmt: skip


def status(world: World, name: str) -> HealthStatus:
    recompute([world.people[name].pk])
    with acting_as(world.actor("township")) as actor:
        found = status_for(actor, world.people[name].pk)
    assert found is not None
    return found


def test_without_a_fact_nobody_is_green_or_red(in_force: World) -> None:
    found = status(in_force, "陈建国")
    assert (found.status, found.rule, found.until_at) == ("unknown", "no_recent_result", None)


def test_a_negative_result_is_green_until_it_runs_out(in_force: World) -> None:
    result(swab(in_force, ("陈建国", "林秀英"), "T1"), "negative")
    found = status(in_force, "陈建国")
    assert found.status == "green" and found.reason == "negative_result"
    assert found.until_at is not None and found.until_at > timezone.now()
    assert found.evidence and found.evidence[0][0] == "result"


def test_a_positive_pool_makes_everybody_in_it_yellow_with_reason_end_and_appeal(in_force: World) -> None:
    result(swab(in_force, ("陈建国", "林秀英"), "T1"), "positive")
    for name in ("陈建国", "林秀英"):
        found = status(in_force, name)
        assert (found.status, found.reason) == ("yellow", "positive_pool_hold")
        assert found.until_at and found.appeal and found.evidence and found.next_step


def test_a_single_positive_is_red_and_an_emergency_outranks_it(in_force: World) -> None:
    result(swab(in_force, ("陈建国",), "T1", capacity=1), "positive")
    assert status(in_force, "陈建国").status == "red"
    with acting_as(in_force.actor("building_chief")) as chief:
        give_emergency_override(actor=chief, person_id=in_force.people["陈建国"].pk, reason="临产")
    found = status(in_force, "陈建国")
    assert found.status == "red" and found.is_emergency and found.emergency_until_at is not None


def test_an_unchanged_decision_leaves_its_row_alone(in_force: World) -> None:
    first = status(in_force, "陈建国")
    run = recompute([in_force.people["陈建国"].pk])
    assert (run.decided, run.changed) == (1, 0)
    with acting_as(system_actor("test")):
        assert HealthStatus.objects.get(pk=first.pk).as_of == first.as_of


def test_the_past_is_decided_with_what_was_known_then(in_force: World) -> None:
    tube = swab(in_force, ("陈建国",), "T1", capacity=1)
    result(tube, "positive", hours_ago=0)
    person = in_force.people["陈建国"].pk
    with acting_as(system_actor("test")):
        Person.objects.filter(pk=person).update(created_at=timezone.now() - 5 * HOUR)
    now = decisions_at([person], timezone.now() + timedelta(seconds=1))[person]
    assert now["status"] == "red"


def test_whose_time_is_over_is_found_and_decided_again(in_force: World) -> None:
    result(swab(in_force, ("陈建国",), "T1", hours_ago=1, capacity=1), "negative", hours_ago=0.5)
    found = status(in_force, "陈建国")
    with acting_as(system_actor("test")):
        HealthStatus.objects.filter(pk=found.pk).update(until_at=timezone.now() - HOUR)
    assert whose_end_has_come() == [in_force.people["陈建国"].pk]
    recompute(whose_end_has_come())
    assert whose_end_has_come() == []


def test_where_no_pack_is_in_force_nothing_is_decided(world: World) -> None:
    run = recompute([world.people["陈建国"].pk])
    assert (run.decided, run.without_pack) == (0, 1)
    with acting_as(world.actor("township")) as actor:
        assert count_by_status(actor) == {"green": 0, "yellow": 0, "red": 0, "unknown": 10}


def test_nobody_approves_what_they_proposed(world: World) -> None:
    with acting_as(world.actor("township")) as township:
        made = propose_activation(
            actor=township, pack="covid19/v9", version=1, place_id=world.places["township"].pk,
            starts_at=timezone.now(),
        )  # fmt: skip
        with pytest.raises(PolicyProblemError, match="own_proposal"):
            approve_activation(actor=township, activation=made)
    assert pack_for(world.places["east"], timezone.now()) is None


def test_a_pack_whose_files_changed_after_approval_does_not_run(in_force: World) -> None:
    from lianfang.domains.policy.models import PackActivation

    PackActivation.objects.update(digest="0" * 64)
    with pytest.raises(PackChangedError):
        recompute([in_force.people["陈建国"].pk])


def test_an_order_needs_a_reason_evidence_an_end_and_a_second_person(in_force: World) -> None:
    person = in_force.people["陈建国"].pk
    whole = {
        "person_id": person, "rule": "home_monitoring_order", "reason": "密接解除隔离后", "evidence": "流调 12 号",
        "starts_at": timezone.now(), "ends_at": timezone.now() + 48 * HOUR,
    }  # fmt: skip
    with acting_as(in_force.actor("community")) as community:
        for field in ("reason", "evidence"):
            with pytest.raises(StatusProblemError, match=f"{field}_needed"):
                propose_order(actor=community, **{**whole, field: " "})
        with pytest.raises(StatusProblemError, match="end_needed"):
            propose_order(actor=community, **{**whole, "ends_at": timezone.now() - HOUR})
        with pytest.raises(StatusProblemError, match="rule_unknown"):
            propose_order(actor=community, **{**whole, "rule": "negative_result"})
        order = propose_order(actor=community, **whole)
        assert status(in_force, "陈建国").status == "unknown"
        with pytest.raises(StatusProblemError, match="second_person_needed"):
            approve_order(actor=community, order=order)
    with acting_as(in_force.actor("township")) as township:
        approve_order(actor=township, order=order)
    assert status(in_force, "陈建国").status == "yellow"
    with acting_as(in_force.actor("community")) as community:
        withdraw_order(actor=community, order=order, because="弄错人")
    assert status(in_force, "陈建国").status == "unknown"


def test_a_resident_objects_for_the_own_household_only(in_force: World) -> None:
    with acting_as(in_force.actor("resident")) as resident:
        made = raise_objection(actor=resident, person_id=in_force.people["林秀英"].pk, text="做了 11 天核酸还是黄码")
        with pytest.raises(StatusProblemError, match="person_elsewhere"):
            raise_objection(actor=resident, person_id=in_force.people["周志强"].pk, text="别人的")
    assert made.answered_at is None


def test_a_run_that_restricts_many_at_once_raises_an_alarm(in_force: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lianfang.domains.status.recompute.BULK", 2)
    result(swab(in_force, ("陈建国", "林秀英"), "T1"), "positive")
    run = recompute([in_force.people[name].pk for name in ("陈建国", "林秀英")])
    assert run.restricted == 2
    assert Entry.objects.filter(action="status.bulk_alarm").count() == 1


def test_a_result_that_was_taken_back_decides_nothing(in_force: World) -> None:
    told = result(swab(in_force, ("陈建国",), "S1", capacity=1), "negative")
    assert status(in_force, "陈建国").status == "green"
    with acting_as(system_actor("test")):
        Result.objects.filter(pk=told.pk).update(withdrawn_at=timezone.now())
    assert status(in_force, "陈建国").status == "unknown"


def test_many_people_are_decided_and_written_as_each_of_them_alone(in_force: World) -> None:
    names = list(in_force.people)
    result(swab(in_force, tuple(names[:4]), "P1"), "positive")
    everybody = [person.pk for person in in_force.people.values()]
    compared = ("status", "rule", "reason", "params", "since_at", "until_at", "ends_when", "evidence", "other_reasons")
    recompute(everybody)
    with acting_as(system_actor("test")):
        together = dict(zip(everybody, _written(everybody, compared), strict=True))
        HealthStatus.objects.all().delete()
    for pk in everybody:
        recompute([pk])
    with acting_as(system_actor("test")):
        assert dict(zip(everybody, _written(everybody, compared), strict=True)) == together


def _written(people: list[int], columns: tuple[str, ...]) -> list[tuple[object, ...]]:
    rows = {row[0]: row[1:] for row in HealthStatus.objects.values_list("person_id", *columns)}
    return [rows[pk] for pk in people]


def test_people_decided_ahead_in_small_parts_come_out_as_all_at_once(
    in_force: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = tuple(in_force.people)
    pool = swab(in_force, names[:2], "T-ahead-1")
    result(pool, "positive")
    result(swab(in_force, names[2:3], "T-ahead-2", capacity=1), "negative")
    everybody = [person.pk for person in in_force.people.values()]
    at = timezone.now()

    def decided() -> list[dict[str, object]]:
        with acting_as(system_actor("test")):
            rows = list(HealthStatus.objects.order_by("person_id").values())
            HealthStatus.objects.all().delete()
        return [{key: value for key, value in row.items() if key not in ("id", "run_number")} for row in rows]

    whole = recompute(everybody, as_of=at)
    at_once = decided()
    monkeypatch.setattr(recompute_module, "CHUNK", 1)
    in_parts = recompute(everybody, as_of=at)
    assert len(at_once) == len(everybody) > 3
    assert decided() == at_once
    assert (in_parts.decided, in_parts.changed) == (whole.decided, whole.changed) == (len(everybody), len(everybody))
