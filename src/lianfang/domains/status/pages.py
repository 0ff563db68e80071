"""What statuses add to the registry's pages: a panel on the person's page, a badge in lists, a mode of the building."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lianfang.domains.cases.exposure_pages import exposures_shown
from lianfang.domains.registry.marks import Mark
from lianfang.domains.registry.models import Person, Place
from lianfang.domains.registry.panels import Badge, Panel
from lianfang.domains.status.followed import tests_due_of
from lianfang.domains.status.models import HealthStatus, Objection
from lianfang.domains.status.timeline import timeline_of
from lianfang.domains.status.words import explain, reason_of
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action
from lianfang.foundation.web.language import t
from lianfang.foundation.web.tones import PILLS

OWN_STEPS = 12
OWN_APPEALS = 5
_WORST_FIRST = ("red", "yellow", "unknown", "green")


def person_panel(actor: Actor, person: Person) -> Panel | None:
    if not actor.may(Action.STATUS_VIEW):
        return None
    found = HealthStatus.objects.visible_to(actor).filter(person_id=person.pk).first()
    # Who has no decision has no rules that could ask for a test.
    tests = [] if found is None else tests_due_of(person.pk)
    return Panel("status/panel.html", {"explained": explain(found), "person": person, "tests": tests})


def own_panel(actor: Actor, person: Person) -> Panel | None:
    """What a resident reads of each one of the household, in plain words, with where to object."""
    found = HealthStatus.objects.visible_to(actor).filter(person_id=person.pk).first()
    steps = timeline_of(actor, person.pk, most=OWN_STEPS)
    appeals = Objection.objects.visible_to(actor).filter(person_id=person.pk).order_by("-made_at")[:OWN_APPEALS]
    return Panel(
        "status/own_panel.html",
        {
            "explained": explain(found), "person": person, "steps": steps, "appeals": appeals,
            "tests": [] if found is None else tests_due_of(person.pk),
            "exposures": [one for one in exposures_shown(actor, person) if one.is_current],
        },
    )  # fmt: skip


def badges(actor: Actor, person_ids: Collection[int]) -> Mapping[int, Badge]:
    if not actor.may(Action.STATUS_VIEW):
        return {}
    found = HealthStatus.objects.visible_to(actor).filter(person_id__in=person_ids, status__in=("red", "yellow"))
    return {
        one.person_id: Badge(PILLS[one.status][0], t(PILLS[one.status][2]), PILLS[one.status][1], reason_of(one))
        for one in found
    }


def building_marks(actor: Actor, building: Place, round_id: int | None) -> Mapping[int, Mark]:
    """Each household in the colour of its worst status."""
    worst: dict[int, list[str]] = {}
    rows = HealthStatus.objects.visible_to(actor).filter(building_id=building.pk, household_id__isnull=False)
    for household, status in rows.values_list("household_id", "status"):
        if household is not None:
            worst.setdefault(household, []).append(status)
    return {household: _mark(found) for household, found in worst.items()}


def _mark(found: list[str]) -> Mark:
    status = next(one for one in _WORST_FIRST if one in found)
    tone, icon, key = PILLS[status]
    count = found.count(status)
    return Mark(tone, t("status.mark", count=count, status=t(key)), str(count) if count > 1 else "", icon, t(key))
