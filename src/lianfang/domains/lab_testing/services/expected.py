"""Who is expected in a round: excused, added at the door, called. One function decides the state: ``restate``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from lianfang.domains.lab_testing import events
from lianfang.domains.lab_testing.finding import expected_person, round_for
from lianfang.domains.lab_testing.models import (
    ContactOutcome,
    ContactWay,
    Coverage,
    MissingContact,
    PlannedExemption,
    Round,
    RoundPerson,
    RoundState,
)
from lianfang.domains.lab_testing.reasons import claim_of
from lianfang.domains.lab_testing.refusals import NotFoundError, RefusedError
from lianfang.domains.registry.models import Person
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit
from lianfang.foundation.web.language import t

# "+ 0" keeps the index by round out: where a round is newer than the statistics, the planner would read all its swabs
# once per person.
RESTATE = """
UPDATE lab_testing_round_person person SET state = now.state
FROM (
    SELECT p.id, CASE
        WHEN EXISTS (
            SELECT 1 FROM lab_testing_sample s
            WHERE s.person_id = p.person_id AND s.round_id + 0 = p.round_id AND NOT s.is_void
        ) THEN 'sampled'
        WHEN p.claim <> '' THEN p.claim
        ELSE 'missing'
    END AS state
    FROM lab_testing_round_person p
    WHERE p.round_id = %s AND p.person_id = ANY(%s)
) now
WHERE now.id = person.id AND now.state <> person.state
"""


def lock_expected(round_id: int, person_ids: Collection[int]) -> dict[int, RoundPerson]:
    """The expected among these people, locked, in one order everywhere so that nobody waits in a circle."""
    found = RoundPerson.objects.select_for_update().filter(round_id=round_id, person_id__in=person_ids)
    return {person.person_id: person for person in found.order_by("person_id")}


def restate(round_id: int, person_ids: Collection[int]) -> int:
    """Put the state of these people right from their swabs and claims; gives back how many changed.

    Their rows must be locked before (``lock_expected``): a statement sees what was committed when it began.
    """
    with connection.cursor() as cursor:
        cursor.execute(RESTATE, [round_id, list(person_ids)])
        return int(cursor.rowcount)


@transaction.atomic
def add_exemption(
    *, actor: Actor, round_id: int, person_id: int, reason: str, evidence: str = ""
) -> RoundPerson | PlannedExemption:
    """Excuse a person from the round, before it opens or while it runs.

    The reason decides between exempt and away as in `lianfang reconcile`; raises RefusedError for one that excuses
    nobody. Who is sampled already stays sampled; the claim is kept beside.
    """
    actor.authorise(Action.TESTING_PLAN)
    return _excuse(actor, round_id, person_id, Coverage.EXEMPT, reason, evidence)


@transaction.atomic
def mark_away(
    *, actor: Actor, round_id: int, person_id: int, reason: str, evidence: str
) -> RoundPerson | PlannedExemption:
    """Note that a person is away, with the evidence: a ticket, a call with whom and when. Raises RefusedError
    without."""
    require_excuse(actor)
    if not evidence.strip():
        raise RefusedError("evidence_missing")
    return _excuse(actor, round_id, person_id, Coverage.AWAY, reason, evidence)


def require_excuse(actor: Actor) -> None:
    """Building chiefs know who is away, samplers who did not open; an exemption is decided by the community."""
    if not actor.may(Action.TESTING_PLAN) and not actor.may(Action.TESTING_SAMPLE):
        actor.authorise(Action.REGISTRY_EDIT)


def _excuse(
    actor: Actor, round_id: int, person_id: int, asked: Coverage, reason: str, evidence: str
) -> RoundPerson | PlannedExemption:
    claim = claim_of(reason, asked)
    if claim is Coverage.EXEMPT:
        actor.authorise(Action.TESTING_PLAN)
    round_ = round_for(actor, round_id)
    written = {"claim": claim, "reason": reason.strip()[:200], "evidence": evidence.strip()[:200],
               "recorded_by": actor.name, "recorded_at": timezone.now()}  # fmt: skip
    excused: RoundPerson | PlannedExemption
    if round_.state == RoundState.PLANNED:
        excused = _plan_exemption(actor, round_, person_id, written)
    else:
        _check_not_cancelled(round_)
        excused = expected_person(actor, round_id, person_id, lock=True)
        for column, value in written.items():
            setattr(excused, column, value)
        if excused.state != Coverage.SAMPLED:
            excused.state = claim
        excused.save(update_fields=[*written, "state"])
    record(actor=actor, action=f"testing.person_{claim}", target_kind="person", target_id=person_id,
           details={"round_id": round_id})  # fmt: skip
    emit(events.PERSON_EXCUSED, {"round_id": round_id, "person_id": person_id, "claim": str(claim)})
    return excused


def _plan_exemption(actor: Actor, round_: Round, person_id: int, written: dict[str, object]) -> PlannedExemption:
    person = Person.objects.visible_to(actor).filter(pk=person_id).first()
    if person is None:
        raise NotFoundError("person_unknown")
    scope = {name: getattr(person, name) for name in ("county_id", "township_id", "community_id", "building_id")}
    exemption, _ = PlannedExemption.objects.update_or_create(
        round=round_, person_id=person_id, defaults={**scope, "household_id": person.household_id, **written}
    )
    return exemption


@transaction.atomic
def withdraw_claim(*, actor: Actor, round_id: int, person_id: int, because: str) -> RoundPerson:
    """Take an exemption or absence back: the person is to be sampled again, or stays sampled."""
    actor.authorise(Action.TESTING_PLAN)
    if not because.strip():
        raise RefusedError("reason_missing")
    _check_not_cancelled(round_for(actor, round_id))
    person = expected_person(actor, round_id, person_id, lock=True)
    if not person.claim:
        raise RefusedError("no_claim")
    person.claim, person.evidence, person.reason = "", "", because.strip()[:200]
    person.recorded_by, person.recorded_at = actor.name, timezone.now()
    if person.state != Coverage.SAMPLED:
        person.state = Coverage.MISSING
    person.save(update_fields=["claim", "evidence", "reason", "recorded_by", "recorded_at", "state"])
    record(actor=actor, action="testing.claim_withdrawn", target_kind="person", target_id=person_id,
           details={"round_id": round_id})  # fmt: skip
    emit(events.PERSON_EXCUSED, {"round_id": round_id, "person_id": person_id, "claim": ""})
    return person


@transaction.atomic
def add_person_at_door(*, actor: Actor, round_id: int, person_id: int) -> RoundPerson:
    """Expect somebody who was found at the door and is registered by now; somebody expected already is given back.

    A swab that was taken before counts: the person is sampled at once.
    """
    if not actor.may(Action.TESTING_SAMPLE):
        actor.authorise(Action.REGISTRY_EDIT)
    round_ = round_for(actor, round_id, lock=True)
    if round_.state not in (RoundState.OPEN, RoundState.CLOSED):
        raise RefusedError("round_not_open", name=round_.name, state=t(f"lab_testing.round_state.{round_.state}"))
    person = Person.objects.visible_to(actor).select_related("household").filter(pk=person_id).first()
    if person is None:
        raise NotFoundError("person_unknown")
    household = person.household
    expected, is_new = RoundPerson.objects.get_or_create(
        round=round_, person_id=person.pk,
        defaults={
            "county_id": person.county_id, "township_id": person.township_id, "community_id": person.community_id,
            "building_id": person.building_id, "household_id": person.household_id,
            "unit_id": None if household is None else household.unit_id,
            "walking_key": person.sort_key, "is_added_at_door": True,
            "recorded_by": actor.name, "recorded_at": timezone.now(),
        },
    )  # fmt: skip
    if is_new:
        lock_expected(round_.pk, [person.pk])
        restate(round_.pk, [person.pk])
        expected.refresh_from_db()
        record(actor=actor, action="testing.person_added_at_door", target_kind="person", target_id=person.pk,
               details={"round_id": round_.pk})  # fmt: skip
    return expected


@dataclass(frozen=True, slots=True)
class Try:
    """One try to reach somebody: how, what came of it, what was said."""

    way: ContactWay
    outcome: ContactOutcome
    note: str = ""
    at: datetime | None = None


@transaction.atomic
def note_contact(*, actor: Actor, round_id: int, person_id: int, given: Try) -> RoundPerson:
    """Keep what came of a call or a knock. "Away" excuses with this call as evidence; "exempt" only where the actor may
    exempt and a reason is noted: else the person stays on the list, with what was said."""
    require_excuse(actor)
    _check_not_cancelled(round_for(actor, round_id))
    person = expected_person(actor, round_id, person_id, lock=True)
    at, note = given.at or timezone.now(), given.note.strip()[:200]
    MissingContact.objects.create(
        county_id=person.county_id, township_id=person.township_id, community_id=person.community_id,
        building_id=person.building_id, round_id=round_id, person_id=person_id, at=at, by=actor.name,
        way=given.way, outcome=given.outcome, note=note,
    )  # fmt: skip
    person.contact_outcome, person.contacted_at, person.contacted_by = given.outcome, at, actor.name
    person.save(update_fields=["contact_outcome", "contacted_at", "contacted_by"])
    told = t("lab_testing.evidence.contact", way=t(f"lab_testing.way.{given.way}"), by=actor.name,
             at=timezone.localtime(at).strftime("%m-%d %H:%M"))  # fmt: skip
    if given.outcome == ContactOutcome.AWAY:
        mark_away(actor=actor, round_id=round_id, person_id=person_id, reason=note or t("lab_testing.reason.away"),
                  evidence=told)  # fmt: skip
    elif given.outcome == ContactOutcome.EXEMPT and note and actor.may(Action.TESTING_PLAN):
        add_exemption(actor=actor, round_id=round_id, person_id=person_id, reason=note, evidence=told)
    person.refresh_from_db()
    return person


def _check_not_cancelled(round_: Round) -> None:
    if round_.state == RoundState.CANCELLED:
        raise RefusedError("round_cancelled", name=round_.name)
