"""Imports of rosters: the door. Each function is one step; ``import_files`` is all of them without the web.

An import's plan follows from the files, the decisions and the registry as it is. What the preview was made of is kept
until it is written, with a mark of the registry as it was; where the registry has another mark by then, applying makes
the plan once more inside its transaction, and where that is another one than was shown, nothing is written and the new
one is shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from django.db import connection
from django.db.models import Count, F, Max, Sum
from django.utils import timezone

from lianfang import __version__
from lianfang.domains.registry.imports import files
from lianfang.domains.registry.imports.actors import actor_as_json
from lianfang.domains.registry.imports.applying import ChangedSinceError, apply_plans
from lianfang.domains.registry.imports.conflicts import CHOICES
from lianfang.domains.registry.imports.drafts import Draft, make_drafts
from lianfang.domains.registry.imports.linking import link
from lianfang.domains.registry.imports.localities import Localities
from lianfang.domains.registry.imports.meanings import memory_for
from lianfang.domains.registry.imports.planning import ADD, UPDATE, Plan, Planned, plan
from lianfang.domains.registry.imports.progress import Progress, progress_of
from lianfang.domains.registry.imports.reading import read_files
from lianfang.domains.registry.imports.registered import Known, known_people
from lianfang.domains.registry.imports.saving import save_conflicts, save_rows, save_understood, summary_of
from lianfang.domains.registry.imports.undoing import undo_changes
from lianfang.domains.registry.models import Household, Import, ImportConflict, ImportFile, ImportState, Person, Place
from lianfang.engine.intake.contract import FileReading
from lianfang.engine.intake.mapping import write_memory
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action, Level
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record

Decide = Literal["suggested", "ask"]
S = ImportState


class NotNowError(Exception):
    """The import is not in a state for this step, or others must come first. ``code``: ``registry_import.not_now``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Made:
    """A plan with what it was made of; ``mark`` as ``_mark`` gives it."""

    mark: tuple[object, ...]
    drafts: list[Draft]
    known: list[Known]
    planned: Planned


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a plan is written, kept from the preview to the writing."""

    mark: tuple[object, ...]
    fingerprint: str
    plans: list[Plan]


def begin_import(*, actor: Actor, uploads: Sequence[tuple[str, bytes]]) -> Import:
    """Keep the files, (name, content) each, encrypted; reading them is the next step. A name may come twice."""
    actor.authorise(Action.REGISTRY_IMPORT)
    with acting_as(actor):
        scope = _scope_of(actor)
        batch = Import.objects.create(
            **scope,
            state=S.UPLOADED,
            made_by_id=actor.account_id,
            made_by=actor.name,
            made_at=timezone.now(),
            acts_as=actor_as_json(actor),
        )
        for number, (name, content) in enumerate(uploads):
            stored_as, key = files.store(content)
            ImportFile.objects.create(
                **scope,
                batch=batch,
                number=number,
                name=name[-200:],
                size=len(content),
                digest=files.digest_of(content),
                stored_as=stored_as,
                key_sealed=key,
            )
        record(
            actor=actor,
            action="registry.import_begun",
            target_kind="import",
            target_id=batch.pk,
            details={"files": len(uploads)},
        )
    return batch


def prepare_import(*, actor: Actor, import_id: int, new_below: Place | None = None) -> Import:
    """Read the files, link, and make the preview; decisions made before stay. Ends in review, or failed with a reason.

    ``new_below``: where communities that the files name and nobody registered are made.
    """
    actor.authorise(Action.REGISTRY_IMPORT)
    with progress_of(import_id) as progress:
        with acting_as(actor):
            batch = _found(actor, import_id)
            require_state(batch, S.UPLOADED, S.READING, S.REVIEW, S.FAILED)
        readings = _read(actor, batch, progress)
        with acting_as(actor):
            made = _make(actor, batch, readings, progress, new_below)
            _save(actor, batch, readings, made, progress)
    return batch


def decide_conflicts(*, actor: Actor, import_id: int, choices: Mapping[int, str]) -> int:
    """Take decisions, conflict number → choice ("" opens it again); how many were changed."""
    actor.authorise(Action.REGISTRY_IMPORT)
    with acting_as(actor):
        batch = _found(actor, import_id)
        require_state(batch, S.REVIEW)
        changed, is_other = [], False
        for one in ImportConflict.objects.filter(batch=batch, number__in=list(choices)).select_for_update(no_key=True):
            choice = choices[one.number]
            if choice and choice not in CHOICES[one.kind]:
                raise NotNowError("no_such_choice")
            if one.choice != choice:
                is_other |= (choice or one.suggestion) != (one.choice or one.suggestion)
                one.choice, one.decided_by = choice, actor.name if choice else ""
                one.decided_at = timezone.now() if choice else None
                changed.append(one)
        ImportConflict.objects.bulk_update(changed, ["choice", "decided_by", "decided_at"], batch_size=1000)
        if changed:
            _count_open(batch, is_other=is_other)
    return len(changed)


def take_suggestions(*, actor: Actor, import_id: int, kind: str | None = None) -> int:
    """Decide every open conflict, of ``kind`` or all, as suggested; how many."""
    actor.authorise(Action.REGISTRY_IMPORT)
    with acting_as(actor):
        batch = _found(actor, import_id)
        require_state(batch, S.REVIEW)
        wanted = ImportConflict.objects.filter(batch=batch, choice="").exclude(suggestion="")
        if kind is not None:
            wanted = wanted.filter(kind=kind)
        changed = wanted.update(choice=F("suggestion"), decided_by=actor.name, decided_at=timezone.now())
        if changed:
            # What is suggested is what the preview shows already.
            _count_open(batch, is_other=False)
    return changed


def _count_open(batch: Import, *, is_other: bool) -> None:
    """``is_other``: something was decided otherwise than the preview shows."""
    still = ImportConflict.objects.filter(batch=batch, choice="").count()
    batch.summary = {**batch.summary, "open": still, "stale": is_other or bool(batch.summary.get("stale"))}
    batch.version += 1
    batch.save(update_fields=["summary", "version"])


def apply_import(*, actor: Actor, import_id: int) -> Import:
    """Write the import into the registry, in one transaction, as it was shown.

    Where the registry changed meanwhile so that something else would be written, nothing is: the import is back in
    review with ``summary.changed`` set. Raises NotNowError while conflicts are open, or where the preview is older
    than a decision.
    """
    actor.authorise(Action.REGISTRY_IMPORT)
    with progress_of(import_id) as progress:
        with acting_as(actor):
            batch = _found(actor, import_id)
            require_ready(batch)
            progress.at("reading", 5)
            kept = _kept_plan(batch)
        try:
            with acting_as(actor):
                return _apply(actor, batch, kept, progress)
        except ChangedSinceError:
            del kept
            readings = _read(actor, batch, progress)
            with acting_as(actor):
                made = _make(actor, batch, readings, progress, None)
                _save(actor, batch, readings, made, progress, changed=True)
    return batch


def _apply(actor: Actor, batch: Import, kept: Kept | None, progress: Progress) -> Import:
    _one_at_a_time(batch)
    batch.refresh_from_db()
    require_ready(batch)
    shown = batch.summary.get("plan")
    if kept is not None and (kept.mark, kept.fingerprint) == (_mark(actor), shown):
        plans = kept.plans
    else:
        made = _make(actor, batch, _read(actor, batch, progress), progress, None)
        if made.planned.fingerprint != shown:
            raise ChangedSinceError
        plans = _written(made.planned)
    progress.at("writing", 60)
    apply_plans(actor=actor, batch=batch, plans=plans)
    progress.at("finishing", 95)
    record(
        actor=actor,
        action="registry.import_applied",
        target_kind="import",
        target_id=batch.pk,
        details={name: batch.summary.get(name, 0) for name in ("read", "add", "update", "same", "refused")},
    )
    batch.state, batch.applied_at, batch.applied_by, batch.failure = S.APPLIED, timezone.now(), actor.name, None
    batch.version += 1
    batch.save(update_fields=["state", "applied_at", "applied_by", "failure", "version"])
    # What is written is in the registry, and undoing needs no file.
    _close_files(batch)
    return batch


def _written(planned: Planned) -> list[Plan]:
    return [one for one in planned.plans if one.action in (ADD, UPDATE)]


def _kept_plan(batch: Import) -> Kept | None:
    first = batch.files.order_by("number").first()
    kept = files.kept_plan(first, _plan_name(batch)) if first else None
    assert kept is None or isinstance(kept, Kept)
    return kept


def _plan_name(batch: Import) -> str:
    # What another version of the program kept may have another form.
    return f"{__version__}|{batch.pk}"


def discard_import(*, actor: Actor, import_id: int) -> Import:
    """Give the import up before anything was written; its files are removed."""
    actor.authorise(Action.REGISTRY_IMPORT)
    with acting_as(actor):
        batch = _found(actor, import_id)
        require_state(batch, S.UPLOADED, S.READING, S.REVIEW, S.FAILED)
        _close_files(batch)
        batch.rows.all().delete()
        batch.conflicts.all().delete()
        batch.state = S.DISCARDED
        batch.version += 1
        batch.save(update_fields=["state", "version"])
        record(actor=actor, action="registry.import_discarded", target_kind="import", target_id=batch.pk)
    return batch


def import_files(
    actor: Actor, paths: Sequence[Path], decide: Decide = "suggested", *, new_below: Place | None = None
) -> Import:
    """The whole flow without the web: read, decide as suggested, apply. With ``decide="ask"`` it ends in review.

    ``new_below``: a township or county in which communities (and townships) that the files name and nobody registered
    are made; without it their rows are refused. Raises OSError where a file cannot be read.
    """
    batch = begin_import(actor=actor, uploads=[(path.name, path.read_bytes()) for path in paths])
    with progress_of(batch.pk) as progress:
        readings = _read(actor, batch, progress)
        with acting_as(actor):
            made = _make(actor, batch, readings, progress, new_below)
            _save(actor, batch, readings, made, progress)
    if decide == "ask":
        return batch
    del readings, made
    take_suggestions(actor=actor, import_id=batch.pk)
    return apply_import(actor=actor, import_id=batch.pk)


def _read(actor: Actor, batch: Import, progress: Progress) -> list[FileReading]:
    progress.at("reading", 2)
    with acting_as(actor):
        given, memory = list(batch.files.order_by("number")), memory_for(batch)
    under = hashlib.sha256(write_memory(memory).encode()).hexdigest()
    readings = [files.kept_reading(one, under) for one in given]
    unread = [at for at, reading in enumerate(readings) if reading is None]
    if unread:
        with files.opened([given[at] for at in unread]) as paths:
            fresh = read_files(
                paths,
                as_of=_as_of(batch),
                memory=memory,
                tell=lambda done, total: progress.at("reading", 2 + 28 * done // max(total, 1)),
            )
        for at, reading in zip(unread, fresh, strict=True):
            readings[at] = reading
            files.keep_reading(given[at], under, reading)
    return [one for one in readings if one is not None]


def _as_of(batch: Import) -> datetime:
    return timezone.localtime(batch.made_at).replace(tzinfo=None)


def _make(
    actor: Actor, batch: Import, readings: Sequence[FileReading], progress: Progress, new_below: Place | None
) -> Made:
    progress.at("understanding", 30)
    localities, mark = Localities(actor, new_below), _mark(actor)
    drafts = make_drafts(readings, localities)
    progress.at("comparing", 38)
    known = known_people(actor, drafts, localities.used())
    progress.at("linking", 42)
    linked = link(drafts, known)
    progress.at("planning", 55)
    choices = dict(ImportConflict.objects.filter(batch=batch).exclude(choice="").values_list("key", "choice"))
    return Made(mark, drafts, known, plan(drafts, known, linked, choices))


def _mark(actor: Actor) -> tuple[object, ...]:
    """Another one as soon as anybody, a household or a place that the actor sees is added, changed or removed."""
    people = Person.objects.visible_to(actor).aggregate(Count("pk"), Max("pk"), Sum("version"))
    homes = Household.objects.visible_to(actor).aggregate(Count("pk"), Max("pk"), Sum("version"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), sum(hashtextextended(concat_ws('|', id, parent_id, kind, name, closed_on), 0)) "
            "FROM registry_place"
        )
        places = cursor.fetchone()
    return (str(actor.level), actor.scope_ids, *people.values(), *homes.values(), *places)


def _save(
    actor: Actor,
    batch: Import,
    readings: Sequence[FileReading],
    made: Made,
    progress: Progress,
    *,
    changed: bool = False,
) -> None:
    progress.at("saving", 80)
    save_understood(batch, readings)
    save_rows(batch, made.drafts, made.planned)
    save_conflicts(batch, made.planned.conflicts, actor)
    batch.summary = {**summary_of(readings, made.drafts, made.known, made.planned), "changed": changed}
    first = batch.files.order_by("number").first()
    if first is not None:
        kept = Kept(made.mark, made.planned.fingerprint, _written(made.planned))
        files.keep_plan(first, _plan_name(batch), kept)
    batch.state, batch.failure = S.REVIEW, None
    batch.version += 1
    batch.save(update_fields=["summary", "state", "failure", "version"])


def _one_at_a_time(batch: Import) -> None:
    """Two imports of one county wait for one another here, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('registry_import', %s))", [batch.county_id])


def _found(actor: Actor, import_id: int) -> Import:
    """Raises Import.DoesNotExist where the import is not of the actor's places."""
    return Import.objects.visible_to(actor).get(pk=import_id)


def require_state(batch: Import, *states: str) -> None:
    if batch.state not in states:
        raise NotNowError(f"state_{batch.state}")


def require_ready(batch: Import) -> None:
    require_state(batch, S.REVIEW, S.APPLYING)
    if batch.summary.get("open"):
        raise NotNowError("conflicts_open")
    if batch.summary.get("stale"):
        raise NotNowError("preview_old")


def _close_files(batch: Import) -> None:
    files.remove(list(batch.files.all()))


def _scope_of(actor: Actor) -> dict[str, int | None]:
    """The keys of the actor's own place, 0 below it."""
    place = Place.objects.filter(pk__in=actor.scope_ids[:1]).first() if actor.level is not Level.SYSTEM else None
    return {name: (getattr(place, name) or 0) if place else 0 for name in ("county_id", "township_id", "community_id")}


def undo_import(*, actor: Actor, import_id: int) -> Import:
    """Put back what the import changed; ``summary.undone`` counts it. What was changed since stays and is listed."""
    actor.authorise(Action.REGISTRY_IMPORT)
    with progress_of(import_id) as progress, acting_as(actor):
        batch = _found(actor, import_id)
        _one_at_a_time(batch)
        batch.refresh_from_db()
        require_state(batch, S.APPLIED, S.UNDOING)
        progress.at("undoing", 20)
        undone = undo_changes(actor=actor, batch=batch)
        progress.at("finishing", 95)
        batch.state, batch.undone_at, batch.undone_by, batch.failure = S.UNDONE, timezone.now(), actor.name, None
        batch.summary = {**batch.summary, "undone": asdict(undone)}
        batch.version += 1
        batch.save(update_fields=["state", "undone_at", "undone_by", "failure", "summary", "version"])
        record(
            actor=actor,
            action="registry.import_undone",
            target_kind="import",
            target_id=batch.pk,
            details=asdict(undone),
        )
    return batch
