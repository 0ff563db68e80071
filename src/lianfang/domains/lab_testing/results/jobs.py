"""Background work of results: reading and applying loads, and holds that ended. Each bears being begun twice."""

from __future__ import annotations

from collections.abc import Callable

from procrastinate.contrib.django import app

from lianfang.domains.lab_testing.models import ResultLoad
from lianfang.domains.lab_testing.results.services.holds import expire_holds
from lianfang.domains.lab_testing.results.services.loads import apply_load, fail_load, read_load
from lianfang.foundation.outbox.services import handle_waiting


@app.task(name="lab_testing.read_load")
def read_load_files(load_id: int) -> None:
    _or_fail(read_load, load_id)


@app.task(name="lab_testing.apply_load")
def apply_load_rows(load_id: int) -> None:
    _or_fail(apply_load, load_id)
    # Statuses follow at once, not with the next minute.
    while handle_waiting():
        pass


def _or_fail(do: Callable[[int], ResultLoad], load_id: int) -> None:
    """What nobody foresaw is shown on the load's page and raised on, into the log."""
    try:
        do(load_id)
    except Exception as error:
        fail_load(load_id, error)
        raise


@app.periodic(cron="* * * * *")
@app.task(name="lab_testing.expire_holds", queueing_lock="lab_testing.expire_holds", pass_context=False)
def expire_ended_holds(timestamp: int) -> None:
    """A hold has an end even where nobody re-tests: then it is shown, never silently over."""
    expire_holds()
