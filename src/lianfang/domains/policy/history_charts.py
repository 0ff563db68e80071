"""Curves of a history as shapes that a template draws: numbers in, points out. No words but those handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

# In units of the drawing: three a day for eight months. On a phone the drawing keeps its size and scrolls.
ACROSS, LEFT, RIGHT, TOP, BOTTOM, HEIGHT = 735, 46, 8, 22, 20, 230


@dataclass(frozen=True, slots=True)
class Line:
    """One band of a chart: a value a day."""

    name: str
    tone: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Band:
    name: str
    tone: str
    points: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at a place: a tick with its words, or the number of a change."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A day to point at, and what it says."""

    x: float
    words: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A stacked chart. ``ticks`` go up, ``months`` and ``changes`` across."""

    title: str
    hint: str
    width: int
    height: int
    left: int
    right: float
    top: int
    bottom: int
    bands: Sequence[Band]
    ticks: Sequence[Mark]
    months: Sequence[Mark]
    changes: Sequence[Mark]
    hits: Sequence[Hit]
    day_width: float


@dataclass(frozen=True, slots=True)
class Run:
    """Days of one colour in the strip of a person."""

    x: int
    width: int
    tone: str
    words: str


def stacked(title: str, hint: str, days: Sequence[date], lines: Sequence[Line], changes: Sequence[int],
            said: Sequence[str]) -> Drawing:  # fmt: skip
    """``changes`` are places in ``days``; ``said`` what each day says. The lowest line comes first."""
    totals = [sum(line.values[place] for line in lines) for place in range(len(days))]
    most = _round_up(max(totals, default=0))
    bottom, right, width = HEIGHT - BOTTOM, LEFT + ACROSS, ACROSS / max(1, len(days))

    def y(value: float) -> float:
        return round(bottom - (bottom - TOP) * value / most, 1)

    def x(place: float) -> float:
        return round(LEFT + width * place, 2)

    below, bands = [0] * len(days), []
    for line in lines:
        above = [low + value for low, value in zip(below, line.values, strict=True)]
        # A day is a step: what was decided in the morning holds for it.
        there = [f"{x(place + side)},{y(value)}" for place, value in enumerate(above) for side in (0, 1)]
        back = [f"{x(place + side)},{y(value)}" for place, value in reversed(list(enumerate(below))) for side in (1, 0)]
        bands.append(Band(line.name, line.tone, " ".join(there + back)))
        below = above
    ticks = [Mark(y(most * part / 4), f"{most * part // 4:,}") for part in range(5)]
    months = [
        Mark(x(place), f"{day:%Y-%m}" if day.day == 1 else f"{day:%m-%d}")
        for place, day in enumerate(days)
        if day.day == 1 or place == 0
    ]
    marks = [Mark(x(place), str(number)) for number, place in enumerate(changes, 1)]
    hits = [Hit(x(place), words) for place, words in enumerate(said)]
    return Drawing(title, hint, right + RIGHT, HEIGHT, LEFT, right, TOP, bottom, bands, ticks, months, marks, hits,
                   round(width, 2))  # fmt: skip


def _round_up(most: int) -> int:
    """The next number that four ticks divide evenly into whole ones."""
    step = 4
    while True:
        for tenths in (10, 15, 20, 25, 30, 40, 50, 60, 80):
            if step * tenths >= 10 * most and step * tenths % 40 == 0:
                return step * tenths // 10
        step *= 10
