"""Emitting and handling events: at least once, in order, with failures kept (docs/decisions/0008)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.models import Event

Handler = Callable[[Mapping[str, Any]], None]
_handlers: dict[str, list[Handler]] = {}


def handles(name: str) -> Callable[[Handler], Handler]:
    """Register a function for events of ``name``; it must bear being called twice with one event."""

    def decorate(handler: Handler) -> Handler:
        _handlers.setdefault(name, []).append(handler)
        return handler

    return decorate


def emit(name: str, payload: Mapping[str, Any]) -> Event:
    """Write the event with the change. Handlers run in the same transaction when it is small and safe to do so:
    see ``emit_now``; else the worker takes it."""
    return Event.objects.create(name=name, payload=dict(payload))


def emit_now(name: str, payload: Mapping[str, Any]) -> Event:
    """Write the event and handle it in this transaction, as the system: for reactions a person waits for,
    such as the hold of everyone in a positive tube. A handler that fails rolls the change back."""
    event = Event.objects.create(name=name, payload=dict(payload))
    with acting_as(system_actor(name)):
        for handler in _handlers.get(name, []):
            handler(event.payload)
        Event.objects.filter(pk=event.pk).update(handled_at=timezone.now())
    return event


def handle_waiting(limit: int = 200) -> int:
    """Handle events that wait, oldest first; returns how many. One that fails is kept with its error and tried
    again."""
    done = 0
    with acting_as(system_actor("outbox")):
        waiting = list(
            Event.objects.select_for_update(skip_locked=True)
            .filter(handled_at=None, tries__lt=5)
            .order_by("id")[:limit]
        )
        for event in waiting:
            try:
                with transaction.atomic():
                    for handler in _handlers.get(event.name, []):
                        handler(event.payload)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is kept on the event and shown to the administrator
                Event.objects.filter(pk=event.pk).update(
                    tries=event.tries + 1, failure=f"{type(error).__name__}: {error}"
                )
                continue
            Event.objects.filter(pk=event.pk).update(handled_at=timezone.now(), failure="")
            done += 1
    return done
