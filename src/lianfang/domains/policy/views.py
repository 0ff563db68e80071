"""Pages of rules: which hold where, each pack in words, and putting one into force by two people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.policy.models import PackActivation
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.policy.pages import (
    emergency_hours,
    pack_line,
    rules_in_words,
    shown_activations,
    usable_packs,
    values_in_words,
)
from lianfang.domains.policy.selectors import activations
from lianfang.domains.policy.services import (
    PolicyProblemError,
    approve_activation,
    may_activate,
    places_to_activate,
    propose_activation,
    withdraw_proposal,
)
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.instants import instant_of
from lianfang.foundation.web.language import t

MOST_SHOWN = 100


@allow()
def rules(request: Any) -> HttpResponseBase:
    return _list(request)


@allow()
def pack(request: Any, disease: str, name: str, version: int) -> HttpResponseBase:
    """One pack in words: rules, limits, sources with their grades."""
    found = packs_on_disk().get((f"{disease}/{name}", version))
    if found is None:
        raise Http404
    local = timezone.localtime().replace(tzinfo=None)
    context = {
        "line": pack_line(found, local),
        "pack": found,
        "transition": found.manifest.transition,
        "rules": rules_in_words(found, local),
        "values": values_in_words(found),
        "hours": emergency_hours(found, local),
    }
    return render(request, "policy/pack.html", context)


@allow(Action.STATUS_ORDER)
@require_POST
def propose(request: Any) -> HttpResponseBase:
    try:
        chosen, place_id, starts_at, reason = _asked(request)
        propose_activation(
            actor=request.actor,
            pack=chosen[0],
            version=chosen[1],
            place_id=place_id,
            starts_at=starts_at,
            reason=reason,
        )
    except PolicyProblemError as problem:
        return _list(request, problem=t(f"policy.problem.{problem.code}"), given=request.POST)
    tell(request, t("policy.done.propose"))
    return redirect("policy:list")


@allow(Action.STATUS_ORDER)
@require_POST
def settle(request: Any, activation_id: int, what: str) -> HttpResponseBase:
    """Approve what somebody else proposed, or withdraw a proposal."""
    if what not in ("approve", "withdraw"):
        raise Http404
    found = get_object_or_404(PackActivation, pk=activation_id)
    try:
        if what == "approve":
            seen = request.POST.get("seen", "")
            number = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 19 else None
            approve_activation(actor=request.actor, activation=found, seen=number)
        else:
            withdraw_proposal(actor=request.actor, activation=found)
    except PolicyProblemError as problem:
        tell(request, t(f"policy.problem.{problem.code}"), tone="warning")
    else:
        tell(request, t(f"policy.done.{what}"))
    return redirect("policy:list")


def _asked(request: Any) -> tuple[tuple[str, int], int, datetime, str]:
    """What the form says. Raises PolicyProblemError for what cannot be read or is missing."""
    given = request.POST
    known = {f"{one.id} {one.version}": (one.id, one.version) for one in packs_on_disk().values()}
    chosen = known.get(given.get("pack", ""))
    if chosen is None:
        raise PolicyProblemError("pack_unknown")
    places = {str(place.pk): place.pk for place in places_to_activate(request.actor)}
    if given.get("place", "") not in places:
        raise PolicyProblemError("place_needed")
    reason = given.get("reason", "").strip()
    if not reason:
        raise PolicyProblemError("reason_needed")
    return chosen, places[given["place"]], _instant(given.get("starts_at", "").strip()), reason


def _instant(text: str) -> datetime:
    if not text:
        return timezone.now()
    found = instant_of(text)
    if found is None:
        raise PolicyProblemError("time_unreadable")
    return found


def _list(request: Any, *, problem: str = "", given: Any = None) -> HttpResponseBase:
    now = timezone.now()
    local = timezone.localtime(now).replace(tzinfo=None)
    shown = shown_activations(activations()[:MOST_SHOWN], now)
    is_deciding = may_activate(request.actor)
    context = {
        "waiting": [one for one in shown if not one.state],
        "settled": [one for one in shown if one.state],
        "packs": [pack_line(one, local) for one in packs_on_disk().values()],
        "is_deciding": is_deciding,
        "usable": usable_packs(now) if is_deciding else [],
        "places": places_to_activate(request.actor) if is_deciding else [],
        "problem": problem,
        "given": given or {},
        "own_id": request.actor.account_id,
    }
    return render(request, "policy/list.html", context, status=422 if problem else 200)
