"""Slips of a building by stairwell, of one household, and printed codes of people without a phone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.domains.lab_testing.codes import person_code
from lianfang.domains.lab_testing.labels import chinese_font
from lianfang.domains.registry.models import Household, Person, Place, PlaceKind
from lianfang.domains.registry.naming import place_name
from lianfang.domains.registry.reach import require_reach
from lianfang.domains.registry.selectors import household_for, place_for
from lianfang.domains.registry.views.places import crumbs_above
from lianfang.domains.residents.desk_views import problem_words
from lianfang.domains.residents.models import HelpKind, Urgency
from lianfang.domains.residents.printing import Square, sheets
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.domains.residents.selectors import (
    helpers_of_household,
    households_at,
    invites_of_household,
    people_without_phone,
    stairwells,
)
from lianfang.domains.residents.services import MadeInvite, ask_for_help, make_invites, revoke_invite, unlock_invite
from lianfang.domains.status.codes import Issued, issue_printed_codes
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.texts import Texts, texts
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import current_texts, t
from lianfang.foundation.web.wording import local


def phone_link(request: Any, path: str) -> str:
    """Where a resident's phone finds a page: as the operator said, else where the desk is at hand."""
    return f"{settings.PHONE_ADDRESS}{path}" if settings.PHONE_ADDRESS else str(request.build_absolute_uri(path))


def is_only_here(request: Any) -> bool:
    """Whether slips would lead phones to themselves: the desk was opened under a name of its own computer."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return not settings.PHONE_ADDRESS and host in ("127.0.0.1", "localhost", "[::1]")


def _place(actor: Actor, place_id: int) -> Place:
    found = place_for(actor, place_id)
    if found.kind not in (PlaceKind.BUILDING, PlaceKind.UNIT, PlaceKind.COMMUNITY):
        raise Http404
    require_reach(actor, found)
    return found


@allow(Action.REGISTRY_EDIT)
@require_http_methods(["GET", "HEAD"])
def place(request: Any, place_id: int) -> HttpResponseBase:
    """A building's stairwells: who has a slip, who opened it, who has no phone."""
    building = _place(request.actor, place_id)
    if building.kind != PlaceKind.BUILDING:
        raise Http404
    context = {
        "place": building, "title": t("residents.place.title", name=place_name(building)),
        "crumbs": crumbs_above(request.actor, building, with_self=True),
        "is_only_here": is_only_here(request),
        "stairwells": [(one, place_name(one.place)) for one in stairwells(request.actor, building)],
    }  # fmt: skip
    return render(request, "residents/place.html", context)


@allow(Action.REGISTRY_EDIT)
@require_POST
def slips(request: Any, place_id: int) -> HttpResponseBase:
    """New slips for every household of a stairwell, as a sheet to cut."""
    where = _place(request.actor, place_id)
    homes = households_at(request.actor, where)
    try:
        made = make_invites(actor=request.actor, household_ids=[one.pk for one in homes])
    except ResidentProblemError as problem:
        tell(request, problem_words(problem), tone="warning")
        return redirect(request.META.get("HTTP_REFERER") or "registry:places")
    return _pdf(sheets(place_name(where), [_slip(request, one) for one in made]), "slips")


def _slip(request: Any, made: MadeInvite) -> Square:
    link = phone_link(request, reverse("residents:landing", args=[made.token]))
    short = phone_link(request, reverse("residents:typed")).split("://", 1)[-1]
    words = printed_words()
    return Square(
        link, made.household.address, made.token,
        (words("residents.place.slip_text"), words("residents.place.slip_typed", address=short),
         words("residents.place.slip_ends", day=local(made.invite.ends_at).date().isoformat())),
    )  # fmt: skip


@allow(Action.REGISTRY_EDIT)
@require_POST
def code_sheets(request: Any, place_id: int) -> HttpResponseBase:
    """Codes of the people of a stairwell who have no phone, for whoever brings them."""
    where = _place(request.actor, place_id)
    homes = households_at(request.actor, where)
    people = people_without_phone(request.actor, [one.pk for one in homes])
    printed = issue_printed_codes(actor=request.actor, person_ids=[one.pk for one in people], moment=timezone.now())
    squares = [square for one in people for square in _codes_of(one, printed.get(one.pk))]
    return _pdf(sheets(place_name(where), squares), "codes")


def _codes_of(person: Person, printed: Issued | None) -> list[Square]:
    """Side by side on the sheet: what a sampler scans, and what a gate does."""
    address = person.household.address if person.household else ""
    code, words = person_code(person.pk), printed_words()
    name = person.name if person.name.isascii() or chinese_font() else person.name_pinyin.title()
    found = [Square(code, name, code, (address, words("residents.place.code_for_sampling")))]
    if printed is not None:
        ends = local(datetime.fromtimestamp(printed.expires_at, UTC)).date().isoformat()
        lines = (address, words("residents.place.code_for_gates"), words("residents.place.code_ends", day=ends))
        found.append(Square(printed.text, name, "", lines))
    return found


def printed_words() -> Texts:
    """The words of paper: the reader's, or English where no font could be embedded that has them."""
    return current_texts() if chinese_font() else texts("en")


def _pdf(content: bytes, name: str) -> HttpResponse:
    stamp = timezone.localtime().strftime("%Y%m%d-%H%M")
    headers = {"Content-Disposition": f'inline; filename="{name}-{stamp}.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


@allow(Action.REGISTRY_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def household(request: Any, household_id: int) -> HttpResponseBase:
    """One household's slips and helpers; a new slip shows its code once, here or on paper."""
    home = household_for(request.actor, household_id)
    made: MadeInvite | None = None
    problem = ""
    if request.method == "POST" and request.POST.get("do") == "ask":
        try:
            return _ask(request, home)
        except ResidentProblemError as said:
            problem = problem_words(said)
    elif request.method == "POST":
        needs_check = request.POST.get("check") != "no"
        made = make_invites(actor=request.actor, household_ids=[home.pk], needs_check=needs_check)[0]
        if request.POST.get("do") == "print":
            return _pdf(sheets(home.address, [_slip(request, made)]), "slip")
    return _household_page(request, home, made, problem)


def _ask(request: Any, home: Household) -> HttpResponseBase:
    """A request that came by telephone or at the door."""
    given = request.POST
    ask_for_help(
        actor=request.actor, household_id=home.pk, kind=given.get("kind", ""), urgency=given.get("urgency", ""),
        words=given.get("words", ""), phone=given.get("phone", ""),
    )  # fmt: skip
    tell(request, t("residents.desk.asked"))
    return redirect("residents:help_list")


def _household_page(request: Any, home: Household, made: MadeInvite | None, problem: str) -> HttpResponseBase:
    from lianfang.domains.residents.phone.reading import qr_of

    link = ""
    if made is not None:
        link = phone_link(request, reverse("residents:landing", args=[made.token]))
    crumbs = [*crumbs_above(request.actor, home.place, with_self=True),
              (home.address, reverse("registry:household", args=[home.pk]))]  # fmt: skip
    context = {
        "household": home, "title": t("residents.household.title", address=home.address), "crumbs": crumbs,
        "is_only_here": is_only_here(request), "made": made, "link": link, "qr": qr_of(link) if link else "",
        "invites": invites_of_household(request.actor, home.pk),
        "helpers": helpers_of_household(request.actor, home.pk),
        "kinds": list(HelpKind.values), "urgencies": list(Urgency.values), "problem": problem, "given": request.POST,
    }  # fmt: skip
    return render(request, "residents/household.html", context, status=422 if problem else 200)


@allow(Action.REGISTRY_EDIT)
@require_POST
def change_invite(request: Any, invite_id: int, what: str) -> HttpResponseBase:
    """Cancel a slip, or let its digits be tried again."""
    try:
        if what == "revoke":
            found = revoke_invite(actor=request.actor, invite_id=invite_id, because=request.POST.get("because", ""))
            tell(request, t("residents.household.revoked"))
        elif what == "unlock":
            found = unlock_invite(actor=request.actor, invite_id=invite_id)
            tell(request, t("residents.household.unlocked"))
        else:
            raise Http404
    except ResidentProblemError as problem:
        if problem.code == "invite_elsewhere":
            raise Http404 from problem
        tell(request, problem_words(problem), tone="warning")
        return redirect("registry:places")
    return redirect("residents:household", household_id=found.household_id)
