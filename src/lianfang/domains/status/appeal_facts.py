"""Which facts an appeal may turn on, where each is put right, and whether it has been since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse

from lianfang.domains.areas.models import AreaLevel
from lianfang.domains.cases.models import Case, Exposure, PersonFact
from lianfang.domains.lab_testing.models import Result, RoundPerson, Sample
from lianfang.domains.registry.models import Household, Person
from lianfang.domains.status.evidence import Fact, FactShown, evidence_facts, facts_in_words
from lianfang.domains.status.models import EmergencyOverride, Objection, StatusOrder
from lianfang.foundation.access.actor import system_actor
from lianfang.foundation.access.scope import acting_as
from lianfang.foundation.web.language import t


@dataclass(frozen=True, slots=True)
class Correctable:
    """One fact that may be wrong: where to put it right (``url``, ``act``), and whether it has changed since."""

    fact: FactShown
    act: str
    url: str
    has_changed: bool


def facts_of_appeal(objection: Objection) -> list[Fact]:
    """What the status rested on when it was objected to; then who the person is and where they live."""
    own: list[Fact] = [("person", objection.person_id)]
    if objection.household_id is not None:
        own.append(("household", objection.household_id))
    return [*evidence_facts(objection.about.get("evidence", [])), *own]


def correctable_facts(objection: Objection) -> list[Correctable]:
    """The same in words, each with its way to the correction."""
    facts = facts_of_appeal(objection)
    words = facts_in_words(facts)
    return [
        Correctable(
            fact=_named(words[fact]),
            act=t(f"status.correct.{fact[0]}"),
            url=_url(fact, objection) or words[fact].url,
            has_changed=fact_changed_since(fact, objection),
        )
        for fact in facts
    ]


def fact_changed_since(fact: Fact, objection: Objection) -> bool:
    """Whether the fact was corrected, withdrawn or edited after the appeal was made."""
    table, number = fact
    if table not in _CHANGED:
        return False
    with acting_as(system_actor("appeals")):
        return _CHANGED[table](number, objection.made_at, objection.person_id)


def _named(fact: FactShown) -> FactShown:
    own = {"person": "status.fact.person", "household": "status.fact.household"}
    if fact.table not in own:
        return fact
    return FactShown(fact.table, fact.number, t(own[fact.table]), tone="quiet")


def _url(fact: Fact, objection: Objection) -> str:
    table, number = fact
    if table == "person":
        return reverse("registry:change_person", args=[number])
    if table == "household":
        return reverse("registry:change_household", args=[number])
    if table == "obligation":
        return reverse("lab_testing:excuse", args=[number, objection.person_id])
    return ""


def _result(number: int, since: datetime, _: int) -> bool:
    changed = Q(withdrawn_at__gte=since) | Q(superseded_by__received_at__gte=since) | Q(tube__voided_at__gte=since)
    return Result.objects.filter(changed, pk=number).exists()


def _sample(number: int, since: datetime, _: int) -> bool:
    return Sample.objects.filter(Q(voided_at__gte=since) | Q(tube__voided_at__gte=since), pk=number).exists()


def _case(number: int, since: datetime, _: int) -> bool:
    return Case.objects.filter(pk=number, release_recorded_at__gte=since).exists()


def _obligation(number: int, _: datetime, person_id: int) -> bool:
    return not RoundPerson.objects.filter(round_id=number, person_id=person_id, state="missing").exists()


def _order(number: int, since: datetime, _: int) -> bool:
    return StatusOrder.objects.filter(pk=number, withdrawn_at__gte=since).exists()


def _exposure(number: int, since: datetime, _: int) -> bool:
    return Exposure.objects.filter(Q(withdrawn_at__gte=since) | Q(closed_at__gte=since), pk=number).exists()


def _person_fact(number: int, since: datetime, person_id: int) -> bool:
    """Withdrawn, or something newer was stated of the same."""
    found = PersonFact.objects.filter(pk=number)
    if found.filter(withdrawn_at__gte=since).exists():
        return True
    newer = PersonFact.objects.filter(person_id=person_id, recorded_at__gte=since, withdrawn_at=None)
    return newer.filter(fact__in=found.values("fact")).exclude(pk=number).exists()


def _area_level(number: int, since: datetime, _: int) -> bool:
    return AreaLevel.objects.filter(pk=number, end_recorded_at__gte=since).exists()


def _override(number: int, since: datetime, _: int) -> bool:
    return EmergencyOverride.objects.filter(pk=number, ended_at__gte=since).exists()


def _edited(model: Any) -> Callable[[int, datetime, int], bool]:
    def changed(number: int, since: datetime, _: int) -> bool:
        history = model.events.rel.related_model.objects
        return bool(history.filter(pgh_obj_id=number, pgh_created_at__gte=since, pgh_label="update").exists())

    return changed


_CHANGED: Mapping[str, Callable[[int, datetime, int], bool]] = {
    "result": _result,
    "sample": _sample,
    "case": _case,
    "obligation": _obligation,
    "order": _order,
    "override": _override,
    "exposure": _exposure,
    "person_fact": _person_fact,
    "area_level": _area_level,
    "person": _edited(Person),
    "household": _edited(Household),
}
