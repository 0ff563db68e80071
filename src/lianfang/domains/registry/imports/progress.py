"""Tells how far an import is, from a thread and a connection of its own: the work itself is one transaction."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.utils import timezone

from lianfang.domains.registry.models import Import
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as

BEAT_SECONDS = 2.0
SILENT_SECONDS = 20


class Progress:
    """``at(stage, percent)`` as the work goes on; the thread writes it down."""

    def __init__(self, import_id: int) -> None:
        self._import_id = import_id
        self._now = ("", 0)
        self._changed = threading.Event()
        self._over = threading.Event()

    def at(self, stage: str, percent: int) -> None:
        self._now = (stage, percent)
        self._changed.set()

    def write_until_over(self) -> None:
        try:
            while not self._over.is_set():
                self._changed.wait(BEAT_SECONDS)
                self._changed.clear()
                stage, percent = self._now
                with acting_as(system_actor("import")):
                    Import.objects.filter(pk=self._import_id).update(
                        stage=stage, progress=percent, heartbeat_at=timezone.now()
                    )
        finally:
            connection.close()

    def stop(self) -> None:
        self._over.set()
        self._changed.set()


@contextmanager
def progress_of(import_id: int) -> Iterator[Progress]:
    """A progress that is written down while the block runs."""
    progress = Progress(import_id)
    thread = threading.Thread(target=progress.write_until_over, name=f"import-{import_id}", daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        progress.stop()
        thread.join()
