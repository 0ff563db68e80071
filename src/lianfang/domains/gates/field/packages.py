"""What a guard's device carries: gates and what they ask, keys, permits as pseudonyms with windows, statuses, changes.

No names, no addresses, no numbers. Apart, so that what changes often is small: "gate" changes when somebody changes a
gate or a permit, "gate_people" every SLOT, "gate_changes" every two minutes and catches meanwhile who became worse.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q

from lianfang.domains.gates.models import Gate, Permit, PlaceCode
from lianfang.domains.gates.reach import open_gates_of
from lianfang.domains.gates.rules import asked_at_gates
from lianfang.domains.gates.services.permits import windows_of
from lianfang.domains.registry.models import Person
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.domains.status.codes import changed_since, pseudonyms_of, published_keys, statuses_for
from lianfang.engine.field.tokens import STATUSES
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Role
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.devices.kinds import package
from lianfang.foundation.devices.models import Device
from lianfang.foundation.devices.services import lookup_key_of
from lianfang.foundation.privacy.numbers import unseal

CARRIERS = frozenset({Role.GUARD, Role.BUILDING_CHIEF})
SLOT = timedelta(minutes=10)
# A device of a larger place carries none, and asks the server or looks twice.
MOST_PEOPLE = 30_000
# Windows of permits are written out from the beginning of the day: a device shows nothing a day after a contact.
AHEAD = timedelta(days=3)
_MOST_KEPT = 48
_kept: dict[tuple[Any, ...], Mapping[str, Any]] = {}
# The field server builds packages in several threads.
_lock = threading.Lock()


@package("gate", roles=CARRIERS)
def build_gate(*, actor: Actor, device: Device, moment: datetime) -> dict[str, Any]:
    """Gates, keys and permits."""
    gates = list(open_gates_of(actor))
    asked = asked_at_gates(gates, moment)
    codes = _place_codes(gates)
    return {
        "gates": [_gate(one, asked[one.pk].for_device(), codes.get(one.pk)) for one in gates],
        "keys": [key.as_json() for key in published_keys(moment)],
        "permits": _permits(gates, moment),
    }


def _gate(gate: Gate, rules: Mapping[str, Any], code: PlaceCode | None) -> dict[str, Any]:
    secret = None if code is None else {"code": code.code, "secret": unseal(code.secret_sealed)}
    return {
        "id": gate.pk, "name": gate.name, "kind": gate.kind, "checks_in": gate.checks_in, "checks_out": gate.checks_out,
        "rules": rules, "place_code": secret,
    }  # fmt: skip


def _place_codes(gates: Iterable[Gate]) -> dict[int, PlaceCode]:
    with acting_as(system_actor("gates")):
        found = PlaceCode.objects.filter(gate__in=[one.pk for one in gates], ended_at=None)
        return {one.gate_id: one for one in found if one.gate_id is not None}


def _permits(gates: Iterable[Gate], moment: datetime) -> list[dict[str, Any]]:
    """Of people who live behind these gates: whoever lives in a community passes its gates. Windows are written out by
    whole days, so that an unchanged package stays the same."""
    given = list(gates)
    start = day_of(moment)
    communities = {one.community_id for one in given if one.community_id}
    townships = {one.township_id for one in given if not one.community_id}
    with acting_as(system_actor("gates")):
        there = Permit.objects.filter(Q(community_id__in=communities) | Q(township_id__in=townships))
        stands = there.filter(approved_at__isnull=False, withdrawn_at=None, refused_at=None)
        mine = list(stands.filter(ends_at__gt=start, starts_at__lt=start + AHEAD).order_by("pk"))
    names = pseudonyms_of([one.person_id for one in mine])
    rows = [permit_for_device(one, name.hex(), start) for one, name in zip(mine, names, strict=True)]
    return sorted((row for row in rows if row["windows"]), key=lambda row: str(row["pseudonym"]))


def permit_for_device(permit: Permit, pseudonym: str, start: datetime) -> dict[str, Any]:
    """One permit as devices compare it: seconds since 1970."""
    windows = windows_of(permit, start, start + AHEAD)
    return {
        "id": permit.pk, "code": permit.code, "pseudonym": pseudonym, "kind": permit.kind, "gate": permit.gate_id,
        "companions": permit.companions,
        "windows": [[int(begins.timestamp()), int(ends.timestamp())] for begins, ends in windows],
    }  # fmt: skip


@package("gate_people", roles=CARRIERS)
def build_gate_people(*, actor: Actor, device: Device, moment: datetime) -> Mapping[str, Any]:
    """Statuses of the people of the device's places, as lines of words: pseudonym, number of the status, last negative,
    end, since when printed codes count, lookups; ``-`` for nothing. One text, because ten thousand small lists are slow
    to write, to send and to read."""
    at = slot_of(moment)
    name = (device.pk, device.key_epoch, actor.scope_ids, at)
    kept = _kept.get(name)
    if kept is None:
        kept = _people(actor, device, at)
        with _lock:
            while len(_kept) >= _MOST_KEPT:
                _kept.pop(next(iter(_kept)))
            _kept[name] = kept
    return dict(kept)


def _people(actor: Actor, device: Device, at: datetime) -> Mapping[str, Any]:
    count = Person.objects.visible_to(actor).filter(state__in=RESIDENT_STATES).count()
    if count > MOST_PEOPLE:
        return {"at": int(at.timestamp()), "left_out": count, "rows": ""}
    rows = statuses_for(actor=actor, lookup_key=lookup_key_of(device), moment=at)
    return {"at": int(at.timestamp()), "left_out": 0, "rows": "\n".join(map(_line, rows))}


def _line(row: Mapping[str, Any]) -> str:
    moments = (row["last_negative_at"], row["until_at"], row["printed_from_at"])
    words = (row["pseudonym"], STATUSES.index(row["status"]), *("-" if one is None else one for one in moments))
    return " ".join(map(str, (*words, *row["lookups"])))


@package("gate_changes", roles=CARRIERS)
def build_gate_changes(*, actor: Actor, device: Device, moment: datetime) -> dict[str, Any]:
    """Who became worse, as a filter."""
    return {"filter": changed_since(actor=actor, moment=moment).as_json()}


def slot_of(moment: datetime) -> datetime:
    length = int(SLOT.total_seconds())
    return datetime.fromtimestamp(int(moment.timestamp()) // length * length, tz=UTC)


def day_of(moment: datetime) -> datetime:
    return datetime.fromtimestamp(int(moment.timestamp()) // 86_400 * 86_400, tz=UTC)


def forget_kept() -> None:
    """Drop packages kept in memory: between tests."""
    _kept.clear()
