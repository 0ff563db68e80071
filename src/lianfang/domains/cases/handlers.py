"""What cases do when something happens below them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lianfang.domains.cases import events
from lianfang.domains.cases.homes import rehome
from lianfang.domains.cases.models import CaseKind, FactSource, PersonFact
from lianfang.domains.cases.person_facts import follow_registry
from lianfang.domains.cases.services import WITHDRAWN, close_without_evidence, open_case
from lianfang.domains.lab_testing.events import HOLD_SETTLED, PERSON_POSITIVE
from lianfang.domains.policy.services import ACTIVATION_PROPOSED
from lianfang.domains.registry import events as registry
from lianfang.foundation.access.scope import current_actor
from lianfang.foundation.outbox.services import emit_now, handles


@handles(PERSON_POSITIVE)
def open_screening_positive(payload: Mapping[str, Any]) -> None:
    """A single positive result makes a screening positive; a doctor or a second laboratory says what it is."""
    open_case(
        actor=current_actor(), person_id=payload["person_id"], kind=CaseKind.SCREENING_POSITIVE,
        found_at=datetime.fromisoformat(payload["at"]), evidence_kind="result", evidence_id=payload["result_id"],
    )  # fmt: skip


@handles(HOLD_SETTLED)
def close_corrected(payload: Mapping[str, Any]) -> None:
    """A positive that was corrected, or whose swab was void, makes nobody a case any longer."""
    if payload["because"] in WITHDRAWN:
        close_without_evidence(
            actor=current_actor(), person_ids=payload["person_ids"], tube_ids=payload["tube_ids"],
            because=payload["because"],
        )  # fmt: skip


def _whose(payload: Mapping[str, Any]) -> list[int]:
    return [*(payload.get("person_ids") or ()), *([payload["person_id"]] if payload.get("person_id") else ())]


@handles(registry.PERSON_REGISTERED)
@handles(registry.PEOPLE_REGISTERED)
@handles(registry.PERSON_CHANGED)
@handles(registry.PEOPLE_CHANGED)
def follow_the_registry(payload: Mapping[str, Any]) -> None:
    """What the registry says of somebody may be a fact that rules ask for."""
    _say(follow_registry(_whose(payload), by=current_actor().name))


@handles(ACTIVATION_PROPOSED)
def ask_the_registry(payload: Mapping[str, Any]) -> None:
    """Proposed rules may ask for more than those in force: their preview must know it already."""
    _say(follow_registry(None, by=current_actor().name))


@handles(registry.PERSON_MOVED)
@handles(registry.PEOPLE_CHANGED)
def take_along(payload: Mapping[str, Any]) -> None:
    """Who moves is seen by the staff of the new place, with what is known of them."""
    rehome(_whose(payload))


@handles(registry.PEOPLE_REMOVED)
def forget(payload: Mapping[str, Any]) -> None:
    """An import was undone: what was taken over of these people goes with them."""
    PersonFact.objects.filter(person_id__in=_whose(payload), source=FactSource.REGISTRY).delete()


def _say(person_ids: list[int]) -> None:
    for start in range(0, len(person_ids), events.BATCH):
        emit_now(events.PERSON_FACTS_CHANGED, {"person_ids": person_ids[start : start + events.BATCH]})
