"""What a household reads on its phone: home, codes, results, statuses."""

from __future__ import annotations

from typing import Any

import segno
from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from lianfang.domains.lab_testing.codes import household_code, person_code
from lianfang.domains.lab_testing.results.selectors import described
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import household_people
from lianfang.domains.residents.phone.visiting import page_of, visiting
from lianfang.domains.residents.selectors import own_holds, own_requests, own_results
from lianfang.domains.residents.services import Visit
from lianfang.domains.status.selectors import statuses_for
from lianfang.domains.status.words import Explained, explain


def residents_of(visit: Visit) -> list[Person]:
    return household_people(visit.actor, visit.household, residents_only=True)


def explained_of(visit: Visit, people: list[Person]) -> list[tuple[Person, Explained]]:
    found = statuses_for(visit.actor, [one.pk for one in people])
    return [(one, explain(found.get(one.pk), with_evidence=False)) for one in people]


@visiting(checked=False)
@require_http_methods(["GET", "HEAD"])
def home(request: Any, visit: Visit) -> HttpResponseBase:
    """Everything at a glance; before the check only what needs no name."""
    people = explained_of(visit, residents_of(visit)) if visit.is_checked else []
    requests = [one for one in own_requests(visit.actor) if one.state != "done"] if visit.is_checked else []
    context = {"page": page_of(request, visit, "home"), "people": people, "requests": requests, "now": timezone.now()}
    return render(request, "residents/phone/home.html", context)


@visiting(checked=True)
@require_http_methods(["GET", "HEAD", "POST"])
def codes(request: Any, visit: Visit) -> HttpResponseBase:
    """Codes for the samplers to scan, one for each and one for a household's tube."""
    people = residents_of(visit)
    context = {
        "page": page_of(request, visit, "codes"),
        "people": [(one, person_code(one.pk), qr_of(person_code(one.pk))) for one in people],
        "household_code": household_code(visit.household.pk),
        "household_qr": qr_of(household_code(visit.household.pk)),
    }
    return render(request, "residents/phone/codes.html", context)


def qr_of(text: str) -> str:
    """An image in the page: dark on white whatever the theme, for that is what scanners read."""
    return segno.make(text, error="m", micro=False).svg_data_uri(scale=6, border=4, dark="#000", light="#fff")


@visiting(checked=True)
@require_http_methods(["GET", "HEAD", "POST"])
def results(request: Any, visit: Visit) -> HttpResponseBase:
    """What became of each swab, and what waiting means."""
    people = residents_of(visit)
    found = own_results(visit.actor)
    context = {
        "page": page_of(request, visit, "results"),
        "people": [(one, [row for row in found if row.person_id == one.pk]) for one in people],
        "holds": described(visit.actor, list(own_holds(visit.actor))),
        "now": timezone.now(),
    }
    return render(request, "residents/phone/results.html", context)


@visiting(checked=True)
@require_http_methods(["GET", "HEAD", "POST"])
def statuses(request: Any, visit: Visit) -> HttpResponseBase:
    """Everybody's status with its reason and end."""
    context = {"page": page_of(request, visit, "statuses"), "people": explained_of(visit, residents_of(visit))}
    return render(request, "residents/phone/statuses.html", context)
