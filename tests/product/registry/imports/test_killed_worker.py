"""The worker is killed (SIGKILL) in the middle of writing: nothing or everything is there, and the page says which."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone

from lianfang.domains.registry.imports import steps
from lianfang.domains.registry.imports.files import folder
from lianfang.domains.registry.imports.tidying import tidy_imports
from lianfang.domains.registry.models import Import
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from tests.product.registry.factories import identity
from tests.product.registry.imports.rosters import imported, reads_here, roster, row  # noqa: F401
from tests.product.registry.imports.test_flow import everything
from tests.product.world import World, demo_identity

pytestmark = [pytest.mark.committed, pytest.mark.usefixtures("reads_here")]
SYSTEM = system_actor("test")
ROOT = Path(__file__).resolve().parents[4]
Browse = Callable[..., Client]
CONTENT = roster(
    [row("钱一", 身份证号=identity(1)), row("陈建国", 房号="101", 身份证号=demo_identity(1), 联系电话="13900000009")]
)


def _environment() -> dict[str, str]:
    given = connections["default"].settings_dict
    login, password, name = (quote(given[key], safe="") for key in ("USER", "PASSWORD", "NAME"))
    url = f"postgresql://{login}:{password}@/{name}?host={quote(given['HOST'])}"
    url += f"&port={given['PORT']}" if given["PORT"] else ""
    folder_of_keys = str(settings.ENVIRONMENT.folder)
    return {**os.environ, "DATABASE_URL": url, "DATABASE_OWNER_URL": url, "LIANFANG_FOLDER": folder_of_keys,
            "PYTHONPATH": str(ROOT)}  # fmt: skip


@contextmanager
def killed_at(batch: Import, step: str, where: str) -> Iterator[None]:
    """A worker at the step stands at the point and is killed at the end of the block."""
    words = [str(batch.pk), step, str(batch.turn), where]
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.product.registry.imports.dying_worker", *words],
        env=_environment(), stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"there\n"
        yield
    finally:
        worker.kill()
        assert worker.wait(30) == -signal.SIGKILL
        worker.communicate()


def _fell_silent(batch: Import) -> None:
    """As the page sees it once nothing was heard of the worker for long."""
    with acting_as(SYSTEM):
        Import.objects.filter(pk=batch.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=1))


def test_a_worker_killed_before_the_end_wrote_nothing_and_the_page_says_so(world: World, browse: Browse) -> None:
    clerk = world.actor("community")
    batch = imported(clerk, CONTENT)
    before = everything()
    asked = steps.request_step(actor=clerk, import_id=batch.pk, step="apply")
    with killed_at(asked, "apply", "before_commit"):
        assert everything() == before
    assert everything() == before
    _fell_silent(batch)
    page = browse("community").get(f"/registry/imports/{batch.pk}/").content.decode()
    assert "一个人也没有写入" in page
    again = steps.request_step(actor=clerk, import_id=batch.pk, step="apply")
    # Waits for what the dead worker held until the database has noticed.
    steps.do_step(import_id=batch.pk, step="apply", turn=again.turn)
    after = everything()
    assert [one["name"] for one in after["people"] if one["name"] == "钱一"] == ["钱一"]
    assert "已写入：新增 1 人" in browse("community").get(f"/registry/imports/{batch.pk}/").content.decode()


def test_a_worker_killed_after_the_end_wrote_everything_and_the_page_says_so(world: World, browse: Browse) -> None:
    clerk = world.actor("community")
    batch = imported(clerk, CONTENT)
    asked = steps.request_step(actor=clerk, import_id=batch.pk, step="apply")
    with killed_at(asked, "apply", "after_commit"):
        pass
    names = [one["name"] for one in everything()["people"]]
    assert names.count("钱一") == names.count("陈建国") == 1
    assert "已写入：新增 1 人" in browse("community").get(f"/registry/imports/{batch.pk}/").content.decode()
    # The job is begun again by another worker and finds nothing to do.
    steps.do_step(import_id=batch.pk, step="apply", turn=asked.turn)
    assert [one["name"] for one in everything()["people"]] == names
    # The files that the dead worker was to remove are no longer readable, and go in the night.
    left = list(folder().iterdir())
    assert left
    for path in left:
        os.utime(path, (0, 0))
    assert tidy_imports().orphans == len(left)
    assert not list(folder().iterdir())


def test_a_worker_killed_while_undoing_took_nothing_back(world: World) -> None:
    clerk = world.actor("community")
    batch = imported(clerk, CONTENT)
    asked = steps.request_step(actor=clerk, import_id=batch.pk, step="apply")
    steps.do_step(import_id=batch.pk, step="apply", turn=asked.turn)
    applied = everything()
    asked = steps.request_step(actor=clerk, import_id=batch.pk, step="undo")
    with killed_at(asked, "undo", "before_undone"):
        assert everything() == applied
    assert everything() == applied
