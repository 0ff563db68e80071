# ruff: noqa: E501
"""Batch entry at a desk: scan a tube, press one key for the outcome, the list grows; nothing counts before it is committed."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.lab_testing import selectors as testing
from lianfang.domains.lab_testing.models import Round
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.results import selectors, services
from lianfang.domains.lab_testing.results.services import Entry
from lianfang.domains.lab_testing.results.views.answers import told, whole
from lianfang.domains.lab_testing.views.answers import round_or_404
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.instants import instant_of
from lianfang.foundation.web.language import t

# What a clerk types after the code: a key, or the word.
KEYS = {
    "-": "negative", "0": "negative", "n": "negative", "阴": "negative", "阴性": "negative", "陰": "negative", "陰性": "negative", "negative": "negative",
    "+": "positive", "1": "positive", "p": "positive", "阳": "positive", "阳性": "positive", "陽": "positive", "陽性": "positive", "positive": "positive",
    "?": "indeterminate", "2": "indeterminate", "可疑": "indeterminate", "indeterminate": "indeterminate",
    "x": "invalid", "3": "invalid", "无效": "invalid", "無效": "invalid", "invalid": "invalid",
}  # fmt: skip
_LINE = re.compile(r"\s*(\S+?)[\s,，;；\t]+(\S+)\s*")


@allow(Action.TESTING_RESULTS)
def desk(request: Any) -> HttpResponseBase:
    rounds = list(testing.rounds_for(request.actor).exclude(state__in=("cancelled", "planned"))[:30])
    given, problems, round_ = request.POST, [], rounds[0] if rounds else None
    if request.method == "POST":
        round_ = round_or_404(request, whole(given.get("round"), 0) or 0)
        try:
            done = _enter(request, round_)
        except RefusedError as error:
            problems = [error.text()]
        else:
            words = {"entered": done.entered, "known": done.known, "held": done.settled.opened, "released": done.settled.released,
                     "cases": done.settled.cases}  # fmt: skip
            tell(
                request,
                t("lab_results.told.entered", **words),
                tone="warning" if done.settled.opened or done.settled.cases else "success",
            )
            return redirect("lab_testing:results")
    return render(request, "lab_testing/results/desk.html", {
        "rounds": rounds, "round": round_, "problems": problems, "given": given, "batch": given.get("batch") or uuid.uuid4(),
        "recent": selectors.desk_results(request.actor), "now": timezone.localtime(),
    }, status=422 if problems else 200)  # fmt: skip


def _enter(request: Any, round_: Round) -> services.Entered:
    given = request.POST
    entries = [
        _entry(number, line)
        for number, line in enumerate(given.get("lines", "")[:200_000].splitlines(), 1)
        if line.strip()
    ]
    return services.enter_results(
        actor=request.actor, round_=round_, entries=entries, laboratory=given.get("laboratory", ""),
        tested_at=_instant(given.get("tested_at", "")), batch=_batch(given.get("batch", "")),
    )  # fmt: skip


def _entry(number: int, line: str) -> Entry:
    found = _LINE.fullmatch(line)
    outcome = KEYS.get(found[2].lower()) if found else None
    if found is None or outcome is None:
        raise services.ResultRefusedError("entry_line", number=number, line=line.strip()[:60])
    return Entry(found[1], outcome)


def _batch(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _instant(text: str) -> Any:
    if not text:
        return None
    found = instant_of(text)
    if found is None:
        raise services.ResultRefusedError("time_unreadable")
    return found


@allow(Action.TESTING_RESULTS)
@require_POST
@told
def correct(request: Any, pk: int) -> HttpResponseBase:
    """A result the laboratory takes back or corrects."""
    made = services.correct_result(actor=request.actor, result_id=pk, outcome=request.POST.get("outcome", ""),
                                   reason=request.POST.get("reason", ""))  # fmt: skip
    tell(request, t("lab_results.told.corrected"))
    return redirect("lab_testing:tube", made.tube_id) if made.tube_id else redirect("lab_testing:leftovers")
