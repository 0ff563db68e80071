"""Many swabs at once, as a device brings them after a night without a network: the same judgement as ``record_sample``,
with a handful of questions to the database for all of them instead of twenty for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from lianfang.domains.lab_testing import events
from lianfang.domains.lab_testing.models import Hold, Result, Round, RoundPerson, Sample, Tube
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.services.expected import lock_expected, restate
from lianfang.domains.lab_testing.services.swabs import (
    Filled,
    Recorded,
    Swab,
    Who,
    check_takes_swabs,
    new_sample,
    record_sample,
)
from lianfang.domains.registry.models import Person
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.audit.models import Entry
from lianfang.foundation.outbox.models import Event
from lianfang.foundation.outbox.services import emit


@dataclass(frozen=True, slots=True)
class Booking:
    """One swab to be recorded, of somebody registered, with the id under which the device keeps it."""

    tube_id: int
    who: Who
    swab: Swab


@dataclass(slots=True)
class _Facts:
    """Everything that the judgement of a batch asks, read before the first swab is judged."""

    tubes: dict[int, Tube] = field(default_factory=dict)
    rounds: dict[int, Round] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)
    expected: dict[tuple[int, int], RoundPerson] = field(default_factory=dict)
    filled: dict[int, Filled] = field(default_factory=dict)
    inside: dict[int, dict[int, Sample]] = field(default_factory=dict)
    tubes_of: dict[tuple[int, int], set[int]] = field(default_factory=dict)
    known: dict[UUID, Sample] = field(default_factory=dict)


@transaction.atomic
def record_samples(*, actor: Actor, bookings: Sequence[Booking]) -> list[Recorded | RefusedError]:
    """Record each swab as ``record_sample`` would, one after the other; one answer per swab, in their order.

    A swab that is refused keeps nobody from the rest. Raises IntegrityError where the same upload is being recorded by
    somebody else at this moment: then nothing is recorded.
    """
    actor.authorise(Action.TESTING_SAMPLE)
    facts = _read(actor, bookings)
    answers: list[Recorded | RefusedError] = []
    fresh: list[Sample] = []
    for booking in bookings:
        if booking.tube_id in facts.tubes and booking.who.person_id not in facts.people:
            # Somebody of another place, or nobody: rare, and judged with the system's eyes.
            _write(actor, fresh, facts)
            fresh = []
            answers.append(_one(actor, booking, facts))
            continue
        answer = _judged(actor, booking, facts)
        if isinstance(answer, Recorded) and not answer.is_repeat:
            fresh.append(answer.sample)
        answers.append(answer)
    _write(actor, fresh, facts)
    return answers


def _one(actor: Actor, booking: Booking, facts: _Facts) -> Recorded | RefusedError:
    try:
        with transaction.atomic():
            recorded = record_sample(actor=actor, tube_id=booking.tube_id, who=booking.who, swab=booking.swab)
    except RefusedError as error:
        return error
    if not recorded.is_repeat:
        _remember(facts, recorded.sample)
    return recorded


def _judged(actor: Actor, booking: Booking, facts: _Facts) -> Recorded | RefusedError:
    tube = facts.tubes.get(booking.tube_id)
    if tube is None:
        return RefusedError("tube_unknown")
    swab, person_id = booking.swab, booking.who.person_id
    person = facts.people[person_id or 0]
    filled = facts.filled[tube.pk]
    known = None if swab.client_id is None else facts.known.get(swab.client_id)
    if known is not None and known.tube_id != tube.pk:
        return RefusedError("client_id_used", code=known.tube.code)
    if known is not None:
        return Recorded(known, True, filled.bound, tube.capacity)
    round_ = None if tube.round_id is None else facts.rounds[tube.round_id]
    try:
        check_takes_swabs(tube, round_, swab.sampled_at or timezone.now(), filled.bound)
        repeated = facts.inside[tube.pk].get(person.pk)
        if repeated is not None:
            return Recorded(repeated, True, filled.bound, tube.capacity)
        key = (tube.round_id or 0, person.pk)
        other = bool(round_ is not None and facts.tubes_of.get(key, set()) - {tube.pk})
        sample = new_sample(
            actor, tube, round_, person, booking.who, swab, filled, facts.expected.get(key), has_other_swab=other
        )
    except RefusedError as error:
        return error
    _remember(facts, sample)
    return Recorded(sample, False, filled.bound, tube.capacity)


def _remember(facts: _Facts, sample: Sample) -> None:
    facts.filled[sample.tube_id].take(sample)
    if sample.client_id is not None:
        facts.known[sample.client_id] = sample
    if sample.person_id is None:
        return
    facts.inside[sample.tube_id][sample.person_id] = sample
    if facts.tubes[sample.tube_id].retest_of_id is None:
        facts.tubes_of.setdefault((sample.round_id or 0, sample.person_id), set()).add(sample.tube_id)


def _read(actor: Actor, bookings: Sequence[Booking]) -> _Facts:
    """Locks tubes, then the expected, in the one order of the domain; reads what stands in them and elsewhere."""
    facts = _Facts()
    tube_ids = sorted({one.tube_id for one in bookings})
    person_ids = {one.who.person_id for one in bookings if one.who.person_id is not None}
    locked = Tube.objects.visible_to(actor).select_for_update(of=("self",)).filter(pk__in=tube_ids)
    facts.tubes = {tube.pk: tube for tube in locked.order_by("pk")}
    facts.rounds = Round.objects.in_bulk({tube.round_id for tube in facts.tubes.values() if tube.round_id})
    facts.people = {one.pk: one for one in Person.objects.visible_to(actor).filter(pk__in=person_ids)}
    by_round: dict[int, set[int]] = {}
    for one in bookings:
        tube = facts.tubes.get(one.tube_id)
        if tube is not None and tube.round_id is not None and one.who.person_id in facts.people:
            by_round.setdefault(tube.round_id, set()).add(int(one.who.person_id or 0))
    for round_id in sorted(by_round):
        for person_id, expected in lock_expected(round_id, by_round[round_id]).items():
            facts.expected[round_id, person_id] = expected
    _read_swabs(facts, bookings, by_round)
    return facts


def _read_swabs(facts: _Facts, bookings: Sequence[Booking], by_round: dict[int, set[int]]) -> None:
    facts.filled = {pk: Filled() for pk in facts.tubes}
    facts.inside = {pk: {} for pk in facts.tubes}
    for sample in Sample.objects.filter(tube_id__in=facts.tubes, is_void=False):
        facts.filled[sample.tube_id].take(sample)
        if sample.person_id is not None:
            facts.inside[sample.tube_id][sample.person_id] = sample
    for round_id, people in by_round.items():
        # "+ 0" as in RESTATE: where a round is newer than the statistics, the index by round would be read whole.
        swabs = Sample.objects.extra(where=["lab_testing_sample.round_id + 0 = %s"], params=[round_id]).filter(
            person_id__in=people, is_void=False, tube__retest_of=None
        )
        for person_id, tube_id in swabs.values_list("person_id", "tube_id"):
            facts.tubes_of.setdefault((round_id, int(person_id or 0)), set()).add(tube_id)
    ids = {one.swab.client_id for one in bookings if one.swab.client_id is not None}
    for sample in Sample.objects.filter(client_id__in=ids).select_related("tube"):
        if sample.client_id is not None:
            facts.known[sample.client_id] = sample


def _write(actor: Actor, samples: Sequence[Sample], facts: _Facts) -> None:
    if not samples:
        return
    Sample.objects.bulk_create(samples, batch_size=1_000)
    by_round: dict[int, set[int]] = {}
    for sample in samples:
        if sample.round_id is not None and (sample.round_id, sample.person_id or 0) in facts.expected:
            by_round.setdefault(sample.round_id, set()).add(sample.person_id or 0)
    for round_id in sorted(by_round):
        restate(round_id, by_round[round_id])
    Entry.objects.bulk_create(
        (
            Entry(
                account_id=actor.account_id, actor_name=actor.name, role=str(actor.role), place_label=actor.place_label,
                action="testing.sample_recorded", target_kind="sample", target_id=str(sample.pk),
                purpose=actor.purpose, request_id=actor.request_id,
                details={"warnings": sample.warnings} if sample.warnings else {},
            )
            for sample in samples
        ),
        batch_size=1_000,
    )  # fmt: skip
    _tell(samples, facts)


def _tell(samples: Sequence[Sample], facts: _Facts) -> None:
    """One event for all whose tube is more or less of a pool by it; one each where a result or a hold may change."""
    mates: dict[int | None, set[int]] = {}
    for tube_id in {sample.tube_id for sample in samples}:
        mates.setdefault(facts.tubes[tube_id].round_id, set()).update(facts.inside[tube_id])
    for round_id, people in mates.items():
        emit(
            events.SAMPLES_LOADED,
            {"round_id": round_id, "person_ids": sorted(people), "caused_by_ids": []},
        )
    Event.objects.bulk_create(
        Event(
            name=events.SAMPLE_RECORDED,
            payload={"sample_id": one.pk, "tube_id": one.tube_id, "round_id": one.round_id, "person_id": one.person_id},
        )
        for one in _that_settle_something(samples, facts)
    )


def _that_settle_something(samples: Sequence[Sample], facts: _Facts) -> Iterable[Sample]:
    """The swabs for which results/handlers.py has something to settle: the same four questions, for all at once."""
    tubes = {sample.tube_id for sample in samples}
    people = {sample.person_id for sample in samples if sample.person_id is not None}
    concerned = set(Result.objects.filter(tube_id__in=tubes).values_list("tube_id", flat=True))
    concerned |= set(Hold.objects.filter(tube_id__in=tubes).values_list("tube_id", flat=True))
    codes = {facts.tubes[pk].code: pk for pk in tubes}
    orphans = Result.objects.filter(state="orphan", tube_code__in=codes, township_id__in=_townships(facts, tubes))
    concerned |= {codes[code] for code in orphans.values_list("tube_code", flat=True)}
    held = set(Hold.objects.filter(person_id__in=people).values_list("person_id", flat=True))
    held |= set(Result.objects.filter(Q(tube_code=""), person_id__in=people).values_list("person_id", flat=True))
    return [one for one in samples if one.tube_id in concerned or one.person_id in held]


def _townships(facts: _Facts, tubes: Collection[int]) -> set[int]:
    return {facts.tubes[pk].township_id for pk in tubes}
