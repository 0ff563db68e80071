"""What a device carries with it: built by the domains, told apart by its content."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

from lianfang.foundation.access.roles import Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.kinds import Package, package_of, packages_for
from lianfang.foundation.devices.models import Device
from lianfang.foundation.devices.services.enrolment import device_actor

# Devices ask much more often than what they carry changes.
ETAG_IS_TRUE_FOR = 30.0
_MOST_KEPT = 20_000
_etags: dict[tuple[str, UUID, int], tuple[float, str]] = {}


class NoPackageError(LookupError):
    """There is no such package for the device's role."""


@dataclass(frozen=True, slots=True)
class Packed:
    etag: str
    content: bytes


def package_content(*, device: Device, name: str, moment: datetime) -> Packed:
    """A package as JSON, with ``made_at``. Raises NoPackageError for one that the device's role does not carry."""
    package = package_of(name)
    if package is None or Role(device.role) not in package.roles:
        raise NoPackageError(name)
    return _build(package, device, moment)


def package_etags(*, device: Device, moment: datetime) -> Mapping[str, str]:
    """The ETag of everything that the device carries, as it was at most ETAG_IS_TRUE_FOR seconds ago."""
    found = {}
    for package in packages_for(Role(device.role)):
        kept = _etags.get((package.name, device.pk, device.key_epoch))
        is_fresh = kept is not None and time.monotonic() - kept[0] < ETAG_IS_TRUE_FOR
        found[package.name] = kept[1] if kept is not None and is_fresh else _build(package, device, moment).etag
    return found


def _build(package: Package, device: Device, moment: datetime) -> Packed:
    with acting_as(device_actor(device)) as actor:
        content = dict(package.build(actor=actor, device=device, moment=moment))
    content.pop("made_at", None)
    encoded = json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":")).encode()
    etag = f'"{blake2b(encoded, digest_size=12).hexdigest()}"'
    made_at = json.dumps({"made_at": moment}, cls=DjangoJSONEncoder, separators=(",", ":")).encode()
    whole = made_at if encoded == b"{}" else made_at[:-1] + b"," + encoded[1:]
    if len(_etags) >= _MOST_KEPT:
        _etags.clear()
    _etags[package.name, device.pk, device.key_epoch] = (time.monotonic(), etag)
    return Packed(etag, whole)
