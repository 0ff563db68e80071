"""Background work of statuses: ends that came, replays of proposed rules, the nightly check."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from lianfang.domains.status.beginnings import decide_what_came
from lianfang.domains.status.codes import rotate_keys
from lianfang.domains.status.full_check import check_everything
from lianfang.domains.status.previews import preview_activation
from lianfang.domains.status.runs import forget_idle_runs
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as

# Every swab and every result is a run; those that changed nothing are no record that anybody looks for later.
IDLE_RUNS_KEPT = timedelta(days=30)


@app.task(name="status.preview_proposal")
def preview_proposal(activation_id: int) -> None:
    """Begun twice, the second replays again and keeps the same."""
    preview_activation(activation_id)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="status.decide_ended")
def decide_ended(timestamp: int) -> None:
    """Every minute: ends that have come, and what begins by itself."""
    decide_what_came()


@app.periodic(cron="41 18 * * *")
@app.task(name="status.nightly_check", queueing_lock="status.nightly_check")
def nightly_check(timestamp: int) -> None:
    """Every night; the worker's clock is UTC."""
    check_everything()
    forget_idle_runs(timezone.now() - IDLE_RUNS_KEPT)


@app.periodic(cron="17 * * * *")
@app.task(name="status.rotate_proof_keys", queueing_lock="status.rotate_proof_keys")
def rotate_proof_keys(timestamp: int) -> None:
    """Every hour: the keys that sign residents' codes are there before they sign. Begun twice, it makes none twice."""
    with acting_as(system_actor("status codes")):
        rotate_keys(timezone.now())
