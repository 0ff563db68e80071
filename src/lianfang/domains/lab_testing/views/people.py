"""Somebody in a round: found by name or number, excused, or added at the door."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lianfang.domains.lab_testing import reasons, selectors, services
from lianfang.domains.lab_testing.models import PlannedExemption, RoundPerson, RoundState
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.views.answers import round_or_404, told
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import people_for, search
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tables import Column, by_keyset

COLUMNS = (
    Column("address", "lab_testing.column.address", "walking_key"),
    Column("name", "lab_testing.column.person"),
    Column("state", "lab_testing.column.state"),
    Column("reason", "lab_testing.column.reason"),
    Column("act", "", kind="action"),
)


@allow(Action.TESTING_VIEW)
def people(request: Any, pk: int) -> HttpResponseBase:
    """Who was looked for, or everybody who is excused."""
    round_ = round_or_404(request, pk)
    query = request.GET.get("q", "").strip()[:60]
    context = {
        "round": round_, "query": query, "may_exempt": request.actor.may(Action.TESTING_PLAN),
        "may_excuse": request.actor.may(Action.TESTING_PLAN) or request.actor.may(Action.REGISTRY_EDIT),
        "is_planned": round_.state == RoundState.PLANNED, "may_search": request.actor.may(Action.REGISTRY_SEARCH),
    }  # fmt: skip
    if query and context["may_search"]:
        found = search(request.actor, query, 25)
        homes = [home.pk for home in found.households]
        living = [one for one in found.people if one.state in ("living", "away")]
        if not living and homes:
            living = people_for(request.actor, _in_homes(request.actor, homes))
        context["rows"] = _rows(request.actor, round_, living)
        return render(request, "lab_testing/people.html", context)
    excused = RoundPerson.objects.visible_to(request.actor).filter(round=round_).exclude(claim="")
    if context["is_planned"]:
        planned = list(selectors.planned_exemptions(request.actor, round_)[:200])
        context["rows"] = _rows(request.actor, round_, people_for(request.actor, [one.person_id for one in planned]))
        return render(request, "lab_testing/people.html", context)
    table = by_keyset(request, excused, COLUMNS, sort="address")
    context["table"] = table
    context["rows"] = _rows(request.actor, round_, people_for(request.actor, [one.person_id for one in table]))
    return render(request, "lab_testing/people.html", context)


def _in_homes(actor: Any, homes: list[int]) -> list[int]:
    return list(Person.objects.visible_to(actor).filter(household__in=homes).values_list("pk", flat=True)[:50])


def _rows(actor: Any, round_: Any, found: list[Any]) -> list[dict[str, Any]]:
    ids = [person.pk for person in found]
    expected = {
        one.person_id: one for one in RoundPerson.objects.visible_to(actor).filter(round=round_, person_id__in=ids)
    }
    planned = {
        one.person_id: one for one in PlannedExemption.objects.visible_to(actor).filter(round=round_, person_id__in=ids)
    }
    return [
        {
            "person": person, "expected": expected.get(person.pk),
            "claim": (claim := expected.get(person.pk) or planned.get(person.pk)) and claim.claim,
            "reason": reasons.told_reason(claim.reason) if claim else "",
            "evidence": reasons.told_evidence(claim.evidence) if claim else "",
            "by": claim.recorded_by if claim else "",
        }
        for person in found
    ]  # fmt: skip


@allow(Action.TESTING_PLAN, Action.REGISTRY_EDIT, Action.TESTING_SAMPLE)
@require_POST
@told
def excuse(request: Any, pk: int, person_id: int) -> HttpResponseBase:
    given, actor = request.POST, request.actor
    reason, evidence, asked = given.get("reason", ""), given.get("evidence", ""), given.get("do", "")
    one: dict[str, Any] = {"actor": actor, "round_id": pk, "person_id": person_id}
    if asked == "exempt":
        services.add_exemption(**one, reason=reason, evidence=evidence)
    elif asked == "away":
        services.mark_away(**one, reason=reason, evidence=evidence)
    elif asked == "withdraw":
        services.withdraw_claim(**one, because=reason)
    elif asked == "add":
        services.add_person_at_door(**one)
    else:
        raise RefusedError("unknown_act")
    tell(request, t(f"lab_testing.told.person_{asked}"))
    return redirect(f"{reverse('lab_testing:people', args=[pk])}?q={given.get('q', '')}" if given.get("q") else
                    reverse("lab_testing:people", args=[pk]))  # fmt: skip
