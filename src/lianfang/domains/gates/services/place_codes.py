"""Codes that places show, and presence proved by them: fresh at the place, or only seen."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from lianfang.domains.gates import events
from lianfang.domains.gates.models import Gate, PlaceCode, PlaceEntry
from lianfang.domains.gates.problems import GateProblemError
from lianfang.domains.gates.reach import gates_of, keys_of
from lianfang.domains.registry.models import Person
from lianfang.engine.field.presence import judge_place_code, place_code_text, read_place_code
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.outbox.services import emit
from lianfang.foundation.privacy.numbers import seal, unseal

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody scanned a place code: the text as it was, when by the put-right clock, and on which device."""

    item: UUID
    text: str
    happened_at: datetime
    received_at: datetime
    person_id: int | None = None
    pseudonym: str = ""
    clock_is_doubtful: bool = False
    device_id: UUID | None = None
    device_name: str = ""


def renew_place_code(*, actor: Actor, gate_id: int) -> PlaceCode:
    """Give a gate a place code, or another one where its secret may be known to others: the one before ends."""
    actor.authorise(Action.GATES_MANAGE)
    with transaction.atomic():
        gate = gates_of(actor).select_for_update(of=("self",)).filter(pk=gate_id, closed_at=None).first()
        if gate is None:
            raise GateProblemError("gate_elsewhere")
        now = timezone.now()
        PlaceCode.objects.filter(gate=gate, ended_at=None).update(ended_at=now, ended_by=actor.name)
        made = PlaceCode.objects.create(
            **keys_of(gate), place=gate.place, gate=gate, code="".join(secrets.choice(_LETTERS) for _ in range(10)),
            secret_sealed=seal(secrets.token_hex(32)) or b"", made_at=now, made_by=actor.name,
        )  # fmt: skip
        record(actor=actor, action="gates.renew_place_code", target_kind="gate", target_id=gate.pk)
    return made


def shown_at(code: PlaceCode, moment: datetime) -> str:
    """What the place shows at a moment."""
    return place_code_text(_secret(code), code.code, int(moment.timestamp()))


def place_code_of(gate: Gate) -> PlaceCode | None:
    """The code that a gate shows now."""
    with acting_as(system_actor("gates")):
        return PlaceCode.objects.filter(gate=gate, ended_at=None).first()


def enter_place(entered: Entered) -> PlaceEntry:
    """Keep that somebody scanned a place code, as verified or only as seen; twice the same counts once.

    The caller has authorised and knows who it is. Raises GateProblemError for a text that is no place code of ours.
    """
    found = read_place_code(entered.text)
    if found is None:
        raise GateProblemError("code_unreadable")
    with acting_as(system_actor("gates")), transaction.atomic():
        known = PlaceEntry.objects.filter(item=entered.item).first()
        if known is not None:
            return known
        code = PlaceCode.objects.select_related("place").filter(code=found.code).first()
        if code is None:
            raise GateProblemError("code_elsewhere")
        verdict = judge_place_code(found, secret=_secret(code), scanned_at=int(entered.happened_at.timestamp()))
        presence, because = verdict.presence, str(verdict.because)
        if code.ended_at is not None and code.ended_at <= entered.happened_at:
            presence, because = "seen", "ended"
        if entered.clock_is_doubtful and presence == "verified":
            presence, because = "seen", "clock"
        person = Person.objects.filter(pk=entered.person_id).first() if entered.person_id else None
        made = PlaceEntry.objects.create(
            county_id=code.county_id, township_id=code.township_id, community_id=code.community_id,
            building_id=code.building_id, item=entered.item, place=code.place, place_code=code,
            person_id=person.pk if person else None, household_id=person.household_id if person else None,
            pseudonym="" if person else entered.pseudonym, presence=presence, because=because,
            happened_at=entered.happened_at, received_at=entered.received_at,
            clock_is_doubtful=entered.clock_is_doubtful, device_id=entered.device_id, device_name=entered.device_name,
        )  # fmt: skip
        emit(events.PLACE_ENTERED, {"entry_id": made.pk, "place_id": code.place_id, "presence": presence})
    return made


def _secret(code: PlaceCode) -> bytes:
    secret = unseal(code.secret_sealed)
    assert secret is not None
    return bytes.fromhex(secret)
