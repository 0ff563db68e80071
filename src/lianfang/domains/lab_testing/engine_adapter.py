"""Rows of a round → the tables of ``engine.rounds``, and the proof that product and engine count alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from django.utils import timezone

from lianfang.domains.lab_testing import roster
from lianfang.domains.lab_testing.finding import round_for
from lianfang.domains.lab_testing.models import Result, ResultState, Round, RoundPerson, Sample, TubeState
from lianfang.domains.lab_testing.reasons import reason_for_engine
from lianfang.domains.lab_testing.selectors.coverage import Counts, coverage, recount
from lianfang.domains.registry.models import Household, Person
from lianfang.engine.rounds.contract import RoundAnswer, RoundSettings
from lianfang.engine.rounds.reconcile import reconcile_round
from lianfang.engine.tables import EXEMPT, RESULTS, ROSTER, SAMPLES, TableContract
from lianfang.foundation.access.actor import Actor
from lianfang.foundation.access.roles import Action


@dataclass(frozen=True, slots=True)
class RoundTables:
    """The four tables that ``reconcile_round`` takes, of what the actor sees."""

    roster: pa.Table
    samples: pa.Table
    results: pa.Table
    exempt: pa.Table


def local(instant: datetime | None) -> datetime | None:
    """The engine's instants: naive local time, to the second."""
    return None if instant is None else timezone.localtime(instant).replace(tzinfo=None, microsecond=0)


def person_key(person_id: int | None, id_index: bytes | memoryview | None = None, sample_id: int = 0) -> str:
    """The same person has the same key in every table; somebody on no roster is known by the number's index, or
    not at all."""
    if person_id is not None:
        return f"p{person_id}"
    return f"i{bytes(id_index).hex()}" if id_index is not None else f"s{sample_id}"


def _table(contract: TableContract, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    given = list(rows)
    schema = contract.schema.append(pa.field("person_key", pa.string()))
    return pa.table(
        {field.name: pa.array([row.get(field.name) for row in given], field.type) for field in schema}, schema=schema
    )


def round_tables(actor: Actor, round_: Round) -> RoundTables:
    """Read a round: one query per table, and one each for people, households and places."""
    expected = list(RoundPerson.objects.visible_to(actor).filter(round=round_).order_by("walking_key", "id"))
    swabs = (
        Sample.objects.visible_to(actor).filter(round_id=round_.pk).select_related("tube", "tube__team").order_by("id")
    )
    results = Result.objects.visible_to(actor).filter(tube__round=round_).select_related("tube").order_by("id")
    return RoundTables(
        _table(ROSTER, _roster_rows(actor, expected)), _table(SAMPLES, map(_sample_row, swabs)),
        _table(RESULTS, map(_result_row, results)),
        _table(EXEMPT, ({"record_id": one.pk, "person_key": person_key(one.person_id), "reason_is_asked": True,
                         "reason": reason_for_engine(one.reason, one.claim)} for one in expected if one.claim)),
    )  # fmt: skip


def _roster_rows(actor: Actor, expected: Sequence[RoundPerson]) -> Iterable[Mapping[str, Any]]:
    people = Person.objects.visible_to(actor).filter(pk__in=[one.person_id for one in expected])
    names = dict(people.values_list("pk", "name"))
    homes = Household.objects.visible_to(actor).filter(pk__in={one.household_id for one in expected})
    rooms = {pk: (room, compound_id) for pk, room, compound_id in homes.values_list("pk", "room", "compound_id")}
    ids = {pk for one in expected for pk in (one.township_id, one.community_id, one.building_id, one.unit_id)}
    places = roster.names_of(ids | {compound_id for _, compound_id in rooms.values()})
    for one in expected:
        room, compound_id = rooms.get(one.household_id or 0, (None, None))
        yield {
            "record_id": one.pk, "person_key": person_key(one.person_id), "name": names.get(one.person_id),
            "township": places.get(one.township_id), "community": places.get(one.community_id),
            "compound": places.get(compound_id or 0), "building": places.get(one.building_id or 0),
            "unit": places.get(one.unit_id or 0), "room": room or None,
        }  # fmt: skip


def _sample_row(sample: Sample) -> Mapping[str, Any]:
    tube = sample.tube
    kind = "household" if tube.is_household else "single" if tube.capacity == 1 else "pool"
    return {
        "record_id": sample.pk,
        "person_key": person_key(sample.person_id, sample.id_index, sample.pk),
        "name": sample.name,
        "tube_code": tube.code,
        "box_code": tube.box_code or None,
        "test_kind": kind,
        "tube_capacity": 0 if tube.is_household else tube.capacity,
        "position_in_tube": sample.position,
        "sampled_at": local(sample.sampled_at),
        "sampled_at_has_time": True,
        "sampling_team": None if tube.team is None else tube.team.name,
        "sampler": sample.sampler or None,
        "status_code": "void" if sample.is_void or tube.state == TubeState.VOID else None,
    }


# What no longer speaks for its tube, or cannot be told which of a person's swabs it means.
_TAKEN_BACK = (ResultState.SUPERSEDED, ResultState.WITHDRAWN, ResultState.WHICH_SAMPLE)


def _result_row(result: Result) -> Mapping[str, Any]:
    return {
        "record_id": result.pk,
        "person_key": None,
        "tube_code": result.tube.code if result.tube else result.tube_code,
        "result": result.outcome or None,
        "result_given": result.given or None,
        "laboratory": result.laboratory or None,
        "received_at": local(result.received_at),
        "tested_at": local(result.tested_at),
        "tested_at_has_time": result.tested_at_has_time,
        "reported_result_at": local(result.reported_at),
        "reported_result_at_has_time": result.reported_at_has_time,
        "status_code": "void" if result.state in _TAKEN_BACK else None,
    }


def reconcile(actor: Actor, round_: Round, as_of: datetime | None = None) -> RoundAnswer:
    """Count the round by the engine, as `lianfang reconcile` counts files.

    Which round a swab belongs to is known here by its tube, so the engine is given no hours to sort it by.
    """
    tables = round_tables(actor, round_)
    now = local(as_of or timezone.now())
    if now is None:
        raise ValueError("as_of")
    settings = RoundSettings(as_of=now, late_after=timedelta(hours=round_.result_due_hours))
    return reconcile_round(
        roster=tables.roster, samples=tables.samples, results=tables.results, exempt=tables.exempt, settings=settings
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """Somebody on whom product and engine disagree."""

    person_id: int
    product: str
    engine: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The counts of a round as pages show them, as its rows say, and as the engine finds them from the facts; and every
    person on whom product and engine differ."""

    product: Counts
    rows: Counts
    engine: Counts
    unrostered: tuple[int, int]
    differences: tuple[Difference, ...]
    outcomes: Mapping[str, int]
    at: datetime

    @property
    def holds(self) -> bool:
        return (
            self.product == self.rows == self.engine
            and not self.differences
            and self.unrostered[0] == self.unrostered[1]
        )


def prove_round(*, actor: Actor, round_id: int) -> Proof:
    """Count the round twice, by its own rows and by the engine from the facts, and compare person by person."""
    actor.authorise(Action.TESTING_VIEW)
    round_ = round_for(actor, round_id)
    answer = reconcile(actor, round_)
    states = dict(zip(answer.people["person_key"].to_pylist(), answer.people["state"].to_pylist(), strict=True))
    mine = dict(RoundPerson.objects.visible_to(actor).filter(round=round_).values_list("person_id", "state"))
    differences = [
        Difference(person_id, state, states.get(person_key(person_id)) or "unknown")
        for person_id, state in sorted(mine.items())
        if states.get(person_key(person_id)) != state
    ]
    counted = coverage(actor, round_)
    engine = Counter(state for state in states.values() if state != "unrostered")
    totals = answer.totals.to_pylist()[0]
    return Proof(
        counted.total, recount(actor, round_),
        Counts(engine.total(), *(engine[name] for name in ("exempt", "away", "sampled", "missing"))),
        (counted.unrostered, int(totals["unrostered"])), tuple(differences),
        {name: int(totals[name]) for name in ("negative", "released", "pending", "unclear", "held", "positive")},
        timezone.now(),
    )  # fmt: skip
