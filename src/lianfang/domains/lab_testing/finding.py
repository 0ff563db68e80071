"""Rounds, teams, kits and tubes by id or code, each authorised again (rule 8), and locked where it is to change."""

from __future__ import annotations

from lianfang.domains.lab_testing.models import Kit, Round, RoundPerson, Team, Tube
from lianfang.domains.lab_testing.refusals import NotFoundError
from lianfang.domains.lab_testing.roster import LEVEL_KEYS, own_place
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Level


def round_concerns(actor: Actor, round_: Round) -> bool:
    """Whether the round touches the actor's places: it is theirs, above theirs, or inside of theirs."""
    if actor.level is Level.SYSTEM:
        return True
    if actor.level not in LEVEL_KEYS:
        return False
    if actor.level in (Level.COUNTY, Level.TOWNSHIP):
        return getattr(round_, LEVEL_KEYS[actor.level]) in actor.scope_ids
    place = own_place(actor)
    if place is None or place.township_id != round_.township_id:
        return False
    return round_.community_id is None or round_.community_id == place.community_id


def round_for(actor: Actor, round_id: int, *, lock: bool = False) -> Round:
    """Raises NotFoundError where there is none, or it is another township's or community's."""
    found = Round.objects.select_for_update() if lock else Round.objects
    round_ = found.filter(pk=round_id).first()
    if round_ is None or not round_concerns(actor, round_):
        raise NotFoundError("round_unknown")
    return round_


def team_for(actor: Actor, team_id: int) -> Team:
    team = Team.objects.select_related("round").filter(pk=team_id).first()
    if team is None or not round_concerns(actor, team.round):
        raise NotFoundError("team_unknown")
    return team


def kit_for(actor: Actor, kit_id: int, *, lock: bool = False) -> Kit:
    found = Kit.objects.select_for_update(of=("self",)) if lock else Kit.objects
    kit = (
        found.select_related("round", "team").filter(pk=kit_id).first() if not lock else found.filter(pk=kit_id).first()
    )
    if kit is None or not round_concerns(actor, kit.round):
        raise NotFoundError("kit_unknown")
    return kit


def tube_for(actor: Actor, tube_id: int, *, lock: bool = False) -> Tube:
    """Raises NotFoundError for a tube outside of the actor's places, as for one that does not exist."""
    found = Tube.objects.visible_to(actor)
    tube = (found.select_for_update() if lock else found).filter(pk=tube_id).first()
    if tube is None:
        raise NotFoundError("tube_unknown")
    return tube


def expected_person(actor: Actor, round_id: int, person_id: int, *, lock: bool = False) -> RoundPerson:
    """Somebody expected in the round. Raises NotFoundError for others."""
    found = RoundPerson.objects.visible_to(actor)
    person = (found.select_for_update() if lock else found).filter(round_id=round_id, person_id=person_id).first()
    if person is None:
        raise NotFoundError("person_not_expected")
    return person
