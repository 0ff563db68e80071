"""The background worker runs queued jobs until it is told to end; it is forked from the web server.

Jobs at hand are then asked to end (``context.should_abort()``). One that goes on is killed in the end, and run again by
the next worker: jobs bear being begun twice.
"""

from __future__ import annotations

import gc

from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params

NAME = "lianfang-worker"
# Jobs are asked to end after the first, killed after the second.
JOBS_GO_ON, JOBS_ARE_KILLED = 1.0, 12.0
# Events are looked after by one job that never rests; an import must not wait for it, nor the other way round.
CONCURRENCY = 4


def work() -> None:
    """Run jobs until SIGTERM or SIGINT; called in the forked process, with Django loaded."""
    # A large import holds millions of objects, none of them garbage: looking through all of them often is a sixth of
    # its time.
    gc.set_threshold(50_000, 20, 50)
    # A session of the database takes three megabytes: one listens, a second asks, more come when many jobs end at once.
    connector = PsycopgConnector(kwargs=connector_params(), min_size=2, max_size=CONCURRENCY)
    with app.replace_connector(connector):
        app.run_worker(concurrency=CONCURRENCY, shutdown_graceful_timeout=JOBS_GO_ON)
