"""Proposing, approving and withdrawing the activation of a pack."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from lianfang.domains.policy.models import PackActivation, PreviewState
from lianfang.domains.policy.packs import packs_on_disk
from lianfang.domains.policy.previews import open_preview, preview_for
from lianfang.domains.registry.models import Place, PlaceKind
from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.roles import Action, Level, Role
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit, emit_now

PACK_ACTIVATED = "policy.pack_activated"
ACTIVATION_PROPOSED = "policy.activation_proposed"
FILLING_IN = timedelta(minutes=15)
"""How long a form may have lain open: whoever asked for "now" did not ask for the past."""
_DECIDING = (Level.TOWNSHIP, Level.COUNTY)


class PolicyProblemError(ValueError):
    """``code`` is a text key under ``policy.problem``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def propose_activation(
    *, actor: Actor, pack: str, version: int, place_id: int | None, starts_at: datetime, reason: str = ""
) -> PackActivation:
    """Propose that a pack be in force inside a place from an instant on. Changes nothing until somebody else approves.

    An instant that passed while the form was filled in (at most ``FILLING_IN`` ago) is taken as now. Raises
    PolicyProblemError for an unknown pack, one that is not in force by its own dates then, or an earlier instant: what
    was decided under other rules is not rewritten.
    """
    now = timezone.now()
    _authorise(actor, place_id)
    found = packs_on_disk().get((pack, version))
    if found is None:
        raise PolicyProblemError("pack_unknown")
    if not found.is_in_force(timezone.localtime(starts_at).replace(tzinfo=None)):
        raise PolicyProblemError("pack_not_in_force")
    if starts_at < now - FILLING_IN:
        raise PolicyProblemError("starts_in_past")
    starts_at = max(starts_at, now)
    with transaction.atomic():
        made = PackActivation.objects.create(
            pack=pack,
            version=version,
            digest=found.digest,
            place_id=place_id,
            starts_at=starts_at,
            reason=reason[:200],
            proposed_at=now,
            proposed_by_id=actor.account_id,
            proposed_by=actor.name,
        )
        open_preview(made)
        record(actor=actor, action="policy.propose_activation", target_kind="pack_activation", target_id=made.pk)
        emit_now(ACTIVATION_PROPOSED, {"activation_id": made.pk, "place_id": made.place_id})
    return made


def approve_activation(*, actor: Actor, activation: PackActivation, seen: int | None = None) -> PackActivation:
    """Approve what somebody else proposed. ``seen`` is the preview that the approver has before them.

    Raises PolicyProblemError for one's own proposal, one that is settled, one whose preview is not there yet, and,
    where somebody lives, one whose preview was not seen.
    """
    with transaction.atomic():
        found = PackActivation.objects.select_for_update().get(pk=activation.pk)
        _authorise(actor, found.place_id)
        if found.approved_at is not None or found.withdrawn_at is not None:
            raise PolicyProblemError("settled_already")
        if actor.account_id is not None and actor.account_id == found.proposed_by_id:
            raise PolicyProblemError("own_proposal")
        _need_preview(actor, found, seen)
        found.approved_at, found.approved_by_id, found.approved_by = timezone.now(), actor.account_id, actor.name
        found.save(update_fields=["approved_at", "approved_by_id", "approved_by"])
        record(actor=actor, action="policy.approve_activation", target_kind="pack_activation", target_id=found.pk)
        emit(PACK_ACTIVATED, {"activation_id": found.pk, "place_id": found.place_id, **_load(found)})
    return found


def _load(activation: PackActivation) -> dict[str, str | int | None]:
    """What the first minute under new rules will ask of the servers and of those who answer the telephone: after the
    48-hour rule of 2021-12-20 more than ten times the usual load stopped Xi'an's code (docs/guides/statuses.md)."""
    preview = preview_for(activation)
    known = preview is not None and preview.state == PreviewState.DONE
    return {
        "starts_at": activation.starts_at.isoformat(),
        "people": preview.people if preview is not None and known else None,
        "changed": preview.changed if preview is not None and known else None,
    }


def _need_preview(actor: Actor, activation: PackActivation, seen: int | None) -> None:
    preview = preview_for(activation)
    if preview is None or preview.state not in (PreviewState.DONE, PreviewState.FAILED):
        raise PolicyProblemError("preview_needed")
    nobody_lives_there = preview.state == PreviewState.DONE and preview.people == 0
    if seen != preview.pk and not nobody_lives_there:
        raise PolicyProblemError("preview_unseen")
    if actor.account_id is not None:
        preview.seen_by_ids = sorted({*preview.seen_by_ids, actor.account_id})
        preview.save(update_fields=["seen_by_ids"])


def withdraw_proposal(*, actor: Actor, activation: PackActivation) -> None:
    """Take a proposal back before it is approved."""
    with transaction.atomic():
        found = PackActivation.objects.select_for_update().get(pk=activation.pk)
        _authorise(actor, found.place_id)
        if found.approved_at is not None or found.withdrawn_at is not None:
            raise PolicyProblemError("settled_already")
        PackActivation.objects.filter(pk=found.pk).update(withdrawn_at=timezone.now())
        record(actor=actor, action="policy.withdraw_activation", target_kind="pack_activation", target_id=found.pk)


def may_activate(actor: Actor) -> bool:
    """Townships and districts put rules into force; others read them."""
    return actor.may(Action.STATUS_ORDER) and actor.level in _DECIDING


def places_to_activate(actor: Actor) -> list[Place]:
    """Places for which the actor may propose rules, the widest first: down to communities, as orders name those."""
    if not may_activate(actor):
        return []
    kinds = (PlaceKind.COUNTY, PlaceKind.TOWNSHIP, PlaceKind.COMMUNITY)
    inside = Place.objects.filter(path__overlap=list(actor.scope_ids), kind__in=kinds, closed_on=None)
    return sorted(inside, key=lambda place: (len(place.path), place.sort_key))


def _authorise(actor: Actor, place_id: int | None) -> None:
    """Districts and townships decide for places inside their own; everywhere is for the system alone."""
    actor.authorise(Action.STATUS_ORDER)
    if actor.role is Role.SYSTEM:
        return
    inside = place_id is not None and Place.objects.filter(pk=place_id, path__overlap=list(actor.scope_ids)).exists()
    if actor.level not in _DECIDING or not inside:
        raise NotAllowedError(Action.STATUS_ORDER, "place_outside")
