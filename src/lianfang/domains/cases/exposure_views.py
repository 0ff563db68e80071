"""Pages of exposures: record some people's with a preview, one person's with what follows, end or correct one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_POST

from lianfang.domains.cases.exposure_pages import exposures_shown, standing_at, states_shown
from lianfang.domains.cases.exposures import (
    ExposureProblemError,
    ToOpen,
    check_opening,
    close_exposure,
    correct_exposure,
    open_exposures,
    refused_of,
    withdraw_exposure,
)
from lianfang.domains.cases.naming_people import Line, people_of_lines
from lianfang.domains.cases.plans import PlanShown, categories_in_words, local_of, plan_in_words
from lianfang.domains.cases.selectors import cases_for, exposure_for, exposures_for
from lianfang.domains.cases.wording import anchor_name, category_name
from lianfang.domains.policy.selectors import PackChangedError, Standing, standing_by_community
from lianfang.domains.registry.models import Person, Place, PlaceKind
from lianfang.domains.registry.selectors import household_for, household_people, people_for, person_for, place_for
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tables import Column, by_keyset

MOST_TICKED = 400
MOST_CASES = 50
_FROM_PAGES = ("person", "household", "place", "case")
COLUMNS = (
    Column("recorded_at", "exposures.column.recorded_at", "recorded_at", "when"),
    Column("person", "cases.column.person"),
    Column("address", "cases.column.address"),
    Column("category", "exposures.column.category", "category"),
    Column("anchor_on", "exposures.column.anchor_on", "anchor_on"),
    Column("state", "cases.column.state"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """People to whom the same follows."""

    people: list[Person]
    plan: PlanShown | None


@dataclass(slots=True)
class Preview:
    """What saving would record. ``wrong``: (line or name as typed, what is wrong and what to do)."""

    groups: list[Group] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    person_ids: list[int] = field(default_factory=list)
    left_lines: list[str] = field(default_factory=list)


@allow(Action.CASES_VIEW)
@require_http_methods(["GET", "HEAD"])
def exposure_list(request: Any) -> HttpResponseBase:
    table = by_keyset(request, exposures_for(request.actor), COLUMNS, sort="-recorded_at")
    rows: list[Any] = table.rows
    people = {one.pk: one for one in people_for(request.actor, {row.person_id for row in rows})}
    states = states_shown(rows, timezone.now())
    for row in rows:
        person = people.get(row.person_id)
        row.person_name = person.name if person else ""
        row.address = person.household.address if person and person.household else ""
        row.category_words, row.anchor_words, row.state_code = category_name(row), anchor_name(row), states[row.pk]
    may_open = request.actor.may(Action.CASES_DECIDE)
    return render(request, "cases/exposure_list.html", {"table": table, "may_open": may_open})


@allow(Action.CASES_VIEW, Action.STATUS_VIEW)
@require_http_methods(["GET", "HEAD"])
def person_exposures(request: Any, person_id: int) -> HttpResponseBase:
    return render(request, "cases/exposures.html", _person_context(request.actor, person_for(request.actor, person_id)))


def _person_context(actor: Actor, person: Person) -> dict[str, Any]:
    return {
        "person": person,
        "exposures": exposures_shown(actor, person),
        "has_rules": standing_at(person, timezone.now()) is not None,
        "may_open": actor.may(Action.CASES_DECIDE),
        "errors": {},
        "given": {},
        "wrong_id": None,
    }


@allow(Action.CASES_DECIDE)
@require_POST
def end_exposure(request: Any, exposure_id: int) -> HttpResponseBase:
    """Close, withdraw, or put the day right; ``do`` says which. What was typed is kept where it is refused."""
    found, given = exposure_for(request.actor, exposure_id), request.POST
    because, do = given.get("because", ""), given.get("do", "")
    try:
        if do == "close":
            close_exposure(actor=request.actor, exposure_id=found.pk, because=because)
        elif do == "withdraw":
            withdraw_exposure(actor=request.actor, exposure_id=found.pk, because=because)
        elif do == "correct":
            correct_exposure(
                actor=request.actor, exposure_id=found.pk, anchor_on=_day(given.get("anchor_on", "")), because=because
            )
        else:
            raise ExposureProblemError("unknown_step")
    except ExposureProblemError as problem:
        person = person_for(request.actor, found.person_id)
        context = _person_context(request.actor, person) | {
            "errors": {problem.field: t(f"exposures.problem.{problem.code}")}, "given": given, "wrong_id": found.pk,
        }  # fmt: skip
        return render(request, "cases/exposures.html", context, status=422)
    tell(request, t(f"exposures.done.{do}"))
    return redirect("cases:exposures", person_id=found.person_id)


@allow(Action.CASES_DECIDE)
def open_page(request: Any) -> HttpResponseBase:
    """Choose or paste people, say what it is; see what follows; save. Nothing is saved unseen."""
    chosen = _people_to_tick(request)
    if request.method != "POST":
        return render(request, "cases/open_exposures.html", _open_context(request, chosen, {}))
    given, problem, preview = request.POST, None, None
    try:
        asked = _asked(request.actor, given)
        lines = people_of_lines(request.actor, given.get("lines", ""))
        preview = _preview(request.actor, asked, _ticked(given), lines)
        if given.get("do") == "save" and preview.person_ids:
            return _save(request, asked, preview, chosen)
    except ExposureProblemError as found:
        problem = found
    if problem is None and preview is not None and not preview.person_ids and not preview.wrong:
        problem = ExposureProblemError("nobody_named", "people")
    context = _open_context(request, chosen, given) | {"preview": None if problem else preview}
    if problem is not None:
        context["errors"] = {problem.field: t(f"exposures.problem.{problem.code}")}
    return render(request, "cases/open_exposures.html", context, status=422 if problem else 200)


def _save(request: Any, asked: ToOpen, preview: Preview, chosen: list[Person]) -> HttpResponseBase:
    done = open_exposures(actor=request.actor, person_ids=preview.person_ids, asked=asked)
    names = {one.pk: one.name for one in people_for(request.actor, done.refused)}
    wrong = [*preview.wrong, *((names.get(pk, ""), _problem(code)) for pk, code in done.refused.items())]
    if done.made:
        tell(request, t("exposures.done.open", count=len(done.made)))
    if not wrong:
        if len(done.made) == 1:
            return redirect("cases:exposures", person_id=done.made[0].person_id)
        return redirect("cases:exposure_list")
    left = request.POST.copy()
    left["lines"] = "\n".join(preview.left_lines)
    left.setlist("person", [])
    context = _open_context(request, chosen, left) | {"left_over": wrong, "saved": len(done.made)}
    return render(request, "cases/open_exposures.html", context, status=422)


def _asked(actor: Actor, given: Any) -> ToOpen:
    case = given.get("case", "")
    if case and not (case.isascii() and case.isdecimal() and len(case) < 19):
        raise ExposureProblemError("case_elsewhere", "case")
    asked = ToOpen(
        category=given.get("category", ""),
        anchor_on=_day(given.get("anchor_on", "")),
        because=given.get("because", ""),
        case_id=int(case) if case else None,
    )
    check_opening(actor=actor, asked=asked)
    return asked


def _preview(actor: Actor, asked: ToOpen, ticked: Sequence[int], lines: Sequence[Line]) -> Preview:
    found = Preview()
    by_id = {one.pk: one for one in people_for(actor, ticked)}
    found.wrong += [(t("exposures.one_ticked"), _problem("person_elsewhere")) for pk in ticked if pk not in by_id]
    typed: dict[int, Line] = {}
    for line in lines:
        if line.person is None:
            found.wrong.append((_line_words(line), _problem(line.problem, line.others)))
            found.left_lines.append(line.typed)
        else:
            typed[line.person.pk] = line
            by_id[line.person.pk] = line.person
    people = list(by_id.values())
    standing = _standing(one.community_id for one in people)
    refused = refused_of(people, asked, standing)
    for pk, code in refused.items():
        found.wrong.append((_line_words(typed[pk]) if pk in typed else by_id[pk].name, _problem(code)))
        if pk in typed:
            found.left_lines.append(typed[pk].typed)
    found.groups = _groups([one for one in people if one.pk not in refused], asked, standing)
    found.person_ids = [one.pk for group in found.groups for one in group.people]
    return found


def _groups(people: Sequence[Person], asked: ToOpen, standing: dict[int, Standing | None]) -> list[Group]:
    now = timezone.now()
    by_key: dict[tuple[str, ...], tuple[Standing, list[Person]]] = {}
    for person in people:
        found = standing[person.community_id]
        if found is not None:
            by_key.setdefault(found.key, (found, []))[1].append(person)
    return [
        Group(some, plan_in_words(found, found.pack.id, asked.category, asked.anchor_on, now, now))  # type: ignore[arg-type]
        for found, some in by_key.values()
    ]


def _open_context(request: Any, chosen: list[Person], given: Any) -> dict[str, Any]:
    actor: Actor = request.actor
    ticked = set(_ticked(given)) if given else {one.pk for one in chosen} if len(chosen) == 1 else set()
    cases = list(cases_for(actor, is_open=True)[:MOST_CASES])
    names = {one.pk: one.name for one in people_for(actor, {case.person_id for case in cases})}
    return {
        "chosen": [(one, one.pk in ticked) for one in chosen],
        "categories": _categories(actor, chosen),
        "cases": [(case, names.get(case.person_id, "")) for case in cases],
        "given": given or request.GET,
        "errors": {},
        "preview": None,
        "today": timezone.localdate(),
    }


def _categories(actor: Actor, chosen: Sequence[Person]) -> list[tuple[str, str, str]]:
    """Of the packs in force where these people live, or in all places of the actor."""
    communities = {one.community_id for one in chosen} or set(
        Place.objects.filter(kind=PlaceKind.COMMUNITY, path__overlap=list(actor.scope_ids)).values_list("pk", flat=True)
    )
    now, found = timezone.now(), dict[str, tuple[str, str, str]]()
    try:
        everywhere = _standing(communities).values()
    except ExposureProblemError:  # told where something is asked for
        return []
    for standing in {one.key: one for one in everywhere if one is not None}.values():
        if standing.pack.is_in_force(local_of(now)):
            for name, words, anchor in categories_in_words(standing, now):
                found.setdefault(name, (name, words, anchor))
    return list(found.values())


def _standing(communities: Any) -> dict[int, Standing | None]:
    try:
        return standing_by_community(communities, timezone.now())
    except PackChangedError:
        raise ExposureProblemError("rules_changed") from None


def _people_to_tick(request: Any) -> list[Person]:
    """People of the page that led here: ``?person=``, ``?household=`` or ``?place=``."""
    actor, given = request.actor, request.GET
    named = {name: given[name] for name in _FROM_PAGES if given.get(name)}
    if any(not (text.isascii() and text.isdecimal() and len(text) < 19) for text in named.values()):
        raise Http404
    if "person" in named:
        return [person_for(actor, int(named["person"]))]
    if "household" in named:
        return household_people(actor, household_for(actor, int(named["household"])), residents_only=True)
    if "place" in named:
        place = place_for(actor, int(named["place"]))
        inside = Person.objects.visible_to(actor).filter(household__place__path__contains=[place.pk])
        rows = inside.exclude(state__in=("died", "moved_out")).order_by("sort_key", "pk")[:MOST_TICKED]
        return people_for(actor, rows.values_list("pk", flat=True))
    return []


def _ticked(given: Any) -> list[int]:
    listed = given.getlist("person") if hasattr(given, "getlist") else []
    return [int(one) for one in listed if one.isascii() and one.isdecimal() and len(one) < 19]


def _day(text: str) -> date:
    try:
        found = parse_date(text.strip().replace("/", "-"))
    except ValueError:
        found = None
    if found is None:
        raise ExposureProblemError("anchor_unreadable" if text.strip() else "anchor_needed", "anchor_on")
    return found


def _problem(code: str, others: Sequence[str] = ()) -> str:
    said = t(f"exposures.problem.{code}")
    return said if not others else t("exposures.may_be", problem=said, names=t("web.comma").join(others))


def _line_words(line: Line) -> str:
    return t("exposures.line_number", number=line.number, typed=line.typed[:60])
