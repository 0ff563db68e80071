"""What a household does on its phone: objects to a status, asks for help, says who helps whom."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from lianfang.domains.cases.exposure_pages import exposures_shown
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import person_for
from lianfang.domains.residents.models import Consent, HelpKind, Relation, Urgency
from lianfang.domains.residents.phone.reading import residents_of
from lianfang.domains.residents.phone.visiting import page_of, problem_words, visiting
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.selectors import own_requests
from lianfang.domains.residents.services import Visit, ask_for_help, begin_helping, stop_helping
from lianfang.domains.status.appeals import clock_for, raise_objection
from lianfang.domains.status.followed import tests_due_of
from lianfang.domains.status.models import Objection
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.selectors import status_for
from lianfang.domains.status.timeline import timeline_of
from lianfang.domains.status.words import explain
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t

MOST_OPEN_APPEALS = 3
STEPS = 12


@visiting(checked=True)
@require_http_methods(["GET", "HEAD", "POST"])
def person_status(request: Any, visit: Visit, person_id: int) -> HttpResponseBase:
    """One person's status in full, and the objection to it."""
    person = person_for(visit.actor, person_id)
    problem = ""
    if request.method == "POST" and "text" in request.POST:
        try:
            return _object(request, visit, person)
        except StatusProblemError as said:
            problem = t(f"status.problem.{said.code}")
        except ResidentProblemError as said:
            problem = problem_words(said)
    found = status_for(visit.actor, person.pk)
    appeals = Objection.objects.visible_to(visit.actor).filter(person_id=person.pk).order_by("-made_at")[:5]
    context = {
        "page": page_of(request, visit, "statuses"),
        "person": person,
        "explained": explain(found),
        "steps": timeline_of(visit.actor, person.pk, most=STEPS),
        "tests": [] if found is None else tests_due_of(person.pk),
        "exposures": [one for one in exposures_shown(visit.actor, person) if one.is_current],
        "appeals": appeals,
        "within": round(clock_for(person, timezone.now()).within.total_seconds() / 3600),
        "problem": problem,
        "given": request.POST.get("text", ""),
    }
    return render(request, "residents/phone/person.html", context, status=422 if problem else 200)


def _object(request: Any, visit: Visit, person: Person) -> HttpResponseBase:
    mine = Objection.objects.visible_to(visit.actor).filter(person_id=person.pk, answered_at=None)
    if mine.count() >= MOST_OPEN_APPEALS:
        raise ResidentProblemError("too_many_appeals", "text", most=MOST_OPEN_APPEALS)
    made = raise_objection(actor=visit.actor, person_id=person.pk, text=request.POST["text"])
    tell(request, t("status.done.objection", who=made.assigned_to or t("status.objection.nobody")))
    return redirect("residents:person", visit_id=visit.id, person_id=person.pk)


@visiting(checked=False)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: Any, visit: Visit) -> HttpResponseBase:
    """Ask for help: nobody has to show anything first."""
    problem: ResidentProblemError | None = None
    given = request.POST
    if request.method == "POST":
        person = given.get("person", "")
        try:
            made = ask_for_help(
                actor=visit.actor, household_id=visit.household.pk, kind=given.get("kind", ""),
                urgency=given.get("urgency", ""), words=given.get("words", ""), phone=given.get("phone", ""),
                person_id=int(person) if person.isascii() and person.isdecimal() and len(person) < 19 else None,
                helper=visit.helper,
            )  # fmt: skip
        except ResidentProblemError as said:
            problem = said
        else:
            key = "residents.ask.sent_emergency" if made.urgency == Urgency.EMERGENCY else "residents.ask.sent"
            tell(request, t(key))
            return redirect("residents:ask", visit_id=visit.id)
    context = {
        "page": page_of(request, visit, "ask"),
        "kinds": list(HelpKind.values),
        "urgencies": list(Urgency.values),
        "people": residents_of(visit) if visit.is_checked else [],
        "requests": own_requests(visit.actor) if visit.is_checked else [],
        "count": len(own_requests(visit.actor)),
        "problem": problem_words(problem) if problem is not None else "",
        "field": problem.field if problem is not None else "",
        "given": given,
        "now": timezone.now(),
    }
    return render(request, "residents/phone/ask.html", context, status=422 if problem else 200)


@visiting(checked=True)
@require_http_methods(["GET", "HEAD", "POST"])
def helper(request: Any, visit: Visit) -> HttpResponseBase:
    """Say that one acts for somebody else, for whom, and how they agreed; or that it is over."""
    problem: ResidentProblemError | None = None
    given = request.POST
    if request.method == "POST" and given.get("do") == "stop":
        stop_helping(visit=visit)
        tell(request, t("residents.helper.stopped"))
        return redirect("residents:home", visit_id=visit.id)
    if request.method == "POST" and given.get("do") == "begin":
        person = given.get("person", "")
        try:
            begin_helping(
                visit=visit, name=given.get("name", ""), relation=given.get("relation", ""),
                consent=given.get("consent", ""), phone=given.get("phone", ""), note=given.get("note", ""),
                person_id=int(person) if person.isascii() and person.isdecimal() and len(person) < 19 else None,
            )  # fmt: skip
        except ResidentProblemError as said:
            problem = said
        else:
            tell(request, t("residents.helper.begun"))
            return redirect("residents:home", visit_id=visit.id)
    context = {
        "page": page_of(request, visit, "helper"),
        "people": residents_of(visit),
        "relations": list(Relation.values),
        "consents": list(Consent.values),
        "problem": problem_words(problem) if problem is not None else "",
        "field": problem.field if problem is not None else "",
        "given": given,
    }
    return render(request, "residents/phone/helper.html", context, status=422 if problem else 200)
