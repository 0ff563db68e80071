"""Facts of guards' devices become rows. What was scanned has happened: only what names none of its gates is refused.

An item that is brought twice has one number and counts once. Who a code belongs to is looked up wherever the person
lives: somebody from elsewhere may be traced later, and nobody who may not reads the name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from lianfang.domains.gates import events
from lianfang.domains.gates.field.bodies import (
    CheckBody,
    about_of,
    check_body,
    code_of,
    direction_of,
    gate_number,
    words_of,
)
from lianfang.domains.gates.field.people import Known, people_by_number, people_by_pseudonym, statuses_of
from lianfang.domains.gates.models import Answer, Difference, Gate, GateCheck, GateEmergency, Permit
from lianfang.domains.gates.problems import GateProblemError
from lianfang.domains.gates.reach import gates_of, keys_of
from lianfang.domains.gates.services.place_codes import Entered, enter_place
from lianfang.domains.status.models import HealthStatus
from lianfang.domains.status.services import EMERGENCY_HOURS, give_emergency_override
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.devices.kinds import Applied, Item, ItemRefusedError, applies, applies_many
from lianfang.foundation.outbox.services import emit
from lianfang.foundation.privacy.numbers import blind_index, current_key_number, seal

GATE_CLOSED = "field_gate.warning.gate_closed"
WHO_UNKNOWN = "field_gate.warning.who_unknown"
DIFFERED = "field_gate.warning.differed"
SEEN_ONLY = "field_gate.warning.seen_only"
# The device's reasons for a stop that the server may know better.
STATUS_REASONS = frozenset({"status_red"})


@dataclass(frozen=True, slots=True)
class _Read:
    item: Item
    body: CheckBody


@applies("gate.checked", action=Action.GATE_CHECK)
def apply_checked(*, actor: Actor, item: Item) -> Applied:
    """One check."""
    [outcome] = apply_many_checked(actor=actor, items=[item])
    if isinstance(outcome, ItemRefusedError):
        raise outcome
    return outcome


@applies_many("gate.checked")
def apply_many_checked(*, actor: Actor, items: Sequence[Item]) -> list[Applied | ItemRefusedError]:
    """The checks of a device in a row, in a handful of statements however many they are."""
    outcomes: dict[int, Applied | ItemRefusedError] = {}
    gates = {gate.pk: gate for gate in gates_of(actor)}
    read: list[tuple[int, _Read]] = []
    for place, item in enumerate(items):
        try:
            body = check_body(item.body)
            if body.gate not in gates:
                raise ItemRefusedError("field_gate.refused.gate_elsewhere")
            read.append((place, _Read(item, body)))
        except ItemRefusedError as refusal:
            outcomes[place] = refusal
    with acting_as(system_actor("gates")):
        applied = _write(gates, [one for _, one in read])
    outcomes |= {place: found for (place, _), found in zip(read, applied, strict=True)}
    return [outcomes[place] for place in range(len(items))]


def _write(gates: Mapping[int, Gate], read: Sequence[_Read]) -> list[Applied]:
    known = _whose(one.body for one in read)
    there = set(GateCheck.objects.filter(item__in=[one.item.id for one in read]).values_list("item", flat=True))
    permits = _permits(read)
    key = current_key_number()
    rows, answers = [], []
    for one in read:
        gate, person = gates[one.body.gate], known[one.body.pseudonym, one.body.typed]
        row = _row(one, gate, person, permits, key)
        if one.item.id not in there:
            rows.append(row)
        warnings = [GATE_CLOSED] if gate.closed_at is not None and gate.closed_at < one.item.happened_at else []
        if person is None and (one.body.pseudonym or one.body.typed):
            warnings.append(WHO_UNKNOWN)
        answers.append((row, warnings))
    GateCheck.objects.bulk_create(rows)
    differed = _note_differences(rows)
    return [Applied((*warnings, *((DIFFERED,) if row.item in differed else ()))) for row, warnings in answers]


def _row(one: _Read, gate: Gate, person: Known | None, permits: Mapping[int, Permit], key: int) -> GateCheck:
    body, item = one.body, one.item
    permit = permits.get(body.permit or 0)
    is_theirs = permit is not None and person is not None and permit.person_id == person.id
    return GateCheck(
        **keys_of(gate), item=item.id, gate=gate, direction=body.direction, proof=body.proof,
        person_id=person.id if person else None, household_id=person.household_id if person else None,
        pseudonym="" if person else body.pseudonym, answer=body.answer, reason=body.reason,
        permit=permit if is_theirs else None, temperature=body.temperature,
        plate_sealed=seal(body.plate, key), plate_index=blind_index("plate", body.plate), destination=body.destination,
        companions=body.companions, travel=body.travel, vaccine_doses=body.vaccine_doses, packages_at=body.packages_at,
        corrects=body.corrects, happened_at=item.happened_at, received_at=item.received_at,
        clock_is_doubtful=item.clock_is_doubtful, device_id=item.device_id, device_name=item.device_name,
        holder=item.holder,
    )  # fmt: skip


def _whose(bodies: Iterable[CheckBody]) -> dict[tuple[str, str], Known | None]:
    """Whom each (pseudonym, typed number) means: the code where there is one, else the number."""
    asked = {(one.pseudonym, one.typed) for one in bodies}
    by_code = people_by_pseudonym(code for code, _ in asked if code)
    by_number = people_by_number(typed for code, typed in asked if typed and not code)
    return {(code, typed): by_code.get(code) if code else by_number.get(typed) for code, typed in asked}


def _permits(read: Collection[_Read]) -> dict[int, Permit]:
    wanted = {one.body.permit for one in read if one.body.permit is not None}
    return Permit.objects.in_bulk(wanted) if wanted else {}


def _note_differences(rows: Sequence[GateCheck]) -> set[UUID]:
    """Items whose answer the server would not have given by what it knows now."""
    asked = [row for row in rows if row.person_id is not None and row.answer in (Answer.PASS, Answer.STOP)]
    statuses = statuses_of(row.person_id for row in asked if row.person_id is not None)
    corrected = set(
        GateCheck.objects.filter(corrects__in=[row.item for row in asked]).values_list("corrects", flat=True)
    )
    found = []
    for row in asked:
        status = statuses.get(row.person_id or 0)
        kind = "" if status is None or row.item in corrected else _difference(row, status)
        if kind and status is not None:
            found.append((row, kind, status))
    Difference.objects.bulk_create(
        Difference(
            county_id=row.county_id, township_id=row.township_id, community_id=row.community_id, check_row=row,
            person_id=status.person_id, kind=kind, status=status.status, status_since_at=status.since_at,
            found_at=timezone.now(),
        )
        for row, kind, status in found
    )  # fmt: skip
    for row, kind, _ in found:
        emit(events.GATE_DIFFERED, {"check_id": row.pk, "person_id": row.person_id, "kind": kind})
    return {row.item for row, _, _ in found}


def _difference(row: GateCheck, status: HealthStatus) -> str:
    if status.is_emergency:
        return ""
    if row.answer == Answer.PASS and row.permit_id is None and status.status == "red":
        return "passed_red"
    if row.answer == Answer.STOP and row.reason in STATUS_REASONS and status.status == "green":
        return "stopped_green"
    return ""


@applies("gate.emergency", action=Action.EMERGENCY)
def apply_emergency(*, actor: Actor, item: Item) -> Applied:
    """Somebody had to pass. Words that follow later name the item that they are ``about``."""
    gate = gates_of(actor).filter(pk=gate_number(item.body)).first()
    if gate is None:
        raise ItemRefusedError("field_gate.refused.gate_elsewhere")
    direction, words, about = direction_of(item.body), words_of(item.body), about_of(item.body)
    with acting_as(system_actor("gates")):
        if about is not None and _add_words(about, item, words):
            return Applied()
        if GateEmergency.objects.filter(item=item.id).exists():
            return Applied()
        person = _whose_emergency(item)
        made = GateEmergency.objects.create(
            **keys_of(gate), item=item.id, gate=gate, direction=direction, words=words,
            person_id=person.id if person else None, household_id=person.household_id if person else None,
            pseudonym="" if person else code_of(item.body), override_id=_override(actor, item, person, words),
            happened_at=item.happened_at, received_at=item.received_at, clock_is_doubtful=item.clock_is_doubtful,
            device_id=item.device_id, device_name=item.device_name, holder=item.holder,
        )  # fmt: skip
        record(actor=actor.for_purpose("emergency"), action="gates.emergency", target_kind="gate_emergency",
               target_id=made.pk, details={"gate": gate.pk, "device": str(item.device_id)})  # fmt: skip
        emit(events.GATE_EMERGENCY, {"emergency_id": made.pk, "person_id": made.person_id})
    return Applied(refs={"emergency": made.pk})


def _add_words(about: UUID, item: Item, words: str) -> bool:
    """Add words to the passage that this device let through before; False where there is none."""
    found = GateEmergency.objects.select_for_update().filter(item=about, device_id=item.device_id).first()
    if found is None:
        return False
    if words and words not in found.words:
        found.words = f"{found.words} {words}".strip()[:200]
        found.save(update_fields=["words"])
    return True


def _whose_emergency(item: Item) -> Known | None:
    code, typed = code_of(item.body), words_of(item.body, "typed")
    if code:
        return people_by_pseudonym([code]).get(code)
    return people_by_number([typed]).get(typed) if typed else None


def _override(actor: Actor, item: Item, person: Known | None, words: str) -> int | None:
    """The override of a person who is known, unless it would be over by now. Given as the system: the guard's gate lets
    through people of elsewhere too."""
    if person is None or item.happened_at + timedelta(hours=EMERGENCY_HOURS) <= timezone.now():
        return None
    by = replace(system_actor("gates"), name=actor.name)
    made = give_emergency_override(actor=by, person_id=person.id, reason=words or f"{actor.name} {item.device_name}")
    return made.pk


@applies("place.entered", action=Action.GATE_CHECK)
def apply_entered(*, actor: Actor, item: Item) -> Applied:
    """Somebody scanned the code of a place: there, or only in a picture."""
    code = code_of(item.body)
    with acting_as(system_actor("gates")):
        person = people_by_pseudonym([code]).get(code) if code else None
    entered = Entered(
        item.id, words_of(item.body, "place_code"), item.happened_at, item.received_at,
        person.id if person else None, code, item.clock_is_doubtful, item.device_id, item.device_name,
    )  # fmt: skip
    try:
        made = enter_place(entered)
    except GateProblemError as problem:
        raise ItemRefusedError(f"field_gate.refused.{problem.code}") from problem
    return Applied((SEEN_ONLY,) if made.presence == "seen" else (), {"entry": made.pk})
