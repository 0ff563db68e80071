"""The facts of a case as its YAML says them, and the engine's tables made from them.

docs/guides/policy-packs.md says how to write one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field, model_validator

from lianfang.engine.packs.model import Instant, Model
from lianfang.engine.status.contract import FACT_CONTRACTS, StatusFacts

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
    under: str | None = None


class Emergency(Model):
    emergency: str
    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    known: Instant
    revoked: Instant | None = None


class Exposure(Model):
    """A person came under a category of the pack; ``day_0`` is the day that the category's anchor names."""

    exposed: str
    as_: str = Field(alias="as")
    day_0: date
    known: Instant
    opened: Instant | None = None
    under: str | None = None
    closed: Instant | None = None
    withdrawn: Instant | None = None


class Lives(Model):
    lives: str
    in_: str = Field(alias="in")
    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    known: Instant | None = None


class PlaceWithin(Model):
    """A place lies in another one; what that lies in follows from its own entry."""

    place: str
    within: str


class LevelOfPlace(Model):
    level: str
    of: str
    from_: Instant = Field(alias="from")
    to: Instant | None = None
    known: Instant | None = None
    to_known: Instant | None = None


class PersonFact(Model):
    """A declared fact about a person: a number, a word, or yes and no."""

    fact: str
    person: str
    value: bool | int | float | str
    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    known: Instant | None = None
    withdrawn: Instant | None = None


Fact = (
    Swabs | Report | Infection | Missed | Order | Emergency | Exposure | Lives | PlaceWithin | LevelOfPlace | PersonFact
)
FACTS: Mapping[str, type[Model]] = {
    "sampled": Swabs,
    "result": Report,
    "infected": Infection,
    "missed_round": Missed,
    "order": Order,
    "emergency": Emergency,
    "exposed": Exposure,
    "lives": Lives,
    "place": PlaceWithin,
    "level": LevelOfPlace,
    "fact": PersonFact,
}
# Known here from the beginning, where a case does not say when.
_ALWAYS = datetime(2000, 1, 1)


class CaseTables:
    """Collects the facts of one case as rows; people, tubes and results are numbered as they are named."""

    def __init__(self) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in FACT_CONTRACTS}
        self._numbers: dict[tuple[str, str], int] = {}
        self._within: dict[int, int] = {}

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
            Exposure: self._exposure,
            Lives: self._lives,
            PlaceWithin: self._place_within,
            LevelOfPlace: self._level_of_place,
            PersonFact: self._person_fact,
        }[type(fact)](fact)

    def facts(self) -> StatusFacts:
        self._rows["place_ancestors"] = list(self._ancestors())
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
                "opened_under": fact.under,
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

    def _exposure(self, fact: Any) -> None:
        self._rows["exposures"].append(
            {
                "exposure_id": len(self._rows["exposures"]) + 1,
                "person_id": self.person(fact.exposed),
                "category": fact.as_,
                "anchor_on": fact.day_0,
                "opened_at": fact.opened,
                "opened_under": fact.under,
                "closed_at": fact.closed,
                "recorded_at": fact.known,
                "withdrawn_at": fact.withdrawn,
            }
        )

    def _lives(self, fact: Any) -> None:
        self._rows["residencies"].append(
            {
                "person_id": self.person(fact.lives),
                "place_id": self._number("place", fact.in_),
                "from_at": fact.from_,
                "to_at": fact.to,
                "recorded_at": fact.known or fact.from_ or _ALWAYS,
            }
        )

    def _place_within(self, fact: Any) -> None:
        self._within[self._number("place", fact.place)] = self._number("place", fact.within)

    def _ancestors(self) -> Iterator[dict[str, Any]]:
        for (kind, _), number in self._numbers.items():
            place: int | None = number if kind == "place" else None
            above: set[int] = set()
            while place is not None and place not in above:
                above.add(place)
                yield {"place_id": number, "ancestor_id": place}
                place = self._within.get(place)

    def _level_of_place(self, fact: Any) -> None:
        self._rows["area_levels"].append(
            {
                "level_id": len(self._rows["area_levels"]) + 1,
                "place_id": self._number("place", fact.of),
                "level": fact.level,
                "from_at": fact.from_,
                "to_at": fact.to,
                "recorded_at": fact.known or fact.from_,
                "to_recorded_at": fact.to_known,
            }
        )

    def _person_fact(self, fact: Any) -> None:
        is_word = isinstance(fact.value, str)
        self._rows["person_facts"].append(
            {
                "person_fact_id": len(self._rows["person_facts"]) + 1,
                "person_id": self.person(fact.person),
                "fact": fact.fact,
                "number": None if is_word else float(fact.value),
                "word": fact.value if is_word else None,
                "from_at": fact.from_,
                "to_at": fact.to,
                "recorded_at": fact.known or fact.from_ or _ALWAYS,
                "withdrawn_at": fact.withdrawn,
            }
        )
