"""Background work that no domain owns: waiting events, and jobs whose worker died."""

from __future__ import annotations

import procrastinate
from procrastinate.contrib.django import app

from lianfang.foundation.outbox.services import handle_waiting

# A worker tells every 10 s that it lives; three silences and its jobs are given to another.
SILENT_SECONDS = 30


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="outbox.handle_waiting", pass_context=False)
def handle_events(timestamp: int) -> None:
    """Handle what waits in the outbox, until nothing does."""
    while handle_waiting():
        pass


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="outbox.rescue_jobs", pass_context=True)
async def rescue_jobs(context: procrastinate.JobContext, timestamp: int) -> None:
    """Give the jobs of a worker that died to another. Jobs therefore bear being begun twice."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
        await manager.retry_job(job)
