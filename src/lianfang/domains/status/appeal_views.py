"""Pages of appeals: lists by clock, one appeal with the facts it turns on, and a resident's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.domains.registry.selectors import people_for
from lianfang.domains.status.appeal_facts import correctable_facts
from lianfang.domains.status.appeals import (
    answer_objection,
    posted_for,
    raise_objection,
    reassign_objection,
    take_up_objection,
)
from lianfang.domains.status.models import Objection
from lianfang.domains.status.problems import StatusProblemError
from lianfang.domains.status.selectors import (
    answered_objections,
    objection_for,
    objections_of,
    overdue_objections,
    statuses_for,
    unanswered_objections,
)
from lianfang.domains.status.words import explain, reason_then
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Tab

MOST_SHOWN = 200
_LISTS = {
    "open": unanswered_objections,
    "overdue": overdue_objections,
    "mine": objections_of,
    "answered": answered_objections,
}


@dataclass(frozen=True, slots=True)
class AppealShown:
    """An appeal beside its person; ``is_late``: the clock has run out and nobody has answered."""

    objection: Objection
    person: Any
    about: str
    status_then: str
    is_late: bool


@allow(Action.STATUS_VIEW)
@require_http_methods(["GET", "HEAD"])
def objections(request: Any) -> HttpResponseBase:
    chosen = request.GET.get("list", "open")
    if chosen not in _LISTS:
        chosen = "open"
    counts = {name: find(request.actor).count() for name, find in _LISTS.items() if name != "answered"}
    tabs = [
        Tab(t(f"status.objections.tab_{name}"), f"?list={name}", name == chosen, count=counts.get(name),
            tone="bad" if name == "overdue" and counts["overdue"] else "quiet")
        for name in _LISTS
    ]  # fmt: skip
    rows = shown_objections(request.actor, list(_LISTS[chosen](request.actor)[:MOST_SHOWN]))
    return render(request, "status/objections.html", {"rows": rows, "tabs": tabs, "chosen": chosen})


@allow(Action.STATUS_VIEW)
@require_http_methods(["GET", "HEAD"])
def objection(request: Any, objection_id: int) -> HttpResponseBase:
    return _page(request, objection_id)


@allow(Action.STATUS_ORDER)
@require_POST
def act_on_objection(request: Any, objection_id: int, what: str) -> HttpResponseBase:
    """Take it up, give it to somebody else, or answer; what was typed is kept where it cannot be done."""
    given = request.POST
    try:
        if what == "take-up":
            take_up_objection(actor=request.actor, objection_id=objection_id)
        elif what == "reassign":
            account = given.get("account", "")
            reassign_objection(
                actor=request.actor, objection_id=objection_id, account_id=int(account) if account.isdecimal() else 0
            )
        elif what == "answer":
            answer_objection(
                actor=request.actor, objection_id=objection_id, outcome=given.get("outcome", ""),
                answer=given.get("answer", ""), wrong_fact=_fact(given.get("fact", "")),
            )  # fmt: skip
        else:
            raise Http404
    except StatusProblemError as problem:
        if problem.code == "objection_elsewhere":
            raise Http404 from problem
        return _page(request, objection_id, problem=t(f"status.problem.{problem.code}"), given=given)
    tell(request, t(f"status.done.{what.replace('-', '_')}_objection"))
    return redirect("status:objection", objection_id=objection_id)


@allow(Action.OWN_HOUSEHOLD)
@require_POST
def object_own(request: Any, person_id: int) -> HttpResponseBase:
    """A resident's question about somebody of the own household."""
    try:
        made = raise_objection(actor=request.actor, person_id=person_id, text=request.POST.get("text", ""))
    except StatusProblemError as problem:
        messages.error(request, t(f"status.problem.{problem.code}"))
    else:
        messages.success(request, t("status.done.objection", who=made.assigned_to or t("status.objection.nobody")))
    return redirect("registry:my_household")


def shown_objections(actor: Actor, found: list[Objection]) -> list[AppealShown]:
    people = {one.pk: one for one in people_for(actor, {one.person_id for one in found})}
    return [shown_objection(one, people.get(one.person_id)) for one in found]


def shown_objection(one: Objection, person: Any, now: datetime | None = None) -> AppealShown:
    about = one.about
    reason = ""
    if about.get("pack"):
        reason = reason_then(about)
    return AppealShown(
        objection=one,
        person=person,
        about=reason,
        status_then=about.get("status", "unknown"),
        is_late=one.answered_at is None and one.due_at <= (now or timezone.now()),
    )


def _page(request: Any, objection_id: int, *, problem: str = "", given: Any = None) -> HttpResponseBase:
    found = objection_for(request.actor, objection_id)
    if found is None:
        raise Http404
    people = people_for(request.actor, {found.person_id})
    is_open = found.answered_at is None
    status = statuses_for(request.actor, [found.person_id]).get(found.person_id)
    context = {
        "shown": shown_objection(found, people[0] if people else None),
        "one": found,
        "explained": explain(status, with_evidence=False),
        "facts": correctable_facts(found),
        "posted": posted_for(found) if is_open and request.actor.may(Action.STATUS_ORDER) else [],
        "may_act": is_open and request.actor.may(Action.STATUS_ORDER),
        "problem": problem,
        "given": given or {},
    }
    return render(request, "status/objection.html", context, status=422 if problem else 200)


def _fact(text: str) -> tuple[str, int] | None:
    table, _, number = text.partition("-")
    return (table, int(number)) if number.isascii() and number.isdecimal() and len(number) < 19 else None
