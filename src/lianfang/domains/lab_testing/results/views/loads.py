# ruff: noqa: E501
"""Loads: drop files, see what was understood and what would happen, apply, and what became of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from lianfang.domains.lab_testing import selectors as testing
from lianfang.domains.lab_testing.models import LoadKind, LoadState, ResultLoad
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.results import jobs, selectors, services
from lianfang.domains.lab_testing.results.services.files import SUFFIXES
from lianfang.domains.lab_testing.results.services.loads import SILENT
from lianfang.domains.lab_testing.results.views.answers import told, whole
from lianfang.engine.intake.mapping import Decision
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Job
from lianfang.foundation.web.tables import Column, by_keyset
from lianfang.foundation.web.uploads import upload_problems

COLUMNS = (
    Column("made_at", "lab_results.column.made_at", "made_at", "when"),
    Column("kind", "lab_results.column.kind"),
    Column("files", "lab_results.column.files"),
    Column("state", "lab_results.column.state"),
    Column("rows", "lab_results.column.rows", kind="number"),
    Column("made_by", "lab_results.column.made_by"),
)
UPLOAD_LIMIT = 100 * 1024 * 1024
# The fates in the order in which they matter, each with its tone.
FATES = {
    "contradicting": "bad", "orphan": "warn", "elsewhere": "warn", "which_sample": "warn", "unreadable": "warn", "nobody": "warn",
    "code_unusable": "warn", "other_round": "warn", "before_sample": "warn", "tube_void": "warn", "no_reason": "warn", "not_a_reason": "warn",
    "not_on_roster": "warn", "stranger": "warn", "future_clock": "warn", "late": "warn", "empty": "quiet", "withdrawn": "quiet",
    "void": "quiet", "counted": "good", "exempt": "good", "away": "good", "repeated": "quiet", "known": "quiet",
}  # fmt: skip
_BUSY = (LoadState.WAITING, LoadState.READING, LoadState.APPLYING)


@allow(Action.TESTING_RESULTS, Action.TESTING_PLAN)
def loads(request: Any) -> HttpResponseBase:
    rounds = list(testing.rounds_for(request.actor).exclude(state="cancelled")[:30])
    problems: list[str] = []
    if request.method == "POST":
        files = request.FILES.getlist("files")
        problems = upload_problems(files, kinds=SUFFIXES, limit=UPLOAD_LIMIT)
        round_id = whole(request.POST.get("round"))
        if not problems and round_id is None:
            problems = [t("lab_results.load.choose_round")]
        if not problems:
            try:
                load = services.start_load(actor=request.actor, round_id=round_id or 0, kind=request.POST.get("kind", ""),
                                           files=[(file.name or "", file.chunks()) for file in files])  # fmt: skip
            except RefusedError as error:
                problems = [error.text()]
            else:
                jobs.read_load_files.defer(load_id=load.pk)
                return redirect("lab_testing:load", load.pk)
    table = by_keyset(request, selectors.loads_for(request.actor), COLUMNS, sort="-made_at")
    names = {round_.pk: round_.name for round_ in rounds}
    return render(request, "lab_testing/results/loads.html", {
        "table": table, "rounds": rounds, "names": names, "problems": problems, "given": request.POST, "kinds": LoadKind.values,
        "accept": ",".join(SUFFIXES), "limit": UPLOAD_LIMIT,
    }, status=422 if problems else 200)  # fmt: skip


@allow(Action.TESTING_RESULTS, Action.TESTING_PLAN)
@told
def load(request: Any, pk: int) -> HttpResponseBase:
    found = services.load_for(request.actor, pk)
    if request.htmx and request.GET.get("part") == "job":
        if found.state in _BUSY:
            return render(request, "lianfang/parts/job.html", {"job": job_of(found)})
        # Nothing is left to wait for: the whole page says what became of it.
        answer = render(request, "lianfang/parts/job.html", {"job": job_of(found)})
        answer["HX-Redirect"] = reverse("lab_testing:load", args=[pk])
        return answer
    fates = found.summary.get("fates", {})
    rows = selectors.first_rows(request.actor, found) if found.state == LoadState.REVIEW else {}
    shown = [(name, tone, fates[name], rows.get(name, [])) for name, tone in FATES.items() if fates.get(name)]
    return render(request, "lab_testing/results/load.html", {
        "load": found, "round": testing.rounds_for(request.actor).filter(pk=found.round_id).first(), "fates": shown,
        "job": job_of(found) if found.state in _BUSY else None, "same": services.same_files(request.actor, found),
        "outcomes": ("negative", "positive", "indeterminate", "invalid"), "failure": found.failure or {}, "summary": found.summary,
    })  # fmt: skip


def job_of(found: ResultLoad) -> Job:
    """The work as its page shows it; a worker that fell silent is said, with what was kept."""
    is_silent = found.heartbeat_at is not None and timezone.now() - found.heartbeat_at > 3 * SILENT
    stage = found.stage or "queued"
    text = t(f"lab_results.stage.{stage}")
    if found.state == LoadState.APPLYING and found.tries > 1:
        text = t("lab_results.load.tried_again", tries=found.tries)
    elif is_silent:
        text = t("lab_results.load.silent")
    return Job(t("lab_results.load.working"), f"{reverse('lab_testing:load', args=[found.pk])}?part=job", found.progress, 100,
               is_over=found.state not in _BUSY, text=text)  # fmt: skip


@allow(Action.TESTING_RESULTS, Action.TESTING_PLAN)
@require_POST
@told
def change_load(request: Any, pk: int) -> HttpResponseBase:
    """Apply, give up, or say what columns and codes mean; ``do`` says which."""
    do, actor = request.POST.get("do", ""), request.actor
    if do == "apply":
        services.approve_load(actor=actor, load_id=pk)
        jobs.apply_load_rows.defer(load_id=pk)
    elif do == "discard":
        services.discard_load(actor=actor, load_id=pk)
        tell(request, t("lab_results.told.load_discarded"))
    elif do == "decide":
        services.decide_reading(actor=actor, load_id=pk, decisions=_decisions(request.POST))
        jobs.read_load_files.defer(load_id=pk)
    else:
        raise RefusedError("unknown_act")
    return redirect("lab_testing:load", pk)


def _decisions(given: Any) -> list[Decision]:
    """Each answered question of the page: ``answer-<n>`` beside its hidden kind, label and code."""
    made = []
    today = str(timezone.localdate())
    for number in range(min(whole(given.get("questions"), 0) or 0, 200)):
        answer, label = given.get(f"answer-{number}", ""), given.get(f"label-{number}", "")
        if not answer or not label:
            continue
        if given.get(f"kind-{number}") == "code":
            made.append(Decision("code", label, given.get(f"code-{number}", ""), answer, "", today))
        else:
            made.append(Decision("column", label, answer, "", "", today))
    return made
