"""Pages of areas: the list for the command, one area with its criteria, proposing and approving."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.areas.assessment import assess_places, latest_review
from lianfang.domains.areas.engine_adapter import STAYED
from lianfang.domains.areas.findings import FOUND_FACTS
from lianfang.domains.areas.models import AreaProposal, Finding
from lianfang.domains.areas.pages import (
    STATES,
    AreaLine,
    area_lines,
    levels_shown,
    offers_for,
    proposals_shown,
    public_levels_shown,
    tone_of_entry,
    wanting,
)
from lianfang.domains.areas.problems import AreaProblemError
from lianfang.domains.areas.reach import reached_place
from lianfang.domains.areas.selectors import entries_of, findings_of, history_of, residents_of
from lianfang.domains.areas.services import (
    approve_change,
    drop_proposal,
    may_approve,
    propose_change,
    record_finding,
    withdraw_finding,
)
from lianfang.domains.areas.wording import known_words, level_name, place_line, words_of
from lianfang.domains.cases.selectors import cases_for
from lianfang.domains.policy.pages import pack_name
from lianfang.domains.registry.models import Place
from lianfang.domains.registry.panels import panels_for
from lianfang.domains.registry.selectors import people_for
from lianfang.engine.packs.facts import AREA_FACTS
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.web.exports import ExportColumn, export_rows
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.instants import instant_of
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tables import Column, by_page

COLUMNS = (
    Column("place", "areas.column.place"),
    Column("level", "areas.column.level"),
    Column("since", "areas.column.since", kind="when"),
    Column("earliest", "areas.column.earliest", kind="when"),
    Column("missing", "areas.column.missing"),
    Column("review", "areas.column.review", kind="when"),
    Column("state", "areas.column.state"),
)
MOST_CASES = 200
MOST_SHOWN = 60


class AreaFilter(forms.Form):
    """``show``: what needs somebody; ``level``: one of those that stand in the list."""

    def __init__(self, given: Any, lines: list[AreaLine]) -> None:
        super().__init__(given)
        states = [("", t("areas.filter.everything")), *((one, t(f"areas.state.{one}")) for one in STATES)]
        levels = sorted({(one.level, one.level_words) for one in lines if one.level})
        self.fields["show"] = forms.ChoiceField(choices=states, required=False, label=t("areas.column.state"))
        choices = [("", t("areas.filter.every_level")), *levels]
        self.fields["level"] = forms.ChoiceField(choices=choices, required=False, label=t("areas.column.level"))


@allow(Action.AREAS_VIEW)
def areas(request: Any) -> HttpResponseBase:
    """Where a level stands, what may be lowered, what is missing; first what needs somebody."""
    now = timezone.now()
    everything = area_lines(request.actor, now)
    asked = AreaFilter(request.GET, everything)
    table = by_page(request, _chosen(asked, everything), COLUMNS)
    counts = {state: sum(state in one.states for one in everything) for state in STATES}
    counts["in_force"] = sum(bool(one.level) for one in everything)
    return render(
        request,
        "areas/list.html",
        {"table": table, "filter": asked, "counts": counts, "is_any": bool(everything), "as_of": now},
    )


def _chosen(asked: AreaFilter, lines: list[AreaLine]) -> list[AreaLine]:
    wanted = asked.cleaned_data if asked.is_valid() else {}
    show, level = wanted.get("show", ""), wanted.get("level", "")
    return [one for one in lines if (not show or show in one.states) and (not level or one.level == level)]


@allow(Action.AREAS_VIEW)
def export(request: Any) -> HttpResponseBase:
    """The list as it is filtered, to take along."""
    everything = area_lines(request.actor, timezone.now())
    lines = _chosen(AreaFilter(request.GET, everything), everything)
    rows = (
        (one.name, one.level_words, one.since_at, one.earliest_on, one.missing, one.review_at,
         t("web.word.comma").join(words for _, words in one.marks))
        for one in lines
    )  # fmt: skip
    columns = [ExportColumn(column.label) for column in COLUMNS]
    record(actor=request.actor, action="areas.export", details={"rows": len(lines)})
    return export_rows(rows, columns, title=t("areas.title"), actor=request.actor, purpose=t("privacy.purpose.duty"))


@allow(Action.AREAS_VIEW)
def area(request: Any, place_id: int) -> HttpResponseBase:
    return _page(request, reached_place(request.actor, place_id))


@allow(Action.AREAS_DECIDE)
@require_POST
def propose(request: Any, place_id: int) -> HttpResponseBase:
    """Propose a change; the same page with what is wrong where it cannot be."""
    place, given = reached_place(request.actor, place_id), request.POST
    action, _, level = given.get("change", "").partition(":")
    try:
        propose_change(
            actor=request.actor, place_id=place.pk, action=action, level=level, reason=given.get("reason", ""),
            starts_at=_instant(given, "starts_at"), review_at=_instant(given, "review_at"),
        )  # fmt: skip
    except AreaProblemError as problem:
        return _page(request, place, problem=problem, given=given)
    tell(request, t("areas.done.propose"))
    return redirect("areas:area", place_id=place.pk)


@allow(Action.AREAS_DECIDE)
@require_POST
def settle(request: Any, proposal_id: int, what: str) -> HttpResponseBase:
    """Approve what somebody else proposed; refuse it, or take one's own back."""
    found = AreaProposal.objects.visible_to(request.actor).filter(pk=proposal_id).first()
    if what not in ("approve", "drop") or found is None:
        raise Http404
    try:
        if what == "approve":
            approve_change(actor=request.actor, proposal_id=proposal_id)
        else:
            drop_proposal(actor=request.actor, proposal_id=proposal_id, because=request.POST.get("because", ""))
    except AreaProblemError as problem:
        return _page(request, found.place, problem=problem)
    tell(request, t(f"areas.done.{what}"))
    return redirect("areas:area", place_id=found.place_id)


@allow(Action.AREAS_DECIDE)
@require_POST
def find(request: Any, place_id: int) -> HttpResponseBase:
    """Write down what was found out about a place."""
    place, given = reached_place(request.actor, place_id), request.POST
    case = given.get("case", "")
    try:
        record_finding(
            actor=request.actor, place_id=place.pk, fact=given.get("fact", ""), source=given.get("source", ""),
            number=_number(given.get("number", "")), happened_at=_instant(given, "happened_at"),
            case_id=int(case) if case.isascii() and case.isdecimal() and len(case) < 19 else None,
        )  # fmt: skip
    except AreaProblemError as problem:
        return _page(request, place, problem=problem, given=given)
    tell(request, t("areas.done.find"))
    return redirect("areas:area", place_id=place.pk)


@allow(Action.AREAS_DECIDE)
@require_POST
def withdraw(request: Any, finding_id: int) -> HttpResponseBase:
    found = Finding.objects.visible_to(request.actor).filter(pk=finding_id).first()
    if found is None:
        raise Http404
    try:
        withdraw_finding(actor=request.actor, finding_id=finding_id, because=request.POST.get("because", ""))
    except AreaProblemError as problem:
        return _page(request, found.place, problem=problem)
    tell(request, t("areas.done.withdraw"))
    return redirect("areas:area", place_id=found.place_id)


def _instant(given: Any, name: str) -> Any:
    text = given.get(name, "").strip()
    if not text:
        return None
    found = instant_of(text)
    if found is None:
        raise AreaProblemError("time_unreadable", name)
    return found


def _number(text: str) -> float | None:
    """A value as it was typed; None for what is none, which the service refuses in words."""
    try:
        return float(text.strip()[:20])
    except ValueError:
        return None


def _page(
    request: Any, place: Place, *, problem: AreaProblemError | None = None, given: Any = None
) -> HttpResponseBase:
    now, actor = timezone.now(), request.actor
    assessed = assess_places([place], now)[place.pk]
    entries = list(entries_of(actor, place)[:MOST_SHOWN])
    standing = next((one for one in entries if one.ended_at is None or one.ended_at > now), None)
    proposals = proposals_shown(history_of(actor, place).select_related("entry")[:MOST_SHOWN])
    decides = actor.may(Action.AREAS_DECIDE)
    offers = offers_for(assessed, standing.level if standing and standing.ended_at is None else None) if decides else []
    current = assessed.current
    context = {
        "place": place, "name": place_line(place), "assessed": assessed, "standing": standing,
        "level_words": level_name(standing) if standing else "", "level_tone": tone_of_entry(standing),
        "is_to_come": standing is not None and standing.starts_at > now, "residents": residents_of(place),
        "pack": pack_name(assessed.pack.id, assessed.pack.version) if assessed.pack else "",
        "above": [one for one in public_levels_shown([place]) if one.place_id != place.pk],
        "levels": levels_shown(assessed), "called": _called(assessed, bool(current)),
        "needs": wanting(assessed),
        "panels": panels_for(actor, place, "area"),
        "waiting": [one for one in proposals if one.state == "waiting"],
        "settled": [one for one in proposals if one.state != "waiting"],
        "entries": [(one, level_name(one), tone_of_entry(one)) for one in entries],
        "findings": _findings(request, place, assessed), "facts": _facts(assessed) if decides else [],
        "cases": _cases(request, place) if decides else [],
        "decides": decides, "may_approve": may_approve(actor), "own_id": actor.account_id, "offers": offers,
        "latest": latest_review(current, now) if current else None,
        "problem": problem, "problem_words": t(f"areas.problem.{problem.code}") if problem else "",
        "given": given or {}, "stayed": STAYED, "as_of": now,
    }  # fmt: skip
    return render(request, "areas/area.html", context, status=422 if problem else 200)


def _called(assessed: Any, has_level: bool) -> str:
    """What the facts call for, as a sentence."""
    if not assessed.is_assessed:
        return t("areas.called.no_rules" if assessed.pack is None else "areas.called.no_level_here")
    action = assessed.proposal.get("action", "keep")
    level = words_of(assessed.pack).word("pack:levels", assessed.proposal.get("proposed") or "")
    if action == "keep":
        return t("areas.called.keep" if has_level else "areas.called.nothing")
    return t(f"areas.called.{action}", level=level)


def _facts(assessed: Any) -> list[tuple[str, str, bool]]:
    """What may be found out that the rules here ask for: code, words, whether it is yes or no."""
    asked = {row["fact"] for row in assessed.criteria if row["fact"]}
    words = words_of(assessed.pack)
    return [
        (fact, words.word("pack_words.fact", fact), AREA_FACTS[fact].type == "boolean")
        for fact in FOUND_FACTS
        if fact in asked
    ]


def _cases(request: Any, place: Place) -> list[tuple[int, str]]:
    """Infected people whose stay may be written down, by name and day."""
    found = list(cases_for(request.actor)[:MOST_CASES])
    people = {one.pk: one for one in people_for(request.actor, {one.person_id for one in found})}
    return [
        (one.pk, f"{people[one.person_id].name} · {timezone.localtime(one.found_at):%Y-%m-%d}")
        for one in found
        if one.person_id in people
    ]


def _findings(request: Any, place: Place, assessed: Any) -> list[tuple[Finding, str, str]]:
    words = words_of(assessed.pack)
    return [
        (
            one,
            words.word("pack_words.fact", one.fact),
            "" if one.fact == STAYED else known_words(words, one.fact, one.number, one.number),
        )
        for one in findings_of(request.actor, place)[:MOST_SHOWN]
    ]
