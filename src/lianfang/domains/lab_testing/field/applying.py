"""What sampling devices record, done over the services that the desk uses.

What was scanned has happened: what is unusual is kept with a warning. Only what contradicts what stands (a void tube,
another round, somebody who moved out) is refused, and waits for a person at the desk with everything the device said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from uuid import UUID

from django.db import transaction

from lianfang.domains.lab_testing import codes, roster
from lianfang.domains.lab_testing.field.reading import (
    FIELD,
    Applier,
    as_refused,
    code_of,
    known_tubes,
    number_needed,
    number_of,
    people_of,
    person_of,
    refuse,
    refusing,
    round_of,
    samples_of,
    text_of,
    tube_of,
)
from lianfang.domains.lab_testing.models import ContactOutcome, ContactWay, SampleWarning, Team, Tube, TubeState
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.services import (
    Booking,
    Opening,
    Recorded,
    Swab,
    Try,
    Who,
    add_person_at_door,
    move_samples,
    note_contact,
    open_tube,
    record_sample,
    record_samples,
    reopen_tube,
    seal_tube,
    void_sample,
    void_tube,
)
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.services import Door, Found, add_at_door
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.devices.kinds import Applied, Item, ItemRefusedError, applies, applies_many
from lianfang.foundation.web.language import t

# Whoever showed a code or a card stands there, wherever in the township they live.
SHOWN = frozenset({"code", "household_code", "identity"})
WARNING = "lab_testing.warning"


@applies("tube.opened", action=Action.TESTING_SAMPLE)
@refusing
def apply_tube_opened(*, actor: Actor, item: Item) -> Applied:
    """A label is taken into use; the same label by a second device is the same tube."""
    body, warnings = item.body, list[str]()
    round_, code = round_of(body, actor), code_of(body, "code")
    team_id = number_of(body, "team")
    team = None if team_id is None else Team.objects.filter(pk=team_id, round=round_).first()
    given = Opening(
        capacity=number_of(body, "capacity"), is_household=bool(body.get("is_household")),
        place_id=number_of(body, "building"), team_id=None if team is None else team.pk,
        box_code=text_of(body, "box", most=30), opened_at=item.happened_at,
    )  # fmt: skip
    tube = open_tube(actor=actor, round_id=round_.pk, code=code, given=given)
    if tube.state == TubeState.VOID:
        raise RefusedError("tube_is_void", code=tube.code, reason=tube.void_reason)
    if tube.kit_id is None:
        warnings.append(f"{FIELD}.label_unknown")
    _complete(actor, tube, given, warnings)
    return Applied(tuple(warnings), {"tube": tube.pk, "code": tube.code})


def _complete(actor: Actor, tube: Tube, given: Opening, warnings: list[str]) -> None:
    """A tube that another device's swab opened knows neither its team nor its building, and guessed its size."""
    changed: list[str] = []
    if tube.team_id is None and given.team_id is not None:
        tube.team_id, changed = given.team_id, [*changed, "team"]
    if tube.building_id is None and given.place_id is not None:
        place = roster.place_in_scope(actor, given.place_id)
        if place.building_id is not None and place.community_id == tube.community_id:
            tube.building_id, changed = place.building_id, [*changed, "building_id"]
    size = (given.capacity or tube.capacity, bool(given.is_household))
    if tube.kit_id is None and size != (tube.capacity, tube.is_household):
        warnings.append(f"{FIELD}.capacity_differs")
        tube.capacity, tube.is_household = size
        changed += ["capacity", "is_household"]
    if changed:
        tube.save(update_fields=changed)


@applies("sample.taken", action=Action.TESTING_SAMPLE)
@refusing
def apply_sample_taken(*, actor: Actor, item: Item) -> Applied:
    """One swab, at the device's time, under the item's id: the same item again is the same swab."""
    warnings = list[str]()
    booking = _booking(actor, item, person_of(item.body), warnings)
    recorded = record_sample(actor=actor, tube_id=booking.tube_id, who=booking.who, swab=booking.swab)
    return _told(recorded, warnings)


def _taken(actor: Actor, items: Sequence[Item]) -> list[Applied | ItemRefusedError]:
    if not items:
        return []
    made = people_of([item.body for item in items])
    answers: list[Applied | ItemRefusedError | None] = [None] * len(items)
    warned: list[list[str]] = [[] for _ in items]
    bookings: dict[int, Booking] = {}
    tubes = known_tubes(actor, items)
    gone = _gone(actor, items, made)
    for at, item in enumerate(items):
        try:
            person_id = number_of(item.body, "person") or made.get(str(item.body.get("client")))
            if person_id is None:
                refuse("person_not_made")
            bookings[at] = _booking(actor, item, person_id, warned[at], tubes, gone)
        except ItemRefusedError as error:
            answers[at] = error
        except RefusedError as error:
            answers[at] = as_refused(error)
    recorded = record_samples(actor=actor, bookings=list(bookings.values()))
    for at, one in zip(bookings, recorded, strict=True):
        answers[at] = as_refused(one) if isinstance(one, RefusedError) else _told(one, warned[at])
    return [answer for answer in answers if answer is not None]


def _gone(actor: Actor, items: Sequence[Item], made: Mapping[str, int]) -> dict[int, str]:
    """Who of the people of these items does not live here any more."""
    ids = {number_of(item.body, "person") or 0 for item in items} | set(made.values())
    people = Person.objects.visible_to(actor).filter(pk__in=ids).exclude(state__in=RESIDENT_STATES)
    return dict(people.values_list("pk", "name"))


def _booking(
    actor: Actor, item: Item, person_id: int, warnings: list[str],
    tubes: dict[tuple[int | None, str], Tube] | None = None, gone: Mapping[int, str] | None = None,
) -> Booking:  # fmt: skip
    body = item.body
    gone = _gone(actor, [item], {"": person_id}) if gone is None else gone
    if person_id in gone:
        refuse("person_moved_out", name=gone[person_id])
    round_id, code = number_of(body, "round"), code_of(body)
    tube = None if tubes is None else tubes.get((round_id, code))
    if tube is None:
        home = Person.objects.visible_to(actor).filter(pk=person_id).values_list("community_id", flat=True).first()
        tube = tube_of(actor, item, code, warnings, round_id=round_id, place_id=home)
    if tubes is not None:
        tubes[round_id, code] = tube
    if "client" in body and tube.round_id is not None:
        add_person_at_door(actor=actor, round_id=tube.round_id, person_id=person_id)
    who = Who(person_id, has_shown_document=body.get("how") in SHOWN)
    return Booking(tube.pk, who, _swab(item))


def _swab(item: Item) -> Swab:
    """The device warned of what is unusual and a person went on: nothing is asked again."""
    return Swab(
        sampled_at=item.happened_at, sampler=item.holder, client_id=item.id,
        confirmed=frozenset({str(SampleWarning.OVER_FULL)}), time_is_doubtful=item.clock_is_doubtful,
    )  # fmt: skip


def _told(recorded: Recorded, warnings: Sequence[str]) -> Applied:
    sample = recorded.sample
    found = tuple(f"{WARNING}.{name}" for name in recorded.warnings)
    return Applied((*warnings, *found), {"sample": sample.pk, "tube": sample.tube_id, "position": sample.position})


@applies("sample.voided", action=Action.TESTING_SAMPLE)
@refusing
def apply_sample_voided(*, actor: Actor, item: Item) -> Applied:
    """A swab booked by mistake is taken back; a second word on it changes nothing."""
    (sample,) = samples_of([item.body.get("sample")])
    if sample.is_void:
        return Applied(refs={"sample": sample.pk})
    reason = text_of(item.body, "reason") or t("lab_testing.reason.undone")
    void_sample(actor=actor, sample_id=sample.pk, reason=reason)
    return Applied(refs={"sample": sample.pk})


@applies("samples.moved", action=Action.TESTING_SAMPLE)
@refusing
def apply_samples_moved(*, actor: Actor, item: Item) -> Applied:
    """Tube transfer (换管); without ``samples``, all that stand in the first tube."""
    body, warnings = item.body, list[str]()
    source = tube_of(actor, item, code_of(body, "from"), warnings)
    home = source.building_id or source.community_id
    target = tube_of(actor, item, code_of(body, "to"), warnings, round_id=source.round_id, place_id=home)
    given = body.get("samples")
    ids = None
    if isinstance(given, list) and given:
        ids = [sample.pk for sample in samples_of(given) if sample.tube_id != target.pk]
        if not ids:
            return Applied(tuple(warnings), {"tube": target.pk})
    moved = move_samples(
        actor=actor, from_tube_id=source.pk, to_tube_id=target.pk, sample_ids=ids,
        reason=text_of(body, "reason") or t("lab_testing.move.reopen"), confirmed=(str(SampleWarning.OVER_FULL),),
    )  # fmt: skip
    return Applied(tuple(warnings), {"tube": target.pk, "samples": [sample.pk for sample in moved]})


@applies("tube.sealed", action=Action.TESTING_SAMPLE)
@refusing
def apply_tube_sealed(*, actor: Actor, item: Item) -> Applied:
    """Sealed and counted. Swabs that another device has not told of yet are awaited; fewer counted than bound is
    refused: somebody is booked on a tube that has no swab of theirs."""
    body, warnings = item.body, list[str]()
    tube = tube_of(actor, item, code_of(body), warnings, round_id=number_of(body, "round"))
    counted = number_needed(body, "counted")
    if tube.sealed_at is not None and tube.counted == counted:
        return Applied((f"{FIELD}.already_sealed",), {"tube": tube.pk})
    sealed = seal_tube(
        actor=actor, tube_id=tube.pk, counted=counted, box_code=text_of(body, "box", most=30),
        confirmed=(str(SampleWarning.OVER_FULL),), sealed_at=item.happened_at, awaits_swabs=True,
    )  # fmt: skip
    bound = sealed.samples.filter(is_void=False).count()
    if bound < counted:
        warnings.append(f"{FIELD}.swabs_awaited")
    return Applied(tuple(warnings), {"tube": tube.pk, "counted": counted, "bound": bound})


_OF_A_TUBE: dict[str, Callable[[Actor, Sequence[Item]], Sequence[Applied | ItemRefusedError]]] = {
    "tube.opened": lambda actor, items: _each(apply_tube_opened, actor, items),
    "sample.taken": lambda actor, items: _taken(actor, items),
    "tube.sealed": lambda actor, items: _each(apply_tube_sealed, actor, items),
}
_STEPS = tuple(_OF_A_TUBE)


@applies_many(*_OF_A_TUBE)
def apply_tubes_filled(*, actor: Actor, items: Sequence[Item]) -> Sequence[Applied | ItemRefusedError]:
    """The same for many at once: a morning is one tube after the other, opened, filled and sealed."""
    answers: list[Applied | ItemRefusedError] = []
    with roster.own_place_kept():
        for part in _parts(items):
            found: dict[UUID, Applied | ItemRefusedError] = {}
            for kind, apply in _OF_A_TUBE.items():
                of_kind = [item for item in part if item.kind == kind]
                found |= zip((item.id for item in of_kind), apply(actor, of_kind), strict=True)
            answers += [found[item.id] for item in part]
    return answers


def _parts(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Parts in which all tubes may be opened first, then filled, then sealed: as each of them was."""
    part: list[Item] = []
    reached: dict[str, int] = {}
    for item in items:
        step = _STEPS.index(item.kind)
        code = codes.tidy(str(item.body.get("code" if step == 0 else "tube", "")))
        if step < reached.get(code, 0):
            yield part
            part, reached = [], {}
        reached[code] = step
        part.append(item)
    if part:
        yield part


def _each(apply: Applier, actor: Actor, items: Sequence[Item]) -> list[Applied | ItemRefusedError]:
    """All in one savepoint; where one is refused, each in its own."""
    try:
        with transaction.atomic():
            return [apply(actor=actor, item=item) for item in items]
    except ItemRefusedError:
        return [_alone(apply, actor, item) for item in items]


def _alone(apply: Applier, actor: Actor, item: Item) -> Applied | ItemRefusedError:
    try:
        with transaction.atomic():
            return apply(actor=actor, item=item)
    except ItemRefusedError as refusal:
        return refusal


@applies("tube.reopened", action=Action.TESTING_SAMPLE)
@refusing
def apply_tube_reopened(*, actor: Actor, item: Item) -> Applied:
    tube = tube_of(actor, item, code_of(item.body), [])
    if tube.state == TubeState.OPEN:
        return Applied((f"{FIELD}.tube_reopened_before",), {"tube": tube.pk})
    reopen_tube(actor=actor, tube_id=tube.pk, reason=text_of(item.body, "reason", needed=True))
    return Applied(refs={"tube": tube.pk})


@applies("tube.voided", action=Action.TESTING_SAMPLE)
@refusing
def apply_tube_voided(*, actor: Actor, item: Item) -> Applied:
    """Given up; everybody in it is to be sampled again. A swab of the tube that arrives later is refused."""
    warnings = list[str]()
    tube = tube_of(actor, item, code_of(item.body), warnings, round_id=number_of(item.body, "round"))
    if tube.state == TubeState.VOID:
        return Applied((f"{FIELD}.already_void",), {"tube": tube.pk})
    reason = text_of(item.body, "reason", needed=True)
    people = void_tube(actor=actor, tube_id=tube.pk, reason=reason, voided_at=item.happened_at)
    return Applied(tuple(warnings), {"tube": tube.pk, "people": len(people)})


_OUTCOMES = {
    "exempt": ContactOutcome.EXEMPT,
    "away": ContactOutcome.AWAY,
    "refused": ContactOutcome.REFUSED,
    "absent": ContactOutcome.NO_ANSWER,
}


@applies("claim.made", action=(Action.TESTING_SAMPLE, Action.REGISTRY_EDIT))
@refusing
def apply_claim_made(*, actor: Actor, item: Item) -> Applied:
    """What was said at the door. Who is away is excused with it as evidence; who refused or did not open stays on the
    missing list, with it; an exemption is decided by the community."""
    body, warnings = item.body, list[str]()
    round_, person_id = round_of(body, actor), person_of(body)
    outcome = _OUTCOMES.get(text_of(body, "claim", needed=True))
    if outcome is None:
        refuse("item_incomplete", field="claim")
    if "client" in body:
        add_person_at_door(actor=actor, round_id=round_.pk, person_id=person_id)
    said = Try(ContactWay.DOOR, outcome, text_of(body, "reason"), item.happened_at)
    person = note_contact(actor=actor, round_id=round_.pk, person_id=person_id, given=said)
    if outcome == ContactOutcome.EXEMPT and not person.claim:
        warnings.append(f"{FIELD}.exemption_to_decide")
    if person.state == "sampled":
        warnings.append(f"{FIELD}.already_sampled")
    return Applied(tuple(warnings), {"person": person_id})


@applies("person.added", action=(Action.TESTING_SAMPLE, Action.REGISTRY_EDIT))
@refusing
def apply_person_added(*, actor: Actor, item: Item) -> Applied:
    """Somebody found at a door who is not on the roster, expected from now on in the round that was named."""
    body = item.body
    door = Door(number_of(body, "household"), number_of(body, "unit"), text_of(body, "room", most=40))
    if door.household_id is None and (door.unit_id is None or not door.room):
        refuse("item_incomplete", field="household")
    name = text_of(body, "name", needed=True, most=80)
    found = Found(name, text_of(body, "phone", most=40), text_of(body, "identity", most=40), item.id, item.happened_at)
    added = add_at_door(actor=actor, door=door, found=found)
    if number_of(body, "round") is not None:
        add_person_at_door(actor=actor, round_id=round_of(body, actor).pk, person_id=added.person_id)
    warnings = [f"{FIELD}.person_already_registered"] * added.is_known + [f"{FIELD}.number_left_out"] * bool(
        added.left_out
    )
    return Applied(tuple(warnings), {"person": added.person_id, "household": added.household_id})
