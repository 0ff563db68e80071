"""Swabs: one person in one tube. What was scanned has happened: what is unusual is kept with a warning, not refused."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from lianfang.domains.lab_testing import events, roster
from lianfang.domains.lab_testing.finding import tube_for
from lianfang.domains.lab_testing.models import (
    Coverage,
    Round,
    RoundPerson,
    RoundState,
    Sample,
    SampleWarning,
    Tube,
    TubeState,
)
from lianfang.domains.lab_testing.refusals import ConfirmationNeededError, NotFoundError, RefusedError
from lianfang.domains.lab_testing.services.expected import lock_expected, restate
from lianfang.domains.lab_testing.services.tubes import check_was_open, standing
from lianfang.domains.registry.models import Person
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit
from lianfang.foundation.privacy.numbers import blind_index, seal
from lianfang.foundation.web.language import t

# The same as RoundSettings.clock_tolerance of the engine.
CLOCK_TOLERANCE = timedelta(minutes=15)
W = SampleWarning


@dataclass(frozen=True, slots=True)
class Who:
    """Whose swab: somebody registered, or a stranger by name. ``has_shown_document`` also reaches people of the
    township whose home the actor does not see: they stand at the desk with their card."""

    person_id: int | None = None
    name: str = ""
    id_number: str = ""
    phone: str = ""
    has_shown_document: bool = False


@dataclass(frozen=True, slots=True)
class Swab:
    """When and by whom; ``client_id`` makes a repeated upload one swab, ``confirmed`` are warnings that were asked
    about. ``time_is_doubtful``: the clock that says when could not be believed."""

    sampled_at: datetime | None = None
    sampler: str = ""
    client_id: uuid.UUID | None = None
    confirmed: frozenset[str] = field(default_factory=frozenset)
    time_is_doubtful: bool = False


@dataclass(slots=True)
class Filled:
    """What is in a tube before the next swab goes in."""

    bound: int = 0
    position: int = 0
    households: set[int | None] = field(default_factory=set)

    def take(self, sample: Sample) -> None:
        self.bound += 1
        self.position = max(self.position, sample.position or 0)
        self.households.add(sample.household_id)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The swab as it is kept. ``is_repeat``: it was there already, and nothing was changed."""

    sample: Sample
    is_repeat: bool
    bound: int
    capacity: int

    @property
    def warnings(self) -> list[str]:
        return list(self.sample.warnings)


@transaction.atomic
def record_sample(*, actor: Actor, tube_id: int, who: Who, swab: Swab | None = None) -> Recorded:
    """Put somebody's swab into a tube and, in the same transaction, the person from missing to sampled.

    Raises RefusedError where the tube takes no swabs any more or the round is over, ConfirmationNeededError
    ``over_full`` where the tube is full, NotFoundError for a person who is not in the actor's places.
    """
    actor.authorise(Action.TESTING_SAMPLE)
    swab = swab or Swab()
    tube = tube_for(actor, tube_id, lock=True)
    repeated = _same_upload(tube, swab)
    if repeated is not None:
        return _recorded(repeated, tube, is_repeat=True)
    sampled_at = swab.sampled_at or timezone.now()
    round_ = None if tube.round_id is None else Round.objects.get(pk=tube.round_id)
    filled = filled_so_far(tube)
    check_takes_swabs(tube, round_, sampled_at, filled.bound)
    person = _person(actor, who, round_)
    repeated = _already_in(tube, person, who)
    if repeated is not None:
        return _recorded(repeated, tube, is_repeat=True)
    # Somebody of another community: their home's row is the system's to change, not the actor's.
    is_foreign = person is not None and not roster.is_in_scope(actor, person)
    with _as_system(is_foreign):
        sample = _bind(actor, tube, round_, person, who, swab, filled)
    payload = {"sample_id": sample.pk, "tube_id": tube.pk, "round_id": tube.round_id, "person_id": sample.person_id}
    record(actor=actor, action="testing.sample_recorded", target_kind="sample", target_id=sample.pk,
           details={"warnings": sample.warnings} if sample.warnings else None)  # fmt: skip
    emit(events.SAMPLE_RECORDED, payload)
    return _recorded(sample, tube, is_repeat=False)


def _as_system(is_needed: bool) -> AbstractContextManager[Any]:
    return acting_as(system_actor("sampling")) if is_needed else nullcontext()


def _recorded(sample: Sample, tube: Tube, *, is_repeat: bool) -> Recorded:
    return Recorded(sample, is_repeat, standing(tube).count(), tube.capacity)


def _same_upload(tube: Tube, swab: Swab) -> Sample | None:
    if swab.client_id is None:
        return None
    sample = Sample.objects.filter(client_id=swab.client_id).first()
    if sample is not None and sample.tube_id != tube.pk:
        raise RefusedError("client_id_used", code=sample.tube.code)
    return sample


def check_takes_swabs(tube: Tube, round_: Round | None, sampled_at: datetime, bound: int) -> None:
    """Raise RefusedError where the tube takes no swab of that moment any more."""
    if tube.state == TubeState.VOID:
        raise RefusedError("tube_is_void", code=tube.code, reason=tube.void_reason)
    if tube.state != TubeState.OPEN and not _awaits_swabs(tube, sampled_at, bound):
        raise RefusedError("tube_not_open", code=tube.code, state=t(f"lab_testing.tube_state.{tube.state}"))
    if round_ is not None:
        check_was_open(round_, sampled_at)


def _awaits_swabs(tube: Tube, sampled_at: datetime, bound: int) -> bool:
    """Whether a swab taken then is one of those that were counted at sealing and are not told of yet: another device
    filled the tube too, and its network comes back later."""
    closed_at = tube.sealed_at or tube.handed_over_at or tube.received_at
    if closed_at is None or sampled_at > closed_at + CLOCK_TOLERANCE:
        return False
    return tube.counted is None or bound < tube.counted


def filled_so_far(tube: Tube) -> Filled:
    filled = Filled()
    for sample in standing(tube).only("position", "household_id"):
        filled.take(sample)
    return filled


def _person(actor: Actor, who: Who, round_: Round | None) -> Person | None:
    if who.person_id is None:
        if not who.name.strip():
            raise RefusedError("name_missing")
        return None
    person = Person.objects.visible_to(actor).filter(pk=who.person_id).first()
    if person is None and who.has_shown_document and round_ is not None:
        with acting_as(system_actor("sampling")):
            person = Person.objects.filter(pk=who.person_id, township_id=round_.township_id).first()
    if person is None:
        raise NotFoundError("person_unknown")
    return person


def _already_in(tube: Tube, person: Person | None, who: Who) -> Sample | None:
    if person is not None:
        found: Sample | None = standing(tube).filter(person_id=person.pk).first()
        return found
    index = blind_index("id", who.id_number)
    return None if index is None else standing(tube).filter(person_id=None, id_index=index).first()


def _bind(
    actor: Actor, tube: Tube, round_: Round | None, person: Person | None, who: Who, swab: Swab, filled: Filled
) -> Sample:
    expected = None
    if round_ is not None and person is not None:
        expected = lock_expected(round_.pk, [person.pk]).get(person.pk)
    other = person is not None and round_ is not None and _has_other_swab(round_, tube, person)
    sample = new_sample(actor, tube, round_, person, who, swab, filled, expected, has_other_swab=other)
    if person is None:
        sample.id_sealed, sample.id_index = seal(who.id_number), blind_index("id", who.id_number)
        sample.phone_sealed = seal(who.phone)
    try:
        with transaction.atomic():
            sample.save(force_insert=True)
    except IntegrityError as error:
        # The same upload twice at one moment, by way of two tubes.
        raise RefusedError("client_id_used", code=tube.code) from error
    if expected is not None and round_ is not None:
        restate(round_.pk, [expected.person_id])
    return sample


def new_sample(
    actor: Actor, tube: Tube, round_: Round | None, person: Person | None, who: Who, swab: Swab, filled: Filled,
    expected: RoundPerson | None, *, has_other_swab: bool,
) -> Sample:  # fmt: skip
    """The row of a swab with everything that is unusual about it, not saved. Raises ConfirmationNeededError where the
    tube is full."""
    now = timezone.now()
    sampled_at = swab.sampled_at or now
    warnings = _time_warnings(tube, round_, swab, sampled_at, now)
    warnings += _person_warnings(tube, round_, person, expected, has_other_swab)
    warnings += _tube_warnings(tube, person, filled, swab.confirmed)
    home = person if person is not None else tube
    return Sample(
        county_id=home.county_id,
        township_id=home.township_id,
        community_id=home.community_id,
        building_id=home.building_id,
        tube=tube,
        round_id=tube.round_id,
        person_id=None if person is None else person.pk,
        household_id=None if person is None else person.household_id,
        tube_community_id=tube.community_id,
        name=person.name if person is not None else who.name.strip()[:80],
        position=filled.position + 1,
        sampled_at=sampled_at,
        received_at=now,
        sampler=swab.sampler.strip()[:80] or actor.name,
        recorded_by=actor.name,
        client_id=swab.client_id,
        warnings=[str(warning) for warning in warnings],
    )


def _time_warnings(
    tube: Tube, round_: Round | None, swab: Swab, sampled_at: datetime, now: datetime
) -> list[SampleWarning]:
    found = [W.AFTER_SEALING] if tube.state != TubeState.OPEN else []
    if sampled_at > now + CLOCK_TOLERANCE:
        return [*found, W.FUTURE_CLOCK]
    if swab.time_is_doubtful:
        found.append(W.CLOCK_DOUBTFUL)
    if round_ is not None and not round_.starts_at <= sampled_at < round_.ends_at:
        found.append(W.OUTSIDE_HOURS)
    if round_ is not None and round_.state == RoundState.CLOSED:
        found.append(W.LATE_UPLOAD)
    return found


def _person_warnings(
    tube: Tube, round_: Round | None, person: Person | None, expected: RoundPerson | None, has_other_swab: bool
) -> list[SampleWarning]:
    found = []
    if round_ is not None and expected is None:
        found.append(W.NOT_ON_ROSTER)
    if expected is not None and expected.claim == Coverage.EXEMPT:
        found.append(W.EXEMPT_BUT_SAMPLED)
    if expected is not None and expected.claim == Coverage.AWAY:
        found.append(W.AWAY_BUT_SAMPLED)
    if person is None:
        return found
    # The single swab after a positive pool is a second one on purpose.
    if tube.retest_of_id is None and has_other_swab:
        found.append(W.TWICE_SAMPLED)
    if tube.building_id is not None and person.building_id != tube.building_id:
        found.append(W.WRONG_BUILDING)
    return found


def _has_other_swab(round_: Round, tube: Tube, person: Person) -> bool:
    others = Sample.objects.filter(person_id=person.pk, round_id=round_.pk, is_void=False)
    return bool(others.exclude(tube=tube).exclude(tube__retest_of__isnull=False).exists())


def _tube_warnings(
    tube: Tube, person: Person | None, filled: Filled, confirmed: Collection[str]
) -> list[SampleWarning]:
    if tube.is_household:
        household = None if person is None else person.household_id
        return [W.MIXED_HOUSEHOLDS] if filled.households - {household} else []
    if filled.bound < tube.capacity:
        return []
    if W.OVER_FULL not in confirmed:
        raise ConfirmationNeededError("over_full", code=tube.code, capacity=tube.capacity, bound=filled.bound)
    return [W.OVER_FULL]


@dataclass(frozen=True, slots=True)
class HouseholdRecorded:
    """Who of a household was taken into its tube, and who was not because exempt, away or sampled already."""

    recorded: tuple[Recorded, ...]
    left_out: tuple[RoundPerson, ...]


@transaction.atomic
def record_household(*, actor: Actor, tube_id: int, household_id: int, swab: Swab | None = None) -> HouseholdRecorded:
    """Take everybody of a household who is still to be sampled into one tube (一户一管).

    Raises RefusedError where the tube is not a household's, or nobody of the household is still to be sampled.
    """
    actor.authorise(Action.TESTING_SAMPLE)
    swab = swab or Swab()
    tube = tube_for(actor, tube_id, lock=True)
    if not tube.is_household or tube.round_id is None:
        raise RefusedError("not_a_household_tube", code=tube.code)
    members = list(
        RoundPerson.objects.visible_to(actor).select_for_update()
        .filter(round_id=tube.round_id, household_id=household_id).order_by("person_id")
    )  # fmt: skip
    if not members:
        raise NotFoundError("household_not_expected")
    due = [member for member in members if member.state == Coverage.MISSING]
    if not due:
        raise RefusedError("household_done")
    recorded = []
    for member in due:
        mark = None if swab.client_id is None else uuid.uuid5(swab.client_id, str(member.person_id))
        one = Swab(swab.sampled_at, swab.sampler, mark, swab.confirmed)
        recorded.append(record_sample(actor=actor, tube_id=tube_id, who=Who(member.person_id), swab=one))
    return HouseholdRecorded(tuple(recorded), tuple(member for member in members if member.state != Coverage.MISSING))


@transaction.atomic
def void_sample(*, actor: Actor, sample_id: int, reason: str) -> Sample:
    """Take a swab back that was booked by mistake; it stays, void. The person is where they stood without it."""
    actor.authorise(Action.TESTING_SAMPLE)
    if not reason.strip():
        raise RefusedError("reason_missing")
    sample = Sample.objects.visible_to(actor).filter(pk=sample_id).first()
    if sample is None:
        raise NotFoundError("sample_unknown")
    tube = tube_for(actor, sample.tube_id, lock=True)
    sample.refresh_from_db()
    if sample.is_void:
        raise RefusedError("sample_is_void", name=sample.name)
    if tube.state != TubeState.OPEN:
        raise RefusedError("tube_not_open_for_change", code=tube.code, state=t(f"lab_testing.tube_state.{tube.state}"))
    with _as_system(not roster.is_in_scope(actor, sample)):
        _void(sample, reason, actor.name)
    payload = {"sample_id": sample.pk, "tube_id": tube.pk, "round_id": sample.round_id, "person_id": sample.person_id}
    record(actor=actor, action="testing.sample_voided", target_kind="sample", target_id=sample.pk)
    emit(events.SAMPLE_VOIDED, payload)
    return sample


def _void(sample: Sample, reason: str, by: str) -> None:
    round_id, person_id = sample.round_id, sample.person_id
    if round_id is not None and person_id is not None:
        lock_expected(round_id, [person_id])
    sample.is_void, sample.void_reason = True, reason.strip()[:200]
    sample.voided_at, sample.voided_by = timezone.now(), by
    sample.save(update_fields=["is_void", "void_reason", "voided_at", "voided_by"])
    if round_id is not None and person_id is not None:
        restate(round_id, [person_id])


@transaction.atomic
def undo_last_sample(*, actor: Actor, tube_id: int) -> Sample:
    """Take back the swab that this actor put into the tube last."""
    actor.authorise(Action.TESTING_SAMPLE)
    tube = tube_for(actor, tube_id, lock=True)
    last = standing(tube).filter(recorded_by=actor.name).order_by("received_at", "id").last()
    if last is None:
        raise RefusedError("nothing_to_undo", code=tube.code)
    return void_sample(actor=actor, sample_id=last.pk, reason=t("lab_testing.reason.undone"))


@transaction.atomic
def move_samples(
    *, actor: Actor, from_tube_id: int, to_tube_id: int, reason: str, sample_ids: Sequence[int] | None = None,
    confirmed: Collection[str] = (),
) -> list[Sample]:  # fmt: skip
    """Tube transfer (换管): book swabs on another open tube. The old rows stay, void; the new ones name them.

    All standing swabs without ``sample_ids``. Raises RefusedError where one of the tubes is not open, they are not
    of one round, or somebody is in the other tube already; ConfirmationNeededError ``over_full`` where it would
    not hold them.
    """
    actor.authorise(Action.TESTING_SAMPLE)
    if not reason.strip():
        raise RefusedError("reason_missing")
    if from_tube_id == to_tube_id:
        raise RefusedError("same_tube")
    locked = {pk: tube_for(actor, pk, lock=True) for pk in sorted((from_tube_id, to_tube_id))}
    source, target = locked[from_tube_id], locked[to_tube_id]
    _check_transfer(source, target)
    moving = list(standing(source) if sample_ids is None else standing(source).filter(pk__in=sample_ids))
    if not moving or (sample_ids is not None and len(moving) != len(set(sample_ids))):
        raise RefusedError("nothing_to_move", code=source.code)
    there = set(standing(target).exclude(person_id=None).values_list("person_id", flat=True))
    twice = [sample.name for sample in moving if sample.person_id in there]
    if twice:
        raise RefusedError("already_in_target", code=target.code, names=twice)
    bound = standing(target).count()
    is_over = not target.is_household and bound + len(moving) > target.capacity
    if is_over and W.OVER_FULL not in confirmed:
        raise ConfirmationNeededError(
            "over_full_move", code=target.code, capacity=target.capacity, bound=bound + len(moving)
        )
    with acting_as(system_actor("transfer")):
        moved = _rebook(actor, moving, target, reason, is_over)
    record(actor=actor, action="testing.samples_moved", target_kind="tube", target_id=target.pk,
           details={"from_tube_id": source.pk, "samples": len(moved)})  # fmt: skip
    for sample in moved:
        emit(
            events.SAMPLE_RECORDED,
            {
                "sample_id": sample.pk,
                "tube_id": target.pk,
                "round_id": sample.round_id,
                "person_id": sample.person_id,
                "moved_from_id": sample.moved_from_id,
            },
        )
    return moved


def _check_transfer(source: Tube, target: Tube) -> None:
    for tube in (source, target):
        if tube.state != TubeState.OPEN:
            raise RefusedError(
                "tube_not_open_for_change", code=tube.code, state=t(f"lab_testing.tube_state.{tube.state}")
            )
    if source.round_id != target.round_id:
        raise RefusedError("tube_of_other_round", code=target.code, name=target.round.name if target.round else "–")


def _rebook(actor: Actor, moving: Sequence[Sample], target: Tube, reason: str, is_over: bool) -> list[Sample]:
    """Void each swab and book it anew, in one order of people; who is sampled stays sampled throughout."""
    if target.round_id is not None:
        lock_expected(target.round_id, [sample.person_id for sample in moving if sample.person_id is not None])
    position = standing(target).values_list("position", flat=True).last() or 0
    now, moved = timezone.now(), []
    for offset, sample in enumerate(moving, 1):
        old_id = sample.pk
        Sample.objects.filter(pk=old_id).update(
            is_void=True, void_reason=t("lab_testing.reason.moved", code=target.code, reason=reason.strip())[:200],
            voided_at=now, voided_by=actor.name,
        )  # fmt: skip
        sample.pk, sample.client_id, sample.moved_from_id = None, None, old_id
        sample.tube, sample.tube_community_id, sample.position = target, target.community_id, position + offset
        kept = [
            warning for warning in sample.warnings if warning not in (W.OVER_FULL, W.WRONG_BUILDING, W.MIXED_HOUSEHOLDS)
        ]
        if target.building_id is not None and sample.person_id is not None and sample.building_id != target.building_id:
            kept.append(str(W.WRONG_BUILDING))
        sample.warnings = [*kept, str(W.OVER_FULL)] if is_over and position + offset > target.capacity else kept
        sample._state.adding = True
        sample.save(force_insert=True)
        moved.append(sample)
    return moved
