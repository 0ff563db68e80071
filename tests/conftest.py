"""Every test: no network but loopback (pytest-socket, see pyproject), one fixed day, one seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import time_machine
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler.loadfile import LoadFileScheduling

settings.register_profile(
    "lianfang", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("lianfang")


@pytest.fixture(autouse=True)
def fixed_day() -> Iterator[None]:
    """The clock ticks on from 2022-08-30 03:10, so that waiting for a process still ends."""
    with time_machine.travel(datetime(2022, 8, 30, 3, 10, tzinfo=UTC), tick=True):
        yield


@pytest.fixture(autouse=True)
def seeded() -> None:
    random.seed(20220830)


# What runs together in one process: a file, or all files of these folders, which share what is slow to start.
TOGETHER = ("tests/journeys", "tests/engine/backends/on_spark")
# Of these each test by itself: none needs what another made.
APART = ("tests/product/crawl/test_bad_input_everywhere.py",)
# Begun first, in this order: a long file that is begun last keeps one process at work and all others waiting.
LONG = (
    "tests/journeys",
    "tests/product/crawl/test_bad_input_everywhere.py",
    "tests/config/serving/test_serve.py",
    "tests/engine/backends/on_spark",
    "tests/engine/linkage/test_linking.py",
    "tests/engine/rounds/test_nobody_disappears.py",
    "tests/engine/reconciliation/test_no_result_is_lost.py",
    "tests/engine/linkage/test_roster_namesakes.py",
    "tests/product/registry/imports/test_rosters_of_the_demo.py",
    "tests/config/test_dialogue.py",
    "tests/product/lab_testing/test_counts_add_up.py",
    "tests/product/registry/test_search.py",
    "tests/product/registry/imports/test_killed_worker.py",
    "tests/product/access/test_every_url.py",
    "tests/config/serving/test_backup_and_restore.py",
    "tests/config/embedded/test_launcher.py",
    "tests/product/lab_testing/results/test_demo_night.py",
    "tests/config/test_reconcile_command.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """With ``--dist loadfile``: by file, as always, but for ``TOGETHER`` and ``APART``; and ``LONG`` first."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler.loadfile import LoadFileScheduling

    class LongFirst(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            if file in APART:
                return nodeid
            return next((folder for folder in TOGETHER if file.startswith(f"{folder}/")), file)

        def _assign_work_unit(self, node: object) -> None:
            waiting = [scope for long in LONG for scope in self.workqueue if scope.partition("::")[0] == long]
            if waiting:
                self.workqueue.move_to_end(waiting[0], last=False)
            super()._assign_work_unit(node)

    return LongFirst(config, log)
