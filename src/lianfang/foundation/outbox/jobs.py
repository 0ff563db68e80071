"""Background work that no domain owns: waiting events, and jobs whose worker died."""

from __future__ import annotations

import logging
import time

import procrastinate
from django.db import close_old_connections
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from lianfang.foundation.outbox.looks import look_everywhere
from lianfang.foundation.outbox.services import handle_waiting

log = logging.getLogger(__name__)
# A worker tells every 10 s that it lives; three silences and its jobs are given to another.
SILENT_SECONDS = 30
# A little longer than until the next one begins: two look at once without harm, and nothing waits in between.
LOOKS_SECONDS = 62


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="outbox.handle_events", pass_context=True)
def handle_events(context: procrastinate.JobContext, timestamp: int) -> None:
    """Handle what waits in the outbox, for a minute, looking every second: then the next one begins."""
    until, looks_at = time.monotonic() + LOOKS_SECONDS, 0.0
    while time.monotonic() < until and not context.should_abort():
        # A server that was restarted leaves a dead connection in this thread.
        close_old_connections()
        if time.monotonic() >= looks_at:
            look_everywhere()
            looks_at = time.monotonic() + 1
        if not handle_waiting():
            time.sleep(1)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="outbox.rescue_jobs", pass_context=True)
async def rescue_jobs(context: procrastinate.JobContext, timestamp: int) -> None:
    """Give the jobs of a worker that died to another. Jobs therefore bear being begun twice.

    Where its like waits already, that one takes its place: of jobs with one queueing lock, only one may wait.
    """
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
        try:
            await manager.retry_job(job)
        except UniqueViolation:
            log.warning("the worker of job %s died; its like waits already", job.id)
            await manager.finish_job(job, status=Status.FAILED, delete_job=False)
