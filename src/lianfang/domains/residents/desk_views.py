"""The community's desk: requests for help by their clock, and what households wrote of themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.domains.registry.errors import ChangedMeanwhileError, RegistryError
from lianfang.domains.registry.forms import problem_words as registry_words
from lianfang.domains.registry.models import Household, Person
from lianfang.domains.registry.wording import code_words, needs_words
from lianfang.domains.residents.models import HelpRequest, ProposedPerson
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.selectors import help_counts, help_requests, waiting_proposals
from lianfang.domains.residents.services import (
    confirm_proposal,
    finish_help,
    give_back_help,
    reject_proposal,
    take_help,
)
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.privacy.numbers import mask_identity, mask_phone, unseal
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Tab

MOST_SHOWN = 200
_LISTS = ("open", "late", "mine", "done")


def problem_words(problem: ResidentProblemError) -> str:
    return t(f"residents.problem.{problem.code}", **problem.gaps)


@dataclass(frozen=True, slots=True)
class HelpShown:
    request: HelpRequest
    household: Household | None
    person: Person | None
    by: str
    phone: str
    is_late: bool


@allow(Action.REGISTRY_VIEW)
@require_http_methods(["GET", "HEAD"])
def help_list(request: Any) -> HttpResponseBase:
    actor: Actor = request.actor
    chosen = request.GET.get("list", "open")
    if chosen not in _LISTS:
        chosen = "open"
    counts = {name: help_requests(actor, name).count() for name in _LISTS if name != "done"}
    tabs = [
        Tab(t(f"residents.desk.tab_{name}"), f"?list={name}", name == chosen, count=counts.get(name),
            tone="bad" if name == "late" and counts["late"] else "quiet")
        for name in _LISTS
    ]  # fmt: skip
    found = list(help_requests(actor, chosen)[:MOST_SHOWN])
    if chosen in ("open", "late"):
        found.sort(key=lambda one: (one.urgency != "emergency", one.state != "open", one.due_at, one.pk))
    context = {
        "tabs": tabs, "chosen": chosen, "rows": _help_shown(actor, found),
        "emergencies": help_counts(actor).emergencies,
        "may_act": actor.may(Action.REGISTRY_EDIT), "waiting": waiting_proposals(actor).count(),
    }  # fmt: skip
    return render(request, "residents/help_list.html", context)


def _help_shown(actor: Actor, found: list[HelpRequest]) -> list[HelpShown]:
    homes = Household.objects.visible_to(actor).in_bulk({one.household_id for one in found})
    people = Person.objects.visible_to(actor).in_bulk({one.person_id for one in found if one.person_id})
    now = timezone.now()
    return [
        HelpShown(
            one, homes.get(one.household_id), people.get(one.person_id or 0), by_whom(one),
            # Whoever asks for help and leaves a number wants to be called: no purpose has to be given for it.
            unseal(one.phone_sealed) or unseal(one.helper.phone_sealed if one.helper else None) or "",
            one.state == "open" and one.due_at <= now,
        )
        for one in found
    ]  # fmt: skip


def by_whom(one: Any) -> str:
    """Who did it: the household itself, or a helper by name."""
    if one.helper is None:
        return t("residents.desk.by_resident") if one.made_by.startswith("住户#") else one.made_by
    return t("residents.desk.by_helper", name=one.helper.name, relation=t(f"residents.relation.{one.helper.relation}"))


@allow(Action.REGISTRY_EDIT)
@require_POST
def settle_help(request: Any, request_id: int, what: str) -> HttpResponseBase:
    acts: dict[str, Callable[[], object]] = {
        "take": lambda: take_help(actor=request.actor, request_id=request_id),
        "give-back": lambda: give_back_help(actor=request.actor, request_id=request_id),
        "finish": lambda: finish_help(
            actor=request.actor, request_id=request_id, outcome=request.POST.get("outcome", "")
        ),
    }
    if what not in acts:
        raise Http404
    try:
        acts[what]()
    except ResidentProblemError as problem:
        if problem.code == "request_elsewhere":
            raise Http404 from problem
        tell(request, problem_words(problem), tone="warning")
    else:
        tell(request, t(f"residents.desk.done.{what}"))
    return redirect("residents:help_list")


@dataclass(frozen=True, slots=True)
class ProposalShown:
    """A row beside what the register says: ``lines`` are (field, now, wanted)."""

    row: ProposedPerson
    household: Household | None
    person: Person | None
    lines: list[tuple[str, str, str]]
    by: str
    problem: str = ""


@allow(Action.REGISTRY_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def proposals(request: Any) -> HttpResponseBase:
    """Confirm or send back, many at once; what cannot be written says why and waits on."""
    actor: Actor = request.actor
    failed: dict[int, str] = {}
    if request.method == "POST":
        answer = _settle(request, failed)
        if answer is not None:
            return answer
    waiting = waiting_proposals(actor)
    household = request.GET.get("household", "")
    if household.isascii() and household.isdecimal() and len(household) < 19:
        waiting = waiting.filter(household_id=int(household))
    found = list(waiting[:MOST_SHOWN])
    context = {
        "rows": _shown(actor, found, failed), "failures": _failures(actor, failed), "given": request.POST,
        "chosen": set(request.POST.getlist("row")), "count": waiting.count(),
        "requests": help_requests(actor).count(),
    }  # fmt: skip
    return render(request, "residents/proposals.html", context, status=422 if failed else 200)


def _failures(actor: Actor, failed: dict[int, str]) -> list[tuple[int, str, str]]:
    """Each row that was not settled: also one that somebody else has settled and that the list shows no more."""
    names = dict(ProposedPerson.objects.visible_to(actor).filter(pk__in=failed).values_list("pk", "name"))
    return [(pk, names.get(pk, ""), words) for pk, words in failed.items()]


def _settle(request: Any, failed: dict[int, str]) -> HttpResponseBase | None:
    """Each row in a savepoint of its own: one that the register refuses holds up no other."""
    chosen = [int(one) for one in request.POST.getlist("row") if one.isascii() and one.isdecimal() and len(one) < 19]
    rejects = request.POST.get("do") == "reject"
    if not chosen:
        tell(request, t("residents.desk.none_chosen"), tone="warning")
        return redirect(request.get_full_path())
    if rejects and not request.POST.get("because", "").strip():
        failed.update(dict.fromkeys(chosen, t("residents.problem.because_needed")))
        return None
    for row_id in chosen:
        said = _settle_one(request, row_id, rejects)
        if said:
            failed[row_id] = said
    done = len(chosen) - len(failed)
    if done:
        tell(request, t("residents.desk.rejected" if rejects else "residents.desk.confirmed", count=done))
    return None if failed else redirect(request.get_full_path())


def _settle_one(request: Any, row_id: int, rejects: bool) -> str:
    version = request.POST.get(f"version-{row_id}", "")
    try:
        with transaction.atomic():
            if rejects:
                reject_proposal(actor=request.actor, proposal_id=row_id, because=request.POST["because"])
            else:
                seen = int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else None
                confirm_proposal(actor=request.actor, proposal_id=row_id, version=seen)
    except ChangedMeanwhileError:
        return t("residents.desk.changed_meanwhile")
    except RegistryError as problem:
        return registry_words(problem)
    except ResidentProblemError as problem:
        return problem_words(problem)
    return ""


def _shown(actor: Actor, found: list[ProposedPerson], failed: dict[int, str]) -> list[ProposalShown]:
    homes = Household.objects.visible_to(actor).in_bulk({one.household_id for one in found})
    people = Person.objects.visible_to(actor).in_bulk({one.person_id for one in found if one.person_id})
    return [
        ProposalShown(
            one, homes.get(one.household_id), people.get(one.person_id or 0),
            _lines(one, people.get(one.person_id or 0)), by_whom(one.pre_registration), failed.get(one.pk, ""),
        )
        for one in found
    ]  # fmt: skip


def _lines(row: ProposedPerson, person: Person | None) -> list[tuple[str, str, str]]:
    """What differs, numbers masked on both sides: their ends are enough to compare."""
    if row.what == "left":
        return []
    pairs = {
        "name": (person.name if person else "", row.name),
        "id_number": (
            mask_identity(unseal(person.id_sealed)) if person else "", mask_identity(unseal(row.id_sealed))
        ),
        "phone": (mask_phone(unseal(person.phone_sealed)) if person else "", mask_phone(unseal(row.phone_sealed))),
        "relation_to_head": (
            code_words("relation", person.relation_to_head) if person else "",
            code_words("relation", row.relation_to_head),
        ),
        "special_needs": (
            needs_words(person.special_needs) if person else "", needs_words(row.special_needs)
        ),
    }  # fmt: skip
    said = [name for name, (_, new) in pairs.items() if new and name != "name"]
    wanted = row.fields if row.what == "change" else said
    return [(t(f"residents.field.{name}"), *pairs[name]) for name in wanted if name in pairs]
