"""Teams with their routes, and kits: packed the evening before, signed out, returned with counts that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from lianfang.domains.lab_testing import codes as labels
from lianfang.domains.lab_testing import roster
from lianfang.domains.lab_testing.finding import kit_for, round_for, team_for
from lianfang.domains.lab_testing.locks import lock_name
from lianfang.domains.lab_testing.models import Kit, Round, RoundState, Team, Tube
from lianfang.domains.lab_testing.refusals import RefusedError
from lianfang.domains.lab_testing.services.rounds import POOL_SIZES
from lianfang.domains.lab_testing.transitions import Move, next_kit_state
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record
from lianfang.foundation.texts import Gap
from lianfang.foundation.web.language import t


@transaction.atomic
def create_team(*, actor: Actor, round_id: int, name: str, members: str = "", route: Sequence[int] = ()) -> Team:
    """A team for the round; ``route`` are ids of units or buildings in the order in which it walks.

    Raises RefusedError where the round has a team of that name, or a place of the route lies outside of the round.
    """
    actor.authorise(Action.TESTING_PLAN)
    round_ = round_for(actor, round_id, lock=True)
    _check_not_over(round_)
    if not name.strip():
        raise RefusedError("name_missing")
    if round_.teams.filter(name=name.strip()).exists():
        raise RefusedError("team_exists", name=name.strip())
    team = Team.objects.create(
        round=round_, name=name.strip()[:40], members=members.strip()[:200], route=_checked_route(actor, round_, route)
    )
    record(actor=actor, action="testing.team_created", target_kind="team", target_id=team.pk)
    return team


@transaction.atomic
def set_route(*, actor: Actor, team_id: int, route: Sequence[int]) -> Team:
    """Give a team another way."""
    actor.authorise(Action.TESTING_PLAN)
    team = team_for(actor, team_id)
    _check_not_over(team.round)
    team.route = _checked_route(actor, team.round, route)
    team.save(update_fields=["route"])
    record(actor=actor, action="testing.route_set", target_kind="team", target_id=team.pk)
    return team


def _checked_route(actor: Actor, round_: Round, route: Sequence[int]) -> list[int]:
    places = [roster.place_in_scope(actor, pk) for pk in dict.fromkeys(route)]
    outside = [place for place in places if not set(place.path) & set(round_.place_ids)]
    if outside:
        raise RefusedError("route_outside_round", places=list(roster.names_of(place.pk for place in outside).values()))
    return [place.pk for place in places]


def _check_not_over(round_: Round) -> None:
    if round_.state not in (RoundState.PLANNED, RoundState.OPEN):
        raise RefusedError("round_over", name=round_.name, state=t(f"lab_testing.round_state.{round_.state}"))


@dataclass(frozen=True, slots=True)
class Packing:
    """What goes into a kit: ``count`` generated labels, or the given ones from ``first`` to ``last``."""

    capacity: int
    is_household: bool = False
    count: int = 0
    prefix: str = ""
    first: str = ""
    last: str = ""


MOST_LABELS = labels.MOST_IN_RANGE


@transaction.atomic
def pack_kits(
    *, actor: Actor, round_id: int, packing: Packing, team_id: int | None = None, name: str = "", kits: int = 1
) -> list[Kit]:
    """Pack one kit or several alike. No label exists twice in a township: raises RefusedError, naming some, where
    one would."""
    actor.authorise(Action.TESTING_PLAN)
    round_ = round_for(actor, round_id, lock=True)
    _check_not_over(round_)
    team = None if team_id is None else team_for(actor, team_id)
    if team is not None and team.round_id != round_.pk:
        raise RefusedError("team_of_other_round", name=team.name)
    if packing.capacity not in POOL_SIZES:
        raise RefusedError("pool_size", given=packing.capacity)
    lock_name(f"labels.{round_.township_id}")
    packed = [_pack(actor, round_, team, packing, name, number) for number in range(kits)]
    record(
        actor=actor,
        action="testing.kits_packed",
        target_kind="round",
        target_id=round_.pk,
        details={"kits": [kit.pk for kit in packed]},
    )
    return packed


def _pack(actor: Actor, round_: Round, team: Team | None, packing: Packing, name: str, number: int) -> Kit:
    given = (
        labels.expand_range(packing.first, packing.last or packing.first) if packing.first else _fresh(round_, packing)
    )
    _check_unused(round_, given)
    return Kit.objects.create(
        round=round_,
        team=team,
        name=_kit_name(round_, team, name.strip(), number),
        capacity=packing.capacity,
        is_household=packing.is_household,
        codes=given,
        code_count=len(given),
        packed_by=actor.name,
        packed_at=timezone.now(),
    )


def _kit_name(round_: Round, team: Team | None, name: str, number: int) -> str:
    taken = set(round_.kits.values_list("name", flat=True))
    stem = (name or (team.name if team is not None else t("lab_testing.kit.default_name")))[:32]
    if name and number == 0:
        if name in taken:
            raise RefusedError("kit_exists", name=name)
        return name[:40]
    count = 1
    while f"{stem}-{count}" in taken:
        count += 1
    return f"{stem}-{count}"


def _fresh(round_: Round, packing: Packing) -> list[str]:
    if not 1 <= packing.count <= MOST_LABELS:
        raise RefusedError("label_count", count=packing.count, most=MOST_LABELS)
    prefix = labels.tidy(packing.prefix) or f"R{round_.number}"
    labels.tube_code(prefix, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(code) FROM lab_testing_kit k JOIN lab_testing_round r ON r.id = k.round_id, "
            "unnest(k.codes) code WHERE r.township_id = %s AND code LIKE %s AND length(code) = %s",
            [round_.township_id, f"{prefix}-%", len(prefix) + 8],
        )
        last = cursor.fetchone()[0]
    start = int(last[len(prefix) + 1 : -1]) + 1 if last else 1
    return [labels.tube_code(prefix, serial) for serial in range(start, start + packing.count)]


def _check_unused(round_: Round, given: Sequence[str]) -> None:
    packed = Kit.objects.filter(round__township_id=round_.township_id, codes__overlap=list(given))
    used = {code for kit in packed for code in set(kit.codes) & set(given)}
    used |= set(Tube.objects.filter(township_id=round_.township_id, code__in=given).values_list("code", flat=True))
    if used:
        raise RefusedError("labels_used", codes=sorted(used)[:5], count=len(used))


@transaction.atomic
def sign_out_kit(*, actor: Actor, kit_id: int, taken_by: str) -> Kit:
    """Give a kit to somebody of the team, by name."""
    actor.authorise(Action.TESTING_SAMPLE)
    kit = kit_for(actor, kit_id, lock=True)
    if not taken_by.strip():
        raise RefusedError("name_missing")
    kit.state = next_kit_state(Move.SIGN_OUT, kit.state, kit.name)
    kit.signed_out_to, kit.signed_out_by, kit.signed_out_at = taken_by.strip()[:80], actor.name, timezone.now()
    kit.save(update_fields=["state", "signed_out_to", "signed_out_by", "signed_out_at"])
    record(actor=actor, action="testing.kit_signed_out", target_kind="kit", target_id=kit.pk)
    return kit


def used_count(kit: Kit) -> int:
    """How many of the kit's tubes were opened, voided ones included, wherever in the township."""
    with acting_as(system_actor("kits")):
        return Tube.objects.filter(township_id=kit.round.township_id, code__in=kit.codes).count()


@transaction.atomic
def return_kit(*, actor: Actor, kit_id: int, unused: int, lost: int, returned_by: str, note: str = "") -> Kit:
    """Take a kit back. Opened tubes, unused and lost ones must be all that was packed; raises RefusedError with the sum
    where they are not. What was lost wants a note."""
    actor.authorise(Action.TESTING_SAMPLE)
    kit = kit_for(actor, kit_id, lock=True)
    if unused < 0 or lost < 0:
        raise RefusedError("count_negative")
    if not returned_by.strip():
        raise RefusedError("name_missing")
    used = used_count(kit)
    told: dict[str, Gap | Sequence[str]] = {
        "name": kit.name, "packed": kit.code_count, "used": used, "unused": unused, "lost": lost,
        "sum": used + unused + lost, "apart": abs(used + unused + lost - kit.code_count),
    }  # fmt: skip
    if told["sum"] != kit.code_count:
        is_short = used + unused + lost < kit.code_count
        raise RefusedError("kit_too_few" if is_short else "kit_too_many", **told)
    if lost and not note.strip():
        raise RefusedError("lost_needs_note", count=lost)
    kit.state = next_kit_state(Move.RETURN, kit.state, kit.name)
    kit.returned_by, kit.returned_at, kit.return_note = returned_by.strip()[:80], timezone.now(), note.strip()[:200]
    kit.used_count, kit.unused_count, kit.lost_count = used, unused, lost
    kit.save(
        update_fields=["state", "returned_by", "returned_at", "return_note", "used_count", "unused_count", "lost_count"]
    )
    record(actor=actor, action="testing.kit_returned", target_kind="kit", target_id=kit.pk,
           details={"used": used, "unused": unused, "lost": lost})  # fmt: skip
    return kit
