"""A run that would worsen too many stops; people approve, reject, undo; emergencies and own positives never wait."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from lianfang.domains.lab_testing.models import Result
from lianfang.domains.status import events
from lianfang.domains.status.full_check import check_everything
from lianfang.domains.status.gating import Before, is_worse_than
from lianfang.domains.status.limits import WorseningLimit
from lianfang.domains.status.models import HealthStatus, RunState, StatusRun, WithheldDecision
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.recompute import Run, recompute
from lianfang.domains.status.running_out import whose_end_has_come
from lianfang.domains.status.runs import approve_run, forget_idle_runs, reject_run, undo_run
from lianfang.domains.status.services import give_emergency_override
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.outbox.models import Event
from tests.product.status.test_recompute import HOUR, in_force, result, swab
from tests.product.world import World

Browse = Callable[..., Client]
__all__ = ["in_force"]
POOL = ("陈建国", "林秀英", "王丽华", "郑海")


@pytest.fixture
def tight(in_force: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A township in which a run may worsen two people."""
    limit = WorseningLimit(people=2, share=1.0, always=1)
    monkeypatch.setattr(settings, "STATUS_WORSENING_LIMIT", limit, raising=False)
    return in_force


def decide(world: World, *names: str, why: str = "results", caused_by: str | None = None) -> Run:
    caused = () if caused_by is None else (world.accounts[caused_by].pk,)
    return recompute([world.people[name].pk for name in names or world.people], why=why, caused_by=caused)


def colours(world: World) -> dict[str, str]:
    with acting_as(system_actor("test")):
        found = dict(HealthStatus.objects.values_list("person_id", "status"))
    return {name: found[person.pk] for name, person in world.people.items() if person.pk in found}


def only_run(**wanted: object) -> StatusRun:
    with acting_as(system_actor("test")):
        return StatusRun.objects.get(**wanted)


def test_a_run_that_would_worsen_too_many_leaves_them_as_they_were_and_waits(tight: World) -> None:
    decide(tight)
    result(swab(tight, POOL, "P1"), "positive")
    result(swab(tight, ("赵大勇",), "N1", capacity=1), "negative")
    result(swab(tight, ("孙梅",), "S1", capacity=1), "positive")
    done = decide(tight)
    assert (done.worsened, done.withheld) == (5, 4)
    now = colours(tight)
    assert [now[name] for name in POOL] == ["unknown"] * 4
    assert now["赵大勇"] == "green", "an improvement never waits"
    assert now["孙梅"] == "red", "an own positive never waits"
    run = only_run(state=RunState.WAITING)
    assert (run.why, run.decided, run.improved, run.worsened, run.withheld, run.limit) == ("results", 10, 1, 5, 4, 2)
    assert run.packs == ["covid19/v9 1"] and run.community_id == 0
    with acting_as(system_actor("test")):
        assert Event.objects.filter(name__in=(events.RUN_STOPPED, events.BULK_ALARM)).count() == 2
        assert Entry.objects.filter(action="status.stop_run").count() == 1
    # Nobody slips through one by one, either.
    assert decide(tight, "陈建国").withheld == 1
    assert colours(tight)["陈建国"] == "unknown"


def test_what_is_withheld_never_keeps_an_emergency_waiting(tight: World) -> None:
    result(swab(tight, POOL, "P1"), "positive")
    decide(tight)
    assert "陈建国" not in colours(tight)
    with acting_as(tight.actor("guard")) as guard:
        give_emergency_override(actor=guard, person_id=tight.people["陈建国"].pk, reason="临产")
    with acting_as(system_actor("test")):
        assert HealthStatus.objects.get(person_id=tight.people["陈建国"].pk).is_emergency


def test_a_second_person_approves_and_the_facts_of_now_decide(tight: World) -> None:
    told = result(swab(tight, POOL, "P1"), "positive")
    decide(tight, caused_by="township")
    run = only_run(state=RunState.WAITING)
    with acting_as(tight.actor("township")) as township:
        with pytest.raises(StatusProblemError, match="run_second_person_needed"):
            approve_run(actor=township, run_id=run.pk, because="看过了")
        with pytest.raises(StatusProblemError, match="reason_needed"):
            reject_run(actor=township, run_id=run.pk, because=" ")
    with acting_as(system_actor("test")):
        # One of them was tested singly in the meantime.
        result(swab(tight, ("郑海",), "S1", hours_ago=0.5, capacity=1), "negative", hours_ago=0.2)
    with acting_as(tight.actor("district")) as district:
        approve_run(actor=district, run_id=run.pk, because="甲实验室确认两管")
    now = colours(tight)
    assert [now[name] for name in POOL] == ["yellow", "yellow", "yellow", "green"]
    assert only_run(why="approved").worsened == 3
    assert told.outcome == "positive" and only_run(pk=run.pk).settled_by == "district员"
    with acting_as(tight.actor("district")) as district, pytest.raises(StatusProblemError, match="settled_already"):
        approve_run(actor=district, run_id=run.pk, because="再来一次")


def test_a_rejected_run_holds_its_people_until_something_new_is_known(tight: World) -> None:
    result(swab(tight, POOL, "P1"), "positive")
    decide(tight)
    with acting_as(tight.actor("township")) as township:
        reject_run(actor=township, run_id=only_run(state=RunState.WAITING).pk, because="管号串了，已退实验室")
    assert decide(tight).withheld == 4 and "陈建国" not in colours(tight)
    result(swab(tight, ("陈建国", "林秀英"), "P2", hours_ago=2), "positive", hours_ago=0.5)
    decide(tight)
    assert colours(tight)["陈建国"] == "yellow", "a new fact is decided as usual"
    assert "王丽华" not in colours(tight)


def test_undoing_a_run_brings_the_decisions_before_it_back_and_they_stay(in_force: World) -> None:
    for name in ("陈建国", "林秀英"):
        result(swab(in_force, (name,), f"N{name}", hours_ago=20, capacity=1), "negative", hours_ago=15)
    decide(in_force)
    result(swab(in_force, POOL, "P1"), "positive")
    result(swab(in_force, ("孙梅",), "S1", capacity=1), "positive")
    decide(in_force)
    assert [colours(in_force)[name] for name in POOL] == ["yellow"] * 4
    with acting_as(system_actor("test")):
        number = HealthStatus.objects.get(person_id=in_force.people["陈建国"].pk).run_number
    with acting_as(in_force.actor("township")) as township:
        undo_run(actor=township, run_id=only_run(number=number).pk, because="实验室发错文件")
    now = colours(in_force)
    assert [now[name] for name in POOL] == ["green", "green", "unknown", "unknown"]
    assert now["孙梅"] == "red", "an own positive is taken back where the result is kept"
    # The next minute, the same facts: nothing comes back. History has all three.
    assert decide(in_force).withheld == 4 and colours(in_force) == now and whose_end_has_come() == []
    with acting_as(system_actor("test")):
        row = HealthStatus.objects.get(person_id=in_force.people["陈建国"].pk)
        assert list(row.events.order_by("pgh_id").values_list("status", flat=True)) == ["green", "yellow", "green"]
        held = WithheldDecision.objects.get(person_id=row.person_id)
        assert (held.from_status, held.to_status, held.evidence[0][0]) == ("green", "yellow", "result")
        # The laboratory takes the result back: nothing is withheld any more.
        Result.objects.filter(tube_code="P1").update(withdrawn_at=timezone.now())
    decide(in_force)
    with acting_as(system_actor("test")):
        assert set(WithheldDecision.objects.values_list("state", flat=True)) == {"overtaken"}


def test_an_undone_run_may_be_approved_after_all_by_somebody_else(in_force: World) -> None:
    result(swab(in_force, POOL, "P1"), "positive")
    number = decide(in_force).number
    run = only_run(number=number)
    with acting_as(in_force.actor("township")) as township:
        undo_run(actor=township, run_id=run.pk, because="先停")
        assert "陈建国" not in colours(in_force)
        with pytest.raises(StatusProblemError, match="run_second_person_needed"):
            approve_run(actor=township, run_id=run.pk, because="还是对的")
        with pytest.raises(StatusProblemError, match="settled_already"):
            undo_run(actor=township, run_id=run.pk, because="再撤")
    with acting_as(in_force.actor("district")) as district:
        approve_run(actor=district, run_id=run.pk, because="实验室确认无误")
    assert [colours(in_force)[name] for name in POOL] == ["yellow"] * 4


def test_what_is_worse_and_what_is_not() -> None:
    now = timezone.now()
    cases = [
        (None, "unknown", None, False),
        (None, "yellow", now, True),
        (Before("green", now + HOUR), "unknown", None, True),
        (Before("green", now - HOUR), "unknown", None, False),
        (Before("green", now - HOUR), "red", None, True),
        (Before("yellow", now + HOUR), "yellow", now + 2 * HOUR, True),
        (Before("yellow", now + HOUR), "yellow", now, False),
        (Before("yellow", now + HOUR), "yellow", None, True),
        (Before("red", None), "yellow", None, False),
        (Before("unknown", None), "green", now, False),
    ]
    for before, status, until, expected in cases:
        assert is_worse_than(before, status, until, now) is expected, (before, status, until)


def test_runs_that_changed_nothing_are_forgotten_and_the_others_kept(in_force: World) -> None:
    first, idle = decide(in_force), decide(in_force)
    assert (first.changed, idle.changed) == (10, 0)
    assert forget_idle_runs(timezone.now() - HOUR) == 0
    assert forget_idle_runs(timezone.now() + HOUR) == 1
    assert only_run(number=first.number).changed == 10


def test_the_limit_counts_who_lives_there() -> None:
    limit = WorseningLimit(people=500, share=0.05, always=100)
    assert [limit.for_residents(people) for people in (0, 1_000, 4_000, 60_000)] == [100, 100, 200, 500]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_of_a_stopped_run_shows_whom_by_place_and_reason_on_which_facts(
    tight: World, browse: Browse, language: str
) -> None:
    result(swab(tight, POOL, "P1"), "positive", laboratory="县疾控中心")
    decide(tight, caused_by="township")
    run = only_run(state=RunState.WAITING)
    client = browse("district", language)
    assert f"/status/runs/{run.pk}/" in client.get("/status/runs/").content.decode()
    page = client.get(f"/status/runs/{run.pk}/").content.decode()
    for words in ("东湖社区", "西湖社区", "县疾控中心", "P1", "陈建国", "approve"):
        assert words in page, words
    kept = client.post(f"/status/runs/{run.pk}/approve/", {"because": ""})
    assert kept.status_code == 422
    # Whoever caused it is told so, and has no button; a neighbour community does not find it.
    own = browse("township", language).get(f"/status/runs/{run.pk}/").content.decode()
    assert "/approve/" not in own
    assert browse("community", language).get(f"/status/runs/{run.pk}/").status_code == 404
    assert client.post(f"/status/runs/{run.pk}/approve/", {"because": "核对过"}).status_code == 302
    assert colours(tight)["陈建国"] == "yellow"
    person = client.get(f"/status/people/{tight.people['陈建国'].pk}/").content.decode()
    assert "P1" in person


def test_undoing_takes_back_all_that_restricts_nobody_and_never_restricts_anew(in_force: World) -> None:
    """A file of wrong negatives: who was unknown before is so again; who was freed from a hold stays free."""
    pool = ("陈建国", "林秀英")
    result(swab(in_force, pool, "P1", hours_ago=6), "positive", hours_ago=5)
    decide(in_force)
    for name in ("陈建国", "王丽华"):
        result(swab(in_force, (name,), f"S{name}", hours_ago=2, capacity=1), "negative")
    decide(in_force)
    assert [colours(in_force)[name] for name in ("陈建国", "林秀英", "王丽华")] == ["green", "yellow", "green"]
    run = only_run(improved=2)
    with acting_as(in_force.actor("township")) as township:
        undone = undo_run(actor=township, run_id=run.pk, because="实验室发错文件")
    now = colours(in_force)
    assert (undone.changed, undone.worsened) == (1, 1)
    assert now["王丽华"] == "unknown", "what it improved is taken back too"
    assert now["陈建国"] == "green", "a hold does not come back by undoing: only by facts"
    # The same facts do not bring it back; new ones decide; nobody undoes an undoing.
    assert decide(in_force).withheld == 1 and colours(in_force) == now
    assert check_everything(mend=False).is_equal
    with acting_as(in_force.actor("township")) as township, pytest.raises(StatusProblemError, match="settled_already"):
        undo_run(actor=township, run_id=undone.pk, because="再撤")
    result(swab(in_force, ("王丽华",), "S9", hours_ago=0.5, capacity=1), "negative", hours_ago=0.2)
    decide(in_force)
    assert colours(in_force)["王丽华"] == "green"
