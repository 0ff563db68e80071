"""What testing adds to the register's pages: rooms coloured by who was sampled, and a panel for households and
people."""

from __future__ import annotations

from collections.abc import Mapping

from lianfang.domains.lab_testing.finding import round_for
from lianfang.domains.lab_testing.models import Round, RoundPerson
from lianfang.domains.lab_testing.refusals import NotFoundError
from lianfang.domains.lab_testing.selectors import HouseholdState, current_round, household_states, person_testing
from lianfang.domains.registry import marks, panels
from lianfang.domains.registry.models import Household, Person, Place
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.language import t

MOST_SHOWN = 6


def register() -> None:
    """Called when the app is ready."""
    marks.register("tested", tested_marks, order=20, text_key="lab_testing.marks.tested", action=Action.TESTING_VIEW)
    panels.register("testing", person_panel, order=30)
    panels.register("testing", household_panel, order=20, page="household")
    panels.register("testing", own_panel, order=20, page="own_household")


def _round(actor: Actor, place: Place | Household | Person, round_id: int | None) -> Round | None:
    if round_id is None:
        return current_round(actor, place.township_id or 0, place.community_id)
    try:
        return round_for(actor, round_id)
    except NotFoundError:
        return None


def tested_marks(actor: Actor, building: Place, round_id: int | None) -> Mapping[int, marks.Mark]:
    """Each household of a building in a round: all sampled, somebody missing, something wrong with a result,
    nobody due."""
    round_ = _round(actor, building, round_id)
    if round_ is None:
        return {}
    expected = RoundPerson.objects.visible_to(actor).filter(round=round_, building_id=building.pk)
    ids = {pk for pk in expected.values_list("household_id", flat=True) if pk is not None}
    return {pk: mark_of(state) for pk, state in household_states(actor, round_, ids).items()}


def mark_of(state: HouseholdState) -> marks.Mark:
    """The colour of one household; the worst that is known of it counts."""
    due = state.sampled + state.missing
    note, gaps = (
        f"{state.sampled}/{due}" if due else "",
        {"sampled": state.sampled, "due": due, "missing": state.missing},
    )
    if state.alarm:
        return marks.Mark(
            "bad",
            t("lab_testing.marks.alarm_words", count=state.alarm),
            note,
            "alert-octagon",
            t("lab_testing.marks.alarm"),
        )
    if state.missing:
        return marks.Mark(
            "warn", t("lab_testing.marks.missing_words", **gaps), note, "user-search", t("lab_testing.marks.missing")
        )
    if not due:
        return marks.Mark(
            "quiet", t("lab_testing.marks.nobody_due"), "", "shield-check", t("lab_testing.marks.nobody_due")
        )
    if state.waiting:
        return marks.Mark(
            "info", t("lab_testing.marks.waiting_words", **gaps), note, "hourglass", t("lab_testing.marks.waiting")
        )
    return marks.Mark(
        "good", t("lab_testing.marks.done_words", **gaps), note, "circle-check", t("lab_testing.marks.done")
    )


def household_panel(actor: Actor, household: Household) -> panels.Panel | None:
    """Who of a household is sampled, missing or excused in the current round."""
    round_ = _round(actor, household, None) if actor.may(Action.TESTING_VIEW) else None
    if round_ is None:
        return None
    rows = list(
        RoundPerson.objects.visible_to(actor).filter(round=round_, household_id=household.pk).order_by("person_id")
    )
    names = dict(
        Person.objects.visible_to(actor).filter(pk__in=[row.person_id for row in rows]).values_list("pk", "name")
    )
    people = [(names.get(row.person_id, ""), row) for row in rows]
    return panels.Panel(
        "lab_testing/panel_household.html", {"testing_round": round_, "testing_people": people, "may_open": True}
    )


def own_panel(actor: Actor, household: Household) -> panels.Panel | None:
    """The same for a resident's own household, without a way into staff pages."""
    rows = list(RoundPerson.objects.visible_to(actor).filter(household_id=household.pk).select_related("round"))
    if not rows:
        return None
    latest = max((row.round for row in rows), key=lambda round_: (round_.starts_at, round_.pk))
    mine = [row for row in rows if row.round_id == latest.pk]
    names = dict(
        Person.objects.visible_to(actor).filter(pk__in=[row.person_id for row in mine]).values_list("pk", "name")
    )
    people = [(names.get(row.person_id, ""), row) for row in mine]
    return panels.Panel(
        "lab_testing/panel_household.html", {"testing_round": latest, "testing_people": people, "may_open": False}
    )


def person_panel(actor: Actor, person: Person) -> panels.Panel | None:
    """A person's last swabs and rounds."""
    if not actor.may(Action.TESTING_VIEW):
        return None
    found = person_testing(actor, person.pk, MOST_SHOWN)
    if not found.swabs and not found.rounds:
        return None
    return panels.Panel("lab_testing/panel_person.html", {"testing": found})
