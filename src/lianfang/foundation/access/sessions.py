"""Sessions that their owner sees and can end; one that turns up on another device ends at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from lianfang.foundation.access.models import AccountSession
from lianfang.foundation.prepared import rows_prepared

IDLE_AFTER = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=1)
DEVICE = "device"


def device_of(request: Any) -> str:
    """What the browser says it is, shortened; a stolen cookie on another browser differs in it."""
    return str(request.META.get("HTTP_USER_AGENT", ""))[:200]


def address_of(request: Any) -> str:
    """Where the request came from: behind our own proxy, what the proxy saw; what a client claims further left is
    not."""
    if settings.IS_BEHIND_PROXY:
        seen = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
        if seen:
            return seen[:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def start_session(request: Any) -> AccountSession:
    """Record the sign-in; call after Django's ``login``, which changed the session key."""
    now = timezone.now()
    request.session[DEVICE] = device_of(request)
    if request.session.session_key is None:
        request.session.save()
    return AccountSession.objects.create(
        account=request.user, session_key=request.session.session_key, device=device_of(request),
        address=address_of(request), started_at=now, seen_at=now,
    )  # fmt: skip


def end_reason(request: Any) -> str | None:
    """Why the session must end now (a key under ``access.ended``), or None."""
    found = rows_prepared(AccountSession, "session_key = %s", [request.session.session_key])
    record = found[0] if found else None
    request.account_session = record
    if record is None or record.ended_at is not None:
        return "elsewhere"
    if record.device != device_of(request):
        end_session(record, "device")
        return "device"
    if timezone.now() - record.seen_at > IDLE_AFTER:
        end_session(record, "idle")
        return "idle"
    return None


def touch_session(request: Any) -> None:
    record: AccountSession = request.account_session
    now = timezone.now()
    if now - record.seen_at > SEEN_EVERY:
        AccountSession.objects.filter(pk=record.pk).update(seen_at=now)


def end_session(record: AccountSession, because: str) -> None:
    AccountSession.objects.filter(pk=record.pk, ended_at=None).update(ended_at=timezone.now(), ended_because=because)
