"""A device says who it is, and hears how things stand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from lianfang.foundation.access.actor import Actor
from lianfang.foundation.devices.models import Device
from lianfang.foundation.devices.services.enrolment import device_actor, is_secret_of
from lianfang.foundation.prepared import ask_prepared

# What was recorded before a device ended is taken for this long after it.
TAKES_AFTER_END = timedelta(days=30)
# At a request of a device these stay unread; whoever looks at one asks for it then.
_RARELY_READ = frozenset({
    "invited_at", "invited_by", "token_hash", "token_ends_at", "lookup_key_sealed", "revoked_because", "revoked_by",
})  # fmt: skip
_COLUMNS = [field.attname for field in Device._meta.concrete_fields if field.attname not in _RARELY_READ]
# As a queryset would ask, in a quarter of its time: every request of every device asks this first.
_ASK = f"SELECT {', '.join(_COLUMNS)} FROM devices_device WHERE id = ANY(%s)"
_senders: dict[UUID, Sender] = {}
_MOST_SENDERS = 5_000
_NOTED_EVERY = timedelta(seconds=15)


class DeviceUnknownError(Exception):
    """No such device, or another secret: 401."""


class DeviceEndedError(Exception):
    """The device was revoked or its time is over: 410, it wipes what it carries. ``code``: revoked or expired."""

    def __init__(self, device: Device, code: str) -> None:
        super().__init__(code)
        self.device = device
        self.code = code


@dataclass(frozen=True, slots=True)
class Credentials:
    device_id: UUID
    secret: str


def read_credentials(header: str) -> Credentials:
    """``Device <id>.<secret>``; raises DeviceUnknownError for anything else."""
    scheme, _, rest = header.partition(" ")
    given_id, _, secret = rest.strip().partition(".")
    try:
        device_id = UUID(given_id)
    except ValueError:
        raise DeviceUnknownError from None
    if scheme.lower() != "device" or not secret or len(secret) > 200:
        raise DeviceUnknownError
    return Credentials(device_id, secret)


def recognised(device: Device | None, credentials: Credentials) -> Device:
    """The device if it is the one it says it is. Raises DeviceUnknownError, or DeviceEndedError."""
    if device is None or not is_secret_of(device, credentials.secret):
        raise DeviceUnknownError
    code = ended_because(device, timezone.now())
    if code:
        raise DeviceEndedError(device, code)
    return device


def authenticate(credentials: Credentials) -> Device:
    """As ``recognised``; asked by a surrounding ``acting_as`` of the system, as no scope is known before."""
    return recognised(devices_by_id([credentials.device_id]).get(credentials.device_id), credentials)


def devices_by_id(ids: Collection[UUID]) -> dict[UUID, Device]:
    """Devices as they are now; asked by a surrounding ``acting_as`` of the system."""
    rows = ask_prepared(_ASK, [list(ids)])
    devices = [Device.from_db(connection.alias, _COLUMNS, row) for row in rows]
    return {device.pk: device for device in devices}


@dataclass(frozen=True, slots=True)
class Sender:
    """A device and who acts through it. ``version`` names the row that it was read from."""

    version: str
    device: Device
    actor: Actor


def senders_by_id(ids: Collection[UUID]) -> dict[UUID, Sender]:
    """As ``devices_by_id``, for many that ask again and again: kept while the database says that the row is the same.

    It is asked each time, so a device that was revoked is seen as such at once. What is given back may be shared: read
    it, do not change it.
    """
    versions = ask_prepared("SELECT id, xmin || ctid::text FROM devices_device WHERE id = ANY(%s)", [list(ids)])
    found = {pk: _senders[pk] for pk, version in versions if pk in _senders and _senders[pk].version == version}
    changed = {pk: version for pk, version in versions if pk not in found}
    if changed:
        if len(_senders) + len(changed) > _MOST_SENDERS:
            _senders.clear()
        for pk, device in devices_by_id(changed).items():
            found[pk] = _senders[pk] = Sender(changed[pk], device, device_actor(device))
    return found


def ended_because(device: Device, moment: datetime) -> str:
    """``revoked``, ``expired``, or nothing where the device works."""
    if device.revoked_at is not None:
        return "revoked"
    return "expired" if device.ends_at <= moment else ""


def still_takes(device: Device, moment: datetime) -> bool:
    """Whether what an ended device brings is kept for review."""
    return moment - (device.revoked_at or device.ends_at) <= TAKES_AFTER_END


def note_contact(device: Device, moment: datetime, offset_ms: int | None) -> None:
    """Keep when the device was last heard of and how its clock goes; not at every request of a busy one."""
    is_due = device.last_contact_at is None or moment - device.last_contact_at >= _NOTED_EVERY
    if not is_due and (offset_ms is None or offset_ms == device.clock_offset_ms):
        return
    device.last_contact_at = moment
    if offset_ms is not None:
        device.clock_offset_ms = offset_ms
    Device.objects.filter(pk=device.pk).update(last_contact_at=moment, clock_offset_ms=device.clock_offset_ms)
