"""The page of a township decided through several packs: rules are public, the people invented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from lianfang.domains.policy.history import HistoryUnreadableError, read_history, shown
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.foundation.access.allow import allow
from lianfang.foundation.web.exports import ExportColumn, export_rows
from lianfang.foundation.web.language import t


@allow()
@require_http_methods(["GET", "HEAD"])
def history(request: Any) -> HttpResponseBase:
    """What ``lianfang policy history`` wrote; how to make one where there is none."""
    try:
        found = read_history(Path(settings.POLICY_HISTORY))
    except HistoryUnreadableError:
        return render(request, "policy/history.html", {"state": "unreadable"})
    if found is None:
        return render(request, "policy/history.html", {"state": "empty"})
    return render(request, "policy/history.html", {"history": shown(found, packs_on_disk().values())})


@allow()
@require_http_methods(["GET", "HEAD"])
def history_table(request: Any) -> HttpResponseBase:
    """The daily table as a spreadsheet; nobody's data stand in it."""
    try:
        found = read_history(Path(settings.POLICY_HISTORY))
    except HistoryUnreadableError as error:
        raise Http404 from error
    if found is None:
        raise Http404
    whole = shown(found, packs_on_disk().values())
    return export_rows(
        whole.rows,
        [ExportColumn(name) for name in whole.columns],
        title=t("history.export_title"),
        actor=request.actor,
        purpose=t("history.export_purpose"),
        form="csv" if request.GET.get("form") == "csv" else "xlsx",
    )
