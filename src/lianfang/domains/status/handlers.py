"""Facts arrive, statuses follow. Each handler only says whose; being called twice decides the same again.

None waits for another run: whoever enters a result while a file of a hundred thousand is being followed goes on, and
whom that run has is decided after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lianfang.domains.areas import events as areas
from lianfang.domains.areas.selectors import people_inside
from lianfang.domains.cases import events as cases
from lianfang.domains.lab_testing import events as testing
from lianfang.domains.lab_testing.models import Round, RoundPerson, RoundState, Sample
from lianfang.domains.policy.models import PackActivation
from lianfang.domains.policy.services import ACTIVATION_PROPOSED, PACK_ACTIVATED
from lianfang.domains.registry import events as registry
from lianfang.domains.registry.models import Person
from lianfang.domains.status import events, jobs
from lianfang.domains.status.models import HealthStatus
from lianfang.domains.status.previews import AT_ONCE, preview_activation
from lianfang.domains.status.recompute import recompute
from lianfang.foundation.outbox.services import Handler, NotYetError, handles


def _whose(payload: Mapping[str, Any]) -> list[int]:
    named = list(payload.get("person_ids") or [])
    if payload.get("person_id") is not None:
        named.append(payload["person_id"])
    return named


def _causes(payload: Mapping[str, Any]) -> list[int]:
    """Accounts that an event names as those whose doing it tells of."""
    return [account for account in payload.get("caused_by_ids") or [] if account is not None]


def _decide(people: Iterable[int], why: str, payload: Mapping[str, Any]) -> None:
    recompute(people, why=why, caused_by=_causes(payload), gives_way=True)


def _follow(why: str) -> Handler:
    def decide(payload: Mapping[str, Any]) -> None:
        people = _whose(payload)
        if people:
            _decide(people, why, payload)

    return decide


def _follow_tube(payload: Mapping[str, Any]) -> None:
    """A swab more or less makes a single tube a pool, or a pool a single: everybody in it is looked at."""
    mates = Sample.objects.filter(tube_id=payload["tube_id"], person_id__isnull=False).values_list(
        "person_id", flat=True
    )
    recompute(
        {*_whose(payload), *(pk for pk in mates if pk is not None)},
        why="samples",
        caused_by=_causes(payload),
        gives_way=True,
    )


def _follow_round(payload: Mapping[str, Any]) -> None:
    people = RoundPerson.objects.filter(round_id=payload["round_id"], state="missing").values_list(
        "person_id", flat=True
    )
    _decide(people.iterator(chunk_size=10_000), "round", payload)


def _follow_excuse(payload: Mapping[str, Any]) -> None:
    """Somebody is excused from a round that is closed: no longer somebody who missed it. Before that nobody has."""
    if Round.objects.filter(pk=payload["round_id"], state=RoundState.CLOSED).exists():
        _decide(_whose(payload), "round", payload)


def _forget(payload: Mapping[str, Any]) -> None:
    """An import was undone: nobody is left whose status it could be. The history keeps what was decided."""
    HealthStatus.objects.filter(person_id__in=_whose(payload)).delete()


def _follow_place(payload: Mapping[str, Any]) -> None:
    """Other rules are in force: everybody inside is decided anew. Who proposed them does not approve what a run under
    them was stopped for; the second person, who approved them with the preview before them, may."""
    people = Person.objects.all()
    if payload["place_id"] is not None:
        people = people.filter(household__place__path__contains=[payload["place_id"]])
    caused = PackActivation.objects.filter(pk=payload["activation_id"]).values_list("proposed_by_id", flat=True)
    recompute(
        people.values_list("pk", flat=True).iterator(chunk_size=10_000),
        why="pack",
        caused_by=[account for account in caused if account is not None],
        gives_way=True,
    )


def _follow_area(payload: Mapping[str, Any]) -> None:
    """The level of a place changed: everybody who lives in it, or is noted there, is decided anew."""
    people = people_inside(payload["place_id"]).values_list("pk", flat=True)
    _decide(people.iterator(chunk_size=10_000), "area", payload)


def _follow_left(payload: Mapping[str, Any]) -> None:
    run = recompute(_whose(payload), gives_way=True)
    if run.left and not run.decided:
        raise NotYetError


def _preview(payload: Mapping[str, Any]) -> None:
    """What the proposal would change: at once where few live, else in the background."""
    people = Person.objects.all()
    if payload["place_id"] is not None:
        people = people.filter(household__place__path__contains=[payload["place_id"]])
    if people.count() <= AT_ONCE:
        preview_activation(payload["activation_id"])
    else:
        jobs.preview_proposal.defer(activation_id=payload["activation_id"])


_FOLLOWED = {
    registry.PERSON_REGISTERED: "registered",
    registry.PEOPLE_REGISTERED: "registered",
    registry.PERSON_MOVED: "moved",
    registry.PEOPLE_CHANGED: "moved",
    registry.PERSON_STATE_CHANGED: "moved",
    testing.RESULTS_APPLIED: "results",
    testing.SAMPLES_LOADED: "samples",
    testing.TUBE_VOIDED: "samples",
    testing.HOLD_OPENED: "results",
    testing.HOLD_SETTLED: "results",
    cases.CASE_OPENED: "case",
    cases.CASE_CHANGED: "case",
    cases.CASE_RELEASED: "case",
    cases.EXPOSURES_OPENED: "exposure",
    cases.EXPOSURES_ENDED: "exposure",
    cases.PERSON_FACTS_CHANGED: "person_fact",
}
for _name, _why in _FOLLOWED.items():
    handles(_name)(_follow(_why))
for _name in (testing.SAMPLE_RECORDED, testing.SAMPLE_VOIDED):
    handles(_name)(_follow_tube)
handles(events.DECISION_LEFT)(_follow_left)
handles(testing.ROUND_CLOSED)(_follow_round)
handles(testing.PERSON_EXCUSED)(_follow_excuse)
handles(ACTIVATION_PROPOSED)(_preview)
handles(PACK_ACTIVATED)(_follow_place)
handles(areas.AREA_LEVEL_CHANGED)(_follow_area)
handles(registry.PEOPLE_REMOVED)(_forget)
