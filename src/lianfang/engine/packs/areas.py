"""areas.yaml: levels of an area, what brings an area to a level, and what lowers it again."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lianfang.engine.packs.base import Code, Dated, Graded, Model
from lianfang.engine.packs.categories import Movement
from lianfang.engine.packs.guards import Guard
from lianfang.engine.packs.model import Tier

AreaUnit = Literal[
    "household",
    "floor",
    "stairwell",
    "building",
    "compound",
    "village",
    "school_class",
    "school",
    "community",
    "township",
    "street",
    "county",
]
# From the smallest to the largest; units of one rank are the same size in town and country.
UNIT_SIZE = {
    "household": 0,
    "floor": 1,
    "school_class": 1,
    "stairwell": 2,
    "building": 3,
    "compound": 4,
    "village": 4,
    "school": 4,
    "community": 5,
    "township": 6,
    "street": 6,
    "county": 7,
}
ExcludedInfection = Literal[
    "central_isolation_no_spill",
    "home_isolation_no_spill",
    "closed_loop_worker",
    "repositive_no_risk",
    "entrant_within_90_days",
    "imported_case",
]


class Level(Dated):
    """``rank`` orders the levels, the highest is the strictest; rank 0 is the base."""

    id: Code
    rank: Annotated[int, Field(ge=0, le=100)]
    unit: AreaUnit
    measures: tuple[Code, ...] = ()
    enter_when: Guard | None = None
    lower_when: Guard | None = None
    next: Code | None = None
    movement: Movement
    status_rule: Code | None = None
    open_to: tuple[Tier, ...] = ()


class AreasFile(Model):
    """``excluded_infections`` do not count for a level; ``excluded_because`` says by which source."""

    unit_default: AreaUnit
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]
    excluded_infections: tuple[ExcludedInfection, ...] = ()
    excluded_because: Graded | None = None
