"""Pages of cases: the list, one case."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.cases.models import Case, CaseKind
from lianfang.domains.cases.selectors import case_for, cases_for
from lianfang.domains.cases.services import (
    WITHDRAWN,
    CaseProblemError,
    classify_case,
    release_case,
    reopen_case,
    transfer_case,
)
from lianfang.domains.cases.transitions import MOVES
from lianfang.domains.registry.selectors import people_for
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.web.exports import ExportColumn, export_rows
from lianfang.foundation.web.instants import instant_of
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tables import Column, by_keyset

COLUMNS = (
    Column("found_at", "cases.column.found_at", "found_at", "when"),
    Column("person", "cases.column.person"),
    Column("address", "cases.column.address"),
    Column("kind", "cases.column.kind", "kind"),
    Column("state", "cases.column.state"),
)


class CaseFilter(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        states = [
            ("", t("cases.filter.open")),
            ("released", t("cases.filter.released")),
            ("all", t("cases.filter.all")),
        ]
        kinds = [("", t("cases.filter.every_kind")), *((kind, t(f"cases.kind.{kind}")) for kind in CaseKind)]
        self.fields["state"] = forms.ChoiceField(choices=states, required=False, label=t("cases.column.state"))
        self.fields["kind"] = forms.ChoiceField(choices=kinds, required=False, label=t("cases.column.kind"))


@allow(Action.CASES_VIEW)
def case_list(request: Any) -> HttpResponseBase:
    asked = CaseFilter(request.GET)
    chosen = asked.cleaned_data if asked.is_valid() else {}
    is_open = {"": True, "released": False, "all": None}[chosen.get("state", "")]
    table = by_keyset(
        request, cases_for(request.actor, is_open=is_open, kind=chosen.get("kind", "")), COLUMNS, sort="-found_at"
    )
    _add_people(request.actor, table.rows)
    return render(request, "cases/list.html", {"table": table, "filter": asked})


@allow(Action.CASES_VIEW)
def export(request: Any) -> HttpResponseBase:
    """Every open case as .xlsx, without numbers: for the morning's meeting."""
    cases: list[Any] = list(cases_for(request.actor, is_open=True)[:20_000])
    _add_people(request.actor, cases)
    rows = (
        (case.found_at, case.person_name, case.address, t(f"cases.kind.{case.kind}"), case.transferred_at)
        for case in cases
    )
    columns = [
        ExportColumn(t(f"cases.column.{name}")) for name in ("found_at", "person", "address", "kind", "transferred_at")
    ]
    record(actor=request.actor, action="cases.export", target_kind="case", details={"rows": len(cases)})
    return export_rows(rows, columns, title=t("cases.title"), actor=request.actor, purpose=t("privacy.purpose.duty"))


@allow(Action.CASES_VIEW)
def case_page(request: Any, case_id: int) -> HttpResponseBase:
    return render(request, "cases/case.html", _context(request, case_for(request.actor, case_id)))


@allow(Action.CASES_DECIDE)
@require_POST
def change(request: Any, case_id: int) -> HttpResponseBase:
    """Classify, transfer, release or reopen; ``do`` says which."""
    case = case_for(request.actor, case_id)
    try:
        done = _change(request, case)
    except CaseProblemError as problem:
        words = {problem.field: t(f"cases.problem.{problem.code}")}
        return render(
            request, "cases/case.html", {**_context(request, case), "errors": words, "given": request.POST}, status=422
        )
    messages.success(request, t(f"cases.done.{done}"))
    return redirect("cases:case", case_id=case.pk)


def _change(request: Any, case: Case) -> str:
    do: str = request.POST.get("do", "")
    if do == "classify":
        classify_case(actor=request.actor, case=case, kind=request.POST.get("kind", ""))
    elif do == "transfer":
        transfer_case(actor=request.actor, case=case, at=_instant(request.POST.get("at", ""), "at") or timezone.now())
    elif do == "release":
        release_case(
            actor=request.actor,
            case=case,
            because=request.POST.get("because", ""),
            at=_instant(request.POST.get("at", ""), "at"),
        )
    elif do == "reopen":
        reopen_case(actor=request.actor, case=case, because=request.POST.get("because", ""))
    else:
        raise CaseProblemError("unknown_step")
    return do


def _instant(text: str, field: str) -> datetime | None:
    if not text:
        return None
    found = instant_of(text)
    if found is None:
        raise CaseProblemError("time_unreadable", field)
    return found


def _context(request: Any, case: Case) -> dict[str, Any]:
    _add_people(request.actor, [case])
    history = Case.pgh_event_model.objects.filter(pgh_obj_id=case.pk).order_by("pgh_id")  # type: ignore[attr-defined]
    return {
        "case": case, "errors": {}, "given": {}, "kinds": sorted(MOVES[case.kind]), "history": history,
        "may_decide": request.actor.may(Action.CASES_DECIDE) and case.released_at is None,
        "may_reopen": request.actor.may(Action.CASES_DECIDE) and case.released_at is not None,
        "because": t(f"cases.because.{case.released_because}") if case.released_because in WITHDRAWN
        else case.released_because,
    }  # fmt: skip


def _add_people(actor: Any, cases: list[Any]) -> None:
    """Put the person's name and address on each case, in one query for all."""
    people = {person.pk: person for person in people_for(actor, {case.person_id for case in cases})}
    for case in cases:
        person = people.get(case.person_id)
        case.person_name = person.name if person else ""
        case.address = person.household.address if person and person.household else ""
