"""Reading for residents and for the community's desk. Every query starts with ``visible_to(actor)``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from lianfang.domains.lab_testing.models import Hold, Sample, Tube
from lianfang.domains.lab_testing.results.selectors import OPEN as HOLD_OPEN
from lianfang.domains.lab_testing.results.selectors import tubes_by_id
from lianfang.domains.registry.models import Household, Person, Place
from lianfang.domains.registry.transitions import RESIDENT_STATES
from lianfang.domains.residents.models import (
    Helper,
    HelpRequest,
    HelpState,
    HouseholdInvite,
    ProposalState,
    ProposedPerson,
    ResidentSession,
)
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action

RESULTS_SINCE = timedelta(days=60)
MOST_RESULTS = 60


# ── a household's own ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OwnResult:
    """One swab of somebody of the household and what is known of it. ``said`` is negative, positive, positive_pool,
    indeterminate, invalid, contradicting, or pending; ``due_at`` is when a pending one was promised."""

    person_id: int
    name: str
    sampled_at: datetime
    said: str
    tube: str
    people: int
    result_at: datetime | None
    due_at: datetime | None


def own_results(actor: Actor) -> list[OwnResult]:
    """What became of the household's swabs, the latest first."""
    actor.authorise(Action.OWN_HOUSEHOLD)
    since = timezone.now() - RESULTS_SINCE
    swabs = Sample.objects.visible_to(actor).filter(is_void=False, sampled_at__gt=since).exclude(person_id=None)
    found = list(swabs.order_by("-sampled_at", "-pk")[:MOST_RESULTS])
    tubes = tubes_by_id({one.tube_id for one in found})
    return [_result(one, tubes[one.tube_id]) for one in found if one.tube_id in tubes]


def _result(swab: Sample, tube: Tube) -> OwnResult:
    said = tube.conclusion or "pending"
    if said == "positive" and tube.capacity > 1:
        # Somebody in the tube, and nobody knows yet who: it is not said of any one of them.
        said = "positive_pool"
    due_at = None
    if said == "pending" and tube.round is not None and tube.sealed_at is not None:
        due_at = tube.sealed_at + timedelta(hours=tube.round.result_due_hours)
    return OwnResult(
        swab.person_id or 0, swab.name, swab.sampled_at, said, tube.code, tube.capacity,
        tube.concluded_at if tube.conclusion else None, due_at,
    )  # fmt: skip


def own_holds(actor: Actor) -> Sequence[Hold]:
    """Who of the household is held because of a tube, and until when."""
    actor.authorise(Action.OWN_HOUSEHOLD)
    return list(Hold.objects.visible_to(actor).filter(state__in=HOLD_OPEN).order_by("ends_at"))


def own_proposals(actor: Actor, most: int = 30) -> Sequence[ProposedPerson]:
    actor.authorise(Action.OWN_HOUSEHOLD)
    return list(ProposedPerson.objects.visible_to(actor).order_by("-pk")[:most])


def own_requests(actor: Actor, most: int = 20) -> Sequence[HelpRequest]:
    actor.authorise(Action.OWN_HOUSEHOLD)
    return list(HelpRequest.objects.visible_to(actor).select_related("helper").order_by("-made_at")[:most])


# ── the desk ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def waiting_proposals(actor: Actor) -> QuerySet[ProposedPerson]:
    """Rows that wait to be confirmed, the oldest first."""
    actor.authorise(Action.REGISTRY_VIEW)
    found = ProposedPerson.objects.visible_to(actor).filter(state=ProposalState.WAITING)
    return found.select_related("pre_registration", "pre_registration__helper").order_by("pk")


def help_requests(actor: Actor, which: str = "open") -> QuerySet[HelpRequest]:
    """Requests in the actor's places: ``open`` and ``mine`` by their clock, ``late`` those whose clock ran out
    untaken, ``done`` the latest first."""
    actor.authorise(Action.REGISTRY_VIEW)
    found = HelpRequest.objects.visible_to(actor).select_related("helper")
    if which == "done":
        return found.filter(state=HelpState.DONE).order_by("-done_at", "-pk")
    found = found.exclude(state=HelpState.DONE).order_by("due_at", "pk")
    if which == "late":
        return found.filter(state=HelpState.OPEN, due_at__lte=timezone.now())
    return found.filter(taken_by=actor.name) if which == "mine" else found


@dataclass(frozen=True, slots=True)
class HelpCounts:
    """Requests that nobody has taken: emergencies, and those whose clock has run out."""

    emergencies: int
    late: int


def help_counts(actor: Actor) -> HelpCounts:
    """One query for whoever looks at everything at once."""
    actor.authorise(Action.REGISTRY_VIEW)
    untaken = HelpRequest.objects.visible_to(actor).filter(state=HelpState.OPEN)
    found = untaken.aggregate(
        emergencies=Count("pk", filter=Q(urgency="emergency")), late=Count("pk", filter=Q(due_at__lte=timezone.now()))
    )
    return HelpCounts(**found)


@dataclass(frozen=True, slots=True)
class InviteShown:
    """``state``: open, locked, superseded, used_up, ended, revoked."""

    invite: HouseholdInvite
    state: str
    phones: int


def invites_of_household(actor: Actor, household_id: int, most: int = 10) -> list[InviteShown]:
    actor.authorise(Action.REGISTRY_EDIT)
    found = HouseholdInvite.objects.visible_to(actor).filter(household_id=household_id).order_by("-made_at", "-pk")
    now = timezone.now()
    going_on = ResidentSession.objects.visible_to(actor).filter(
        household_id=household_id, ended_at=None, ends_at__gt=now
    )
    phones = dict(going_on.order_by().values_list("invite_id").annotate(n=Count("pk")))
    return [InviteShown(one, state_of(one, now), phones.get(one.pk, 0)) for one in found[:most]]


def state_of(invite: HouseholdInvite, now: datetime) -> str:
    from lianfang.domains.residents.services.invites import MOST_WRONG, refusal_of

    said = refusal_of(invite, now).removeprefix("link_")
    if said in ("", "superseded", "used_up") and invite.wrong_checks >= MOST_WRONG:
        return "locked"
    return said or "open"


def helpers_of_household(actor: Actor, household_id: int, most: int = 10) -> list[Helper]:
    actor.authorise(Action.REGISTRY_VIEW)
    return list(Helper.objects.visible_to(actor).filter(household_id=household_id).order_by("-began_at")[:most])


@dataclass(frozen=True, slots=True)
class Stairwell:
    """A place whose slips are printed together: how many households live there, how many have an open slip, how many
    have opened it, and how many people there have no phone."""

    place: Place
    households: int
    invited: int
    opened: int
    without_phone: int


def stairwells(actor: Actor, building: Place) -> list[Stairwell]:
    """The stairwells of a building in walking order; the building itself where households stand in it directly."""
    actor.authorise(Action.REGISTRY_EDIT)
    homes = Household.objects.visible_to(actor).filter(building_id=building.pk)
    lived_in = homes.filter(person__state__in=RESIDENT_STATES).distinct()
    place_of = dict(lived_in.values_list("pk", "place_id"))
    invites = HouseholdInvite.objects.visible_to(actor).filter(
        household_id__in=place_of, superseded_at=None, revoked_at=None, ends_at__gt=timezone.now()
    )
    used = dict(invites.order_by().values_list("household_id", "uses"))
    without = people_without_phone(actor, place_of)
    places = Place.objects.filter(pk__in=set(place_of.values())).order_by("sort_key", "pk")
    found = []
    for place in places:
        mine = {pk for pk, place_id in place_of.items() if place_id == place.pk}
        found.append(Stairwell(
            place, len(mine), len(mine & used.keys()), sum(1 for pk in mine if used.get(pk)),
            sum(1 for person in without if person.household_id in mine),
        ))  # fmt: skip
    return found


def households_at(actor: Actor, place: Place) -> list[Household]:
    """Households with somebody living in them at a stairwell, or anywhere in a building."""
    actor.authorise(Action.REGISTRY_EDIT)
    inside = Q(place_id=place.pk) if place.kind != "building" else Q(building_id=place.pk)
    homes = Household.objects.visible_to(actor).filter(inside, person__state__in=RESIDENT_STATES)
    return list(homes.distinct().order_by("sort_key", "pk"))


def people_without_phone(actor: Actor, household_ids: Collection[int]) -> list[Person]:
    """Who has no phone of their own, or says so, in walking order."""
    people = Person.objects.visible_to(actor).filter(household_id__in=household_ids, state__in=RESIDENT_STATES)
    found = people.filter(Q(special_needs__contains=["no_phone"]) | Q(phone_sealed=None))
    return list(found.select_related("household").order_by("sort_key", "pk"))
