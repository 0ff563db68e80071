# ruff: noqa: E501
"""A load: files kept → read in bounded processes → tried out and rolled back, which is the preview → applied in one go.

Applying is one transaction: killed in the middle nothing is applied, and the job begins anew. Two loads of one township
wait for each other, so the same file given twice at once makes its rows once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from django.db import connection, transaction
from django.utils import timezone

from lianfang.domains.lab_testing import roster
from lianfang.domains.lab_testing.finding import round_for
from lianfang.domains.lab_testing.locks import lock_name
from lianfang.domains.lab_testing.models import (
    LoadKind,
    LoadRow,
    LoadState,
    ReadingDecision,
    ResultLoad,
    Round,
    RoundState,
)
from lianfang.domains.lab_testing.results.refusals import ResultNotFoundError, ResultRefusedError
from lianfang.domains.lab_testing.results.selectors import MOST_ROWS
from lianfang.domains.lab_testing.results.services import files as stored
from lianfang.domains.lab_testing.results.services.apply_exempt import apply_exempt
from lianfang.domains.lab_testing.results.services.apply_results import FATES, apply_results
from lianfang.domains.lab_testing.results.services.apply_samples import apply_samples
from lianfang.domains.lab_testing.results.services.conclusions import Settled
from lianfang.domains.lab_testing.results.services.drafts import draft_rows
from lianfang.engine.intake.contract import FileReading
from lianfang.engine.intake.contract import Role as FileRole
from lianfang.engine.intake.mapping import Decision, Memory, parse_memory, write_memory
from lianfang.engine.reconciliation.assemble import usable_sheets
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action, Level, Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import handle_waiting

# A worker that is silent for so long has died; its job is given to another.
SILENT = timedelta(seconds=30)
ACTION = {
    LoadKind.RESULTS: Action.TESTING_RESULTS,
    LoadKind.SAMPLES: Action.TESTING_RESULTS,
    LoadKind.EXEMPT: Action.TESTING_PLAN,
}
_APPLY: dict[str, Callable[[ResultLoad, datetime], tuple[dict[str, Any], Settled]]] = {
    LoadKind.RESULTS: apply_results, LoadKind.SAMPLES: apply_samples, LoadKind.EXEMPT: apply_exempt,
}  # fmt: skip
Given = Sequence[tuple[str, Iterable[bytes]]]


class _TriedError(Exception):
    """Takes a trial back."""


@transaction.atomic
def start_load(*, actor: Actor, round_id: int, kind: str, files: Given, as_of: datetime | None = None) -> ResultLoad:
    """Keep the files (name, chunks) and make the load; reading them is the job ``read_load``'s.

    Raises RefusedError for no files, a kind that does not exist, or a round that was cancelled; NotFoundError for a round
    that does not concern the actor.
    """
    if kind not in LoadKind.values:
        raise ResultRefusedError("load_kind")
    actor.authorise(ACTION[LoadKind(kind)])
    round_ = round_for(actor, round_id)
    if round_.state == RoundState.CANCELLED or (round_.state == RoundState.PLANNED and kind == LoadKind.SAMPLES):
        raise ResultRefusedError("load_round", name=round_.name)
    kept = [stored.keep(name, chunks) for name, chunks in files]
    if not kept:
        raise ResultRefusedError("load_empty")
    load = ResultLoad.objects.create(
        **_scope(actor, round_), kind=kind, round_id=round_.pk, level=str(actor.level), scope_ids=list(actor.scope_ids),
        files=kept, made_by=actor.name, made_by_id=actor.account_id, made_at=timezone.now(), as_of=as_of,
    )  # fmt: skip
    record(actor=actor, action="testing.load_started", target_kind="load", target_id=load.pk,
           details={"kind": kind, "files": len(kept)})  # fmt: skip
    return load


def _scope(actor: Actor, round_: Round) -> dict[str, int]:
    """The load belongs to whoever began it: a community's clerk, or the township."""
    place = roster.own_place(actor)
    community_id = place.community_id if place is not None and place.township_id == round_.township_id else None
    return {
        "county_id": round_.county_id,
        "township_id": round_.township_id,
        "community_id": community_id or round_.township_id,
    }


def load_for(actor: Actor, load_id: int, *, lock: bool = False) -> ResultLoad:
    """Raises NotFoundError for a load outside of the actor's places, as for one that does not exist."""
    if not actor.may(Action.TESTING_RESULTS):
        actor.authorise(Action.TESTING_PLAN)
    found = ResultLoad.objects.visible_to(actor)
    load: ResultLoad | None = (found.select_for_update() if lock else found).filter(pk=load_id).first()
    if load is None:
        raise ResultNotFoundError("load_unknown")
    return load


def loader_of(load: ResultLoad) -> Actor:
    """Whose eyes the job reads with: it links people only in the loader's places."""
    if load.level == Level.SYSTEM:
        return system_actor("load")
    return Actor(name=load.made_by, role=Role.SYSTEM, level=Level(load.level), scope_ids=tuple(load.scope_ids))


def same_files(actor: Actor, load: ResultLoad) -> list[ResultLoad]:
    """Earlier loads that were applied and hold one of these very files."""
    digests = {file["digest"] for file in load.files}
    earlier = ResultLoad.objects.visible_to(actor).filter(
        township_id=load.township_id, kind=load.kind, state=LoadState.APPLIED
    )
    found = earlier.exclude(pk=load.pk).order_by("-applied_at")[:500]
    return [one for one in found if digests & {file["digest"] for file in one.files}]


def read_load(load_id: int) -> ResultLoad:
    """The job's first half: read, draft, try. Begun twice it does the same again; an applied load is left alone."""
    load = _begin(
        load_id, LoadState.READING, (LoadState.WAITING, LoadState.READING, LoadState.REVIEW, LoadState.FAILED)
    )
    if load is None:
        return _as_it_is(load_id)
    as_of = timezone.localtime(load.as_of or timezone.now()).replace(tzinfo=None)
    role = cast(FileRole, load.kind)
    readings = stored.read_files(load.files, role, as_of=as_of, memory=memory_of(load))
    for file, reading in zip(load.files, readings, strict=True):
        file["understood"] = stored.understood(reading)
    _stage(load, "linking", 40)
    usable = [reading for reading in readings if usable_sheets(role, reading)]
    with acting_as(loader_of(load)):
        rows = draft_rows(loader_of(load), load, usable)
    _stage(load, "trying", 70)
    summary = {**_told(readings, usable), "rows": rows}
    if usable:
        summary |= _try(load)
    with acting_as(system_actor("load")):
        load.state = LoadState.REVIEW if usable else LoadState.FAILED
        load.failure = None if usable else {"code": "nothing_usable"}
        load.summary, load.stage, load.progress, load.heartbeat_at = summary, "", 100, timezone.now()
        load.save(update_fields=["state", "failure", "summary", "stage", "progress", "files", "heartbeat_at"])
    return load


def _as_it_is(load_id: int) -> ResultLoad:
    with acting_as(system_actor("load")):
        return ResultLoad.objects.get(pk=load_id)


def _told(readings: Sequence[FileReading], usable: Sequence[FileReading]) -> dict[str, Any]:
    unread = sum(sheet["unread"] for reading in readings for sheet in stored.understood(reading)["sheets"])
    return {"files": len(readings), "refused_files": len(readings) - len(usable), "unread_cells": unread}


def _begin(load_id: int, state: LoadState, from_: Sequence[str]) -> ResultLoad | None:
    """The load in its new state, or None where it has moved on."""
    with acting_as(system_actor("load")):
        load = ResultLoad.objects.select_for_update().filter(pk=load_id, state__in=from_).first()
        if load is None:
            return None
        load.state, load.progress, load.failure = state, 5, None
        load.stage = {LoadState.READING: "reading", LoadState.APPLYING: "applying"}[state]
        load.heartbeat_at = timezone.now()
        load.tries += state == LoadState.APPLYING
        load.save(update_fields=["state", "stage", "progress", "failure", "heartbeat_at", "tries"])
        return load


def _stage(load: ResultLoad, stage: str, progress: int) -> None:
    with acting_as(system_actor("load")):
        ResultLoad.objects.filter(pk=load.pk).update(
            stage=stage, progress=progress, heartbeat_at=timezone.now(), files=load.files
        )


def _try(load: ResultLoad) -> dict[str, Any]:
    """Apply and take it back: the preview's numbers are those of applying, not like them."""
    found: dict[str, Any] = {}
    told: dict[str, _Fate] = {}
    try:
        with acting_as(system_actor("load")):
            found, told = _apply_rows(load)
            raise _TriedError
    except _TriedError:
        pass
    with acting_as(system_actor("load")):
        for name, fate in told.items():
            LoadRow.objects.filter(load=load, pk__in=fate.first).exclude(fate=name).update(fate=name)
    return found


class _Fate(NamedTuple):
    """How many rows became this, and the first of them for the preview: of the others only the number is told."""

    rows: int
    first: list[int]


def _apply_rows(load: ResultLoad) -> tuple[dict[str, Any], dict[str, _Fate]]:
    lock_name(f"load.{load.township_id}")
    counts, settled = _APPLY[load.kind](load, load.as_of or timezone.now())
    told = _told_fates(load)
    return {
        **counts, "fates": {name: fate.rows for name, fate in told.items()}, "people": settled.people,
        "concluded": len(settled.concluded), "held": settled.opened, "released": settled.released, "cases": settled.cases,
        "positives": settled.positives, "adopted": settled.adopted,
    }, told  # fmt: skip


def _told_fates(load: ResultLoad) -> dict[str, _Fate]:
    rows = (
        FATES
        if load.kind == LoadKind.RESULTS
        else "SELECT id, number, fate FROM lab_testing_load_row WHERE load_id = %(load)s"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT fate, count(*), (array_agg(id ORDER BY number))[:{MOST_ROWS}] FROM ({rows}) told GROUP BY fate ORDER BY fate",
            {"load": load.pk},
        )
        return {name: _Fate(count, first) for name, count, first in cursor.fetchall()}


@transaction.atomic
def approve_load(*, actor: Actor, load_id: int) -> ResultLoad:
    """Decide to apply what the preview shows; applying is the job ``apply_load``'s. Raises RefusedError where it is not
    (or no longer) waiting for that."""
    load = load_for(actor, load_id, lock=True)
    actor.authorise(ACTION[LoadKind(load.kind)])
    if load.state != LoadState.REVIEW:
        raise ResultRefusedError("load_not_in_review")
    load.state, load.stage, load.progress, load.applied_by = LoadState.APPLYING, "queued", 0, actor.name
    load.applied_by_id = actor.account_id
    load.save(update_fields=["state", "stage", "progress", "applied_by", "applied_by_id"])
    record(
        actor=actor,
        action="testing.load_approved",
        target_kind="load",
        target_id=load.pk,
        details=load.summary.get("fates"),
    )
    return load


def apply_load(load_id: int) -> ResultLoad:
    """The job's second half. Everything in one transaction, and once: a load that was applied stays as it is."""
    load = _begin(load_id, LoadState.APPLYING, (LoadState.APPLYING,))
    if load is None:
        return _as_it_is(load_id)
    with acting_as(system_actor("load")):
        load = ResultLoad.objects.select_for_update().get(pk=load_id)
        if load.state != LoadState.APPLYING:
            return load
        summary = {**load.summary, **_apply_rows(load)[0]}
        load.state, load.summary, load.applied_at = LoadState.APPLIED, summary, load.as_of or timezone.now()
        load.stage, load.progress, load.heartbeat_at = "", 100, timezone.now()
        load.save(update_fields=["state", "summary", "applied_at", "stage", "progress", "heartbeat_at"])
        LoadRow.objects.filter(load=load).delete()
        record(actor=system_actor("load"), action="testing.load_applied", target_kind="load", target_id=load.pk,
               details={"by": load.applied_by, "fates": summary["fates"]})  # fmt: skip
        transaction.on_commit(lambda: stored.remove(load.files))
    return load


@transaction.atomic
def discard_load(*, actor: Actor, load_id: int) -> ResultLoad:
    """Give a load up before it is applied; its files and rows are removed, its line stays."""
    load = load_for(actor, load_id, lock=True)
    actor.authorise(ACTION[LoadKind(load.kind)])
    if load.state in (LoadState.APPLYING, LoadState.APPLIED):
        raise ResultRefusedError("load_not_in_review")
    load.state, load.stage = LoadState.DISCARDED, ""
    load.save(update_fields=["state", "stage"])
    LoadRow.objects.filter(load=load).delete()
    record(actor=actor, action="testing.load_discarded", target_kind="load", target_id=load.pk)
    transaction.on_commit(lambda: stored.remove(load.files))
    return load


def memory_of(load: ResultLoad) -> Memory:
    """What was decided here about labels and codes, earlier and for this load."""
    with acting_as(system_actor("load")):
        kept = ReadingDecision.objects.filter(
            township_id=load.township_id, community_id__in=(load.community_id, load.township_id)
        )
        lines = [
            Decision(
                cast(Literal["column", "code"], one.kind), one.label, one.target, one.means, "", str(one.decided_on)
            )
            for one in kept.order_by("id")
        ]
    return Memory().with_decisions(lines).merged(parse_memory(load.decisions))


_PRINTABLE = re.compile(r"[^\r\n,]{1,120}")


@transaction.atomic
def decide_reading(*, actor: Actor, load_id: int, decisions: Sequence[Decision]) -> ResultLoad:
    """Say what columns or codes mean: kept for the next file of the place, and the files are read again.

    Raises RefusedError for a field or meaning that does not exist, or a load that was applied.
    """
    load = load_for(actor, load_id, lock=True)
    actor.authorise(ACTION[LoadKind(load.kind)])
    if load.state not in (LoadState.REVIEW, LoadState.FAILED):
        raise ResultRefusedError("load_not_in_review")
    memory = Memory().with_decisions(decisions)
    if parse_memory(write_memory(memory)).problems or not all(_PRINTABLE.fullmatch(one.label) for one in decisions):
        raise ResultRefusedError("reading_decision")
    scope = {name: getattr(load, name) for name in ("county_id", "township_id", "community_id")}
    for one in decisions:
        if one.kind == "column":
            # A column means one thing; a column's codes are several.
            ReadingDecision.objects.filter(community_id=load.community_id, kind="column", label=one.label).delete()
        ReadingDecision.objects.update_or_create(
            community_id=load.community_id, kind=one.kind, label=one.label, target=one.target,
            defaults={**scope, "means": one.means, "decided_by": actor.name, "decided_on": timezone.localdate()},
        )  # fmt: skip
    load.state, load.stage, load.progress = LoadState.WAITING, "queued", 0
    load.save(update_fields=["state", "stage", "progress"])
    record(
        actor=actor,
        action="testing.reading_decided",
        target_kind="load",
        target_id=load.pk,
        details={"lines": len(decisions)},
    )
    return load


def fail_load(load_id: int, error: Exception) -> None:
    """Note that a job gave up; nothing was applied. What went wrong is in the log under the error's name."""
    with acting_as(system_actor("load")):
        ResultLoad.objects.filter(pk=load_id).exclude(state=LoadState.APPLIED).update(
            state=LoadState.FAILED, stage="", failure={"code": "unexpected", "detail": type(error).__name__}
        )


def load_files(
    actor: Actor, round_: Round, paths: Sequence[Path], kind: str, *, as_of: datetime | None = None
) -> ResultLoad:
    """A whole load without the web: read, apply, tell. For the demo, imports by night, and tests.

    Call it outside of a transaction and of ``acting_as``, from the main thread. ``as_of`` replays a night as if the files
    had come then. A load whose files cannot be used comes back in the state failed, with the reason in ``failure``.
    """

    def chunks(path: Path) -> Iterable[bytes]:
        with path.open("rb") as file:
            yield from stored.chunks_of(file)

    with acting_as(actor):
        load = start_load(
            actor=actor, round_id=round_.pk, kind=kind, files=[(path.name, chunks(path)) for path in paths], as_of=as_of
        )
    read_load(load.pk)
    with acting_as(actor):
        if load_for(actor, load.pk).state != LoadState.REVIEW:
            return load_for(actor, load.pk)
        approve_load(actor=actor, load_id=load.pk)
    done = apply_load(load.pk)
    while handle_waiting():
        pass
    return done
