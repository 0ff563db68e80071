"""Facts arrive, statuses follow. Each handler only says whose; being called twice decides the same again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lianfang.domains.cases import events as cases
from lianfang.domains.lab_testing import events as testing
from lianfang.domains.lab_testing.models import RoundPerson, Sample
from lianfang.domains.policy.services import PACK_ACTIVATED
from lianfang.domains.registry import events as registry
from lianfang.domains.registry.models import Person
from lianfang.domains.status.models import HealthStatus
from lianfang.domains.status.recompute import recompute
from lianfang.foundation.outbox.services import handles


def _whose(payload: Mapping[str, Any]) -> list[int]:
    named = list(payload.get("person_ids") or [])
    if payload.get("person_id") is not None:
        named.append(payload["person_id"])
    return named


def _follow(payload: Mapping[str, Any]) -> None:
    people = _whose(payload)
    if people:
        recompute(people)


def _follow_tube(payload: Mapping[str, Any]) -> None:
    """A swab more or less makes a single tube a pool, or a pool a single: everybody in it is looked at."""
    mates = Sample.objects.filter(tube_id=payload["tube_id"], person_id__isnull=False).values_list(
        "person_id", flat=True
    )
    recompute({*_whose(payload), *(pk for pk in mates if pk is not None)})


def _follow_round(payload: Mapping[str, Any]) -> None:
    people = RoundPerson.objects.filter(round_id=payload["round_id"], state="missing").values_list(
        "person_id", flat=True
    )
    recompute(people.iterator(chunk_size=10_000))


def _forget(payload: Mapping[str, Any]) -> None:
    """An import was undone: nobody is left whose status it could be. The history keeps what was decided."""
    HealthStatus.objects.filter(person_id__in=_whose(payload)).delete()


def _follow_place(payload: Mapping[str, Any]) -> None:
    """Other rules are in force: everybody inside is decided anew."""
    people = Person.objects.all()
    if payload["place_id"] is not None:
        people = people.filter(household__place__path__contains=[payload["place_id"]])
    recompute(people.values_list("pk", flat=True).iterator(chunk_size=10_000))


for _name in (
    registry.PERSON_REGISTERED,
    registry.PEOPLE_REGISTERED,
    registry.PERSON_MOVED,
    registry.PEOPLE_CHANGED,
    testing.RESULTS_APPLIED,
    testing.SAMPLES_LOADED,
    testing.TUBE_VOIDED,
    testing.HOLD_OPENED,
    testing.HOLD_SETTLED,
    cases.CASE_OPENED,
    cases.CASE_CHANGED,
    cases.CASE_RELEASED,
):
    handles(_name)(_follow)
for _name in (testing.SAMPLE_RECORDED, testing.SAMPLE_VOIDED):
    handles(_name)(_follow_tube)
handles(testing.ROUND_CLOSED)(_follow_round)
handles(PACK_ACTIVATED)(_follow_place)
handles(registry.PEOPLE_REMOVED)(_forget)
