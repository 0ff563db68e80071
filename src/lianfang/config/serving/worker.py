"""The background worker: ``python -m lianfang.config.serving.worker SECONDS`` runs queued jobs until it is told to end.

SECONDS after that, jobs at hand are asked to end (``context.should_abort()``). One that goes on is killed in the end
by the supervisor and run again by the next worker: jobs bear being begun twice.
"""

from __future__ import annotations

import gc
import os
import sys

import django

# Events are looked after by one job that never rests; an import must not wait for it, nor the other way round.
CONCURRENCY = 4


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
    django.setup()
    # A large import holds millions of objects, none of them garbage: looking through all of them often is a sixth of
    # its time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    # Made by Django's set-up.
    from procrastinate.contrib.django import app

    with app.replace_connector(app.connector.get_worker_connector()):
        app.run_worker(concurrency=CONCURRENCY, shutdown_graceful_timeout=float(sys.argv[1]))


if __name__ == "__main__":
    main()
