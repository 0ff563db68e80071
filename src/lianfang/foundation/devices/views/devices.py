"""Devices: who works with which, where, until when; invited by a QR code that works once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import segno
from django.conf import settings
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.foundation.access.actor import NotAllowedError
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.places import PlaceChoice
from lianfang.foundation.access.roles import Action, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.models import Device
from lianfang.foundation.devices.selectors import counts_of, device_for, devices_for, scope_of_devices
from lianfang.foundation.devices.services.enrolment import (
    TOKEN_LASTS,
    USUALLY_LASTS,
    DeviceProblemError,
    Wanted,
    invite_again,
    invite_device,
    renew_device,
    revoke_device,
    roles_to_invite,
)
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.instants import instant_of
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tables import Column, by_page

STATES = ("invited", "working", "expired", "revoked")
# A phone in a pocket sends by itself every minute; one that was not heard of for so long is asked after.
SILENT_FOR = timedelta(hours=2)
COLUMNS = (
    Column("name", "devices.column.name", "name"),
    Column("role", "devices.column.role", "role"),
    Column("place", "devices.column.place", "place_label"),
    Column("state", "devices.column.state"),
    Column("contact", "devices.column.contact", "last_contact_at", "when"),
    Column("ends_at", "devices.column.ends_at", "ends_at", "when"),
    Column("items", "devices.column.items", kind="number"),
)


@allow(Action.DEVICES_MANAGE)
@require_http_methods(["GET", "HEAD"])
def device_list(request: Any) -> HttpResponseBase:
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "role", "state")}
    actor = request.actor
    with acting_as(scope_of_devices(actor)):
        found = devices_for(actor, text=asked["q"], role=asked["role"], state=asked["state"])
        table = by_page(request, found, COLUMNS, sort="name")
    counts = counts_of(actor, [one.pk for one in table])
    for one in table:
        counted = counts.get(one.pk, {})
        one.state, one.is_silent = state_of(one), is_silent(one)
        one.waiting, one.refused = counted.get("waiting", 0), counted.get("refused", 0)
    return render(request, "devices/list.html", {
        "table": table, "asked": asked, "roles": roles_to_invite(actor), "states": STATES,
        "may_review": actor.may(Action.DEVICES_REVIEW),
    })  # fmt: skip


@allow(Action.DEVICES_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: Any) -> HttpResponseBase:
    """The form; once it is sent, the QR code, which is shown this one time only."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            device, token = invite_device(actor=request.actor, wanted=_wanted(request.POST))
        except DeviceProblemError as problem:
            errors = {problem.field: [t(f"devices.problem.{problem.code}")]}
        except NotAllowedError as refused:
            errors = {"place": [t(f"devices.problem.{refused.code}")]}
        else:
            return _code_page(request, device, token)
    given = request.POST if request.method == "POST" else {"ends_at": _local(timezone.now() + USUALLY_LASTS)}
    context = {"given": given, "errors": errors, "roles": roles_to_invite(request.actor), "choices": _own(request)}
    return render(request, "devices/invite.html", context, status=422 if errors else 200)


@allow(Action.DEVICES_MANAGE)
@require_http_methods(["GET", "HEAD"])
def device_page(request: Any, device_id: UUID) -> HttpResponseBase:
    return render(request, "devices/device.html", _context(request, device_id))


@allow(Action.DEVICES_MANAGE)
@require_POST
def change(request: Any, device_id: UUID) -> HttpResponseBase:
    """Renew or limit, revoke, or show a new code; ``do`` says which."""
    given, actor = request.POST, request.actor
    do, because = given.get("do", ""), given.get("because", "")
    try:
        if do == "renew":
            renew_device(actor=actor, device_id=device_id, ends_at=_end_of(given), because=because)
        elif do == "revoke":
            revoke_device(actor=actor, device_id=device_id, because=because)
        elif do == "invite":
            device, token = invite_again(actor=actor, device_id=device_id)
            return _code_page(request, device, token)
        else:
            raise Http404
    except DeviceProblemError as problem:
        context = _context(request, device_id) | {
            "errors": {problem.field or "form": t(f"devices.problem.{problem.code}")}, "given": given, "did": do,
        }  # fmt: skip
        return render(request, "devices/device.html", context, status=422)
    tell(request, t(f"devices.done.{do}"))
    return redirect("devices:device", device_id=device_id)


def state_of(device: Device) -> str:
    """One of STATES."""
    if device.revoked_at is not None:
        return "revoked"
    if device.ends_at <= timezone.now():
        return "expired"
    return "invited" if device.enrolled_at is None else "working"


def is_silent(device: Device) -> bool:
    """It works, and nothing was heard of it for a while."""
    last = device.last_contact_at
    return state_of(device) == "working" and last is not None and timezone.now() - last > SILENT_FOR


def field_address(request: Any) -> str:
    """Where telephones find the field app: as the operator said, else beside the page at hand."""
    if settings.FIELD_ADDRESS:
        return f"{settings.FIELD_ADDRESS}/field/"
    host = request.get_host()
    if settings.IS_BEHIND_PROXY or not settings.FIELD_PORT:
        return f"{request.scheme}://{host}/field/"
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() and not host.endswith("]") else host
    return f"{request.scheme}://{name or host}:{settings.FIELD_PORT}/field/"


def _code_page(request: Any, device: Device, token: str) -> HttpResponseBase:
    link = f"{field_address(request)}#enrol={token}"
    return render(request, "devices/code.html", {
        "device": device, "link": link, "hours": int(TOKEN_LASTS.total_seconds() // 3600),
        "qr": segno.make(link, error="m", micro=False).svg_data_uri(scale=7, border=4, dark="#000", light="#fff"),
    })  # fmt: skip


def _context(request: Any, device_id: UUID) -> dict[str, Any]:
    device = device_for(request.actor, device_id)
    return {
        "device": device,
        "state": state_of(device),
        "counts": counts_of(request.actor, [device.pk]).get(device.pk, {}),
        "clock_seconds": None if device.clock_offset_ms is None else round(device.clock_offset_ms / 1000),
        "new_end": _local(max(device.ends_at, timezone.now()) + USUALLY_LASTS),
        "may_review": request.actor.may(Action.DEVICES_REVIEW),
        "errors": {},
        "given": {},
    }


def _wanted(given: Any) -> Wanted:
    role, place = given.get("role", ""), given.get("place", "")
    if role not in set(Role):
        raise DeviceProblemError("role_needed", "role")
    number = int(place) if place.isascii() and place.isdecimal() and len(place) < 18 else None
    return Wanted(given.get("name", ""), given.get("holder", ""), Role(role), number, _end_of(given))


def _end_of(given: Any) -> datetime:
    found = instant_of(given.get("ends_at", ""))
    if found is None:
        raise DeviceProblemError("ends_unreadable", "ends_at")
    return found


def _own(request: Any) -> list[PlaceChoice]:
    actor = request.actor
    return [] if actor.place_id is None else [PlaceChoice(actor.place_id, "", actor.place_label)]


def _local(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")
