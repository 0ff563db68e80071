"""What a sampler's device carries: tonight's rounds, the way of the team, who lives behind each door, and open tubes.

Names are whole, for a sampler calls them; of numbers the device has only what recognises one that is shown
(``engine.field.lookup``). What says nothing (an empty reason, the state "missing") is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from lianfang.domains.lab_testing import roster
from lianfang.domains.lab_testing.codes import household_code, person_code
from lianfang.domains.lab_testing.models import (
    Coverage,
    Kit,
    KitState,
    Round,
    RoundPerson,
    RoundState,
    Sample,
    Team,
    Tube,
    TubeState,
)
from lianfang.domains.lab_testing.reasons import told_reason
from lianfang.domains.lab_testing.selectors.rounds import rounds_for
from lianfang.domains.registry.models import Household, Person, Place
from lianfang.domains.registry.naming import place_name
from lianfang.engine.field.lookup import lookup_of
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Role
from lianfang.foundation.devices.kinds import package
from lianfang.foundation.devices.models import Device
from lianfang.foundation.devices.services.enrolment import lookup_key_of
from lianfang.foundation.privacy.numbers import mask_name, unseal

BEGINS_WITHIN = timedelta(hours=24)
# What a device stops carrying people at; a team with a route carries those of its route.
MOST_PEOPLE = 20_000
MOST_TUBES = 2_000
# What changes how somebody is sampled at a door; a disease is nobody's business there.
NEEDS = frozenset({"bedridden", "disabled", "infant", "elderly_alone", "no_phone", "no_chinese", "oxygen", "dialysis"})


@package("sampling", roles={Role.SAMPLER})
def build_sampling(*, actor: Actor, device: Device, moment: datetime) -> dict[str, Any]:
    """The rounds that are open in the device's places or begin within a day, and everything needed to sample there."""
    near = rounds_for(actor).filter(
        state__in=(RoundState.OPEN, RoundState.PLANNED), ends_at__gte=moment - BEGINS_WITHIN
    )
    rounds = [one for one in near.order_by("starts_at", "id") if _is_tonight(one, moment)]
    teams = {one.pk: list(one.teams.order_by("id")) for one in rounds}
    own = {pk: _own_team(device, found) for pk, found in teams.items()}
    routes = [pk for team in own.values() if team is not None for pk in team.route]
    households = _households(actor, rounds, routes)
    people = _people(actor, households)
    is_too_much = len(people) > MOST_PEOPLE
    shown = [] if is_too_much else people
    key = lookup_key_of(device)
    homes = {one["household_id"] for one in shown}
    kept = [] if is_too_much else [one for one in households if one.pk in homes or routes]
    return {
        "rounds": [_round(actor, one, teams[one.pk], own[one.pk], {p["pk"] for p in shown}) for one in rounds],
        "places": _places(kept, teams),
        "households": [_household(one) for one in kept],
        "people": [_person(one, key) for one in shown],
        "people_left_out": len(people) if is_too_much else 0,
        "kits": _kits(rounds, own),
        "tubes": _tubes(actor, rounds),
    }


def _is_tonight(round_: Round, moment: datetime) -> bool:
    return round_.state == RoundState.OPEN or round_.starts_at <= moment + BEGINS_WITHIN


def _own_team(device: Device, teams: Sequence[Team]) -> Team | None:
    """The team in whose list the holder stands, or whose name the device bears; None where that is not one team."""
    by_holder = [team for team in teams if device.holder and device.holder in team.members.replace("、", " ").split()]
    by_name = [team for team in teams if team.name and team.name in device.name]
    return next((found[0] for found in (by_holder, by_name) if len(found) == 1), None)


def _households(actor: Actor, rounds: Sequence[Round], routes: Sequence[int]) -> list[Household]:
    """In walking order: the places of the team's route in its order, else everything of the rounds."""
    wanted = routes or sorted({pk for one in rounds for pk in one.place_ids})
    if not wanted:
        return []
    inside = Place.objects.filter(path__overlap=list(wanted)).values("pk")
    found = list(
        Household.objects.visible_to(actor).filter(place__in=inside).order_by("sort_key", "id")
        .only("id", "unit_id", "building_id", "place_id", "room", "floor", "sort_key")[: MOST_PEOPLE + 1]
    )  # fmt: skip
    if not routes:
        return found
    step = {pk: at for at, pk in reversed(list(enumerate(routes)))}
    last = len(routes)
    return sorted(found, key=lambda one: min(step.get(one.unit_id or 0, last), step.get(one.building_id or 0, last)))


_PERSON = (
    "pk", "household_id", "name", "sex", "birth_on", "special_needs", "id_sealed", "phone_sealed",
)  # fmt: skip


def _people(actor: Actor, households: Sequence[Household]) -> list[dict[str, Any]]:
    order = {one.pk: at for at, one in enumerate(households)}
    people = roster.registered(Person.objects.visible_to(actor).filter(household__in=list(order)))
    return sorted(people.order_by("pk").values(*_PERSON)[: MOST_PEOPLE + 1], key=lambda one: order[one["household_id"]])


def _person(one: Mapping[str, Any], key: str) -> dict[str, Any]:
    numbers = (unseal(one["id_sealed"]), unseal(one["phone_sealed"]))
    return _told({
        "id": one["pk"], "household": one["household_id"], "name": one["name"], "sex": one["sex"],
        "birth_year": one["birth_on"].year if one["birth_on"] else None,
        "needs": [need for need in one["special_needs"] if need in NEEDS],
        "lookups": [lookup_of(key, number) for number in numbers if number], "code": person_code(one["pk"]),
    })  # fmt: skip


def _household(one: Household) -> dict[str, Any]:
    unit = one.unit_id if one.unit_id is not None else one.place_id
    return _told({
        "id": one.pk, "unit": unit, "building": one.building_id, "room": one.room, "floor": one.floor,
        "code": household_code(one.pk),
    })  # fmt: skip


def _places(households: Sequence[Household], teams: Mapping[int, Sequence[Team]]) -> list[dict[str, Any]]:
    """The stairwells and buildings of these households and of all routes, with what they lie in, in walking order."""
    order = list(dict.fromkeys(one.unit_id or one.place_id for one in households))
    order += [pk for found in teams.values() for team in found for pk in team.route if pk not in set(order)]
    located = roster.Located.of(order)
    labels = located.names_within()
    lines = [located.line(pk) for pk in order]
    places = dict.fromkeys(place for line in lines for place in line if place.kind not in _FAR)
    return [
        _told({"id": place.pk, "kind": place.kind, "name": place_name(place), "parent": place.parent_id,
               "label": labels.get(place.pk, "")})
        for place in places
    ]  # fmt: skip


_FAR = frozenset({"province", "city", "county", "township"})


def _round(
    actor: Actor, round_: Round, teams: Sequence[Team], own: Team | None, shown: Collection[int]
) -> dict[str, Any]:
    return {
        "id": round_.pk, "name": round_.name, "number": round_.number, "state": round_.state,
        "starts_at": round_.starts_at.isoformat(), "ends_at": round_.ends_at.isoformat(),
        "pool_size": round_.pool_size, "is_drill": round_.is_drill, "own_team": None if own is None else own.pk,
        "teams": [{"id": one.pk, "name": one.name, "members": one.members, "route": one.route} for one in teams],
        "people": list(_states(actor, round_, shown)),
    }  # fmt: skip


def _states(actor: Actor, round_: Round, shown: Collection[int]) -> Iterable[dict[str, Any]]:
    """Where each expected person stands; in which tube and when, of those who are sampled."""
    expected = RoundPerson.objects.visible_to(actor).filter(round=round_)
    swabs = Sample.objects.visible_to(actor).filter(round_id=round_.pk, is_void=False, person_id__isnull=False)
    if round_.state != RoundState.OPEN or not shown:
        return
    inside: dict[int | None, tuple[str, datetime]] = {
        person_id: (code, at) for person_id, code, at in swabs.values_list("person_id", "tube__code", "sampled_at")
    }
    rows = expected.order_by("walking_key", "id").values_list("person_id", "state", "claim", "reason")
    for person_id, state, claim, reason in rows:
        if person_id not in shown:
            continue
        tube, at = inside.get(person_id, ("", None))
        yield _told({
            "id": person_id, "state": "" if state == Coverage.MISSING else state, "claim": claim,
            "reason": told_reason(reason) if claim else "", "tube": tube, "at": at.isoformat() if at else "",
        })  # fmt: skip


def _kits(rounds: Sequence[Round], own: Mapping[int, Team | None]) -> list[dict[str, Any]]:
    """Labels that were packed and are in nobody's hands yet or in this team's; not the kits of the others."""
    kits = Kit.objects.filter(round__in=rounds).exclude(state=KitState.RETURNED).order_by("id")

    def is_mine(kit: Kit) -> bool:
        team = own.get(kit.round_id)
        return team is None or kit.team_id in (None, team.pk)

    return [
        {"round": kit.round_id, "team": kit.team_id, "name": kit.name, "codes": kit.codes, "capacity": kit.capacity,
         "is_household": kit.is_household}
        for kit in kits if is_mine(kit)
    ]  # fmt: skip


def _tubes(actor: Actor, rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """Tubes that have not left, with whose swabs stand in them."""
    states = (TubeState.OPEN, TubeState.SEALED)
    tubes = list(
        Tube.objects.visible_to(actor)
        .filter(round__in=rounds, state__in=states)
        .order_by("-opened_at", "-id")[:MOST_TUBES]
    )
    samples: dict[int, list[Sample]] = {}
    for sample in Sample.objects.visible_to(actor).filter(tube__in=tubes, is_void=False).order_by("position", "id"):
        samples.setdefault(sample.tube_id, []).append(sample)
    return [
        _told({
            "id": tube.pk, "code": tube.code, "round": tube.round_id, "team": tube.team_id,
            "building": tube.building_id, "capacity": tube.capacity, "is_household": tube.is_household,
            "state": tube.state, "counted": tube.counted,
            "samples": [_sample(actor, one) for one in samples.get(tube.pk, ())],
        })
        for tube in tubes
    ]  # fmt: skip


def _sample(actor: Actor, one: Sample) -> dict[str, Any]:
    name = one.name if roster.is_in_scope(actor, one) else mask_name(one.name)
    return _told({
        "id": one.pk, "client": str(one.client_id) if one.client_id else "", "person": one.person_id, "name": name,
        "position": one.position, "at": one.sampled_at.isoformat(),
    })  # fmt: skip


def _told(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in (None, "", [])}
