"""Who works with which device: invited, enrolled, renewed, revoked. Every change is audited in its transaction."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.http import Http404
from django.utils import timezone

from lianfang.foundation.access.actor import Actor, NotAllowedError, system_actor
from lianfang.foundation.access.places import PlaceKeys, PostingScope, UnsuitablePlaceError, directory
from lianfang.foundation.access.roles import DEVICE_ROLES, GIVES, Action, Level, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.devices.models import Device, Progress
from lianfang.foundation.privacy.numbers import seal, unseal

TOKEN_LASTS = timedelta(hours=24)
USUALLY_LASTS = timedelta(days=30)
LONGEST = timedelta(days=92)
# Without a contact for this long a device shows no personal data; what it recorded it keeps and sends.
SHOWS_WITHOUT_CONTACT = timedelta(hours=24)


class DeviceProblemError(ValueError):
    """``code`` is a text key under ``devices.problem``; ``field`` the form field that it belongs to."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an invitation says."""

    name: str
    holder: str
    role: Role
    place_id: int | None
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a device is told once. The secret is kept nowhere else."""

    device: Device
    secret: str


def invite_device(*, actor: Actor, wanted: Wanted) -> tuple[Device, str]:
    """A place for a device, and the token that enrols one, once, within TOKEN_LASTS.

    Raises NotAllowedError for a role or place that is not below the actor's own, DeviceProblemError for what misses.
    """
    name, holder = wanted.name.strip()[:60], wanted.holder.strip()[:64]
    scope, keys = _authorised_place(actor, wanted)
    if not name:
        raise DeviceProblemError("name_needed", "name")
    if not holder:
        raise DeviceProblemError("holder_needed", "holder")
    _check_end(wanted.ends_at)
    token, now = secrets.token_urlsafe(24), timezone.now()
    building_id = scope.scope_ids[0] if scope.level is Level.BUILDING else keys.building_id
    where = {
        "county_id": keys.county_id, "township_id": keys.township_id, "community_id": keys.community_id,
        "building_id": building_id,
    }  # fmt: skip
    with acting_as(system_actor("devices")):
        device = Device.objects.create(
            **where, name=name, holder=holder, role=wanted.role, level=scope.level, scope_ids=list(scope.scope_ids),
            place_id=wanted.place_id or 0, place_label=scope.label, invited_at=now, invited_by=actor.name,
            token_hash=hash_of(token), token_ends_at=now + TOKEN_LASTS, ends_at=wanted.ends_at,
            storage_key_sealed=seal(secrets.token_hex(32)) or b"", lookup_key_sealed=seal(secrets.token_hex(32)) or b"",
        )  # fmt: skip
        Progress.objects.create(**where, device=device)
        record(actor=actor, action="devices.invite", target_kind="device", target_id=device.pk,
               details={"role": str(wanted.role), "place": wanted.place_id})  # fmt: skip
    return device, token


def invite_again(*, actor: Actor, device_id: UUID) -> tuple[Device, str]:
    """Another token for a device that was lost, emptied, or never enrolled. Once it is used the old secret and the old
    storage key are worth nothing."""
    token, now = secrets.token_urlsafe(24), timezone.now()
    with acting_as(system_actor("devices")):
        device = _managed(actor, device_id)
        if device.revoked_at is not None:
            raise DeviceProblemError("is_revoked")
        if device.ends_at <= now:
            raise DeviceProblemError("has_ended")
        device.token_hash, device.token_ends_at = hash_of(token), now + TOKEN_LASTS
        device.save(update_fields=["token_hash", "token_ends_at"])
        record(actor=actor, action="devices.invite_again", target_kind="device", target_id=device.pk)
    return device, token


def enrol_device(*, token: str, name: str = "") -> Enrolled:
    """Use a token. Raises DeviceProblemError ``token_unknown`` or ``token_ended``; a token that was used is unknown."""
    now, secret = timezone.now(), secrets.token_urlsafe(32)
    with acting_as(system_actor("devices")):
        device = Device.objects.select_for_update().filter(token_hash=hash_of(token)).first()
        if device is None:
            raise DeviceProblemError("token_unknown", "token")
        if device.token_ends_at <= now or device.revoked_at is not None or device.ends_at <= now:
            raise DeviceProblemError("token_ended", "token")
        if device.enrolled_at is not None:
            device.key_epoch += 1
            device.storage_key_sealed = seal(secrets.token_hex(32)) or b""
        if name.strip():
            device.name = name.strip()[:60]
        # Nobody knows what this hashes.
        device.token_hash = hash_of(secrets.token_urlsafe(24))
        device.token_ends_at = now
        device.enrolled_at, device.last_contact_at = now, now
        device.secret_hash = hash_of(secret)
        device.save()
        record(actor=device_actor(device), action="devices.enrol", target_kind="device", target_id=device.pk)
    return Enrolled(device, secret)


def renew_device(*, actor: Actor, device_id: UUID, ends_at: datetime, because: str) -> Device:
    """Let a device work longer, or end it sooner (limit it)."""
    _require_reason(because)
    with acting_as(system_actor("devices")):
        device = _managed(actor, device_id)
        if device.revoked_at is not None:
            raise DeviceProblemError("is_revoked")
        _check_end(ends_at)
        before, device.ends_at = device.ends_at, ends_at
        device.save(update_fields=["ends_at"])
        details = {"from": before.isoformat(), "to": ends_at.isoformat(), "because": because.strip()[:200]}
        record(actor=actor, action="devices.renew", target_kind="device", target_id=device.pk, details=details)
    return device


def revoke_device(*, actor: Actor, device_id: UUID, because: str) -> Device:
    """End a device for good: it wipes what it carries at its next contact, and shows none 24 hours after its last."""
    _require_reason(because)
    with acting_as(system_actor("devices")):
        device = _managed(actor, device_id)
        if device.revoked_at is not None:
            return device
        device.revoked_at, device.revoked_by = timezone.now(), actor.name
        device.revoked_because = because.strip()[:200]
        device.save(update_fields=["revoked_at", "revoked_by", "revoked_because"])
        record(actor=actor, action="devices.revoke", target_kind="device", target_id=device.pk,
               details={"because": device.revoked_because})  # fmt: skip
    return device


def device_actor(device: Device) -> Actor:
    """Who acts where an item of the device is applied: its role, at its place, and nothing beyond."""
    return Actor(
        name=f"{device.holder}({device.name})"[:80],
        role=Role(device.role),
        level=Level(device.level),
        scope_ids=tuple(device.scope_ids),
        place_id=device.place_id,
        place_label=device.place_label,
        device_id=device.pk,
    )


def storage_key_of(device: Device) -> str:
    """The server's part of the key of what the device carries, as hexadecimal digits."""
    return unseal(device.storage_key_sealed) or ""


def lookup_key_of(device: Device) -> str:
    """The key under which a package holds numbers to be looked up by this device, as hexadecimal digits."""
    return unseal(device.lookup_key_sealed) or ""


def hash_of(secret: str) -> bytes:
    """Of a token or secret of 192 random bits or more: guessing one is no faster for a fast hash."""
    return hashlib.sha256(secret.encode()).digest()


def is_secret_of(device: Device, secret: str) -> bool:
    return device.secret_hash is not None and hmac.compare_digest(bytes(device.secret_hash), hash_of(secret))


def roles_to_invite(actor: Actor) -> tuple[Role, ...]:
    """The roles that the actor may give to a device."""
    return tuple(role for role in Role if role in DEVICE_ROLES and role in GIVES.get(actor.role, frozenset()))


def _authorised_place(actor: Actor, wanted: Wanted) -> tuple[PostingScope, PlaceKeys]:
    actor.authorise(Action.DEVICES_MANAGE)
    if wanted.role not in roles_to_invite(actor):
        raise NotAllowedError(Action.DEVICES_MANAGE, "gives_role")
    if wanted.place_id is None:
        raise DeviceProblemError("place_needed", "place")
    if actor.place_id is not None and not directory().is_inside(wanted.role, wanted.place_id, actor.place_id):
        raise NotAllowedError(Action.DEVICES_MANAGE, "place_outside")
    try:
        return directory().scope_of(wanted.role, wanted.place_id), directory().keys_of(wanted.place_id)
    except UnsuitablePlaceError:
        raise DeviceProblemError("place_unsuitable", "place") from None


def _managed(actor: Actor, device_id: UUID) -> Device:
    """The device, locked; Http404 where it is not the actor's to manage: whether it exists is not told."""
    actor.authorise(Action.DEVICES_MANAGE)
    device = Device.objects.select_for_update().filter(pk=device_id).first()
    if device is None or not is_managed_by(actor, device):
        raise Http404
    return device


def is_managed_by(actor: Actor, device: Device) -> bool:
    """Everybody's devices are an administrator's to manage; they show no resident."""
    if actor.role in (Role.ADMINISTRATOR, Role.SYSTEM):
        return True
    keys = {Level.COUNTY: device.county_id, Level.TOWNSHIP: device.township_id, Level.COMMUNITY: device.community_id}
    return keys.get(actor.level) in actor.scope_ids and Role(device.role) in GIVES.get(actor.role, frozenset())


def _check_end(ends_at: datetime) -> None:
    now = timezone.now()
    if ends_at <= now:
        raise DeviceProblemError("ends_in_past", "ends_at")
    if ends_at > now + LONGEST:
        raise DeviceProblemError("ends_too_late", "ends_at")


def _require_reason(because: str) -> None:
    if not because.strip():
        raise DeviceProblemError("reason_needed", "because")
