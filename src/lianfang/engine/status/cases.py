"""Cases of a pack: a situation, an instant, the expected decision, in YAML that a non-programmer reads and writes.

They stand in ``cases.yaml`` beside the pack; docs/guides/policy-packs.md says how to write one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field, model_validator

from lianfang.engine.packs import PackError
from lianfang.engine.packs.model import Instant, InThreeLanguages, Model, Status
from lianfang.engine.packs.validating import read_model
from lianfang.engine.packs.yaml_lines import read_yaml
from lianfang.engine.status.contract import FACT_CONTRACTS, StatusFacts
from lianfang.engine.status.engine import StatusEngine

FILE = "cases.yaml"
Names = Annotated[tuple[str, ...], Field(min_length=1)]


class Swabs(Model):
    """Several people's swabs in one tube."""

    sampled: Names
    at: Instant | None = None
    day_only: bool = False
    tube: str | None = None
    capacity: int | None = None
    household: bool = False
    round: int | None = None
    known: Instant | None = None
    void_from: Instant | None = None
    tube_void_from: Instant | None = None

    @model_validator(mode="after")
    def _has_a_time(self) -> Swabs:
        if self.at is None and self.known is None:
            raise ValueError("a swab without a time needs 'known': when it was recorded")
        return self


class Report(Model):
    """A laboratory's result of a tube, or of a person where it names no tube."""

    result: Annotated[str, Field(pattern="^(negative|positive|indeterminate|invalid)$")]
    tube: str | None = None
    person: str | None = None
    tested: Instant | None = None
    reported: Instant | None = None
    received: Instant
    day_only: bool = False
    laboratory: str | None = None
    id: str | None = None
    corrected_by: str | None = None
    withdrawn: Instant | None = None


class Infection(Model):
    infected: str
    confirmed: Instant | None = None
    known: Instant
    released: Instant | None = None
    release_known: Instant | None = None


class Missed(Model):
    missed_round: int
    person: str
    ended: Instant
    known: Instant | None = None
    withdrawn: Instant | None = None


class Order(Model):
    order: str
    person: str
    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    because: str | None = None
    proposed_by: int | None = None
    approved_by: int | None = None
    known: Instant
    revoked: Instant | None = None


class Emergency(Model):
    emergency: str
    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    known: Instant
    revoked: Instant | None = None


Fact = Swabs | Report | Infection | Missed | Order | Emergency
_FACTS: Mapping[str, type[Model]] = {
    "sampled": Swabs,
    "result": Report,
    "infected": Infection,
    "missed_round": Missed,
    "order": Order,
    "emergency": Emergency,
}


class Expected(Model):
    status: Status
    rule: str
    until: Instant | None = None
    also: tuple[str, ...] = ()
    emergency: bool = False


class Case(Model):
    """What is known (facts), about whom, when, and what is to come out."""

    situation: InThreeLanguages
    person: str
    when: Instant
    facts: tuple[dict[str, Any], ...]
    expect: Expected


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """A case with what came out; ``difference`` is empty where it is as expected."""

    case: Case
    line: int
    difference: str


def load_cases(folder: Path) -> tuple[tuple[Case, tuple[Fact, ...], int], ...]:
    """Cases with their facts and lines. Raises ``PackError`` with file, line and key of everything unreadable."""
    file = read_yaml(folder / FILE, FILE)
    entries = file.content if isinstance(file.content, tuple) else ()
    if not entries and not file.problems:
        file.problem("wrong_type", (), wanted="list", given=type(file.content).__name__)
    cases = []
    for index, entry in enumerate(entries):
        case = read_model(Case, file, (index,), entry)
        if case is None:
            continue
        facts: list[Any] = []
        for position, fact in enumerate(case.facts):
            path = (index, "facts", position)
            name = next((key for key in _FACTS if key in fact), None)
            if name is None:
                file.problem("key_unknown", path, known=", ".join(_FACTS), meant="–")
                continue
            facts.append(read_model(_FACTS[name], file, path, fact))
        cases.append((case, tuple(facts), file.line_of((index,))))
    if file.problems:
        raise PackError(tuple(file.problems))
    return tuple(cases)


def run_cases(engine: StatusEngine, folder: Path) -> tuple[CaseOutcome, ...]:
    """Decide every case of the pack in ``folder`` and compare."""
    outcomes = []
    for case, facts, line in load_cases(folder):
        tables = _Tables()
        person_id = tables.person(case.person)
        for fact in facts:
            tables.add(fact)
        answer = engine.decide(tables.facts(), case.when)
        decision = next(row for row in answer.decisions.to_pylist() if row["person_id"] == person_id)
        also = tuple(row["rule_id"] for row in answer.reasons.to_pylist() if row["person_id"] == person_id)
        got = Expected(
            status=decision["status"],
            rule=decision["rule_id"],
            until=decision["until"],
            also=also,
            emergency=decision["is_emergency"],
        )
        difference = "" if got == case.expect else f"expected {case.expect!r}, got {got!r}"
        outcomes.append(CaseOutcome(case, line, difference))
    return tuple(outcomes)


class _Tables:
    """Collects the facts of one case as rows; people, tubes and results are numbered as they are named."""

    def __init__(self) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in FACT_CONTRACTS}
        self._numbers: dict[tuple[str, str], int] = {}

    def _number(self, kind: str, name: str) -> int:
        return self._numbers.setdefault((kind, name), sum(1 for key in self._numbers if key[0] == kind) + 1)

    def person(self, name: str) -> int:
        is_new = ("person", name) not in self._numbers
        number = self._number("person", name)
        if is_new:
            self._rows["persons"].append({"person_id": number})
        return number

    def add(self, fact: Fact) -> None:
        {
            Swabs: self._swabs,
            Report: self._report,
            Infection: self._infection,
            Missed: self._missed,
            Order: self._order,
            Emergency: self._emergency,
        }[type(fact)](fact)

    def facts(self) -> StatusFacts:
        return StatusFacts(
            **{
                name: pa.Table.from_pylist(rows, schema=FACT_CONTRACTS[name].schema)
                for name, rows in self._rows.items()
            }
        )

    def _swabs(self, fact: Any) -> None:
        tube_id = None if fact.tube is None else self._number("tube", fact.tube)
        if tube_id is not None and all(row["tube_id"] != tube_id for row in self._rows["tubes"]):
            self._rows["tubes"].append(
                {
                    "tube_id": tube_id,
                    "capacity": fact.capacity,
                    "is_household": fact.household,
                    "is_void": fact.tube_void_from is not None,
                    "voided_at": fact.tube_void_from,
                }
            )
        for name in fact.sampled:
            self._rows["samples"].append(
                {
                    "sample_id": len(self._rows["samples"]) + 1,
                    "person_id": self.person(name),
                    "tube_id": tube_id,
                    "sampled_at": fact.at,
                    "sampled_at_has_time": not fact.day_only,
                    "round_id": fact.round,
                    "is_void": fact.void_from is not None,
                    "voided_at": fact.void_from,
                    "recorded_at": fact.known or fact.at,
                }
            )

    def _report(self, fact: Any) -> None:
        position = len(self._rows["results"])
        self._rows["results"].append(
            {
                "result_id": self._number("result", fact.id or f"#{position}"),
                "tube_id": None if fact.tube is None else self._number("tube", fact.tube),
                "person_id": None if fact.person is None else self.person(fact.person),
                "outcome": fact.result,
                "tested_at": fact.tested,
                "tested_at_has_time": not fact.day_only,
                "reported_at": fact.reported,
                "reported_at_has_time": not fact.day_only,
                "received_at": fact.received,
                "laboratory": fact.laboratory,
                "superseded_by": None if fact.corrected_by is None else self._number("result", fact.corrected_by),
                "withdrawn_at": fact.withdrawn,
            }
        )

    def _infection(self, fact: Any) -> None:
        self._rows["cases"].append(
            {
                "case_id": len(self._rows["cases"]) + 1,
                "person_id": self.person(fact.infected),
                "confirmed_at": fact.confirmed,
                "recorded_at": fact.known,
                "released_at": fact.released,
                "release_recorded_at": fact.release_known,
            }
        )

    def _missed(self, fact: Any) -> None:
        self._rows["obligations"].append(
            {
                "round_id": fact.missed_round,
                "person_id": self.person(fact.person),
                "ended_at": fact.ended,
                "recorded_at": fact.known or fact.ended,
                "withdrawn_at": fact.withdrawn,
            }
        )

    def _order(self, fact: Any) -> None:
        self._rows["orders"].append(
            {
                "order_id": len(self._rows["orders"]) + 1,
                "person_id": self.person(fact.person),
                "rule_id": fact.order,
                "reason": fact.because,
                "proposed_by": fact.proposed_by,
                "approved_by": fact.approved_by,
                "starts_at": fact.from_,
                "ends_at": fact.to,
                "recorded_at": fact.known,
                "revoked_at": fact.revoked,
            }
        )

    def _emergency(self, fact: Any) -> None:
        self._rows["overrides"].append(
            {
                "override_id": len(self._rows["overrides"]) + 1,
                "person_id": self.person(fact.emergency),
                "starts_at": fact.from_,
                "ends_at": fact.to,
                "recorded_at": fact.known,
                "revoked_at": fact.revoked,
            }
        )
