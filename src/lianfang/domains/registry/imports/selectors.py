"""Reading imports for the pages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from lianfang.domains.registry.imports.progress import SILENT_SECONDS
from lianfang.domains.registry.models import (
    Import,
    ImportConflict,
    ImportFile,
    ImportRow,
    ImportState,
    ImportUndo,
    Person,
)
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action

AT_WORK = (ImportState.READING, ImportState.APPLYING, ImportState.UNDOING)


@dataclass(frozen=True, slots=True)
class EarlierFile:
    """The same file, byte for byte, in another import that was not given up."""

    file: str
    import_id: int
    made_by: str
    made_at: datetime
    state: str


def import_for(actor: Actor, import_id: int) -> Import:
    """The import; raises Http404 where it is not of the actor's places."""
    actor.authorise(Action.REGISTRY_IMPORT)
    found = Import.objects.visible_to(actor).filter(pk=import_id).first()
    if found is None:
        raise Http404
    return found


def imports_for(actor: Actor) -> QuerySet[Import]:
    actor.authorise(Action.REGISTRY_IMPORT)
    return Import.objects.visible_to(actor).prefetch_related("files")


def has_fallen_silent(batch: Import) -> bool:
    """Whether the worker that should be at it has said nothing for so long that it must have died."""
    if batch.state not in AT_WORK:
        return False
    if batch.stage == "waiting":
        # Nobody has begun yet: that says nothing of a worker's death.
        return False
    return batch.heartbeat_at is None or (timezone.now() - batch.heartbeat_at).total_seconds() > SILENT_SECONDS


def same_files_before(actor: Actor, batch: Import) -> list[EarlierFile]:
    """Which files of the import were given before, when and by whom."""
    digests = dict(batch.files.values_list("digest", "name"))
    found = ImportFile.objects.visible_to(actor).filter(digest__in=list(digests)).exclude(batch=batch)
    found = found.exclude(batch__state__in=(ImportState.DISCARDED, ImportState.FAILED)).select_related("batch")
    return [
        EarlierFile(digests[one.digest], one.batch_id, one.batch.made_by, one.batch.made_at, one.batch.state)
        for one in found.order_by("-batch__made_at")[:20]
    ]


def conflicts_of(batch: Import, kind: str = "", *, is_open: bool | None = None) -> QuerySet[ImportConflict]:
    found = ImportConflict.objects.filter(batch=batch)
    if kind:
        found = found.filter(kind=kind)
    if is_open is not None:
        found = found.filter(choice="") if is_open else found.exclude(choice="")
    return found.order_by("number")


def conflict_counts(batch: Import) -> dict[str, tuple[int, int]]:
    """Kind → (open, all)."""
    everything = Counter(conflicts_of(batch).values_list("kind", flat=True))
    still = Counter(conflicts_of(batch, is_open=True).values_list("kind", flat=True))
    return {kind: (still[kind], count) for kind, count in everything.items()}


def rows_of(batch: Import, action: str = "") -> QuerySet[ImportRow]:
    found = ImportRow.objects.filter(batch=batch)
    return found.filter(action=action) if action else found


def rows_by_number(batch: Import, numbers: set[int]) -> dict[int, ImportRow]:
    return {one.number: one for one in ImportRow.objects.filter(batch=batch, number__in=numbers)}


def people_by_id(actor: Actor, person_ids: set[int]) -> dict[int, Person]:
    return Person.objects.visible_to(actor).select_related("household").in_bulk(person_ids)


def kept_after_undo(batch: Import) -> QuerySet[ImportUndo]:
    """Whom undo could not put back, with the reason."""
    return ImportUndo.objects.filter(batch=batch, kind="person").exclude(kept_because="").order_by("target_id")
