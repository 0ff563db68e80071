"""A person: facts, forms at the door, moves, contacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lianfang.domains.registry.errors import ChangedMeanwhileError, RegistryError
from lianfang.domains.registry.forms import PersonForm, StateForm, problem_words
from lianfang.domains.registry.models import LivingState, Person
from lianfang.domains.registry.panels import badges_for, panels_for
from lianfang.domains.registry.selectors import (
    household_for,
    household_people,
    person_for,
    person_history,
    search,
)
from lianfang.domains.registry.services import (
    edit_person,
    mark_away,
    mark_died,
    mark_moved_out,
    mark_returned,
    move_person,
    record_contact,
    register_person,
)
from lianfang.domains.registry.services.facts import PersonFacts, understood
from lianfang.domains.registry.transitions import MOVES
from lianfang.domains.registry.views.conflicts import conflict_of, merged
from lianfang.domains.registry.views.history import steps
from lianfang.domains.registry.views.places import crumbs_above
from lianfang.domains.registry.wording import age_of, code_words, needs_words, state_words
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Term

_MARKS: Mapping[str, Callable[..., Person]] = {
    LivingState.AWAY: mark_away, LivingState.MOVED_OUT: mark_moved_out, LivingState.DIED: mark_died,
    LivingState.LIVING: mark_returned,
}  # fmt: skip


@allow(Action.REGISTRY_VIEW, Action.REGISTRY_SEARCH)
def person(request: Any, person_id: int) -> HttpResponseBase:
    actor: Actor = request.actor
    shown = person_for(actor, person_id)
    sees_history = actor.may(Action.REGISTRY_VIEW)
    context = {
        "person": shown,
        "crumbs": _crumbs(actor, shown),
        "facts": _facts(shown),
        "state": state_words(shown),
        "badges": badges_for(actor, [shown])[shown.pk],
        "family": [one for one in household_people(actor, shown.household) if one.pk != shown.pk]
        if shown.household
        else [],
        "panels": panels_for(actor, shown, "person"),
        "history": steps(person_history(actor, shown)) if sees_history else [],
        "may_edit": actor.may(Action.REGISTRY_EDIT),
        "may_record": actor.may(Action.REGISTRY_EDIT) or actor.may(Action.TESTING_SAMPLE),
        "moves": sorted(MOVES[shown.state], key=list(LivingState.values).index),
        "id_type": code_words("id_type", shown.id_type),
        "is_id_doubtful": shown.id_is_valid is False,
    }
    return render(request, "registry/person.html", context)


def _crumbs(actor: Actor, person: Person) -> list[tuple[str, str]]:
    household = person.household
    if household is None or not actor.may(Action.REGISTRY_VIEW):
        return []
    above = crumbs_above(actor, household.place, with_self=True)
    return [*above, (household.room or household.address, reverse("registry:household", args=[household.pk]))]


def _facts(person: Person) -> list[Term]:
    age = age_of(person.birth_on)
    born = "" if person.birth_on is None else t("registry.person.born", day=person.birth_on.isoformat(), age=age or 0)
    return [
        Term(t("registry.field.sex"), code_words("sex", person.sex)),
        Term(t("registry.field.birth_on"), born),
        Term(t("registry.field.relation_to_head"), code_words("relation", person.relation_to_head)),
        Term(t("registry.field.class_kind"), code_words("class", person.class_kind)),
        Term(t("registry.field.special_needs"), needs_words(person.special_needs) or t("registry.person.no_needs")),
        Term(t("registry.field.key_person_kind"), person.key_person_kind or t("registry.person.not_key")),
        Term(t("registry.field.occupation"), person.occupation),
        Term(t("registry.field.employer"), person.employer),
        Term(t("registry.field.remark"), person.remark or t("registry.person.no_remark")),
    ]


@allow(Action.REGISTRY_EDIT)
def new_person(request: Any) -> HttpResponseBase:
    """A person of the household ``?household=``."""
    given = request.POST.get("household") or request.GET.get("household") or ""
    household = household_for(
        request.actor, int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else 0
    )
    people = household_people(request.actor, household, residents_only=True)
    form = PersonForm(request.POST or None, initial={} if people else {"relation_to_head": "head"})
    taken_by: object = None
    if request.method == "POST" and form.is_valid():
        facts = form.facts()
        try:
            made = register_person(actor=request.actor, household=household, **facts)
        except RegistryError as problem:
            form.refuse(problem)
            taken_by = problem.gaps.get("person_id")
        else:
            _tell_saved(request, made, facts, "registry.person.added")
            if "another" in request.POST:
                return redirect(f"{reverse('registry:new_person')}?household={household.pk}")
            return redirect("registry:household", household_id=household.pk)
    context = {
        "form": form, "household": household, "people": people, "taken_by": taken_by,
        "crumbs": [*crumbs_above(request.actor, household.place, with_self=True),
                   (household.room or household.address, reverse("registry:household", args=[household.pk]))],
    }  # fmt: skip
    return render(request, "registry/new_person.html", context, status=422 if form.errors else 200)


def _tell_saved(request: Any, person: Person, facts: dict[str, Any], key: str) -> None:
    """Saved; and what in it should be looked at again, such as a check digit that is wrong."""
    _, notes = understood(PersonFacts(**{"name": person.name, **facts}))
    doubts = [t(f"note.{code}") for codes in notes.values() for code in codes]
    text = t(key, name=person.name)
    tell(request, text if not doubts else t("registry.person.doubts", saved=text, doubts=t("web.comma").join(doubts)),
         tone="warning" if doubts else "success")  # fmt: skip


@allow(Action.REGISTRY_EDIT)
def change_person(request: Any, person_id: int) -> HttpResponseBase:
    """Correct a person. Where somebody else saved meanwhile, both versions are shown and each field is chosen."""
    shown = person_for(request.actor, person_id)
    if request.method != "POST":
        return _change_page(request, shown, PersonForm.of(shown))
    form = PersonForm(merged(request.POST, shown), person=shown)
    if not form.is_valid():
        return _change_page(request, shown, form, status=422)
    facts = form.facts()
    try:
        saved = edit_person(actor=request.actor, person=shown, version=form.cleaned_data["version"] or 0, changes=facts)
    except ChangedMeanwhileError as meanwhile:
        assert isinstance(meanwhile.now, Person)
        context = {
            "person": shown,
            "crumbs": _crumbs(request.actor, shown),
            "conflict": conflict_of(form, meanwhile.now),
        }
        return render(request, "registry/conflict.html", context, status=409)
    except RegistryError as problem:
        form.refuse(problem)
        return _change_page(request, shown, form, status=422, taken_by=problem.gaps.get("person_id"))
    _tell_saved(request, saved, facts, "registry.person.saved")
    return redirect("registry:person", person_id=shown.pk)


def _change_page(
    request: Any, person: Person, form: PersonForm, status: int = 200, taken_by: object = None
) -> HttpResponseBase:
    context = {
        "person": person, "form": form, "taken_by": taken_by,
        "crumbs": [*_crumbs(request.actor, person), (person.name, reverse("registry:person", args=[person.pk]))],
    }  # fmt: skip
    return render(request, "registry/change_person.html", context, status=status)


@allow(Action.REGISTRY_EDIT, Action.TESTING_SAMPLE)
def change_state(request: Any, person_id: int) -> HttpResponseBase:
    """At home, away, moved out, died."""
    shown = person_for(request.actor, person_id)
    may_edit = request.actor.may(Action.REGISTRY_EDIT)
    allowed = [
        state for state in LivingState.values if state in MOVES[shown.state] or state == shown.state == LivingState.AWAY
    ]
    if not may_edit:
        allowed = [state for state in allowed if state in (LivingState.AWAY, LivingState.LIVING)]
    wanted = request.GET.get("to", "")
    form = StateForm(
        request.POST or None,
        states=allowed,
        initial={"state": wanted if wanted in allowed else allowed[0] if allowed else ""},
    )
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        extra = {"until_on": facts["until_on"]} if facts["state"] == LivingState.AWAY else {}
        try:
            _MARKS[facts["state"]](actor=request.actor, person=shown, reason=facts["reason"], **extra)
        except RegistryError as problem:
            form.refuse(problem)
        else:
            tell(request, t("registry.person.state_saved", name=shown.name, state=code_words("state", facts["state"])))
            return redirect("registry:person", person_id=shown.pk)
    context = {
        "person": shown, "form": form, "state": state_words(shown),
        "crumbs": [*_crumbs(request.actor, shown), (shown.name, reverse("registry:person", args=[shown.pk]))],
    }  # fmt: skip
    return render(request, "registry/change_state.html", context, status=422 if form.errors else 200)


@allow(Action.REGISTRY_EDIT)
def move(request: Any, person_id: int) -> HttpResponseBase:
    """To another household: find it, choose it."""
    shown = person_for(request.actor, person_id)
    if request.method == "POST":
        given = request.POST.get("household", "")
        target = household_for(
            request.actor, int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else 0
        )
        try:
            move_person(actor=request.actor, person=shown, household=target)
        except RegistryError as problem:
            tell(request, problem_words(problem), tone="danger")
            return redirect("registry:move_person", person_id=shown.pk)
        tell(request, t("registry.person.moved", name=shown.name, address=target.address))
        return redirect("registry:person", person_id=shown.pk)
    query = request.GET.get("home", "")[:60]
    found = search(request.actor, query, 30) if query else None
    context = {
        "person": shown, "query": query, "found": found,
        "households": [one for one in found.households if one.pk != shown.household_id] if found else [],
        "crumbs": [*_crumbs(request.actor, shown), (shown.name, reverse("registry:person", args=[shown.pk]))],
    }  # fmt: skip
    return render(request, "registry/move.html", context)


@allow(Action.REGISTRY_EDIT, Action.TESTING_SAMPLE)
@require_POST
def contact(request: Any, person_id: int) -> HttpResponseBase:
    """Somebody was reached, or was not: now, with a word on it."""
    shown = person_for(request.actor, person_id)
    record_contact(actor=request.actor, person=shown, note=request.POST.get("note", "")[:200])
    tell(request, t("registry.person.contacted", name=shown.name))
    return redirect("registry:person", person_id=shown.pk)
