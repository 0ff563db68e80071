"""Pages of residents' codes: papers that were lost, and the keys that sign."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.domains.registry.selectors import person_for
from lianfang.domains.status.codes import (
    CodeRefusedError,
    all_keys,
    published_keys,
    revoke_key,
    withdraw_printed_codes,
)
from lianfang.foundation.access.allow import allow, public
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t


@allow(Action.REGISTRY_EDIT)
@require_POST
def withdraw_papers(request: Any, person_id: int) -> HttpResponseBase:
    """The paper was lost or stolen."""
    person = person_for(request.actor, person_id)
    because = request.POST.get("because", "")
    try:
        count = withdraw_printed_codes(actor=request.actor, person_id=person.pk, because=because, moment=timezone.now())
    except CodeRefusedError as refused:
        tell(request, t(f"field_proof.refused.{refused.code}"), tone="danger")
    else:
        tell(request, t("status.papers.done", count=count))
    return redirect("status:person", person_id=person.pk)


@allow(Action.CODE_KEYS)
@require_http_methods(["GET", "HEAD"])
def keys(request: Any) -> HttpResponseBase:
    return _page(request)


@allow(Action.CODE_KEYS)
@require_POST
def revoke(request: Any, kid: str) -> HttpResponseBase:
    """Somebody else may know this key; what was typed is kept where it cannot be done."""
    because = request.POST.get("because", "")
    try:
        revoke_key(actor=request.actor, kid=kid, because=because, moment=timezone.now())
    except CodeRefusedError as refused:
        return _page(request, problem=t(f"field_proof.refused.{refused.code}"))
    tell(request, t("status.keys.done"))
    return redirect("status:keys")


@public
@require_http_methods(["GET", "HEAD"])
def published(request: Any) -> HttpResponseBase:
    """What anybody needs to read a code without asking: public keys, their ids, and from when to when they signed."""
    found = [key.as_json() for key in published_keys(timezone.now())]
    answer = JsonResponse({"keys": found})
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cache-Control"] = "public, max-age=300"
    return answer


def _page(request: Any, problem: str = "") -> HttpResponseBase:
    now = timezone.now()
    shown = [(one, _state(one, now)) for one in all_keys(actor=request.actor)]
    status = 422 if problem else 200
    return render(request, "status/keys.html", {"keys": shown, "problem": problem}, status=status)


def _state(key: Any, now: Any) -> tuple[str, str]:
    """Code of its state (``status.key_state``) and tone."""
    if key.revoked_at is not None:
        return "revoked", "bad"
    if key.reads_until <= now:
        return "over", "quiet"
    if key.signs_from > now:
        return "ahead", "info"
    return ("signs", "good") if key.signs_until > now else ("reads", "quiet")
