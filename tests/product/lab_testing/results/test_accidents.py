"""Two loads at one moment, and a worker that is killed in the middle: with real transactions."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from django.db import connections

from lianfang.domains.lab_testing.models import LoadState, ResultLoad
from lianfang.domains.lab_testing.results import services
from lianfang.domains.lab_testing.results.services import loads
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.lab_testing.night import Night
from tests.product.lab_testing.results.laboratory import filled_pool, holds, results_file, states

pytestmark = [pytest.mark.committed, pytest.mark.usefixtures("read_here")]
HELD = dict.fromkeys(("陈建国", "林秀英", "王丽华"), "held")


def approved(night: Night, path: Path) -> ResultLoad:
    actor = night.world.actor("township")
    with acting_as(actor):
        made = services.start_load(
            actor=actor, round_id=night.round.pk, kind="results", files=[(path.name, [path.read_bytes()])]
        )
    services.read_load(made.pk)
    with acting_as(actor):
        return services.approve_load(actor=actor, load_id=made.pk)


def test_two_loads_of_the_same_file_at_once_make_its_rows_once(night: Night, tmp_path: Path) -> None:
    filled_pool(night)
    path = results_file(tmp_path, [("T0001", "阳性"), ("T0404", "阴性")])
    both = [approved(night, path), approved(night, path)]
    start, errors = threading.Barrier(2), []

    def apply(load_id: int) -> None:
        try:
            start.wait()
            services.apply_load(load_id)
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=apply, args=(one.pk,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert states(night) == [("T0001", "positive", "counted"), ("T0404", "negative", "orphan")]
    assert holds(night) == HELD
    with acting_as(system_actor("test")):
        told = [one.summary["fates"] for one in ResultLoad.objects.order_by("id")]
    assert sorted(map(sorted, told)) == [["counted", "orphan"], ["known"]]


def test_one_load_applied_by_two_workers_is_applied_once(night: Night, tmp_path: Path) -> None:
    filled_pool(night)
    one = approved(night, results_file(tmp_path, [("T0001", "阳性")]))
    threads = [
        threading.Thread(target=lambda: (services.apply_load(one.pk), connections.close_all())) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(night) == [("T0001", "positive", "counted")]


def test_a_worker_killed_in_the_middle_leaves_nothing_and_the_job_runs_again(night: Night, tmp_path: Path) -> None:
    filled_pool(night)
    one = approved(night, results_file(tmp_path, [("T0001", "阳性")]))
    connections["default"].close()
    child = os.fork()
    if child == 0:
        apply_rows = loads._apply_rows

        def dies(load: ResultLoad) -> dict[str, object]:
            apply_rows(load)
            os.kill(os.getpid(), signal.SIGKILL)
            return {}

        loads._apply_rows = dies  # type: ignore[assignment]
        services.apply_load(one.pk)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with acting_as(system_actor("test")):
        found = ResultLoad.objects.get(pk=one.pk)
    assert (found.state, found.tries, found.applied_at) == (LoadState.APPLYING, 1, None)
    assert (states(night), holds(night)) == ([], {})
    assert services.apply_load(one.pk).state == LoadState.APPLIED
    assert holds(night) == HELD
