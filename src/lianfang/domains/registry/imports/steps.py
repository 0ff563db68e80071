"""Steps of an import that a page asks for and a worker does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils import timezone

from lianfang.domains.registry.imports.actors import PostingEndedError, actor_as_json, actor_of
from lianfang.domains.registry.imports.services import (
    apply_import,
    prepare_import,
    require_ready,
    require_state,
    undo_import,
)
from lianfang.domains.registry.models import Import
from lianfang.domains.registry.models import ImportState as S
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record

POSTING_ENDED = "posting_ended"


def request_step(*, actor: Actor, import_id: int, step: str) -> Import:
    """Hand a step to a worker: prepare, apply or undo. Asked again while one that fell silent is under way, it is begun
    anew, and the silent one does nothing any more."""
    from lianfang.domains.registry.imports import jobs

    actor.authorise(Action.REGISTRY_IMPORT)
    with acting_as(actor):
        batch = Import.objects.visible_to(actor).select_for_update(no_key=True).get(pk=import_id)
        if step == "apply":
            require_ready(batch)
        else:
            require_state(batch, *STEPS[step].from_states)
        batch.state, batch.acts_as, batch.failure = STEPS[step].state, actor_as_json(actor), None
        batch.stage, batch.progress, batch.heartbeat_at = "waiting", 0, timezone.now()
        batch.turn += 1
        batch.version += 1
        batch.save()
        jobs.do_step.defer(import_id=batch.pk, step=step, turn=batch.turn)
    return batch


def do_step(*, import_id: int, step: str, turn: int) -> None:
    """What a worker does for ``request_step``. A step whose turn has passed does nothing; one that fails, or whose
    author does not serve there any more, leaves the registry as it was and the import where it can be asked for again.
    """
    with acting_as(system_actor("import")):
        batch = Import.objects.filter(pk=import_id, turn=turn, state=STEPS[step].state).first()
    if batch is None:
        return
    try:
        actor = actor_of(batch)
    except PostingEndedError:
        _give_back(batch, step, POSTING_ENDED)
        return
    try:
        STEPS[step].work(actor, import_id)
    except Exception as error:
        _give_back(batch, step, type(error).__name__)
        raise


def _give_back(batch: Import, step: str, why: str) -> None:
    with acting_as(system_actor("import")) as system:
        Import.objects.filter(pk=batch.pk, turn=batch.turn).update(
            state=STEPS[step].back_to, failure={"step": step, "error": why}, heartbeat_at=None
        )
        if why == POSTING_ENDED:
            record(
                actor=system,
                action="registry.import_refused",
                target_kind="import",
                target_id=batch.pk,
                details={"step": step, "why": why, "asked_by": batch.acts_as.get("account_id")},
            )


@dataclass(frozen=True, slots=True)
class Step:
    """``state`` while a worker is at it, ``back_to`` where it fails."""

    state: str
    from_states: tuple[str, ...]
    back_to: str
    work: Callable[[Actor, int], Import]


STEPS: Mapping[str, Step] = {
    "prepare": Step(
        S.READING,
        (S.UPLOADED, S.READING, S.REVIEW, S.FAILED),
        S.FAILED,
        lambda actor, pk: prepare_import(actor=actor, import_id=pk),
    ),
    "apply": Step(
        S.APPLYING, (S.REVIEW, S.APPLYING), S.REVIEW, lambda actor, pk: apply_import(actor=actor, import_id=pk)
    ),
    "undo": Step(
        S.UNDOING, (S.APPLIED, S.UNDOING), S.APPLIED, lambda actor, pk: undo_import(actor=actor, import_id=pk)
    ),
}
