"""What of imports is no longer needed is removed every night: files, drafts, conflicts, and what was understood.

What stays is who imported which file when (name, size, digest), the counts, and what it takes to undo.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from lianfang.domains.registry.imports import files
from lianfang.domains.registry.models import Import, ImportConflict, ImportFile, ImportRow
from lianfang.domains.registry.models import ImportState as S
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record

# Long enough to look up, after a round, what a list said; docs/guides/deploy.md tells it.
DRAFTS_KEPT = timedelta(days=30)
_ORPHANS_KEPT = timedelta(days=1)
_UNFINISHED = (S.UPLOADED, S.READING, S.REVIEW, S.FAILED)
_FINISHED = (S.APPLIED, S.UNDONE, S.DISCARDED)


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many imports were given up, and of how many the drafts were removed; files that nobody spoke of."""

    given_up: int
    cleared: int
    orphans: int


def tidy_imports(now: datetime | None = None) -> Tidied:
    """Give up imports that nobody went on with for DRAFTS_KEPT, and remove the drafts of those that ended so long ago.

    The files of an import go when it is applied or given up; this also removes those that a killed process left.
    """
    before = (now or timezone.now()) - DRAFTS_KEPT
    with acting_as(system_actor("import")):
        given_up = _give_up(before)
        ended = Q(applied_at__lt=before) | Q(applied_at=None, made_at__lt=before)
        old = Import.objects.filter(ended, Q(undone_at=None) | Q(undone_at__lt=before), state__in=_FINISHED)
        cleared = list(old.exclude(summary__has_key="cleared_on").select_for_update(no_key=True))
        for batch in cleared:
            _clear(batch)
        return Tidied(given_up, len(cleared), files.remove_orphans(_ORPHANS_KEPT.total_seconds()))


def _give_up(before: datetime) -> int:
    silent = Q(heartbeat_at=None) | Q(heartbeat_at__lt=before)
    forgotten = list(
        Import.objects.filter(silent, state__in=_UNFINISHED, made_at__lt=before).select_for_update(no_key=True)
    )
    for batch in forgotten:
        batch.state = S.DISCARDED
        batch.version += 1
        batch.save(update_fields=["state", "version"])
        record(
            actor=system_actor("import"),
            action="registry.import_discarded",
            target_kind="import",
            target_id=batch.pk,
            details={"because": "nobody_went_on"},
        )
    return len(forgotten)


def _clear(batch: Import) -> None:
    ImportRow.objects.filter(batch=batch).delete()
    ImportConflict.objects.filter(batch=batch).delete()
    given = list(ImportFile.objects.filter(batch=batch))
    files.remove(given)
    # Examples of cells are in there.
    ImportFile.objects.filter(batch=batch).update(understood={})
    kept = {name: value for name, value in batch.summary.items() if name not in ("refused_places", "buildings")}
    batch.summary = {**kept, "cleared_on": timezone.localdate().isoformat()}
    batch.version += 1
    batch.save(update_fields=["summary", "version"])
