"""What results add to the register's pages: a panel for people, a badge in lists, rooms coloured by positive tubes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from lianfang.domains.lab_testing.models import Hold
from lianfang.domains.lab_testing.results import selectors
from lianfang.domains.registry import marks, panels
from lianfang.domains.registry.models import Person, Place
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tones import Tone

TONE: Mapping[str, Tone] = {"held": "warn", "expired": "bad", "case": "bad", "released": "good"}
_ICON = {"held": "hand-stop", "expired": "clock-exclamation", "case": "virus", "released": "circle-check"}
_WORST = ("case", "expired", "held", "released")


def register() -> None:
    """Called when the app is ready."""
    panels.register("holds", person_panel, order=15)
    panels.register_badges("holds", hold_badges, order=15)
    marks.register("positive", positive_marks, order=25, text_key="lab_results.marks.title", action=Action.TESTING_VIEW)


def person_panel(actor: Actor, person: Person) -> panels.Panel | None:
    """Why somebody is held, since when, until when, how it ends and how to object."""
    if not actor.may(Action.TESTING_VIEW):
        return None
    holds = list(selectors.holds_of_people(actor, [person.pk]))[:5]
    return (
        panels.Panel("lab_testing/results/panel_person.html", {"held": selectors.described(actor, holds)})
        if holds
        else None
    )


def hold_badges(actor: Actor, person_ids: Collection[int]) -> Mapping[int, panels.Badge]:
    if not actor.may(Action.TESTING_VIEW):
        return {}
    states = _states(
        Hold.objects.visible_to(actor)
        .filter(person_id__in=person_ids, state__in=selectors.OPEN)
        .values_list("person_id", "state")
    )
    return {
        pk: panels.Badge(TONE[state], t(f"lab_results.hold_state.{state}"), _ICON[state])
        for pk, state in states.items()
    }


def positive_marks(actor: Actor, building: Place, round_id: int | None) -> Mapping[int, marks.Mark]:
    """Households with somebody held, whose hold ended without a re-test, or a case; in a round where one is chosen."""
    holds = Hold.objects.visible_to(actor).filter(building_id=building.pk).exclude(household_id=None)
    if round_id is not None:
        holds = holds.filter(tube__round_id=round_id)
    states = _states(holds.values_list("household_id", "state"))
    return {
        pk: marks.Mark(
            TONE[state], t(f"lab_results.marks.{state}_words"), "", _ICON[state], t(f"lab_results.marks.{state}")
        )
        for pk, state in states.items()
    }


def _states(rows: Iterable[tuple[int | None, str]]) -> dict[int, str]:
    """The worst state of each."""
    found: dict[int, str] = {}
    for pk, state in rows:
        if pk is None:
            continue
        if pk not in found or _WORST.index(state) < _WORST.index(found[pk]):
            found[pk] = state
    return found
