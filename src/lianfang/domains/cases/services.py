"""Writing cases: opened on evidence, classified, moved to hospital, released. Each audited in its transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from lianfang.domains.cases import events
from lianfang.domains.cases.models import Case, CaseKind
from lianfang.domains.cases.transitions import MOVES
from lianfang.domains.lab_testing.models import Hold, HoldState, Result
from lianfang.domains.registry.selectors import person_for
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit_now

# Codes of releases that follow from facts, in place of a reason in words: texts under ``cases.because``.
WITHDRAWN = ("corrected", "swab_void")
_HOME = ("county_id", "township_id", "community_id", "building_id", "household_id")


class CaseProblemError(ValueError):
    """``code`` is a text key under ``cases.problem``; ``field`` the form field that it belongs to."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field


def open_case(
    *, actor: Actor, person_id: int, kind: str, found_at: datetime, evidence_kind: str, evidence_id: int | None = None
) -> Case:
    """Record that somebody is infected; where a case of theirs is open already, that one is returned unchanged.

    Raises CaseProblemError for an instant in the future, and whatever ``person_for`` raises for a person out of reach.
    """
    actor.authorise(Action.CASES_DECIDE)
    if found_at > timezone.now():
        raise CaseProblemError("found_in_future", "found_at")
    person = person_for(actor, person_id)
    with transaction.atomic():
        case, is_new = Case.objects.get_or_create(
            person_id=person.pk, released_at=None,
            defaults={
                **{name: getattr(person, name) for name in _HOME}, "kind": CaseKind(kind), "found_at": found_at,
                "evidence_kind": evidence_kind, "evidence_id": evidence_id, "made_by": actor.name,
                "recorded_at": timezone.now(),
            },
        )  # fmt: skip
        if is_new:
            record(
                actor=actor,
                action="cases.open",
                target_kind="case",
                target_id=case.pk,
                details={"person_id": person.pk},
            )
            emit_now(events.CASE_OPENED, {"case_id": case.pk, "person_id": person.pk})
    return case


def classify_case(*, actor: Actor, case: Case, kind: str) -> Case:
    """Say what kind of case it is by now; refuses moves that ``transitions.MOVES`` does not name."""
    actor.authorise(Action.CASES_DECIDE)
    with transaction.atomic():
        case = _locked(actor, case.pk)
        if kind not in MOVES[case.kind]:
            raise CaseProblemError("kind_not_possible", "kind")
        before, case.kind = case.kind, kind
        case.save(update_fields=["kind"])
        record(actor=actor, action="cases.classify", target_kind="case", target_id=case.pk,
               details={"before": before, "after": kind})  # fmt: skip
        emit_now(events.CASE_CHANGED, {"case_id": case.pk, "person_id": case.person_id})
    return case


def transfer_case(*, actor: Actor, case: Case, at: datetime) -> Case:
    """Record when the person was taken to hospital or isolation."""
    actor.authorise(Action.CASES_DECIDE)
    with transaction.atomic():
        case = _locked(actor, case.pk)
        if at > timezone.now():
            raise CaseProblemError("transfer_in_future", "at")
        if at < case.found_at:
            raise CaseProblemError("transfer_before_found", "at")
        case.transferred_at = at
        case.save(update_fields=["transferred_at"])
        record(actor=actor, action="cases.transfer", target_kind="case", target_id=case.pk)
        emit_now(events.CASE_CHANGED, {"case_id": case.pk, "person_id": case.person_id})
    return case


def release_case(*, actor: Actor, case: Case, because: str, at: datetime | None = None) -> Case:
    """End a case: recovered, or found not to be infected. The reason is required and stays.

    Raises CaseProblemError for a missing reason, an instant before the case was found or in the future, or a case that
    was released already.
    """
    actor.authorise(Action.CASES_DECIDE)
    now = timezone.now()
    with transaction.atomic():
        case = _locked(actor, case.pk)
        if not because.strip():
            raise CaseProblemError("reason_needed", "because")
        released_at = at or now
        if released_at > now:
            raise CaseProblemError("release_in_future", "at")
        if released_at < case.found_at:
            raise CaseProblemError("release_before_found", "at")
        case.released_at, case.release_recorded_at = released_at, now
        case.released_by, case.released_because = actor.name, because.strip()[:200]
        case.save(update_fields=["released_at", "release_recorded_at", "released_by", "released_because"])
        record(actor=actor, action="cases.release", target_kind="case", target_id=case.pk)
        emit_now(events.CASE_RELEASED, {"case_id": case.pk, "person_id": case.person_id})
    return case


def close_without_evidence(
    *, actor: Actor, person_ids: Collection[int], tube_ids: Collection[int], because: str
) -> list[Case]:
    """End the screening positives that rest on a result of these tubes, which no longer says so; gives back which.

    ``because`` is a code of WITHDRAWN. A case that a doctor or a second laboratory has classified stays, and so does
    one of somebody whom another swab makes a case. What is closed stays among the released and can be reopened.
    """
    actor.authorise(Action.CASES_DECIDE)
    if because not in WITHDRAWN:
        raise CaseProblemError("reason_needed", "because")
    now = timezone.now()
    with transaction.atomic():
        resting = Case.objects.visible_to(actor).select_for_update().filter(
            person_id__in=person_ids, released_at=None, kind=CaseKind.SCREENING_POSITIVE, evidence_kind="result",
            evidence_id__in=Result.objects.filter(tube_id__in=tube_ids).values("pk"),
        )  # fmt: skip
        others = Hold.objects.filter(person_id__in=person_ids, state=HoldState.CASE).exclude(tube_id__in=tube_ids)
        held = set(others.values_list("person_id", flat=True))
        closed = [case for case in resting.order_by("pk") if case.person_id not in held]
        for case in closed:
            case.released_at = case.release_recorded_at = max(now, case.found_at)
            case.released_by, case.released_because = actor.name, because
            case.save(update_fields=["released_at", "release_recorded_at", "released_by", "released_because"])
            record(actor=actor, action="cases.close_without_evidence", target_kind="case", target_id=case.pk,
                   details={"because": because})  # fmt: skip
            emit_now(events.CASE_RELEASED, {"case_id": case.pk, "person_id": case.person_id})
    return closed


def reopen_case(*, actor: Actor, case: Case, because: str) -> Case:
    """Take a release back. The reason is required and stands in the audit; the history keeps the release.

    Raises CaseProblemError without a reason, for a case that is open, or where the person has an open case again.
    """
    actor.authorise(Action.CASES_DECIDE)
    if not because.strip():
        raise CaseProblemError("reopen_reason_needed", "because")
    with transaction.atomic():
        found = Case.objects.visible_to(actor).select_for_update().filter(pk=case.pk).first()
        if found is None:
            raise CaseProblemError("not_there")
        if found.released_at is None:
            raise CaseProblemError("not_released")
        if Case.objects.filter(person_id=found.person_id, released_at=None).exists():
            raise CaseProblemError("open_already")
        found.released_at = found.release_recorded_at = None
        found.released_by = found.released_because = ""
        found.save(update_fields=["released_at", "release_recorded_at", "released_by", "released_because"])
        record(actor=actor, action="cases.reopen", target_kind="case", target_id=found.pk,
               details={"because": because.strip()[:200]})  # fmt: skip
        emit_now(events.CASE_CHANGED, {"case_id": found.pk, "person_id": found.person_id})
    return found


def _locked(actor: Actor, case_id: int) -> Case:
    case = Case.objects.visible_to(actor).select_for_update().filter(pk=case_id).first()
    if case is None:
        raise CaseProblemError("not_there")
    if case.released_at is not None:
        raise CaseProblemError("released_already")
    return case
