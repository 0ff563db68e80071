"""The page that explains one person's status down to every rule and fact."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from lianfang.domains.registry.selectors import person_for
from lianfang.domains.status.why import why
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.instants import instant_of


@allow(Action.STATUS_VIEW)
@require_http_methods(["GET", "HEAD"])
def why_page(request: Any, person_id: int) -> HttpResponseBase:
    """``?at=`` asks about a past instant, with what was known then."""
    person = person_for(request.actor, person_id)
    now = timezone.now()
    asked = instant_of(request.GET.get("at", ""))
    at = now if asked is None or asked > now else asked
    context = {"person": person, "found": why(person.pk, at), "at": at, "is_past": at != now}
    return render(request, "status/why.html", context)
