"""Applying in the background what was too much to do while a device waited, and what failed the first time."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.services.applying import apply_all_waiting, devices_with_waiting
from lianfang.foundation.outbox.looks import every_second

_WORKS_FOR = timedelta(seconds=50)


@app.task(queueing_lock="devices.apply_waiting", lock="devices.apply_waiting")
def apply_waiting_items() -> None:
    """Apply until nothing waits. May be begun twice: an item is applied with its answer or not at all."""
    apply_all_waiting(until=timezone.now() + _WORKS_FOR)


@every_second
def look() -> None:
    """Call for the job where anything waits: what arrived is found though nobody told of it."""
    with acting_as(system_actor("field")):
        is_any = bool(devices_with_waiting(timezone.now()))
    if is_any:
        with suppress(AlreadyEnqueued):
            apply_waiting_items.defer()
