"""One person's stated facts: only those that the rules in force there ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.cases.asked_facts import facts_asked_by, is_event, stored_as
from lianfang.domains.cases.exposure_pages import standing_at
from lianfang.domains.cases.models import PersonFact
from lianfang.domains.cases.person_facts import PersonFactProblemError, Stated, state_fact, withdraw_fact
from lianfang.domains.cases.selectors import person_facts_of
from lianfang.domains.cases.wording import fact_times, fact_words, stored_fact_name
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.selectors import person_for
from lianfang.engine.packs.facts import PERSON_FACTS
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.instants import instant_of
from lianfang.foundation.web.language import t

MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class AskedFact:
    """A fact that may be entered: ``kind`` is event, boolean, word or number; ``words`` (code, word) to choose from."""

    name: str
    words: str
    kind: str
    unit: str
    choices: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FactLine:
    fact: PersonFact
    words: str
    times: str
    is_of_registry: bool
    counts: bool


@allow(Action.REGISTRY_VIEW, Action.STATUS_VIEW)
def person_facts(request: Any, person_id: int) -> HttpResponseBase:
    """Shows what is stated; ``POST`` states one fact, and keeps what was typed where it is refused."""
    person = person_for(request.actor, person_id)
    if request.method != "POST":
        return render(request, "cases/facts.html", facts_context(request.actor, person))
    given = request.POST
    try:
        state_fact(actor=request.actor, person_id=person.pk, stated=_stated(given))
    except PersonFactProblemError as problem:
        wrong = {"errors": {problem.field: t(f"person_facts.problem.{problem.code}")}, "given": given}
        return render(request, "cases/facts.html", facts_context(request.actor, person) | wrong, status=422)
    tell(request, t("person_facts.done.state"))
    return redirect("cases:facts", person_id=person.pk)


@allow(Action.REGISTRY_EDIT)
@require_POST
def withdraw(request: Any, person_fact_id: int) -> HttpResponseBase:
    found = get_object_or_404(PersonFact.objects.visible_to(request.actor), pk=person_fact_id)
    person = person_for(request.actor, found.person_id)
    try:
        withdraw_fact(actor=request.actor, person_fact_id=found.pk, because=request.POST.get("because", ""))
    except PersonFactProblemError as problem:
        wrong = {"errors": {problem.field: t(f"person_facts.problem.{problem.code}")}, "wrong_id": found.pk,
                 "given": request.POST}  # fmt: skip
        return render(request, "cases/facts.html", facts_context(request.actor, person) | wrong, status=422)
    tell(request, t("person_facts.done.withdraw"))
    return redirect("cases:facts", person_id=person.pk)


def facts_context(actor: Actor, person: Person) -> dict[str, Any]:
    return {
        "person": person,
        "asked": asked_of(person),
        "lines": fact_lines(actor, person),
        "may_state": actor.may(Action.REGISTRY_EDIT),
        "errors": {},
        "given": {},
        "wrong_id": None,
    }


def asked_of(person: Person) -> list[AskedFact]:
    """What the rules in force where the person lives ask about people."""
    standing = standing_at(person, timezone.now())
    return [] if standing is None else [_asked(name) for name in facts_asked_by([standing.pack])]


def fact_lines(actor: Actor, person: Person) -> list[FactLine]:
    """The latest first; of several of one fact only the first that is not withdrawn counts."""
    counted: set[str] = set()
    lines = []
    for one in person_facts_of(actor, person.pk)[:MOST_SHOWN]:
        counts = one.withdrawn_at is None and one.fact not in counted
        counted |= {one.fact} if counts else set()
        lines.append(FactLine(one, fact_words(one), fact_times(one), one.source == "registry", counts))
    return lines


def _asked(name: str) -> AskedFact:
    spec = PERSON_FACTS[name]
    choices = [(word, t(f"pack_words.{name}.{word}")) for word in spec.words]
    kind = "event" if is_event(name) else spec.type
    return AskedFact(name, stored_fact_name(stored_as(name)), kind, spec.unit or "", choices)


def _stated(given: Any) -> Stated:
    times = {}
    for name in ("from_at", "to_at"):
        text = given.get(name, "").strip()
        times[name] = instant_of(text) if text else None
        if text and times[name] is None:
            raise PersonFactProblemError("time_unreadable", name)
    return Stated(given.get("fact", ""), given.get("value", ""), times["from_at"], times["to_at"])
