"""clocks.yaml and retention.yaml: by when somebody must have acted, and how long what is kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from lianfang.engine.packs.base import Code, Dated, Model
from lianfang.engine.packs.categories import Count
from lianfang.engine.packs.guards import Bound
from lianfang.engine.packs.model import Tier

ClockStart = Literal[
    "found",
    "reported",
    "received",
    "sampled",
    "positive_pool_reported",
    "called",
    "asked",
    "list_received",
    "outbreak_declared",
    "measure_ordered",
    "appealed",
]
Who = Literal[
    "laboratory",
    "hospital",
    "cdc",
    "community",
    "township",
    "county",
    "command",
    "hotline",
    "school",
    "sampling_team",
]


class Clock(Dated):
    """``who`` must have acted within that time after the event ``from``. Exactly one of the three lengths."""

    id: Code
    from_: ClockStart = Field(alias="from")
    within_minutes: Bound | None = None
    within_hours: Bound | None = None
    within_days: Bound | None = None
    who: Who
    open_to: tuple[Tier, ...] = ()

    @model_validator(mode="after")
    def _has_one_length(self) -> Clock:
        if len(self.lengths) != 1 or 0 in self.lengths.values():
            raise PydanticCustomError("clock_shape", "one of within_minutes, within_hours, within_days")
        return self

    @property
    def lengths(self) -> dict[str, int | float | str]:
        """The length by its unit: one entry."""
        given = {"minutes": self.within_minutes, "hours": self.within_hours, "days": self.within_days}
        return {unit: value for unit, value in given.items() if value is not None}


class ClocksFile(Model):
    clocks: Annotated[tuple[Clock, ...], Field(min_length=1)]


class Retention(Dated):
    """What is kept for ``purpose`` is erased so many days after the end of the event, or after it was recorded."""

    purpose: Code
    keep_days: Count
    after: Literal["event_closed", "recorded"]
    open_to: tuple[Tier, ...] = ()


class RetentionFile(Model):
    retention: Annotated[tuple[Retention, ...], Field(min_length=1)]
