"""Importing a table of official division codes."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render

from lianfang.domains.registry.services.divisions import LARGEST_FILE, DivisionOutcome, import_division_table
from lianfang.foundation.access.actor import NotAllowedError
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.language import t

MOST_FILES = 10


@allow(Action.PLACES_EDIT)
def import_divisions(request: Any) -> HttpResponseBase:
    """Files in, what they changed out; with a wrong row, which one and why, and nothing changed."""
    if str(request.actor.level) not in ("nowhere", "system", "county"):
        raise NotAllowedError(Action.PLACES_EDIT, "place")
    outcome: DivisionOutcome | None = None
    problem = ""
    within = request.POST.get("within", "").strip()
    if request.method == "POST":
        files = request.FILES.getlist("files")[:MOST_FILES]
        if not files:
            problem = t("registry.divisions.no_file")
        elif within and not (within.isascii() and within.isdecimal() and len(within) <= 12):
            problem = t("registry.divisions.within_wrong")
        elif sum(file.size for file in files) > LARGEST_FILE:
            problem = t("registry.divisions.problem.too_large", value="")
        else:
            given = [(file.name, file.read()) for file in files]
            outcome = import_division_table(actor=request.actor, files=given, within=within)
    problems = [
        {"file": one.file, "row": one.row or "", "text": t(f"registry.divisions.problem.{one.code}", value=one.value)}
        for one in (outcome.problems if outcome else [])
    ]
    context = {"outcome": outcome, "problem": problem, "problems": problems, "within": within, "limit": LARGEST_FILE}
    status = 422 if problem or problems else 200
    return render(request, "registry/divisions.html", context, status=status)
