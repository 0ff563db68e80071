"""A column of a table while its field is being decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lianfang.engine.intake.content import Profile
from lianfang.engine.intake.labels import LabelReading
from lianfang.engine.intake.values.contract import Cell
from lianfang.engine.intake.vocabulary import fold_label

ASK = 0.6


@dataclass(frozen=True, slots=True)
class ColumnCells:
    """One column of a table: where it is, what stands above it, and its cells below the header."""

    index: int
    levels: tuple[str, ...]
    cells: Sequence[Cell]

    @property
    def label(self) -> str:
        return "/".join(self.levels)


@dataclass(frozen=True, slots=True)
class Remembered:
    """An earlier decision about a label: the fields (empty: none), and code table entries."""

    fields: tuple[str, ...] | None = None
    codes: dict[str, str] = field(default_factory=dict)


Recall = Callable[[str, str, str], Remembered | None]


@dataclass(frozen=True, slots=True)
class Draft:
    """A column while it is being decided."""

    source: ColumnCells
    said: LabelReading
    profile: Profile
    fields: tuple[str, ...]
    confidence: float
    how: str
    alternatives: tuple[tuple[str, float], ...] = ()
    remembered: Remembered | None = None
    disagrees: str = ""
    used: bool = True

    @property
    def owner(self) -> str:
        return self.said.owner

    @property
    def owner_kind(self) -> str:
        return self.said.owner_kind

    @property
    def ordinal(self) -> int | None:
        return self.said.ordinal

    @property
    def folded(self) -> str:
        return fold_label(self.source.label)

    @property
    def fixed(self) -> bool:
        return self.remembered is not None and self.remembered.fields is not None
