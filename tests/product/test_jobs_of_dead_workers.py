"""What a worker that died was at is done by another, also where its like waits already."""

from __future__ import annotations

import asyncio
import time

import pytest
from django.db import connection
from procrastinate import JobContext, PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.jobs import Job

from lianfang.foundation.devices.jobs import apply_waiting_items
from lianfang.foundation.outbox.jobs import rescue_jobs

pytestmark = pytest.mark.committed


def left_by_a_dead_worker(queueing_lock: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH dead AS (
                INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 minutes') RETURNING id
            )
            INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, status, worker_id)
            SELECT 'default', %s, %s, %s, 'doing', id FROM dead RETURNING id
            """,
            [apply_waiting_items.name, queueing_lock, queueing_lock],
        )
        return int(cursor.fetchone()[0])


def rescue() -> None:
    asyncio.run(_rescue())


async def _rescue() -> None:
    with app.replace_connector(PsycopgConnector(kwargs=connector_params())) as current:
        async with current.open_async():
            at_hand = Job(id=0, queue="default", lock=None, queueing_lock=None, task_name=rescue_jobs.name)
            context = JobContext(app=current, job=at_hand, start_timestamp=time.time(), abort_reason=lambda: None)
            await rescue_jobs.func(context, 0)


def states() -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, status::text FROM procrastinate_jobs")
        return dict(cursor.fetchall())


def test_the_job_of_a_dead_worker_waits_for_another() -> None:
    left = left_by_a_dead_worker("devices.apply_waiting")
    rescue()
    assert states() == {left: "todo"}


def test_where_its_like_waits_already_that_one_is_free_to_begin_and_other_jobs_are_rescued_too() -> None:
    left = left_by_a_dead_worker("devices.apply_waiting")
    waiting = apply_waiting_items.defer()
    other = left_by_a_dead_worker("something else")
    rescue()
    assert states() == {left: "failed", waiting: "todo", other: "todo"}
