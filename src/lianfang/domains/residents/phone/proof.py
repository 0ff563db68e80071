"""The code for gates: a token that the phone's own key signs anew each half minute, so that a picture of it goes stale.

A browser that can make such a key asks for a token once (``token``) and goes on without the network. For any other the
server holds a key for one moment and signs in the phone's stead; the page then fetches a fresh code before the old one
is stale, or reloads itself where it runs no script.
"""

from __future__ import annotations

import re
from typing import Any

import segno
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import person_for
from lianfang.domains.residents.phone.visiting import page_of, visiting
from lianfang.domains.residents.services import Visit
from lianfang.domains.status.codes import CodeRefusedError, issue_token
from lianfang.domains.status.selectors import statuses_for
from lianfang.domains.status.words import explain
from lianfang.engine.field.tokens import SHOWING_EVERY, show

_PUBLIC = re.compile(r"[0-9a-f]{64}").fullmatch


@visiting(checked=True)
@require_http_methods(["GET", "HEAD", "POST"])
def proof(request: Any, visit: Visit, person_id: int) -> HttpResponseBase:
    """One person's code in large, with the time; it works without a script."""
    person = person_for(visit.actor, person_id)
    context = {
        "page": page_of(request, visit, "codes"),
        "person": person,
        "explained": explain(statuses_for(visit.actor, [person.pk]).get(person.pk), with_evidence=False),
        "shown": _shown(visit, person, with_name=_wants_name(request.GET)),
        "with_name": _wants_name(request.GET),
        "every": SHOWING_EVERY,
        "rules": static(settings.FIELD_RULES),
        "now": timezone.now(),
    }
    return render(request, "residents/phone/proof.html", context)


@visiting(checked=True)
@require_http_methods(["GET", "HEAD"])
def showing(request: Any, visit: Visit, person_id: int) -> HttpResponseBase:
    """A fresh code for a phone that has no key of its own."""
    shown = _shown(visit, person_for(visit.actor, person_id), with_name=_wants_name(request.GET))
    return JsonResponse({"qr": shown, "server_at": int(timezone.now().timestamp())})


@visiting(checked=True)
@require_POST
def token(request: Any, visit: Visit, person_id: int) -> HttpResponseBase:
    """A token bound to the phone's key, ``public`` in hexadecimal."""
    public = request.POST.get("public", "")
    if not _PUBLIC(public):
        return JsonResponse({"code": "holder_key"}, status=400)
    now = timezone.now()
    try:
        issued = issue_token(
            actor=visit.actor, person_id=person_id, holder_key=bytes.fromhex(public), moment=now,
            with_name=_wants_name(request.POST),
        )  # fmt: skip
    except CodeRefusedError as refused:
        return JsonResponse({"code": refused.code}, status=400)
    return JsonResponse({
        "token": issued.text, "status": issued.status, "expires_at": issued.expires_at,
        "server_at": int(now.timestamp()),
    })  # fmt: skip


def _wants_name(given: Any) -> bool:
    """Only while the box is ticked: the next time that the page is opened it is not."""
    return bool(given.get("name") == "1")


def _shown(visit: Visit, person: Person, *, with_name: bool) -> str:
    """A showing signed now, as an image; "" for somebody who gets no code."""
    now = timezone.now()
    held = Ed25519PrivateKey.generate()
    public = held.public_key().public_bytes_raw()
    private = held.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    try:
        issued = issue_token(actor=visit.actor, person_id=person.pk, holder_key=public, moment=now, with_name=with_name)
    except CodeRefusedError:
        return ""
    text = show(issued.raw, private, int(now.timestamp()))
    return str(segno.make(text, error="m", micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff"))
