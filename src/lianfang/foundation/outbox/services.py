"""Emitting and handling events: at least once, in order, with failures kept (docs/decisions/0008)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Func, IntegerField
from django.utils import timezone

from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.outbox.models import Event

LOOKED_AT = 200
MOST_TRIES = 5
# As the database keeps it: a thousand ids and more.
LARGE_BYTES = 4_000
Handler = Callable[[Mapping[str, Any]], None]
_handlers: dict[str, list[Handler]] = {}


class NotYetError(Exception):
    """Raised by a handler that must wait for somebody else: the event stays as it is, and the next look finds it."""


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


def handle_waiting(limit: int = LOOKED_AT) -> int:
    """Handle some of the events that wait, oldest first, in one transaction; returns how many were handled. One that
    fails is kept with its error and tried again. A large one is handled alone: other workers take the next meanwhile.
    """
    with acting_as(system_actor("outbox")):
        for group in _groups(limit):
            waiting = list(
                Event.objects.select_for_update(skip_locked=True).filter(pk__in=group, handled_at=None).order_by("id")
            )
            done = sum(_handle(event) for event in waiting)
            if done:
                return done
    return 0


def _groups(limit: int) -> Iterator[list[int]]:
    """The oldest events that wait, by what is handled together; others may have them already."""
    sizes = (
        Event.objects.filter(handled_at=None, tries__lt=MOST_TRIES).order_by("id")
        .values_list("id", Func("payload", function="pg_column_size", output_field=IntegerField()))
    )  # fmt: skip
    small: list[int] = []
    for pk, size in sizes[:limit]:
        if size < LARGE_BYTES:
            small.append(pk)
            continue
        if small:
            yield small
            small = []
        yield [pk]
    if small:
        yield small


def _handle(event: Event) -> bool:
    try:
        with transaction.atomic():
            for handler in _handlers.get(event.name, []):
                handler(event.payload)
    except NotYetError:
        return False
    except Exception as error:  # noqa: BLE001 - whatever it is, it is kept on the event and shown to the administrator
        Event.objects.filter(pk=event.pk).update(tries=event.tries + 1, failure=f"{type(error).__name__}: {error}")
        return False
    Event.objects.filter(pk=event.pk).update(handled_at=timezone.now(), failure="")
    return True
