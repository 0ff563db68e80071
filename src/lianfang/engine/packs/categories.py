"""categories.yaml: whom a disease concerns, and the stages that follow one another from a day 0."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from lianfang.engine.packs.base import Code, Dated, Model, Status
from lianfang.engine.packs.guards import Guard

CategoryId = Literal[
    "close_contact",
    "secondary_contact",
    "general_contact",
    "entrant",
    "from_high_risk_area",
    "from_medium_risk_area",
    "from_low_risk_county",
    "high_risk_worker",
    "case_at_home",
    "discharged_case",
    "vector_case",
    "vector_coexposed",
    "school_case",
    "school_contact",
]
CountAnchor = Literal[
    "last_exposed_on",
    "left_area_on",
    "entered_on",
    "left_loop_on",
    "tested_on",
    "discharged_on",
    "onset_on",
    "symptoms_ended_on",
]
StagePlace = Literal["central", "home_isolation", "home_monitoring", "hospital", "self_monitoring", "away_from_school"]
Movement = Literal["none", "necessary_only", "not_to_school", "free"]
Cohabitants = Literal["confined", "apart", "normal"]
ReleaseNeed = Literal["last_test_negative", "all_tests_negative", "two_tests_negative", "case_released"]


def _days(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise PydanticCustomError("days_type", "a whole number, or the name of a parameter")
    if isinstance(value, int) and not 0 < value <= 1000:
        raise PydanticCustomError("less_than_equal", "from 1 to 1000")
    return value


Count = Annotated[int | str, PlainValidator(_days, json_schema_input_type=int | str)]
"""A whole number above 0, or the name of a dated parameter; where that is retired, what it counts does not exist."""
TestDay = Annotated[int, Field(ge=1, le=1000)]


class Stage(Model):
    """A part of the way: where, how long, what is allowed; ``test_days`` count its first day as 1."""

    id: Code
    place: StagePlace
    days: Count
    movement: Movement
    cohabitants: Cohabitants
    status: Status | None
    test_days: tuple[TestDay, ...] = ()
    reason: Code
    next_step: Code
    appeal: Code | None = None


class Release(Model):
    """What must be there after the last stage. While it is missing the person is unknown, never held longer."""

    needs: Annotated[tuple[ReleaseNeed, ...], Field(min_length=1)] | None = None
    when: Guard | None = None
    otherwise: Literal["unknown"]
    reason: Code
    next_step: Code
    appeal: Code | None = None


class Category(Dated):
    """Day 0 is the day of the anchor; the first stage begins with day 1."""

    anchor: CountAnchor
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    release: Release | None = None


class CategoriesFile(Model):
    categories: Annotated[dict[CategoryId, Category], Field(min_length=1)]
