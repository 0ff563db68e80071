"""Being at a place: a household's phone scanned the code that stands there, fresh or only in a picture."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.utils import timezone

from lianfang.domains.gates.models import PlaceEntry
from lianfang.domains.gates.problems import GateProblemError
from lianfang.domains.gates.services.place_codes import Entered, enter_place
from lianfang.domains.registry.models import Household, Person
from lianfang.domains.registry.selectors import household_people
from lianfang.domains.residents.problems import ResidentProblemError
from lianfang.engine.field.presence import read_place_code
from lianfang.foundation.access.actor import Actor, system_actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.audit.services import record

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Presence:
    """One person at one place. ``because``: why it is only seen; empty where presence is verified."""

    person: Person
    place: str
    gate: str
    at: datetime
    is_verified: bool
    because: str


def enter_at_place(
    *, actor: Actor, household: Household, person_ids: Collection[int], text: str, sent: UUID
) -> list[Presence]:
    """Keep that these people of the household scanned a place code now, by the server's clock: nobody is offline here.

    ``sent`` is the form's own number: sent twice, it counts once. Raises ResidentProblemError where nobody is named,
    for somebody of elsewhere, and for a text that is no place code.
    """
    actor.authorise(Action.OWN_HOUSEHOLD)
    people = {one.pk: one for one in household_people(actor, household, residents_only=True)}
    if not person_ids:
        raise ResidentProblemError("who_is_here", "person")
    if not set(person_ids) <= set(people):
        raise ResidentProblemError("person_elsewhere", "person")
    text, now, made = text.strip(), timezone.now(), list[PlaceEntry]()
    if read_place_code(text) is None:
        raise ResidentProblemError("place_code_unreadable", "code")
    for person_id in sorted(set(person_ids)):
        # A number of this household's own: nobody is answered with another's entry.
        item = uuid5(sent, f"{household.pk}:{person_id}:{text}")
        try:
            made.append(enter_place(Entered(item, text, now, now, person_id)))
        except GateProblemError as problem:
            raise ResidentProblemError("place_code_elsewhere", "code") from problem
        record(actor=actor, action="residents.enter_place", target_kind="place_entry", target_id=made[-1].pk,
               details={"presence": made[-1].presence})  # fmt: skip
    return _told(made, people)


def latest_presences(actor: Actor, household: Household) -> list[Presence]:
    """Where people of the household were lately, the latest first."""
    people = {one.pk: one for one in household_people(actor, household, residents_only=True)}
    found = PlaceEntry.objects.visible_to(actor).filter(person_id__in=people).order_by("-happened_at", "-pk")
    return _told(list(found[:SHOWN]), people)


def _told(entries: Sequence[PlaceEntry], people: dict[int, Person]) -> list[Presence]:
    """With the names of places, which may lie outside of what the household reads otherwise."""
    with acting_as(system_actor("residents")):
        found = PlaceEntry.objects.select_related("place", "place_code__gate").filter(
            pk__in=[one.pk for one in entries]
        )
        named = {one.pk: (one.place.name, one.place_code.gate.name if one.place_code.gate else "") for one in found}
    return [
        Presence(people[one.person_id or 0], *named[one.pk], one.happened_at, one.presence == "verified", one.because)
        for one in entries
    ]
