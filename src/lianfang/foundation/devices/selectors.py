"""Devices and their items, as their readers may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import GIVES, Action, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.models import Device, InboxItem, ItemState
from lianfang.foundation.devices.services.enrolment import is_managed_by
from lianfang.foundation.devices.services.inbox import answer_of

MOST_ANSWERS = 1_000


def devices_for(actor: Actor, *, text: str = "", role: str = "", state: str = "") -> QuerySet[Device]:
    """The devices that the actor manages. An administrator's are read outside of every place's scope: evaluate them
    inside ``acting_as(scope_of_devices(actor))``."""
    actor.authorise(Action.DEVICES_MANAGE)
    found = Device.objects.all() if actor.role is Role.ADMINISTRATOR else Device.objects.visible_to(actor)
    found = found.filter(role__in=GIVES.get(actor.role, frozenset()))
    for word in text.split():
        found = found.filter(Q(name__icontains=word) | Q(holder__icontains=word) | Q(place_label__icontains=word))
    if role:
        found = found.filter(role=role)
    now = timezone.now()
    working = Q(revoked_at=None, ends_at__gt=now)
    states = {
        "invited": working & Q(enrolled_at=None),
        "working": working & ~Q(enrolled_at=None),
        "expired": Q(revoked_at=None, ends_at__lte=now),
        "revoked": ~Q(revoked_at=None),
    }
    return found.filter(states[state]) if state in states else found


def scope_of_devices(actor: Actor) -> Actor:
    """An administrator has no place; devices are no resident's data."""
    return system_actor("devices") if actor.role is Role.ADMINISTRATOR else actor


def device_for(actor: Actor, device_id: UUID) -> Device:
    """One device that the actor manages; Http404 for any other."""
    actor.authorise(Action.DEVICES_MANAGE)
    with acting_as(scope_of_devices(actor)):
        device = Device.objects.filter(pk=device_id).first()
    if device is None or not is_managed_by(actor, device):
        raise Http404
    return device


def counts_of(actor: Actor, device_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, int]]:
    """How many items of each device wait to be applied, and how many to be reviewed."""
    with acting_as(scope_of_devices(actor)):
        rows = list(
            InboxItem.objects.filter(device_id__in=device_ids)
            .filter(Q(state=ItemState.WAITING) | Q(state=ItemState.REFUSED, settled_at=None))
            .values("device_id", "state").annotate(total=Count("pk"))
        )  # fmt: skip
    found: dict[UUID, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["device_id"], {})[row["state"]] = row["total"]
    return found


def review_items_for(
    actor: Actor, *, state: str = "open", kind: str = "", code: str = "", text: str = "", device_id: UUID | None = None
) -> QuerySet[InboxItem]:
    """What could not be accepted, and what the program failed at, in the actor's places. ``state``: open, settled."""
    actor.authorise(Action.DEVICES_REVIEW)
    found = InboxItem.objects.visible_to(actor).select_related("device", "arrival")
    if state == "settled":
        found = found.exclude(settled_at=None)
    else:
        is_failing = Q(state=ItemState.WAITING, tries__gt=0)
        found = found.filter(Q(state=ItemState.REFUSED, settled_at=None) | is_failing)
    if kind:
        found = found.filter(kind=kind)
    if code:
        found = found.filter(code=code)
    for word in text.split():
        found = found.filter(Q(device__name__icontains=word) | Q(device__holder__icontains=word))
    return found.filter(device_id=device_id) if device_id is not None else found


def review_item_for(actor: Actor, item_id: UUID) -> InboxItem:
    """One item of the review list, settled or not; Http404 for any other."""
    actor.authorise(Action.DEVICES_REVIEW)
    found = InboxItem.objects.visible_to(actor).select_related("device", "arrival").filter(pk=item_id)
    row = found.filter(Q(state=ItemState.REFUSED) | Q(tries__gt=0) | ~Q(settled_at=None)).first()
    if row is None:
        raise Http404
    return row


def answers_after(device: Device, after: int) -> list[dict[str, Any]]:
    """The device's answers with a later number, in their order, at most MOST_ANSWERS."""
    rows = InboxItem.objects.filter(device_id=device.pk, number__gt=after).order_by("number").defer("body_sealed")
    return [answer_of(row) for row in rows[:MOST_ANSWERS]]
