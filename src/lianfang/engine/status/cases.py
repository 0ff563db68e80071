"""Cases of a pack: a situation, an instant, the expected decision, in YAML that a non-programmer reads and writes.

They stand in ``cases.yaml`` beside the pack; docs/guides/policy-packs.md says how to write one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from lianfang.engine.packs import PackError
from lianfang.engine.packs.model import Code, Instant, InThreeLanguages, Model, Status
from lianfang.engine.packs.validating import read_model
from lianfang.engine.packs.yaml_lines import read_yaml
from lianfang.engine.status.case_facts import FACTS, CaseTables, Fact
from lianfang.engine.status.contract import Decisions
from lianfang.engine.status.engine import StatusEngine

FILE = "cases.yaml"


class ExpectedTest(Model):
    """One test of the person that falls due; where ``tests`` is left out, they are not looked at."""

    for_: Code = Field(alias="for")
    day: date
    state: Annotated[str, Field(pattern="^(done|due|overdue|unknown)$")]


class Expected(Model):
    status: Status
    rule: str
    until: Instant | None = None
    also: tuple[str, ...] = ()
    emergency: bool = False
    tests: tuple[ExpectedTest, ...] | None = None


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
    got: Expected


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
            name = next((key for key in FACTS if key in fact), None)
            if name is None:
                file.problem("key_unknown", path, known=", ".join(FACTS), meant="–")
                continue
            facts.append(read_model(FACTS[name], file, path, fact))
        cases.append((case, tuple(facts), file.line_of((index,))))
    if file.problems:
        raise PackError(tuple(file.problems))
    return tuple(cases)


def run_cases(engine: StatusEngine, folder: Path) -> tuple[CaseOutcome, ...]:
    """Decide every case of the pack in ``folder`` and compare."""
    outcomes = []
    for case, facts, line in load_cases(folder):
        tables = CaseTables()
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
            tests=None if case.expect.tests is None else _tests(answer, person_id),
        )
        difference = "" if got == case.expect else f"expected {case.expect!r}, got {got!r}"
        outcomes.append(CaseOutcome(case, line, difference, got))
    return tuple(outcomes)


def _tests(answer: Decisions, person_id: int) -> tuple[ExpectedTest, ...]:
    rows = [row for row in answer.tests_due.to_pylist() if row["person_id"] == person_id]
    named = [{"for": row["rule_or_category"], "day": row["due_on"], "state": row["state"]} for row in rows]
    return tuple(ExpectedTest.model_validate(each) for each in named)
