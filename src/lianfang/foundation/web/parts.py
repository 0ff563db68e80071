"""What the larger parts of a page are made of; views fill these, templates draw them (``docs/guides/design.md``)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from lianfang.foundation.web.tones import Tone


@dataclass(frozen=True, slots=True)
class Room:
    """One cell of the building grid.

    ``words`` says the state aloud ("missing, 1 of 3 people"); ``note`` is the few characters shown in the cell;
    ``mark`` an icon for the state, so that it reads without colour; ``flags`` up to three icons of special needs
    with their words.
    """

    label: str
    tone: Tone
    words: str
    url: str = ""
    note: str = ""
    mark: str = ""
    flags: tuple[tuple[str, str], ...] = ()
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Floor:
    """Rooms of one floor from left to right; None keeps the place of a room that is not there."""

    label: str
    rooms: tuple[Room | None, ...]


@dataclass(frozen=True, slots=True)
class Stairwell:
    """Floors from the top down."""

    label: str
    floors: tuple[Floor, ...]
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class LegendItem:
    tone: Tone
    text: str
    mark: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Building:
    """The grid of a building in one mode; ``modes`` are the tabs that recolour it."""

    stairwells: tuple[Stairwell, ...]
    legend: tuple[LegendItem, ...]
    modes: tuple[Tab, ...] = ()


@dataclass(frozen=True, slots=True)
class Tab:
    text: str
    url: str
    is_here: bool = False
    icon: str = ""
    count: int | None = None
    tone: Tone = "quiet"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One step of a timeline: a fact or a decision, who or what it came from, and what it led to."""

    at: datetime
    title: str
    tone: Tone = "quiet"
    icon: str = ""
    text: str = ""
    source: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Trend:
    """How a figure moved: ``change`` as shown ("+12"), its ``direction``, and whether that is good."""

    change: str
    direction: Literal["up", "down", "flat"]
    tone: Tone
    since: str


@dataclass(frozen=True, slots=True)
class Term:
    """One line of a description list."""

    name: str
    value: object
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    values: tuple[float | None, ...]
    tone: Tone | Literal["main"] = "main"


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines or bars over labels. The same numbers stand in a table below it, for readers and printers."""

    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    kind: Literal["line", "bar", "stacked"] = "line"
    unit: str = ""

    @property
    def as_json(self) -> str:
        """What the page's script reads; nulls are gaps in a line, not zeros."""
        drawn = {
            "kind": self.kind,
            "unit": self.unit,
            "labels": self.labels,
            "series": [{"name": one.name, "values": one.values, "tone": one.tone} for one in self.series],
        }
        return json.dumps(drawn, ensure_ascii=False)

    @property
    def rows(self) -> list[tuple[str, list[float | None]]]:
        return [(label, [one.values[place] for one in self.series]) for place, label in enumerate(self.labels)]

    def __post_init__(self) -> None:
        uneven = [one.name for one in self.series if len(one.values) != len(self.labels)]
        if uneven:
            raise ValueError(f"{', '.join(uneven)}: another number of values than of labels ({len(self.labels)})")


@dataclass(frozen=True, slots=True)
class Job:
    """Work in the background as its page shows it; ``poll_url`` answers with the same part again until ``is_over``."""

    title: str
    poll_url: str
    done: int = 0
    whole: int | None = None
    is_over: bool = False
    has_failed: bool = False
    text: str = ""
    facts: Sequence[Term] = field(default_factory=tuple)
    result_url: str = ""
    result_text: str = ""
