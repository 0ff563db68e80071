"""Pages of imports: drop files, what was understood, conflicts, what changes, apply, undo."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lianfang.domains.registry.imports import selectors, services, steps
from lianfang.domains.registry.imports.conflicts import CHOICES
from lianfang.domains.registry.imports.meanings import remember
from lianfang.domains.registry.imports.showing import conflict_cards, field_choices, sheet_cards, shown_row, shown_undo
from lianfang.domains.registry.models import Import, ImportState
from lianfang.engine.intake.fields import is_known_field
from lianfang.foundation.access.allow import allow
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.web.flash import tell
from lianfang.foundation.web.language import t
from lianfang.foundation.web.parts import Job, Tab
from lianfang.foundation.web.tables import Column, by_page
from lianfang.foundation.web.uploads import upload_problems

KINDS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".csv", ".tsv", ".txt", ".docx", ".html", ".htm", ".et", ".zip")
MOST_FILES = 50
LIST = (
    Column("made_at", "registry_import.column.made_at", "made_at", "when"),
    Column("files", "registry_import.column.files"),
    Column("by", "registry_import.column.by"),
    Column("rows", "registry_import.column.rows", kind="number"),
    Column("state", "registry_import.column.state"),
)
ROWS = (
    Column("source", "registry_import.column.source", "number"),
    Column("name", "registry_import.column.name"),
    Column("place", "registry_import.column.place"),
    Column("numbers", "registry_import.column.numbers", kind="code"),
    Column("changes", "registry_import.column.changes"),
)
CONFLICTS = (Column("number", "registry_import.column.conflict", "number"),)
BUILDINGS = tuple(
    Column(name, f"registry_import.building.{name}", kind="text" if name == "place" else "number")
    for name in ("place", "before", "added", "came", "left", "after")
)
ACTIONS = ("add", "update", "same", "repeat", "skip", "refused")


@allow(Action.REGISTRY_IMPORT)
def imports(request: Any) -> HttpResponseBase:
    """What was imported here, and the place to drop the next files."""
    problems: list[str] = []
    if request.method == "POST":
        files = request.FILES.getlist("files")
        problems = upload_problems(files, kinds=KINDS)
        if len(files) > MOST_FILES:
            problems.append(t("registry_import.upload.too_many", count=len(files), most=MOST_FILES))
        if not problems:
            given = [(file.name, file.read()) for file in files]
            batch = services.begin_import(actor=request.actor, uploads=given)
            steps.request_step(actor=request.actor, import_id=batch.pk, step="prepare")
            return redirect("registry:import", import_id=batch.pk)
    table = by_page(request, selectors.imports_for(request.actor), LIST, sort="-made_at")
    context = {"table": table, "problems": problems, "limit": settings.UPLOAD_LIMIT, "accept": ",".join(KINDS)}
    return render(request, "registry/imports/list.html", context, status=422 if problems else 200)


@allow(Action.REGISTRY_IMPORT)
def one_import(request: Any, import_id: int) -> HttpResponseBase:
    """Where the import stands: at work, what was understood, or what became of it."""
    batch = selectors.import_for(request.actor, import_id)
    context: dict[str, Any] = {**_frame(batch, "understood"), "silent": selectors.has_fallen_silent(batch)}
    if batch.state in selectors.AT_WORK:
        context["job"] = _job(batch)
    else:
        context["sheets"] = sheet_cards(batch)
        context["fields"] = field_choices()
        context["before"] = selectors.same_files_before(request.actor, batch)
    if batch.state == ImportState.UNDONE:
        kept = selectors.kept_after_undo(batch)
        context["kept_count"] = kept.count()
        context["kept"] = shown_undo(request.actor, list(kept[:200]))
    return render(request, "registry/imports/import.html", context)


@allow(Action.REGISTRY_IMPORT)
def progress(request: Any, import_id: int) -> HttpResponseBase:
    """How far it is; sends the reader on where the work has ended or the worker fell silent."""
    batch = selectors.import_for(request.actor, import_id)
    is_over = batch.state not in selectors.AT_WORK or selectors.has_fallen_silent(batch)
    response = render(request, "registry/imports/progress.html", {"job": _job(batch), "batch": batch})
    if is_over:
        response["HX-Redirect"] = reverse("registry:import", args=[batch.pk])
    return response


def _job(batch: Import) -> Job:
    stage = batch.stage or "waiting"
    return Job(
        title=t(f"registry_import.at_work.{batch.state}"),
        poll_url=reverse("registry:import_progress", args=[batch.pk]),
        done=batch.progress,
        whole=100,
        text=t(f"registry_import.stage.{stage}"),
        is_over=batch.state not in selectors.AT_WORK,
    )


@allow(Action.REGISTRY_IMPORT)
def conflicts(request: Any, import_id: int) -> HttpResponseBase:
    """Everything that must be decided, many to a page, by mouse or by keyboard."""
    batch = selectors.import_for(request.actor, import_id)
    if request.method == "POST":
        try:
            return _decide(request, batch)
        except services.NotNowError as error:
            tell(request, t(f"registry_import.not_now.{error.code}"), tone="warning")
            return redirect("registry:import", import_id=batch.pk)
    counts = selectors.conflict_counts(batch)
    kind = request.GET.get("kind", "")
    kind = kind if kind in counts else next((one for one in CHOICES if one in counts), "")
    table = by_page(request, selectors.conflicts_of(batch, kind), CONFLICTS, sort="number")
    here = reverse("registry:import_conflicts", args=[batch.pk])
    kinds = [
        Tab(t(f"registry_import.kind.{one}"), f"{here}?kind={one}", one == kind, count=counts[one][0])
        for one in CHOICES
        if one in counts
    ]
    context = {
        **_frame(batch, "conflicts"),
        "kinds": kinds,
        "kind": kind,
        "table": table,
        "open_here": counts.get(kind, (0, 0))[0],
        "cards": conflict_cards(request.actor, batch, table.rows),
    }
    return render(request, "registry/imports/conflicts.html", context)


def _decide(request: Any, batch: Import) -> HttpResponseBase:
    kind = request.POST.get("kind", "")
    if request.POST.get("all") == "1":
        count = services.take_suggestions(actor=request.actor, import_id=batch.pk, kind=kind or None)
        tell(request, t("registry_import.decided_all", count=count))
    else:
        number, choice = request.POST.get("number", ""), request.POST.get("choice", "")
        if number.isascii() and number.isdecimal() and len(number) < 10:
            services.decide_conflicts(actor=request.actor, import_id=batch.pk, choices={int(number): choice})
            if request.htmx:
                batch.refresh_from_db()
                rows = list(selectors.conflicts_of(batch).filter(number=int(number)))
                context = {"cards": conflict_cards(request.actor, batch, rows), "batch": batch}
                return render(request, "registry/imports/card.html", context)
    page = request.POST.get("page", "")
    query = f"?kind={kind}&page={page}" if page.isdecimal() else f"?kind={kind}"
    return redirect(reverse("registry:import_conflicts", args=[batch.pk]) + query)


@allow(Action.REGISTRY_IMPORT)
def preview(request: Any, import_id: int) -> HttpResponseBase:
    """What changes: counts that add up, buildings before and after, and every row with what becomes of it."""
    batch = selectors.import_for(request.actor, import_id)
    action = request.GET.get("action", "")
    action = action if action in ACTIONS else next((one for one in ACTIONS if batch.summary.get(one)), "add")
    table = by_page(
        request, selectors.rows_of(batch, action), ROWS, sort="source", count=lambda: batch.summary.get(action, 0)
    )
    here = reverse("registry:import_preview", args=[batch.pk])
    actions = [
        Tab(t(f"registry_import.action.{one}"), f"{here}?action={one}", one == action, count=batch.summary.get(one, 0))
        for one in ACTIONS
    ]
    context = {
        **_frame(batch, "preview"),
        "table": table,
        "rows": [shown_row(one) for one in table.rows],
        "actions": actions,
        "action": action,
        "refused_places": _refused_places(batch),
        "is_ready": _is_ready(batch),
    }
    return render(request, "registry/imports/preview.html", context)


def _refused_places(batch: Import) -> list[tuple[str, str, int]]:
    return [
        (t(f"registry_import.refused.{why}"), place, count)
        for why, place, count in batch.summary.get("refused_places", [])
    ]


def _is_ready(batch: Import) -> bool:
    return batch.state == ImportState.REVIEW and not batch.summary.get("open") and not batch.summary.get("stale")


@allow(Action.REGISTRY_IMPORT)
@require_POST
def step(request: Any, import_id: int) -> HttpResponseBase:
    """Prepare, apply, undo or discard."""
    batch = selectors.import_for(request.actor, import_id)
    wanted = request.POST.get("step", "")
    try:
        if wanted == "discard":
            services.discard_import(actor=request.actor, import_id=batch.pk)
            tell(request, t("registry_import.discarded"))
        elif wanted in steps.STEPS:
            steps.request_step(actor=request.actor, import_id=batch.pk, step=wanted)
    except services.NotNowError as error:
        tell(request, t(f"registry_import.not_now.{error.code}"), tone="warning")
    return redirect("registry:import", import_id=batch.pk)


@allow(Action.REGISTRY_IMPORT)
@require_POST
def column(request: Any, import_id: int) -> HttpResponseBase:
    """Say what a column means: remembered for this place, and the files are read again with it."""
    batch = selectors.import_for(request.actor, import_id)
    label, fields = request.POST.get("label", "").strip(), request.POST.get("fields", "")
    if label and (fields == "-" or all(map(is_known_field, fields.split("+")))):
        try:
            steps.request_step(actor=request.actor, import_id=batch.pk, step="prepare")
        except services.NotNowError as error:
            tell(request, t(f"registry_import.not_now.{error.code}"), tone="warning")
        else:
            remember(actor=request.actor, batch=batch, label=label[:200], fields=fields)
            record(
                actor=request.actor,
                action="registry.import_column",
                target_kind="import",
                target_id=batch.pk,
                details={"fields": fields},
            )
            tell(request, t("registry_import.remembered", label=label))
    return redirect("registry:import", import_id=batch.pk)


def _frame(batch: Import, here: str) -> dict[str, Any]:
    """What every page of one import shows on top."""
    pages = (
        ("understood", "registry:import", "file-import", None),
        ("conflicts", "registry:import_conflicts", "alert-triangle", batch.summary.get("open")),
        ("preview", "registry:import_preview", "eye", None),
    )
    tabs = [
        Tab(t(f"registry_import.tab.{name}"), reverse(url, args=[batch.pk]), name == here, icon, count)
        for name, url, icon, count in pages
    ]
    has_rows = (
        bool(batch.summary)
        and "cleared_on" not in batch.summary
        and batch.state not in (ImportState.DISCARDED, *selectors.AT_WORK)
    )
    return {
        "batch": batch,
        "tabs": tabs if has_rows else [],
        "files": list(batch.files.order_by("number")),
        "state_text": t(f"registry_import.state.{batch.state}"),
        "summary": batch.summary,
        "is_ready": _is_ready(batch),
        "tone": {"applied": "good", "failed": "bad", "review": "warn"}.get(batch.state, "quiet"),
        "unsettled": [one for one in ("undone",) if batch.summary.get(one)],
    }
