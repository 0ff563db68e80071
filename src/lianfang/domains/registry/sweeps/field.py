"""What a device carries for the doors, and what its records of them do here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import wraps
from typing import Any, NoReturn
from uuid import UUID

from django.utils import timezone

from lianfang.domains.registry.errors import RegistryError
from lianfang.domains.registry.models import (
    DoorOutcome,
    DoorVisit,
    Household,
    LivingState,
    Person,
    Place,
    Sweep,
    SweepState,
    SweepTeam,
)
from lianfang.domains.registry.naming import place_name
from lianfang.domains.registry.services import (
    Door,
    edit_person,
    mark_away,
    mark_moved_out,
    mark_returned,
    people_added,
    record_contact,
)
from lianfang.domains.registry.sweeps.refusals import SweepRefusedError
from lianfang.domains.registry.sweeps.selectors import sweeps_for, unit_names, visits_by_household
from lianfang.domains.registry.sweeps.visits import Knock, deciding, record_visit
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.domains.registry.words import SPECIAL_NEEDS, ordered_needs
from lianfang.foundation.access.actor import Actor, NotAllowedError
from lianfang.foundation.access.roles import Action, Level, Role
from lianfang.foundation.devices.kinds import Applied, Item, ItemRefusedError, applies, package
from lianfang.foundation.devices.models import Device

MOST_HOUSEHOLDS = 8_000


@package("door", roles={Role.BUILDING_CHIEF, Role.SAMPLER})
def build_door(*, actor: Actor, device: Device, moment: datetime) -> dict[str, Any]:
    """The open sweeps of the device's places: stairwells in walking order, who is registered behind each door, and what
    came of it so far. A device that serves more than buildings carries the doors of its own team only. No numbers."""
    sweeps = [_Carried(actor, device, sweep) for sweep in sweeps_for(actor).filter(state=SweepState.OPEN)]
    units = list(dict.fromkeys(pk for one in sweeps for pk in one.unit_ids))
    order = {pk: at for at, pk in enumerate(units)}
    found = Household.objects.visible_to(actor).filter(place__in=units).order_by("sort_key", "id")
    households = sorted(found[:MOST_HOUSEHOLDS], key=lambda one: order[one.place_id])
    return {
        "sweeps": [one.told() for one in sweeps],
        "places": _places(units),
        "households": [
            _told({"id": one.pk, "unit": one.place_id, "room": one.room, "floor": one.floor, "tenancy": one.tenancy})
            for one in households
        ],
        "people": _people(actor, [one.pk for one in households]),
        "needs": list(SPECIAL_NEEDS),
    }


class _Carried:
    """One sweep as far as one device walks it."""

    def __init__(self, actor: Actor, device: Device, sweep: Sweep) -> None:
        self.actor, self.sweep = actor, sweep
        self.teams = list(sweep.teams.order_by("number"))
        self.own = _own_team(device, self.teams)
        is_building = actor.level is Level.BUILDING
        inside = Place.objects.in_bulk(sweep.unit_ids) if is_building else {}
        mine = [pk for pk in sweep.unit_ids if pk in inside and inside[pk].building_id in actor.scope_ids]
        self.unit_ids = mine if is_building else (self.own.unit_ids if self.own else [])

    def told(self) -> dict[str, Any]:
        visits = visits_by_household(self.actor, self.sweep, self.unit_ids)
        return {
            "id": self.sweep.pk, "name": self.sweep.name, "units": self.unit_ids,
            "due_on": self.sweep.due_on.isoformat() if self.sweep.due_on else None,
            "own_team": self.own.pk if self.own else None,
            "teams": [
                {"id": one.pk, "name": one.name, "members": one.members, "units": one.unit_ids} for one in self.teams
            ],
            "visits": [_visit(found) for found in visits.values()],
        }  # fmt: skip


def _own_team(device: Device, teams: Sequence[SweepTeam]) -> SweepTeam | None:
    """The team in whose list the holder stands, or whose name the device bears; None where that is not one team."""
    by_holder = [team for team in teams if device.holder and device.holder in team.members.replace("、", " ").split()]
    by_name = [team for team in teams if team.name and team.name in device.name]
    return next((found[0] for found in (by_holder, by_name) if len(found) == 1), None)


def _visit(visits: Sequence[DoorVisit]) -> dict[str, Any]:
    last = deciding(visits) or visits[-1]
    return _told({
        "household": last.household_id, "outcome": last.outcome, "counted": last.counted, "living": last.living_ids,
        "gone": last.gone_ids, "needs": last.needs, "note": last.note, "at": last.visited_at.isoformat(),
        "by": last.visited_by, "tries": len(visits), "client": str(last.client_id) if last.client_id else "",
    })  # fmt: skip


def _places(unit_ids: Sequence[int]) -> list[dict[str, Any]]:
    units = Place.objects.in_bulk(list(unit_ids))
    labels = unit_names(unit_ids)
    return [
        {"id": pk, "kind": units[pk].kind, "name": place_name(units[pk]), "label": labels[pk]}
        for pk in unit_ids if pk in units
    ]  # fmt: skip


def _people(actor: Actor, household_ids: Sequence[int]) -> list[dict[str, Any]]:
    people = Person.objects.visible_to(actor).filter(household__in=household_ids, state__in=RESIDENT_STATES)
    return [
        _told({
            "id": one.pk, "household": one.household_id, "name": one.name, "sex": one.sex,
            "birth_year": one.birth_on.year if one.birth_on else None, "relation": one.relation_to_head,
            "needs": one.special_needs, "state": "" if one.state == LivingState.LIVING else one.state,
            "version": one.version,
        })
        for one in people.order_by("id").only(
            "household_id", "name", "sex", "birth_on", "relation_to_head", "special_needs", "state", "version")
    ]  # fmt: skip


def _told(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def _refuse(code: str, /, **gaps: str | int) -> NoReturn:
    raise ItemRefusedError(f"sweeps.refused.{code}", **gaps)


def _refusing(apply: Callable[..., Applied]) -> Callable[..., Applied]:
    @wraps(apply)
    def applied(*, actor: Actor, item: Item) -> Applied:
        try:
            return apply(actor=actor, item=item)
        except SweepRefusedError as error:
            raise ItemRefusedError(f"sweeps.refused.{error.code}", **error.gaps) from error
        except RegistryError as error:
            raise ItemRefusedError(f"registry.problem.{error.code}", **error.gaps) from error
        except NotAllowedError as error:
            raise ItemRefusedError("sweeps.refused.elsewhere") from error

    return applied


def _whole(body: Mapping[str, Any], name: str) -> int | None:
    given = body.get(name)
    return given if isinstance(given, int) and not isinstance(given, bool) and abs(given) < 2**63 else None


def _ids(body: Mapping[str, Any], name: str) -> list[int]:
    given = body.get(name)
    return [one for one in given if isinstance(one, int) and abs(one) < 2**63] if isinstance(given, list) else []


def _words(body: Mapping[str, Any], name: str) -> list[str]:
    given = body.get(name)
    return [str(one)[:20] for one in given if isinstance(one, str)] if isinstance(given, list) else []


def _text(body: Mapping[str, Any], name: str, most: int = 400) -> str:
    given = body.get(name)
    return given.strip()[:most] if isinstance(given, str) else ""


@applies("door.visited", action=Action.DOOR_SWEEP)
@_refusing
def apply_door_visited(*, actor: Actor, item: Item) -> Applied:
    """One knock at one door, with its door by household, or by stairwell and room."""
    body = item.body
    sweep_id, outcome = _whole(body, "sweep"), _text(body, "outcome")
    if sweep_id is None:
        _refuse("incomplete", field="sweep")
    if outcome not in DoorOutcome.values:
        _refuse("incomplete", field="outcome")
    door = Door(_whole(body, "household"), _whole(body, "unit"), _text(body, "room", 40))
    if door.household_id is None and door.unit_id is None:
        _refuse("incomplete", field="unit")
    clients = people_added([pk for one in _words_long(body, "added") if (pk := _uuid(one))])
    knock = Knock(
        outcome=DoorOutcome(outcome), counted=_whole(body, "counted"),
        living_ids=[*_ids(body, "people"), *clients.values()], gone_ids=_ids(body, "gone"),
        needs=_words(body, "needs"), note=_text(body, "note"), at=item.happened_at, by=item.holder,
        device_id=item.device_id, client_id=item.id, clock_is_doubtful=item.clock_is_doubtful,
    )  # fmt: skip
    done = record_visit(actor=actor, sweep_id=sweep_id, door=door, knock=knock)
    warnings = ["sweeps.warning.outside"] * done.is_outside + ["sweeps.warning.differs"] * bool(done.open)
    refs = {"visit": done.visit.pk, "household": done.visit.household_id, "differences": len(done.open)}
    return Applied(tuple(warnings), refs)


def _words_long(body: Mapping[str, Any], name: str) -> list[str]:
    given = body.get(name)
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


_FACTS = ("phone", "occupation", "employer", "relation_to_head", "class_kind", "remark")


@applies("person.changed", action=(Action.REGISTRY_EDIT, Action.DOOR_SWEEP))
@_refusing
def apply_person_changed(*, actor: Actor, item: Item) -> Applied:
    """What somebody at the door said of a person. Needs are added and taken away, so that two who say different things
    both are heard; another fact that somebody changed meanwhile is refused and decided at the desk.

    Who may not change the registry, as a sampler, notes the contact only.
    """
    body = item.body
    person = _person(actor, body)
    if not actor.may(Action.REGISTRY_EDIT):
        record_contact(
            actor=actor, person=person, note=_text(body, "note", 200), at=min(item.happened_at, item.received_at)
        )
        return Applied(("sweeps.warning.noted_only",), {"person": person.pk})
    changes: dict[str, Any] = {name: _text(body, name) for name in _FACTS if name in body}
    version = _whole(body, "version")
    if changes and version is not None and version != person.version:
        now = {name: getattr(person, name, None) for name in changes}
        if any(now[name] != value for name, value in changes.items()):
            raise RegistryError("changed_meanwhile")
    before = list(person.special_needs)
    needs = [one for one in before if one not in _words(body, "needs_gone")] + _words(body, "needs")
    if list(ordered_needs(needs)) != before:
        changes["special_needs"] = ordered_needs(needs)
    if changes:
        person = edit_person(actor=actor, person=person, version=person.version, changes=changes)
    _move(actor, item, person, _text(body, "state"))
    return Applied(refs={"person": person.pk})


def _person(actor: Actor, body: Mapping[str, Any]) -> Person:
    client = _uuid(str(body.get("client", "")))
    person_id = _whole(body, "person") or (people_added([client]).get(client) if client else None)
    person = Person.objects.visible_to(actor).filter(pk=person_id or 0).first()
    if person is None:
        _refuse("person_unknown")
    return person


def _move(actor: Actor, item: Item, person: Person, state: str) -> None:
    reason = _text(item.body, "reason", 200)
    if not state or state == person.state:
        return
    if state == LivingState.AWAY:
        mark_away(actor=actor, person=person, reason=reason, until_on=_day(item.body.get("until_on")))
    elif state == LivingState.MOVED_OUT:
        mark_moved_out(actor=actor, person=person, reason=reason)
    elif state == LivingState.LIVING:
        mark_returned(actor=actor, person=person, reason=reason)
    else:
        _refuse("incomplete", field="state")


def _day(given: object) -> date | None:
    """A day that is over by now says nothing of the future."""
    try:
        return max(date.fromisoformat(str(given)), timezone.localdate())
    except ValueError:
        return None
